//! The `%%plugin` line: a name, and `key=value` pairs of which some set the registration.
//!
//! Must not know how plugins are called. Read [`header`] first.

use super::values::to_json;
use candlewick_plugin_manager::Registration;
use rhai::Engine;
use serde_json::Value;

/// What a `%%plugin` line says.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The plugin's name.
    pub name: String,
    /// How it takes part.
    pub registration: Registration,
}

/// Keys that set the registration, with what each means; every other key is a setting of the plugin.
pub const KEYS: [(&str, &str); 6] = [
    ("priority", "a whole number: lower ones come first at start_ hooks and last at end_ hooks"),
    ("every", "called only at every so many-th call of a hook"),
    ("once", "called only at that call of a hook"),
    ("after", "called only after that many calls of a hook"),
    ("before", "called only before that many calls of a hook"),
    ("on_error", "what an error in a hook does to the run: continue, skip_batch or stop"),
];

/// What `on_error` takes.
pub const POLICIES: [&str; 3] = ["continue", "skip_batch", "stop"];

/// Reads the arguments of a `%%plugin` line. A value is an expression of Rhai; a word that is none is text.
///
/// # Errors
/// No name, a pair without `=`, a value of the wrong kind: what was found and what to write.
pub fn header(engine: &Engine, arguments: &str) -> Result<Header, String> {
    let mut words = words(arguments).into_iter();
    let name = words.next().filter(|word| !word.contains('='));
    let name = name.ok_or("%%plugin takes a name, such as `%%plugin watch_loss every=10`")?.to_owned();
    let mut fields = serde_json::Map::new();
    let mut config = serde_json::Map::new();
    for word in words {
        let (key, text) =
            word.split_once('=').ok_or_else(|| format!("`{word}` is no setting; write `{word}=VALUE`"))?;
        let place = if KEYS.iter().any(|(name, _)| *name == key) { &mut fields } else { &mut config };
        place.insert(key.to_owned(), value(engine, text));
    }
    fields.insert("config".to_owned(), Value::Object(config));
    let registration = read(fields)?;
    Ok(Header { name, registration: Registration { origin: super::ORIGIN.to_owned(), ..registration } })
}

fn read(fields: serde_json::Map<String, Value>) -> Result<Registration, String> {
    for (key, value) in &fields {
        let expected = match key.as_str() {
            "config" => continue,
            "on_error" if POLICIES.iter().any(|word| value == word) => continue,
            "on_error" => "continue, skip_batch or stop",
            "priority" if value.is_i64() => continue,
            "priority" => "a whole number",
            _ if value.is_u64() => continue,
            _ => "a whole number from 0",
        };
        return Err(format!("`{key}` takes {expected}; found {value}"));
    }
    serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())
}

fn value(engine: &Engine, text: &str) -> Value {
    let evaluated = engine.eval_expression::<rhai::Dynamic>(text).ok();
    evaluated.and_then(|value| to_json(&value).ok()).unwrap_or_else(|| text.trim_matches('"').into())
}

/// The keys that the arguments of a `%%plugin` line give, of the registration or of the plugin.
pub fn given_keys(arguments: &str) -> impl Iterator<Item = &str> {
    words(arguments).into_iter().skip(1).filter_map(|word| Some(word.split_once('=')?.0))
}

/// Splits at blanks outside quotes and brackets.
pub fn words(text: &str) -> Vec<&str> {
    let (mut words, mut start, mut quoted, mut depth) = (Vec::new(), None, false, 0i32);
    for (index, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '[' | '{' | '(' if !quoted => depth += 1,
            ']' | '}' | ')' if !quoted => depth -= 1,
            _ => {}
        }
        let blank = character.is_whitespace() && !quoted && depth <= 0;
        match (blank, start) {
            (true, Some(from)) => {
                words.push(&text[from..index]);
                start = None;
            }
            (false, None) => start = Some(index),
            _ => {}
        }
    }
    words.extend(start.map(|from| &text[from..]));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use candlewick_plugin_manager::Policy;
    use serde_json::json;

    #[test]
    fn pairs_set_the_registration_or_the_plugin() {
        let engine = Engine::new();
        let read =
            header(&engine, "watch priority=-3 every=10 on_error=stop window=2.5 name=\"a b\" list=[1, 2]").unwrap();
        let expect = json!({ "window": 2.5, "name": "a b", "list": [1, 2] });
        assert_eq!((read.name.as_str(), read.registration.priority), ("watch", -3));
        assert_eq!((read.registration.every, read.registration.on_error), (Some(10), Policy::Stop));
        assert_eq!(Value::Object(read.registration.config), expect);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let engine = Engine::new();
        let check = |text, expect: &str| assert_eq!(header(&engine, text).unwrap_err(), expect);
        check("", "%%plugin takes a name, such as `%%plugin watch_loss every=10`");
        check("a b", "`b` is no setting; write `b=VALUE`");
        check("a every=x", "`every` takes a whole number from 0; found \"x\"");
        check("a on_error=boom", "`on_error` takes continue, skip_batch or stop; found \"boom\"");
    }
}
