//! One thing to show in several formats.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// MIME types with their data, in a fixed order so that saved notebooks are the same bytes every time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// MIME type to data: a string, or JSON for JSON types.
    pub data: Map<String, Value>,
    /// Extra facts by MIME type, such as a width.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Bundle {
    /// A bundle that is plain text only.
    pub fn text(text: impl Into<String>) -> Self {
        Self::default().with("text/plain", text)
    }

    /// This bundle with one format more.
    #[must_use]
    pub fn with(mut self, mime: &str, data: impl Into<String>) -> Self {
        self.data.insert(mime.to_owned(), Value::String(data.into()));
        self
    }

    /// The data of a MIME type, if it is text.
    pub fn get(&self, mime: &str) -> Option<&str> {
        self.data.get(mime)?.as_str()
    }
}
