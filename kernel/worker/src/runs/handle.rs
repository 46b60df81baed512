//! A run in a variable: one handle, shared by its clones.

use super::control::{self, Action, Control, Driver};
use super::drawing::{Drawing, look};
use super::panel::Panel;
use super::standing::{self, ContextView};
use super::until::Until;
use crate::comms::Listener;
use crate::problem::Fault;
use crate::script::{Slot, fact, has, setting};
use crate::session::Session;
use crate::show::Show;
use crate::surface::{Answer, fault, interrupted};
use candlewick_display as display;
use candlewick_engine::data::Frame;
use candlewick_engine::run::{Halt, Run, Unit, drive};
use candlewick_link::{Comm, CommWhat, FromWorker};
use candlewick_plugin_api::{Chart, Hook, Series, Split, Table};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext};
use std::cell::RefCell;
use std::rc::{Rc, Weak};

/// A run that cells move on.
#[derive(Clone)]
pub struct RunHandle(Rc<Driven>);

struct Driven {
    run: RefCell<Run>,
    panel: RefCell<Panel>,
    session: Session,
    slot: Rc<Slot>,
}

impl Drop for Driven {
    fn drop(&mut self) {
        let run = self.run.get_mut();
        self.panel.get_mut().close(run);
        let run = run.id();
        // Inside a hook the manager is busy; what it keeps of the run is then small change.
        if let Ok(mut plugins) = self.session.plugins.try_borrow_mut() {
            plugins.forget_run(run);
        }
    }
}

/// The error of driving, whichever side it came from.
struct Broken(Box<EvalAltResult>);

impl From<candlewick_engine::EngineError> for Broken {
    fn from(error: candlewick_engine::EngineError) -> Self {
        Self(fault(error))
    }
}

impl RunHandle {
    /// A handle on a run of this session.
    pub fn new(session: &Session, run: Run) -> Self {
        Self(Rc::new_cyclic(|driven: &Weak<Driven>| Driven {
            run: RefCell::new(run),
            panel: RefCell::new(Panel::new(session, driven.clone())),
            session: session.clone(),
            slot: Rc::default(),
        }))
    }

    /// Goes on by so many units.
    pub fn step(&self, count: usize, unit: Unit) -> Answer<Self> {
        let mut left = count;
        self.drive(Driver::Cell, false, |_, hook| {
            left -= usize::from(unit.ends_at(hook));
            Ok(left == 0)
        })
    }

    /// Goes on until a hook or a condition.
    pub fn run_until(&self, until: Until, call: &NativeCallContext) -> Answer<Self> {
        self.drive(Driver::Cell, false, |run, hook| until.holds(run, hook, &self.0.slot, call))
    }

    /// Goes on until a condition holds after a hook, or to the end.
    pub fn go_on_until(&self, mut holds: impl FnMut(&Run, Hook) -> bool) -> Answer<Self> {
        self.drive(Driver::Cell, false, |run, hook| Ok(holds(run, hook)))
    }

    /// Goes on to the end.
    pub fn resume(&self) -> Answer<Self> {
        self.drive(Driver::Cell, true, |_, _| Ok(false))
    }

    /// Ends the run.
    pub fn stop(&self, reason: &str) -> Answer<Self> {
        self.end(Driver::Cell, reason)
    }

    fn end(&self, driver: Driver, reason: &str) -> Answer<Self> {
        {
            let mut run = self.0.run.try_borrow_mut().map_err(|_| busy())?;
            if run.is_finished() {
                return Err(ended(&run));
            }
            run.stop(reason);
            // Before its first hook nothing was started, so that nothing is left to be closed.
            if run.is_finished() {
                drop(run);
                let ended = Ok(self.clone());
                self.settle(driver, &ended);
                return ended;
            }
        }
        self.drive(driver, false, |_, _| Ok(false))
    }

    /// What the run is, without moving it.
    pub fn look<T>(&self, look: impl FnOnce(&Run) -> T) -> Answer<T> {
        Ok(look(&*self.0.run.try_borrow().map_err(|_| busy())?))
    }

    /// The facts of where the run stands.
    pub fn context(&self) -> Answer<ContextView> {
        self.look(|run| ContextView(Rc::new(run.context().clone())))
    }

    /// A table of the history plugin.
    pub fn table(&self, name: &str) -> Answer<Frame> {
        self.table_of("history", name)
    }

    /// A table that a plugin keeps about this run.
    pub fn table_of(&self, plugin: &str, name: &str) -> Answer<Frame> {
        let id = self.look(Run::id)?;
        let table = self.plugin_table(plugin, id, name)?;
        Frame::from_columns(table.columns).map_err(fault)
    }

    /// The curves so far.
    pub fn chart(&self) -> Answer<RunChart> {
        self.look(|run| RunChart(self.curves(run)))
    }

    fn history(&self, run: u64, name: &str) -> Answer<Table> {
        self.plugin_table("history", run, name)
    }

    fn plugin_table(&self, plugin: &str, run: u64, name: &str) -> Answer<Table> {
        let plugins = self.0.session.plugins.try_borrow().map_err(|_| busy())?;
        plugins.table(plugin, run, name).map_err(|error| Fault::error("PluginError", error.to_string()))
    }

    /// Shows the run as its live panel, where that can be shown and the run goes on.
    pub fn show_live(&self) -> bool {
        let Ok(run) = self.0.run.try_borrow() else { return false };
        let mut panel = self.0.panel.borrow_mut();
        if !self.0.session.has_widgets() || run.is_finished() || panel.is_in_this_cell() {
            return false;
        }
        panel.put_chart(self.curves(&run));
        panel.show(&run, false, Some(standing::panel(&run).bundle()));
        true
    }

    /// The one way anybody moves a run.
    fn drive(
        &self,
        driver: Driver,
        live: bool,
        mut reached: impl FnMut(&mut Run, Hook) -> Answer<bool>,
    ) -> Answer<Self> {
        let session = &self.0.session;
        // A plugin that moves a run is not charged for its time: it shows, and the user can interrupt it.
        let _paused = session.calls.pause();
        let mut run = self.0.run.try_borrow_mut().map_err(|_| busy())?;
        if run.is_finished() {
            return Err(ended(&run));
        }
        let failed_before = run.failure().is_some();
        let mut drawing = Drawing::new(session, &self.0.panel, &run, driver, live);
        let mut control = Control::new(&self.0.panel, &session.inbox, &session.comms, driver);
        let halt = {
            let mut plugins = session.plugins.try_borrow_mut().map_err(|_| busy())?;
            drive(
                &mut run,
                &mut *plugins,
                |run, hook| {
                    if hook == Hook::SaveCheckpoint {
                        self.tell_checkpoint(run);
                    }
                    Ok(reached(run, hook).map_err(Broken)? || control.come_past(run))
                },
                |run, events| drawing.show(run, events),
            )
        };
        if run.is_finished() {
            self.tell_checkpoint(&run);
        }
        drawing.finish(self.curves(&run));
        let failure = run.failure().filter(|_| !failed_before).map(ToString::to_string);
        drop(run);
        let driven = match (halt, failure) {
            (Err(Broken(error)), _) => Err(error),
            (Ok(Halt::Interrupted), _) => Err(interrupted()),
            (Ok(_), Some(failure)) => Err(Fault::error("TrainingError", failure)),
            (Ok(_), None) => Ok(self.clone()),
        };
        self.settle(driver, &driven);
        driven
    }

    /// The panel says how a drive went; what went wrong under a cell is the cell's error already.
    fn settle(&self, driver: Driver, driven: &Answer<Self>) {
        let Ok(run) = self.0.run.try_borrow() else { return };
        let mut panel = self.0.panel.borrow_mut();
        if let (Driver::Panel, Err(error)) = (driver, driven) {
            panel.put_problem(problem(error).unwrap_or_default());
        }
        panel.tell_now(&run, false);
        if run.is_finished() {
            panel.freeze(&run, false);
        }
    }

    /// Does what a button asks while no cell runs.
    fn obey(&self, action: Action) -> Answer<Self> {
        match action {
            Action::Step => self.drive(Driver::Panel, false, |_, _| Ok(true)),
            Action::Resume => self.drive(Driver::Panel, true, |_, _| Ok(false)),
            Action::Stop => self.end(Driver::Panel, control::REASON),
            Action::Pause => Ok(self.clone()),
        }
    }

    /// The kernel process outlives this one: it says how to resume, should the worker die.
    fn tell_checkpoint(&self, run: &Run) {
        let newest = run.newest_checkpoint().filter(|_| !run.is_finished());
        let path = newest.map(|path| path.display().to_string());
        self.0.session.outbox.send(FromWorker::Checkpoint { path });
    }

    fn curves(&self, run: &Run) -> Chart {
        let per_epoch = run.context().batches_per_epoch.max(1) as f64;
        let mut series = Vec::new();
        if let Ok(batches) = self.history(run.id(), "batches") {
            let x = column(&batches, "global_step").iter().map(|step| step.map(|step| (step + 1.0) / per_epoch));
            series.extend(curve("loss", Split::Training, x, column(&batches, "loss")));
        }
        if let Ok(epochs) = self.history(run.id(), "epochs") {
            for (name, values) in &epochs.columns {
                let (split, name) = match (name.strip_prefix("training_"), name.strip_prefix("validation_")) {
                    (Some("loss"), _) | (None, None) => continue,
                    (Some(name), _) => (Split::Training, name),
                    (_, Some(name)) => (Split::Validation, name),
                };
                let x = column(&epochs, "epoch").iter().map(|epoch| epoch.map(|epoch| epoch + 1.0));
                series.extend(curve(name, split, x, values));
            }
        }
        Chart { run: run.id(), series, epochs: run.context().epochs, finished: run.is_finished() }
    }
}

fn column<'a>(table: &'a Table, name: &str) -> &'a [Option<f64>] {
    table.columns.iter().find(|(own, _)| own == name).map_or(&[], |(_, values)| values)
}

fn curve(name: &str, split: Split, x: impl Iterator<Item = Option<f64>>, y: &[Option<f64>]) -> Option<Series> {
    let points: Vec<_> = x.zip(y).filter_map(|(x, y)| Some((x?, (*y)?))).collect();
    (!points.is_empty()).then(|| Series { name: name.to_owned(), split, points })
}

fn busy() -> Box<EvalAltResult> {
    Fault::error(
        "BusyError",
        "this run is moving right now; a hook or a condition cannot move it or look at it from outside",
    )
}

fn ended(run: &Run) -> Box<EvalAltResult> {
    let outcome = run.outcome().map_or("", |outcome| outcome.name());
    let how = "fit(net, data, …) makes a new run that trains on";
    Fault::error("RunEnded", format!("run {} has ended ({outcome}); {how}", run.id()))
}

impl Listener for Driven {
    fn message(self: Rc<Self>, comm: &Comm) {
        if comm.what == CommWhat::Close {
            return self.panel.borrow_mut().closed_by_client();
        }
        let Some(action) = Action::of(comm) else { return };
        self.panel.borrow_mut().answer();
        self.session.outbox.copy_text(true);
        let run = RunHandle(self);
        let obeyed = run.obey(action);
        run.settle(Driver::Panel, &obeyed);
        run.0.session.outbox.copy_text(false);
    }
}

/// What to say in the panel; an interrupt needs no words, the run is paused.
fn problem(error: &EvalAltResult) -> Option<String> {
    match error {
        EvalAltResult::ErrorRuntime(value, _) => match value.read_lock::<Fault>() {
            Some(fault) if fault.name == "Interrupted" => None,
            Some(fault) => Some(format!("{}: {}", fault.name, fault.message)),
            None => Some(value.to_string()),
        },
        EvalAltResult::ErrorTerminated(..) => None,
        other => Some(other.to_string()),
    }
}

impl Show for RunHandle {
    fn bundle(&self) -> display::Bundle {
        match self.look(standing::panel) {
            Ok(panel) => panel.bundle(),
            Err(_) => display::Bundle::new("a run that is moving"),
        }
    }
}

/// A run's curves as they were when asked for.
#[derive(Clone)]
pub struct RunChart(Chart);

impl Show for RunChart {
    fn bundle(&self) -> display::Bundle {
        look(&self.0).bundle()
    }
}

/// Names the types of this file and makes a context's facts readable.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<ContextView>("context").register_type_with_name::<RunChart>("chart");
    engine.register_indexer_get(|view: &mut ContextView, name: ImmutableString| -> Answer<Dynamic> {
        setting(&view.0, &name).map_or_else(|| fact(&view.0, &name), Ok)
    });
    engine.register_fn("has", |view: &mut ContextView, name: &str| has(&view.0, name));
}
