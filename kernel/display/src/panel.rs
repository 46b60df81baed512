//! One set of axes with its grid, title and labels, drawn by plotters. It must not know what is drawn between them.

use plotters::chart::{ChartBuilder, ChartContext, LabelAreaPosition};
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor, TRANSPARENT};

use crate::Result;
use crate::canvas::{self, Area, LARGE, SMALL, UNIT};
use crate::palette::{GRID_OPACITY, INK};
use crate::scale::Scale;

/// The plane between the axes: draw on it in the axes' values, as [`Scale::place`] gives them.
pub(crate) type Plane<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Scale, Scale>>;

/// Height in drawing units of the line that holds a panel's title.
const TITLE: i32 = 24 * UNIT;

/// What stands around the plane. Empty text takes no room.
pub(crate) struct Panel<'a> {
    pub title: &'a str,
    /// Coloured text at the right end of the title's line.
    pub marks: &'a [(String, RGBColor)],
    pub x: &'a Scale,
    pub y: &'a Scale,
    pub x_label: &'a str,
    pub y_label: &'a str,
    /// Lines across the plane at the ticks.
    pub grid: bool,
}

impl Panel<'_> {
    /// The axes on `area`, ready to be drawn on.
    pub fn on<'a, 'b>(&self, area: &'a Area<'b>) -> Result<Plane<'a, 'b>> {
        self.write_title(area)?;
        let below = 22 + if self.x_label.is_empty() { 0 } else { 16 };
        let beside = 14 + if self.y_label.is_empty() { 0 } else { 18 };
        let mut plane = ChartBuilder::on(area)
            .margin_top(if self.title.is_empty() && self.marks.is_empty() { 8 * UNIT } else { TITLE + 4 * UNIT })
            .margin_right(14.max(self.beyond()) * UNIT)
            .margin_left(4 * UNIT)
            .margin_bottom(4 * UNIT)
            .set_label_area_size(LabelAreaPosition::Left, self.label_width() + beside * UNIT)
            .set_label_area_size(LabelAreaPosition::Bottom, below * UNIT)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        self.draw_mesh(&mut plane)?;
        Ok(plane)
    }

    fn draw_mesh(&self, plane: &mut Plane<'_, '_>) -> Result<()> {
        let mut mesh = plane.configure_mesh();
        mesh.disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(if self.grid { GRID_OPACITY } else { 0.0 }).stroke_width(UNIT as u32))
            .axis_style(INK.mix(0.6).stroke_width(UNIT as u32))
            .label_style(canvas::font(SMALL, INK, HPos::Center))
            .axis_desc_style(canvas::font(SMALL, INK, HPos::Center))
            .set_all_tick_mark_size(4 * UNIT);
        if !self.x_label.is_empty() {
            mesh.x_desc(self.x_label);
        }
        if !self.y_label.is_empty() {
            mesh.y_desc(self.y_label);
        }
        Ok(mesh.draw()?)
    }

    fn write_title(&self, area: &Area<'_>) -> Result<()> {
        let middle = TITLE / 2;
        canvas::write(area, self.title, (14 * UNIT, middle), canvas::font(LARGE, INK, HPos::Left))?;
        let mut right = area.dim_in_pixel().0 as i32 - 14 * UNIT;
        for (text, colour) in self.marks.iter().rev() {
            canvas::write(area, text, (right, middle), canvas::font(SMALL, *colour, HPos::Right))?;
            right -= canvas::text_width(text, SMALL) + 8 * UNIT;
        }
        Ok(())
    }

    /// How far the label of a tick at the right end reaches beyond the plane.
    fn beyond(&self) -> i32 {
        (self.x.widest() as f64 * SMALL * 0.58 / 2.0).ceil() as i32 + 2
    }

    fn label_width(&self) -> i32 {
        (self.y.widest() as f64 * SMALL * 0.58 * f64::from(UNIT)).ceil() as i32
    }
}

/// plotters' own axes choose their ticks themselves; these stand where [`Scale`] says.
impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let part = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        limit.0 + (part * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        self.label(*value)
    }
}
