//! What evcxr's code and crates made for it print among a Rust cell's text: marks for evcxr, and blocks to be displayed.
//!
//! They are taken out in whatever pieces the text arrives; all else passes at once. Must not know where text comes from
//! or goes to. Read [`Marks`] first.

use candlewick_link::Bundle;
use serde_json::Value;

/// What every mark begins with.
const SIGN: &str = "EVCXR_";
/// Marks that are a whole line.
const LINES: [&str; 2] = ["EVCXR_PANIC_NOTIFICATION\n", "EVCXR_ERROR_OCCURRED\n"];
/// Marks that more follows on the line.
const CHANGED_TYPE: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";
const BEGIN: &str = "EVCXR_BEGIN_CONTENT ";
/// The line that ends a block.
const END: &str = "EVCXR_END_CONTENT";
/// A line longer than this is no mark.
const LONGEST: usize = 4 << 10;

/// The note of a panic that the cell's code has caught for evcxr.
pub const PANIC: &str = "EVCXR_PANIC_NOTIFICATION";
/// The note of a `?` that ended the cell.
pub const ERROR: &str = "EVCXR_ERROR_OCCURRED";

/// Takes marks out of one cell's text.
#[derive(Debug, Default)]
pub struct Marks {
    /// What may become a mark when more arrives; in a block, what of it is no whole line yet.
    held: String,
    block: Option<Block>,
    /// A block that has ended; one of another type that follows at once is part of the same display.
    shown: Option<Bundle>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Block {
    mime: String,
    content: String,
}

/// What a text is made of.
#[derive(Debug, PartialEq)]
pub enum Piece {
    /// Text to be printed.
    Text(String),
    /// Something to be shown.
    Display(Bundle),
}

/// What stands at a place where a mark may be.
enum Found {
    Note(usize),
    Block(String, usize),
    Plain,
    /// More must arrive before it can be told.
    Open,
}

impl Marks {
    /// Takes text that has arrived; what of it can be told from marks goes to `out`.
    pub fn take(&mut self, text: &str, out: &mut Vec<Piece>) {
        let mut rest = std::mem::take(&mut self.held) + text;
        loop {
            let taken = if self.block.is_some() { self.content(&rest) } else { self.outside(&rest, out) };
            match taken {
                Some(length) => drop(rest.drain(..length)),
                None => break,
            }
        }
        self.held = rest;
    }

    /// Before something else is sent: what waits for its other half goes out, unless it is very like a mark.
    pub fn release(&mut self, out: &mut Vec<Piece>) {
        self.show(out);
        if self.block.is_none() && !self.held.starts_with(SIGN) {
            Self::print(std::mem::take(&mut self.held), out);
        }
    }

    /// The text has ended: what is left goes out; the notes.
    pub fn end(&mut self, out: &mut Vec<Piece>) -> Vec<String> {
        self.show(out);
        if let Some(Block { mime, content }) = self.block.take() {
            Self::print(format!("{BEGIN}{mime}\n{content}"), out);
        }
        Self::print(std::mem::take(&mut self.held), out);
        std::mem::take(&mut self.notes)
    }

    /// Outside of blocks: how much was dealt with; none when more must arrive.
    fn outside(&mut self, rest: &str, out: &mut Vec<Piece>) -> Option<usize> {
        let plain = rest.find(SIGN).unwrap_or_else(|| rest.len() - begun(rest));
        if plain > 0 {
            self.show(out);
            Self::print(rest[..plain].to_owned(), out);
            return Some(plain);
        }
        match found(rest) {
            Found::Open => None,
            Found::Plain => {
                self.show(out);
                Self::print(SIGN.to_owned(), out);
                Some(SIGN.len())
            }
            Found::Note(end) => {
                self.notes.push(rest[..end].trim_end().to_owned());
                Some(end)
            }
            Found::Block(mime, end) => {
                if self.shown.as_ref().is_some_and(|shown| shown.data.contains_key(&mime)) {
                    self.show(out);
                }
                self.block = Some(Block { mime, content: String::new() });
                Some(end)
            }
        }
    }

    /// Inside a block, a line at a time: how much was dealt with; none when more must arrive.
    fn content(&mut self, rest: &str) -> Option<usize> {
        let end = rest.find('\n')?;
        match &rest[..end] {
            END => self.close(),
            // The code that was to end the block has panicked.
            PANIC => {
                self.notes.push(PANIC.to_owned());
                self.close();
            }
            line => {
                let block = self.block.as_mut()?;
                block.content.push_str(line);
                block.content.push('\n');
            }
        }
        Some(end + 1)
    }

    fn close(&mut self) {
        let Some(Block { mime, content }) = self.block.take() else { return };
        let content = content.strip_suffix('\n').unwrap_or(&content);
        let value = match mime.ends_with("json") {
            true => serde_json::from_str(content).unwrap_or_else(|_| Value::from(content)),
            false => Value::from(content),
        };
        self.shown.get_or_insert_default().data.insert(mime, value);
    }

    fn show(&mut self, out: &mut Vec<Piece>) {
        out.extend(self.shown.take().map(Piece::Display));
    }

    fn print(text: String, out: &mut Vec<Piece>) {
        match out.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(before)) => before.push_str(&text),
            _ => out.push(Piece::Text(text)),
        }
    }
}

/// What stands at the beginning of a text that begins like a mark.
fn found(text: &str) -> Found {
    if let Some(line) = LINES.iter().find(|line| text.starts_with(**line)) {
        return Found::Note(line.len());
    }
    let whole = |mark: &str| text.starts_with(mark).then(|| text.find('\n'));
    match (whole(CHANGED_TYPE), whole(BEGIN)) {
        (Some(Some(end)), _) => Found::Note(end + 1),
        (_, Some(Some(end))) => Found::Block(text[BEGIN.len()..end].trim().to_owned(), end + 1),
        (Some(None), _) | (_, Some(None)) if text.len() < LONGEST => Found::Open,
        _ if LINES.iter().chain([&CHANGED_TYPE, &BEGIN]).any(|mark| mark.starts_with(text)) => Found::Open,
        _ => Found::Plain,
    }
}

/// How many bytes at the end of a text may be the beginning of a mark.
fn begun(text: &str) -> usize {
    (1..SIGN.len()).rev().find(|length| text.ends_with(&SIGN[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text as it is, displays as `<type: data>`, in order; then the notes.
    fn read<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, Vec<String>) {
        let (mut marks, mut out) = (Marks::default(), Vec::new());
        pieces.into_iter().for_each(|piece| marks.take(piece, &mut out));
        let notes = marks.end(&mut out);
        (out.iter().map(written).collect(), notes)
    }

    fn written(piece: &Piece) -> String {
        match piece {
            Piece::Text(text) => text.clone(),
            Piece::Display(bundle) => {
                bundle.data.iter().map(|(mime, data)| format!("<{mime}: {data}>")).collect::<String>()
            }
        }
    }

    #[test]
    fn marks_and_blocks_are_taken_out_in_whatever_pieces_they_arrive() {
        let check = |text: &str, expect: &str, notes: &[&str]| {
            let expect = (expect.to_owned(), notes.iter().map(ToString::to_string).collect());
            assert_eq!(read([text]), expect, "{text:?}");
            let letters: Vec<String> = text.chars().map(String::from).collect();
            assert_eq!(read(letters.iter().map(String::as_str)), expect, "{text:?} in letters");
            for (at, _) in text.char_indices() {
                assert_eq!(read([&text[..at], &text[at..]]), expect, "{text:?} cut at {at}");
            }
        };
        check("", "", &[]);
        check("a\nb", "a\nb", &[]);
        check("größer EVCX", "größer EVCX", &[]);
        check("EVEVCXR_PANIC_NOTIFICATION\n", "EV", &["EVCXR_PANIC_NOTIFICATION"]);
        check("a\nEVCXR_PANIC_NOTIFICATION\nb", "a\nb", &["EVCXR_PANIC_NOTIFICATION"]);
        check("no end EVCXR_ERROR_OCCURRED\n", "no end ", &["EVCXR_ERROR_OCCURRED"]);
        check("EVCXR_VARIABLE_CHANGED_TYPE:x\n!", "!", &["EVCXR_VARIABLE_CHANGED_TYPE:x"]);
        check("EVCXR_PANIC_NOTIFICATIONS\n", "EVCXR_PANIC_NOTIFICATIONS\n", &[]);
        check("EVCXR_PANIC_NOTIFICATION", "EVCXR_PANIC_NOTIFICATION", &[]);
        check("EVCXR_EXECUTION_COMPLETE\n", "EVCXR_EXECUTION_COMPLETE\n", &[]);
        let html = "EVCXR_BEGIN_CONTENT text/html\n<b>1\n2</b>\nEVCXR_END_CONTENT\n";
        check(&format!("a\n{html}b"), "a\n<text/html: \"<b>1\\n2</b>\">b", &[]);
        check(&format!("{html}{html}"), "<text/html: \"<b>1\\n2</b>\"><text/html: \"<b>1\\n2</b>\">", &[]);
        let json = "EVCXR_BEGIN_CONTENT application/json\n{\"a\": 1}\nEVCXR_END_CONTENT\n";
        check(&format!("{html}{json}"), "<text/html: \"<b>1\\n2</b>\"><application/json: {\"a\":1}>", &[]);
        check(&format!("{html}x{json}"), "<text/html: \"<b>1\\n2</b>\">x<application/json: {\"a\":1}>", &[]);
        check("EVCXR_BEGIN_CONTENT text/plain\nx\nEVCXR_PANIC_NOTIFICATION\ny", "<text/plain: \"x\">y", &[PANIC]);
        check("EVCXR_BEGIN_CONTENT text/plain\nx\ny", "EVCXR_BEGIN_CONTENT text/plain\nx\ny", &[]);
        check("EVCXR_BEGIN_CONTENT a\nEVCXR_ERROR_OCCURRED\nEVCXR_END_CONTENT\n", "<a: \"EVCXR_ERROR_OCCURRED\">", &[]);
    }

    #[test]
    fn ordinary_text_does_not_wait() {
        let check = |text: &str, at_once: &str, released: &str| {
            let (mut marks, mut out) = (Marks::default(), Vec::new());
            marks.take(text, &mut out);
            assert_eq!(out.iter().map(written).collect::<String>(), at_once, "{text:?}");
            marks.release(&mut out);
            assert_eq!(out.iter().map(written).collect::<String>(), released, "{text:?}");
        };
        check("epoch 3", "epoch 3", "epoch 3");
        check("loss E", "loss ", "loss E");
        check("loss EVCXR_", "loss ", "loss ");
        check("EVCXR_BEGIN_CONTENT a\nx\nEVCXR_END_CONTENT\n", "", "<a: \"x\">");
    }
}
