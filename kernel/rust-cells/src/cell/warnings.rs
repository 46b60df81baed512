//! rustc's warnings about the lines of a cell, folded into one thing to show.
//!
//! Warnings about what evcxr and we write around the cell are nobody's. Read [`folded`] first.

use super::marks::Text;
use super::report::{Reports, Told};
use super::style::plain;
use candlewick_link::Bundle;
use serde_json::Value;

/// Warnings that are shown.
const MOST: usize = 50;

/// The warnings about the cell's own lines; none when there are none.
pub(crate) fn folded(reports: &Reports, diagnostics: &[Value]) -> Option<Bundle> {
    let mut told: Vec<Told> = Vec::new();
    for report in diagnostics.iter().filter(|diagnostic| diagnostic["level"] == "warning") {
        let marks = reports.marks.of(report);
        // evcxr's expression around the whole of a cell that awaits.
        let is_around = report["code"]["code"] == "unused_must_use" && spans_lines(report);
        if !is_around && marks.iter().any(|mark| mark.primary && mark.text == Text::Here) {
            let warning = reports.tell(report);
            told.extend((!told.contains(&warning)).then_some(warning));
        }
    }
    if told.is_empty() {
        return None;
    }
    let title = if told.len() == 1 { "1 warning".to_owned() } else { format!("{} warnings", told.len()) };
    let shown = &told[..told.len().min(MOST)];
    let brief: Vec<String> = shown.iter().map(|told| format!("  {}", told.message)).collect();
    let rows: Vec<String> = shown.iter().map(|told| told.rows.join("\n")).collect();
    let rows = escaped(&plain(&rows.join("\n\n")));
    let style = "margin:0.3em 0 0 0;white-space:pre;overflow-x:auto;font-size:90%";
    let html = format!("<details><summary>{title}</summary><pre style=\"{style}\">{rows}</pre></details>");
    Some(Bundle::text(format!("{title}:\n{}", brief.join("\n"))).with("text/html", html))
}

/// Whether what a warning points at goes over several lines.
fn spans_lines(report: &Value) -> bool {
    let spans = report["spans"].as_array().into_iter().flatten().filter(|span| span["is_primary"] == true);
    spans.into_iter().any(|span| span["line_start"] != span["line_end"])
}

/// A text as HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
