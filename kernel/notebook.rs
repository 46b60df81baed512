//! A notebook file: nbformat 4, read and written without losing anything.
//!
//! Owns the document and its checks. Must not know how cells are run. Read [`Notebook`] first. The document stays the
//! JSON value it was read as: unknown fields and the order of keys are kept, and only outputs and counts change.

use crate::replace::replace_file;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Why a file can't be used as a notebook of this kernel.
#[derive(Debug, thiserror::Error)]
pub enum NotebookError {
    /// The file can't be read.
    #[error("can't read the notebook {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It is not JSON.
    #[error("{} is not a notebook: it is not JSON ({why})", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Where the JSON breaks off.
        why: serde_json::Error,
    },
    /// It is JSON of another kind, or of another version.
    #[error("{} is not a notebook that can be run: {why}", path.display())]
    NotNotebook {
        /// The file.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// It belongs to another kernel.
    #[error(
        "{} is written for the kernel `{kernel}` (language {language}), not for `candlewick` (rhai); \
         open it with that kernel, or change its kernelspec in JupyterLab's kernel menu",
        path.display()
    )]
    OtherKernel {
        /// The file.
        path: PathBuf,
        /// The kernel it names.
        kernel: String,
        /// The language it names.
        language: String,
    },
}

/// A notebook.
#[derive(Clone, Debug, PartialEq)]
pub struct Notebook {
    document: Value,
}

impl Notebook {
    /// Reads a file and checks that this kernel can run it.
    ///
    /// # Errors
    /// As [`NotebookError`] lists.
    pub fn read(path: &Path) -> Result<Self, NotebookError> {
        let text = std::fs::read(path).map_err(|source| NotebookError::Unreadable { path: path.into(), source })?;
        let document =
            serde_json::from_slice(&text).map_err(|why| NotebookError::NotJson { path: path.into(), why })?;
        let notebook = Self { document };
        notebook.check_form().map_err(|why| NotebookError::NotNotebook { path: path.into(), why })?;
        notebook.check_kernel(path)?;
        Ok(notebook)
    }

    /// Writes it as Jupyter does, in one step: a reader sees the old file or the new one.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        replace_file(path, self.text().as_bytes())
    }

    /// The file's text: one space of indent and a newline at the end, as Jupyter writes it.
    pub fn text(&self) -> String {
        let mut bytes = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
        // Writing JSON values to memory fails for no reason that exists.
        let _ = serde::Serialize::serialize(&self.document, &mut serializer);
        bytes.push(b'\n');
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// The cells.
    pub fn cells(&self) -> &[Value] {
        self.document["cells"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The cells, to be changed.
    pub fn cells_mut(&mut self) -> Option<&mut Vec<Value>> {
        self.document["cells"].as_array_mut()
    }

    /// Indices of the cells that run, in order. Raw, Markdown and empty cells don't.
    pub fn code_cells(&self) -> Vec<usize> {
        let runs = |cell: &Value| is_code(cell) && !source(cell).trim().is_empty();
        self.cells().iter().enumerate().filter(|(_, cell)| runs(cell)).map(|(index, _)| index).collect()
    }

    /// Takes away the outputs and counts of every code cell.
    pub fn clear_outputs(&mut self) {
        for cell in self.cells_mut().into_iter().flatten().filter(|cell| is_code(cell)) {
            cell["execution_count"] = Value::Null;
            cell["outputs"] = json!([]);
        }
    }

    fn check_form(&self) -> Result<(), String> {
        if !self.document.is_object() {
            return Err("its JSON is not an object".into());
        }
        match self.document["nbformat"].as_u64() {
            Some(4) => {}
            Some(version) => return Err(format!("its nbformat is {version}; open and save it in JupyterLab to get 4")),
            None => return Err("it has no `nbformat`".into()),
        }
        match self.document["cells"].as_array() {
            None => Err("it has no `cells`".into()),
            Some(_) if self.code_cells().is_empty() => Err("it has no cells with code, so nothing would run".into()),
            Some(_) => Ok(()),
        }
    }

    /// A notebook that names no kernel is taken as ours.
    fn check_kernel(&self, path: &Path) -> Result<(), NotebookError> {
        let metadata = &self.document["metadata"];
        let kernel = metadata["kernelspec"]["name"].as_str();
        let language =
            metadata["kernelspec"]["language"].as_str().or_else(|| metadata["language_info"]["name"].as_str());
        let ours = match (kernel, language) {
            (Some("candlewick"), _) | (None, None) => true,
            (_, Some(language)) => language.eq_ignore_ascii_case("rhai"),
            (Some(_), None) => false,
        };
        let named = |name: Option<&str>| name.unwrap_or("unnamed").to_owned();
        match ours {
            true => Ok(()),
            false => {
                Err(NotebookError::OtherKernel { path: path.into(), kernel: named(kernel), language: named(language) })
            }
        }
    }
}

/// Whether a cell is code.
pub fn is_code(cell: &Value) -> bool {
    cell["cell_type"] == "code"
}

/// A cell's text, which files hold as one string or as lines.
pub fn source(cell: &Value) -> String {
    joined(&cell["source"])
}

/// Whether a cell carries a tag.
pub fn has_tag(cell: &Value, tag: &str) -> bool {
    cell["metadata"]["tags"].as_array().is_some_and(|tags| tags.iter().any(|other| other == tag))
}

/// A new code cell, with its keys in the order in which Jupyter writes them.
pub fn code_cell(id: &str, tags: &[&str], source: &str) -> Value {
    let mut cell = Map::new();
    cell.insert("cell_type".into(), json!("code"));
    cell.insert("execution_count".into(), Value::Null);
    cell.insert("id".into(), json!(id));
    cell.insert("metadata".into(), json!({"tags": tags}));
    cell.insert("outputs".into(), json!([]));
    cell.insert("source".into(), lines(source));
    Value::Object(cell)
}

/// A text as files hold it: a list of lines that keep their ends.
pub fn lines(text: &str) -> Value {
    text.split_inclusive('\n').map(Value::from).collect()
}

fn joined(text: &Value) -> String {
    match text {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Notebook, NotebookError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("n.ipynb");
        std::fs::write(&path, text).unwrap();
        Notebook::read(&path)
    }

    fn with_metadata(metadata: Value) -> Result<Notebook, NotebookError> {
        parse(&json!({"cells": [code_cell("a", &[], "1")], "metadata": metadata, "nbformat": 4}).to_string())
    }

    #[test]
    fn what_is_not_ours_is_refused_with_the_reason() {
        let check = |result: Result<Notebook, NotebookError>, expect: &str| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(parse("{ no"), "not JSON");
        check(parse("[]"), "not an object");
        check(parse("{}"), "no `nbformat`");
        check(parse(r#"{"nbformat": 3, "worksheets": []}"#), "nbformat is 3");
        check(parse(r#"{"nbformat": 4}"#), "no `cells`");
        check(parse(r#"{"nbformat": 4, "cells": []}"#), "no cells with code");
        check(with_metadata(json!({"kernelspec": {"name": "python3", "language": "python"}})), "`python3`");
        check(with_metadata(json!({"language_info": {"name": "julia"}})), "language julia");
        check(Notebook::read(Path::new("/no/such.ipynb")), "can't read");
    }

    #[test]
    fn our_notebooks_are_taken() {
        for metadata in [
            json!({}),
            json!({"kernelspec": {"name": "candlewick"}}),
            json!({"kernelspec": {"name": "other", "language": "Rhai"}}),
        ] {
            assert!(with_metadata(metadata).is_ok());
        }
    }

    #[test]
    fn reading_and_writing_keeps_everything_in_its_order() {
        let text = "{\n \"nbformat\": 4,\n \"zeta\": 1.0,\n \"cells\": [\n  {\n   \"source\": \"1 + 1\",\n   \
                    \"cell_type\": \"code\",\n   \"unknown\": {}\n  }\n ],\n \"alpha\": null\n}\n";
        assert_eq!(parse(text).unwrap().text(), text);
    }

    #[test]
    fn only_code_with_text_runs() {
        let cells = json!([
            {"cell_type": "markdown", "source": "# x"}, code_cell("a", &[], " \n"), code_cell("b", &["t"], "a\nb"),
        ]);
        let notebook = Notebook { document: json!({"cells": cells}) };
        assert_eq!(notebook.code_cells(), [2]);
        assert_eq!(source(&notebook.cells()[2]), "a\nb");
        assert!(has_tag(&notebook.cells()[2], "t") && !has_tag(&notebook.cells()[1], "t"));
    }
}
