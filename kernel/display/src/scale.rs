//! One axis: its range, its ticks and their labels. It must not know pixels or what is drawn along it.
//!
//! A logarithmic axis holds log10 of the values, so the drawing library sees a straight line either way.

use crate::number;

/// One axis of a panel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    /// Value at the left or bottom end (log10 of it on a logarithmic axis); finite and below `high`.
    pub low: f64,
    /// Value at the other end.
    pub high: f64,
    /// Where ticks stand, in the axis' own values.
    pub ticks: Vec<f64>,
    labels: Vec<String>,
    log: bool,
}

impl Scale {
    /// An axis that ends where the values end, with a little air. Values that are not finite are left out.
    pub fn fitting(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let usable = values.filter(|value| value.is_finite() && (!log || *value > 0.0));
        let (low, high) = usable.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        match (low <= high, log) {
            (false, false) => Self::between(0.0, 1.0),
            (false, true) => Self::logarithmic(0.0, 1.0),
            (true, false) => widened(low, high).map_or_else(|| Self::between(0.0, 1.0), |(l, h)| Self::between(l, h)),
            (true, true) => Self::around(low.log10(), high.log10()),
        }
    }

    /// An axis from exactly `low` to exactly `high` with about five ticks at round numbers.
    pub fn between(low: f64, high: f64) -> Self {
        Self::with_ticks(low, high, 5)
    }

    /// An axis from exactly `low` to exactly `high` with about `count` ticks at round numbers.
    pub fn with_ticks(low: f64, high: f64, count: usize) -> Self {
        let step = round_step((high - low) / count as f64);
        let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
        let ticks: Vec<f64> = (first..=last).map(|place| place as f64 * step).collect();
        let labels = ticks.iter().map(|&value| number::tick(value, step)).collect();
        Self { low, high, ticks, labels, log: false }
    }

    /// An axis of whole numbers, such as epochs: no tick between two of them.
    pub fn whole(low: f64, high: f64) -> Self {
        let step = round_step((high - low) / 7.0).max(1.0);
        let ticks: Vec<f64> = ((low / step - 1e-9).ceil() as i64..=(high / step + 1e-9).floor() as i64)
            .map(|p| p as f64 * step)
            .collect();
        let labels = ticks.iter().map(|&value| number::tick(value, step)).collect();
        Self { low, high, ticks, labels, log: false }
    }

    /// An axis of named places 0, 1, 2 …, each one wide. When there are more than `most`, only some are written.
    pub fn named(names: &[String], most: usize) -> Self {
        let every = names.len().div_ceil(most.max(1)).max(1);
        let written = || (0..names.len()).step_by(every);
        Self {
            low: -0.5,
            high: names.len().max(1) as f64 - 0.5,
            ticks: written().map(|place| place as f64).collect(),
            labels: written().map(|place| names[place].clone()).collect(),
            log: false,
        }
    }

    /// Where `value` stands on this axis; NaN where it has no place (zero and below on a logarithmic axis).
    pub fn place(&self, value: f64) -> f64 {
        match (self.log, value > 0.0) {
            (true, true) => value.log10(),
            (true, false) => f64::NAN,
            _ => value,
        }
    }

    /// The label of the tick at `place`, empty where there is none.
    pub fn label(&self, place: f64) -> String {
        let found = self.ticks.iter().position(|&tick| tick == place);
        found.and_then(|index| self.labels.get(index).cloned()).unwrap_or_default()
    }

    /// Characters in the longest label.
    pub fn widest(&self) -> usize {
        self.labels.iter().map(|label| crate::text::width(label)).max().unwrap_or(0)
    }

    /// An axis of log10 values with some air on both sides.
    fn around(low: f64, high: f64) -> Self {
        let air = ((high - low) * 0.05).max(0.02);
        Self::logarithmic(low - air, high + air)
    }

    /// Ticks at powers of ten, and at 2 and 5 times them when there are few.
    fn logarithmic(low: f64, high: f64) -> Self {
        let every = (((high - low) / 6.0).ceil() as i32).max(1);
        let factors: &[f64] = if high - low < 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let powers = (low.floor() as i32..=high.ceil() as i32).filter(|power| power % every == 0);
        let places = powers
            .flat_map(|power| factors.iter().map(move |factor| (f64::from(power) + factor.log10(), *factor, power)));
        let inside: Vec<_> = places.filter(|(place, ..)| (low..=high).contains(place)).collect();
        if inside.len() < 2 {
            return Self { log: true, ..Self::inside_a_decade(low, high) };
        }
        let labels =
            inside.iter().map(|&(_, factor, power)| number::significant(factor * 10f64.powi(power), 1)).collect();
        Self { low, high, ticks: inside.iter().map(|(place, ..)| *place).collect(), labels, log: true }
    }

    /// A range of log10 values too small for powers of ten: round numbers of the values themselves.
    fn inside_a_decade(low: f64, high: f64) -> Self {
        let values = Self::with_ticks(10f64.powf(low), 10f64.powf(high), 5);
        Self {
            low,
            high,
            ticks: values.ticks.iter().map(|value| value.log10()).collect(),
            labels: values.labels,
            log: true,
        }
    }
}

/// The range with air, so that a line does not run along the frame; `None` when it is wider than a number can hold.
fn widened(low: f64, high: f64) -> Option<(f64, f64)> {
    let air = match high - low {
        // One value only: room around it, in its own size.
        d if d <= low.abs() * 1e-12 => (low.abs() * 0.1).max(1e-12_f64.max(if low == 0.0 { 1.0 } else { 0.0 })),
        d => d * 0.05,
    };
    let wide = (low - air, high + air);
    (wide.1 - wide.0).is_finite().then_some(wide)
}

/// The round step (1, 2, 2.5 or 5 times a power of ten) next to `step`, at least as large.
fn round_step(step: f64) -> f64 {
    let step = if step.is_finite() && step > 0.0 { step } else { 1.0 };
    let power = 10f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|factor| factor * power >= step * 0.999).unwrap_or(10.0);
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> String {
        scale.ticks.iter().map(|&tick| scale.label(tick)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_stand_at_round_numbers() {
        let cases = [
            (Scale::between(0.0, 1.0), "0 0.2 0.4 0.6 0.8 1.0"),
            (Scale::between(0.03, 2.4), "0.5 1.0 1.5 2.0"),
            (Scale::between(-5.0, 5.0), "-4 -2 0 2 4"),
            (Scale::whole(0.0, 10.0), "0 2 4 6 8 10"),
            (Scale::whole(0.0, 1.0), "0 1"),
            (Scale::whole(0.0, 300.0), "0 50 100 150 200 250 300"),
            (Scale::fitting([0.001, 10.0].into_iter(), true), "0.001 0.01 0.1 1 10"),
            (Scale::fitting([0.1, 10.0].into_iter(), true), "0.1 0.2 0.5 1 2 5 10"),
            (Scale::fitting([3.1, 4.4].into_iter(), true), "3.0 3.5 4.0 4.5"),
        ];
        cases.into_iter().for_each(|(scale, expect)| assert_eq!(labels(&scale), expect));
    }

    #[test]
    fn every_input_gives_a_usable_range() {
        let inputs: [&[f64]; 8] = [
            &[],
            &[f64::NAN, f64::INFINITY],
            &[0.0],
            &[3.0, 3.0],
            &[-f64::MAX, f64::MAX],
            &[1e300],
            &[1e-300],
            &[-1.0, 0.0],
        ];
        for (input, log) in inputs.iter().flat_map(|input| [(input, false), (input, true)]) {
            let scale = Scale::fitting(input.iter().copied(), log);
            assert!(scale.low.is_finite() && scale.high.is_finite() && scale.low < scale.high, "{input:?} {scale:?}");
            assert!(scale.ticks.len() < 20, "{input:?} {scale:?}");
        }
    }

    #[test]
    fn many_names_are_thinned() {
        let names: Vec<String> = (0..10).map(|place| place.to_string()).collect();
        assert_eq!(labels(&Scale::named(&names, 4)), "0 3 6 9");
        assert_eq!(labels(&Scale::named(&[], 4)), "");
    }
}
