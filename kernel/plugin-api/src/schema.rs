//! JSON Schemas of a plugin: what its settings, the arguments of its verbs and its answers must look like.
//!
//! Must not know who checks them. Read [`Schemas`] first. How tensors, bytes and objects look to a schema is told at
//! [`Value::json`](crate::Value::json).

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// The schemas of one plugin. What has no schema is not checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schemas {
    /// That of the settings, defaults filled in.
    pub config: Option<Json>,
    /// Those of verbs, by the verb's name.
    pub verbs: BTreeMap<String, VerbSchema>,
}

/// What one verb takes and gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VerbSchema {
    /// What it takes. A schema whose `properties` name parameters ([`Plugin::parameters`](crate::Plugin::parameters), else
    /// those of the table of verbs) is that of all arguments by name; any other is that of the first argument itself.
    pub input: Option<Json>,
    /// What it gives.
    pub output: Option<Json>,
}

impl Schemas {
    /// No schemas.
    pub fn none() -> Self {
        Self::default()
    }

    /// With the settings as the fields of a type. A field that metadata has no setting for is never seen.
    #[must_use]
    pub fn config<T: JsonSchema>(mut self) -> Self {
        self.config = Some(schema_of::<T>());
        self
    }

    /// With a type for what a verb takes: its fields are the arguments by name, or it is the first argument.
    #[must_use]
    pub fn input<T: JsonSchema>(mut self, verb: &str) -> Self {
        self.verbs.entry(verb.to_owned()).or_default().input = Some(schema_of::<T>());
        self
    }

    /// With a type for what a verb gives.
    #[must_use]
    pub fn output<T: JsonSchema>(mut self, verb: &str) -> Self {
        self.verbs.entry(verb.to_owned()).or_default().output = Some(schema_of::<T>());
        self
    }

    /// Reads `#{ config: …, VERB: #{ input: …, output: … } }`, given as JSON.
    ///
    /// # Errors
    /// What is not of that form.
    pub fn read(fields: &Map<String, Json>) -> Result<Self, String> {
        let mut schemas = Self::default();
        for (name, value) in fields {
            if name == "config" {
                schemas.config = Some(value.clone());
                continue;
            }
            let sides =
                value.as_object().ok_or_else(|| format!("the schemas of `{name}` are a map of input and output"))?;
            let own = schemas.verbs.entry(name.clone()).or_default();
            for (side, schema) in sides {
                match side.as_str() {
                    "input" => own.input = Some(schema.clone()),
                    "output" => own.output = Some(schema.clone()),
                    _ => return Err(format!("the schemas of `{name}` are `input` and `output`; found `{side}`")),
                }
            }
        }
        Ok(schemas)
    }

    /// These with others put over them, schema by schema.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        let mut all = others;
        all.config = self.config.or(all.config);
        for (verb, own) in self.verbs {
            let other = all.verbs.entry(verb).or_default();
            other.input = own.input.or(other.input.take());
            other.output = own.output.or(other.output.take());
        }
        all
    }
}

/// The keyword under which a schema may say in words what it expects, for messages; checkers pass over it.
pub const EXPECTED: &str = "x-expected";

/// The schema of a value that a notebook knows by that word: `number`, `integer`, `string`, `bool`, `array`, `map`,
/// `tensor`, `bytes`, `nothing`, `any`; another word is the type of an object, such as `net`.
pub fn schema_of_word(word: &str) -> Json {
    let (mut schema, is) = match word {
        "any" => (json!({}), "anything"),
        "number" | "float" => (json!({"type": "number"}), "a number"),
        "integer" | "int" => (json!({"type": "integer"}), "a whole number"),
        "string" | "text" => (json!({"type": "string"}), "a string"),
        "bool" | "boolean" => (json!({"type": "boolean"}), "true or false"),
        "array" | "list" => (json!({"type": "array"}), "an array"),
        // Tensors, bytes and objects are maps to a schema; a plain map has none of their marks.
        "map" => {
            let marks = json!([{"required": ["tensor", "dtype"]}, {"required": ["bytes"]}, {"required": ["object"]}]);
            (json!({"type": "object", "not": {"anyOf": marks}}), "a map")
        }
        "nothing" | "()" => (json!({"type": "null"}), "nothing"),
        "tensor" => (json!({"type": "object", "required": ["tensor", "dtype"]}), "a tensor"),
        "bytes" | "blob" => (json!({"type": "object", "required": ["bytes"]}), "bytes"),
        name => (json!({"type": "object", "required": ["object"], "properties": {"object": {"const": name}}}), name),
    };
    schema[EXPECTED] = is.into();
    schema
}

fn schema_of<T: JsonSchema>() -> Json {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    name_choices(&mut schema);
    schema
}

/// Words of which one is to be taken, each documented, come as `oneOf` of constants, about which a checker can say only
/// that none fits. As `enum` it can list them; what they mean goes to the description.
fn name_choices(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(name_choices),
        Json::Object(fields) => {
            fields.values_mut().for_each(name_choices);
            let choices = fields.get("oneOf").and_then(Json::as_array);
            let words: Option<Vec<&str>> =
                choices.and_then(|all| all.iter().map(|one| one["const"].as_str()).collect());
            let Some(words) = words else { return };
            let told = choices.into_iter().flatten().map(|one| one["description"].as_str().unwrap_or_default());
            let lines = words.iter().zip(told).map(|(word, told)| format!("`{word}`: {told}"));
            let own = fields.get("description").and_then(Json::as_str).map(str::to_owned);
            let description = own.into_iter().chain(lines).collect::<Vec<_>>().join("\n");
            let words = json!(words);
            fields.remove("oneOf");
            fields.insert("enum".to_owned(), words);
            fields.insert("description".to_owned(), description.into());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(schemars::JsonSchema)]
    #[allow(dead_code)] // only its schema is used
    struct Settings {
        /// Epochs to wait.
        #[schemars(range(min = 1, max = 100))]
        patience: u32,
    }

    /// Which way.
    #[derive(schemars::JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[allow(dead_code)] // only its schema is used
    enum Way {
        /// It rises.
        Up,
        /// It falls.
        Down,
    }

    #[test]
    fn words_to_choose_from_are_listed_and_told() {
        let schema = Schemas::none().config::<Way>().config.unwrap();
        assert_eq!((&schema["enum"], &schema["oneOf"]), (&json!(["up", "down"]), &Json::Null));
        assert_eq!(schema["description"], "Which way.\n`up`: It rises.\n`down`: It falls.");
    }

    #[test]
    fn a_type_gives_its_schema() {
        let schema = Schemas::none().config::<Settings>().output::<f64>("infer");
        let patience = &schema.config.as_ref().unwrap()["properties"]["patience"];
        assert_eq!(patience["description"], "Epochs to wait.");
        assert_eq!((&patience["minimum"], &patience["maximum"]), (&json!(1), &json!(100)));
        assert_eq!(schema.verbs["infer"].output.as_ref().unwrap()["type"], "number");
    }

    #[test]
    fn schemas_are_read_and_put_over_others() {
        let read = |json: Json| Schemas::read(json.as_object().unwrap());
        let file = read(json!({"infer": {"input": {"type": "number"}}})).unwrap();
        let own = read(json!({"config": {}, "infer": {"input": {}, "output": {"type": "string"}}})).unwrap();
        let all = file.or(own);
        assert_eq!(all.config, Some(json!({})));
        assert_eq!(all.verbs["infer"].input, Some(json!({"type": "number"})));
        assert_eq!(all.verbs["infer"].output, Some(json!({"type": "string"})));
        assert_eq!(read(json!({"infer": 3})).unwrap_err(), "the schemas of `infer` are a map of input and output");
        let side = read(json!({"infer": {"inputs": {}}})).unwrap_err();
        assert_eq!(side, "the schemas of `infer` are `input` and `output`; found `inputs`");
    }
}
