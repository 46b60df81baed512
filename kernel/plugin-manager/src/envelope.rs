//! The result envelope of seed 001: who answered, when, how long it took, what was asked and what came out.
//!
//! Must not know how it is shown. Read [`Envelope`] first.

use crate::execute::Asked;
use crate::manager::guarded;
use crate::schema::by_name;
use crate::{ManagerError, PluginManager};
use candlewick_plugin_api::{Value, Verb};
use serde_json::{Map, Value as Json, json};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Longer lists, maps and texts of arguments are described, not copied.
const COPIED: usize = 100;

/// The answer to a verb with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The id of the plugin's package; empty when it has none.
    pub gid: String,
    /// The id of the component in its package; empty when it has none.
    pub cid: String,
    /// The plugin.
    pub plugin: String,
    /// Its version; empty when it has none.
    pub version: String,
    /// The verb.
    pub verb: &'static str,
    /// When it began, in UTC, as ISO 8601 writes it with milliseconds.
    pub start: String,
    /// How long it took.
    pub seconds: f64,
    /// The arguments by the names of their parameters. What is large is described: a tensor by its shape, a list or text
    /// of more than 100 by its length.
    pub arguments: Json,
    /// What it answered.
    pub output: Value,
}

/// An envelope whose verb is answered by somebody else; see [`PluginManager::open_envelope`].
pub struct OpenEnvelope {
    /// All but seconds and output.
    envelope: Envelope,
    clock: Instant,
}

/// What is known when a verb begins.
pub(crate) struct Begun {
    time: SystemTime,
    clock: Instant,
    arguments: Json,
}

impl Envelope {
    /// It as JSON, the output too.
    pub fn json(&self) -> Json {
        let mut fields = Json::Object(self.head());
        fields["output"] = self.output.json();
        fields
    }

    /// All but the output, in the order of the fields.
    pub fn head(&self) -> Map<String, Json> {
        let fields = json!({
            "gid": self.gid, "cid": self.cid, "plugin": self.plugin, "version": self.version, "verb": self.verb,
            "start": self.start, "seconds": self.seconds, "arguments": self.arguments,
        });
        fields.as_object().cloned().unwrap_or_default()
    }
}

impl PluginManager {
    /// [`PluginManager::execute`] with the answer in its envelope.
    ///
    /// # Errors
    /// As [`PluginManager::execute`].
    pub fn execute_enveloped(
        &mut self,
        name: &str,
        verb: Option<&str>,
        arguments: &[Value],
    ) -> Result<Envelope, ManagerError> {
        let mut asked = self.take(name, verb)?;
        asked.begin(arguments);
        asked.run(arguments);
        self.put_back_enveloped(asked)
    }

    /// Begins an envelope for a verb that is not asked of the manager, such as an entry point inside an action.
    ///
    /// # Errors
    /// No such plugin.
    pub fn open_envelope(&self, name: &str, verb: Verb, arguments: &[Value]) -> Result<OpenEnvelope, ManagerError> {
        let slot = &self.slots[self.find(name)?];
        let metadata = &slot.description.metadata;
        let own = guarded(|| slot.plugin.parameters(verb)).ok().flatten();
        let begun = Begun::with(short(by_name(&named(own, verb, arguments.len()), arguments)));
        let envelope = Envelope {
            gid: metadata.gid.clone(),
            cid: metadata.cid.clone(),
            plugin: metadata.name.clone(),
            version: metadata.version.clone(),
            verb: verb.name(),
            start: iso(begun.time),
            seconds: 0.0,
            arguments: begun.arguments,
            output: Value::Nothing,
        };
        Ok(OpenEnvelope { envelope, clock: begun.clock })
    }

    /// [`PluginManager::put_back`] with the answer in its envelope, of a plugin for which [`Asked::begin`] was called.
    ///
    /// # Errors
    /// What went wrong when it ran.
    pub fn put_back_enveloped(&mut self, mut asked: Asked) -> Result<Envelope, ManagerError> {
        let begun = asked.begun.take().unwrap_or_else(|| Begun::with(Json::Null));
        let metadata = asked.metadata();
        let (gid, cid) = (metadata.gid.clone(), metadata.cid.clone());
        let (plugin, version, verb) = (metadata.name.clone(), metadata.version.clone(), asked.verb.name());
        let seconds = asked.seconds().unwrap_or_else(|| begun.clock.elapsed().as_secs_f64());
        let output = self.put_back(asked)?;
        let (start, arguments) = (iso(begun.time), begun.arguments);
        Ok(Envelope { gid, cid, plugin, version, verb, start, seconds, arguments, output })
    }
}

impl OpenEnvelope {
    /// With the answer that has just come.
    pub fn seal(self, output: Value) -> Envelope {
        Envelope { seconds: self.clock.elapsed().as_secs_f64(), output, ..self.envelope }
    }
}

impl Asked {
    /// Notes when the verb begins and with what, for its envelope.
    pub fn begin(&mut self, arguments: &[Value]) {
        let named = named(self.parameters(), self.verb, arguments.len());
        self.begun = Some(Begun::with(short(by_name(&named, arguments))));
    }
}

impl Begun {
    fn with(arguments: Json) -> Self {
        Self { time: SystemTime::now(), clock: Instant::now(), arguments }
    }
}

/// The names that the plugin gives its parameters, or those of the table of verbs.
fn named(own: Option<Vec<String>>, verb: Verb, count: usize) -> Vec<String> {
    own.unwrap_or_else(|| verb.parameters().take(count).map(str::to_owned).collect())
}

/// With what is long described instead of copied.
fn short(value: Json) -> Json {
    match value {
        Json::Array(items) if items.len() > COPIED => json!({ "list": items.len() }),
        Json::Object(fields) if fields.len() > COPIED => json!({ "map": fields.len() }),
        Json::String(text) if text.len() > COPIED * 10 => json!({ "text": text.chars().count() }),
        Json::Array(items) => items.into_iter().map(short).collect(),
        Json::Object(fields) => Json::Object(fields.into_iter().map(|(name, own)| (name, short(own))).collect()),
        other => other,
    }
}

/// A moment in UTC: `2026-11-20T14:05:09.123Z`. Days are counted by the rule of 400 Gregorian years from 1 March.
fn iso(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    // Days from 0000-03-01, so that the leap day is a year's last.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_iso_8601() {
        let check = |seconds: u64, expect: &str| assert_eq!(iso(UNIX_EPOCH + Duration::from_secs(seconds)), expect);
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_782_400, "2000-02-29T00:00:00.000Z");
        check(4_107_542_399, "2100-02-28T23:59:59.000Z");
        check(4_107_542_400, "2100-03-01T00:00:00.000Z");
        check(1_795_185_909, "2026-11-20T14:45:09.000Z");
    }

    #[test]
    fn what_is_large_is_described() {
        let value = json!({ "data": vec![1; 101], "text": "x".repeat(1001), "few": [1, 2] });
        assert_eq!(short(value), json!({ "data": { "list": 101 }, "text": { "text": 1001 }, "few": [1, 2] }));
    }
}
