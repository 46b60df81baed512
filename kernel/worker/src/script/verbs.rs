//! The verbs among a script plugin's functions, and how their arguments are put in place.
//!
//! Must not know how they are called. Read [`of`] first.

use super::callback;
use super::values::from_passed;
use crate::problem::Fault;
use candlewick_plugin_api::{EntryPoints, Group, Report, Value, Verb};
use rhai::{AST, Dynamic, EvalAltResult};

/// The parameter that is given a callback taking a percentage (seed 001).
const PERCENT_CALLBACK: &str = "progress_callback";

/// A function that answers a verb.
#[derive(Clone, Debug)]
pub struct VerbFunction {
    /// The verb.
    pub verb: Verb,
    /// Its parameters, in its own order.
    parameters: Vec<Parameter>,
}

/// What a parameter is given.
#[derive(Clone, Debug, PartialEq)]
enum Parameter {
    /// The instance; it comes first among the arguments.
    Instance(String),
    /// The next argument.
    Data(String),
    /// The state callback.
    State,
    /// The percentage callback.
    Percent,
}

/// Finds the verbs, in the order of the table of verbs.
///
/// # Errors
/// A verb with another number of parameters than it can have: how it is written. An instance parameter that is not there.
pub fn of(ast: &AST, entry_points: &EntryPoints) -> Result<Vec<VerbFunction>, Box<EvalAltResult>> {
    let mut found = Vec::new();
    for verb in Verb::all() {
        for function in ast.iter_fn_def().filter(|function| function.name == verb.name()) {
            let names: Vec<&str> = function.params.iter().map(|name| name.as_str()).collect();
            let wrong = |message| Fault::at("PluginError", message, function.body.start_position());
            let own = VerbFunction { verb, parameters: parameters(verb, &names, entry_points).map_err(wrong)? };
            let given = own.given().count();
            if !verb.takes(given) {
                return Err(wrong(format!("write `{}`; found {given} parameters", verb.signature())));
            }
            if found.iter().any(|own: &VerbFunction| own.verb == verb) {
                return Err(wrong(format!("the verb {verb} is there twice; a plugin has one function for each")));
            }
            found.push(own);
        }
    }
    Ok(found)
}

/// Callbacks go by name and are for entry points only; elsewhere a parameter of that name is data like any other.
fn parameters(verb: Verb, names: &[&str], entry_points: &EntryPoints) -> Result<Vec<Parameter>, String> {
    let is_entry = verb.group() == Group::EntryPoints;
    let wants_instance = is_entry && verb.signature().contains("(instance");
    let is_callback = |name: &str| is_entry && (name == entry_points.state_callback() || name == PERCENT_CALLBACK);
    let named = entry_points.instance_arg_name.as_str();
    let instance = match wants_instance {
        true if named.is_empty() => names.iter().find(|name| !is_callback(name)).copied(),
        true if names.contains(&named) => Some(named),
        true => {
            return Err(format!("{verb} has no parameter `{named}`, which instance_arg_name says takes the instance"));
        }
        false => None,
    };
    let parameter = |name: &&str| match *name {
        name if Some(name) == instance => Parameter::Instance(name.to_owned()),
        name if is_callback(name) && name == PERCENT_CALLBACK => Parameter::Percent,
        name if is_callback(name) => Parameter::State,
        name => Parameter::Data(name.to_owned()),
    };
    Ok(names.iter().map(parameter).collect())
}

impl VerbFunction {
    /// The names of what it is given, the instance first.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<&Parameter> = self.given().collect();
        names.sort_by_key(|parameter| !matches!(parameter, Parameter::Instance(_)));
        let name = |parameter: &Parameter| match parameter {
            Parameter::Instance(name) | Parameter::Data(name) => Some(name.clone()),
            Parameter::State | Parameter::Percent => None,
        };
        names.into_iter().filter_map(name).collect()
    }

    /// The arguments for the function. `initialize` is given settings whether or not it wants them.
    ///
    /// # Errors
    /// A number of arguments that the function does not take.
    pub fn arguments(&self, given: &[Value], report: &Report) -> Result<Vec<Dynamic>, String> {
        let takes = self.given().count();
        let wanted = if self.verb.name() == "initialize" { takes.min(given.len()) } else { given.len() };
        if wanted != takes {
            let plural = if takes == 1 { "" } else { "s" };
            return Err(format!("its {} takes {takes} argument{plural}; found {}", self.verb, given.len()));
        }
        let has_instance = self.parameters.iter().any(|parameter| matches!(parameter, Parameter::Instance(_)));
        let (first, rest) = given[..wanted].split_at(usize::from(has_instance && wanted > 0));
        let (mut first, mut rest) = (first.iter(), rest.iter());
        let mut next = |parameter: &Parameter| match parameter {
            Parameter::Instance(_) => first.next().map_or(Dynamic::UNIT, from_passed),
            Parameter::Data(_) => rest.next().map_or(Dynamic::UNIT, from_passed),
            Parameter::State => callback::state(report),
            Parameter::Percent => callback::percent(report),
        };
        Ok(self.parameters.iter().map(&mut next).collect())
    }

    fn given(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| matches!(parameter, Parameter::Instance(_) | Parameter::Data(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_told_apart_by_name() {
        let check = |verb: &str, names: &[&str], expect: &[&str], callbacks: usize| {
            let verb = Verb::from_name(verb).unwrap();
            let function = VerbFunction { verb, parameters: parameters(verb, names, &EntryPoints::default()).unwrap() };
            assert_eq!(function.names(), expect, "{verb} {names:?}");
            assert_eq!(function.parameters.len() - expect.len(), callbacks);
        };
        check("fit", &["net", "data"], &["net", "data"], 0);
        check("fit", &["state_cb", "net", "data"], &["net", "data"], 1);
        check("fit", &["net", "progress_callback", "data", "state_cb"], &["net", "data"], 2);
        check("instantiate", &["size", "state_cb"], &["size"], 1);
        check("infer", &["state_cb"], &["state_cb"], 0);
    }

    #[test]
    fn metadata_may_name_the_special_parameters() {
        let verb = Verb::from_name("fit").unwrap();
        let own =
            EntryPoints { state_cb_arg_name: "tell".into(), instance_arg_name: "net".into(), ..Default::default() };
        let function = VerbFunction { verb, parameters: parameters(verb, &["data", "tell", "net"], &own).unwrap() };
        assert_eq!(function.names(), ["net", "data"]);
        let placed = function.arguments(&["the net".into(), "the data".into()], &Report::nobody()).unwrap();
        assert_eq!((placed[0].to_string(), placed[2].to_string()), ("the data".to_owned(), "the net".to_owned()));
        assert!(parameters(verb, &["data"], &own).unwrap_err().contains("no parameter `net`"));
    }
}
