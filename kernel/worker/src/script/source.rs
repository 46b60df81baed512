//! The `%%plugin` line: a name, and `key=value` pairs of which some set the registration.
//!
//! Must not know how plugins are called. Read [`header`] first.

use super::values::to_json;
use candlewick_plugin_api::{Capability, nearest};
use candlewick_plugin_manager::{Limits, Registration};
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
pub const KEYS: [(&str, &str); 11] = [
    ("priority", "a whole number: lower ones come first at start_ hooks and last at end_ hooks"),
    ("every", "called only at every so many-th call of a hook"),
    ("once", "called only at that call of a hook"),
    ("after", "called only after that many calls of a hook"),
    ("before", "called only before that many calls of a hook"),
    (
        "when",
        "a condition over ctx, such as \"ctx.loss > 2.0\": called only where it holds; hooks that come once in a run are always called",
    ),
    ("on_error", "what an error in a hook does to the run: continue, skip_batch or stop"),
    ("quarantine_after", "failures of one hook in a row that take the plugin out of service; 0 for never"),
    (
        "budget",
        "seconds that one call may take before a warning says so; else 0.5 at batch hooks, 5 at epoch hooks, 20 at session hooks",
    ),
    (
        "limits",
        "what one call may use up, such as #{ seconds: 120 }: operations, seconds, call_depth, string_bytes, array_items, map_entries, bytes",
    ),
    (
        "allow",
        "what it may reach of what its metadata declares as capabilities, such as [\"read:data\", \"write:logs\", \"env:HOME\"]",
    ),
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
            "when" if value.is_string() => continue,
            "when" => "a condition in quotes, such as when=\"ctx.loss > 2.0\"",
            "budget" if value.as_f64().is_some_and(|seconds| seconds > 0.0) => continue,
            "budget" => "a number of seconds above 0",
            "limits" => {
                limits(value)?;
                continue;
            }
            "allow" => {
                allowed(value)?;
                continue;
            }
            _ if value.is_u64() => continue,
            _ => "a whole number from 0",
        };
        return Err(format!("`{key}` takes {expected}; found {value}"));
    }
    serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())
}

fn limits(value: &Value) -> Result<(), String> {
    let Value::Object(usual) = serde_json::to_value(Limits::default()).map_err(|error| error.to_string())? else {
        return Ok(());
    };
    let given =
        value.as_object().ok_or_else(|| format!("`limits` takes a map, such as #{{ seconds: 120 }}; found {value}"))?;
    for (name, number) in given {
        if !usual.contains_key(name) {
            let names = usual.keys().map(String::as_str);
            let hint = nearest(name, names.clone()).map_or_else(
                || format!("there are {}", names.collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(format!("there is no limit `{name}`; {hint}"));
        }
        let fits = if name == "seconds" { number.is_number() } else { number.is_u64() };
        if !fits {
            let expected = if name == "seconds" { "a number" } else { "a whole number" };
            return Err(format!("the limit `{name}` takes {expected}; found {number}"));
        }
    }
    Ok(())
}

fn allowed(value: &Value) -> Result<(), String> {
    let list = value.as_array();
    let list = list.ok_or_else(|| format!("`allow` takes an array, such as [\"read:data\"]; found {value}"))?;
    list.iter().try_for_each(|item| item.as_str().unwrap_or_default().parse::<Capability>().map(drop))
}

fn value(engine: &Engine, text: &str) -> Value {
    let evaluated = engine.eval_expression::<rhai::Dynamic>(text).ok();
    evaluated.and_then(|value| to_json(&value).ok()).unwrap_or_else(|| text.trim_matches('"').into())
}

/// The keys that the arguments of a `%%plugin` line give, of the registration or of the plugin.
pub fn given_keys(arguments: &str) -> impl Iterator<Item = &str> {
    words(arguments).into_iter().skip(1).filter_map(|word| Some(word.split_once('=')?.0))
}

/// Splits at blanks outside quotes and brackets; a text in quotes or backticks may hold the other quotes, and escapes.
pub fn words(text: &str) -> Vec<&str> {
    let (mut words, mut start, mut quote, mut escaped, mut depth) = (Vec::new(), None, None, false, 0i32);
    for (index, character) in text.char_indices() {
        match (character, quote) {
            _ if escaped => {}
            (open @ ('"' | '`'), None) => quote = Some(open),
            (close, Some(open)) if close == open => quote = None,
            ('[' | '{' | '(', None) => depth += 1,
            (']' | '}' | ')', None) => depth -= 1,
            _ => {}
        }
        escaped = character == '\\' && quote == Some('"') && !escaped;
        let blank = character.is_whitespace() && quote.is_none() && depth <= 0;
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
    fn conditions_limits_and_grants_are_read() {
        let engine = Engine::new();
        let text = r#"w when="ctx.hook == \"end_epoch\" && ctx.loss > 2.0" limits=#{ seconds: 120 } budget=1.5 allow=["read:data", "env:HOME"] when2=`a "b" c`"#;
        let Header { registration, .. } = header(&engine, text).unwrap();
        assert_eq!(registration.when.as_deref(), Some("ctx.hook == \"end_epoch\" && ctx.loss > 2.0"));
        assert_eq!(
            (registration.limits.seconds, registration.limits.call_depth, registration.budget),
            (120.0, 256, Some(1.5))
        );
        assert_eq!(registration.allow.iter().map(ToString::to_string).collect::<Vec<_>>(), ["read:data", "env:HOME"]);
        assert_eq!(registration.config["when2"], "a \"b\" c");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let engine = Engine::new();
        let check = |text, expect: &str| assert_eq!(header(&engine, text).unwrap_err(), expect);
        check("", "%%plugin takes a name, such as `%%plugin watch_loss every=10`");
        check("a b", "`b` is no setting; write `b=VALUE`");
        check("a when=3", "`when` takes a condition in quotes, such as when=\"ctx.loss > 2.0\"; found 3");
        check("a budget=-1", "`budget` takes a number of seconds above 0; found -1");
        check("a limits=#{ second: 3 }", "there is no limit `second`; did you mean `seconds`?");
        check("a limits=#{ operations: 1.5 }", "the limit `operations` takes a whole number; found 1.5");
        check("a limits=[1]", "`limits` takes a map, such as #{ seconds: 120 }; found [1]");
        check("a allow=3", "`allow` takes an array, such as [\"read:data\"]; found 3");
        check(
            "a allow=[\"reed:x\"]",
            "`reed:x` is no capability; write `read:PATH`, `write:PATH`, `env:NAME` or `net:HOST`",
        );
        check("a every=x", "`every` takes a whole number from 0; found \"x\"");
        check("a on_error=boom", "`on_error` takes continue, skip_batch or stop; found \"boom\"");
    }
}
