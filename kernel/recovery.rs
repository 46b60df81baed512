//! What is said when a worker has died: how, with what, what came back and what did not.
//!
//! Owns the words, and the count of deaths of one plugin in a row. Must not know processes. Read [`Recovery`] first.

use crate::death::Death;
use crate::plugin_table::PluginTable;

/// Names of variables in a message; more are counted.
const NAMES: usize = 20;
/// A plugin that was running at this many deaths in a row is not called any more.
const DEATHS: usize = 2;

/// What a session knows of its workers' deaths.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    /// The plugin that was being called at the newest death, and at how many deaths in a row.
    suspect: Option<(String, usize)>,
    /// The names of the notebook's variables.
    pub variables: Vec<String>,
    /// Where the run that moved last can be resumed from.
    pub checkpoint: Option<String>,
}

/// What is to be said of one death.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obituary {
    what: String,
    suspended: Option<String>,
    variables: Vec<String>,
    checkpoint: Option<String>,
}

impl Recovery {
    /// Notes a death; `place` is where, `running` the plugin that was being called. A plugin that was so twice in a row
    /// is disabled in the table.
    pub fn died(&mut self, death: &Death, place: &str, running: Option<String>, plugins: &mut PluginTable) -> Obituary {
        let within = running.as_ref().map_or(String::new(), |name| format!(", while plugin {name} was being called"));
        self.suspect = running.map(|name| match self.suspect.take() {
            Some((other, deaths)) if other == name => (name, deaths + 1),
            _ => (name, 1),
        });
        let suspended = self.suspect.take_if(|(_, deaths)| *deaths >= DEATHS).map(|(name, _)| name);
        if let Some(name) = &suspended {
            plugins.disable(name);
        }
        Obituary {
            what: format!("The worker {} {place}{within}.{}", death.clause(), said(death)),
            suspended,
            variables: std::mem::take(&mut self.variables),
            checkpoint: self.checkpoint.take(),
        }
    }

    /// A plugin's source was registered anew: what it did before does not count.
    pub fn forgive(&mut self, name: &str) {
        self.suspect.take_if(|(suspect, _)| suspect == name);
    }
}

impl Obituary {
    /// How it died.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The sentences about the new worker, given the plugins that could not be registered in it, with the reason.
    pub fn what_came_back(&self, plugins: &PluginTable, failed: &[(String, String)]) -> String {
        let mut text = format!("A new worker runs. {}", lost(&self.variables));
        let is_back = |(name, _): &(String, &str)| failed.iter().all(|(other, _)| other != name);
        let back: Vec<String> = plugins.names().into_iter().filter(is_back).map(|(name, mark)| name + mark).collect();
        if !back.is_empty() {
            text += &format!(" Plugins registered again: {}.", back.join(", "));
        }
        for (name, reason) in failed {
            text += &format!(" Plugin {name} could not be registered again: {reason}.");
        }
        if let Some(name) = &self.suspended {
            text += &format!(
                " Plugin {name} was being called at both of the last two deaths, so it is not called any more; \
                 `%plugin activate {name}` calls it again."
            );
        }
        match &self.checkpoint {
            Some(path) => text += &resume_line(path),
            None if !back.is_empty() => text += " The state of plugins starts afresh.",
            None => {}
        }
        text
    }
}

/// The sentence about variables and functions.
fn lost(variables: &[String]) -> String {
    let again = "run the cells that make them again.";
    if variables.is_empty() {
        return format!("Functions of earlier cells are gone; {again}");
    }
    let shown = variables[..variables.len().min(NAMES)].join(", ");
    let more = match variables.len().saturating_sub(NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "Variables that could not be kept: {shown}{more}. They and the functions of earlier cells are gone; {again}"
    )
}

fn resume_line(path: &str) -> String {
    format!(
        "\nThe run goes on from its last checkpoint, with the state that plugins had there: \
         let run = fit(net, data, #{{ resume: {path:?} }}) and its other options as before."
    )
}

/// The last words, on lines of their own.
fn said(death: &Death) -> String {
    match death.last_words.trim() {
        "" => String::new(),
        words => format!(" Its last words:\n{words}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candlewick_link::PluginRecord;
    use serde_json::json;

    fn plugins(names: &[&str]) -> PluginTable {
        let mut table = PluginTable::default();
        for name in names {
            let settings = json!({"enabled": true});
            table.put(PluginRecord { name: (*name).into(), source: "x".into(), settings, ..PluginRecord::default() });
        }
        table
    }

    #[test]
    fn a_plugin_at_two_deaths_in_a_row_is_disabled_and_named() {
        let (mut recovery, mut table) = (Recovery::default(), plugins(&["bad", "good"]));
        let check = |recovery: &mut Recovery, table: &mut PluginTable, running: Option<&str>, suspended: bool| {
            let obituary = recovery.died(&Death::default(), "in cell 1", running.map(str::to_owned), table);
            let text = obituary.what_came_back(table, &[]);
            assert_eq!(text.contains("`%plugin activate bad`"), suspended, "{text}");
            assert_eq!(text.contains("bad (deactivated)"), suspended, "{text}");
            assert_eq!(obituary.what().contains("while plugin"), running.is_some());
        };
        check(&mut recovery, &mut table, Some("bad"), false);
        check(&mut recovery, &mut table, None, false);
        check(&mut recovery, &mut table, Some("bad"), false);
        check(&mut recovery, &mut table, Some("good"), false);
        check(&mut recovery, &mut table, Some("bad"), false);
        recovery.forgive("good");
        recovery.forgive("bad");
        check(&mut recovery, &mut table, Some("bad"), false);
        check(&mut recovery, &mut table, Some("bad"), true);
    }

    #[test]
    fn what_is_lost_is_named_and_what_is_back_too() {
        let (mut recovery, mut table) = (Recovery::default(), plugins(&["p", "q"]));
        recovery.variables = (0..23).map(|n| format!("v{n}")).collect();
        let obituary = recovery.died(&Death::default(), "in cell 1", None, &mut table);
        let text = obituary.what_came_back(&table, &[("q".into(), "no".into())]);
        for part in
            ["v0, v1,", "v19 and 3 more", "registered again: p.", "q could not be registered again: no", "afresh"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        recovery.checkpoint = Some("/tmp/c".into());
        let text = recovery.died(&Death::default(), "", None, &mut table).what_came_back(&table, &[]);
        assert!(text.contains("resume: \"/tmp/c\"") && !text.contains("afresh") && !text.contains("v0"), "{text}");
        let text = recovery.died(&Death::default(), "", None, &mut table).what_came_back(&table, &[]);
        assert!(!text.contains("resume"), "{text}");
    }
}
