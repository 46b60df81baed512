//! How a plugin's call can fail, and what is kept of a failure.

use crate::{Hook, RunId};
use serde::{Deserialize, Serialize};

/// Why a plugin's call failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The plugin's own code failed; `line` and `column` count from 1 in its source, where known.
    #[error("{message}")]
    Failed {
        /// What went wrong.
        message: String,
        /// Line in the plugin's source.
        line: Option<usize>,
        /// Column in that line.
        column: Option<usize>,
    },
    /// The plugin's Rust code panicked.
    #[error("panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// The user interrupted the call; not the plugin's fault, so it does not count towards quarantine.
    #[error("interrupted")]
    Interrupted,
    /// Something was set that cannot be, or is of the wrong kind.
    #[error("{message}")]
    Invalid {
        /// What was asked, what was found, what to do.
        message: String,
    },
}

impl PluginError {
    /// A failure without a place in a source text.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), line: None, column: None }
    }

    /// A wrong value or name.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into() }
    }
}

impl From<candle_core::Error> for PluginError {
    fn from(error: candle_core::Error) -> Self {
        Self::failed(error.to_string())
    }
}

/// Which of a plugin's functions failed at a hook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The hook's own.
    #[default]
    Hook,
    /// Its condition, `when`.
    When,
    /// That of a hook point which was fired there.
    Point(String),
    /// That of a data transform, which has no hook of its own: the batch hook it belongs to stands for it.
    Transform(String),
}

/// A failed hook call: who, where in the run, where in the source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HookFailure {
    /// The run.
    pub run: RunId,
    /// The plugin's name.
    pub plugin: String,
    /// The hook that failed, or at which its `when` or a point failed.
    pub hook: Hook,
    /// Which of its functions failed there.
    #[serde(default)]
    pub part: Part,
    /// The epoch, from 0.
    pub epoch: usize,
    /// The batch, from 0, in a batch hook.
    pub batch: Option<usize>,
    /// The error's text.
    pub message: String,
    /// Line in the plugin's source, from 1.
    pub line: Option<usize>,
    /// Column in that line, from 1.
    pub column: Option<usize>,
    /// Failures of this hook of this plugin without a success of it between.
    pub in_a_row: usize,
    /// Whether this failure took the plugin out of service.
    pub quarantined: bool,
    /// Whether the plugin's policy ends the run.
    pub stops_run: bool,
}

impl HookFailure {
    /// What failed, as users read it: `end_epoch`, `its when at end_epoch`, `the point augment at start_training_batch`.
    pub fn place(&self) -> String {
        match &self.part {
            // Runs count from 1.
            Part::Point(name) if self.run == 0 => format!("the point {name}, fired by a cell"),
            part => part.place(self.hook),
        }
    }
}

impl Part {
    /// This part of a plugin at a hook, as users read it.
    pub fn place(&self, hook: Hook) -> String {
        match self {
            Self::Hook => hook.name().to_owned(),
            Self::When => format!("its `when` at {hook}"),
            Self::Point(name) => format!("the point {name} at {hook}"),
            Self::Transform(name) => name.clone(),
        }
    }
}
