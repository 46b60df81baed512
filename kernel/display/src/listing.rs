//! Tables under headings with a closing line: what came of loading plugins, of checking one. It must not know what they say.

use crate::html::{self, HtmlCell};
use crate::text::TextTable;
use crate::{Bundle, number};

/// A heading, tables, and a line at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// What is listed.
    pub title: String,
    /// Each table's head and rows; a table without rows is left out.
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

    /// The same in HTML; every cell may be broken into lines.
    pub fn html(&self) -> String {
        let mut out = html::heading(&self.title);
        for (head, rows) in self.shown() {
            let head: Vec<HtmlCell> = head.iter().map(|name| HtmlCell::left(name)).collect();
            let row = |row: &Vec<String>| row.iter().map(|cell| HtmlCell::left(cell).wrapping()).collect();
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
}
