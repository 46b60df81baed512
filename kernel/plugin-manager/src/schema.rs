//! Checks settings, arguments and answers against a plugin's schemas; compiled once, when it is registered.
//!
//! Nothing is fetched: a reference that leads out of the schema is refused. Must not know where schemas come from. Read
//! [`Checks`] first.

use crate::ManagerError;
use crate::config::hint;
use candlewick_plugin_api::{EXPECTED, Metadata, Schemas, Value, Verb, VerbSchema};
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value as Json};

/// More problems of one value than this are counted, not told.
const TOLD: usize = 3;
/// Characters of a value in a message.
const SHOWN: usize = 60;

/// The compiled schemas of one plugin.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    config: Option<Check>,
    inputs: Vec<(Verb, Input)>,
    outputs: Vec<(Verb, Check)>,
}

/// One compiled schema.
#[derive(Debug)]
struct Check {
    schema: Json,
    validator: Validator,
}

/// What a verb takes.
#[derive(Debug)]
struct Input {
    check: Check,
    parameters: Vec<String>,
    /// Whether the schema is that of all arguments by name, not that of the first one.
    by_name: bool,
}

/// What was checked, for messages: `arguments` with the verb, say.
type Subject = (&'static str, Option<&'static str>);

impl Checks {
    /// Compiles the schemas of a plugin that has these verbs; `parameters` gives the names of a verb's parameters.
    ///
    /// # Errors
    /// What is no JSON Schema, one that refers to something outside, or one for a verb that the plugin does not have.
    pub(crate) fn of(
        plugin: &str,
        schemas: &Schemas,
        verbs: &[Verb],
        parameters: impl Fn(Verb) -> Vec<String>,
    ) -> Result<Self, ManagerError> {
        let bad = |what: String, why: String| ManagerError::BadSchema { plugin: plugin.to_owned(), what, why };
        let config = schemas.config.as_ref().map(Check::of).transpose();
        let config = config.map_err(|why| bad("its settings".to_owned(), why))?;
        let mut checks = Self { config, ..Self::default() };
        for (name, own) in &schemas.verbs {
            let Some(verb) = verbs.iter().copied().find(|verb| verb.name() == name) else {
                let names = verbs.iter().map(|verb| verb.name());
                let why = format!("it has no such verb; {}", hint(name, names, "it has no verbs"));
                return Err(bad(format!("`{name}`"), why));
            };
            if let Some(schema) = &own.input {
                let check = Check::of(schema).map_err(|why| bad(format!("the input of {name}"), why))?;
                checks.inputs.push((verb, Input::of(check, parameters(verb))));
            }
            if let Some(schema) = &own.output {
                let check = Check::of(schema).map_err(|why| bad(format!("the output of {name}"), why))?;
                checks.outputs.push((verb, check));
            }
        }
        Ok(checks)
    }

    /// Whether settings, defaults filled in, are what the plugin takes.
    pub(crate) fn settings(&self, plugin: &str, settings: &Map<String, Json>) -> Result<(), ManagerError> {
        let Some(check) = &self.config else { return Ok(()) };
        check.pass(plugin, ("settings", None), "", &Json::Object(settings.clone()))
    }

    /// Whether arguments are what the verb takes.
    pub(crate) fn arguments(&self, plugin: &str, verb: Verb, arguments: &[Value]) -> Result<(), ManagerError> {
        let Some((_, input)) = self.inputs.iter().find(|(own, _)| *own == verb) else { return Ok(()) };
        let subject = ("arguments", Some(verb.name()));
        if input.by_name {
            return input.check.pass(plugin, subject, "", &by_name(&input.parameters, arguments));
        }
        let Some(first) = arguments.first() else { return Ok(()) };
        let name = input.parameters.first().map_or("0", String::as_str);
        input.check.pass(plugin, subject, &format!("/{name}"), &first.json())
    }

    /// Whether an answer is what the verb gives.
    pub(crate) fn answer(&self, plugin: &str, verb: Verb, answer: &Value) -> Result<(), ManagerError> {
        let Some((_, check)) = self.outputs.iter().find(|(own, _)| *own == verb) else { return Ok(()) };
        check.pass(plugin, ("answer", Some(verb.name())), "", &answer.json())
    }
}

/// Everything that is wrong with the schemas of a plugin that has these verbs, and with its default settings by them.
pub fn schema_problems(
    metadata: &Metadata,
    schemas: &Schemas,
    verbs: &[Verb],
    parameters: impl Fn(Verb) -> Vec<String>,
) -> Vec<ManagerError> {
    let verb_parts = schemas.verbs.iter().flat_map(|(name, own)| {
        let part = |input: &Option<Json>, output: &Option<Json>| {
            let own = VerbSchema { input: input.clone(), output: output.clone() };
            Schemas { config: None, verbs: [(name.clone(), own)].into() }
        };
        [part(&own.input, &None), part(&None, &own.output)]
    });
    let config = Schemas { config: schemas.config.clone(), ..Schemas::none() };
    let parts = std::iter::once(config).chain(verb_parts);
    let wrong = |part| match Checks::of(&metadata.name, &part, verbs, &parameters) {
        Ok(checks) => checks.settings(&metadata.name, &metadata.config).err(),
        Err(error) => Some(error),
    };
    let mut problems: Vec<ManagerError> = parts.filter_map(wrong).collect();
    problems.dedup();
    problems
}

/// The arguments by the names of their parameters; those beyond by their number.
pub(crate) fn by_name(parameters: &[String], arguments: &[Value]) -> Json {
    let name = |index: usize| parameters.get(index).cloned().unwrap_or_else(|| index.to_string());
    Json::Object(arguments.iter().enumerate().map(|(index, argument)| (name(index), argument.json())).collect())
}

impl Input {
    fn of(check: Check, parameters: Vec<String>) -> Self {
        let properties = check.schema.get("properties").and_then(Json::as_object);
        let by_name = properties.is_some_and(|own| parameters.iter().any(|name| own.contains_key(name)));
        Self { check, parameters, by_name }
    }
}

impl Check {
    fn of(schema: &Json) -> Result<Self, String> {
        let validator = jsonschema::validator_for(schema).map_err(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { String::new() } else { format!("at {place}: ") };
            format!("{place}{error}")
        })?;
        Ok(Self { schema: schema.clone(), validator })
    }

    fn pass(&self, plugin: &str, subject: Subject, root: &str, value: &Json) -> Result<(), ManagerError> {
        if self.validator.is_valid(value) {
            return Ok(());
        }
        let mut told: Vec<String> =
            self.validator.iter_errors(value).map(|error| self.explained(root, &error)).collect();
        told.dedup();
        let more = told.len().saturating_sub(TOLD);
        told.truncate(TOLD);
        if more > 0 {
            told.push(format!("and {more} more"));
        }
        let (what, verb) = subject;
        Err(ManagerError::Schema { plugin: plugin.to_owned(), what, verb, problems: told.join("; ") })
    }

    /// The path, what was expected and what was found.
    fn explained(&self, root: &str, error: &ValidationError) -> String {
        let own = error.instance_path().to_string();
        // The mark of a value's type is no field of it: the value itself is what is wrong.
        let marked = self.words(error).is_some() && own.ends_with("/object");
        let path = format!("{root}{}", if marked { own.trim_end_matches("/object") } else { &own });
        let place = if path.is_empty() { String::new() } else { format!("at {path}: ") };
        format!("{place}{}", self.expectation(error))
    }

    fn expectation(&self, error: &ValidationError) -> String {
        let is_mark = error.instance_path().to_string().ends_with("/object") && self.words(error).is_some();
        let found = match &**error.instance() {
            Json::String(name) if is_mark => format!("a value of type {name}"),
            other => found(other),
        };
        let expected = match error.kind() {
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                return format!("there is no field `{}` in it", unexpected.join("`, `"));
            }
            // How a schema without `properties` refuses a field; it does not say which.
            Kind::FalseSchema if error.schema_path().to_string().ends_with("/additionalProperties") => {
                return format!("there is a field too many in it, with {found}");
            }
            Kind::Required { property } if self.words(error).is_none() => {
                return format!("the field {property} is missing in {found}");
            }
            _ if self.words(error).is_some() => self.words(error).unwrap_or_default().to_owned(),
            Kind::Type { kind } => types(kind),
            Kind::Minimum { limit } => format!("at least {limit}"),
            Kind::Maximum { limit } => format!("at most {limit}"),
            Kind::ExclusiveMinimum { limit } => format!("more than {limit}"),
            Kind::ExclusiveMaximum { limit } => format!("less than {limit}"),
            Kind::Enum { options } => format!("one of {options}"),
            Kind::Constant { expected_value } => expected_value.to_string(),
            Kind::MinItems { limit } => format!("at least {limit} elements"),
            Kind::MaxItems { limit } => format!("at most {limit} elements"),
            Kind::MinLength { limit } => format!("at least {limit} characters"),
            Kind::MaxLength { limit } => format!("at most {limit} characters"),
            Kind::Pattern { pattern } => format!("a text that matches `{pattern}`"),
            Kind::FalseSchema => "nothing at all".to_owned(),
            _ => return cut(&error.to_string(), 3 * SHOWN),
        };
        format!("expected {expected}, found {found}")
    }

    /// What the schema that was violated says it expects, where it says so and means its kind.
    fn words(&self, error: &ValidationError) -> Option<&str> {
        let path = error.schema_path().to_string();
        let (parent, keyword) = path.rsplit_once('/')?;
        let parent = if keyword == "const" || parent.ends_with("/not") {
            parent.rsplit_once("/properties").map_or(parent, |own| own.0)
        } else {
            parent
        };
        let kinds = ["type", "anyOf", "required", "not", "const"];
        let words = self.schema.pointer(parent)?.get(EXPECTED)?.as_str();
        words.filter(|_| kinds.contains(&keyword))
    }
}

fn types(kind: &TypeKind) -> String {
    let named = |name: &str| match name {
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a string",
        "boolean" => "true or false",
        "array" => "an array",
        "object" => "a map",
        _ => "nothing",
    };
    match kind {
        TypeKind::Single(one) => named(one.as_str()).to_owned(),
        TypeKind::Multiple(set) => set.iter().map(|one| named(one.as_str())).collect::<Vec<_>>().join(" or "),
    }
}

fn found(value: &Json) -> String {
    let mark = |name: &str| value.get(name);
    match (mark("tensor"), mark("object"), mark("bytes"), value) {
        (Some(shape), ..) => format!("a tensor of shape {shape}"),
        (_, Some(Json::String(name)), ..) => format!("a value of type {name}"),
        (.., Some(count), _) => format!("{count} bytes"),
        (.., Json::Null) => "nothing".to_owned(),
        (.., other) => cut(&other.to_string(), SHOWN),
    }
}

fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candlewick_plugin_api::schema_of_word;
    use serde_json::json;

    fn checks(schemas: Json) -> Result<Checks, String> {
        let schemas = Schemas::read(schemas.as_object().unwrap()).unwrap();
        let infer = Verb::from_name("infer").unwrap();
        let parameters = |verb: Verb| verb.parameters().map(str::to_owned).collect();
        Checks::of("p", &schemas, &[infer], parameters).map_err(|error| error.to_string())
    }

    #[test]
    fn a_path_with_what_was_expected_and_found_is_named() {
        let check = |schema: Json, value: Json, expect: &str| {
            let checks = checks(json!({ "infer": { "input": schema } })).unwrap();
            let infer = Verb::from_name("infer").unwrap();
            let error = checks.arguments("p", infer, &[Value::from(value)]).unwrap_err().to_string();
            assert_eq!(error, format!("plugin `p`: the arguments of infer do not fit its schema: {expect}"));
        };
        check(json!({"type": "number"}), json!("x"), "at /data: expected a number, found \"x\"");
        check(json!({"items": {"maximum": 3}}), json!([1, 9]), "at /data/1: expected at most 3, found 9");
        check(json!({"type": ["string", "null"]}), json!(1), "at /data: expected nothing or a string, found 1");
        check(json!({"enum": ["a", "b"]}), json!("c"), "at /data: expected one of [\"a\",\"b\"], found \"c\"");
        check(json!({"required": ["x"]}), json!({"y": 1}), "at /data: the field \"x\" is missing in {\"y\":1}");
        check(
            json!({"additionalProperties": false}),
            json!({"y": 1}),
            "at /data: there is a field too many in it, with 1",
        );
        let known = json!({"properties": {"x": {}}, "additionalProperties": false});
        check(known, json!({"y": 1}), "at /data: there is no field `y` in it");
        let named = json!({"properties": {"data": {"type": "integer"}}});
        check(named, json!(2.5), "at /data: expected a whole number, found 2.5");
        check(schema_of_word("tensor"), json!([1]), "at /data: expected a tensor, found [1]");
        check(schema_of_word("tensor"), json!({"a": 1}), "at /data: expected a tensor, found {\"a\":1}");
        check(schema_of_word("net"), json!({"object": "frame"}), "at /data: expected net, found a value of type frame");
        check(
            json!({"items": {"type": "string"}}),
            json!([1, 2, 3, 4, 5]),
            "at /data/0: expected a string, found 1; at /data/1: expected a string, found 2; \
             at /data/2: expected a string, found 3; and 2 more",
        );
    }

    #[test]
    fn settings_and_answers_are_checked() {
        let checks = checks(json!({
            "config": {"properties": {"patience": {"minimum": 1}}}, "infer": {"output": {"type": "string"}},
        }))
        .unwrap();
        let settings = json!({"patience": 0});
        let error = checks.settings("p", settings.as_object().unwrap()).unwrap_err().to_string();
        assert_eq!(error, "plugin `p`: the settings do not fit its schema: at /patience: expected at least 1, found 0");
        let infer = Verb::from_name("infer").unwrap();
        let error = checks.answer("p", infer, &Value::Nothing).unwrap_err().to_string();
        assert_eq!(error, "plugin `p`: the answer of infer does not fit its schema: expected a string, found nothing");
        assert!(checks.answer("p", infer, &Value::from("x")).is_ok());
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        let check = |schemas: Json, expect: &str| {
            let error = checks(schemas).unwrap_err();
            assert!(error.contains(expect), "{error}");
        };
        check(json!({"config": {"type": "nummer"}}), "the schema of its settings cannot be used: at /type: ");
        check(
            json!({"infr": {"input": {}}}),
            "the schema of `infr` cannot be used: it has no such verb; did you mean `infer`?",
        );
        check(json!({"infer": {"input": {"$ref": "https://example.org/x.json"}}}), "the schema of the input of infer");
    }
}
