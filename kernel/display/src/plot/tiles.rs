//! Images beside and below one another, with their captions.

use plotters::style::text_anchor::HPos;

use super::Plot;
use crate::canvas::{self, LARGE, SMALL, UNIT};
use crate::text::cut;
use crate::{Image, Result, number, palette};

/// Images drawn, at most.
const MOST: usize = 64;
/// Width of all images together, in CSS pixels.
const WIDTH: i32 = 640;
/// Space between images.
const GAP: i32 = 10;

/// The images in rows, scaled so that they fit; pixels stay squares.
pub(super) fn tiles(plot: &Plot, images: &[Image]) -> Result<String> {
    let shown = &images[..images.len().min(MOST)];
    let columns = if shown.len() <= 4 { shown.len() } else { shown.len().clamp(5, 8) };
    let tile = tile(shown, columns);
    let caption = if shown.iter().any(|image| !image.caption.is_empty()) { 18 } else { 0 };
    let title = title(plot, images.len());
    let top = if title.is_empty() { GAP } else { 28 };
    let place = |index: usize| {
        let (row, column) = ((index / columns) as i32, (index % columns) as i32);
        (GAP + column * (tile.0 + GAP), top + row * (tile.1 + caption + GAP))
    };
    let under: String = shown.iter().enumerate().map(|(index, image)| image.element(place(index), tile)).collect();
    let (right, bottom) = (
        columns as i32 * (tile.0 + GAP) + GAP,
        place((shown.len() - 1) / columns * columns).1 + tile.1 + caption + GAP,
    );
    canvas::svg(
        (right.max(canvas::text_width(&title, LARGE) / UNIT + 30) as u32, bottom as u32),
        plot.alt(),
        &under,
        |area| {
            canvas::write(area, &title, (GAP * UNIT, 14 * UNIT), canvas::font(LARGE, palette::INK, HPos::Left))?;
            for (index, image) in shown.iter().enumerate() {
                let (x, y) = place(index);
                let text = cut(&image.caption, (tile.0 as usize / 6).max(3));
                let style = canvas::font(SMALL, palette::INK, HPos::Center);
                canvas::write(area, &text, ((x + tile.0 / 2) * UNIT, (y + tile.1 + 10) * UNIT), style)?;
            }
            Ok(())
        },
    )
}

/// A line for each image.
pub(super) fn text(images: &[Image]) -> String {
    let line = |image: &Image| {
        let colours = if image.is_grey() { "grey" } else { "RGB" };
        format!("image {} × {} {colours} {}", image.width(), image.height(), image.caption).trim_end().to_owned()
    };
    let lines: Vec<_> = images.iter().take(MOST).map(line).collect();
    let more = images.len().saturating_sub(MOST);
    if more == 0 {
        lines.join("\n")
    } else {
        format!("{}\n({} not shown)", lines.join("\n"), number::counted(more as u64, "image"))
    }
}

fn title(plot: &Plot, count: usize) -> String {
    let note = if count > MOST { format!(" (first {MOST} of {count} images)") } else { String::new() };
    format!("{}{note}", plot.title).trim_start().to_owned()
}

/// The size all images are drawn in: the largest that fits, a whole multiple of the pixels while that is no less than 1.
fn tile(images: &[Image], columns: usize) -> (i32, i32) {
    let widest = images.iter().map(Image::width).max().unwrap_or(1).max(1) as f64;
    let highest = images.iter().map(Image::height).max().unwrap_or(1).max(1) as f64;
    let room = f64::from((WIDTH - GAP) / columns as i32 - GAP).min(320.0);
    let factor = (room / widest).min(room / highest);
    let factor = if factor >= 1.0 { factor.floor() } else { factor };
    (((widest * factor).round() as i32).max(1), ((highest * factor).round() as i32).max(1))
}
