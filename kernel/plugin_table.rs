//! The plugins that a session has registered, so that a new worker gets them again.
//!
//! Owns their order. Must not know how a plugin is loaded. Read [`PluginTable`] first.

use candlewick_link::PluginRecord;
use serde_json::Value;

/// The one setting that is changed here; the rest is the worker's own affair.
const ENABLED: &str = "enabled";
/// What says that a plugin failed too often.
const QUARANTINED: &str = "quarantined";

/// Records in the order of registration. A plugin that is registered again keeps its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginTable {
    records: Vec<PluginRecord>,
}

impl PluginTable {
    /// Adds a record, or replaces the one of the same name.
    pub fn put(&mut self, record: PluginRecord) {
        match self.records.iter_mut().find(|other| other.name == record.name) {
            Some(other) => *other = record,
            None => self.records.push(record),
        }
    }

    /// Has a plugin registered without being called from the next worker on.
    pub fn disable(&mut self, name: &str) {
        if let Some(record) = self.records.iter_mut().find(|record| record.name == name) {
            record.settings[ENABLED] = false.into();
        }
    }

    /// Forgets a plugin.
    pub fn remove(&mut self, name: &str) {
        self.records.retain(|record| record.name != name);
    }

    /// The names of those that have a source, in order, with a note on those that are not called. The others belong to
    /// every worker.
    pub fn names(&self) -> Vec<(String, &'static str)> {
        let own = self.records.iter().filter(|record| !record.source.is_empty());
        own.map(|record| (record.name.clone(), mark(record))).collect()
    }

    /// All records, in order.
    pub fn records(&self) -> &[PluginRecord] {
        &self.records
    }
}

fn mark(record: &PluginRecord) -> &'static str {
    match (&record.settings[ENABLED], &record.settings[QUARANTINED]) {
        (Value::Bool(false), _) => " (deactivated)",
        (_, Value::Bool(true)) => " (in quarantine)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_replaced_plugin_keeps_its_place() {
        let mut table = PluginTable::default();
        let record = |name: &str, source: &str| PluginRecord {
            name: name.into(),
            source: source.into(),
            ..PluginRecord::default()
        };
        for name in ["a", "b", "c"] {
            table.put(record(name, "1"));
        }
        table.put(record("a", "2"));
        table.remove("b");
        table.remove("unknown");
        let order: Vec<_> = table.records().iter().map(|r| (r.name.as_str(), r.source.as_str())).collect();
        assert_eq!(order, [("a", "2"), ("c", "1")]);
    }

    #[test]
    fn what_is_not_called_is_marked() {
        let mut table = PluginTable::default();
        let record = |name: &str, source: &str, settings: Value| PluginRecord {
            name: name.into(),
            source: source.into(),
            settings,
            ..PluginRecord::default()
        };
        table.put(record("a", "x", json!({"enabled": true, "quarantined": false})));
        table.put(record("b", "x", json!({"enabled": true, "quarantined": true})));
        table.put(record("c", "x", json!({"enabled": false})));
        table.put(record("built in", "", json!({"enabled": false})));
        table.disable("a");
        table.disable("unknown");
        let names: Vec<String> = table.names().into_iter().map(|(name, mark)| name + mark).collect();
        assert_eq!(names, ["a (deactivated)", "b (in quarantine)", "c (deactivated)"]);
        assert_eq!(table.records()[0].settings["enabled"], false);
    }
}
