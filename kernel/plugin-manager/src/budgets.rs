//! What a plugin's hooks may cost before somebody says so: seconds for one call, and a share of the steps' time.
//!
//! The seconds are EveryDream2trainer's: 0.5 at batch hooks, 5 at epoch hooks, 20 at session hooks. Every call is looked
//! at by the coarse clock, so that none that is 20 ms over its budget goes unnoticed, and none is blamed that is not.
//! Read [`of`] first, then [`Steps`].

use crate::manager::PluginManager;
use candlewick_plugin_api::{Context, Event, Hook, RunId};

/// Steps after which the shares are looked at.
const STEPS: u64 = 100;
/// Seconds of training that these steps must take: less than that the coarse clock cannot divide.
const SPAN: f64 = 0.25;
/// The share of a step's time above which a plugin is named.
const SHARE: f64 = 0.2;
/// The share from which on it is measured exactly.
const SUSPICIOUS: f64 = 0.1;

/// Nanoseconds for each hook: one budget for all when it is given, else by the kind of hook.
pub(crate) fn of(given: Option<f64>) -> [u64; Hook::COUNT] {
    let mut budgets = [0; Hook::COUNT];
    for hook in Hook::all() {
        budgets[hook as usize] = (given.unwrap_or_else(|| usual(hook)) * 1e9) as u64;
    }
    budgets
}

fn usual(hook: Hook) -> f64 {
    match hook {
        Hook::StartTrainingSession | Hook::LoadCheckpoint | Hook::EndTrainingSession => 20.0,
        Hook::StartTrainingBatch | Hook::EndTrainingBatch | Hook::StartValidationBatch | Hook::EndValidationBatch => {
            0.5
        }
        _ => 5.0,
    }
}

/// A duration in words: `0.62 s`, `3.1 ms`.
pub(crate) fn seconds(seconds: f64) -> String {
    if seconds >= 0.1 { format!("{seconds:.2} s") } else { format!("{:.3} ms", seconds * 1e3) }
}

/// The window of steps that runs at present.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Steps {
    run: RunId,
    since: f64,
    count: u64,
}

impl PluginManager {
    /// A training step of a run has ended.
    #[inline]
    pub(crate) fn step(&mut self, ctx: &mut Context) {
        self.steps.count += 1;
        if self.steps.count >= STEPS || self.steps.run != ctx.run {
            self.review(ctx);
        }
    }

    /// Names the plugins that took too large a share of the steps' time; those that may have are measured exactly next.
    #[cold]
    fn review(&mut self, ctx: &mut Context) {
        let Steps { run, since, count } = self.steps;
        let span = ctx.seconds - since;
        if run == ctx.run && (0.0..SPAN).contains(&span) {
            return;
        }
        for slot in &mut self.slots {
            let took = std::mem::take(&mut slot.watch.window) as f64 * 1e-9;
            let suspect = std::mem::take(&mut slot.watch.suspect);
            if run != ctx.run || span <= 0.0 {
                continue;
            }
            let share = took / span;
            if suspect && share > SHARE {
                let news = slot.watch.is_news(run, "share");
                let text = format!(
                    "plugin {} took {:.0} % of the step's time over the last {count} steps: {} of {} a step. \
                     Call it less often, such as every=10. This is said once in a run",
                    slot.name(),
                    share * 100.0,
                    seconds(took / count as f64),
                    seconds(span / count as f64),
                );
                if news {
                    ctx.emit(Event::Warning(text));
                }
            } else {
                slot.watch.suspect = share > SUSPICIOUS;
            }
            slot.watch.set_sampling();
        }
        self.steps = Steps { run: ctx.run, since: ctx.seconds, count: 0 };
    }
}
