//! The surface everything is drawn on: an SVG made by plotters, in half pixels. It must not know what is drawn.
//!
//! plotters writes whole numbers only, so the drawing is made twice as large and its view box scales it back: lines are
//! placed to half a pixel. No font file is read (plotters is built without its font features and estimates widths);
//! the browser sets the text in its own sans-serif, so labels are anchored at the side where they must not move.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{PathElement, Rectangle, Text};
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle};

use crate::{Result, escape};

/// Drawing units in a CSS pixel.
pub(crate) const UNIT: i32 = 2;
/// Font sizes in CSS pixels: labels and notes, text, headings.
pub(crate) const SMALL: f64 = 11.0;
/// Size of text such as a legend.
pub(crate) const NORMAL: f64 = 12.0;
/// Size of a heading.
pub(crate) const LARGE: f64 = 12.5;

/// Part of the surface, in drawing units.
pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// An SVG of `width` by `height` CSS pixels, described to those who cannot see it by `alt`.
///
/// `under` is markup in drawing units that lies below everything `draw` draws. The SVG is at most as wide as its page.
pub(crate) fn svg(
    size: (u32, u32),
    alt: &str,
    under: &str,
    draw: impl FnOnce(&Area<'_>) -> Result<()>,
) -> Result<String> {
    svg_with(size, alt, under, |area| draw(area).map(|()| String::new()))
}

/// The same, with markup in drawing units, given by `draw`, above everything else.
pub(crate) fn svg_with(
    size: (u32, u32),
    alt: &str,
    under: &str,
    draw: impl FnOnce(&Area<'_>) -> Result<String>,
) -> Result<String> {
    let inner = (size.0 * UNIT as u32, size.1 * UNIT as u32);
    let mut drawn = String::new();
    let over = {
        let root = SVGBackend::with_string(&mut drawn, inner).into_drawing_area();
        let over = draw(&root)?;
        root.present()?;
        over
    };
    let body = drawn.split_once('\n').map_or("", |(_, body)| body).trim_end().trim_end_matches("</svg>");
    Ok(format!("{}{under}{}{over}</svg>\n", header(size, inner, alt), compact(body)))
}

/// Text at a place of `area` in drawing units; `place` is its left, middle or right end as `side` says, and its middle height.
pub(crate) fn write(area: &Area<'_>, text: &str, place: (i32, i32), style: TextStyle<'_>) -> Result<()> {
    if text.is_empty() { Ok(()) } else { Ok(area.draw(&Text::new(text.to_owned(), place, style))?) }
}

/// A line through places in drawing units.
pub(crate) fn line(area: &Area<'_>, places: Vec<(i32, i32)>, style: ShapeStyle) -> Result<()> {
    Ok(area.draw(&PathElement::new(places, style))?)
}

/// A filled rectangle between two corners in drawing units.
pub(crate) fn fill(area: &Area<'_>, corners: [(i32, i32); 2], colour: impl Color) -> Result<()> {
    Ok(area.draw(&Rectangle::new(corners, colour.filled()))?)
}

/// The style of text of `size` CSS pixels, placed by its `side` and the middle of its height.
pub(crate) fn font(size: f64, colour: RGBColor, side: HPos) -> TextStyle<'static> {
    // The backend divides sizes by 1.24.
    let units = (size * f64::from(UNIT) * 1.24 * 100.0).round() / 100.0;
    let desc = FontDesc::new(FontFamily::SansSerif, units, FontStyle::Normal);
    TextStyle { color: colour.to_backend_color(), ..TextStyle::from(desc) }.pos(Pos::new(side, VPos::Center))
}

/// The same, turned to be read from below to above.
pub(crate) fn upwards(size: f64, colour: RGBColor) -> TextStyle<'static> {
    let mut style = font(size, colour, HPos::Center);
    style.font = style.font.transform(FontTransform::Rotate270);
    style
}

/// Width in drawing units of `text` set in `size` CSS pixels: an estimate for sans-serif letters.
pub(crate) fn text_width(text: &str, size: f64) -> i32 {
    (crate::text::width(text) as f64 * size * 0.56 * f64::from(UNIT)).ceil() as i32
}

fn header(size: (u32, u32), inner: (u32, u32), alt: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" role=\"img\" \
         stroke-linejoin=\"round\" stroke-linecap=\"round\" font-family=\"sans-serif\" style=\"max-width:100%\">\n<title>{}</title>\n",
        size.0,
        size.1,
        inner.0,
        inner.1,
        escape(alt)
    )
}

/// The backend's markup without attributes that say what holds anyway.
fn compact(body: &str) -> String {
    body.replace(" opacity=\"1\"", "")
        .replace(" font-family=\"sans-serif\"", "")
        .replace(" stroke=\"none\"", "")
        .replace(" \"", "\"")
}
