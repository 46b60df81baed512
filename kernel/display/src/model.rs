//! The summary of a model: its layers with shapes, parameters and bytes. It must not know what a layer does.

use crate::html::{self, HtmlCell};
use crate::text::TextTable;
use crate::{Bundle, number};

/// One layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelRow {
    /// Its path in the model, such as `0` or `block.2`.
    pub path: String,
    /// Its kind with what it was made with, such as `linear(64, 128)`.
    pub kind: String,
    /// The shape of its output, such as `[batch, 128]`; empty where it is not known.
    pub output: String,
    /// Its parameters (elements).
    pub parameters: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A model's layers and totals.
#[derive(Clone, Debug, Default)]
pub struct ModelSummary {
    /// What the model is, such as `sequential, f32, cpu`.
    pub title: String,
    /// Its layers, in order.
    pub rows: Vec<ModelRow>,
    /// Of all parameters those that are not trained.
    pub frozen: u64,
    /// What else is to be said, such as that the parameters are not drawn yet.
    pub note: String,
}

const HEAD: [&str; 5] = ["layer", "kind", "output", ">parameters", ">bytes"];

impl ModelSummary {
    /// Text and HTML.
    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.text()).html(self.html())
    }

    /// An aligned table with its totals.
    pub fn text(&self) -> String {
        let mut table = TextTable::new(&HEAD);
        self.rows.iter().for_each(|row| {
            table.row(row.cells().to_vec());
        });
        let lines = [self.title.clone(), table.render(), self.totals(), self.note.clone()];
        lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// An HTML table with its totals.
    pub fn html(&self) -> String {
        let cell = |(text, head): (String, &str)| {
            if head.starts_with('>') { HtmlCell::right(&text) } else { HtmlCell::left(&text) }
        };
        let head: Vec<_> = HEAD.into_iter().map(|name| cell((name.trim_start_matches('>').to_owned(), name))).collect();
        let body: Vec<Vec<_>> =
            self.rows.iter().map(|row| row.cells().into_iter().zip(HEAD).map(cell).collect()).collect();
        let note = if self.note.is_empty() { String::new() } else { html::note(&self.note) };
        html::heading(&self.title) + &html::table(&head, &body, &[]) + &html::note(&self.totals()) + &note
    }

    /// `9,610 parameters, 37.5 KiB` and how many of them are frozen.
    fn totals(&self) -> String {
        let parameters = self.rows.iter().map(|row| row.parameters).sum();
        let bytes = number::bytes(self.rows.iter().map(|row| row.bytes).sum());
        let frozen =
            if self.frozen == 0 { String::new() } else { format!(", {} of them frozen", number::count(self.frozen)) };
        format!("{}{frozen}, {bytes}", number::counted(parameters, "parameter"))
    }
}

impl ModelRow {
    fn cells(&self) -> [String; 5] {
        [
            self.path.clone(),
            self.kind.clone(),
            self.output.clone(),
            number::count(self.parameters),
            number::bytes(self.bytes),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_summed_up() {
        let row = |path: &str, kind: &str, output: &str, parameters| ModelRow {
            path: path.into(),
            kind: kind.into(),
            output: output.into(),
            parameters,
            bytes: 4 * parameters,
        };
        let rows = vec![row("0", "linear(64, 128)", "[batch, 128]", 8320), row("1", "relu()", "[batch, 128]", 0)];
        let summary = ModelSummary { title: "sequential".into(), rows, frozen: 20, note: String::new() };
        let expect = "sequential\n\
                      layer  kind             output        parameters     bytes\n\
                      ──────────────────────────────────────────────────────────\n\
                      0      linear(64, 128)  [batch, 128]       8,320  32.5 KiB\n\
                      1      relu()           [batch, 128]           0       0 B\n\
                      8,320 parameters, 20 of them frozen, 32.5 KiB";
        assert_eq!(summary.text(), expect);
        assert!(
            summary.html().contains("<td style=\"text-align:right;vertical-align:top;white-space:pre\">8,320</td>")
        );
    }
}
