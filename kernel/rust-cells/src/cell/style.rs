//! rustc's colours, and the lines of its reports that hold no source.
//!
//! Must not know diagnostics. Read [`header`] first.

/// Bold red: errors, and what a diagnostic is about.
pub(crate) const ERROR: &str = "\u{1b}[1m\u{1b}[91m";
/// Bold yellow: warnings.
pub(crate) const WARNING: &str = "\u{1b}[1m\u{1b}[93m";
/// Bold blue: line numbers, and what else there is to see.
pub(crate) const SIDE: &str = "\u{1b}[1m\u{1b}[94m";
/// Bold cyan: help.
pub(crate) const HELP: &str = "\u{1b}[1m\u{1b}[96m";
/// Bold green: notes, and what is to be added.
pub(crate) const NOTE: &str = "\u{1b}[1m\u{1b}[92m";
/// What is to be taken away.
pub(crate) const REMOVED: &str = "\u{1b}[91m";
/// What is to be added.
pub(crate) const ADDED: &str = "\u{1b}[92m";
/// Bold.
pub(crate) const BOLD: &str = "\u{1b}[1m";
/// The end of a colour.
pub(crate) const PLAIN: &str = "\u{1b}[0m";

/// A text in a colour; an empty one stays empty.
pub(crate) fn coloured(colour: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{colour}{text}{PLAIN}") }
}

/// The first line of a report, such as `error[E0308]: mismatched types`.
pub(crate) fn header(level: &str, code: Option<&str>, message: &str) -> String {
    let word = code.map_or_else(|| level.to_owned(), |code| format!("{level}[{code}]"));
    format!("{}{}", coloured(level_colour(level), &word), coloured(BOLD, &format!(": {message}")))
}

/// A line below the source, such as `  = note: …`; a message of several lines is indented. `width` is that of the line
/// numbers above.
pub(crate) fn footer(width: usize, level: &str, message: &str) -> Vec<String> {
    let margin = " ".repeat(width + 1);
    let indent = " ".repeat(width + 1 + 2 + level.len() + 2);
    let line = |(index, line): (usize, &str)| match index {
        0 => format!("{margin}{} {}: {line}", coloured(SIDE, "="), coloured(BOLD, level)),
        _ => format!("{indent}{line}"),
    };
    message.split('\n').enumerate().map(line).collect()
}

/// The colour of a level's name.
pub(crate) fn level_colour(level: &str) -> &'static str {
    match level {
        "warning" => WARNING,
        "note" => NOTE,
        "help" => HELP,
        _ => ERROR,
    }
}

/// A text without its colours.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain + rest
}

/// Paths that every Rust program knows by their last word.
const KNOWN: [&str; 16] = [
    "std::vec::Vec",
    "std::string::String",
    "std::option::Option",
    "std::result::Result",
    "std::boxed::Box",
    "std::clone::Clone",
    "std::marker::Copy",
    "std::marker::Send",
    "std::marker::Sync",
    "std::default::Default",
    "std::fmt::Display",
    "std::fmt::Debug",
    "std::iter::Iterator",
    "std::ops::Fn",
    "std::convert::From",
    "std::convert::Into",
];

/// A text for readers: known paths as one writes them, and what every cell imports without its path.
pub(crate) fn shown(text: &str) -> String {
    brief(text).replace("candlewick::prelude::", "").replace("candlewick::candle_", "candle_")
}

/// A text with known paths as one writes them: rustc is asked for whole paths, for the sake of types.
pub(crate) fn brief(text: &str) -> String {
    if !text.contains("std::") {
        return text.to_owned();
    }
    let short = |path: &str| path.rsplit("::").next().unwrap_or_default().to_owned();
    KNOWN.iter().fold(text.to_owned(), |text, path| text.replace(path, &short(path)))
}
