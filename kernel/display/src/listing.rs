//! Tables under headings with a closing line: what came of loading plugins, of checking one. It must not know what they say.

use crate::html::{self, HtmlCell};
use crate::text::TextTable;
use crate::{Bundle, number};

/// Characters of a cell that stays on one line.
const SHORT: usize = 24;

/// A heading, tables, and a line at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// What is listed.
    pub title: String,
    /// Each table's head and rows; a name that starts with `>` belongs to a column aligned to the right. A table without
    /// rows is left out.
    pub tables: Vec<(Vec<String>, Vec<Vec<String>>)>,
    /// What it comes to.
    pub note: String,
}

impl Listing {
    /// With a table more.
    #[must_use]
    pub fn table(mut self, head: &[&str], rows: Vec<Vec<String>>) -> Self {
        self.tables.push((head.iter().map(|name| (*name).to_owned()).collect(), rows));
        self
    }

    /// Text and HTML.
    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.text()).html(self.html())
    }

    /// The heading, aligned columns, the closing line. Nothing is cut: the last column holds reasons.
    pub fn text(&self) -> String {
        let mut parts = vec![self.title.clone()];
        for (head, rows) in self.shown() {
            let mut table = TextTable::new(head);
            rows.iter().for_each(|row| {
                table.row(row.iter().map(|cell| cell.replace('\n', " ")).collect());
            });
            parts.push(table.render());
        }
        parts.push(self.note.clone());
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n")
    }

    /// The same in HTML; long cells may be broken into lines.
    pub fn html(&self) -> String {
        let mut out = if self.title.is_empty() { String::new() } else { html::heading(&self.title) };
        for (head, rows) in self.shown() {
            let right = |place: usize| head.get(place).is_some_and(|name| name.starts_with('>'));
            let cell = |(place, text): (usize, &String)| {
                let cell = HtmlCell::left(text).side(right(place));
                if text.chars().count() > SHORT { cell.wrapping() } else { cell }
            };
            let row = |row: &Vec<String>| row.iter().enumerate().map(cell).collect();
            let name =
                |(place, name): (usize, &String)| HtmlCell::left(name.trim_start_matches('>')).side(right(place));
            let head: Vec<HtmlCell> = head.iter().enumerate().map(name).collect();
            out.push_str(&html::table(&head, &rows.iter().map(row).collect::<Vec<_>>(), &[]));
        }
        if !self.note.is_empty() {
            out.push_str(&html::note(&self.note));
        }
        out
    }

    fn shown(&self) -> impl Iterator<Item = &(Vec<String>, Vec<Vec<String>>)> {
        self.tables.iter().filter(|(_, rows)| !rows.is_empty())
    }
}

/// What a group lacks: `infer is missing`, `fit and predict are missing`.
pub fn lacking(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [] => "nothing is missing".to_owned(),
        [one] => format!("{one} is missing"),
        [first @ .., last] => format!("{} and {last} are missing", first.join(", ")),
    }
}

/// A count with its word: `1 plugin`, `3 plugins`.
pub fn counted(count: usize, word: &str) -> String {
    number::counted(count as u64, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stand_between_title_and_note() {
        let rows = vec![vec!["a".to_owned(), "x\ny".to_owned()]];
        let listing = Listing { title: "two <things>".into(), note: "that is all".into(), ..Listing::default() };
        let listing = listing.table(&["name", "why"], rows).table(&["empty"], Vec::new());
        assert_eq!(listing.text(), "two <things>\n\nname  why\n─────────\na     x y\n\nthat is all");
        let html = listing.html();
        assert!(html.contains("two &lt;things&gt;") && html.contains("x\ny") && !html.contains("empty"));
    }

    #[test]
    fn numbers_stand_right() {
        let rows = ["1", "20"].map(|number| vec![number.to_owned(), "x".to_owned()]);
        let listing = Listing::default().table(&[">id", "of"], rows.to_vec());
        assert_eq!(listing.text(), "id  of\n──────\n 1  x\n20  x");
        let html = listing.html();
        assert!(html.matches("text-align:right").count() == 3 && !html.contains("&gt;id"), "{html}");
    }

    #[test]
    fn what_is_lacking_is_said() {
        let cases = [
            (vec!["a"], "a is missing"),
            (vec!["a", "b"], "a and b are missing"),
            (vec!["a", "b", "c"], "a, b and c are missing"),
        ];
        cases.into_iter().for_each(|(names, expect)| assert_eq!(lacking(&names), expect));
    }
}
