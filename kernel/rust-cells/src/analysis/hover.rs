//! What stands at a cursor, as rust-analyzer says it: signature and documentation, as text and as Markdown.
//!
//! It must not know threads. Read [`hover`] first.

use super::candidates::HIDDEN;
use super::cell_text::CellText;
use candlewick_link::{Bundle, Inspection};
use ra_ap_ide::{
    Analysis, Cancellable, FileId, FilePosition, FileRange, HoverConfig, HoverDocFormat, RaFixtureConfig, SubstTyLen,
    TextRange, TextSize,
};

/// What is known of the name at a byte of a cell; inside a call's brackets, of what is called.
///
/// # Errors
/// When the world changed meanwhile.
pub fn hover(
    analysis: &Analysis,
    file_id: FileId,
    cell: &CellText,
    code: &str,
    at: usize,
    detail: u8,
) -> Cancellable<Option<Inspection>> {
    for place in places(code, at) {
        let offset = TextSize::try_from(cell.start + place).unwrap_or_default();
        let range = FileRange { file_id, range: TextRange::empty(offset) };
        if let Some(found) = analysis.hover(&config(), range)? {
            return Ok(Some(inspection(found.info.markup.as_str(), detail)));
        }
    }
    called(analysis, file_id, cell, at, detail)
}

/// Where to look: the name around the cursor or right before it, or before the bracket that was just opened.
fn places(code: &str, at: usize) -> Vec<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let before = code[..at].trim_end_matches(['(', '!', '[', '<', ':']);
    let around = code[at..].starts_with(is_part) || code[..at].ends_with(is_part);
    match around {
        true => vec![at],
        false if before.len() < at && before.ends_with(is_part) => vec![before.len()],
        false => Vec::new(),
    }
}

fn called(
    analysis: &Analysis,
    file_id: FileId,
    cell: &CellText,
    at: usize,
    detail: u8,
) -> Cancellable<Option<Inspection>> {
    let offset = TextSize::try_from(cell.start + at).unwrap_or_default();
    let found = analysis.signature_help(FilePosition { file_id, offset })?;
    Ok(found.map(|help| {
        let doc = help.doc.map(|doc| doc.as_str().to_owned()).unwrap_or_default();
        inspection(&format!("```rust\n{}\n```\n\n---\n\n{doc}", help.signature), detail)
    }))
}

fn config() -> HoverConfig<'static> {
    HoverConfig {
        links_in_hover: false,
        memory_layout: None,
        documentation: true,
        keywords: true,
        format: HoverDocFormat::Markdown,
        max_trait_assoc_items_count: Some(40),
        max_fields_count: Some(20),
        max_enum_variants_count: Some(40),
        max_subst_ty_len: SubstTyLen::LimitTo(200),
        show_drop_glue: false,
        ra_fixture: RaFixtureConfig { disable_ra_fixture: true, ..RaFixtureConfig::default() },
    }
}

fn inspection(markdown: &str, detail: u8) -> Inspection {
    // A cell is a function's body for rust-analyzer; in the notebook its items are just there.
    let markdown = markdown.replace("pub(in ...) ", "").replace(HIDDEN, "");
    let markdown = if detail == 0 { short(&markdown) } else { markdown };
    Inspection { bundle: Bundle::text(plain(&markdown)).with("text/markdown", markdown.trim()) }
}

/// Markdown as text: without fences and rules, blank lines joined.
fn plain(markdown: &str) -> String {
    let mut text = String::new();
    for line in markdown.lines().filter(|line| !line.starts_with("```") && *line != "---") {
        if !line.trim().is_empty() || !(text.is_empty() || text.ends_with("\n\n")) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.trim_end().to_owned()
}

/// The documentation's first paragraph only.
fn short(markdown: &str) -> String {
    let Some((head, doc)) = markdown.rsplit_once("\n---\n") else { return markdown.to_owned() };
    let first = doc.trim_start().split("\n\n").next().unwrap_or_default();
    format!("{head}\n---\n\n{first}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_has_one_paragraph() {
        let check = |markdown: &str, expect: &str| assert_eq!(short(markdown), expect);
        check("```rust\nfn a()\n```\n\n---\n\nFirst.\n\nSecond.", "```rust\nfn a()\n```\n\n---\n\nFirst.");
        check("```rust\nfn a()\n```", "```rust\nfn a()\n```");
    }

    #[test]
    fn markdown_as_text_has_no_fences() {
        let check = |markdown: &str, expect: &str| assert_eq!(plain(markdown), expect);
        check("```rust\nfn a()\n```\n\n---\n\nFirst.\n", "fn a()\n\nFirst.");
    }

    #[test]
    fn a_name_is_looked_for_around_and_before_the_cursor() {
        let check = |code: &str, at: usize, expect: &[usize]| assert_eq!(places(code, at), expect, "{code} {at}");
        check("abc", 1, &[1]);
        check("abc(", 4, &[3]);
        check("vec![", 5, &[3]);
        check("a(1, ", 5, &[]);
        check("", 0, &[]);
    }
}
