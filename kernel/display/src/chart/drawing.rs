//! The drawing of a training chart: legend, panels, lines, notes. It must not know why series share a panel.

use plotters::element::Circle;
use plotters::series::LineSeries;
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor};

use super::{Chart, Series, Split};
use crate::canvas::{self, Area, LARGE, NORMAL, SMALL, UNIT};
use crate::panel::{Panel, Plane};
use crate::scale::Scale;
use crate::text::cut;
use crate::{Result, decimate, number, palette};

/// Points all lines of a chart have together, at most (about 40 KB of SVG).
const POINTS: usize = 4_000;
/// A line with no more points than this shows each of them.
const DOTS: usize = 40;
/// A dense line gets a line of means, one for each of so many shares of the epochs.
const SHARES: usize = 100;
/// Names in the legend, at most.
const NAMES: usize = 12;
/// Heights in CSS pixels.
const PANEL: i32 = 240;
const LEGEND: i32 = 22;
const NOTE: i32 = 16;
/// Space at the left and right end, in drawing units.
const EDGE: i32 = 14 * UNIT;

/// The whole chart.
pub(super) fn draw(chart: &Chart) -> Result<String> {
    let panels = chart.panels();
    let width = if panels.len() < 2 { 560 } else { 800 };
    let (columns, rows) = (panels.len().clamp(1, 2), panels.len().div_ceil(2).max(1));
    let (legend, notes) = (Legend::of(chart, width), notes(chart));
    let (top, middle, bottom) = (LEGEND * legend.lines + 6, PANEL * rows as i32, NOTE * notes.len() as i32 + 2);
    let alt = if chart.title.is_empty() { "training chart" } else { &chart.title };
    canvas::svg((width as u32, (top + middle + bottom) as u32), alt, "", |area| {
        let (head, rest) = area.split_vertically(top * UNIT);
        let (middle, foot) = rest.split_vertically(middle * UNIT);
        legend.draw(&head)?;
        for ((name, series), place) in panels.iter().zip(middle.split_evenly((rows, columns))) {
            draw_panel(chart, name, series, &place)?;
        }
        draw_notes(&notes, &foot)
    })
}

/// The names of all lines and where they stand.
struct Legend<'a> {
    title: &'a str,
    entries: Vec<Entry>,
    lines: i32,
}

struct Entry {
    name: String,
    /// How its lines are drawn; none for a remark.
    line: Option<(RGBColor, Split)>,
    x: i32,
    line_number: i32,
}

impl<'a> Legend<'a> {
    fn of(chart: &'a Chart, width: i32) -> Self {
        let lines = chart.lines();
        let name = |run: &str, split: Split| format!("{} {}", cut(run, 24), split.name()).trim_start().to_owned();
        let named =
            lines.iter().take(NAMES).map(|&(run, split)| (name(run, split), Some((chart.colour(run, split), split))));
        let more = lines.len().saturating_sub(NAMES);
        let more = (more > 0).then(|| (format!("and {more} more"), None));
        let mut legend = Self { title: &chart.title, entries: Vec::new(), lines: 1 };
        let mut x = EDGE + if chart.title.is_empty() { 0 } else { canvas::text_width(&chart.title, LARGE) + 20 * UNIT };
        for (name, line) in named.chain(more) {
            x = legend.push(name, line, x, width * UNIT);
        }
        legend
    }

    /// One entry more at `x`, or at the left of the next line where there is no room; gives the place of the next.
    fn push(&mut self, name: String, line: Option<(RGBColor, Split)>, x: i32, width: i32) -> i32 {
        let needed = 42 * UNIT + canvas::text_width(&name, NORMAL);
        let wraps = x + needed > width && x > EDGE;
        self.lines += i32::from(wraps);
        let x = if wraps { EDGE } else { x };
        self.entries.push(Entry { name, line, x, line_number: self.lines - 1 });
        x + needed
    }

    fn draw(&self, area: &Area<'_>) -> Result<()> {
        canvas::write(area, self.title, (EDGE, 15 * UNIT), canvas::font(LARGE, palette::INK, HPos::Left))?;
        for entry in &self.entries {
            let (x, y) = (entry.x, (15 + LEGEND * entry.line_number) * UNIT);
            if let Some((colour, split)) = entry.line {
                canvas::line(area, vec![(x, y), (x + 18 * UNIT, y)], colour.stroke_width(width(split)))?;
            }
            canvas::write(area, &entry.name, (x + 24 * UNIT, y), canvas::font(NORMAL, palette::INK, HPos::Left))?;
        }
        Ok(())
    }
}

fn draw_panel(chart: &Chart, name: &str, series: &[&Series], area: &Area<'_>) -> Result<()> {
    let log = chart.is_log(name);
    let values = series.iter().flat_map(|series| series.points.iter().map(|point| point.1));
    let (x, y) = (chart.epoch_scale(), Scale::fitting(values, log));
    let title = if log { format!("{name} (logarithmic)") } else { name.to_owned() };
    let marks = marks(chart, series);
    let panel = Panel { title: &title, marks: &marks, x: &x, y: &y, x_label: "epoch", y_label: "", grid: true };
    let mut plane = panel.on(area)?;
    for series in series {
        let colour = chart.colour(&series.run, series.split);
        let placed = |point: &(f64, f64)| x.place(point.0).is_finite() && y.place(point.1).is_finite();
        for part in decimate::unbroken(&series.points, placed) {
            draw_part(&mut plane, &part, (&x, &y), (colour, series), POINTS / chart.series.len())?;
        }
    }
    Ok(())
}

/// The last value of each line, as long as they are few.
fn marks(chart: &Chart, series: &[&Series]) -> Vec<(String, RGBColor)> {
    let last = |series: &&Series| {
        let value = series.points.last().map_or_else(|| "no value yet".to_owned(), |point| number::steady(point.1, 4));
        (value, chart.colour(&series.run, series.split))
    };
    if series.len() <= 4 { series.iter().map(last).collect() } else { Vec::new() }
}

/// A line between gaps: every value, faint where a line of means is drawn over it.
fn draw_part(
    plane: &mut Plane<'_, '_>,
    points: &[(f64, f64)],
    (x, y): (&Scale, &Scale),
    (colour, series): (RGBColor, &Series),
    most: usize,
) -> Result<()> {
    let pixels = plane.plotting_area().dim_in_pixel().0 as usize / UNIT as usize;
    let placed =
        |points: &[(f64, f64)]| points.iter().map(|point| (x.place(point.0), y.place(point.1))).collect::<Vec<_>>();
    let line = decimate::decimate(&placed(points), x.low, x.high, pixels.min(most / 2).max(1));
    if line.len() == 1 || (series.split == Split::Validation && series.points.len() <= DOTS) {
        plane.draw_series(line.iter().map(|&place| Circle::new(place, 3 * UNIT, colour.filled())))?;
    }
    let style = colour.stroke_width(width(series.split));
    match decimate::means(points, x.low, x.high, SHARES) {
        Some(means) => {
            plane.draw_series(LineSeries::new(line, colour.mix(0.35).stroke_width(2)))?;
            plane.draw_series(LineSeries::new(placed(&means), style))?;
        }
        None if line.len() > 1 => drop(plane.draw_series(LineSeries::new(line, style))?),
        None => {}
    }
    Ok(())
}

/// What the chart leaves out, and what a faint line is.
fn notes(chart: &Chart) -> Vec<String> {
    let x = chart.epoch_scale();
    let dense = |series: &Series| decimate::means(&series.points, x.low, x.high, SHARES).is_some();
    let share = number::significant((x.high - x.low) / SHARES as f64, 3);
    let unit = if share == "1" { "epoch" } else { "epochs" };
    let faint =
        chart.series.iter().any(dense).then(|| format!("faint: every value; strong: its mean over {share} {unit}"));
    let own = Some(chart.note.clone()).filter(|note| !note.is_empty());
    own.into_iter().chain(faint).chain(chart.notes()).collect()
}

fn draw_notes(notes: &[String], area: &Area<'_>) -> Result<()> {
    for (line, note) in notes.iter().enumerate() {
        let place = (EDGE, (8 + NOTE * line as i32) * UNIT);
        canvas::write(area, note, place, canvas::font(SMALL, palette::INK, HPos::Left))?;
    }
    Ok(())
}

/// Validation is drawn heavier: it has few points, and it is what a person looks for.
fn width(split: Split) -> u32 {
    if split == Split::Validation { 4 } else { 3 }
}
