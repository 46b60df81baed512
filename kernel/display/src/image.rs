//! A picture: pixels in, PNG out. It must not know what it shows.
//!
//! A PNG inside the SVG is a hundredth of the size of a rectangle for each pixel.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use crate::canvas::UNIT;
use crate::{Column, DisplayError, Result};

/// Pixels in rows from above, each one grey byte or three bytes red, green, blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Text below the picture, may be empty.
    pub caption: String,
    width: usize,
    height: usize,
    channels: usize,
    pixels: Vec<u8>,
}

impl Image {
    /// A picture of grey pixels.
    ///
    /// # Errors
    /// When there are not `width` times `height` of them, or none.
    pub fn grey(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self> {
        Self::new(width, height, 1, pixels)
    }

    /// A picture of pixels with three bytes each.
    ///
    /// # Errors
    /// When there are not three times `width` times `height` bytes, or none.
    pub fn rgb(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self> {
        Self::new(width, height, 3, pixels)
    }

    /// A picture of values, `channels` (1 or 3) for each pixel. Values between 0 and 1 are scaled by 255, values between
    /// 0 and 255 are taken as they are, and others from lowest to highest; a value that is not finite is 0.
    ///
    /// # Errors
    /// When the number of values does not fit the size.
    pub fn of_values(width: usize, height: usize, channels: usize, values: &[f64]) -> Result<Self> {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let (from, range) = match (low, high) {
            _ if low >= 0.0 && high <= 1.0 => (0.0, 1.0),
            _ if low >= 0.0 && high <= 255.0 => (0.0, 255.0),
            _ => (low, high - low),
        };
        let byte = |value: &f64| ((value - from) / range * 255.0).round().clamp(0.0, 255.0) as u8;
        Self::new(width, height, channels, values.iter().map(byte).collect())
    }

    /// This picture with text below it.
    #[must_use]
    pub fn caption(mut self, text: impl Into<String>) -> Self {
        self.caption = text.into();
        self
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Whether pixels are grey.
    pub fn is_grey(&self) -> bool {
        self.channels == 1
    }

    /// The mean of its values, from 0 to 1.
    pub fn mean(&self) -> f64 {
        let sum: u64 = self.pixels.iter().map(|byte| u64::from(*byte)).sum();
        sum as f64 / (255.0 * self.pixels.len() as f64)
    }

    /// The picture as a PNG file (W3C PNG specification, third edition: 8 bits a channel, no filter).
    pub fn png(&self) -> Vec<u8> {
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut head = Vec::with_capacity(13);
        head.extend((self.width as u32).to_be_bytes());
        head.extend((self.height as u32).to_be_bytes());
        head.extend([8, if self.is_grey() { 0 } else { 2 }, 0, 0, 0]);
        chunk(&mut png, b"IHDR", &head);
        chunk(&mut png, b"IDAT", &self.compressed());
        chunk(&mut png, b"IEND", &[]);
        png
    }

    /// An SVG element that shows the picture at a place and in a size of CSS pixels, its pixels as sharp squares.
    pub(crate) fn element(&self, place: (i32, i32), size: (i32, i32)) -> String {
        format!(
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"{}\" style=\"image-rendering:pixelated\" \
             href=\"data:image/png;base64,{}\"/>\n",
            place.0 * UNIT,
            place.1 * UNIT,
            size.0 * UNIT,
            size.1 * UNIT,
            if self.caption.is_empty() { "none" } else { "xMidYMid" },
            STANDARD.encode(self.png())
        )
    }

    /// Each column of numbers is a column of pixels.
    pub(crate) fn of_columns(columns: &[Column]) -> Result<Self> {
        let numbers: Vec<&[f64]> = columns.iter().map(Column::as_numbers).collect();
        let height = numbers.first().map_or(0, |column| column.len());
        let values: Vec<f64> = (0..height).flat_map(|row| numbers.iter().map(move |column| column[row])).collect();
        Self::of_values(columns.len(), height, 1, &values)
    }

    fn new(width: usize, height: usize, channels: usize, pixels: Vec<u8>) -> Result<Self> {
        let needed = width.saturating_mul(height).saturating_mul(channels);
        if !matches!(channels, 1 | 3) || needed == 0 || needed != pixels.len() {
            let found = pixels.len();
            return Err(DisplayError::Input(format!(
                "an image needs a width and a height above 0 and 1 (grey) or 3 (RGB) channels; {width} × {height} with \
                 {channels} needs {needed} values, but {found} were given"
            )));
        }
        Ok(Self { caption: String::new(), width, height, channels, pixels })
    }

    fn compressed(&self) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        let mut rows = Vec::with_capacity(self.pixels.len() + self.height);
        for row in self.pixels.chunks(self.width * self.channels) {
            rows.push(0);
            rows.extend_from_slice(row);
        }
        // Writing into memory does not fail; were it to, the picture would be empty, not wrong.
        encoder.write_all(&rows).and_then(|()| encoder.finish()).unwrap_or_default()
    }
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend((data.len() as u32).to_be_bytes());
    png.extend(kind);
    png.extend(data);
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    png.extend(crc.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_bytes() {
        let cases: [(&[f64], [u8; 3]); 5] = [
            (&[0.0, 0.5, 1.0], [0, 128, 255]),
            (&[0.0, 16.0, 255.0], [0, 16, 255]),
            (&[-1.0, 0.0, 1.0], [0, 128, 255]),
            (&[f64::NAN, 0.0, 1.0], [0, 0, 255]),
            (&[-7.0, -7.0, -7.0], [0, 0, 0]),
        ];
        for (values, expect) in cases {
            assert_eq!(Image::of_values(3, 1, 1, values).unwrap().pixels, expect);
        }
        assert!(Image::of_values(2, 1, 1, &[0.0]).is_err());
        assert!(Image::of_values(0, 0, 1, &[]).is_err());
    }

    #[test]
    fn a_png_has_its_chunks() {
        let png = Image::grey(2, 1, vec![0, 255]).unwrap().png();
        // Size, 8 bits, grey, and the check sum of the header that other programs compute.
        assert_eq!(png[..33], *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x01\x08\0\0\0\0\xd1\x49\x20\x56");
        assert!(png.ends_with(b"\0\0\0\0IEND\xaeB`\x82"));
    }
}
