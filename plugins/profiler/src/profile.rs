//! What is summed up of one run. Knows no files and no words for users. Read [`Profile`] first.

use crate::process;
use candlewick_plugin_api::{Context, Hook, Table};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Kinds of work, in the order they are shown.
pub(crate) const PHASES: [&str; 5] = ["loading", "training", "validation", "checkpoint", "other"];

/// The phase whose work comes before a hook.
fn phase(hook: Hook) -> usize {
    match hook {
        Hook::StartTrainingBatch => 0,
        Hook::EndTrainingBatch => 1,
        Hook::StartValidationBatch | Hook::EndValidationBatch => 2,
        Hook::SaveCheckpoint | Hook::LoadCheckpoint => 3,
        _ => 4,
    }
}

/// Sums over a session, and a row for each interval.
pub(crate) struct Profile {
    whole: Sums,
    /// Since the newest row.
    interval: Sums,
    hooks: [Hooked; Hook::COUNT],
    previous: Option<Hook>,
    intervals: Table,
    /// Mean over rows, and the highest of them.
    pub(crate) memory: Statistics,
    pub(crate) processor: Statistics,
    marked: (Instant, Option<f64>),
}

/// Seconds and counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    pub(crate) phases: [f64; PHASES.len()],
    pub(crate) plugins: f64,
    pub(crate) batches: usize,
    /// Examples that were trained on.
    pub(crate) samples: usize,
}

/// What plugins took at one hook.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hooked {
    pub(crate) times: u64,
    pub(crate) seconds: f64,
}

/// The mean and the highest of some numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Statistics {
    sum: f64,
    count: u64,
    pub(crate) highest: f64,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            whole: Sums::default(),
            interval: Sums::default(),
            hooks: [Hooked::default(); Hook::COUNT],
            previous: None,
            intervals: Table::default(),
            memory: Statistics::default(),
            processor: Statistics::default(),
            marked: (Instant::now(), process::processor_seconds()),
        }
    }
}

impl Profile {
    /// Adds what the run tells at a hook: the work before it, and what plugins took at the hook before that.
    pub(crate) fn add(&mut self, hook: Hook, ctx: &Context) {
        let plugins = self.previous.replace(hook).map_or(0.0, |previous| {
            let hooked = &mut self.hooks[previous as usize];
            hooked.times += 1;
            hooked.seconds += ctx.plugin_seconds;
            ctx.plugin_seconds
        });
        let samples = ctx.working.inputs.as_ref().and_then(|inputs| inputs.dims().first().copied()).unwrap_or(0);
        let ends_batch = hook == Hook::EndTrainingBatch;
        for sums in [&mut self.whole, &mut self.interval] {
            sums.phases[phase(hook)] += ctx.work_seconds;
            sums.plugins += plugins;
            sums.batches += usize::from(ends_batch);
            sums.samples += if ends_batch { samples } else { 0 };
        }
    }

    /// Ends an interval: its row.
    pub(crate) fn row(&mut self, ctx: &Context) {
        let sums = std::mem::take(&mut self.interval);
        let (memory, processor) = (process::memory(), self.processor_percent());
        self.memory.add(memory);
        self.processor.add(processor);
        let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs_f64());
        let phases = PHASES.map(|name| format!("{name}_seconds"));
        let named = phases.iter().map(String::as_str).zip(sums.phases.map(Some));
        let place = [
            ("epoch", Some(ctx.epoch as f64)),
            ("batch", ctx.batch.map(|batch| batch as f64)),
            ("timestamp", timestamp),
            ("cpu_percent", processor),
            ("memory_mb", memory.map(|bytes| bytes / 1e6)),
        ];
        let rest = [("plugin_seconds", Some(sums.plugins)), ("samples_per_second", sums.samples_per_second())];
        self.intervals.push(place.into_iter().chain(named).chain(rest));
    }

    pub(crate) fn batches(&self) -> usize {
        self.whole.batches
    }

    pub(crate) fn whole(&self) -> &Sums {
        &self.whole
    }

    pub(crate) fn intervals(&self) -> &Table {
        &self.intervals
    }

    /// Each hook that came up, with how often and how long. The newest one's time is not known before the next.
    pub(crate) fn hooked(&self) -> impl Iterator<Item = (Hook, Hooked)> {
        Hook::all().map(|hook| (hook, self.hooks[hook as usize])).filter(|(_, hooked)| hooked.times > 0)
    }

    /// One row: the seconds of every phase, of plugins, and samples a second.
    pub(crate) fn phases(&self) -> Table {
        let mut table = Table::default();
        let rest = [("plugins", Some(self.whole.plugins)), ("samples_per_second", self.whole.samples_per_second())];
        table.push(PHASES.into_iter().zip(self.whole.phases.map(Some)).chain(rest));
        table
    }

    /// One row: the seconds that plugins took at every hook.
    pub(crate) fn hooks(&self) -> Table {
        let mut table = Table::default();
        table.push(self.hooked().map(|(hook, hooked)| (hook.name(), Some(hooked.seconds))));
        table
    }

    /// Processor time since it was measured last, in percent of one processor; none where that is too short ago.
    fn processor_percent(&mut self) -> Option<f64> {
        let now = (Instant::now(), process::processor_seconds());
        let used = now.1? - self.marked.1?;
        let percent = percent(now.0.duration_since(self.marked.0).as_secs_f64(), used)?;
        self.marked = now;
        Some(percent)
    }
}

/// Seconds used of those passed, in percent. The system counts hundredths of a second: of less than twenty nothing can be
/// said, a step of 5 ms would use 0 or 200 %.
fn percent(passed: f64, used: f64) -> Option<f64> {
    (passed >= 0.2).then(|| used.max(0.0) / passed * 100.0)
}

impl Sums {
    /// All seconds, plugins included.
    pub(crate) fn seconds(&self) -> f64 {
        self.phases.iter().sum::<f64>() + self.plugins
    }

    /// Examples trained on, by the seconds of everything: what a user waits for.
    pub(crate) fn samples_per_second(&self) -> Option<f64> {
        (self.seconds() > 0.0).then(|| self.samples as f64 / self.seconds())
    }
}

impl Statistics {
    fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.count += 1;
            self.highest = self.highest.max(value);
        }
    }

    /// The mean; none of nothing.
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_moment_has_no_processor_time() {
        let cases = [(0.05, 0.01, None), (0.5, 0.25, Some(50.0)), (1.0, 2.0, Some(200.0)), (1.0, -0.1, Some(0.0))];
        cases.into_iter().for_each(|(passed, used, expect)| assert_eq!(percent(passed, used), expect));
    }
}
