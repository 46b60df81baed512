//! JSON Schemas of a script plugin, from what its author writes anyway.
//!
//! - Settings: the default values of `metadata.config` give the types. A comment behind a setting, or above it, describes
//!   it, and may end in a range or in alternatives: `patience: 3, // epochs to wait, 1..100` (both ends included, either
//!   may be left out), `mode: "min", // which way is better: "min" | "max"`.
//! - Verbs: doc comments of their functions, `/// @param data {number|array} what to add to` and `/// @returns {number}`.
//! - Anything: `const schemas = #{ config: …, infer: #{ input: …, output: … } };` holds JSON Schemas themselves.
//!
//! Files of a package come first, then `schemas`, then comments. Must not know how schemas are checked. Read [`of`] first.

use super::given::Given;
use super::values::to_json;
use super::verbs::VerbFunction;
use crate::cell;
use crate::problem::Fault;
use candlewick_plugin_api::{EXPECTED, Metadata, Schemas, Verb, nearest, schema_of_word};
use candlewick_plugin_manager::{ManagerError, schema_problems};
use rhai::{AST, Dynamic, Engine, EvalAltResult, Position, ScriptFuncDef, Token};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

type Wrong = Box<EvalAltResult>;

/// All schemas of a script.
///
/// # Errors
/// What cannot be read, with its place where it has one.
pub fn of(
    engine: &Engine,
    ast: &AST,
    text: &str,
    constant: Option<&Dynamic>,
    metadata: &Metadata,
    given: &Given,
) -> Result<Schemas, Wrong> {
    let files = given.schemas().map_err(|why| Fault::error("PluginError", why))?;
    let own = constant.map(|own| written(own, place(engine, text, "schemas"))).transpose()?.unwrap_or_default();
    Ok(files.or(own).or(derived(engine, ast, text, metadata)?))
}

/// Tells what is wrong with the schemas that `const schemas` gives, at its place, before the manager finds it and knows no
/// place.
///
/// # Errors
/// The first schema that is none, or is for something that the plugin does not have.
pub fn check_written(
    engine: &Engine,
    text: &str,
    constant: Option<&Dynamic>,
    metadata: &Metadata,
    verbs: &[VerbFunction],
) -> Result<(), Wrong> {
    let Some(constant) = constant else { return Ok(()) };
    let place = place(engine, text, "schemas");
    let own = written(constant, place)?;
    let names = |verb: Verb| verbs.iter().find(|own| own.verb == verb).map(VerbFunction::names).unwrap_or_default();
    let has: Vec<Verb> = verbs.iter().map(|own| own.verb).collect();
    let mut problems = schema_problems(metadata, &own, &has, names).into_iter();
    match problems.find(|problem| matches!(problem, ManagerError::BadSchema { .. })) {
        Some(problem) => Err(Fault::at("PluginError", problem.to_string(), place)),
        None => Ok(()),
    }
}

/// Where the constant of that name stands.
pub fn place(engine: &Engine, text: &str, constant: &str) -> Position {
    let mut before = None;
    let walked = cell::walk(engine, text, |token, at| {
        let is_it =
            before == Some(Token::Const) && matches!(&token, Token::Identifier(name) if name.as_str() == constant);
        before = Some(token);
        if is_it { ControlFlow::Break(at) } else { ControlFlow::Continue(()) }
    });
    walked.broke.unwrap_or(Position::NONE)
}

fn written(constant: &Dynamic, place: Position) -> Result<Schemas, Wrong> {
    let wrong = |why: String| {
        let what = format!("{why}; write `const schemas = #{{ infer: #{{ input: #{{ type: \"number\" }} }} }};`");
        Fault::at("PluginError", what, place)
    };
    let json = to_json(constant).map_err(|kind| wrong(format!("`schemas` holds a value of type {kind}")))?;
    let fields = json.as_object().ok_or_else(|| wrong("`schemas` must be a map".to_owned()))?;
    Schemas::read(fields).map_err(wrong)
}

fn derived(engine: &Engine, ast: &AST, text: &str, metadata: &Metadata) -> Result<Schemas, Wrong> {
    let mut schemas = Schemas { config: settings(engine, text, metadata), ..Schemas::none() };
    for function in ast.iter_fn_def() {
        if Verb::from_name(&function.name).is_none() {
            continue;
        }
        let documented = documented(function)?;
        if documented.input.is_some() || documented.output.is_some() {
            schemas.verbs.insert(function.name.to_string(), documented);
        }
    }
    Ok(schemas)
}

/// The schema of the settings: none when nothing is said of any of them, for types are compared anyway.
fn settings(engine: &Engine, text: &str, metadata: &Metadata) -> Option<Value> {
    let comments = comments(engine, text);
    let described = |(name, default): (&String, &Value)| {
        Some((name.clone(), setting(default, comments.get(name).map(String::as_str)?)))
    };
    let properties: Map<String, Value> = metadata.config.iter().filter_map(described).collect();
    (!properties.is_empty()).then(|| json!({ "type": "object", "properties": properties }))
}

/// The schema of one setting, from its default and its comment.
fn setting(default: &Value, comment: &str) -> Value {
    let (description, bounds) = split(comment);
    let mut schema = Map::new();
    let whole = |bound: &str| bounds.get(bound).is_none_or(Value::is_i64);
    let kind =
        match default {
            Value::Number(number)
                if number.is_i64() && bounds.contains_key("minimum") | bounds.contains_key("maximum") =>
            {
                if whole("minimum") && whole("maximum") { "integer" } else { "number" }
            }
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Bool(_) => "boolean",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Null => "",
        };
    if !kind.is_empty() && !bounds.contains_key("enum") {
        schema.insert("type".to_owned(), kind.into());
    }
    if !description.is_empty() {
        schema.insert("description".to_owned(), description.into());
    }
    schema.insert("default".to_owned(), default.clone());
    schema.extend(bounds);
    Value::Object(schema)
}

/// A comment's words, and the range or the alternatives behind its last comma or colon.
fn split(comment: &str) -> (&str, Map<String, Value>) {
    if let Some(bounds) = bounds(comment) {
        return ("", bounds);
    }
    let ends = comment.char_indices().rev().filter(|(_, c)| matches!(c, ',' | ':')).map(|(at, _)| at);
    let mut found = ends.filter_map(|at| Some((comment[..at].trim(), bounds(&comment[at + 1..])?)));
    found.next().unwrap_or((comment, Map::new()))
}

fn bounds(text: &str) -> Option<Map<String, Value>> {
    let text = text.trim();
    if let Some((low, high)) = text.split_once("..") {
        let number =
            |text: &str| serde_json::from_str::<Value>(&text.trim().replace('_', "")).ok().filter(Value::is_number);
        let ends = [("minimum", low), ("maximum", high.trim_start_matches('='))];
        let given = ends.into_iter().filter(|(_, text)| !text.trim().is_empty());
        let read: Option<Map<_, _>> = given.map(|(name, text)| Some((name.to_owned(), number(text)?))).collect();
        return read.filter(|read| !read.is_empty());
    }
    let options: Option<Vec<Value>> = text.split('|').map(|one| serde_json::from_str(one.trim()).ok()).collect();
    let options = options.filter(|options| options.len() > 1)?;
    Some(Map::from_iter([("enum".to_owned(), Value::Array(options))]))
}

/// The comments on the settings of `metadata.config`: behind a setting, else in the lines right above it.
fn comments(engine: &Engine, text: &str) -> BTreeMap<String, String> {
    let lines: Vec<&str> = text.lines().collect();
    let (keys, last) = keys(engine, text);
    let alone = |line: usize| keys.iter().filter(|(_, own)| *own == line).count() == 1;
    let on = |line: usize| {
        let from = last.get(&line).map_or(0, |at| *at);
        let text: String = lines.get(line.checked_sub(1)?)?.chars().skip(from).collect();
        let text = if from > 0 { after_value(&text) } else { text.as_str() };
        let comment = text[text.find("//")?..].trim_start_matches('/').trim();
        (!comment.is_empty()).then(|| comment.to_owned())
    };
    let above = |line: usize| {
        let is_comment = |line: &usize| !last.contains_key(line) && on(*line).is_some();
        let mut found: Vec<String> = (1..line).rev().take_while(is_comment).filter_map(on).collect();
        found.reverse();
        (!found.is_empty()).then(|| found.join(" "))
    };
    let described = |(name, line): &(String, usize)| {
        Some((name.clone(), on(*line).filter(|_| alone(*line)).or_else(|| above(*line))?))
    };
    keys.iter().filter_map(described).collect()
}

/// What follows the last token of a line, which may itself hold two slashes when it is a string.
fn after_value(text: &str) -> &str {
    let Some(rest) = text.strip_prefix('"') else { return text };
    let mut escaped = false;
    let end = rest.find(|c| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    end.map_or("", |end| &rest[end + 1..])
}

/// The settings with their lines, and by line the place of its last token, both from 0 in their line.
fn keys(engine: &Engine, text: &str) -> (Vec<(String, usize)>, BTreeMap<usize, usize>) {
    let mut finder = Finder::default();
    let mut last = BTreeMap::new();
    cell::walk::<()>(engine, text, |token, at| {
        if let (Some(line), Some(column), false) = (at.line(), at.position(), token == Token::EOF) {
            last.insert(line, column - 1);
        }
        finder.pass(token, at);
        ControlFlow::Continue(())
    });
    (finder.keys, last)
}

/// Finds the keys of the map `config` in the map `metadata`.
#[derive(Default)]
struct Finder {
    depth: usize,
    /// Depth of the braces inside `metadata`, then inside its `config`.
    metadata: Option<usize>,
    config: Option<usize>,
    before: [Option<Token>; 2],
    key: Option<(String, usize)>,
    keys: Vec<(String, usize)>,
}

impl Finder {
    fn pass(&mut self, token: Token, at: Position) {
        let named = |name: &str| match &self.before[0] {
            Some(Token::Identifier(own)) => own.as_str() == name,
            Some(Token::StringConstant(own)) => own.as_str() == name,
            _ => false,
        };
        match &token {
            Token::MapStart => {
                self.depth += 1;
                let after = &self.before[1];
                if named("metadata") && *after == Some(Token::Equals) && self.depth == 1 {
                    self.metadata = Some(1);
                } else if named("config") && *after == Some(Token::Colon) && self.metadata == Some(self.depth - 1) {
                    self.config = Some(self.depth);
                }
            }
            Token::LeftBrace | Token::LeftBracket | Token::LeftParen => self.depth += 1,
            Token::RightBrace | Token::RightBracket | Token::RightParen => {
                self.config.take_if(|depth| *depth == self.depth);
                self.metadata.take_if(|depth| *depth == self.depth);
                self.depth = self.depth.saturating_sub(1);
            }
            Token::Colon if self.config == Some(self.depth) => self.keys.extend(self.key.take()),
            _ => {}
        }
        self.key = match &token {
            Token::Identifier(name) => Some((name.to_string(), at.line().unwrap_or(0))),
            Token::StringConstant(name) => Some((name.to_string(), at.line().unwrap_or(0))),
            _ => None,
        };
        self.before = [self.before[1].take(), Some(token)];
    }
}

/// What the doc comments of a verb's function say of its parameters and its answer.
fn documented(function: &ScriptFuncDef) -> Result<candlewick_plugin_api::VerbSchema, Wrong> {
    let wrong = |why: String| Fault::at("PluginError", why, function.body.start_position());
    let mut properties = Map::new();
    let mut output = None;
    for line in function.comments.iter().flat_map(|block| block.lines()) {
        let line = line.trim().trim_start_matches(['/', '*']).trim().trim_end_matches("*/").trim();
        if let Some(rest) = line.strip_prefix("@param ") {
            let (name, rest) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
            if !function.params.iter().any(|own| own == name) {
                let names = function.params.iter().map(|own| own.as_str());
                let hint = nearest(name, names).map_or_else(
                    || "write `/// @param NAME {TYPE} what it is`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(wrong(format!("`@param {name}`: {} has no such parameter; {hint}", function.name)));
            }
            properties.insert(name.to_owned(), typed(rest).map_err(|why| wrong(format!("`@param {name}`: {why}")))?);
        } else if let Some(rest) = line.strip_prefix("@returns ").or_else(|| line.strip_prefix("@return ")) {
            output = Some(typed(rest).map_err(|why| wrong(format!("`@returns`: {why}")))?);
        }
    }
    let input = (!properties.is_empty()).then(|| json!({ "type": "object", "properties": properties }));
    Ok(candlewick_plugin_api::VerbSchema { input, output })
}

/// The schema of `{TYPE|TYPE} words, 1..3`.
fn typed(text: &str) -> Result<Value, String> {
    let inner = text.trim().strip_prefix('{').and_then(|rest| rest.split_once('}'));
    let (types, words) = inner.ok_or("its type stands in braces, as in `{number}` or `{tensor|array}`")?;
    let (description, bounds) = split(words.trim());
    let kinds: Vec<Value> = types.split('|').map(|word| schema_of_word(word.trim())).collect();
    let mut schema = match &kinds[..] {
        [one] => one.clone(),
        _ => {
            let expected: Vec<&str> = kinds.iter().filter_map(|kind| kind[EXPECTED].as_str()).collect();
            let expected = expected.join(" or ");
            json!({ "anyOf": kinds, EXPECTED: expected })
        }
    };
    if let Some(fields) = schema.as_object_mut() {
        fields.extend(bounds);
        if !description.is_empty() {
            fields.insert("description".to_owned(), description.into());
        }
    }
    Ok(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schemas(text: &str, config: Value) -> Result<Schemas, String> {
        let engine = Engine::new();
        let ast = engine.compile(text).unwrap();
        let metadata = Metadata { config: config.as_object().cloned().unwrap_or_default(), ..Metadata::default() };
        of(&engine, &ast, text, None, &metadata, &Given::default()).map_err(|error| match *error {
            EvalAltResult::ErrorRuntime(fault, place) => format!("{place}: {}", fault.cast::<Fault>().message),
            other => other.to_string(),
        })
    }

    #[test]
    fn settings_are_described_by_their_comments() {
        let text = r#"
const metadata = #{ version: "1.0.0", config: #{
    patience: 3, // epochs to wait, 1..100
    mode: "min", // which way is better: "min" | "max"
    // where to write,
    // a path
    path: "a//b",
    url: "http://x", // ..5 is no bound in the middle
    rate: 0.5, // 0..1
    list: [1, // not a setting
      2], a: 1, b: 2, // of which one?
    plain: true
}, state: #{ best: 0 } }; // config: #{ no: 1 }
"#;
        let config = json!({
            "patience": 3, "mode": "min", "path": "a//b", "url": "", "rate": 0.5, "list": [], "a": 1, "b": 2, "plain": true,
        });
        let expect = json!({ "type": "object", "properties": {
            "patience": { "type": "integer", "description": "epochs to wait", "default": 3, "minimum": 1, "maximum": 100 },
            "mode": { "description": "which way is better", "default": "min", "enum": ["min", "max"] },
            "path": { "type": "string", "description": "where to write, a path", "default": "a//b" },
            "url": { "type": "string", "description": "..5 is no bound in the middle", "default": "" },
            "rate": { "type": "number", "default": 0.5, "minimum": 0, "maximum": 1 },
            "list": { "type": "array", "description": "not a setting", "default": [] },
        }});
        assert_eq!(schemas(text, config).unwrap().config, Some(expect));
        assert_eq!(schemas("const metadata = #{ config: #{ a: 1 } };", json!({ "a": 1 })).unwrap().config, None);
    }

    #[test]
    fn verbs_are_described_by_doc_comments() {
        let text = "/// Adds.\n/// @param data {number|array} what to add to, 0..9\n/// @returns {tensor}\nfn infer(data) { data }\n\
                    /// @param x {nonsense\nfn other(x) {}";
        let own = schemas(text, json!({})).unwrap().verbs["infer"].clone();
        let data = &own.input.unwrap()["properties"]["data"];
        assert_eq!((&data["x-expected"], &data["maximum"]), (&json!("a number or an array"), &json!(9)));
        assert_eq!(data["description"], "what to add to");
        assert_eq!(own.output, Some(schema_of_word("tensor")));
        let check = |text: &str, expect: &str| {
            let error = schemas(text, json!({})).unwrap_err();
            assert!(error.contains(expect), "{error}");
        };
        check(
            "/// @param dta {number}\nfn infer(data) {}",
            "`@param dta`: infer has no such parameter; did you mean `data`?",
        );
        check("/// @param {number} data\nfn infer(data) {}", "write `/// @param NAME {TYPE} what it is`");
        check("/// @returns a number\nfn infer(data) {}", "`@returns`: its type stands in braces");
    }
}
