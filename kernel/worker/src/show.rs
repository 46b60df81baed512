//! How values look as the result of a cell.
//!
//! Must not know messages beyond [`Bundle`]. Read [`Shows`] first.

use crate::rust;
use candlewick_display as display;
use candlewick_link::Bundle;
use rhai::{Array, Blob, Dynamic, FnPtr, ImmutableString, Map};
use std::any::{Any, TypeId};
use std::collections::HashMap;

/// Longer arrays, maps and blobs are shown with their middle left out.
const ELEMENTS: usize = 100;
/// Deeper values are shown as `…`.
const DEPTH: usize = 8;
/// A value that is longer in one line is broken into several.
const WIDTH: usize = 100;

/// A type of the surface that has a look of its own.
pub trait Show {
    /// Text, and what else it can be shown as.
    fn bundle(&self) -> display::Bundle;
}

/// The types that have a look of their own.
#[derive(Default)]
pub struct Shows(HashMap<TypeId, fn(&Dynamic) -> Option<display::Bundle>>);

impl Shows {
    /// Values of this type show themselves.
    pub fn add<T: Show + Any + Clone>(&mut self) {
        self.0.insert(TypeId::of::<T>(), |value| value.read_lock::<T>().map(|shown| shown.bundle()));
    }

    /// A value in the formats a notebook shows.
    pub fn bundle(&self, value: &Dynamic) -> Bundle {
        match self.own(value) {
            Some(bundle) => linked(bundle),
            None => Bundle::text(self.text(value)),
        }
    }

    /// A value in the formats of the display.
    pub fn look(&self, value: &Dynamic) -> display::Bundle {
        self.own(value).unwrap_or_else(|| display::Bundle::new(self.text(value)))
    }

    /// A value as text, strings in quotes.
    pub fn text(&self, value: &Dynamic) -> String {
        text(self, value, 0)
    }

    fn own(&self, value: &Dynamic) -> Option<display::Bundle> {
        self.0.get(&value.type_id()).and_then(|show| show(value))
    }
}

/// The display's formats as a message carries them.
pub fn linked(bundle: display::Bundle) -> Bundle {
    bundle.into_iter().fold(Bundle::default(), |linked, (mime, data)| linked.with(&mime, data))
}

fn text(shows: &Shows, value: &Dynamic, depth: usize) -> String {
    if depth > DEPTH {
        return "…".to_owned();
    }
    if value.is_unit() {
        return "()".to_owned();
    }
    if let Some(bundle) = shows.own(value) {
        return bundle.text().to_owned();
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return format!("{:?}", text.as_str());
    }
    if let Some(array) = value.read_lock::<Array>() {
        return list("[", "]", array.len(), array.iter().map(|item| text(shows, item, depth + 1)), depth);
    }
    if let Some(map) = value.read_lock::<Map>() {
        let items = map.iter().map(|(key, item)| format!("{}: {}", self::key(key), text(shows, item, depth + 1)));
        return list("#{ ", " }", map.len(), items, depth);
    }
    if let Some(function) = value.read_lock::<FnPtr>() {
        return match function.fn_name() {
            name if name.starts_with("anon$") => "a closure".to_owned(),
            name => format!("the function {name}"),
        };
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        let items = bytes.iter().map(|byte| format!("{byte:02x}"));
        return list("blob[", "]", bytes.len(), items, depth);
    }
    if let Ok(number) = value.as_float() {
        return format!("{number:?}");
    }
    if let Ok(character) = value.as_char() {
        return format!("{character:?}");
    }
    match value.type_name() {
        // What Rust code of a cell has put there.
        name if name.contains("::") => format!("a value of type `{}`", rust::short_type_name(name)),
        _ => value.to_string(),
    }
}

fn key(name: &str) -> String {
    if rhai::is_valid_identifier(name) { name.to_owned() } else { format!("{name:?}") }
}

fn list(open: &str, close: &str, count: usize, items: impl Iterator<Item = String>, depth: usize) -> String {
    if count == 0 {
        return format!("{}{}", open.trim_end(), close.trim_start());
    }
    let shown = if count > ELEMENTS { ELEMENTS } else { count };
    let mut parts: Vec<String> = items.take(shown).collect();
    if count > shown {
        parts.push(format!("… {} more", count - shown));
    }
    let line = format!("{open}{}{close}", parts.join(", "));
    if line.chars().count() <= WIDTH && !line.contains('\n') {
        return line;
    }
    wrapped(open, close, &parts, depth)
}

/// Short items share lines, long ones get their own.
fn wrapped(open: &str, close: &str, parts: &[String], depth: usize) -> String {
    let indent = "  ".repeat(depth + 1);
    let mut lines = vec![String::new()];
    for (index, part) in parts.iter().enumerate() {
        let comma = if index + 1 < parts.len() { "," } else { "" };
        let last = lines.last().map_or(0, |line| line.chars().count());
        let fits = !part.contains('\n') && last + part.chars().count() + 2 <= WIDTH;
        match lines.last_mut() {
            Some(line) if line.is_empty() => *line = format!("{part}{comma}"),
            Some(line) if fits => line.push_str(&format!(" {part}{comma}")),
            _ => lines.push(format!("{part}{comma}")),
        }
    }
    let body = lines.join(&format!("\n{indent}"));
    format!("{}\n{indent}{body}\n{}{}", open.trim_end(), "  ".repeat(depth), close.trim_start())
}
