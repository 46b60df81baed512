//! The keys of a plugin's entry that set its registration, and those of `[rust]`: tables of names, meanings and what each takes.
//!
//! Must not know files or layers. Read [`KEYS`] first.

use crate::script::POLICIES;
use candlewick_plugin_api::{Capability, Dependency, nearest};
use serde_json::Value as Json;

/// A key.
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    takes: Takes,
}

/// What a key takes.
#[derive(Clone, Copy)]
enum Takes {
    Flag,
    Text,
    Whole,
    Count(u64),
    Above0,
    Policy,
    Names,
    Capabilities,
    Table,
    Bytes,
}

/// Keys of `[plugins.NAME]`; `limits` and `config` are tables.
pub const KEYS: [Key; 15] = [
    key("enabled", Takes::Flag, "whether it is active"),
    key("path", Takes::Text, "the script, directory or crate it is loaded from"),
    key("dependencies", Takes::Names, "plugins that come before it and must be active"),
    key("priority", Takes::Whole, "lower ones come first at start_ hooks and last at end_ hooks"),
    key("every", Takes::Count(1), "called only at every so many-th call of a hook"),
    key("once", Takes::Count(1), "called only at that call of a hook"),
    key("after", Takes::Count(0), "called only after that many calls of a hook"),
    key("before", Takes::Count(1), "called only before that many calls of a hook"),
    key("when", Takes::Text, "called only where this condition holds, such as \"ctx.loss > 2.0\""),
    key("on_error", Takes::Policy, "what an error in a hook does to the run"),
    key("budget", Takes::Above0, "seconds that one call may take before a warning says so"),
    key("quarantine_after", Takes::Count(0), "failures in a row that take it out of service; 0 for never"),
    key("allow", Takes::Capabilities, "what it may reach outside the session"),
    key("limits", Takes::Table, "what one call may use up"),
    key("config", Takes::Table, "its own settings"),
];

/// Keys of `[plugins.NAME.limits]`.
pub const LIMITS: [Key; 7] = [
    key("operations", Takes::Count(1), "operations of a script"),
    key("seconds", Takes::Above0, "seconds of wall time"),
    key("call_depth", Takes::Count(1), "calls of functions within each other"),
    key("string_bytes", Takes::Count(1), "bytes of one string"),
    key("array_items", Takes::Count(1), "elements of one array"),
    key("map_entries", Takes::Count(1), "entries of one map"),
    key("bytes", Takes::Count(1), "bytes that its state may hold"),
];

/// Keys of `[rust]`.
pub const RUST: [Key; 2] = [
    key("warm", Takes::Flag, "whether the compiler is made ready without a Rust cell"),
    key("memory", Takes::Bytes, "bytes that the compiler process may take before another one takes its place"),
];

/// The least that a compiler process can do anything with.
const LEAST_BYTES: u64 = 256 << 20;

const fn key(name: &'static str, takes: Takes, doc: &'static str) -> Key {
    Key { name, doc, takes }
}

/// The key of that name.
pub fn find(keys: &'static [Key], name: &str) -> Option<&'static Key> {
    keys.iter().find(|key| key.name == name)
}

/// "did you mean", or the list of what there is.
pub fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there is {}", known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}

impl Key {
    /// Whether its value is a table of its own keys.
    pub fn is_table(&self) -> bool {
        matches!(self.takes, Takes::Table)
    }

    /// Whether the value is one that the key takes.
    ///
    /// # Errors
    /// What it takes, in words.
    pub fn check(&self, value: &Json) -> Result<(), String> {
        let fits = match self.takes {
            Takes::Flag => value.is_boolean(),
            Takes::Text => value.as_str().is_some_and(|text| !text.trim().is_empty()),
            Takes::Whole => value.is_i64(),
            Takes::Count(least) => value.as_u64().is_some_and(|count| count >= least),
            Takes::Above0 => value.as_f64().is_some_and(|number| number > 0.0),
            Takes::Policy => POLICIES.iter().any(|word| value == word),
            Takes::Names => return listed::<Dependency>(value, "a list of names of plugins"),
            Takes::Capabilities => return listed::<Capability>(value, "a list such as [\"read:data\", \"env:HOME\"]"),
            Takes::Table => value.is_object(),
            Takes::Bytes => bytes(value).is_some_and(|bytes| bytes >= LEAST_BYTES),
        };
        if fits { Ok(()) } else { Err(self.expected()) }
    }

    fn expected(&self) -> String {
        match self.takes {
            Takes::Flag => "true or false".to_owned(),
            Takes::Text => "a text".to_owned(),
            Takes::Whole => "a whole number".to_owned(),
            Takes::Count(least) => format!("a whole number from {least}"),
            Takes::Above0 => "a number above 0".to_owned(),
            Takes::Policy => format!("one of {}", POLICIES.map(|word| format!("\"{word}\"")).join(", ")),
            Takes::Names | Takes::Capabilities => "a list of texts".to_owned(),
            Takes::Table => "a table".to_owned(),
            Takes::Bytes => "a size from 256 MiB, such as \"2 GiB\"".to_owned(),
        }
    }
}

/// A number of bytes: a whole number, or a text with its unit.
pub fn bytes(value: &Json) -> Option<u64> {
    let Some(text) = value.as_str() else { return value.as_u64() };
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let units = [("B", 1), ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000)];
    let binary = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let (_, factor) = units.iter().chain(&binary).find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some((number * f64::from(*factor)) as u64)
}

fn listed<T: std::str::FromStr<Err: std::fmt::Display>>(value: &Json, expected: &str) -> Result<(), String> {
    let items = value.as_array().ok_or(expected)?;
    items.iter().try_for_each(|item| {
        let text = item.as_str().ok_or(expected)?;
        text.parse::<T>().map(drop).map_err(|error| format!("{expected}: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use candlewick_plugin_manager::{Limits, Registration};
    use serde_json::json;

    #[test]
    fn every_key_is_one_of_a_registration() {
        let registration = serde_json::to_value(Registration::default()).unwrap();
        for key in KEYS.iter().filter(|key| !["path", "dependencies"].contains(&key.name)) {
            assert!(registration.get(key.name).is_some(), "{}", key.name);
        }
        let Ok(Json::Object(limits)) = serde_json::to_value(Limits::default()) else { panic!("a map") };
        assert_eq!(limits.keys().map(String::as_str).collect::<Vec<_>>(), LIMITS.map(|key| key.name));
    }

    #[test]
    fn sizes_are_read() {
        let check = |value: Json, expect: Option<u64>| assert_eq!(bytes(&value), expect, "{value}");
        check(json!(1024), Some(1024));
        check(json!("2 GiB"), Some(2 << 30));
        check(json!("1.5GB"), Some(1_500_000_000));
        check(json!(" 512 mib "), Some(512 << 20));
        check(json!("12"), None);
        check(json!("2 parsecs"), None);
        check(json!("-1 GB"), None);
        check(json!(-1), None);
        let memory = find(&RUST, "memory").unwrap();
        assert_eq!(memory.check(&json!("1 MB")), Err("a size from 256 MiB, such as \"2 GiB\"".to_owned()));
        assert_eq!(memory.check(&json!("1 GB")), Ok(()));
    }

    #[test]
    fn values_are_checked() {
        let check = |name: &str, value: Json, expect: Result<(), &str>| {
            let found = find(&KEYS, name).unwrap().check(&value);
            assert_eq!(found, expect.map_err(str::to_owned), "{name} {value}");
        };
        check("enabled", json!(true), Ok(()));
        check("enabled", json!("yes"), Err("true or false"));
        check("priority", json!(-3), Ok(()));
        check("priority", json!(1.5), Err("a whole number"));
        check("every", json!(0), Err("a whole number from 1"));
        check("budget", json!(0), Err("a number above 0"));
        check("on_error", json!("stop"), Ok(()));
        check("on_error", json!("halt"), Err("one of \"continue\", \"skip_batch\", \"stop\""));
        check("when", json!(""), Err("a text"));
        check("allow", json!(["read:data", "net"]), Ok(()));
        check("dependencies", json!(["history >=1"]), Ok(()));
        check("dependencies", json!("history"), Err("a list of names of plugins"));
        assert!(
            find(&KEYS, "allow").unwrap().check(&json!(["files"])).unwrap_err().contains("`files` is no capability")
        );
    }
}
