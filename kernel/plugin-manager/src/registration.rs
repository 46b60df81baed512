//! What is said about a plugin when it is registered, and what is kept to register it again.

use crate::filters::Filters;
use crate::schema::Checks;
use candlewick_plugin_api::{Capability, HookSet, Metadata, TransformSet, Verb};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::rc::Rc;

/// What a failing hook does to the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Nothing: the failure is named and counted, training goes on.
    #[default]
    Continue,
    /// The rest of the running batch is left out.
    SkipBatch,
    /// The run ends.
    Stop,
}

/// How a plugin takes part: its place in the order, its policy, its settings, where it comes from.
///
/// `every`, `once`, `after` and `before` filter calls. The manager counts, from 1, how often each hook came up for this
/// plugin in each run; a call passes when all filters given let it pass. Hooks that come once in a run
/// (`start_training_session`, `end_training_session`, `load_checkpoint`) are never filtered: `every=10` is meant for
/// batches and must not take away the plugin's setup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Registration {
    /// Place in the order: lower comes first at `start_…` hooks and last at `end_…` hooks; equal ones by registration.
    pub priority: i64,
    /// What a failing hook does to the run.
    pub on_error: Policy,
    /// Settings given by the user; each must be in the plugin's `metadata.config`.
    pub config: Map<String, Value>,
    /// Only the n-th, 2n-th, 3n-th … occurrence.
    pub every: Option<u64>,
    /// Only the n-th occurrence.
    pub once: Option<u64>,
    /// Only occurrences after the n-th.
    pub after: Option<u64>,
    /// Only occurrences before the n-th.
    pub before: Option<u64>,
    /// Only where this condition over the context holds, an expression such as `ctx.loss > 2.0`.
    pub when: Option<String>,
    /// Seconds that one call of a hook may take before a warning says so; by default by the kind of hook.
    pub budget: Option<f64>,
    /// What one call may use up.
    pub limits: Limits,
    /// What it may reach outside the session, of what its metadata declares.
    pub allow: Vec<Capability>,
    /// Whether it is active at once.
    pub enabled: bool,
    /// Whether it is in quarantine from the start: what it was when a former process recorded it.
    pub quarantined: bool,
    /// Where it comes from, as users read it: `cell 3`, a path, `built in`.
    pub origin: String,
    /// Its source text, or a path to it; empty for plugins compiled into the program.
    pub source: String,
    /// What a package gives beside the source: `metadata` and `schemas`.
    pub package: Map<String, Value>,
    /// The plugin that it is an instance of.
    pub of: Option<String>,
    /// Failures of one hook in a row that take the plugin out of service; 0 means never.
    pub quarantine_after: usize,
}

/// What one call of a plugin may use up, and what it may hold. Enforced by the host of its language.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Operations of a script; closures count like everything else.
    pub operations: u64,
    /// Seconds of wall time.
    pub seconds: f64,
    /// Calls of functions within each other.
    pub call_depth: usize,
    /// Bytes of one string.
    pub string_bytes: usize,
    /// Elements of one array, those of arrays in it counted too.
    pub array_items: usize,
    /// Entries of one map, those of maps in it counted too.
    pub map_entries: usize,
    /// Bytes that a plugin's state may hold.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            operations: 100_000_000,
            seconds: 60.0,
            call_depth: 256,
            string_bytes: 64 << 20,
            array_items: 4 << 20,
            map_entries: 1 << 20,
            bytes: 1 << 30,
        }
    }
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            priority: 0,
            on_error: Policy::Continue,
            config: Map::new(),
            every: None,
            once: None,
            after: None,
            before: None,
            when: None,
            budget: None,
            limits: Limits::default(),
            allow: Vec::new(),
            enabled: true,
            quarantined: false,
            origin: String::new(),
            source: String::new(),
            package: Map::new(),
            of: None,
            quarantine_after: 3,
        }
    }
}

impl Registration {
    /// A registration with an origin, all else as by default.
    pub fn from_origin(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), ..Self::default() }
    }

    pub(crate) fn filters(&self) -> Filters {
        Filters { every: self.every, once: self.once, after: self.after, before: self.before }
    }

    /// What of it cannot be meant, with what to give instead.
    pub(crate) fn mistake(&self) -> Option<String> {
        let Limits { operations, seconds, call_depth, string_bytes, array_items, map_entries, bytes } = self.limits;
        let counts = [
            ("operations", operations),
            ("call_depth", call_depth as u64),
            ("string_bytes", string_bytes as u64),
            ("array_items", array_items as u64),
            ("map_entries", map_entries as u64),
            ("bytes", bytes),
        ];
        let is_time = |seconds: f64| seconds.is_finite() && seconds > 0.0;
        if let Some(budget) = self.budget.filter(|budget| !is_time(*budget)) {
            return Some(format!("a budget is a number of seconds above 0; found {budget}"));
        }
        if !is_time(seconds) {
            return Some(format!("the limit seconds is a number above 0; found {seconds}"));
        }
        counts
            .into_iter()
            .find(|(_, count)| *count == 0)
            .map(|(name, _)| format!("the limit {name} is a whole number above 0; found 0"))
    }

    /// Its filters and its condition in a few words, such as `every 10, when ctx.loss > 2`.
    pub(crate) fn filter_words(&self) -> String {
        let counted = [("every", self.every), ("once", self.once), ("after", self.after), ("before", self.before)];
        let counted = counted.into_iter().filter_map(|(name, count)| count.map(|count| format!("{name} {count}")));
        counted.chain(self.when.iter().map(|when| format!("when {when}"))).collect::<Vec<_>>().join(", ")
    }
}

/// What came of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// A name that was not registered before.
    New,
    /// The plugin took the place of an earlier one of the same name and origin.
    Replaced {
        /// How many times this name has been registered by now.
        generation: u64,
    },
    /// It is registered, but not active: its `create` says that it takes no part with these settings.
    Declined {
        /// How many times this name has been registered by now.
        generation: u64,
    },
    /// The same plugin from the same file was there already, and was left as it is.
    Unchanged,
}

/// Everything needed to register a plugin again, in a new process too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The plugin's name.
    pub name: String,
    /// Origin, source and settings; `enabled` and `quarantined` say what the plugin is now.
    pub registration: Registration,
}

/// What a plugin says about itself, asked for once and kept.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) metadata: Metadata,
    pub(crate) hooks: HookSet,
    pub(crate) verbs: Vec<Verb>,
    /// Hook points that it wants to hear, whether or not they are declared.
    pub(crate) points: Vec<String>,
    pub(crate) transforms: TransformSet,
    /// The plugin's settings: the user's over its defaults.
    pub(crate) settings: Map<String, Value>,
    /// Its schemas, compiled.
    pub(crate) checks: Rc<Checks>,
    /// Whether it takes part with these settings.
    pub(crate) wanted: bool,
}

impl Description {
    /// The verb of that name, if the plugin has it.
    pub(crate) fn verb(&self, name: &str) -> Option<Verb> {
        self.verbs.iter().copied().find(|verb| verb.name() == name)
    }
}
