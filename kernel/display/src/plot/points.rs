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

/// A line or the dots of each y column over x.
pub(super) fn points(plot: &Plot, kind: PlotKind, x: Option<&Column>, y: &[Column]) -> Result<String> {
    let length = y.first().map_or(0, Column::len);
    let y_axis = Scale::fitting(y.iter().flat_map(|column| column.as_numbers().iter().copied()), plot.log_y);
    let x_axis = x_scale(x, length);
    let columns: Vec<Vec<(f64, f64)>> = y.iter().map(|column| places(x, column, (&x_axis, &y_axis))).collect();
    let lost = columns.iter().flatten().filter(|place| !finite(place)).count();
    canvas::svg(plot.size, plot.alt(), "", |area| {
        let title = titled(&plot.title, lost, plot.log_y);
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
        let mut plane = panel.on(area)?;
        for (place, column) in columns.iter().enumerate() {
            let most = (MOST / columns.len()).max(2);
            match kind {
                PlotKind::Scatter => draw_dots(&mut plane, column, place, most)?,
                _ => draw_line(&mut plane, column, place, (&x_axis, most))?,
            }
        }
        Ok(())
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
    let parts: Vec<_> = places.split(|place| !finite(place)).filter(|part| !part.is_empty()).collect();
    let most = (most / parts.len().max(1)).max(2);
    for part in parts.into_iter().take(MOST) {
        let ordered = part.is_sorted_by(|one, next| one.0 <= next.0);
        let line = match ordered {
            true => decimate::decimate(part, x.low, x.high, pixels.min(most / 2)),
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

/// Dots that fall on the same half pixel are drawn once; of more than `most` every n-th is.
fn draw_dots(plane: &mut Plane<'_, '_>, places: &[(f64, f64)], column: usize, most: usize) -> Result<()> {
    let style = palette::series(column).mix(0.75).filled();
    let area = plane.plotting_area();
    let pixels: BTreeSet<(i32, i32)> =
        places.iter().filter(|place| finite(place)).map(|place| area.map_coordinate(place)).collect();
    let radius = if pixels.len() > 400 { 2 * UNIT } else { 3 * UNIT };
    let area = area.strip_coord_spec();
    let (left, top) = area.get_base_pixel();
    for (x, y) in pixels.iter().step_by(pixels.len().div_ceil(most).max(1)) {
        area.draw(&Circle::new((x - left, y - top), radius, style))?;
    }
    Ok(())
}
