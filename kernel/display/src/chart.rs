//! The chart of a run while it trains. It owns which series share a panel, their colours, and the text in its place.
//!
//! Training and validation of one run have one colour each in every panel; a panel holds one quantity, so accuracy never
//! shares an axis with loss (two scales in one panel were refused: where the lines cross would mean nothing).
//! Read [`Chart`] first.

use plotters::element::Circle;
use plotters::series::LineSeries;
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor};

use crate::canvas::{self, Area, LARGE, NORMAL, UNIT};
use crate::panel::{Panel, Plane};
use crate::scale::Scale;
use crate::text::{TextTable, sparkline};
use crate::{Bundle, Result, decimate, number, palette};

/// Panels that are drawn; further quantities are named in text.
const PANELS: usize = 6;
/// Points all lines of a chart have together, at most (about 40 KB of SVG).
const POINTS: usize = 4_000;
/// Gaps in one line that are shown as such; a line with more is drawn through, so that the size stays bounded.
const GAPS: usize = 32;
/// A line with no more points than this shows each of them.
const DOTS: usize = 40;

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
        let names = self.names();
        let drawn = &names[..names.len().min(PANELS)];
        let notes = self.notes();
        let (columns, rows) = (drawn.len().clamp(1, 2), drawn.len().div_ceil(2).max(1));
        let size = (if columns == 1 { 560 } else { 800 }, 30 + 240 * rows as u32 + 16 * notes.len() as u32);
        let alt = if self.title.is_empty() { "training chart" } else { &self.title };
        canvas::svg(size, alt, "", |area| {
            let (top, rest) = area.split_vertically(30 * UNIT);
            let (panels, bottom) = rest.split_vertically((240 * rows) as i32 * UNIT);
            self.draw_legend(&top)?;
            for (name, place) in drawn.iter().zip(panels.split_evenly((rows, columns))) {
                self.draw_panel(name, &place, POINTS / self.series.len().max(1))?;
            }
            draw_notes(&notes, &bottom)
        })
    }

    fn draw_legend(&self, area: &Area<'_>) -> Result<()> {
        let middle = 15 * UNIT;
        let mut x = 14 * UNIT;
        if !self.title.is_empty() {
            canvas::write(area, &self.title, (x, middle), canvas::font(LARGE, palette::INK, HPos::Left))?;
            x += canvas::text_width(&self.title, LARGE) + 20 * UNIT;
        }
        for (run, split) in self.lines() {
            let colour = self.colour(run, split);
            let label = if run.is_empty() { split.name().to_owned() } else { format!("{run} {}", split.name()) };
            canvas::line(area, vec![(x, middle), (x + 18 * UNIT, middle)], stroke(colour, split))?;
            canvas::write(area, &label, (x + 24 * UNIT, middle), canvas::font(NORMAL, palette::INK, HPos::Left))?;
            x += 24 * UNIT + canvas::text_width(&label, NORMAL) + 18 * UNIT;
        }
        Ok(())
    }

    fn draw_panel(&self, name: &str, area: &Area<'_>, most: usize) -> Result<()> {
        let log = self.log_loss && name.contains("loss");
        let here: Vec<&Series> = self.series.iter().filter(|series| series.name == name).collect();
        let y = Scale::fitting(here.iter().flat_map(|series| series.points.iter().map(|point| point.1)), log);
        let x = self.epoch_scale();
        let title = if log { format!("{name} (logarithmic)") } else { name.to_owned() };
        let marks = self.marks(&here);
        let panel = Panel { title: &title, marks: &marks, x: &x, y: &y, x_label: "epoch", y_label: "", grid: true };
        let mut plane = panel.on(area)?;
        for series in here {
            draw_series(&mut plane, series, (&x, &y), self.colour(&series.run, series.split), most)?;
        }
        Ok(())
    }

    /// The last value of each line, as long as they are few.
    fn marks(&self, here: &[&Series]) -> Vec<(String, RGBColor)> {
        let last = |series: &&Series| {
            let value =
                series.finite().last().map_or_else(|| "no finite value".to_owned(), |point| number::steady(point.1, 4));
            (value, self.colour(&series.run, series.split))
        };
        if here.len() <= 4 { here.iter().map(last).collect() } else { Vec::new() }
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
        let lost: usize = self.series.iter().map(|series| series.points.len() - series.finite().count()).sum();
        let lost =
            (lost > 0).then(|| format!("{} not finite (NaN or infinite)", number::counted(lost as u64, "value")));
        hidden.into_iter().chain(lost).collect()
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

fn draw_series(
    plane: &mut Plane<'_, '_>,
    series: &Series,
    axes: (&Scale, &Scale),
    colour: RGBColor,
    most: usize,
) -> Result<()> {
    let (x, y) = axes;
    let columns = plane.plotting_area().dim_in_pixel().0 as usize / UNIT as usize;
    let columns = columns.min(most / 2).max(1);
    let places: Vec<(f64, f64)> = series.points.iter().map(|point| (x.place(point.0), y.place(point.1))).collect();
    let width = stroke(colour, series.split);
    for part in unbroken(&places) {
        let part = decimate::decimate(&part, x.low, x.high, columns);
        if part.len() == 1 || (series.split == Split::Validation && series.points.len() <= DOTS) {
            plane.draw_series(part.iter().map(|&place| Circle::new(place, 3 * UNIT, colour.filled())))?;
        }
        if part.len() > 1 {
            plane.draw_series(LineSeries::new(part, width))?;
        }
    }
    Ok(())
}

/// The parts of a line between points that have no place.
fn unbroken(places: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
    let whole = |place: &(f64, f64)| place.0.is_finite() && place.1.is_finite();
    let parts = || places.split(|place| !whole(place)).filter(|part| !part.is_empty());
    if parts().count() > GAPS {
        vec![parts().flatten().copied().collect()]
    } else {
        parts().map(<[_]>::to_vec).collect()
    }
}

fn draw_notes(notes: &[String], area: &Area<'_>) -> Result<()> {
    for (line, note) in notes.iter().enumerate() {
        let place = (14 * UNIT, (6 + 16 * line as i32) * UNIT);
        canvas::write(area, note, place, canvas::font(canvas::SMALL, palette::INK, HPos::Left))?;
    }
    Ok(())
}

/// Validation is drawn heavier: it has few points, and it is what a person looks for.
fn stroke(colour: RGBColor, split: Split) -> plotters::style::ShapeStyle {
    colour.stroke_width(if split == Split::Validation { 4 } else { 3 })
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.fold(Vec::new(), |mut seen, item| {
        if !seen.contains(&item) {
            seen.push(item);
        }
        seen
    })
}
