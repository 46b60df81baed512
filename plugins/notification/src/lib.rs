//! The built-in plugin `notification`: mail and webhooks when a run ends, fails, is stopped or has come so far.
//!
//! It knows only `candlewick-plugin-api`. Read [`Notification`] first, then [`Settings`], then `Postman`, which sends.

mod mail;
mod note;
mod postman;
mod settings;
mod webhook;

use candlewick_plugin_api::{
    Context, Event, Hook, HookSet, Metadata, Outcome, PerRun, Plugin, PluginError, PluginKind, Schemas, settings as own,
};
use note::Note;
use postman::Postman;
use serde_json::{Map, Value};
pub use settings::{Occasion, Security, Settings};
use std::time::Duration;

/// Sends a mail, a request to a webhook, or both. Sending goes on beside training and never holds it up; what could not be
/// sent is a warning at the next epoch or at the end, where what is still under way is waited for a while.
#[derive(Default)]
pub struct Notification {
    settings: Settings,
    postman: Option<Postman>,
    /// Runs whose condition has held: that is told once.
    met: PerRun<bool>,
}

impl Notification {
    /// A plugin with its default settings, which send nothing.
    pub fn new() -> Self {
        Self::default()
    }

    fn send(&mut self, ctx: &mut Context, what: &str) -> Result<(), PluginError> {
        let note = Note::of(ctx, what);
        self.postman()?.send(note);
        Ok(())
    }

    fn postman(&mut self) -> Result<&mut Postman, PluginError> {
        let made = match self.postman.take() {
            Some(postman) => postman,
            None => Postman::new(self.settings.ways()?, self.settings.wait())?,
        };
        Ok(self.postman.insert(made))
    }

    /// Says what has gone wrong so far, and waits for what is under way if told how long.
    fn warn(&mut self, ctx: &mut Context, wait: Duration) {
        let Some(postman) = &mut self.postman else { return };
        let under_way = postman.settle(wait);
        for problem in postman.problems() {
            ctx.emit(Event::Warning(format!("notification: {problem}")));
        }
        if under_way > 0 && wait > Duration::ZERO {
            let (many, seconds) = (under_way, wait.as_secs());
            ctx.emit(Event::Warning(format!(
                "notification: {many} not sent within {seconds} s; it goes on while this session lives"
            )));
        }
    }
}

impl Plugin for Notification {
    fn metadata(&self) -> Metadata {
        let text = "sends mail or calls a webhook when a run ends, fails or has come so far";
        let metadata = Metadata::of("notification", "1.0.0", text).kind(PluginKind::TrainingStrategy);
        Metadata { config: own::defaults::<Settings>(), ..metadata }
    }

    fn hooks(&self) -> HookSet {
        [Hook::StartTrainingSession, Hook::EndEpoch, Hook::EndTrainingSession].into_iter().collect()
    }

    fn schemas(&self) -> Schemas {
        Schemas::none().config::<Settings>()
    }

    fn another(&self) -> Option<Box<dyn Plugin>> {
        Some(Box::new(Self::new()))
    }

    fn configure(&mut self, config: &Map<String, Value>) -> Result<(), PluginError> {
        self.settings = Settings::read(config)?;
        self.postman = None;
        Ok(())
    }

    /// What is missing is said before hours of training, not after.
    fn start_training_session(&mut self, _: &mut Context) -> Result<(), PluginError> {
        self.postman().map(drop)
    }

    fn end_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.warn(ctx, Duration::ZERO);
        let every = self.settings.every_epochs;
        if every > 0 && (ctx.epoch + 1).is_multiple_of(every) {
            self.send(ctx, "epoch")?;
        }
        let Some(condition) = &self.settings.condition else { return Ok(()) };
        if !*self.met.of(ctx.run) && condition.holds(ctx).map_err(PluginError::failed)? {
            *self.met.of(ctx.run) = true;
            let what = format!("condition {condition}");
            self.send(ctx, &what)?;
        }
        Ok(())
    }

    fn end_training_session(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        self.met.remove(ctx.run);
        let occasion = match ctx.outcome {
            Some(Outcome::Failed) => Occasion::Failure,
            Some(Outcome::Stopped) => Occasion::Stop,
            _ => Occasion::End,
        };
        if self.settings.on.contains(&occasion) {
            self.send(ctx, occasion.name())?;
        }
        self.warn(ctx, self.settings.wait());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
