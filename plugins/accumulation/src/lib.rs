//! The built-in plugin `accumulation`: how many batches' gradients make one optimizer step, by epoch.
//!
//! It knows only `candlewick-plugin-api`. Read [`Accumulation`] first, then [`Settings`]. It is the `Accumulnator` of
//! seed 002: there a curve other than two known ones is an error in the middle of training, here when it is set.

use candlewick_plugin_api::{Context, Hook, HookSet, Metadata, Plugin, PluginError, PluginKind, Schemas, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Sets `ctx.accumulate` at the start of every epoch: `begin_value` up to `begin_epoch`, `end_value` from `end_epoch` on,
/// and between them along a curve. Gradients are averaged, so that the learning rate may stay as it is.
#[derive(Default)]
pub struct Accumulation {
    settings: Settings,
}

/// The plugin's settings. Epochs count from 0.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Settings {
    /// The epoch up to which `begin_value` holds.
    pub begin_epoch: usize,
    /// The epoch from which `end_value` holds.
    pub end_epoch: usize,
    /// Batches per optimizer step at first, from 1.
    pub begin_value: usize,
    /// Batches per optimizer step at last, from 1.
    pub end_value: usize,
    /// How it goes from one to the other.
    pub curve: Curve,
}

/// How a number goes from one value to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// By the same difference in every epoch.
    Linear,
    /// By the same factor in every epoch.
    Log,
}

impl Default for Settings {
    fn default() -> Self {
        Self { begin_epoch: 0, end_epoch: 10, begin_value: 1, end_value: 8, curve: Curve::Linear }
    }
}

impl Settings {
    /// Batches per optimizer step in that epoch.
    pub fn value(&self, epoch: usize) -> usize {
        let length = self.end_epoch.saturating_sub(self.begin_epoch);
        if epoch >= self.end_epoch {
            return self.end_value;
        }
        // Below `end_epoch` the length is 1 or more, or the epoch is before `begin_epoch`.
        let done = epoch.saturating_sub(self.begin_epoch) as f64 / length.max(1) as f64;
        let (begin, end) = (self.begin_value as f64, self.end_value as f64);
        let value = match self.curve {
            Curve::Linear => begin + (end - begin) * done,
            Curve::Log => begin * (end / begin).powf(done),
        };
        value.round() as usize
    }

    fn check(&self) -> Result<(), PluginError> {
        let Self { begin_epoch, end_epoch, begin_value, end_value, .. } = self;
        if end_epoch < begin_epoch {
            let message =
                format!("end_epoch is {end_epoch}; it cannot come before begin_epoch, which is {begin_epoch}");
            return Err(PluginError::invalid(message));
        }
        for (name, value) in [("begin_value", begin_value), ("end_value", end_value)] {
            if *value == 0 {
                return Err(PluginError::invalid(format!("{name} is 0; one optimizer step takes 1 batch or more")));
            }
        }
        Ok(())
    }
}

impl Accumulation {
    /// A plugin with its default settings.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Plugin for Accumulation {
    fn metadata(&self) -> Metadata {
        let text = "changes from epoch to epoch how many batches make one optimizer step";
        let metadata = Metadata::of("accumulation", "1.0.0", text).kind(PluginKind::TrainingStrategy);
        Metadata { config: settings::defaults::<Settings>(), ..metadata }
    }

    fn hooks(&self) -> HookSet {
        HookSet::none().with(Hook::StartEpoch)
    }

    fn schemas(&self) -> Schemas {
        Schemas::none().config::<Settings>()
    }

    fn another(&self) -> Option<Box<dyn Plugin>> {
        Some(Box::new(Self::new()))
    }

    fn configure(&mut self, config: &Map<String, Value>) -> Result<(), PluginError> {
        let read: Settings = settings::read(config)?;
        read.check()?;
        self.settings = read;
        Ok(())
    }

    fn start_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        ctx.working.accumulate = self.settings.value(ctx.epoch);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
