//! Bars and histograms: rectangles that stand on zero.

use plotters::element::Rectangle;
use plotters::style::Color;

use super::{Column, Plot, legend, names};
use crate::canvas;
use crate::panel::Panel;
use crate::scale::Scale;
use crate::text::{TextTable, bar};
use crate::{Result, number, palette};

/// Bars drawn, at most.
const BARS: usize = 400;
/// Lines of text, at most.
const LINES: usize = 30;

/// A bar for each row, those of several columns side by side.
pub(super) fn bars(plot: &Plot, x: Option<&Column>, y: &[Column]) -> Result<String> {
    let length = y.first().map_or(0, Column::len);
    let shown = length.min((BARS / y.len()).max(1));
    let names = names(x, length);
    let x_axis = Scale::named(&names[..shown], 12);
    let y_axis = from_zero(y.iter().flat_map(|column| column.as_numbers()[..shown].iter().copied()));
    let title = if shown < length {
        format!("{} (first {shown} of {length} rows)", plot.title).trim_start().to_owned()
    } else {
        plot.title.clone()
    };
    let marks = legend(y);
    let panel = Panel {
        title: &title,
        marks: &marks,
        x: &x_axis,
        y: &y_axis,
        x_label: &plot.x_label,
        y_label: &plot.y_label,
        grid: true,
    };
    canvas::svg(plot.size, plot.alt(), "", |area| {
        let mut plane = panel.on(area)?;
        let width = 0.8 / y.len() as f64;
        for (place, column) in y.iter().enumerate() {
            let left = |row: usize| row as f64 - 0.4 + width * place as f64;
            let rows = column.as_numbers()[..shown].iter().enumerate().filter(|(_, value)| value.is_finite());
            let colour = palette::series(place).filled();
            plane.draw_series(
                rows.map(|(row, &value)| Rectangle::new([(left(row), value), (left(row) + width, 0.0)], colour)),
            )?;
        }
        Ok(())
    })
}

/// How often the values of each column fall into each of the ranges.
pub(super) fn histogram(plot: &Plot, y: &[Column]) -> Result<String> {
    let bins = Bins::of(plot, y, BARS);
    let counts: Vec<Vec<u64>> = y.iter().map(|column| bins.count(column.as_numbers())).collect();
    let x_axis = Scale::between(bins.low, bins.low + bins.width * bins.count as f64);
    let y_axis = from_zero(counts.iter().flatten().map(|&count| count as f64));
    let (title, marks) = (bins.titled(&plot.title), legend(y));
    let panel = Panel {
        title: &title,
        marks: &marks,
        x: &x_axis,
        y: &y_axis,
        x_label: &plot.x_label,
        y_label: &plot.y_label,
        grid: true,
    };
    canvas::svg(plot.size, plot.alt(), "", |area| {
        let mut plane = panel.on(area)?;
        for (place, counts) in counts.iter().enumerate() {
            // Columns lie over one another: what is behind must show through.
            let style = palette::series(place).mix(if y.len() > 1 { 0.6 } else { 1.0 }).filled();
            let bars = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            let air = bins.width * 0.04;
            let bar = |(bin, &count): (usize, &u64)| {
                Rectangle::new([(bins.edge(bin) + air, count as f64), (bins.edge(bin + 1) - air, 0.0)], style)
            };
            plane.draw_series(bars.map(bar))?;
        }
        Ok(())
    })
}

/// A line with a bar of text for each row and column.
pub(super) fn bars_text(x: Option<&Column>, y: &[Column]) -> String {
    let length = y.first().map_or(0, Column::len);
    let names = names(x, length);
    let sizes =
        y.iter().flat_map(|column| column.as_numbers()).map(|value| value.abs()).filter(|size| size.is_finite());
    let highest = sizes.fold(0.0, f64::max);
    let mut table = TextTable::new(&[x.map_or("", |x| &x.name), "", ">value", ""]);
    for (row, name) in names.iter().enumerate().take(LINES) {
        for column in y {
            let value = column.as_numbers()[row];
            let named = if y.len() > 1 { column.name.clone() } else { String::new() };
            table.row(vec![name.clone(), named, number::significant(value, 4), bar(value.abs() / highest, 30)]);
        }
    }
    cut_note(table.render(), length)
}

/// A line with a bar of text for each range.
pub(super) fn histogram_text(plot: &Plot, y: &[Column]) -> String {
    let bins = Bins::of(plot, y, LINES);
    let counts: Vec<Vec<u64>> = y.iter().map(|column| bins.count(column.as_numbers())).collect();
    let highest = counts.iter().flatten().copied().max().unwrap_or(0);
    let mut table = TextTable::new(&["from", "", ">count", ""]);
    for bin in 0..bins.count {
        for (column, counts) in y.iter().zip(&counts) {
            let named = if y.len() > 1 { column.name.clone() } else { String::new() };
            let share = counts[bin] as f64 / highest as f64;
            table.row(vec![number::significant(bins.edge(bin), 4), named, number::count(counts[bin]), bar(share, 30)]);
        }
    }
    [bins.titled(""), table.render()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn cut_note(text: String, length: usize) -> String {
    if length > LINES { format!("{text}\n(first {LINES} of {})", number::count(length as u64)) } else { text }
}

/// A fitting axis that begins or ends at zero, where bars stand, unless there are values on both sides of it.
fn from_zero(values: impl Iterator<Item = f64>) -> Scale {
    let values: Vec<f64> = values.filter(|value| value.is_finite()).chain([0.0]).collect();
    let fitting = Scale::fitting(values.iter().copied(), false);
    match (values.iter().any(|value| *value < 0.0), values.iter().any(|value| *value > 0.0)) {
        (true, true) => fitting,
        (true, false) => Scale::between(fitting.low, 0.0),
        (false, _) => Scale::between(0.0, fitting.high),
    }
}

/// Equal ranges of values.
struct Bins {
    low: f64,
    width: f64,
    count: usize,
    lost: usize,
}

impl Bins {
    /// As many as asked for, at most `most`; else by Freedman and Diaconis: width 2 IQR / n^(1/3), between 5 and 60 of them.
    fn of(plot: &Plot, y: &[Column], most: usize) -> Self {
        let all = || y.iter().flat_map(|column| column.as_numbers().iter().copied());
        let mut values: Vec<f64> = all().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let lost = all().count() - values.len();
        let (low, high) = match (values.first(), values.last()) {
            (Some(&low), Some(&high)) if high > low && (high - low).is_finite() => (low, high),
            (Some(&only), _) if only.abs() < 1e300 => (only - 0.5, only + only.abs().mul_add(1e-12, 0.5)),
            _ => (0.0, 1.0),
        };
        let count = plot.bins.unwrap_or_else(|| natural_count(&values, high - low)).clamp(1, most);
        Self { low, width: (high - low) / count as f64, count, lost }
    }

    fn edge(&self, bin: usize) -> f64 {
        self.low + self.width * bin as f64
    }

    fn count(&self, values: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; self.count];
        for value in values.iter().filter(|value| value.is_finite()) {
            let bin = (((value - self.low) / self.width).max(0.0) as usize).min(self.count - 1);
            counts[bin] += 1;
        }
        counts
    }

    fn titled(&self, title: &str) -> String {
        let lost = format!("({} not finite)", number::counted(self.lost as u64, "value"));
        if self.lost == 0 { title.to_owned() } else { format!("{title} {lost}").trim_start().to_owned() }
    }
}

fn natural_count(sorted: &[f64], range: f64) -> usize {
    let at = |part: f64| sorted.get((sorted.len() as f64 * part) as usize).copied().unwrap_or(0.0);
    let width = 2.0 * (at(0.75) - at(0.25)) / (sorted.len() as f64).cbrt();
    if width > 0.0 { ((range / width).ceil() as usize).clamp(5, 60) } else { 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_ranges() {
        let column = Column::numbers("x", vec![0.0, 0.1, 0.9, 1.0, 2.0, f64::NAN]);
        let plot =
            Plot { bins: Some(2), ..Plot::columns(super::super::PlotKind::Histogram, None, vec![column]).unwrap() };
        let expect = "(1 value not finite)\nfrom    count\n─────────────────────────────────────────────\n\
                      0           3  ██████████████████████████████\n1           2  ████████████████████░░░░░░░░░░";
        assert_eq!(plot.text(), expect);
    }

    #[test]
    fn the_axis_of_bars_has_zero() {
        let cases: [(&[f64], (f64, f64)); 5] = [
            (&[], (0.0, 1.0)),
            (&[2.0], (0.0, 2.1)),
            (&[-2.0], (-2.1, 0.0)),
            (&[-1.0, 1.0], (-1.1, 1.1)),
            (&[f64::NAN], (0.0, 1.0)),
        ];
        for (values, (low, high)) in cases {
            let scale = from_zero(values.iter().copied());
            assert!((scale.low - low).abs() < 1e-9 && (scale.high - high).abs() < 1e-9, "{values:?} {scale:?}");
        }
    }

    #[test]
    fn bars_stand_on_zero() {
        let column = Column::numbers("n", vec![1.0, -2.0]);
        let words = Column::words("class", vec!["a".into(), "b".into()]);
        let plot = Plot::columns(super::super::PlotKind::Bar, Some(words), vec![column]).unwrap();
        let expect = "class    value\n──────────────────────────────────────────────\n\
                      a            1  ███████████████░░░░░░░░░░░░░░░\nb           -2  ██████████████████████████████";
        assert_eq!(plot.text(), expect);
    }
}
