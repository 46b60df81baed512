//! Lines and scattered dots. It owns how many are drawn: a plot's size is bounded and what is left out is said.

use std::collections::BTreeSet;

use plotters::element::Circle;
use plotters::series::LineSeries;
use plotters::style::Color;

use super::{Column, Plot, PlotKind, Values, legend, x_scale};
use crate::canvas::{self, UNIT};
use crate::panel::{Panel, Plane};
use crate::scale::Scale;
use crate::{Result, decimate, number, palette};

/// Points or dots of all columns together, at most.
const MOST: usize = 3_000;
/// Paths the dots of a column are dealt out to.
const LAYERS: usize = 4;

/// A line or the dots of each y column over x.
pub(super) fn points(plot: &Plot, kind: PlotKind, x: Option<&Column>, y: &[Column]) -> Result<String> {
    let length = y.first().map_or(0, Column::len);
    let y_axis = Scale::fitting(y.iter().flat_map(|column| column.as_numbers().iter().copied()), plot.log_y);
    let x_axis = x_scale(x, length);
    let columns: Vec<Vec<(f64, f64)>> = y.iter().map(|column| places(x, column, (&x_axis, &y_axis))).collect();
    let lost = columns.iter().flatten().filter(|place| !finite(place)).count();
    let most = (MOST / columns.len()).max(2);
    canvas::svg_with(plot.size, plot.alt(), "", |area| {
        let (title, marks) = (titled(&plot.title, lost, plot.log_y), legend(y));
        let (x_label, y_label) = (plot.x_label.as_str(), plot.y_label.as_str());
        let panel = Panel { title: &title, marks: &marks, x: &x_axis, y: &y_axis, x_label, y_label, grid: true };
        let mut plane = panel.on(area)?;
        if kind == PlotKind::Scatter {
            return Ok(columns.iter().enumerate().map(|(place, column)| dots(&plane, column, place, most)).collect());
        }
        for (place, column) in columns.iter().enumerate() {
            draw_line(&mut plane, column, place, (&x_axis, most))?;
        }
        Ok(String::new())
    })
}

/// Where each row stands on both axes; NaN where it has no place.
fn places(x: Option<&Column>, y: &Column, axes: (&Scale, &Scale)) -> Vec<(f64, f64)> {
    let at = |row: usize| match x.map(|x| &x.values) {
        Some(Values::Numbers(values)) => values[row],
        _ => row as f64,
    };
    y.as_numbers().iter().enumerate().map(|(row, &value)| (axes.0.place(at(row)), axes.1.place(value))).collect()
}

fn finite(place: &(f64, f64)) -> bool {
    place.0.is_finite() && place.1.is_finite()
}

fn titled(title: &str, lost: usize, log: bool) -> String {
    let why = if log { "not finite or not above zero" } else { "not finite" };
    match (lost, title) {
        (0, title) => title.to_owned(),
        (lost, title) => format!("{title} ({} {why})", number::counted(lost as u64, "value")).trim_start().to_owned(),
    }
}

fn draw_line(
    plane: &mut Plane<'_, '_>,
    places: &[(f64, f64)],
    column: usize,
    (x, most): (&Scale, usize),
) -> Result<()> {
    let colour = palette::series(column);
    let pixels = plane.plotting_area().dim_in_pixel().0 as usize / UNIT as usize;
    let parts = decimate::unbroken(places, finite);
    let most = (most / parts.len().max(1)).max(2);
    for part in parts {
        let ordered = part.is_sorted_by(|one, next| one.0 <= next.0);
        let line = match ordered {
            true => decimate::decimate(&part, x.low, x.high, pixels.min(most / 2)),
            // A curve that goes back and forth: every n-th point.
            false => part.iter().copied().step_by(part.len().div_ceil(most)).collect(),
        };
        match line.as_slice() {
            [only] => plane.draw_series([Circle::new(*only, 3 * UNIT, colour.filled())]).map(drop)?,
            _ => plane.draw_series(LineSeries::new(line, colour.stroke_width(3))).map(drop)?,
        }
    }
    Ok(())
}

/// One column's dots: those on the same half pixel are drawn once, and of more than `most` every n-th is.
///
/// A dot is a line of no length with round ends, which takes a tenth of the bytes of a circle. Within one path dots that
/// lie over one another look like one, so they are dealt out to several: dense places then look dense.
fn dots(plane: &Plane<'_, '_>, places: &[(f64, f64)], column: usize, most: usize) -> String {
    let area = plane.plotting_area();
    let pixels = places.iter().filter(|place| finite(place)).map(|place| area.map_coordinate(place));
    let pixels: Vec<_> = pixels.collect::<BTreeSet<(i32, i32)>>().into_iter().collect();
    let diameter = if pixels.len() > 400 { 4 * UNIT } else { 6 * UNIT };
    let drawn: Vec<_> = pixels.iter().step_by(pixels.len().div_ceil(most).max(1)).collect();
    let path = |layer: usize| {
        let steps: String = drawn.iter().skip(layer).step_by(LAYERS).map(|(x, y)| format!("M{x} {y}h0")).collect();
        let colour = palette::hex(palette::series(column));
        format!(
            "<path d=\"{steps}\" stroke=\"{colour}\" stroke-width=\"{diameter}\" stroke-opacity=\"0.7\" fill=\"none\"/>\n"
        )
    };
    (0..LAYERS.min(drawn.len())).map(path).collect()
}
