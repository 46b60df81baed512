//! A curve of bounded size: neighbouring points are merged into their mean when there are too many.

use serde::{Deserialize, Serialize};

/// More points than this say nothing more on a screen.
pub(crate) const MOST: usize = 512;

/// Means over `stride` neighbouring values each; the stride doubles whenever the curve is full. Which values share a point
/// depends on their number alone, so the same run gives the same curve.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Curve {
    points: Vec<(f64, f64)>,
    stride: u32,
    /// Sums of x and y of the values that do not yet fill a point, and how many they are.
    open: (f64, f64, u32),
}

impl Default for Curve {
    fn default() -> Self {
        Self { points: Vec::new(), stride: 1, open: (0.0, 0.0, 0) }
    }
}

impl Curve {
    /// Appends a value. JSON and charts have no place for NaN and infinities: they leave a gap.
    pub(crate) fn push(&mut self, x: f64, y: f64) {
        if !y.is_finite() {
            return;
        }
        if self.newest_x().is_some_and(|newest| newest >= x) {
            self.go_back(x);
        }
        self.open = (self.open.0 + x, self.open.1 + y, self.open.2 + 1);
        if self.open.2 >= self.stride {
            self.points.extend(self.mean());
            self.open = (0.0, 0.0, 0);
            self.halve_when_full();
        }
    }

    /// The points, the unfinished one among them.
    pub(crate) fn points(&self) -> Vec<(f64, f64)> {
        self.points.iter().copied().chain(self.mean()).collect()
    }

    fn mean(&self) -> Option<(f64, f64)> {
        let (x, y, count) = self.open;
        (count > 0).then(|| (x / f64::from(count), y / f64::from(count)))
    }

    fn newest_x(&self) -> Option<f64> {
        self.mean().or(self.points.last().copied()).map(|(x, _)| x)
    }

    /// The run went back: what lies at or behind `x` will be measured again.
    fn go_back(&mut self, x: f64) {
        self.open = (0.0, 0.0, 0);
        self.points.retain(|point| point.0 < x);
    }

    fn halve_when_full(&mut self) {
        if self.points.len() < MOST {
            return;
        }
        self.points = self.points.chunks(2).map(middle).collect();
        self.stride *= 2;
    }
}

/// Appends a point to a curve with few of them; points at or behind `x` are measured again and drop out.
pub(crate) fn push(points: &mut Vec<(f64, f64)>, x: f64, y: f64) {
    points.retain(|point| point.0 < x);
    if y.is_finite() {
        points.push((x, y));
    }
}

fn middle(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    (x / count, y / count)
}
