//! What a run's events look like in a cell: text, and a live panel, or a progress line and a chart of their own.
//!
//! Must not know how a run is moved. Read [`Drawing`] first.

use super::control::Driver;
use super::panel::Panel;
use crate::session::Session;
use crate::show::linked;
use candlewick_display as display;
use candlewick_engine::run::Run;
use candlewick_link::{FromWorker, StreamName};
use candlewick_plugin_api::{Chart, Event, HookFailure, Progress, RunId, Series, Split};
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// A drive that is over sooner than this shows no progress line and no chart of its own.
const PATIENCE: Duration = Duration::from_millis(500);

/// Draws the events of one drive of one run.
pub struct Drawing<'a> {
    session: &'a Session,
    panel: &'a RefCell<Panel>,
    driver: Driver,
    /// Without widgets the curves and the progress line are displays of their own.
    as_panel: bool,
    run: RunId,
    since: Instant,
    /// Draw from the first event on, and a last time at the end.
    live: bool,
    chart_shown: bool,
    progress_shown: bool,
}

impl<'a> Drawing<'a> {
    /// For a drive that begins now.
    pub fn new(session: &'a Session, panel: &'a RefCell<Panel>, run: &Run, driver: Driver, live: bool) -> Self {
        let as_panel = driver == Driver::Panel || session.has_widgets();
        let (since, run_id) = (Instant::now(), run.id());
        let drawing = Self {
            session,
            panel,
            driver,
            as_panel,
            run: run_id,
            since,
            live,
            chart_shown: false,
            progress_shown: false,
        };
        if live {
            drawing.show_panel(run);
        }
        panel.borrow_mut().tell_now(run, true);
        drawing
    }

    /// Draws what was emitted.
    pub fn show(&mut self, run: &Run, events: Vec<Event>) {
        let mut drawn = false;
        for event in events {
            match event {
                Event::Progress(progress) => {
                    drawn = true;
                    self.put_progress(&progress);
                }
                Event::Chart(chart) => {
                    drawn = true;
                    self.put_chart(chart);
                }
                words => tell(self.session, [words]),
            }
        }
        if drawn && self.is_due() {
            self.show_panel(run);
            self.panel.borrow_mut().tell_if_due(run);
        }
    }

    /// Draws the curves a last time, when this drive has drawn any or was to.
    pub fn finish(&mut self, chart: Chart) {
        if !self.as_panel && (self.live || self.chart_shown) && !chart.series.is_empty() {
            self.draw_chart(&chart);
        }
        self.panel.borrow_mut().put_chart(chart);
    }

    /// The panel has its place below the cell that drives; driven by its own buttons it stays where it is.
    fn show_panel(&self, run: &Run) {
        if self.session.has_widgets() && self.driver == Driver::Cell {
            self.panel.borrow_mut().show(run, true, None);
        }
    }

    fn put_progress(&mut self, progress: &Progress) {
        if !self.as_panel && self.is_due() {
            self.draw_progress(progress);
        }
        self.panel.borrow_mut().put_progress(progress);
    }

    fn put_chart(&mut self, chart: Chart) {
        if !self.as_panel && self.is_due() {
            self.draw_chart(&chart);
        }
        self.panel.borrow_mut().put_chart(chart);
    }

    fn is_due(&self) -> bool {
        self.live || self.since.elapsed() > PATIENCE
    }

    fn draw_chart(&mut self, chart: &Chart) {
        let update = std::mem::replace(&mut self.chart_shown, true);
        self.display("chart", look(chart).bundle(), update);
    }

    fn draw_progress(&mut self, progress: &Progress) {
        let update = std::mem::replace(&mut self.progress_shown, true);
        let line = display::Progress {
            epoch: progress.epoch as u64,
            epochs: progress.epochs as u64,
            batch: progress.batch as u64,
            batches: progress.batches as u64,
            values: progress.numbers.clone(),
            rate: Some(progress.steps_per_second).filter(|rate| rate.is_finite() && *rate > 0.0),
            remaining: progress.remaining_seconds,
        };
        self.display("progress", line.bundle(), update);
    }

    /// One display id for each run: a later cell's drawing replaces an earlier one's too.
    fn display(&self, what: &str, bundle: display::Bundle, update: bool) {
        let id = format!("candlewick-{}-run-{}-{what}", std::process::id(), self.run);
        self.session.outbox.send(FromWorker::Display { bundle: linked(bundle), display_id: Some(id), update });
    }
}

/// Prints what events say in words.
pub fn tell(session: &Session, events: impl IntoIterator<Item = Event>) {
    for event in events {
        match event {
            Event::Print(text) => session.outbox.print(StreamName::Stdout, &(text + "\n")),
            Event::Warning(text) => session.outbox.print(StreamName::Stderr, &(text + "\n")),
            Event::PluginFailed(failure) => session.outbox.print(StreamName::Stderr, &explain(&failure)),
            Event::Progress(_) | Event::Chart(_) => {}
        }
    }
}

/// A run's curves as the display draws them.
pub fn look(chart: &Chart) -> display::Chart {
    let series = |series: &Series| display::Series {
        run: String::new(),
        name: series.name.clone(),
        split: match series.split {
            Split::Training => display::Split::Training,
            Split::Validation => display::Split::Validation,
        },
        points: series.points.clone(),
    };
    let series = chart.series.iter().map(series).collect();
    let title = format!("run {}", chart.run);
    display::Chart { title, epochs: chart.epochs as f64, series, ..display::Chart::default() }
}

fn explain(failure: &HookFailure) -> String {
    let batch = failure.batch.map_or(String::new(), |batch| format!(", batch {batch}"));
    let line = failure.line.map_or(String::new(), |line| format!(", line {line}"));
    let column = failure.column.map_or(String::new(), |column| format!(", column {column}"));
    let (HookFailure { plugin, epoch, message, .. }, place) = (failure, failure.place());
    // Outside of runs there is no epoch.
    let when = if failure.run == 0 { String::new() } else { format!(" (epoch {epoch}{batch})") };
    let mut text = format!("plugin {plugin} failed in {place}{when}{line}{column}: {message}\n");
    if failure.quarantined {
        let n = failure.in_a_row;
        text.push_str(&format!(
            "plugin {plugin} failed {n} times in a row and is quarantined; training goes on without it. "
        ));
        text.push_str(&format!("Mend its cell and run it again, or write `%plugin activate {plugin}`; `%plugin replay {plugin}` makes the failed call again.\n"));
    }
    text
}
