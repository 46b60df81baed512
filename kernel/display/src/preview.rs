//! Data before and after it was changed: pictures side by side, texts with their differences marked.
//!
//! It must not know who changes data. Read [`Preview`] first.

use crate::html::{self, HtmlCell};
use crate::text::{self, TextTable};
use crate::{Bundle, Image};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Pixels of a picture's longer side on the page; small pictures are enlarged to it, their pixels as sharp squares.
const SIDE: usize = 128;
/// Columns of a text in the text form.
const COLUMNS: usize = 48;
/// Words of a text whose differences are looked for; of longer ones the beginning is compared.
const WORDS: usize = 400;

/// A part of an item at one stage.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A picture.
    Picture(Image),
    /// A text.
    Text(String),
    /// Numbers, written out.
    Numbers(String),
}

/// One item: a stage for each column.
#[derive(Clone, Debug, Default)]
pub struct PreviewRow {
    /// Its number, file or class.
    pub label: String,
    /// Its parts in each stage, in the order of the columns; later ones are compared with the first.
    pub stages: Vec<Vec<Part>>,
}

/// The first items of some data.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// What the data is.
    pub title: String,
    /// A name for each stage, such as `before`, `after`.
    pub stages: Vec<String>,
    /// The items.
    pub rows: Vec<PreviewRow>,
    /// What went wrong or is to be known, a line each.
    pub notes: Vec<String>,
}

impl Preview {
    /// Text and HTML.
    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.text()).html(self.html())
    }

    /// A table; pictures by their size and mean, texts in full up to some length.
    pub fn text(&self) -> String {
        let head: Vec<&str> = std::iter::once("item").chain(self.stages.iter().map(String::as_str)).collect();
        let mut table = TextTable::new(&head);
        for row in &self.rows {
            let cell = |parts: &Vec<Part>| {
                let cells = parts.iter().map(|part| text::cut(&part.in_words(), COLUMNS));
                cells.collect::<Vec<_>>().join("; ")
            };
            table.row(std::iter::once(row.label.clone()).chain(row.stages.iter().map(cell)).collect());
        }
        let lines = [self.title.clone(), table.render()].into_iter().chain(self.notes.iter().cloned());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A table with pictures; what a text has lost is struck out in the first column, what it has gained is underlined.
    pub fn html(&self) -> String {
        let head: Vec<HtmlCell> =
            std::iter::once("item").chain(self.stages.iter().map(String::as_str)).map(HtmlCell::left).collect();
        let body: Vec<Vec<HtmlCell>> = self.rows.iter().map(PreviewRow::html_cells).collect();
        let notes: String = self.notes.iter().map(|note| html::note(note)).collect();
        format!("{}{}{notes}", html::heading(&self.title), html::table(&head, &body, &[]))
    }
}

impl PreviewRow {
    fn html_cells(&self) -> Vec<HtmlCell> {
        let stage = |at: usize| {
            let parts = self.stages[at].iter().enumerate().map(|(part, own)| own.markup(self.other(at, part), at > 0));
            HtmlCell::markup(parts.collect::<Vec<_>>().join("<br>")).wrapping()
        };
        std::iter::once(HtmlCell::left(&self.label)).chain((0..self.stages.len()).map(stage)).collect()
    }

    /// The text that a text is compared with: the first stage's with the second one's, all others with the first one's.
    fn other(&self, stage: usize, part: usize) -> Option<&str> {
        let with = usize::from(stage == 0);
        match self.stages.get(with)?.get(part)? {
            Part::Text(text) if with != stage => Some(text),
            _ => None,
        }
    }
}

impl Part {
    fn in_words(&self) -> String {
        match self {
            Self::Picture(image) => {
                let kind = if image.is_grey() { "grey" } else { "RGB" };
                format!("{} × {} {kind}, mean {:.3}", image.width(), image.height(), image.mean())
            }
            Self::Text(text) => format!("{text:?}"),
            Self::Numbers(text) => text.clone(),
        }
    }

    fn markup(&self, other: Option<&str>, gained: bool) -> String {
        match self {
            Self::Picture(image) => {
                let (width, height) = (image.width().max(1), image.height().max(1));
                let scale = SIDE as f64 / width.max(height) as f64;
                let shown = |side: usize| (side as f64 * scale).round().max(1.0);
                format!(
                    "<img alt=\"{}\" width=\"{}\" height=\"{}\" style=\"image-rendering:pixelated\" src=\"data:image/png;base64,{}\">",
                    html::escape(&self.in_words()),
                    shown(width),
                    shown(height),
                    STANDARD.encode(image.png())
                )
            }
            Self::Numbers(text) => html::escape(text),
            Self::Text(text) => marked(text, other.unwrap_or(text), gained),
        }
    }
}

/// A text with the words marked that the other one has not, or has not in this order.
fn marked(text: &str, other: &str, gained: bool) -> String {
    let (own, others): (Vec<&str>, Vec<&str>) = (words(text), words(other));
    // Both columns ask about the same way from before to after, or each would keep another word.
    let common = if gained { common(&others, &own).1 } else { common(&own, &others).0 };
    let tag = if gained { "ins" } else { "del" };
    let mut markup = String::new();
    for (at, word) in own.iter().enumerate() {
        let escaped = html::escape(word);
        let differs = !common.get(at).copied().unwrap_or(true) && !word.trim().is_empty();
        markup.push_str(&if differs { format!("<{tag}>{escaped}</{tag}>") } else { escaped });
    }
    markup
}

/// Words and what stands between them.
fn words(text: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    let mut start = 0;
    let mut inside = None;
    for (at, character) in text.char_indices() {
        let word = character.is_alphanumeric();
        if inside.is_some_and(|before| before != word) {
            parts.push(&text[start..at]);
            start = at;
        }
        inside = Some(word);
    }
    if start < text.len() {
        parts.push(&text[start..]);
    }
    parts
}

/// Which words of either text are in a longest common subsequence of both.
fn common(own: &[&str], others: &[&str]) -> (Vec<bool>, Vec<bool>) {
    let (own, others) = (&own[..own.len().min(WORDS)], &others[..others.len().min(WORDS)]);
    let width = others.len() + 1;
    let mut longest = vec![0u16; (own.len() + 1) * width];
    for a in (0..own.len()).rev() {
        for b in (0..others.len()).rev() {
            longest[a * width + b] = if own[a] == others[b] {
                longest[(a + 1) * width + b + 1] + 1
            } else {
                longest[(a + 1) * width + b].max(longest[a * width + b + 1])
            };
        }
    }
    let (mut kept, mut a, mut b) = ((vec![false; own.len()], vec![false; others.len()]), 0, 0);
    while a < own.len() && b < others.len() {
        if own[a] == others[b] {
            (kept.0[a], kept.1[b]) = (true, true);
            (a, b) = (a + 1, b + 1);
        } else if longest[(a + 1) * width + b] >= longest[a * width + b + 1] {
            a += 1;
        } else {
            b += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(before: &str, after: &str) -> PreviewRow {
        let stage = |text: &str| vec![Part::Text(text.to_owned())];
        PreviewRow { label: "0".into(), stages: vec![stage(before), stage(after)] }
    }

    #[test]
    fn differences_of_texts_are_marked() {
        let check = |before: &str, after: &str, expect: [&str; 2]| {
            let cells = row(before, after).html_cells();
            assert_eq!([cells[1].markup.as_str(), cells[2].markup.as_str()], expect);
        };
        check("a cat", "a cat", ["a cat", "a cat"]);
        check("a cat, indoors", "a dog, indoors", ["a <del>cat</del>, indoors", "a <ins>dog</ins>, indoors"]);
        check("a, b", "b, a", ["<del>a</del><del>, </del>b", "b<ins>, </ins><ins>a</ins>"]);
        check("a", "", ["<del>a</del>", ""]);
        check("<b>", "<i>", ["&lt;<del>b</del>&gt;", "&lt;<ins>i</ins>&gt;"]);
    }

    #[test]
    fn pictures_stand_side_by_side_and_have_words() {
        let picture = |byte| vec![Part::Picture(Image::grey(2, 1, vec![0, byte]).unwrap())];
        let rows = vec![PreviewRow { label: "cats/1.png".into(), stages: vec![picture(255), picture(51)] }];
        let stages = vec!["before".to_owned(), "after".to_owned()];
        let preview = Preview { title: "pets".into(), stages, rows, notes: vec!["p: no <way>".into()] };
        let bundle = preview.bundle();
        let html = bundle.get("text/html").unwrap();
        assert_eq!(html.matches("<img alt=").count(), 2);
        assert!(html.contains("width=\"128\" height=\"64\"") && html.contains("p: no &lt;way&gt;"), "{html}");
        let text = bundle.text();
        assert!(text.contains("cats/1.png  2 × 1 grey, mean 0.500  2 × 1 grey, mean 0.100"), "{text}");
        assert!(text.starts_with("pets\nitem") && text.ends_with("p: no <way>"), "{text}");
    }
}
