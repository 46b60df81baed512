//! What a kernel answers, and how each answer is written as message content.
//!
//! Owns the typed replies. Must not know sockets or the application. Read [`ExecuteReply`] first.
//! Every object and array that the specification names is present, empty rather than `null`.

use serde_json::{Map, Value, json};

/// One thing in several formats, in a fixed order so that saved notebooks are the same bytes every time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MimeBundle {
    /// MIME type to data: a string, or JSON for JSON types.
    pub data: Map<String, Value>,
    /// Extra facts by MIME type, such as a width.
    pub metadata: Map<String, Value>,
}

/// What went wrong, as a notebook shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The kind of error.
    pub ename: String,
    /// Its message.
    pub evalue: String,
    /// The lines to show.
    pub traceback: Vec<String>,
}

/// How a cell ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ExecuteReply {
    /// All went well.
    Ok {
        /// Each asked expression with its value or what went wrong.
        user_expressions: Vec<(String, Result<MimeBundle, Failure>)>,
        /// Payloads, such as [`page`].
        payload: Vec<Value>,
    },
    /// The cell failed. [`Server::serve`](crate::Server::serve) publishes the failure on IOPub; the kernel must not
    /// do it too.
    Error(Failure),
    /// The cell was not run.
    Aborted,
}

/// What the kernel is: `kernel_info_reply`. The protocol version is added by [`Server::serve`](crate::Server::serve).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KernelInfo {
    /// The kernel's name.
    pub implementation: String,
    /// Its version.
    pub implementation_version: String,
    /// The language of its cells.
    pub language_info: LanguageInfo,
    /// What a console shows at the start.
    pub banner: String,
    /// Text and address of help pages.
    pub help_links: Vec<(String, String)>,
    /// Whether it answers `debug_request`.
    pub debugger: bool,
    /// Optional features beside `iopub_welcome`, which [`Server::serve`](crate::Server::serve) brings.
    pub supported_features: Vec<String>,
}

/// The language of cells, as clients need it for colouring and saving.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LanguageInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The MIME type of its files.
    pub mimetype: String,
    /// The extension of its files, with the dot.
    pub file_extension: String,
    /// The Pygments lexer; empty for none.
    pub pygments_lexer: String,
    /// The CodeMirror mode, a name or an object; null for none.
    pub codemirror_mode: Value,
    /// The nbconvert exporter; empty for the usual one.
    pub nbconvert_exporter: String,
}

/// Candidates at a cursor: `complete_reply`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompleteReply {
    /// The candidates.
    pub matches: Vec<Match>,
    /// Start of the text they replace, in code points.
    pub cursor_start: usize,
    /// End of it, in code points.
    pub cursor_end: usize,
}

/// One candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// The text to put in.
    pub text: String,
    /// Its kind, in the words clients have icons for: `function`, `instance`, `keyword`, `magic`, `property`, `path`.
    pub kind: String,
    /// Its signature; empty for none.
    pub signature: String,
}

/// What stands at a cursor: `inspect_reply`. None when nothing is known.
pub type InspectReply = Option<MimeBundle>;

/// Whether a text is a whole cell: `is_complete_reply`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IsCompleteReply {
    /// It can run.
    Complete,
    /// More is needed.
    Incomplete {
        /// What to begin the next line with.
        indent: String,
    },
    /// It will fail to compile, whatever follows.
    Invalid,
    /// The kernel can't tell.
    Unknown,
}

/// One line of the history: `history_reply` holds a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The session it was run in.
    pub session: i64,
    /// Its execution count there.
    pub line: u64,
    /// The cell's text.
    pub input: String,
    /// The text of its result, if it had one.
    pub output: Option<String>,
}

impl MimeBundle {
    /// A bundle that is plain text only.
    pub fn text(text: impl Into<String>) -> Self {
        Self::default().with("text/plain", text.into())
    }

    /// This bundle with one format more.
    #[must_use]
    pub fn with(mut self, mime: &str, data: impl Into<Value>) -> Self {
        self.data.insert(mime.to_owned(), data.into());
        self
    }
}

impl Failure {
    /// A failure whose traceback is its own line.
    pub fn new(ename: impl Into<String>, evalue: impl Into<String>) -> Self {
        let (ename, evalue) = (ename.into(), evalue.into());
        let traceback = vec![format!("{ename}: {evalue}")];
        Self { ename, evalue, traceback }
    }

    pub(crate) fn content(&self) -> Value {
        json!({"ename": self.ename, "evalue": self.evalue, "traceback": self.traceback})
    }

    /// The content of a reply with status `error`.
    pub(crate) fn reply(&self) -> Value {
        json!({"status": "error", "ename": self.ename, "evalue": self.evalue, "traceback": self.traceback})
    }
}

impl ExecuteReply {
    /// All went well and nothing more is to say.
    pub fn ok() -> Self {
        Self::Ok { user_expressions: Vec::new(), payload: Vec::new() }
    }

    pub(crate) fn content(&self, execution_count: u64) -> Value {
        match self {
            Self::Ok { user_expressions, payload } => json!({
                "status": "ok", "execution_count": execution_count,
                "user_expressions": expressions(user_expressions), "payload": payload,
            }),
            Self::Error(failure) => json!({
                "status": "error", "execution_count": execution_count, "user_expressions": {}, "payload": [],
                "ename": failure.ename, "evalue": failure.evalue, "traceback": failure.traceback,
            }),
            Self::Aborted => json!({
                "status": "aborted", "execution_count": execution_count, "user_expressions": {}, "payload": [],
            }),
        }
    }
}

/// A payload that shows something in the client's pager, from line `start` on.
pub fn page(bundle: &MimeBundle, start: u64) -> Value {
    json!({"source": "page", "data": bundle.data, "start": start})
}

impl KernelInfo {
    pub(crate) fn content(&self, protocol_version: &str) -> Value {
        let links: Vec<Value> = self.help_links.iter().map(|(text, url)| json!({"text": text, "url": url})).collect();
        let mut features = self.supported_features.clone();
        if !features.iter().any(|feature| feature == "iopub_welcome") {
            features.push("iopub_welcome".to_owned());
        }
        json!({
            "status": "ok", "protocol_version": protocol_version, "implementation": self.implementation,
            "implementation_version": self.implementation_version, "language_info": self.language_info.content(),
            "banner": self.banner, "help_links": links, "debugger": self.debugger, "supported_features": features,
        })
    }
}

impl LanguageInfo {
    fn content(&self) -> Value {
        let mut content = json!({
            "name": self.name, "version": self.version, "mimetype": self.mimetype, "file_extension": self.file_extension,
        });
        let optional = [
            ("pygments_lexer", Value::from(self.pygments_lexer.clone())),
            ("codemirror_mode", self.codemirror_mode.clone()),
            ("nbconvert_exporter", Value::from(self.nbconvert_exporter.clone())),
        ];
        for (key, value) in optional {
            if !value.is_null() && value != "" {
                content[key] = value;
            }
        }
        content
    }
}

impl CompleteReply {
    pub(crate) fn content(&self) -> Value {
        let texts: Vec<&str> = self.matches.iter().map(|m| m.text.as_str()).collect();
        let typed: Vec<Value> = self.matches.iter().map(|m| self.typed(m)).collect();
        json!({
            "status": "ok", "matches": texts, "cursor_start": self.cursor_start, "cursor_end": self.cursor_end,
            "metadata": {"_jupyter_types_experimental": typed},
        })
    }

    /// A candidate as JupyterLab reads kinds and signatures.
    fn typed(&self, m: &Match) -> Value {
        json!({
            "start": self.cursor_start, "end": self.cursor_end,
            "text": m.text, "type": m.kind, "signature": m.signature,
        })
    }
}

pub(crate) fn inspect_content(reply: &InspectReply) -> Value {
    let (found, bundle) = (reply.is_some(), reply.clone().unwrap_or_default());
    json!({"status": "ok", "found": found, "data": bundle.data, "metadata": bundle.metadata})
}

impl IsCompleteReply {
    pub(crate) fn content(&self) -> Value {
        match self {
            Self::Complete => json!({"status": "complete"}),
            Self::Incomplete { indent } => json!({"status": "incomplete", "indent": indent}),
            Self::Invalid => json!({"status": "invalid"}),
            Self::Unknown => json!({"status": "unknown"}),
        }
    }
}

pub(crate) fn history_content(entries: &[HistoryEntry], output: bool) -> Value {
    let entry = |e: &HistoryEntry| match output {
        true => json!([e.session, e.line, [e.input, e.output]]),
        false => json!([e.session, e.line, e.input]),
    };
    json!({"status": "ok", "history": entries.iter().map(entry).collect::<Vec<_>>()})
}

pub(crate) fn comm_info_content(comms: &[(String, String)]) -> Value {
    let named = comms.iter().map(|(id, target)| (id.clone(), json!({"target_name": target})));
    json!({"status": "ok", "comms": named.collect::<Map<_, _>>()})
}

fn expressions(values: &[(String, Result<MimeBundle, Failure>)]) -> Map<String, Value> {
    let content = |value: &Result<MimeBundle, Failure>| match value {
        Ok(bundle) => json!({"status": "ok", "data": bundle.data, "metadata": bundle.metadata}),
        Err(failure) => failure.reply(),
    };
    values.iter().map(|(name, value)| (name.clone(), content(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_execute_reply_has_its_objects_and_arrays() {
        for reply in [ExecuteReply::ok(), ExecuteReply::Error(Failure::new("E", "v")), ExecuteReply::Aborted] {
            let content = reply.content(7);
            assert!(content["user_expressions"].is_object() && content["payload"].is_array(), "{content}");
            assert_eq!(content["execution_count"], 7);
        }
    }

    #[test]
    fn mime_types_keep_their_order() {
        let bundle = MimeBundle::default().with("text/z", "1").with("text/a", "2");
        assert_eq!(serde_json::to_string(&bundle.data).unwrap(), r#"{"text/z":"1","text/a":"2"}"#);
    }

    #[test]
    fn history_entries_carry_outputs_only_when_asked() {
        let entry = HistoryEntry { session: 1, line: 2, input: "x".into(), output: None };
        assert_eq!(history_content(std::slice::from_ref(&entry), false)["history"], json!([[1, 2, "x"]]));
        assert_eq!(history_content(&[entry], true)["history"], json!([[1, 2, ["x", null]]]));
    }

    #[test]
    fn candidates_carry_kinds_beside_texts() {
        let reply = CompleteReply {
            matches: vec![Match { text: "fit".into(), kind: "function".into(), signature: "(net)".into() }],
            cursor_start: 0,
            cursor_end: 2,
        };
        let content = reply.content();
        assert_eq!(content["matches"], json!(["fit"]));
        assert_eq!(content["metadata"]["_jupyter_types_experimental"][0]["type"], "function");
    }
}
