//! HTML that follows JupyterLab's theme. It owns escaping and the few elements all views are made of.
//!
//! JupyterLab styles tables inside outputs itself (`jp-RenderedHTMLCommon`), so a table needs no style of its own; colours
//! are JupyterLab's CSS variables with a fallback for other front ends. There is no `<style>` element and no script: both
//! are cut out of a notebook that is not trusted, and an element's style would reach the whole page.

/// Colour of text that matters less.
pub(crate) const QUIET: &str = "color:var(--jp-ui-font-color2,#777)";
/// The font of numbers, shapes and code.
pub(crate) const MONO: &str = "font-family:var(--jp-code-font-family,monospace)";
/// Style of a table: smaller than prose and not centred.
const TABLE: &str = "margin:4px 0;font-size:var(--jp-ui-font-size1,13px);font-variant-numeric:tabular-nums";

/// `text` with the five characters escaped that mean something in HTML and XML.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// One cell of an HTML table: its markup and its style.
pub(crate) struct HtmlCell {
    /// Markup, already escaped.
    pub markup: String,
    /// Aligned to the right, as numbers are.
    pub right: bool,
    /// May be broken into lines; other cells are as wide as their text.
    pub wraps: bool,
}

impl HtmlCell {
    /// A cell of text.
    pub fn left(text: &str) -> Self {
        Self { markup: escape(text), right: false, wraps: false }
    }

    /// A cell aligned to the right.
    pub fn right(text: &str) -> Self {
        Self { markup: escape(text), right: true, wraps: false }
    }

    /// A cell of markup that is already escaped.
    pub fn markup(markup: String) -> Self {
        Self { markup, right: false, wraps: false }
    }

    /// This cell aligned to the right, or not.
    pub fn side(self, right: bool) -> Self {
        Self { right, ..self }
    }

    /// This cell broken into lines where the page is too narrow.
    pub fn wrapping(self) -> Self {
        Self { wraps: true, ..self }
    }

    fn write(&self, tag: &str, out: &mut String) {
        let side = if self.right { "right" } else { "left" };
        let space = if self.wraps { "pre-wrap" } else { "pre" };
        out.push_str(&format!(
            "<{tag} style=\"text-align:{side};vertical-align:top;white-space:{space}\">{}</{tag}>",
            self.markup
        ));
    }
}

/// A table with a head, a body and, when not empty, a foot.
pub(crate) fn table(head: &[HtmlCell], body: &[Vec<HtmlCell>], foot: &[HtmlCell]) -> String {
    let mut out = format!("<table class=\"dataframe\" style=\"{TABLE}\">\n");
    section("thead", "th", std::slice::from_ref(&head), &mut out);
    section("tbody", "td", &body.iter().map(Vec::as_slice).collect::<Vec<_>>(), &mut out);
    section("tfoot", "th", std::slice::from_ref(&foot), &mut out);
    out.push_str("</table>");
    out
}

/// A small line of text that matters less, such as a shape or what was cut.
pub(crate) fn note(text: &str) -> String {
    format!("<div style=\"{QUIET};font-size:var(--jp-ui-font-size0,11px)\">{}</div>", escape(text))
}

/// A heading of a view.
pub(crate) fn heading(text: &str) -> String {
    format!("<div style=\"font-weight:600\">{}</div>", escape(text))
}

/// `text` in the quieter colour, escaped.
pub(crate) fn quiet(text: &str) -> String {
    format!("<span style=\"{QUIET}\">{}</span>", escape(text))
}

fn section(name: &str, tag: &str, rows: &[&[HtmlCell]], out: &mut String) {
    if rows.iter().all(|row| row.is_empty()) {
        return;
    }
    out.push_str(&format!("<{name}>\n"));
    for row in rows {
        out.push_str("<tr>");
        row.iter().for_each(|cell| cell.write(tag, out));
        out.push_str("</tr>\n");
    }
    out.push_str(&format!("</{name}>\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            escape("<a href=\"x\">it's & more</a>"),
            "&lt;a href=&quot;x&quot;&gt;it&#39;s &amp; more&lt;/a&gt;"
        );
    }

    #[test]
    fn a_table_without_foot_has_no_foot() {
        let html = table(&[HtmlCell::left("a<b")], &[vec![HtmlCell::right("1")]], &[]);
        assert!(html.contains("a&lt;b"));
        assert!(html.contains("text-align:right"));
        assert!(!html.contains("tfoot"));
    }
}
