//! A grid of coloured cells, with its values while they are few: confusion matrices, correlations, weights.

use plotters::style::text_anchor::HPos;

use super::{Grid, Plot};
use crate::canvas::{self, Area, LARGE, SMALL, UNIT};
use crate::text::{TextTable, cut};
use crate::{Image, Result, number, palette};

/// Cells whose values are written, at most. More are drawn as one image.
const WRITTEN: usize = 400;
/// Names along one side, at most.
const NAMES: usize = 30;

/// Places of the parts, in CSS pixels.
struct Layout {
    left: i32,
    top: i32,
    cell: (f64, f64),
    rows: usize,
    columns: usize,
}

/// The heat map of a grid.
pub(super) fn heatmap(plot: &Plot, grid: &Grid) -> Result<String> {
    let layout = Layout::of(plot, grid);
    let (right, bottom) = layout.corner(grid.rows.len(), grid.columns.len());
    let written = grid.values.len() <= WRITTEN;
    let below = 26 + if plot.x_label.is_empty() { 0 } else { 18 };
    let size = ((right + if written { 16 } else { 90 }).max(240) as u32, (bottom + below) as u32);
    let under = if written { String::new() } else { picture(grid, &layout)? };
    canvas::svg(size, plot.alt(), &under, |area| {
        canvas::write(area, &plot.title, (14 * UNIT, 14 * UNIT), canvas::font(LARGE, palette::INK, HPos::Left))?;
        if written {
            draw_cells(area, grid, &layout)?
        } else {
            draw_legend(area, grid, right, layout.top)?
        }
        draw_names(area, grid, &layout)?;
        let middle = |from: i32, to: i32| (from + to) / 2 * UNIT;
        let x = (middle(layout.left, right), (bottom + below - 10) * UNIT);
        canvas::write(area, &plot.x_label, x, canvas::font(SMALL, palette::INK, HPos::Center))?;
        canvas::write(
            area,
            &plot.y_label,
            (12 * UNIT, middle(layout.top, bottom)),
            canvas::upwards(SMALL, palette::INK),
        )
    })
}

/// The values as a table while they are few, else their range.
pub(super) fn text(grid: &Grid) -> String {
    let (low, high) = range(&grid.values);
    let facts = format!(
        "{} × {} values from {} to {}",
        grid.rows.len(),
        grid.columns.len(),
        number::significant(low, 4),
        number::significant(high, 4)
    );
    if grid.values.len() > WRITTEN || grid.columns.len() > 20 {
        return facts;
    }
    let head: Vec<String> =
        std::iter::once(String::new()).chain(grid.columns.iter().map(|name| cut(name, 16))).collect();
    let sides = (0..=grid.columns.len()).map(|place| place > 0).collect();
    let mut table = TextTable::aligned(head, sides);
    for (name, values) in grid.rows.iter().zip(grid.values.chunks(grid.columns.len().max(1))) {
        table.row(
            std::iter::once(cut(name, 16)).chain(values.iter().map(|&value| number::significant(value, 4))).collect(),
        );
    }
    format!("{}\n{facts}", table.render())
}

impl Layout {
    fn of(plot: &Plot, grid: &Grid) -> Self {
        let names = grid.rows.iter().map(|name| canvas::text_width(&cut(name, 16), SMALL) / UNIT).max().unwrap_or(0);
        let left = 16 + names + if plot.y_label.is_empty() { 0 } else { 18 };
        let top = if plot.title.is_empty() { 8 } else { 30 };
        let (rows, columns) = (grid.rows.len().max(1), grid.columns.len().max(1));
        let widest = if grid.values.len() <= WRITTEN { text_cell(grid).max(named_cell(grid)) } else { 0.0 };
        let width = (480.0 / columns as f64).min(56.0).max(widest);
        Self {
            left,
            top,
            cell: (width, (360.0 / rows as f64).min(36.0).max(if widest > 0.0 { 18.0 } else { 0.0 })),
            rows,
            columns,
        }
    }

    /// The upper left corner of a cell.
    fn corner(&self, row: usize, column: usize) -> (i32, i32) {
        let x = f64::from(self.left) + self.cell.0 * column as f64;
        (x.round() as i32, (f64::from(self.top) + self.cell.1 * row as f64).round() as i32)
    }

    /// The middle of a cell, in drawing units.
    fn middle(&self, row: usize, column: usize) -> (i32, i32) {
        let (from, to) = (self.corner(row, column), self.corner(row + 1, column + 1));
        ((from.0 + to.0) * UNIT / 2, (from.1 + to.1) * UNIT / 2)
    }
}

/// Pixels a cell needs for the longest name of a column, while all names fit into the width of a plot.
fn named_cell(grid: &Grid) -> f64 {
    let needed = f64::from(column_name(grid) + 8);
    if needed * grid.columns.len() as f64 <= 600.0 { needed } else { 0.0 }
}

/// Pixels of the longest name of a column.
fn column_name(grid: &Grid) -> i32 {
    grid.columns.iter().map(|name| canvas::text_width(&cut(name, 16), SMALL) / UNIT).max().unwrap_or(0)
}

/// Pixels a cell needs for the longest value.
fn text_cell(grid: &Grid) -> f64 {
    let widest = grid.values.iter().map(|&value| crate::text::width(&number::significant(value, 3))).max().unwrap_or(1);
    widest as f64 * SMALL * 0.58 + 6.0
}

fn draw_cells(area: &Area<'_>, grid: &Grid, layout: &Layout) -> Result<()> {
    let (low, high) = range(&grid.values);
    for (place, &value) in grid.values.iter().enumerate() {
        let (row, column) = (place / layout.columns, place % layout.columns);
        let (from, to) = (layout.corner(row, column), layout.corner(row + 1, column + 1));
        let colour = palette::ramp(part(value, low, high));
        canvas::fill(area, [(from.0 * UNIT, from.1 * UNIT), (to.0 * UNIT - 1, to.1 * UNIT - 1)], colour)?;
        let style = canvas::font(SMALL, palette::on(colour), HPos::Center);
        canvas::write(area, &number::significant(value, 3), layout.middle(row, column), style)?;
    }
    Ok(())
}

/// All cells as one image: rectangles of a large grid would be megabytes.
fn picture(grid: &Grid, layout: &Layout) -> Result<String> {
    let (low, high) = range(&grid.values);
    let pixels = grid
        .values
        .iter()
        .map(|&value| palette::ramp(part(value, low, high)))
        .flat_map(|colour| [colour.0, colour.1, colour.2]);
    let image = Image::rgb(layout.columns, layout.rows, pixels.collect())?;
    let (right, bottom) = layout.corner(layout.rows, layout.columns);
    Ok(image.element((layout.left, layout.top), (right - layout.left, bottom - layout.top)))
}

/// The colours from lowest to highest, beside the grid.
fn draw_legend(area: &Area<'_>, grid: &Grid, left: i32, top: i32) -> Result<()> {
    let (low, high) = range(&grid.values);
    for step in 0..32 {
        let y = top + step * 4;
        let colour = palette::ramp(1.0 - f64::from(step) / 31.0);
        canvas::fill(area, [((left + 12) * UNIT, y * UNIT), ((left + 24) * UNIT, (y + 4) * UNIT)], colour)?;
    }
    for (value, y) in [(high, top + 5), (low, top + 123)] {
        let style = canvas::font(SMALL, palette::INK, HPos::Left);
        canvas::write(area, &number::significant(value, 3), ((left + 30) * UNIT, y * UNIT), style)?;
    }
    Ok(())
}

fn draw_names(area: &Area<'_>, grid: &Grid, layout: &Layout) -> Result<()> {
    let left = (layout.left - 6) * UNIT;
    for row in (0..grid.rows.len()).step_by(every(grid.rows.len(), layout.cell.1, 14.0)) {
        let style = canvas::font(SMALL, palette::INK, HPos::Right);
        canvas::write(area, &cut(&grid.rows[row], 16), (left, layout.middle(row, 0).1), style)?;
    }
    let bottom = (layout.corner(layout.rows, 0).1 + 12) * UNIT;
    let widest = column_name(grid);
    for column in (0..grid.columns.len()).step_by(every(grid.columns.len(), layout.cell.0, f64::from(widest + 6))) {
        let style = canvas::font(SMALL, palette::INK, HPos::Center);
        canvas::write(area, &cut(&grid.columns[column], 16), (layout.middle(0, column).0, bottom), style)?;
    }
    Ok(())
}

/// Every how many names one is written (1, 2, 5, 10, 20 …), so that they do not touch.
fn every(count: usize, size: f64, needed: f64) -> usize {
    let least = ((needed / size).ceil() as usize).max(count.div_ceil(NAMES)).max(1);
    let power = 10_usize.pow(least.ilog10());
    [1, 2, 5, 10].into_iter().map(|factor| factor * power).find(|every| *every >= least).unwrap_or(least)
}

/// The lowest and highest finite value; 0 and 0 when there is none.
fn range(values: &[f64]) -> (f64, f64) {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    (finite().reduce(f64::min).unwrap_or(0.0), finite().reduce(f64::max).unwrap_or(0.0))
}

/// Where `value` lies between `low` and `high`, 0 to 1; the middle when they are equal.
fn part(value: f64, low: f64, high: f64) -> f64 {
    match value.is_finite() {
        false => f64::NAN,
        true if high > low => (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0),
        true => 0.5,
    }
}
