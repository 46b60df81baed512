//! How values look as the result of a cell.
//!
//! Must not know messages beyond [`Bundle`]. Read [`bundle`] first.

use candlewick_link::Bundle;
use rhai::{Array, Dynamic, FnPtr, ImmutableString, Map};

/// Longer arrays, maps and blobs are shown with their middle left out.
const ELEMENTS: usize = 100;
/// Deeper values are shown as `…`.
const DEPTH: usize = 8;
/// A value that is longer in one line is broken into several.
const WIDTH: usize = 100;

/// A value in the formats a notebook shows.
pub fn bundle(value: &Dynamic) -> Bundle {
    Bundle::text(text(value, 0))
}

/// A value as text, strings in quotes.
pub fn text(value: &Dynamic, depth: usize) -> String {
    if depth > DEPTH {
        return "…".to_owned();
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return format!("{:?}", text.as_str());
    }
    if let Some(array) = value.read_lock::<Array>() {
        return list("[", "]", array.len(), array.iter().map(|item| text(item, depth + 1)), depth);
    }
    if let Some(map) = value.read_lock::<Map>() {
        let items = map.iter().map(|(key, item)| format!("{}: {}", self::key(key), text(item, depth + 1)));
        return list("#{ ", " }", map.len(), items, depth);
    }
    if let Some(function) = value.read_lock::<FnPtr>() {
        return match function.fn_name() {
            name if name.starts_with("anon$") => "a closure".to_owned(),
            name => format!("the function {name}"),
        };
    }
    if let Ok(number) = value.as_float() {
        return format!("{number:?}");
    }
    if let Ok(character) = value.as_char() {
        return format!("{character:?}");
    }
    value.to_string()
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
