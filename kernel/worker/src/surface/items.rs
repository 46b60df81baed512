//! Datasets of images and captions in files.
//!
//! Must not know transforms. Read [`BUILTINS`] first.

use super::arguments::{Answer, Options, count_from, fault, shape, unknown};
use super::{Builtin, Kind};
use crate::problem::Fault;
use crate::session::Session;
use candlewick_engine::data::{CaptionOptions, Dataset, FolderOptions, Input, Target, Tokens};
use candlewick_link::StreamName;
use rhai::{Array, Engine, Map};

const DATASET: &str = "dataset";
const FOLDER: [&str; 5] = ["size", "channels", "normalize", "memory_mb", "strict"];
const CAPTIONS: [&str; 10] =
    ["input", "target", "tokens", "length", "vocabulary", "size", "channels", "normalize", "memory_mb", "strict"];
const TEXT: [&str; 3] = ["tokens", "length", "stride"];
/// Tokens of a piece of text unless told otherwise.
const LENGTH: usize = 32;
/// Broken files that are named one by one.
const NAMED: usize = 5;

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "image_folder",
        "image_folder(path) or image_folder(path, #{ size, channels, normalize, memory_mb, strict }) -> dataset",
        "png and jpeg files, each of the class whose sub-directory it is in; inputs [n, channels, height, width] from 0 to 1, made when a batch is (size 32, channels 3, decoded images kept up to memory_mb 256)",
        "let pets = image_folder(\"pets\", #{ size: 32, normalize: true });",
        |engine, session| {
            loader(engine, session, "image_folder", |path, options| {
                Dataset::image_folder(path, &folder("image_folder", options, &FOLDER)?).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "captions",
        "captions(path) or captions(path, #{ input, target, tokens, length, vocabulary, size, channels, normalize, memory_mb, strict }) -> dataset",
        "captions with or without images: a directory with .txt files beside images of the same names, a .jsonl or a .csv file; input \"caption\" or \"image\", target \"next\" (the last token), \"words\" or \"class\", tokens \"words\" or \"characters\"",
        "let tags = captions(\"photos\", #{ input: \"image\", target: \"words\", size: 16 });",
        |engine, session| {
            loader(engine, session, "captions", |path, options| {
                Dataset::captions(path, &captions(options)?).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "text_file",
        "text_file(path) or text_file(path, #{ tokens, length, stride }) -> dataset",
        "one long text in pieces: from length tokens (32) the one after them is to be found out; tokens \"characters\" or \"words\"; a piece every stride tokens (as many as a piece has)",
        "let text = text_file(\"novel.txt\", #{ length: 16, stride: 4 });",
        |engine, session| {
            loader(engine, session, "text_file", |path, given| {
                let options = Options::new("text_file", "option of text_file", given, &TEXT)?;
                let tokens = tokens("text_file", &options)?.unwrap_or(Tokens::Characters);
                let length = options.count("length")?.unwrap_or(LENGTH);
                let stride = options.count("stride")?.unwrap_or(length);
                Dataset::text_file(path, tokens, length, stride).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Property(DATASET),
        "vocabulary",
        "vocabulary -> array",
        "the tokens that captions are cut into, each at the place of its number; empty where there are no captions",
        "data.vocabulary",
        |engine, _| {
            engine.register_get("vocabulary", |data: &mut Dataset| -> Array {
                let names = data.vocabulary().map(|vocabulary| vocabulary.names()).unwrap_or_default();
                names.iter().map(|name| name.as_str().into()).collect()
            });
        },
    ),
    Builtin::new(
        Kind::Property(DATASET),
        "broken",
        "broken -> array",
        "what could not be loaded: file and reason",
        "data.broken",
        |engine, _| {
            engine.register_get("broken", |data: &mut Dataset| -> Array {
                data.broken().iter().map(|name| name.as_str().into()).collect()
            });
        },
    ),
];

/// A function of a path, with options or without, that says which files it could not load.
fn loader(
    engine: &mut Engine,
    session: &Session,
    name: &'static str,
    load: impl Fn(&str, &Map) -> Answer<Dataset> + Copy + 'static,
) {
    let (plain, with) = (session.clone(), session.clone());
    engine.register_fn(name, move |path: &str| told(&plain, load(path, &Map::new())?));
    engine.register_fn(name, move |path: &str, options: Map| told(&with, load(path, &options)?));
}

fn told(session: &Session, data: Dataset) -> Answer<Dataset> {
    let broken = data.broken();
    if !broken.is_empty() {
        let named: String = broken.iter().take(NAMED).map(|one| format!("  {one}\n")).collect();
        let more = broken.len().saturating_sub(NAMED);
        let more = if more > 0 { format!("  … {more} more, see .broken\n") } else { String::new() };
        let text = format!("{}: {} could not be used and are left out:\n{named}{more}", data.name(), broken.len());
        session.outbox.print(StreamName::Stderr, &text);
    }
    Ok(data)
}

fn folder(function: &'static str, given: &Map, known: &[&str]) -> Answer<FolderOptions> {
    let what = if function == "captions" { "option of captions" } else { "option of image_folder" };
    let options = Options::new(function, what, given, known)?;
    let mut read = FolderOptions::default();
    if let Some(value) = options.value("size") {
        read.size = match value.read_lock::<Array>() {
            None => count_from("option `size`", value, 1).map(|side| (side, side))?,
            Some(sides) => match shape("option `size`", &sides)?[..] {
                [width, height] => (width, height),
                _ => return Err(Fault::error("ValueError", "option `size` takes a number, or [width, height]")),
            },
        };
    }
    read.channels = options.count("channels")?.unwrap_or(read.channels);
    read.normalize = options.flag("normalize")?;
    read.strict = options.flag("strict")?;
    if let Some(megabytes) = options.count("memory_mb")? {
        read.memory = megabytes as u64 * 1_000_000;
    }
    Ok(read)
}

fn captions(given: &Map) -> Answer<CaptionOptions> {
    let images = folder("captions", given, &CAPTIONS)?;
    let options = Options::new("captions", "option of captions", given, &CAPTIONS)?;
    let input = match options.text("input")?.as_deref() {
        None | Some("caption") => Input::Caption,
        Some("image") => Input::Image,
        Some(other) => return Err(unknown("input of captions", other, ["caption", "image"])),
    };
    let target = match options.text("target")?.as_deref() {
        None if input == Input::Image => Target::Words,
        None | Some("next") => Target::Next,
        Some("words") => Target::Words,
        Some("class") => Target::Class,
        Some(other) => return Err(unknown("target of captions", other, ["next", "words", "class"])),
    };
    let tokens = tokens("captions", &options)?.unwrap_or_default();
    Ok(CaptionOptions {
        input,
        target,
        tokens,
        length: options.count("length")?,
        vocabulary: options.count("vocabulary")?,
        images,
    })
}

fn tokens(function: &str, options: &Options) -> Answer<Option<Tokens>> {
    match options.text("tokens")?.as_deref() {
        None => Ok(None),
        Some("words") => Ok(Some(Tokens::Words)),
        Some("characters") => Ok(Some(Tokens::Characters)),
        Some(other) => {
            let what = if function == "captions" { "tokens of captions" } else { "tokens of text_file" };
            Err(unknown(what, other, ["words", "characters"]))
        }
    }
}
