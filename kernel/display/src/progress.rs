//! One line that says how far a run is. It must not know time: rate and remaining seconds are given.

use crate::{Bundle, number, text};

/// Characters of the bar.
const BAR: usize = 20;

/// How far a run is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The running epoch, counted from 1; 0 before the first.
    pub epoch: u64,
    /// Epochs asked for.
    pub epochs: u64,
    /// Batches of the running epoch that are done.
    pub batch: u64,
    /// Batches of an epoch; 0 where it is not known.
    pub batches: u64,
    /// Loss and metrics, by name, in the order to be shown.
    pub values: Vec<(String, f64)>,
    /// Steps a second, where measured.
    pub rate: Option<f64>,
    /// Estimated seconds to the end.
    pub remaining: Option<f64>,
}

impl Progress {
    /// The line as text.
    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.text())
    }

    /// `epoch 3/10  batch 12/45  ████▌░░░  loss 0.1234  3,120 steps/s  about 1 m 05 s left`.
    pub fn text(&self) -> String {
        self.line(Some(text::bar(self.fraction(), BAR)))
    }

    /// The same without the bar, for where one is drawn.
    pub fn words(&self) -> String {
        self.line(None)
    }

    fn line(&self, bar: Option<String>) -> String {
        let mut parts = vec![format!("epoch {}/{}", number::count(self.epoch), number::count(self.epochs))];
        if self.batches > 0 {
            parts.push(format!("batch {}/{}", number::count(self.batch), number::count(self.batches)));
        }
        parts.extend(bar);
        parts.extend(self.values.iter().map(|(name, value)| format!("{name} {}", number::steady(*value, 4))));
        parts.extend(self.rate.map(|rate| number::rate(rate, "step")));
        parts.extend(self.remaining.map(|seconds| format!("about {} left", number::seconds(seconds))));
        parts.join("  ")
    }

    /// The part of the whole run that is done, 0 to 1.
    pub fn fraction(&self) -> f64 {
        let within = if self.batches > 0 { self.batch as f64 / self.batches as f64 } else { 0.0 };
        let done = self.epoch.saturating_sub(1) as f64 + within;
        if self.epochs == 0 { 0.0 } else { (done / self.epochs as f64).clamp(0.0, 1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_the_run_is() {
        let progress = Progress {
            epoch: 3,
            epochs: 10,
            batch: 23,
            batches: 46,
            values: vec![("loss".into(), 0.12341), ("accuracy".into(), 0.97)],
            rate: Some(3120.0),
            remaining: Some(65.0),
        };
        let expect = "epoch 3/10  batch 23/46  █████░░░░░░░░░░░░░░░  loss 0.1234  accuracy 0.9700  3,120 steps/s  about 1 m 05 s left";
        assert_eq!(progress.text(), expect);
        assert_eq!(progress.words(), expect.replace("  █████░░░░░░░░░░░░░░░", ""));
    }

    #[test]
    fn nothing_known_is_no_panic() {
        assert_eq!(Progress::default().text(), format!("epoch 0/0  {}", "░".repeat(BAR)));
        let odd = Progress { epoch: 99, epochs: 2, values: vec![("loss".into(), f64::NAN)], ..Progress::default() };
        assert_eq!(odd.text(), format!("epoch 99/2  {}  loss NaN", "█".repeat(BAR)));
    }
}
