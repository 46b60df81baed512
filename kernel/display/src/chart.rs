//! The chart of a run while it trains. It owns which series share a panel, their colours, and the text in its place.
//!
//! Training and validation of one run have one colour each in every panel; a panel holds one quantity, so accuracy never
//! shares an axis with loss (two scales in one panel were refused: where the lines cross would mean nothing).
//! Read [`Chart`] first.

mod drawing;

use plotters::style::RGBColor;

use crate::scale::Scale;
use crate::text::{TextTable, sparkline};
use crate::{Bundle, Result, number, palette};

/// Panels that are drawn; further quantities are named in text.
const PANELS: usize = 6;
/// What a series was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The data the parameters are fitted to.
    Training,
    /// Data held out.
    Validation,
}

impl Split {
    /// `training` or `validation`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Validation => "validation",
        }
    }
}

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// The run or branch it belongs to, such as `run 2`; empty when there is one only.
    pub run: String,
    /// The quantity, such as `loss` or `accuracy`: series of one name share a panel.
    pub name: String,
    /// What it was measured on.
    pub split: Split,
    /// Epochs done and value, ordered by epochs: after 12 of 45 batches of the first epoch, epochs are 0.267.
    pub points: Vec<(f64, f64)>,
}

/// A chart of quantities over epochs. Its right end is the number of epochs asked for, so that it fills while a run goes on.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// A heading, may be empty.
    pub title: String,
    /// Epochs asked for.
    pub epochs: f64,
    /// Draws panels whose name contains `loss` with a logarithmic axis.
    pub log_loss: bool,
    /// A line below the drawing, may be empty; the text does not repeat it.
    pub note: String,
    /// The lines.
    pub series: Vec<Series>,
}

impl Chart {
    /// Text and, unless there is no series, SVG.
    pub fn bundle(&self) -> Bundle {
        match self.svg() {
            _ if self.series.is_empty() => Bundle::new(self.text()),
            Ok(svg) => Bundle::new(self.text()).svg(svg),
            Err(error) => Bundle::new(format!("{}\n({error})", self.text())),
        }
    }

    /// For each series its last, lowest and highest value and a small chart.
    pub fn text(&self) -> String {
        let many = self.runs().len() > 1;
        let head: &[&str] = &["quantity", "split", ">last", ">lowest", ">at epoch", ">highest", ">at epoch", ""];
        let head: Vec<&str> = if many { [&["run"], head].concat() } else { head.to_vec() };
        let mut table = TextTable::new(&head);
        for series in &self.series {
            let run = many.then(|| series.run.clone());
            table.row(run.into_iter().chain(series.cells()).collect());
        }
        let title =
            [self.title.clone(), self.progress()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        let notes = self.notes().into_iter().map(|note| format!("\n{note}")).collect::<String>();
        if self.series.is_empty() {
            return format!("{}\n(no series yet)", title.join(", "));
        }
        format!("{}\n{}{notes}", title.join(", "), table.render())
    }

    /// The chart: a legend, then two panels a line, loss first.
    ///
    /// # Errors
    /// When the drawing library refuses.
    pub fn svg(&self) -> Result<String> {
        drawing::draw(self)
    }

    /// The panels that are drawn: a quantity and its series.
    fn panels(&self) -> Vec<(&str, Vec<&Series>)> {
        let of = |name| self.series.iter().filter(|series| series.name == name).collect();
        self.names().into_iter().take(PANELS).map(|name| (name, of(name))).collect()
    }

    fn is_log(&self, name: &str) -> bool {
        self.log_loss && name.contains("loss")
    }

    fn epoch_scale(&self) -> Scale {
        let reached = self.series.iter().flat_map(|series| series.points.iter().map(|point| point.0));
        let end = reached.filter(|x| x.is_finite()).fold(self.epochs, f64::max);
        Scale::whole(0.0, if end.is_finite() && end > 0.0 { end } else { 1.0 })
    }

    fn progress(&self) -> String {
        let reached =
            self.series.iter().flat_map(|series| series.finite().last()).map(|point| point.0).fold(0.0, f64::max);
        format!("epoch {} of {}", number::significant(reached, 4), number::significant(self.epochs, 6))
    }

    /// What the chart leaves out.
    fn notes(&self) -> Vec<String> {
        let names = self.names();
        let hidden = names.get(PANELS..).filter(|hidden| !hidden.is_empty());
        let hidden = hidden.map(|hidden| format!("not drawn: {} (at most {PANELS} panels)", hidden.join(", ")));
        let count =
            |lost: fn(&Self, &Series) -> usize| self.series.iter().map(|series| lost(self, series)).sum::<usize>();
        let lost = [
            (count(|_, series| series.points.len() - series.finite().count()), "not finite (NaN or infinite)"),
            (count(|chart, series| chart.below_log(series)), "not above zero, which a logarithmic axis cannot show"),
        ];
        let lost = lost.into_iter().filter(|(count, _)| *count > 0);
        let lost = lost.map(|(count, why)| format!("{} {why}", number::counted(count as u64, "value")));
        hidden.into_iter().chain(lost).collect()
    }

    fn below_log(&self, series: &Series) -> usize {
        if self.is_log(&series.name) { series.finite().filter(|point| point.1 <= 0.0).count() } else { 0 }
    }

    /// Quantities: those with `loss` in their name first, else in order of appearance.
    fn names(&self) -> Vec<&str> {
        let mut names = distinct(self.series.iter().map(|series| series.name.as_str()));
        names.sort_by_key(|name| !name.contains("loss"));
        names
    }

    fn runs(&self) -> Vec<&str> {
        distinct(self.series.iter().map(|series| series.run.as_str()))
    }

    fn lines(&self) -> Vec<(&str, Split)> {
        distinct(self.series.iter().map(|series| (series.run.as_str(), series.split)))
    }

    fn colour(&self, run: &str, split: Split) -> RGBColor {
        let run = self.runs().iter().position(|name| *name == run).unwrap_or(0);
        palette::series(2 * run + usize::from(split == Split::Validation))
    }
}

impl Series {
    fn finite(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.iter().copied().filter(|point| point.0.is_finite() && point.1.is_finite())
    }

    fn cells(&self) -> Vec<String> {
        let (low, high) = (
            self.finite().reduce(|best, point| if point.1 < best.1 { point } else { best }),
            self.finite().reduce(|best, point| if point.1 > best.1 { point } else { best }),
        );
        let value = |point: Option<(f64, f64)>| point.map_or("–".to_owned(), |point| number::steady(point.1, 4));
        let epoch = |point: Option<(f64, f64)>| point.map_or("–".to_owned(), |point| number::significant(point.0, 3));
        let last = self.points.last().map_or("–".to_owned(), |point| number::steady(point.1, 4));
        let values: Vec<f64> = self.points.iter().map(|point| point.1).collect();
        let (name, split) = (self.name.clone(), self.split.name().to_owned());
        vec![name, split, last, value(low), epoch(low), value(high), epoch(high), sparkline(&values, 24)]
    }
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.fold(Vec::new(), |mut seen, item| {
        if !seen.contains(&item) {
            seen.push(item);
        }
        seen
    })
}
