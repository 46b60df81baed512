//! The table of plugins. It must not know what a plugin is: its rows are text and numbers.

use crate::html::{self, HtmlCell};
use crate::text::{self, TextTable};
use crate::{Bundle, number};

/// One plugin.
#[derive(Clone, Debug, Default)]
pub struct PluginRow {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is written in, such as `Rhai`.
    pub language: String,
    /// Its state, such as `active` or `quarantined: 3 errors in a row`.
    pub state: String,
    /// Its priority: lower runs earlier at `start_…`, later at `end_…`.
    pub priority: i64,
    /// Its hooks by name.
    pub hooks: Vec<String>,
    /// What else it has, by name: transforms, verbs.
    pub others: Vec<String>,
    /// Calls so far.
    pub calls: u64,
    /// Seconds spent in them.
    pub seconds: f64,
    /// Calls that ended with an error.
    pub errors: u64,
    /// How many times its name has been registered.
    pub generation: u64,
    /// Bytes of what it keeps.
    pub bytes: u64,
    /// The plugin that it is an instance of; empty when it is none.
    pub of: String,
    /// One line that says what it does.
    pub description: String,
}

/// All plugins, in the order they run.
#[derive(Clone, Debug, Default)]
pub struct PluginTable {
    /// One row for each.
    pub rows: Vec<PluginRow>,
}

const HEAD: [&str; 11] = [
    "plugin",
    "version",
    "language",
    "state",
    ">generation",
    ">priority",
    ">calls",
    ">time",
    ">errors",
    ">keeps",
    "has",
];
/// Characters of what a plugin has; where its hooks do not fit by name they are counted.
const HAS: usize = 40;

impl PluginTable {
    /// Text and HTML.
    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.text()).html(self.html())
    }

    /// An aligned table.
    pub fn text(&self) -> String {
        if self.rows.is_empty() {
            return "no plugins are registered".to_owned();
        }
        let mut table = TextTable::new(&HEAD);
        for row in &self.rows {
            table.row(row.cells().to_vec());
        }
        table.render()
    }

    /// An HTML table with each plugin's description under its name.
    pub fn html(&self) -> String {
        if self.rows.is_empty() {
            return html::note("no plugins are registered");
        }
        let right = |place: usize| HEAD[place].starts_with('>');
        let head: Vec<_> = HEAD
            .iter()
            .enumerate()
            .map(|(place, name)| HtmlCell::left(name.trim_start_matches('>')).side(right(place)))
            .collect();
        let body: Vec<Vec<_>> = self.rows.iter().map(|row| row.html_cells(right)).collect();
        html::table(&head, &body, &[])
    }
}

impl PluginRow {
    fn cells(&self) -> [String; 11] {
        let of = if self.of.is_empty() { String::new() } else { format!(" (of {})", self.of) };
        [
            format!("{}{of}", self.name),
            self.version.clone(),
            self.language.clone(),
            self.state.clone(),
            self.generation.to_string(),
            self.priority.to_string(),
            number::count(self.calls),
            number::seconds(self.seconds),
            number::count(self.errors),
            number::bytes(self.bytes),
            self.has(),
        ]
    }

    /// Names where they fit, else `5 hooks, infer`.
    fn has(&self) -> String {
        let names = [self.hooks.as_slice(), &self.others].concat().join(", ");
        if text::width(&names) <= HAS || self.hooks.is_empty() {
            return text::cut(&names, HAS);
        }
        let hooks = number::counted(self.hooks.len() as u64, "hook");
        let parts: Vec<String> = std::iter::once(hooks).chain(self.others.iter().cloned()).collect();
        text::cut(&parts.join(", "), HAS)
    }

    fn html_cells(&self, right: impl Fn(usize) -> bool) -> Vec<HtmlCell> {
        let cell = |(place, text): (usize, String)| HtmlCell::left(&text).side(right(place));
        let mut cells: Vec<_> = self.cells().into_iter().enumerate().map(cell).collect();
        for place in [0, 10] {
            cells[place].wraps = true;
        }
        if !self.description.is_empty() {
            cells[0].markup.push_str(&format!("<br>{}", html::quiet(&self.description)));
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_listed() {
        let row = PluginRow {
            name: "stop_on_plateau".into(),
            version: "1.0.0".into(),
            language: "Rhai".into(),
            state: "active".into(),
            priority: 10,
            hooks: vec!["end_epoch".into()],
            others: vec!["infer".into()],
            calls: 1200,
            seconds: 0.0123,
            errors: 0,
            generation: 2,
            bytes: 1_000,
            of: String::new(),
            description: "stops when <loss> is flat".into(),
        };
        let table = PluginTable { rows: vec![row] };
        let expect = "plugin           version  language  state   generation  priority  calls     time  errors   keeps  has\n\
                      ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────\n\
                      stop_on_plateau  1.0.0    Rhai      active           2        10  1,200  12.3 ms       0  1000 B  end_epoch, infer";
        assert_eq!(table.text(), expect);
        assert!(table.html().contains("stops when &lt;loss&gt; is flat"));
        assert_eq!(PluginTable::default().text(), "no plugins are registered");
    }

    #[test]
    fn many_hooks_are_counted() {
        let check = |hooks: &[&str], others: &[&str], expect: &str| {
            let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let row = PluginRow { hooks: names(hooks), others: names(others), ..PluginRow::default() };
            assert_eq!(row.has(), expect);
        };
        check(&[], &[], "");
        check(&["start_epoch", "end_epoch"], &[], "start_epoch, end_epoch");
        check(&["start_training_batch", "end_training_batch", "end_epoch"], &["infer"], "3 hooks, infer");
        check(
            &[],
            &["transform_caption", "transform_image", "transform_batch"],
            "transform_caption, transform_image, tra…",
        );
    }
}
