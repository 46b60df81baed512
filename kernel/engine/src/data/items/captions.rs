//! Texts, with or without images: same-named `.txt` files, JSON lines, CSV, or one long text.
//!
//! Read [`CaptionOptions`] first, then [`Dataset::captions`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candlewick_plugin_api::nearest;
use serde_json::Value;

use super::folder::FolderOptions;
use super::recipe::Recipe;
use super::{Item, dataset, load, scan, tagged};
use crate::data::image::has_ending;
use crate::data::vocabulary::{Tokens, Vocabulary};
use crate::data::{Dataset, Frame};
use crate::{EngineError, Result};

/// Tokens of an input at most unless told otherwise.
const LONGEST: usize = 64;
/// Names of a table's columns: the caption, the image, the class.
const CAPTION: [&str; 2] = ["caption", "text"];
const IMAGE: [&str; 4] = ["image", "file_name", "file", "path"];
const CLASS: [&str; 2] = ["class", "label"];

/// Which part of an item a net is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// The caption's tokens, `[length]` of u32.
    #[default]
    Caption,
    /// The image, `[channels, height, width]`.
    Image,
}

/// What a net is to find out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The caption's last token, from those before it: classes are the vocabulary.
    #[default]
    Next,
    /// Which tokens of the vocabulary the caption has: a 1 for each, for the loss `bce_with_logits`.
    Words,
    /// The item's class.
    Class,
}

/// How captions are loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaptionOptions {
    /// What a net is given.
    pub input: Input,
    /// What it is to find out.
    pub target: Target,
    /// How captions are cut.
    pub tokens: Tokens,
    /// Tokens of an input; by default as many as the longest caption has, at most 64.
    pub length: Option<usize>,
    /// The most frequent so many tokens make the vocabulary; by default all.
    pub vocabulary: Option<usize>,
    /// How images are loaded; its `strict` holds for captions too.
    pub images: FolderOptions,
}

/// What was found: items with captions, what cannot be used, the names of classes.
#[derive(Default)]
struct Found {
    items: Vec<Item>,
    broken: Vec<String>,
    classes: Vec<String>,
}

impl Dataset {
    /// Captions, with or without images. A directory holds images and `.txt` files of the same names (first-level
    /// sub-directories are classes), a `.jsonl` or `.csv` file has a `caption` and may have an `image` (a path beside it)
    /// and a `class`. Transforms change caption and image before they become numbers; the vocabulary is that of the
    /// captions as they are in the files.
    ///
    /// # Errors
    /// Nothing that can be used, images or classes asked for that are not there; with `strict` also whatever is broken.
    pub fn captions(path: impl AsRef<Path>, options: &CaptionOptions) -> Result<Self> {
        let path = path.as_ref();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let found = match ending.as_str() {
            "jsonl" | "ndjson" => json_lines(path)?,
            "csv" => table(path)?,
            _ => directory(path)?,
        };
        build(path, found, options)
    }

    /// One long text, cut into pieces of `length` tokens and the one after them, a piece at every `stride` tokens: from
    /// the former the latter is to be found out. Its items are the pieces.
    ///
    /// # Errors
    /// A file that is no text, or shorter than one piece.
    pub fn text_file(path: impl AsRef<Path>, tokens: Tokens, length: usize, stride: usize) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| EngineError::file(path, error))?;
        let whole = tokens.cut(&text);
        if whole.len() <= length || length == 0 || stride == 0 {
            let message = format!("it has {} tokens; a piece takes {length} and one after them", whole.len());
            return Err(EngineError::Format { path: scan::shown(path), message });
        }
        let between = if tokens == Tokens::Words { " " } else { "" };
        let shown: Arc<str> = scan::shown(path).into();
        let item = |piece: &[String]| Item {
            path: Some(shown.clone()),
            caption: Some(piece.join(between).into()),
            ..Item::default()
        };
        let items = tagged(|| Ok(whole.windows(length + 1).step_by(stride).map(item).collect()))?;
        let options = CaptionOptions { tokens, length: Some(length), ..CaptionOptions::default() };
        build(path, Found { items, ..Found::default() }, &options)
    }
}

fn build(path: &Path, found: Found, options: &CaptionOptions) -> Result<Dataset> {
    let Found { items, mut broken, classes } = found;
    let takes_images = options.input == Input::Image || items.iter().any(|item| item.image.is_some());
    let size = takes_images.then(|| options.images.image_size()).transpose()?;
    let items = check(items, options, &mut broken);
    let items = tagged(|| load(items, size, options.images.memory, &mut broken))?;
    let texts = items.iter().filter_map(|item| item.caption.as_deref());
    let vocabulary = tagged(|| Ok(Vocabulary::of(options.tokens, texts, options.vocabulary)))?;
    let longest =
        items.iter().filter_map(|item| item.caption.as_deref()).map(|text| options.tokens.cut(text).len()).max();
    let length = options.length.unwrap_or_else(|| longest.unwrap_or(1).clamp(1, LONGEST)).max(1);
    let (input, target) = (options.input, options.target);
    let recipe = Recipe { image: size, vocabulary: Some(vocabulary), length, input, target };
    let classes = (!classes.is_empty() && target == Target::Class).then_some(classes);
    let data = tagged(|| dataset(path, (items, broken), recipe, classes, options.images.strict))?;
    if options.images.normalize && input == Input::Image { data.normalize().map(|(data, _)| data) } else { Ok(data) }
}

/// Leaves out what has not what was asked for, with its name.
fn check(items: Vec<Item>, options: &CaptionOptions, broken: &mut Vec<String>) -> Vec<Item> {
    let lacks = |item: &Item| match item {
        Item { image: None, .. } if options.input == Input::Image => Some("has no image, and images are the input"),
        Item { class: None, .. } if options.target == Target::Class => Some("has no class, and classes are the target"),
        _ => None,
    };
    let mut kept = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        match lacks(&item) {
            Some(why) => {
                let name = item.path.as_deref().map_or_else(|| format!("item {index}"), str::to_owned);
                broken.push(format!("{name}: {why}"));
            }
            None => kept.push(item),
        }
    }
    kept
}

fn directory(path: &Path) -> Result<Found> {
    let files = scan::files(path)?;
    let is_text = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "txt");
    let mut found = Found::default();
    for image in files.iter().filter(|file| has_ending(file)) {
        let text = image.with_extension("txt");
        match files.binary_search(&text) {
            Ok(_) => found.add_file(path, &text, Some(image.clone())),
            Err(_) => found.broken.push(format!("{}: has no caption {}", image.display(), text.display())),
        }
    }
    let has_image = |text: &PathBuf| files.iter().any(|file| has_ending(file) && file.with_extension("txt") == *text);
    for text in files.iter().filter(|file| is_text(file)).filter(|text| !has_image(text)) {
        found.add_file(path, text, None);
    }
    if found.items.is_empty() && found.broken.is_empty() {
        let message =
            "it has no .txt files; captions are .txt files beside the images of the same names, or a .jsonl or \
                       .csv file with a column `caption`"
                .to_owned();
        return Err(EngineError::Format { path: scan::shown(path), message });
    }
    found.number_classes();
    Ok(found)
}

fn json_lines(path: &Path) -> Result<Found> {
    let text = std::fs::read_to_string(path).map_err(|error| EngineError::file(path, error))?;
    let mut found = Found::default();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("{}:{}", path.display(), at + 1);
        match serde_json::from_str::<Value>(line) {
            Ok(fields) => {
                let field = |names: &[&str]| names.iter().find_map(|name| word(&fields[*name]));
                found.add_row(path, place, field(&CAPTION), field(&IMAGE), field(&CLASS));
            }
            Err(error) => found.broken.push(format!("{place}: {error}")),
        }
    }
    found.number_classes();
    Ok(found)
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn table(path: &Path) -> Result<Found> {
    let frame = Frame::read_csv(path)?;
    let names: Vec<String> = frame.columns().into_iter().map(|column| column.name).collect();
    let column = |wanted: &[&str]| -> Result<Vec<Option<String>>> {
        match names.iter().find(|name| wanted.contains(&name.as_str())) {
            Some(name) => frame.texts(name),
            None => Ok(vec![None; frame.height()]),
        }
    };
    if !names.iter().any(|name| CAPTION.contains(&name.as_str())) {
        let near = CAPTION.iter().find_map(|name| nearest(name, names.iter().map(String::as_str)));
        let near = near.map_or(String::new(), |near| format!(" (is it `{near}`?)"));
        let message = format!("it has no column `caption`{near}; it has {}", names.join(", "));
        return Err(EngineError::Format { path: scan::shown(path), message });
    }
    let (captions, images, classes) = (column(&CAPTION)?, column(&IMAGE)?, column(&CLASS)?);
    let mut found = Found::default();
    for (row, ((caption, image), class)) in captions.into_iter().zip(images).zip(classes).enumerate() {
        found.add_row(path, format!("{}: row {row}", path.display()), caption, image, class);
    }
    found.number_classes();
    Ok(found)
}

impl Found {
    fn add_file(&mut self, root: &Path, text: &Path, image: Option<PathBuf>) {
        let caption = match std::fs::read_to_string(text) {
            Ok(caption) => caption.trim().to_owned(),
            Err(error) => return self.broken.push(format!("{}: {error}", text.display())),
        };
        let path = image.as_deref().unwrap_or(text);
        let below = path.strip_prefix(root).unwrap_or(path);
        let class =
            below.parent().and_then(|parent| parent.iter().next()).map(|name| name.to_string_lossy().into_owned());
        let shown = scan::shown(path);
        self.add(Item { path: Some(shown.into()), image, caption: Some(caption.into()), ..Item::default() }, class);
    }

    fn add_row(
        &mut self,
        table: &Path,
        place: String,
        caption: Option<String>,
        image: Option<String>,
        class: Option<String>,
    ) {
        let Some(caption) = caption else { return self.broken.push(format!("{place}: has no caption")) };
        let image = image.map(|name| table.parent().unwrap_or(Path::new(".")).join(name));
        let path = image.as_deref().map_or(place, scan::shown);
        self.add(
            Item { path: Some(path.into()), image, caption: Some(caption.trim().into()), ..Item::default() },
            class,
        );
    }

    /// The class's number among those met so far; [`Found::number_classes`] brings them into the order of their names.
    fn add(&mut self, item: Item, class: Option<String>) {
        let number = |classes: &mut Vec<String>, class: String| {
            let known = classes.iter().position(|known| *known == class);
            known.unwrap_or_else(|| {
                classes.push(class);
                classes.len() - 1
            }) as u32
        };
        let class = class.map(|class| number(&mut self.classes, class));
        self.items.push(Item { class, ..item });
    }

    fn number_classes(&mut self) {
        let met = std::mem::take(&mut self.classes);
        self.classes.clone_from(&met);
        self.classes.sort();
        for item in &mut self.items {
            let place = |class: u32| self.classes.binary_search(&met[class as usize]).unwrap_or_default() as u32;
            item.class = item.class.map(place);
        }
    }
}
