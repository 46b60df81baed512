//! What the registry refuses, with what was asked, what was found and what to do.

use candlewick_plugin_api::{PluginError, RunId};

/// Why the registry refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ManagerError {
    /// No plugin of that name; `hint` names the nearest one, or lists what there is.
    #[error("there is no plugin `{name}`; {hint}")]
    UnknownPlugin {
        /// The name asked for.
        name: String,
        /// The nearest name, or what is registered.
        hint: String,
    },
    /// A name that cannot be used.
    #[error("`{name}` is no name for a plugin: {why}")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The name belongs to a plugin from somewhere else.
    #[error(
        "the name `{name}` is taken: the plugin from {holder} has it, so the one from {origin} cannot be registered under it; rename one, or unregister `{name}` first"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// Where the refused plugin comes from.
        origin: String,
        /// Where the registered one comes from.
        holder: String,
    },
    /// An entry point for a model type or a name of data that another plugin has.
    #[error(
        "plugin with type {key} already declared as {verb}: plugin `{holder}` has it, so nothing of plugin `{plugin}` was registered; give one of them other names in metadata.entry_points, or unregister `{holder}` first"
    )]
    EntryTaken {
        /// The model type or name of data.
        key: String,
        /// The entry point.
        verb: &'static str,
        /// The plugin that has it.
        holder: String,
        /// The plugin that was refused.
        plugin: String,
    },
    /// A setting that the plugin does not declare.
    #[error("plugin `{plugin}` has no setting `{key}`; {hint}")]
    UnknownSetting {
        /// The plugin.
        plugin: String,
        /// The setting given.
        key: String,
        /// The nearest setting, or what there is.
        hint: String,
    },
    /// A setting of another JSON type than its default.
    #[error("setting `{key}` of plugin `{plugin}` takes {expected}, but {found} was given")]
    SettingType {
        /// The plugin.
        plugin: String,
        /// The setting.
        key: String,
        /// The default's type and the default.
        expected: String,
        /// The type given and the value.
        found: String,
    },
    /// A call filter that could never let a call through.
    #[error("plugin `{plugin}`: {filter} would never let a call through; {advice}")]
    Filter {
        /// The plugin.
        plugin: String,
        /// The filter as given.
        filter: String,
        /// What to give instead.
        advice: &'static str,
    },
    /// A condition that cannot be compiled.
    #[error("plugin `{plugin}`: when=\"{expression}\" cannot be read: {error}")]
    Condition {
        /// The plugin.
        plugin: String,
        /// The condition as given.
        expression: String,
        /// What is wrong with it, and where.
        error: PluginError,
    },
    /// A limit or budget that cannot be meant.
    #[error("plugin `{plugin}`: {what}")]
    Registration {
        /// The plugin.
        plugin: String,
        /// What was found and what is possible.
        what: String,
    },
    /// A name that cannot be a hook point's.
    #[error("`{name}` cannot be declared as a hook point: {why}")]
    BadPoint {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The plugin has not failed at a hook, a point or a transform.
    #[error("plugin `{plugin}` has not failed at a hook, a point or a transform, so there is no call to replay")]
    NothingToReplay {
        /// The plugin.
        plugin: String,
    },
    /// The plugin's own code refused or failed during registration.
    #[error("plugin `{plugin}` could not be registered: {what} failed: {error}")]
    Refused {
        /// The plugin, or where it comes from when it could not say its name.
        plugin: String,
        /// Which of its methods failed.
        what: &'static str,
        /// How.
        error: PluginError,
    },
    /// The plugin's own code refused settings that were given to it later.
    #[error("plugin `{plugin}` did not take its settings: {error}")]
    Settings {
        /// The plugin.
        plugin: String,
        /// Why.
        error: PluginError,
    },
    /// The successor cannot read what its predecessor kept about a run.
    #[error(
        "plugin `{plugin}` was not replaced: the new one cannot read the old one's state of run {run}: {error}; unregister `{plugin}` first to begin with fresh state"
    )]
    StateNotCarried {
        /// The plugin.
        plugin: String,
        /// The run.
        run: RunId,
        /// How the new plugin's `restore`, or the old one's `state`, failed.
        error: PluginError,
    },
    /// A state in which that cannot be done.
    #[error("plugin `{plugin}` is {state} and cannot be {what}; {advice}")]
    IllegalState {
        /// The plugin.
        plugin: String,
        /// Its state.
        state: &'static str,
        /// What was to be done with it.
        what: &'static str,
        /// What to do first.
        advice: &'static str,
    },
    /// Something that the plugin needs is not there.
    #[error("plugin `{plugin}` cannot be activated: {why}")]
    Unusable {
        /// The plugin.
        plugin: String,
        /// What it needs and what there is.
        why: String,
    },
    /// Another active plugin needs it.
    #[error("plugin `{plugin}` cannot be {what}: {by} needs it; deactivate that first")]
    Needed {
        /// The plugin.
        plugin: String,
        /// What was to be done with it.
        what: &'static str,
        /// Those that need it.
        by: String,
    },
    /// Plugins that need each other.
    #[error("plugins need each other in a circle: {circle}; take one of the dependencies away")]
    Circle {
        /// The names along the circle, the first again at its end.
        circle: String,
    },
    /// The plugin has no such verb.
    #[error("plugin `{plugin}` has no verb `{verb}`; {hint}")]
    NoVerb {
        /// The plugin.
        plugin: String,
        /// The verb asked for.
        verb: String,
        /// The nearest verb, or those it has.
        hint: String,
    },
    /// A verb was given another number of arguments than it takes.
    #[error("plugin `{plugin}`: {signature} was given {found} arguments")]
    Arguments {
        /// The plugin.
        plugin: String,
        /// How the verb is written.
        signature: String,
        /// How many arguments there were.
        found: usize,
    },
    /// Settings, arguments or an answer that do not fit the plugin's schema.
    #[error("plugin `{plugin}`: the {what}{} not fit its schema: {problems}", subject(*verb, what))]
    Schema {
        /// The plugin.
        plugin: String,
        /// What was checked: `settings`, `arguments` or `answer`.
        what: &'static str,
        /// The verb whose arguments or answer it is.
        verb: Option<&'static str>,
        /// Paths, what was expected there and what was found.
        problems: String,
    },
    /// A schema of the plugin that is none, or is for something it does not have.
    #[error("plugin `{plugin}`: the schema of {what} cannot be used: {why}")]
    BadSchema {
        /// The plugin.
        plugin: String,
        /// What the schema is for.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A plugin of which there can be only one.
    #[error("plugin `{plugin}` cannot be made twice: {why}")]
    NotTwice {
        /// The plugin.
        plugin: String,
        /// Why not, and what to do.
        why: String,
    },
    /// A file or directory that could not be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// The path.
        path: String,
        /// What the system said.
        why: String,
    },
    /// A path at which there is no plugin.
    #[error("{path} is no plugin: {why}")]
    NotAPlugin {
        /// The path.
        path: String,
        /// What is there, and what makes a plugin.
        why: String,
    },
    /// A plugin that is broken: its source or its manifest. Line and column count from 1.
    #[error("{path}{}: {message}", place(*line, *column))]
    Broken {
        /// The file.
        path: String,
        /// Line in it, where known.
        line: Option<usize>,
        /// Column in that line, where known.
        column: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// The plugin failed at a verb.
    #[error("plugin `{plugin}` failed at {verb}: {error}")]
    Verb {
        /// The plugin.
        plugin: String,
        /// The verb.
        verb: &'static str,
        /// How it failed.
        error: PluginError,
    },
    /// The plugin offers no such table about that run.
    #[error("plugin `{plugin}` has no table `{table}` about run {run}")]
    NoTable {
        /// The plugin.
        plugin: String,
        /// The run.
        run: RunId,
        /// The table asked for.
        table: String,
    },
    /// The plugin's code failed while it was asked for a table.
    #[error("plugin `{plugin}` failed to give table `{table}`: {error}")]
    TableFailed {
        /// The plugin.
        plugin: String,
        /// The table asked for.
        table: String,
        /// How it failed.
        error: PluginError,
    },
}

impl ManagerError {
    /// The line and column in the plugin's own source, where known.
    pub fn place(&self) -> (Option<usize>, Option<usize>) {
        match self {
            Self::Broken { line, column, .. } => (*line, *column),
            Self::Refused { error: PluginError::Failed { line, column, .. }, .. }
            | Self::Verb { error: PluginError::Failed { line, column, .. }, .. } => (*line, *column),
            _ => (None, None),
        }
    }
}

fn subject(verb: Option<&str>, what: &str) -> String {
    let of = verb.map_or_else(String::new, |verb| format!(" of {verb}"));
    format!("{of} {}", if what == "answer" { "does" } else { "do" })
}

fn place(line: Option<usize>, column: Option<usize>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!(", line {line}, column {column}"),
        (Some(line), None) => format!(", line {line}"),
        _ => String::new(),
    }
}
