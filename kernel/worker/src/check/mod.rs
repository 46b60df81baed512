//! `%plugins check`: what a plugin has, what is half there, and everything that is wrong with it.
//!
//! Nothing is registered and nothing of the session changes: a script's top-level statements run in a session of their
//! own, whose output nobody sees. Must not know cells. Read [`Checkup`] first.

mod functions;
mod script;

pub use script::{file, text};

use crate::show::Show;
use candlewick_display::{self as display, Listing, counted, lacking};
use candlewick_plugin_api::{Group, Hook, TransformSet, Verb};
use serde_json::{Value, json};

/// What was found out about one plugin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkup {
    /// The plugin's name, as far as it is known.
    pub name: String,
    /// Where it comes from.
    pub origin: String,
    /// The hooks it has, by the hooks' own names.
    pub hooks: Vec<String>,
    /// The transforms of data that it has.
    pub transforms: Vec<String>,
    /// The verbs it has.
    pub verbs: Vec<Verb>,
    /// What was found: what is wrong by its lines, then notes.
    pub findings: Vec<Finding>,
}

/// One thing that is to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Whether it has to be put right; else it is only worth knowing.
    pub wrong: bool,
    /// The file it is in, where it is not the plugin's source.
    pub file: Option<String>,
    /// Its line, from 1.
    pub line: Option<usize>,
    /// Its column, from 1.
    pub column: Option<usize>,
    /// What was found and what to do.
    pub message: String,
}

/// One group of functions, as a plugin has it.
struct GroupRow {
    name: &'static str,
    has: Vec<String>,
    missing: Vec<String>,
}

impl Finding {
    /// Something that has to be put right.
    pub fn wrong(place: (Option<usize>, Option<usize>), message: impl Into<String>) -> Self {
        Self { wrong: true, file: None, line: place.0, column: place.1, message: message.into() }
    }

    /// Something that is worth knowing.
    pub fn note(message: impl Into<String>) -> Self {
        Self { wrong: false, file: None, line: None, column: None, message: message.into() }
    }

    fn place(&self) -> String {
        let file = self.file.clone();
        let line = self.line.map(|line| format!("line {line}"));
        let column = self.column.map(|column| format!("column {column}"));
        [file, line, column].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn kind(&self) -> &'static str {
        if self.wrong { "wrong" } else { "note" }
    }
}

impl Checkup {
    /// What a plugin of compiled code has: there is no source to look into.
    pub fn compiled(name: &str, origin: &str, hooks: &[Hook], transforms: TransformSet, verbs: &[Verb]) -> Self {
        let hooks = hooks.iter().map(|hook| hook.name().to_owned()).collect();
        let transforms = transforms.iter().map(|transform| transform.name().to_owned()).collect();
        let (name, origin, verbs) = (name.to_owned(), origin.to_owned(), verbs.to_vec());
        let mut checkup = Self { name, origin, hooks, transforms, verbs, ..Self::default() };
        checkup.note_halves();
        checkup
    }

    /// What has to be put right.
    pub fn wrong(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.wrong)
    }

    /// It as JSON: name, origin, groups with what they have and lack, findings with their places.
    pub fn json(&self) -> Value {
        let group = |row: GroupRow| {
            let state = if row.has.is_empty() {
                "absent"
            } else if row.missing.is_empty() {
                "whole"
            } else {
                "half there"
            };
            json!({ "group": row.name, "state": state, "has": row.has, "missing": row.missing })
        };
        let finding = |own: &Finding| json!({ "kind": own.kind(), "file": own.file, "line": own.line, "column": own.column, "message": own.message });
        json!({
            "name": self.name, "origin": self.origin, "ok": self.wrong().next().is_none(),
            "groups": self.groups().into_iter().map(group).collect::<Vec<_>>(),
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    }

    /// What is wrong comes first, by lines; what has no line comes last.
    pub(crate) fn sort(&mut self) {
        let place = |own: &Finding| (own.line.unwrap_or(usize::MAX), own.column.unwrap_or(usize::MAX));
        self.findings.sort_by_key(|own| (!own.wrong, own.file.clone(), place(own)));
    }

    /// Notes each group of which it has only a part.
    pub(crate) fn note_halves(&mut self) {
        for group in Group::ALL {
            let missing = names(&group.missing(&self.verbs));
            if !missing.is_empty() {
                let text = format!("the group {} is half there: {}", group.name(), lacking(&missing));
                self.findings.push(Finding::note(text));
            }
        }
    }

    fn groups(&self) -> Vec<GroupRow> {
        let plain = |name, has: &Vec<String>| GroupRow { name, has: has.clone(), missing: Vec::new() };
        let groups = Group::ALL.into_iter().map(|group| {
            let has: Vec<Verb> = self.verbs.iter().copied().filter(|verb| verb.group() == group).collect();
            GroupRow { name: group.name(), has: names(&has), missing: names(&group.missing(&self.verbs)) }
        });
        [plain("hooks", &self.hooks), plain("data transforms", &self.transforms)].into_iter().chain(groups).collect()
    }

    /// What it comes to, in one line.
    pub fn summary(&self) -> String {
        match self.wrong().count() {
            0 => format!("plugin {} is sound", self.name),
            count => format!("plugin {}: {} to put right", self.name, counted(count, "thing")),
        }
    }
}

impl Show for Checkup {
    fn bundle(&self) -> display::Bundle {
        let group = |row: GroupRow| {
            let state = if row.has.is_empty() { "absent".to_owned() } else { row.has.join(", ") };
            vec![row.name.to_owned(), state, row.missing.join(", ")]
        };
        let finding = |own: &Finding| vec![own.kind().to_owned(), own.place(), own.message.clone()];
        let title = format!("plugin {}, from {}", self.name, self.origin);
        let listing = Listing { title, note: self.summary(), ..Listing::default() };
        listing
            .table(&["group", "has", "is missing"], self.groups().into_iter().map(group).collect())
            .table(&["", "where", "what"], self.findings.iter().map(finding).collect())
            .bundle()
    }
}

fn names(verbs: &[Verb]) -> Vec<String> {
    verbs.iter().map(|verb| verb.name().to_owned()).collect()
}
