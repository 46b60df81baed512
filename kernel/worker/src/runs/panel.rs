//! The live panel of a run: one widget with progress, chart and buttons, of which the newest view is live.
//!
//! An older view goes back to what it showed, so that a notebook keeps what each cell did; when the run ends the last
//! one becomes a picture too, so that a saved notebook needs no widget. Must not know what the buttons do. Read
//! [`Panel`] first.

use super::standing::{self, Standing};
use crate::comms::Listener;
use crate::session::Session;
use crate::show::linked;
use crate::widget::{Module, VIEW, Widget};
use candlewick_display as display;
use candlewick_engine::run::Run;
use candlewick_link::{Bundle, FromWorker};
use candlewick_plugin_api::{Chart, Progress};
use serde_json::{Map, Value, json};
use std::rc::Weak;

/// What runs in the front end.
const MODULE: Module = Module { name: "candlewick.run", esm: include_str!("panel.js"), css: include_str!("panel.css") };
/// The newest so many bytes of what is printed without a cell are kept.
const LOG: usize = 8 << 10;

/// A run's panel; nothing is sent before it is shown for the first time.
pub struct Panel {
    session: Session,
    listener: Weak<dyn Listener>,
    /// The widget's comm, and the widget.
    widget: Option<(String, Widget)>,
    view: Option<View>,
    chart: Option<Chart>,
    /// The chart as drawn, unless it has changed since.
    svg: Option<String>,
    steps_per_second: f64,
    problem: String,
    log: String,
    /// How many presses of a button were answered.
    answered: u64,
}

/// Where the widget is shown.
struct View {
    display: String,
    cell: u64,
    /// What it goes back to when a newer view is shown: what a cell's value looked like.
    record: Option<Bundle>,
}

impl Panel {
    /// A panel whose buttons that listener hears.
    pub fn new(session: &Session, listener: Weak<dyn Listener>) -> Self {
        Self {
            session: session.clone(),
            listener,
            widget: None,
            view: None,
            chart: None,
            svg: None,
            steps_per_second: 0.0,
            problem: String::new(),
            log: String::new(),
            answered: 0,
        }
    }

    /// Whether messages on this comm are for it.
    pub fn is_on(&self, comm: &str) -> bool {
        self.widget.as_ref().is_some_and(|(id, _)| id == comm)
    }

    /// Whether the live view stands below the cell that runs.
    pub fn is_in_this_cell(&self) -> bool {
        self.view.as_ref().is_some_and(|view| view.cell == self.session.cell())
    }

    /// Takes in how fast the run is.
    pub fn put_progress(&mut self, progress: &Progress) {
        self.steps_per_second = progress.steps_per_second;
    }

    /// Takes in the curves.
    pub fn put_chart(&mut self, chart: Chart) {
        if !chart.series.is_empty() && self.chart.as_ref() != Some(&chart) {
            self.chart = Some(chart);
            self.svg = None;
        }
    }

    /// Shows the widget below the running cell, unless it is there already.
    pub fn show(&mut self, run: &Run, moving: bool, record: Option<display::Bundle>) {
        if self.is_in_this_cell() {
            return;
        }
        self.freeze(run, true);
        let state = self.state(run, moving);
        let widget = self.widget.take().unwrap_or_else(|| self.open(state));
        let record = record.map(linked);
        let mut bundle = record.clone().unwrap_or_else(|| linked(self.picture(run, moving)));
        bundle.data.insert(VIEW.to_owned(), widget.1.view());
        self.widget = Some(widget);
        let display = self.session.next_display_id();
        let shown = FromWorker::Display { bundle, display_id: Some(display.clone()), update: false };
        self.session.outbox.send(shown);
        self.view = Some(View { display, cell: self.session.cell(), record });
        self.tell_now(run, moving);
    }

    /// Tells clients how the run stands, if it is time.
    pub fn tell_if_due(&mut self, run: &Run) {
        if self.widget.as_ref().is_some_and(|(_, widget)| widget.is_due()) {
            self.tell_now(run, true);
        }
    }

    /// Tells clients how the run stands.
    pub fn tell_now(&mut self, run: &Run, moving: bool) {
        if self.widget.is_none() {
            return;
        }
        let state = self.state(run, moving);
        if let Some((_, widget)) = &mut self.widget {
            widget.set(state);
            widget.tell();
        }
    }

    /// A press is being answered; what an earlier one met with is over.
    pub fn answer(&mut self) {
        self.answered += 1;
        self.problem.clear();
    }

    /// What a press met with.
    pub fn put_problem(&mut self, problem: String) {
        self.problem = problem;
    }

    /// The live view becomes a picture, of its own moment when a newer view follows it.
    pub fn freeze(&mut self, run: &Run, newer: bool) {
        let Some(View { display, record, .. }) = self.view.take() else { return };
        let bundle = record.filter(|_| newer).unwrap_or_else(|| linked(self.picture(run, false)));
        self.session.outbox.send(FromWorker::Display { bundle, display_id: Some(display), update: true });
    }

    /// The run goes away: so does the widget, after its view has become a picture.
    pub fn close(&mut self, run: &Run) {
        self.freeze(run, false);
        if let Some((id, _)) = self.widget.take() {
            self.session.comms.forget(&id);
        }
    }

    /// A client has closed the widget, and its views with it.
    pub fn closed_by_client(&mut self) {
        self.view = None;
        if let Some((id, widget)) = self.widget.take() {
            self.session.comms.forget(&id);
            widget.closed_by_client();
        }
    }

    fn open(&self, mut state: Map<String, Value>) -> (String, Widget) {
        let id = self.session.next_comm_id();
        state.insert("comm".to_owned(), id.clone().into());
        self.session.comms.listen(&id, self.listener.clone());
        let widget = Widget::open(&self.session.outbox, &id, &MODULE, state);
        (id, widget)
    }

    fn state(&mut self, run: &Run, moving: bool) -> Map<String, Value> {
        self.log.push_str(&self.session.outbox.take_copied());
        keep_end(&mut self.log, LOG);
        let standing = Standing::of(run, moving, self.steps_per_second);
        let svg = self.svg.take().unwrap_or_else(|| self.drawn(&standing).bare_svg());
        self.svg = Some(svg.clone());
        let figures: Vec<_> = standing.figures.iter().map(|(name, value)| json!([name, value])).collect();
        let state = json!({
            "title": standing.title,
            "state": standing.state,
            "where": standing.place,
            "can": can(standing.state),
            "fraction": standing.progress.fraction(),
            "progress": standing.progress.words(),
            "figures": figures,
            "svg": svg,
            "problem": self.problem,
            "log": self.log,
            "answered": self.answered,
        });
        match state {
            Value::Object(state) => state,
            _ => Map::new(),
        }
    }

    /// What a saved notebook shows.
    fn picture(&self, run: &Run, moving: bool) -> display::Bundle {
        if self.chart.is_none() && self.log.is_empty() && self.problem.is_empty() {
            return standing::panel(run).bundle();
        }
        self.drawn(&Standing::of(run, moving, self.steps_per_second)).bundle()
    }

    fn drawn(&self, standing: &Standing) -> display::RunPicture {
        display::RunPicture {
            title: format!("{}, {}", standing.title, standing.state),
            place: standing.place.clone(),
            chart: self.chart.as_ref().map(super::drawing::look).unwrap_or_default(),
            progress: standing.progress.clone(),
            problem: self.problem.clone(),
            log: self.log.clone(),
        }
    }
}

/// The buttons that mean something.
fn can(state: &str) -> &'static [&'static str] {
    match state {
        "running" => &["pause", "stop"],
        "paused" => &["resume", "step", "stop"],
        _ => &[],
    }
}

fn keep_end(text: &mut String, most: usize) {
    if text.len() > most {
        let cut = (text.len() - most..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        let cut = text[cut..].find('\n').map_or(cut, |line| cut + line + 1);
        text.replace_range(..cut, "… earlier lines were printed too\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_keeps_its_end_in_whole_lines() {
        let check = |text: &str, most: usize, expect: &str| {
            let mut text = text.to_owned();
            keep_end(&mut text, most);
            assert_eq!(text, expect);
        };
        check("a\nb\n", 4, "a\nb\n");
        check("first\nsecond\nthird\n", 10, "… earlier lines were printed too\nthird\n");
        check("äöü\nß\n", 6, "… earlier lines were printed too\nß\n");
    }
}
