//! The plugins that a session has registered, so that a new worker gets them again.
//!
//! Owns their order. Must not know how a plugin is loaded. Read [`PluginTable`] first.

use candlewick_link::PluginRecord;

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

    /// Forgets a plugin.
    pub fn remove(&mut self, name: &str) {
        self.records.retain(|record| record.name != name);
    }

    /// All records, in order.
    pub fn records(&self) -> &[PluginRecord] {
        &self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
