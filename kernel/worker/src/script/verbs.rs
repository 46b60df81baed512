//! The verbs among a script plugin's functions.
//!
//! Must not know how they are called. Read [`of`] first.

use super::values::from_passed;
use crate::problem::Fault;
use candlewick_plugin_api::{Value, Verb};
use rhai::{AST, Dynamic, EvalAltResult};

/// A function that answers a verb.
#[derive(Clone, Copy, Debug)]
pub struct VerbFunction {
    /// The verb.
    pub verb: Verb,
    /// How many parameters the function has.
    parameters: usize,
}

/// Finds the verbs, in the order of the table of verbs.
///
/// # Errors
/// A verb with another number of parameters than it can have: how it is written.
pub fn of(ast: &AST) -> Result<Vec<VerbFunction>, Box<EvalAltResult>> {
    let mut found = Vec::new();
    for verb in Verb::all() {
        for function in ast.iter_fn_def().filter(|function| function.name == verb.name()) {
            let parameters = function.params.len();
            if !verb.takes(parameters) {
                let message = format!("write `{}`; found {parameters} parameters", verb.signature());
                return Err(Fault::at("PluginError", message, function.body.start_position()));
            }
            if found.iter().any(|own: &VerbFunction| own.verb == verb) {
                let message = format!("the verb {verb} is there twice; a plugin has one function for each");
                return Err(Fault::at("PluginError", message, function.body.start_position()));
            }
            found.push(VerbFunction { verb, parameters });
        }
    }
    Ok(found)
}

impl VerbFunction {
    /// The arguments for the function. `initialize` is given settings whether or not it wants them.
    ///
    /// # Errors
    /// A number of arguments that the function does not take.
    pub fn arguments(&self, given: &[Value]) -> Result<Vec<Dynamic>, String> {
        let wanted = if self.verb.name() == "initialize" { self.parameters.min(given.len()) } else { given.len() };
        if wanted != self.parameters {
            let plural = if self.parameters == 1 { "" } else { "s" };
            return Err(format!("its {} takes {} argument{plural}; found {}", self.verb, self.parameters, given.len()));
        }
        Ok(given[..wanted].iter().map(from_passed).collect())
    }
}
