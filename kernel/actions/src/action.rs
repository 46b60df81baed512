//! What is known of one action. Must not know how actions are carried out. Read [`Action`] first.

use crate::ActionError;
use candlewick_plugin_api::PluginError;
use candlewick_plugin_manager::ManagerError;
use serde::Serialize;
use serde_json::Value as Json;
use std::fmt;
use std::time::{Instant, SystemTime};

/// How far an action is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Progress {
    /// Its data access arguments are being resolved.
    #[serde(rename = "accessing data")]
    AccessingData,
    /// The plugin works.
    #[serde(rename = "executing")]
    Executing,
    /// The instance is being written to its store.
    #[serde(rename = "storing")]
    Storing,
    /// It has ended well.
    #[serde(rename = "complete")]
    Complete,
    /// It has ended with an error; [`Action::cause`] says which.
    #[serde(rename = "failed")]
    Failed,
    /// The user has ended it.
    #[serde(rename = "cancelled")]
    Cancelled,
}

/// Why an action failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The error's text.
    pub message: String,
    /// The plugin whose code failed; none when it was not a plugin's.
    pub plugin: Option<String>,
    /// Line in the plugin's source, from 1.
    pub line: Option<usize>,
    /// Column in that line, from 1.
    pub column: Option<usize>,
}

/// One call of an entry point. It is replaced when it changes, never changed, so that whoever holds one can compare.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its number, from 1.
    pub id: u64,
    /// The action for which this one accesses data, or inside which it was begun.
    pub parent: Option<u64>,
    /// The entry point.
    pub verb: &'static str,
    /// The model type, or the name of data.
    pub key: String,
    /// The instance it works on.
    pub instance: Option<u64>,
    /// Its arguments as text.
    pub arguments: String,
    /// How far it is.
    pub progress: Progress,
    /// What the plugin reported last.
    pub state: Option<Json>,
    /// How many times the plugin has reported.
    pub reports: u64,
    /// Why it failed.
    pub cause: Option<Cause>,
    /// When it began.
    pub started: SystemTime,
    /// Seconds it took; none while it runs.
    pub took: Option<f64>,
    pub(crate) begun: Instant,
}

impl Progress {
    /// The word users read.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessingData => "accessing data",
            Self::Executing => "executing",
            Self::Storing => "storing",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Action {
    /// Seconds since it began, or that it took.
    pub fn seconds(&self) -> f64 {
        self.took.unwrap_or_else(|| self.begun.elapsed().as_secs_f64())
    }

    /// The part that is done, from 0 to 1, where the plugin has reported it as `progress`.
    pub fn fraction(&self) -> Option<f64> {
        let done = self.state.as_ref()?.get("progress")?.as_f64()?;
        (0.0..=1.0).contains(&done).then_some(done)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "action {} ({} {})", self.id, self.verb, self.key)
    }
}

impl Cause {
    /// Of an error: with its place where a plugin's source has one.
    pub fn of(error: &ActionError) -> Self {
        let (plugin, place) = match error {
            ActionError::Manager(ManagerError::Verb { plugin, error, .. }) => (Some(plugin.clone()), Some(error)),
            _ => (None, None),
        };
        let (line, column) = match place {
            Some(PluginError::Failed { line, column, .. }) => (*line, *column),
            _ => (None, None),
        };
        Self { message: error.to_string(), plugin, line, column }
    }
}
