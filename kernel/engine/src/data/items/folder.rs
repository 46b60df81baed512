//! A directory of images, one sub-directory for each class.
//!
//! Read [`FolderOptions`] first.

use std::path::Path;

use super::captions::{Input, Target};
use super::recipe::Recipe;
use super::{Item, MEMORY, dataset, load, scan, tagged};
use crate::data::Dataset;
use crate::data::image::{Size, has_ending};
use crate::{EngineError, Result};

/// How images are loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct FolderOptions {
    /// Width and height that every image is brought to.
    pub size: (usize, usize),
    /// 3 (red, green, blue) or 1 (grey).
    pub channels: usize,
    /// Whether every channel is brought to zero mean and unit variance, after transforms; measured before them.
    pub normalize: bool,
    /// Bytes of decoded images to keep; the others are read again at every use.
    pub memory: u64,
    /// Whether a file that cannot be used is an error; else it is named and left out.
    pub strict: bool,
}

impl Default for FolderOptions {
    fn default() -> Self {
        Self { size: (32, 32), channels: 3, normalize: false, memory: MEMORY, strict: false }
    }
}

impl FolderOptions {
    pub(super) fn image_size(&self) -> Result<Size> {
        let (width, height) = self.size;
        const LARGEST: usize = 4096;
        if !(1..=LARGEST).contains(&width) || !(1..=LARGEST).contains(&height) || !matches!(self.channels, 1 | 3) {
            return Err(EngineError::Value(format!(
                "images are 1 to {LARGEST} pixels a side with 1 or 3 channels, but were asked for {width} × {height} with {}",
                self.channels
            )));
        }
        Ok(Size { width, height, channels: self.channels })
    }
}

impl Dataset {
    /// The PNG and JPEG files below a directory, each of the class whose sub-directory it is in: inputs `[N, channels,
    /// height, width]` from 0 to 1, targets `[N]`. Classes and files come in the order of their names.
    ///
    /// # Errors
    /// A directory without sub-directories or images; with `strict` also files that are no images.
    pub fn image_folder(path: impl AsRef<Path>, options: &FolderOptions) -> Result<Self> {
        let path = path.as_ref();
        let size = options.image_size()?;
        let (classes, items) = find(path)?;
        let mut broken = Vec::new();
        let items = tagged(|| load(items, Some(size), options.memory, &mut broken))?;
        let recipe =
            Recipe { image: Some(size), vocabulary: None, length: 0, input: Input::Image, target: Target::Class };
        let data = tagged(|| dataset(path, (items, broken), recipe, Some(classes), options.strict))?;
        if options.normalize { data.normalize().map(|(data, _)| data) } else { Ok(data) }
    }
}

fn find(path: &Path) -> Result<(Vec<String>, Vec<Item>)> {
    let (mut classes, mut items) = (Vec::new(), Vec::new());
    for directory in scan::directories(path)? {
        let images: Vec<_> = scan::files(&directory)?.into_iter().filter(|file| has_ending(file)).collect();
        if images.is_empty() {
            continue;
        }
        let class = Some(classes.len() as u32);
        classes.push(directory.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()));
        items.extend(images.into_iter().map(|image| Item {
            path: Some(scan::shown(&image).into()),
            image: Some(image),
            class,
            ..Item::default()
        }));
    }
    if classes.is_empty() {
        let message =
            "it has no sub-directories with png or jpeg files; put the images of each class into a directory of \
                       its own, or use captions(path) for images with texts"
                .to_owned();
        return Err(EngineError::Format { path: scan::shown(path), message });
    }
    Ok((classes, items))
}
