//! A run in a variable: one handle, shared by its clones.

use super::drawing::{Drawing, look};
use super::until::Until;
use crate::problem::Fault;
use crate::script::{Slot, fact, has, setting};
use crate::session::Session;
use crate::show::Show;
use crate::surface::{Answer, fault, interrupted};
use candlewick_display as display;
use candlewick_engine::data::Frame;
use candlewick_engine::run::{Halt, Run, Unit, drive};
use candlewick_link::FromWorker;
use candlewick_plugin_api::{Chart, Context, Facts, Hook, Series, Split, Table};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext};
use std::cell::RefCell;
use std::rc::Rc;

/// A run that cells move on.
#[derive(Clone)]
pub struct RunHandle(Rc<Driven>);

struct Driven {
    run: RefCell<Run>,
    session: Session,
    slot: Rc<Slot>,
}

impl Drop for Driven {
    fn drop(&mut self) {
        let run = self.run.get_mut().id();
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
        Self(Rc::new(Driven { run: RefCell::new(run), session: session.clone(), slot: Rc::default() }))
    }

    /// Goes on by so many units.
    pub fn step(&self, count: usize, unit: Unit) -> Answer<Self> {
        let mut left = count;
        self.drive(false, |_, hook| {
            left -= usize::from(unit.ends_at(hook));
            Ok(left == 0)
        })
    }

    /// Goes on until a hook or a condition.
    pub fn run_until(&self, until: Until, call: &NativeCallContext) -> Answer<Self> {
        self.drive(false, |run, hook| until.holds(run, hook, &self.0.slot, call))
    }

    /// Goes on to the end.
    pub fn resume(&self) -> Answer<Self> {
        self.drive(true, |_, _| Ok(false))
    }

    /// Ends the run.
    pub fn stop(&self, reason: &str) -> Answer<Self> {
        {
            let mut run = self.0.run.try_borrow_mut().map_err(|_| busy())?;
            if run.is_finished() {
                return Err(ended(&run));
            }
            run.stop(reason);
            // Before its first hook nothing was started, so that nothing is left to be closed.
            if run.is_finished() {
                return Ok(self.clone());
            }
        }
        self.drive(false, |_, _| Ok(false))
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
        let id = self.look(Run::id)?;
        let table = self.history(id, name)?;
        Frame::from_columns(table.columns).map_err(fault)
    }

    /// The curves so far.
    pub fn chart(&self) -> Answer<RunChart> {
        self.look(|run| RunChart(self.curves(run)))
    }

    fn history(&self, run: u64, name: &str) -> Answer<Table> {
        let plugins = self.0.session.plugins.try_borrow().map_err(|_| busy())?;
        plugins.table("history", run, name).map_err(|error| Fault::error("PluginError", error.to_string()))
    }

    /// The one way a cell moves a run.
    fn drive(&self, live: bool, mut reached: impl FnMut(&mut Run, Hook) -> Answer<bool>) -> Answer<Self> {
        let session = &self.0.session;
        let mut run = self.0.run.try_borrow_mut().map_err(|_| busy())?;
        if run.is_finished() {
            return Err(ended(&run));
        }
        let failed_before = run.failure().is_some();
        let mut drawing = Drawing::new(session, run.id(), live);
        let halt = {
            let mut plugins = session.plugins.try_borrow_mut().map_err(|_| busy())?;
            drive(
                &mut run,
                &mut *plugins,
                |run, hook| {
                    if hook == Hook::SaveCheckpoint {
                        self.tell_checkpoint(run);
                    }
                    reached(run, hook).map_err(Broken)
                },
                |_, events| drawing.show(events),
            )
        };
        if run.is_finished() {
            self.tell_checkpoint(&run);
        }
        drawing.finish(Some(self.curves(&run)));
        let failure = run.failure().filter(|_| !failed_before).map(ToString::to_string);
        match (halt, failure) {
            (Err(Broken(error)), _) => Err(error),
            (Ok(Halt::Interrupted), _) => Err(interrupted()),
            (Ok(_), Some(failure)) => Err(Fault::error("TrainingError", failure)),
            (Ok(_), None) => Ok(self.clone()),
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

impl Show for RunHandle {
    fn bundle(&self) -> display::Bundle {
        match self.look(panel) {
            Ok(panel) => panel.bundle(),
            Err(_) => display::Bundle::new("a run that is moving"),
        }
    }
}

fn panel(run: &Run) -> display::RunPanel {
    let ctx = run.context();
    let epoch = format!("epoch {} of {}", ctx.epoch + 1, ctx.epochs);
    let (state, place) = match (run.outcome(), run.next_hook()) {
        (Some(outcome), _) => (outcome.name().to_owned(), run.stop_reason().map_or(epoch, str::to_owned)),
        (None, Some(Hook::StartTrainingSession)) => ("paused".to_owned(), "before its first hook".to_owned()),
        (None, next) => {
            let of = if ctx.hook.name().ends_with("training_batch") {
                format!(" of {}", ctx.batches_per_epoch)
            } else {
                String::new()
            };
            let batch = ctx.batch.map_or(String::new(), |batch| format!(", batch {}{of}", batch + 1));
            let next = next.map_or("", Hook::name);
            ("paused".to_owned(), format!("at {}, {epoch}{batch}; next is {next}", ctx.hook))
        }
    };
    let names = ["training_loss", "validation_loss", "training_metrics", "validation_metrics", "global_step"];
    let facts = facts(ctx, names.into_iter());
    let call = |call: &str, what: &str| (call.to_owned(), what.to_owned());
    // Which calls there are is said at both ends; between them it would bury what has changed.
    let calls = match run.next_hook() {
        None => vec![call("run.history", "a row for every epoch"), call("run.chart()", "the curves")],
        Some(hook) if hook != Hook::StartTrainingSession => Vec::new(),
        Some(_) => vec![
            call("run.step()", "to the next hook; run.step(3), run.batch(), run.epoch()"),
            call("run.run_until(\"end_epoch\")", "to a hook, or a condition such as \"ctx.loss < 0.1\""),
            call("run.resume()", "to the end, under a live chart"),
            call("run.stop(\"why\")", "ends it"),
        ],
    };
    display::RunPanel { title: format!("run {}, {state}", run.id()), place, facts, calls }
}

fn facts<'a>(ctx: &Context, names: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    use candlewick_plugin_api::Fact;
    let number = |value: f64| display::number::significant(value, 5);
    let shown = |name: &str| match ctx.get(name)? {
        Fact::Count(count) => Some(count.to_string()),
        Fact::Number(value) => Some(number(value)),
        Fact::Flag(flag) => Some(flag.to_string()),
        Fact::Text(text) => Some(text.to_string()).filter(|text| !text.is_empty()),
        Fact::Numbers(numbers) => {
            let numbers: Vec<_> = numbers.iter().map(|(name, value)| format!("{name} {}", number(*value))).collect();
            Some(numbers.join(", ")).filter(|text| !text.is_empty())
        }
        Fact::Values(values) => {
            let values: Vec<_> = values.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            Some(values.join(", "))
        }
        Fact::Missing(_) => None,
    };
    names.filter_map(|name| Some((name.to_owned(), shown(name)?))).collect()
}

/// A run's context as it was when asked for.
#[derive(Clone)]
pub struct ContextView(Rc<Context>);

impl Show for ContextView {
    fn bundle(&self) -> display::Bundle {
        let title = format!("context of run {}", self.0.run);
        let mut facts = facts(&self.0, Facts::names());
        facts.push(("learning_rate".into(), display::number::significant(self.0.working.learning_rate, 5)));
        display::RunPanel { title, place: format!("at {}", self.0.hook), facts, calls: Vec::new() }.bundle()
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
