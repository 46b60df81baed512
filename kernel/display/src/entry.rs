//! What is known of one name, as help and inspection show it: plain text, HTML, Markdown.
//!
//! All of it is given as text. Read [`Entry`] first, then [`page`].

use crate::Bundle;
use crate::html::{self, HtmlCell, MONO};
use crate::text::TextTable;

/// What is known of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// How it is written, such as `fit(net, data) -> run` or `t: tensor`; a line each.
    pub forms: Vec<String>,
    /// What it is or does; lines.
    pub text: String,
    /// Facts: name and value.
    pub facts: Vec<(String, String)>,
    /// A table with its head first; empty for none.
    pub table: Vec<Vec<String>>,
    /// Code or other text whose lines stay as they are, each with what it is.
    pub blocks: Vec<(String, String)>,
}

/// Entries in the three formats.
pub fn page(entries: &[Entry]) -> Bundle {
    let join = |part: fn(&Entry) -> String, between: &str| entries.iter().map(part).collect::<Vec<_>>().join(between);
    Bundle::new(join(Entry::text, "\n\n")).html(join(Entry::html, "\n")).with(MARKDOWN, join(Entry::markdown, "\n\n"))
}

const MARKDOWN: &str = "text/markdown";

impl Entry {
    fn text(&self) -> String {
        let mut parts = vec![self.forms.join("\n")];
        parts.extend((!self.text.is_empty()).then(|| indented(&self.text)));
        parts.extend((!self.facts.is_empty()).then(|| facts(&self.facts)));
        parts.extend(self.rows().map(|(head, rows)| table(head, rows)));
        for (what, text) in &self.blocks {
            parts.push(match (what.as_str(), text.contains('\n')) {
                ("", _) => text.clone(),
                (what, false) => format!("  {what}: {text}"),
                (what, true) => format!("  {what}:\n{text}"),
            });
        }
        parts.join("\n")
    }

    fn html(&self) -> String {
        let forms: String = self.forms.iter().map(|form| format!("<div>{}</div>", html::escape(form))).collect();
        let mut out = format!("<div style=\"{MONO};font-weight:600\">{forms}</div>");
        for line in self.text.lines() {
            out.push_str(&format!("<div>{}</div>", html::escape(line)));
        }
        let fact = |(name, value): &(String, String)| vec![HtmlCell::left(name), HtmlCell::left(value).wrapping()];
        if !self.facts.is_empty() {
            out.push_str(&html::table(&[], &self.facts.iter().map(fact).collect::<Vec<_>>(), &[]));
        }
        if let Some((head, rows)) = self.rows() {
            let cells = |row: &Vec<String>| row.iter().map(|cell| HtmlCell::left(cell).wrapping()).collect::<Vec<_>>();
            out.push_str(&html::table(&cells(head), &rows.iter().map(cells).collect::<Vec<_>>(), &[]));
        }
        for (what, text) in &self.blocks {
            out.push_str(&if what.is_empty() { String::new() } else { html::quiet(what) });
            out.push_str(&format!("<pre style=\"{MONO}\">{}</pre>", html::escape(text)));
        }
        out
    }

    fn markdown(&self) -> String {
        let mut parts = vec![fenced("rhai", &self.forms.join("\n"))];
        parts.extend((!self.text.is_empty()).then(|| self.text.lines().map(plain).collect::<Vec<_>>().join("  \n")));
        let head = ["".to_owned(), "".to_owned()];
        let facts: Vec<Vec<String>> =
            self.facts.iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect();
        parts.extend((!facts.is_empty()).then(|| markdown_table(&head, &facts)));
        parts.extend(self.rows().map(|(head, rows)| markdown_table(head, rows)));
        for (what, text) in &self.blocks {
            let title = if what.is_empty() { String::new() } else { format!("*{}*\n\n", plain(what)) };
            parts.push(title + &fenced("", text));
        }
        parts.join("\n\n")
    }

    fn rows(&self) -> Option<(&Vec<String>, &[Vec<String>])> {
        self.table.split_first()
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn facts(facts: &[(String, String)]) -> String {
    let mut table = TextTable::new(&["", ""]);
    for (name, value) in facts {
        table.row(vec![format!("  {name}"), value.clone()]);
    }
    table.render()
}

fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let mut table = TextTable::new(head);
    for row in rows {
        table.row(row.clone());
    }
    table.render()
}

/// A code block whose fence is longer than any run of backticks in it.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{language}\n{text}\n{fence}")
}

fn markdown_table(head: &[String], rows: &[Vec<String>]) -> String {
    let line =
        |cells: &[String]| format!("| {} |", cells.iter().map(|cell| plain(cell)).collect::<Vec<_>>().join(" | "));
    let rule = format!("|{}", " --- |".repeat(head.len()));
    [line(head), rule].into_iter().chain(rows.iter().map(|row| line(row))).collect::<Vec<_>>().join("\n")
}

/// A text on one line whose characters mean nothing in Markdown.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push(' '),
            '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '|' | '#' | '~' | '$' | '&' => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Entry {
            forms: vec!["f(x) -> y".into()],
            text: "does <this> and *that*".into(),
            facts: vec![pair("shape", "[2, 3]")],
            table: vec![vec!["option".into(), "what".into()], vec!["a".into(), "b | c".into()]],
            blocks: vec![pair("example", "f(1)"), pair("", "`a`\n```\n")],
        }
    }

    #[test]
    fn one_entry_in_three_formats() {
        let page = page(&[entry()]);
        let text = "f(x) -> y\n  does <this> and *that*\n  shape  [2, 3]\noption  what\n─────────────\na       b | c\n  example: f(1)\n`a`\n```\n";
        assert_eq!(page.text(), text);
        let html = page.get("text/html").unwrap();
        assert!(html.contains("does &lt;this&gt; and *that*") && html.contains("f(x) -&gt; y"), "{html}");
        let markdown = page.get("text/markdown").unwrap();
        assert!(markdown.starts_with("```rhai\nf(x) -> y\n```\n\ndoes \\<this\\> and \\*that\\*"), "{markdown}");
        assert!(markdown.contains("| a | b \\| c |") && markdown.contains("````\n`a`\n```\n"), "{markdown}");
    }
}
