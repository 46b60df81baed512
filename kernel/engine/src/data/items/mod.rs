//! Items that become numbers only when a batch is made: images in files, captions, classes.
//!
//! Between an item and the numbers stand transforms; what they change goes through [`Example`]. Read [`Items`] first. Must
//! not know who transforms.

mod captions;
mod folder;
mod recipe;
mod scan;

pub use captions::{CaptionOptions, Input, Target};
pub use folder::FolderOptions;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;

use super::Dataset;
use super::image::{Size, decode_bytes, from_bytes};
use super::normalization::Normalization;
use super::vocabulary::Vocabulary;
use crate::memory::{Category, tag};
use crate::{EngineError, Result, interrupt};
use recipe::Recipe;

/// How many images are decoded at a time: enough for every core, little beside the memory that is allowed.
const CHUNK: usize = 64;
/// Bytes of decoded images that a dataset keeps unless told otherwise.
pub const MEMORY: u64 = 256_000_000;

/// One item, before it becomes numbers.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its number in the dataset it was loaded with, from 0; parts of the dataset keep it.
    pub index: usize,
    /// Its file, where it has one.
    pub path: Option<Arc<str>>,
    /// Its image, `[height, width, channels]` of f32 from 0 to 1, where the dataset has images.
    pub image: Option<Tensor>,
    /// Its caption, where the dataset has captions.
    pub caption: Option<Arc<str>>,
    class: Option<u32>,
}

/// An item as it was found.
#[derive(Clone, Debug, Default)]
struct Item {
    path: Option<Arc<str>>,
    image: Option<PathBuf>,
    caption: Option<Arc<str>>,
    class: Option<u32>,
    /// Decoded and resized, as long as the budget lasts; else the file is read at every use.
    kept: Option<Arc<[u8]>>,
}

/// What a dataset of items is made of; shared by its parts.
#[derive(Debug)]
pub(super) struct Items {
    items: Vec<Item>,
    recipe: Recipe,
    broken: Vec<String>,
}

/// Some of the items, in an order, as a dataset holds them.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    items: Arc<Items>,
    rows: Vec<u32>,
}

impl Chosen {
    /// The item of a row.
    pub fn example(&self, row: u32) -> Result<Example> {
        let out_of = || EngineError::Data(format!("there is no row {row}: rows run from 0 to {}", self.rows.len() - 1));
        self.items.example(*self.rows.get(row as usize).ok_or_else(out_of)? as usize)
    }

    /// These rows of the present ones.
    pub fn subset(&self, rows: &[u32]) -> Self {
        Self { items: self.items.clone(), rows: rows.iter().map(|row| self.rows[*row as usize]).collect() }
    }

    /// Inputs `[N, …]` and targets of examples, on the CPU; the inputs not yet normalized.
    pub fn assemble(&self, examples: &[Example]) -> Result<(Tensor, Tensor)> {
        let recipe = &self.items.recipe;
        Ok((recipe.inputs(examples)?, recipe.targets(examples)?))
    }

    /// Mean and deviation of each channel over all rows, for every place of an image.
    pub fn channel_moments(&self, name: &str) -> Result<Normalization> {
        let Some(size) = self.items.recipe.image_input() else {
            let message = format!("the inputs of {name} are token ids, not numbers to normalize");
            return Err(EngineError::Data(message));
        };
        let mut sums = vec![(0f64, 0f64); size.channels];
        for row in 0..self.rows.len() as u32 {
            stop_if_asked()?;
            let pixels = self
                .example(row)?
                .image
                .map_or_else(|| Ok(Vec::new()), |image| image.flatten_all()?.to_vec1::<f32>())?;
            for (at, value) in pixels.into_iter().enumerate() {
                let (sum, squares) = &mut sums[at % size.channels];
                *sum += f64::from(value);
                *squares += f64::from(value).powi(2);
            }
        }
        Ok(moments(&sums, (self.rows.len() * size.width * size.height) as f64, size))
    }

    /// The tokens, where captions are cut into them.
    pub fn vocabulary(&self) -> Option<&Vocabulary> {
        self.items.recipe.vocabulary.as_ref()
    }

    /// What could not be loaded: file and reason.
    pub fn broken(&self) -> &[String] {
        &self.items.broken
    }

    /// Bytes of decoded images that are kept.
    pub fn kept_bytes(&self) -> u64 {
        self.items.items.iter().filter_map(|item| item.kept.as_ref()).map(|kept| kept.len() as u64).sum()
    }
}

impl Items {
    fn example(&self, index: usize) -> Result<Example> {
        let item = &self.items[index];
        let image = match (&item.image, self.recipe.image) {
            (Some(path), Some(size)) => Some(match &item.kept {
                Some(kept) => from_bytes(kept, size)?,
                None => from_bytes(&decode_bytes(path, size)?, size)?,
            }),
            _ => None,
        };
        Ok(Example { index, path: item.path.clone(), image, caption: item.caption.clone(), class: item.class })
    }
}

/// Decodes every image once, so that broken files are known; keeps what the budget allows.
fn load(items: Vec<Item>, size: Option<Size>, memory: u64, broken: &mut Vec<String>) -> Result<Vec<Item>> {
    let Some(size) = size else { return Ok(items) };
    let each = (size.width * size.height * size.channels) as u64;
    let (mut loaded, mut left) = (Vec::with_capacity(items.len()), memory);
    for chunk in items.chunks(CHUNK) {
        stop_if_asked()?;
        let decode = |item: &Item| item.image.as_ref().map(|path| decode_bytes(path, size));
        let decoded: Vec<Option<Result<Vec<u8>>>> = chunk.par_iter().map(decode).collect();
        for (item, decoded) in chunk.iter().zip(decoded) {
            match decoded {
                Some(Err(error)) => broken.push(error.to_string()),
                // Copied, so that it is counted as data: it was decoded on a thread that counts otherwise.
                Some(Ok(bytes)) if each <= left => {
                    left -= each;
                    loaded.push(Item { kept: Some(bytes.as_slice().into()), ..item.clone() });
                }
                _ => loaded.push(item.clone()),
            }
        }
    }
    Ok(loaded)
}

/// A dataset of what was loaded; `strict` refuses what is broken.
fn dataset(
    path: &Path,
    (items, broken): (Vec<Item>, Vec<String>),
    recipe: Recipe,
    classes: Option<Vec<String>>,
    strict: bool,
) -> Result<Dataset> {
    if strict && !broken.is_empty() {
        return Err(EngineError::Data(listed(path, &broken)));
    }
    if items.is_empty() {
        let why =
            if broken.is_empty() { "it holds nothing that can be used".to_owned() } else { listed(path, &broken) };
        return Err(EngineError::Data(format!("{}: no example could be loaded: {why}", path.display())));
    }
    let name = path.file_stem().map_or_else(|| "items".to_owned(), |name| name.to_string_lossy().into_owned());
    let rows = (0..items.len() as u32).collect();
    let chosen = Chosen { items: Arc::new(Items { items, recipe, broken }), rows };
    let recipe = &chosen.items.recipe;
    let classes = recipe.classes().or(classes);
    // The targets as they are without transforms: small, and what a run asks for before it begins.
    let plain: Vec<Example> = chosen.items.items.iter().enumerate().map(|(index, item)| plain(index, item)).collect();
    let targets = recipe.targets(&plain)?;
    Dataset::of_items(name, chosen.clone(), recipe.input_shape(), recipe.input_dtype(), targets, classes)
}

fn plain(index: usize, item: &Item) -> Example {
    Example { index, path: item.path.clone(), image: None, caption: item.caption.clone(), class: item.class }
}

fn listed(path: &Path, broken: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown = broken.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("; ");
    let more = broken.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("; … and {more} more") } else { String::new() };
    format!("{}: {} of its files cannot be used: {shown}{more}", path.display(), broken.len())
}

/// Every place of a channel gets the channel's moments. A channel of one value stays as it is.
fn moments(sums: &[(f64, f64)], count: f64, size: Size) -> Normalization {
    let of = |(sum, squares): &(f64, f64)| {
        let mean = sum / count;
        let deviation = (squares / count - mean * mean).max(0.0).sqrt();
        if deviation < 1e-6 { (0.0, 1.0) } else { (mean as f32, deviation as f32) }
    };
    let places = size.width * size.height;
    let (mean, deviation) = sums.iter().flat_map(|sum| std::iter::repeat_n(of(sum), places)).unzip();
    Normalization { mean, deviation }
}

fn stop_if_asked() -> Result<()> {
    if interrupt::requested() { Err(EngineError::Interrupted) } else { Ok(()) }
}

/// A tensor of that shape whose numbers take no memory: it stands for inputs that are made when they are asked for.
pub(super) fn stand_in(rows: usize, shape: &[usize], dtype: DType, device: &Device) -> Result<Tensor> {
    let dims = [&[rows], shape].concat();
    Ok(Tensor::zeros(vec![1; dims.len()], dtype, device)?.broadcast_as(dims)?)
}

/// Tags what a dataset allocates.
fn tagged<T>(load: impl FnOnce() -> Result<T>) -> Result<T> {
    let _tag = tag(Category::Data);
    load()
}
