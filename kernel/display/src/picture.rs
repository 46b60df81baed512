//! The static form of a run's live panel: what a saved notebook keeps of it. It must not know what buttons there are.

use crate::html::{self, MONO};
use crate::{Bundle, Chart, Progress};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A run's curves with how far it is, and what else its panel has said.
#[derive(Clone, Debug, Default)]
pub struct RunPicture {
    /// The run and its state, such as `run 1, finished`.
    pub title: String,
    /// Where it stands, may be empty.
    pub place: String,
    /// The curves.
    pub chart: Chart,
    /// How far it is.
    pub progress: Progress,
    /// What went wrong, may be empty.
    pub problem: String,
    /// What was printed, may be empty.
    pub log: String,
}

impl RunPicture {
    /// Text and SVG; with a problem or a log also HTML that holds all of it, because an SVG has no room for them.
    pub fn bundle(&self) -> Bundle {
        let svg = self.svg();
        let bundle = Bundle::new(self.text());
        let bundle = if self.problem.is_empty() && self.log.is_empty() { bundle } else { bundle.html(self.html(&svg)) };
        if svg.is_empty() { bundle } else { bundle.svg(svg) }
    }

    /// The chart's table, the line of progress, the problem, the log.
    pub fn text(&self) -> String {
        let head = format!("{}: {}", self.title, self.place);
        let head = head.trim_end_matches(": ").to_owned();
        let chart = if self.chart.series.is_empty() { String::new() } else { self.chart.text() };
        let parts = [head, chart, self.progress.text(), self.problem.clone(), self.log.trim_end().to_owned()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// The chart under its title, the line of progress below it; empty without curves.
    pub fn svg(&self) -> String {
        let note = self.progress.words();
        self.drawn(&Chart { title: self.title.clone(), note, ..self.chart.clone() })
    }

    /// The chart alone, for a panel that says the rest itself; empty without curves.
    pub fn bare_svg(&self) -> String {
        self.drawn(&Chart { title: String::new(), note: String::new(), ..self.chart.clone() })
    }

    /// An image's data may be in the page; an `<svg>` element is cut out of a notebook that is not trusted.
    fn html(&self, svg: &str) -> String {
        let place = if self.place.is_empty() { String::new() } else { html::escape(&self.place) };
        let image = match svg {
            "" => html::heading(&self.title),
            svg => format!(
                "<img alt=\"{}\" src=\"data:image/svg+xml;base64,{}\">",
                html::escape(&self.title),
                STANDARD.encode(svg)
            ),
        };
        let block = |text: &str| match text.trim_end() {
            "" => String::new(),
            text => format!("<div style=\"white-space:pre-wrap;{MONO}\">{}</div>", html::escape(text)),
        };
        format!("<div>{place}</div>{image}{}{}", block(&self.problem), block(&self.log))
    }

    fn drawn(&self, chart: &Chart) -> String {
        // A drawing that fails leaves the text, which says why (`Chart::bundle` does the same).
        if chart.series.is_empty() { String::new() } else { chart.svg().unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Series, Split};

    fn picture() -> RunPicture {
        let points = vec![(0.5, 2.0), (1.0, 1.0)];
        let series = vec![Series { run: String::new(), name: "loss".into(), split: Split::Training, points }];
        RunPicture {
            title: "run 1, finished".into(),
            chart: Chart { epochs: 1.0, series, ..Chart::default() },
            progress: Progress { epoch: 1, epochs: 1, batch: 2, batches: 2, ..Progress::default() },
            ..RunPicture::default()
        }
    }

    #[test]
    fn curves_are_an_svg_with_title_and_progress() {
        let bundle = picture().bundle();
        let svg = bundle.get("image/svg+xml").unwrap_or_default();
        assert!(svg.contains("run 1, finished") && svg.contains("epoch 1/1  batch 2/2"), "{svg}");
        assert_eq!(bundle.get("text/html"), None);
        assert!(bundle.text().starts_with("run 1, finished\n") && bundle.text().contains("batch 2/2"));
        assert!(!picture().bare_svg().contains("finished"));
    }

    #[test]
    fn a_problem_and_a_log_are_kept_as_html() {
        let told = RunPicture { problem: "a < b".into(), log: "saw 3\n".into(), ..picture() };
        let bundle = told.bundle();
        let html = bundle.get("text/html").unwrap_or_default();
        assert!(html.contains("a &lt; b") && html.contains("saw 3") && html.contains("data:image/svg+xml;base64,"));
        assert!(bundle.get("image/svg+xml").is_some() && bundle.text().ends_with("a < b\nsaw 3"));
        let bare = RunPicture { chart: Chart::default(), ..told }.bundle();
        assert!(bare.get("image/svg+xml").is_none() && bare.get("text/html").unwrap_or_default().contains("finished"));
    }
}
