//! One line with a bar that says how far a plugin's work is. It must not know what the work is: words and numbers are given.

use crate::{Bundle, html, number, text};

/// Characters of the bar in text.
const BAR: usize = 20;
/// Colour of the part that is done.
const DONE: &str = "var(--jp-brand-color1,#1976d2)";
/// Colour of the rest.
const REST: &str = "var(--jp-border-color2,#ddd)";

/// How far some work is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActionBar {
    /// What is worked on, such as `fit iris_net`.
    pub title: String,
    /// The part that is done, 0 to 1, where known.
    pub fraction: Option<f64>,
    /// What else was reported: name and value.
    pub values: Vec<(String, String)>,
    /// How far it is in a word, such as `executing`.
    pub progress: String,
    /// Seconds it took; none while it goes on.
    pub seconds: Option<f64>,
}

impl ActionBar {
    /// Text and HTML.
    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.text()).html(self.html())
    }

    /// `fit iris_net  ████████░░░░░░░░░░░░  40.0 %  loss 0.1234  executing`.
    pub fn text(&self) -> String {
        let bar = self.fraction.map(|fraction| format!("{}  {}", text::bar(fraction, BAR), number::percent(fraction)));
        let parts = std::iter::once(self.title.clone()).chain(bar).chain(std::iter::once(self.words()));
        parts.collect::<Vec<_>>().join("  ")
    }

    /// The same with a bar that is drawn.
    pub fn html(&self) -> String {
        let bar = self.fraction.map_or(String::new(), |fraction| {
            let percent = (fraction.clamp(0.0, 1.0) * 100.0).round();
            format!(
                "<div style=\"background:{REST};width:240px;height:8px;margin:3px 0\">\
                 <div style=\"background:{DONE};width:{percent}%;height:8px\"></div></div>{}  ",
                html::escape(&number::percent(fraction))
            )
        });
        html::heading(&self.title)
            + "<div style=\"white-space:pre-wrap\">"
            + &bar
            + &html::quiet(&self.words())
            + "</div>"
    }

    fn words(&self) -> String {
        let values = self.values.iter().map(|(name, value)| format!("{name} {value}"));
        let took = self.seconds.map_or(String::new(), |seconds| format!(" in {}", number::seconds(seconds)));
        values.chain([format!("{}{took}", self.progress)]).collect::<Vec<_>>().join("  ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_says_how_far_the_work_is() {
        let bar = ActionBar {
            title: "fit iris_net".into(),
            fraction: Some(0.4),
            values: vec![("loss".into(), "0.1234".into())],
            progress: "executing".into(),
            seconds: None,
        };
        assert_eq!(bar.text(), "fit iris_net  ████████░░░░░░░░░░░░  40.0 %  loss 0.1234  executing");
        assert!(bar.html().contains("width:40%") && bar.html().contains("loss 0.1234"), "{}", bar.html());
        let ended = ActionBar { fraction: None, progress: "complete".into(), seconds: Some(1.5), ..bar };
        assert_eq!(ended.text(), "fit iris_net  loss 0.1234  complete in 1.5 s");
    }

    #[test]
    fn what_is_shown_is_escaped() {
        let bar = ActionBar { title: "<b>".into(), values: vec![("a".into(), "<i>".into())], ..ActionBar::default() };
        assert!(!bar.html().contains("<b>") && !bar.html().contains("<i>"));
    }
}
