//! What can go wrong with actions and with the model store: what was asked, what was found, what to do.

use candlewick_plugin_manager::ManagerError;

/// Why an action could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActionError {
    /// No plugin declares that entry point for that type.
    #[error("no {verb} plugin for model type {key}; {hint}")]
    NoEntry {
        /// The entry point.
        verb: &'static str,
        /// The model type.
        key: String,
        /// What there is.
        hint: String,
    },
    /// No plugin and no built-in source gives data of that name.
    #[error("no data_access plugin named {name}; {hint}")]
    NoData {
        /// The name.
        name: String,
        /// What there is.
        hint: String,
    },
    /// The plugin lacks some of what makes it a model.
    #[error(
        "plugin `{plugin}` is no model: {missing} missing; a model has instantiate, fit, predict, serialize and deserialize"
    )]
    NotModel {
        /// The plugin.
        plugin: String,
        /// The entry points that it lacks, with their verb, such as `fit is`.
        missing: String,
    },
    /// The instance is in use.
    #[error(
        "instance {instance} of model type {key} is busy with action {action} ({verb}); one fit or predict at a time"
    )]
    Busy {
        /// The instance.
        instance: u64,
        /// Its model type.
        key: String,
        /// The action it is busy with.
        action: u64,
        /// What that action does.
        verb: &'static str,
    },
    /// Arguments that the entry point does not take.
    #[error("{what}: {why}")]
    Arguments {
        /// Who was asked, such as `fit of model type net`.
        what: String,
        /// What is wrong with the arguments.
        why: String,
    },
    /// An answer that cannot be what was asked for.
    #[error("{what} answered with {found}; {advice}")]
    Answer {
        /// Who answered.
        what: String,
        /// What it answered.
        found: String,
        /// What to answer instead.
        advice: &'static str,
    },
    /// The plugin refused or failed.
    #[error(transparent)]
    Manager(#[from] ManagerError),
    /// Data could not be read.
    #[error("data access {name}: {why}")]
    Data {
        /// The name of the data.
        name: String,
        /// What went wrong.
        why: String,
    },
    /// A value could not be copied, written or read.
    #[error("{what}: {why}")]
    Value {
        /// What was to be done with it.
        what: String,
        /// What went wrong.
        why: String,
    },
    /// The model store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The instance was trained, but could not be written to its store.
    #[error(
        "the instance has changed, but model `{name}` was not stored: {error}; store.save(name, instance) tries again"
    )]
    NotStored {
        /// The name in the store.
        name: String,
        /// Why.
        error: Box<ActionError>,
    },
    /// The manager is in use: an entry point was asked for from inside a hook.
    #[error("plugins cannot be asked while a hook runs; begin the action from a cell or a verb")]
    InHook,
    /// Something reports, and nothing that could be reported of runs.
    #[error("report is for a running action: call it inside an entry point such as fit")]
    NothingRuns,
    /// The user interrupted.
    #[error("interrupted")]
    Interrupted,
    /// `cancel` ended it.
    #[error("{action} was cancelled")]
    Cancelled {
        /// The action, by number, entry point and type.
        action: String,
    },
}

/// Why the model store refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be used.
    #[error("{path} cannot be used as a model store: {why}")]
    File {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// No model of that name.
    #[error("{path} has no model `{name}`; {hint}")]
    NoModel {
        /// The file.
        path: String,
        /// The name asked for.
        name: String,
        /// The nearest name, or what there is.
        hint: String,
    },
    /// What was read is not what was written.
    #[error("model `{name}` in {path} is damaged: {why}; remove it and save it again")]
    Damaged {
        /// The file.
        path: String,
        /// The model.
        name: String,
        /// What does not fit.
        why: String,
    },
    /// SQLite's own.
    #[error("{path}: {why}")]
    Database {
        /// The file.
        path: String,
        /// What SQLite says.
        why: String,
    },
}
