//! One thing to show in several formats. It must not know how the formats were made or where they go.

/// MIME types with their data in a fixed order; `text/plain` is always there.
///
/// JSON types hold their JSON as text. The order is that of insertion, with `text/plain` first, so a saved notebook has
/// the same bytes every time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    parts: Vec<(String, String)>,
}

impl Bundle {
    /// A bundle that is plain text only.
    pub fn new(text: impl Into<String>) -> Self {
        Self { parts: vec![("text/plain".to_owned(), text.into())] }
    }

    /// This bundle with the data of one MIME type set.
    #[must_use]
    pub fn with(mut self, mime: &str, data: impl Into<String>) -> Self {
        match self.parts.iter_mut().find(|(name, _)| name == mime) {
            Some(part) => part.1 = data.into(),
            None => self.parts.push((mime.to_owned(), data.into())),
        }
        self
    }

    /// This bundle with `text/html`.
    #[must_use]
    pub fn html(self, data: impl Into<String>) -> Self {
        self.with("text/html", data)
    }

    /// This bundle with `image/svg+xml`.
    #[must_use]
    pub fn svg(self, data: impl Into<String>) -> Self {
        self.with("image/svg+xml", data)
    }

    /// The plain text.
    pub fn text(&self) -> &str {
        self.parts.first().map_or("", |(_, data)| data)
    }

    /// The data of a MIME type.
    pub fn get(&self, mime: &str) -> Option<&str> {
        self.parts.iter().find(|(name, _)| name == mime).map(|(_, data)| data.as_str())
    }

    /// MIME types with their data, in order.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.iter().map(|(name, data)| (name.as_str(), data.as_str()))
    }
}

impl IntoIterator for Bundle {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<(String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.parts.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_their_order_and_are_replaced_in_place() {
        let bundle = Bundle::new("a").html("<b>").svg("<svg/>").html("<i>").with("text/plain", "c");
        let parts: Vec<_> = bundle.parts().collect();
        assert_eq!(parts, [("text/plain", "c"), ("text/html", "<i>"), ("image/svg+xml", "<svg/>")]);
        assert_eq!(bundle.text(), "c");
        assert_eq!(bundle.get("text/html"), Some("<i>"));
        assert_eq!(bundle.get("image/png"), None);
    }
}
