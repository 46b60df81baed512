//! Memory of a process: what the operating system says beside what was counted, by category. It measures nothing itself.

use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor};

use crate::canvas::{self, Area, NORMAL, SMALL, UNIT};
use crate::text::{self, TextTable};
use crate::{Bundle, Result, number, palette};

/// Width of the drawing and of its bars, in CSS pixels.
const WIDTH: i32 = 660;
/// Where bars begin.
const LEFT: i32 = 90;
/// Length of the longest bar.
const LENGTH: i32 = 390;

/// Bytes of one category, such as `parameters`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryPart {
    /// Its name.
    pub name: String,
    /// Bytes now.
    pub bytes: u64,
    /// The most there were, where recorded.
    pub peak: Option<u64>,
}

/// Memory of a process.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Bytes resident, as the operating system counts them.
    pub resident: u64,
    /// The most that were resident, where the system says so.
    pub resident_peak: Option<u64>,
    /// Bytes counted by category.
    pub tracked: Vec<MemoryPart>,
    /// The most that were counted at one moment (the peaks of the categories need not coincide), where recorded.
    pub tracked_peak: Option<u64>,
    /// One line on what is beside it: the device's own memory, the compiler process; empty without either.
    pub beside: String,
}

impl Memory {
    /// Text and SVG.
    pub fn bundle(&self) -> Bundle {
        match self.svg() {
            Ok(svg) => Bundle::new(self.text()).svg(svg),
            Err(error) => Bundle::new(format!("{}\n({error})", self.text())),
        }
    }

    /// A table with bars.
    pub fn text(&self) -> String {
        let mut table = TextTable::new(&["memory", ">now", ">peak", ""]);
        let whole = self.largest();
        let mut row = |name: &str, bytes: u64, peak: Option<u64>| {
            let peak = peak.map_or("–".to_owned(), number::bytes);
            table.row(vec![name.to_owned(), number::bytes(bytes), peak, text::bar(bytes as f64 / whole as f64, 24)]);
        };
        row("process", self.resident, self.resident_peak);
        row("tracked", self.total(), self.tracked_peak);
        self.tracked.iter().for_each(|part| row(&format!("  {}", part.name), part.bytes, part.peak));
        let lines = [table.render(), self.beside.clone()];
        lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// Two bars on one scale: the process, with a mark at its peak, and what was tracked, by category.
    ///
    /// # Errors
    /// When the drawing library refuses.
    pub fn svg(&self) -> Result<String> {
        let legend = 78 + 18 * self.tracked.len().div_ceil(3) as i32;
        let height = legend as u32 + if self.beside.is_empty() { 0 } else { 18 };
        canvas::svg((WIDTH as u32, height), "memory of the process", "", |area| {
            let whole = [(palette::INK, self.resident)];
            self.draw_bar(area, 8, "process", self.resident_peak, &whole)?;
            let parts: Vec<_> =
                self.tracked.iter().enumerate().map(|(place, part)| (palette::series(place), part.bytes)).collect();
            self.draw_bar(area, 38, "tracked", self.tracked_peak, &parts)?;
            self.draw_legend(area, 78)?;
            canvas::write(
                area,
                &self.beside,
                (LEFT * UNIT, (legend + 4) * UNIT),
                canvas::font(SMALL, palette::INK, HPos::Left),
            )
        })
    }

    fn draw_bar(
        &self,
        area: &Area<'_>,
        top: i32,
        name: &str,
        peak: Option<u64>,
        parts: &[(RGBColor, u64)],
    ) -> Result<()> {
        let middle = (top + 11) * UNIT;
        canvas::write(area, name, ((LEFT - 10) * UNIT, middle), canvas::font(NORMAL, palette::INK, HPos::Right))?;
        canvas::fill(
            area,
            [(LEFT * UNIT, top * UNIT), ((LEFT + LENGTH) * UNIT, (top + 22) * UNIT)],
            palette::INK.mix(0.12),
        )?;
        let mut done = 0;
        for &(colour, bytes) in parts {
            let (from, to) = (self.place(done), self.place(done + bytes));
            canvas::fill(area, [(from, top * UNIT), (to, (top + 22) * UNIT)], colour)?;
            done += bytes;
        }
        if let Some(peak) = peak {
            let x = self.place(peak);
            canvas::line(area, vec![(x, (top - 3) * UNIT), (x, (top + 25) * UNIT)], palette::INK.stroke_width(3))?;
        }
        let peak = peak.map_or(String::new(), |peak| format!(" (peak {})", number::bytes(peak)));
        let place = ((LEFT + LENGTH + 8) * UNIT, middle);
        canvas::write(
            area,
            &format!("{}{peak}", number::bytes(done)),
            place,
            canvas::font(SMALL, palette::INK, HPos::Left),
        )
    }

    fn draw_legend(&self, area: &Area<'_>, top: i32) -> Result<()> {
        for (place, part) in self.tracked.iter().enumerate() {
            let (x, y) = (LEFT + (place % 3) as i32 * 180, top + (place / 3) as i32 * 18);
            canvas::fill(
                area,
                [(x * UNIT, (y - 5) * UNIT), ((x + 10) * UNIT, (y + 5) * UNIT)],
                palette::series(place),
            )?;
            let label = format!("{} {}", part.name, number::bytes(part.bytes));
            canvas::write(area, &label, ((x + 16) * UNIT, y * UNIT), canvas::font(SMALL, palette::INK, HPos::Left))?;
        }
        Ok(())
    }

    fn place(&self, bytes: u64) -> i32 {
        LEFT * UNIT + (bytes as f64 / self.largest() as f64 * f64::from(LENGTH * UNIT)).round() as i32
    }

    fn total(&self) -> u64 {
        self.tracked.iter().map(|part| part.bytes).sum()
    }

    /// The longest of all bars and peaks; at least 1, so that it divides.
    fn largest(&self) -> u64 {
        let peaks = [self.resident_peak, self.tracked_peak].into_iter().flatten();
        peaks.chain([self.resident, self.total(), 1]).max().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracked_bytes_stand_beside_resident_ones() {
        let part = |name: &str, bytes, peak| MemoryPart { name: name.into(), bytes, peak };
        let memory = Memory {
            resident: 64 << 20,
            resident_peak: Some(128 << 20),
            tracked: vec![part("parameters", 16 << 20, None), part("gradients", 16 << 20, Some(20 << 20))],
            tracked_peak: Some(36 << 20),
            ..Memory::default()
        };
        let expect = "memory           now     peak\n\
                      ───────────────────────────────────────────────────────\n\
                      process       64 MiB  128 MiB  ████████████░░░░░░░░░░░░\n\
                      tracked       32 MiB   36 MiB  ██████░░░░░░░░░░░░░░░░░░\n  \
                        parameters  16 MiB        –  ███░░░░░░░░░░░░░░░░░░░░░\n  \
                        gradients   16 MiB   20 MiB  ███░░░░░░░░░░░░░░░░░░░░░";
        assert_eq!(memory.text(), expect);
        assert!(Memory::default().svg().is_ok());
    }
}
