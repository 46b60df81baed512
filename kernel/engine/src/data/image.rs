//! Images as tensors `[height, width, channels]` of f32 from 0 to 1: from files and to them, and whole-image operations.
//!
//! Must not know datasets. Read [`read`] first. Operations give new images; those that change colours keep values in 0..1.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageBuffer, ImageReader, Luma, Rgb};

use crate::{EngineError, Result};

/// The endings of the files that can be read.
pub const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// Width, height and channels in which a dataset holds its images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
}

/// A PNG or JPEG file as an image: one channel where it is grey, else three. Transparency is left out.
///
/// # Errors
/// A file that cannot be read or is no image, with its path.
pub fn read(path: impl AsRef<Path>) -> Result<Tensor> {
    let decoded = decode(path.as_ref())?;
    let (width, height) = (decoded.width() as usize, decoded.height() as usize);
    let grey = !decoded.color().has_color();
    let bytes = if grey { decoded.into_luma8().into_raw() } else { decoded.into_rgb8().into_raw() };
    from_bytes(&bytes, Size { width, height, channels: if grey { 1 } else { 3 } })
}

/// Writes an image to a PNG or JPEG file, by the ending of its name, 8 bits a channel.
///
/// # Errors
/// A tensor that is no image, another ending, a file that cannot be written.
pub fn write(image: &Tensor, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let (pixels, size) = pixels(image)?;
    let bytes: Vec<u8> = pixels.iter().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    if !has_ending(path) {
        let message = format!("an image is written as one of {}, by the ending of its name", ENDINGS.join(", "));
        return Err(EngineError::Format { path: path.display().to_string(), message });
    }
    let colour = if size.channels == 1 { image::ExtendedColorType::L8 } else { image::ExtendedColorType::Rgb8 };
    let written = image::save_buffer(path, &bytes, size.width as u32, size.height as u32, colour);
    written.map_err(|error| unusable(path, error))
}

/// Whether a file's name ends as an image's does.
pub(super) fn has_ending(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// A file's pixels in the size and channels asked for, as bytes.
pub(super) fn decode_bytes(path: &Path, size: Size) -> Result<Vec<u8>> {
    let decoded = decode(path)?;
    let (width, height) = (size.width as u32, size.height as u32);
    let same = (decoded.width(), decoded.height()) == (width, height);
    Ok(if size.channels == 1 {
        let grey = decoded.into_luma8();
        if same { grey.into_raw() } else { imageops::resize(&grey, width, height, FilterType::Triangle).into_raw() }
    } else {
        let colours = decoded.into_rgb8();
        if same {
            colours.into_raw()
        } else {
            imageops::resize(&colours, width, height, FilterType::Triangle).into_raw()
        }
    })
}

/// Bytes as an image.
pub(super) fn from_bytes(bytes: &[u8], size: Size) -> Result<Tensor> {
    let values: Vec<f32> = bytes.iter().map(|byte| f32::from(*byte) / 255.0).collect();
    Ok(Tensor::from_vec(values, (size.height, size.width, size.channels), &Device::Cpu)?)
}

/// The image in that size and with that many channels: what it is already stays as it is.
pub(super) fn fit(image: &Tensor, size: Size) -> Result<Tensor> {
    let (height, width, channels) = image.dims3()?;
    let resized = if (width, height) == (size.width, size.height) {
        image.clone()
    } else {
        resize(image, size.width, size.height)?
    };
    match (channels, size.channels) {
        (1, 3) => Ok(Tensor::cat(&[&resized, &resized, &resized], 2)?),
        (3, 1) => single(&resized),
        _ => Ok(resized),
    }
}

/// The part of that width and height whose upper left corner is at column `x`, row `y`.
///
/// # Errors
/// A part that is not inside the image.
pub fn crop(image: &Tensor, x: usize, y: usize, width: usize, height: usize) -> Result<Tensor> {
    let (rows, columns, _) = dims(image)?;
    if width == 0 || height == 0 || x + width > columns || y + height > rows {
        return Err(EngineError::Value(format!(
            "a part of {width} × {height} at column {x}, row {y} is not inside an image of {columns} × {rows}"
        )));
    }
    Ok(image.narrow(0, y, height)?.narrow(1, x, width)?.contiguous()?)
}

/// The image in another size, by linear interpolation (a triangle filter, which averages when it gets smaller).
///
/// # Errors
/// A size of 0, or a tensor that is no image.
pub fn resize(image: &Tensor, width: usize, height: usize) -> Result<Tensor> {
    const LARGEST: usize = 1 << 14;
    if !(1..=LARGEST).contains(&width) || !(1..=LARGEST).contains(&height) {
        let message =
            format!("an image is resized to 1 to {LARGEST} pixels a side, but was asked for {width} × {height}");
        return Err(EngineError::Value(message));
    }
    let (pixels, size) = pixels(image)?;
    let (from, to) = ((size.width as u32, size.height as u32), (width as u32, height as u32));
    let filter = FilterType::Triangle;
    let resized = if size.channels == 1 {
        let buffer: Option<ImageBuffer<Luma<f32>, _>> = ImageBuffer::from_raw(from.0, from.1, pixels);
        buffer.map(|buffer| imageops::resize(&buffer, to.0, to.1, filter).into_raw())
    } else {
        let buffer: Option<ImageBuffer<Rgb<f32>, _>> = ImageBuffer::from_raw(from.0, from.1, pixels);
        buffer.map(|buffer| imageops::resize(&buffer, to.0, to.1, filter).into_raw())
    };
    let resized = resized.ok_or_else(|| EngineError::Value("the image's pixels do not fit its size".into()))?;
    Ok(Tensor::from_vec(resized, (height, width, size.channels), &Device::Cpu)?)
}

/// Left and right changed about.
///
/// # Errors
/// A tensor that is no image.
pub fn flip_horizontal(image: &Tensor) -> Result<Tensor> {
    moved(image, |(height, width), (row, column)| ((height, width), (row, width - 1 - column)))
}

/// Above and below changed about.
///
/// # Errors
/// A tensor that is no image.
pub fn flip_vertical(image: &Tensor) -> Result<Tensor> {
    moved(image, |(height, width), (row, column)| ((height, width), (height - 1 - row, column)))
}

/// Turned clockwise by a quarter so many times; a negative number turns the other way.
///
/// # Errors
/// A tensor that is no image.
pub fn rotate90(image: &Tensor, quarters: i64) -> Result<Tensor> {
    match quarters.rem_euclid(4) {
        0 => dims(image).map(|_| image.clone()),
        1 => moved(image, |(height, width), (row, column)| ((width, height), (column, height - 1 - row))),
        2 => moved(image, |(height, width), (row, column)| ((height, width), (height - 1 - row, width - 1 - column))),
        _ => moved(image, |(height, width), (row, column)| ((width, height), (width - 1 - column, row))),
    }
}

/// Every value times a factor.
///
/// # Errors
/// A tensor that is no image.
pub fn brightness(image: &Tensor, factor: f64) -> Result<Tensor> {
    dims(image)?;
    Ok(image.affine(factor, 0.0)?.clamp(0f32, 1f32)?)
}

/// Every value's distance from the image's mean times a factor.
///
/// # Errors
/// A tensor that is no image.
pub fn contrast(image: &Tensor, factor: f64) -> Result<Tensor> {
    dims(image)?;
    let mean = f64::from(image.mean_all()?.to_scalar::<f32>()?);
    Ok(image.affine(factor, mean * (1.0 - factor))?.clamp(0f32, 1f32)?)
}

/// Without colours: every channel is the brightness (ITU-R BT.601 weights); as many channels as before.
///
/// # Errors
/// A tensor that is no image.
pub fn grayscale(image: &Tensor) -> Result<Tensor> {
    match dims(image)? {
        (.., 1) => Ok(image.clone()),
        _ => {
            let grey = single(image)?;
            Ok(Tensor::cat(&[&grey, &grey, &grey], 2)?)
        }
    }
}

fn single(image: &Tensor) -> Result<Tensor> {
    let weights = Tensor::new(&[0.299f32, 0.587, 0.114], image.device())?;
    Ok(image.broadcast_mul(&weights)?.sum_keepdim(2)?)
}

/// Height, width, channels.
fn dims(image: &Tensor) -> Result<(usize, usize, usize)> {
    match (image.dims(), image.dtype()) {
        (&[height, width, channels @ (1 | 3)], DType::F32) if height > 0 && width > 0 => Ok((height, width, channels)),
        (found, dtype) => Err(EngineError::Value(format!(
            "an image is a tensor [height, width, channels] of f32 with 1 or 3 channels; found {found:?} of {}",
            dtype.as_str()
        ))),
    }
}

fn pixels(image: &Tensor) -> Result<(Vec<f32>, Size)> {
    let (height, width, channels) = dims(image)?;
    Ok((image.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?, Size { width, height, channels }))
}

type Place = (usize, usize);

/// Every pixel at another place: `to` gives the size of the new image and where the pixel at a row and column goes.
fn moved(image: &Tensor, to: impl Fn(Place, Place) -> (Place, Place)) -> Result<Tensor> {
    let (old, Size { width, height, channels }) = pixels(image)?;
    let mut new = vec![0f32; old.len()];
    let (size, _) = to((height, width), (0, 0));
    for (at, pixel) in old.chunks_exact(channels).enumerate() {
        let (_, (row, column)) = to((height, width), (at / width, at % width));
        let start = (row * size.1 + column) * channels;
        new[start..start + channels].copy_from_slice(pixel);
    }
    Ok(Tensor::from_vec(new, (size.0, size.1, channels), &Device::Cpu)?)
}

fn decode(path: &Path) -> Result<DynamicImage> {
    let reader = ImageReader::open(path).map_err(|error| EngineError::file(path, error))?;
    let reader = reader.with_guessed_format().map_err(|error| EngineError::file(path, error))?;
    reader.decode().map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: image::ImageError) -> EngineError {
    match error {
        image::ImageError::IoError(source) => EngineError::file(path, source),
        other => EngineError::Format { path: path.display().to_string(), message: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One channel, its values in tenths, row by row.
    fn grey(rows: &[&[u8]]) -> Tensor {
        let values: Vec<f32> = rows.iter().flat_map(|row| row.iter().map(|tenths| f32::from(*tenths) / 10.0)).collect();
        Tensor::from_vec(values, (rows.len(), rows[0].len(), 1), &Device::Cpu).unwrap()
    }

    fn check(changed: Result<Tensor>, expect: &[&[u8]]) {
        let (changed, expect) = (changed.unwrap(), grey(expect));
        assert_eq!(changed.dims(), expect.dims());
        let tenths = |image: &Tensor| {
            let values = image.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            values.iter().map(|value| (value * 10.0).round() as i32).collect::<Vec<_>>()
        };
        assert_eq!(tenths(&changed), tenths(&expect));
    }

    #[test]
    fn pixels_go_where_they_should() {
        let image = grey(&[&[1, 2, 3], &[4, 5, 6]]);
        check(crop(&image, 1, 0, 2, 2), &[&[2, 3], &[5, 6]]);
        check(flip_horizontal(&image), &[&[3, 2, 1], &[6, 5, 4]]);
        check(flip_vertical(&image), &[&[4, 5, 6], &[1, 2, 3]]);
        check(rotate90(&image, 1), &[&[4, 1], &[5, 2], &[6, 3]]);
        check(rotate90(&image, 2), &[&[6, 5, 4], &[3, 2, 1]]);
        check(rotate90(&image, -1), &[&[3, 6], &[2, 5], &[1, 4]]);
        check(rotate90(&image, 4), &[&[1, 2, 3], &[4, 5, 6]]);
        check(brightness(&image, 2.0), &[&[2, 4, 6], &[8, 10, 10]]);
        check(contrast(&grey(&[&[2, 4]]), 2.0), &[&[1, 5]]);
        check(resize(&grey(&[&[2, 2], &[4, 4]]), 1, 1), &[&[3]]);
        check(resize(&grey(&[&[5]]), 2, 2), &[&[5, 5], &[5, 5]]);
    }

    #[test]
    fn colours_become_grey_and_grey_becomes_colours() {
        let red = Tensor::new(&[[[1f32, 0.0, 0.0]]], &Device::Cpu).unwrap();
        assert_eq!(grayscale(&red).unwrap().to_vec3::<f32>().unwrap(), [[[0.299, 0.299, 0.299]]]);
        let size = |channels| Size { width: 1, height: 1, channels };
        assert_eq!(fit(&red, size(1)).unwrap().dims(), [1, 1, 1]);
        assert_eq!(fit(&grey(&[&[5]]), size(3)).unwrap().to_vec3::<f32>().unwrap(), [[[0.5, 0.5, 0.5]]]);
        check(fit(&grey(&[&[5, 5]]), size(1)), &[&[5]]);
    }

    #[test]
    fn files_come_back_and_broken_ones_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        write(&grey(&[&[0, 10], &[10, 0]]), &path).unwrap();
        check(read(&path), &[&[0, 10], &[10, 0]]);
        assert!(write(&grey(&[&[0]]), folder.path().join("a.gif")).unwrap_err().to_string().contains("png, jpg, jpeg"));
        std::fs::write(&path, b"\x89PNG\r\n\x1a\nbroken").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("a.png: "));
        assert!(read(folder.path().join("none.png")).unwrap_err().to_string().contains("none.png"));
    }

    #[test]
    fn what_is_no_image_is_refused() {
        let image = grey(&[&[1, 2]]);
        assert!(crop(&image, 1, 0, 2, 1).unwrap_err().to_string().contains("not inside an image of 2 × 1"));
        assert!(resize(&image, 0, 4).is_err());
        let flat = Tensor::zeros((4, 4), DType::F32, &Device::Cpu).unwrap();
        assert!(brightness(&flat, 1.0).unwrap_err().to_string().contains("found [4, 4] of f32"));
    }
}
