//! Hook points: declared, bound, fired in order, from hooks and cells; and what may not happen there.

use crate::scripted::*;
use candlewick_plugin_api::Hook::*;
use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;
use std::collections::BTreeMap;

type Answer = Box<dyn FnMut(&mut Context, &mut Value) -> Result<(), PluginError>>;

/// Answers the point `augment`; fires it at `start_training_batch` when it is told to.
struct Pointed {
    name: &'static str,
    log: Log,
    fires: bool,
    answers: Option<Answer>,
}

impl Plugin for Pointed {
    fn metadata(&self) -> Metadata {
        Metadata::of(self.name, "1.0.0", "answers a point")
    }
    fn hooks(&self) -> HookSet {
        if self.fires { HookSet::none().with(StartTrainingBatch) } else { HookSet::none() }
    }
    fn points(&self) -> Vec<String> {
        if self.answers.is_some() { vec!["augment".into(), "nobody_declares_this".into()] } else { Vec::new() }
    }
    fn start_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let data = ctx.fire("augment", data(1))?;
        self.log.borrow_mut().push(format!("got {}", data.json()));
        Ok(())
    }
    fn call_point(&mut self, point: &str, ctx: &mut Context, data: &mut Value) -> Result<(), PluginError> {
        self.log.borrow_mut().push(format!("{}:{point}", self.name));
        (self.answers.as_mut().unwrap())(ctx, data)
    }
}

fn data(n: i64) -> Value {
    Value::Map(BTreeMap::from([("n".to_owned(), n.into())]))
}

fn count_up(by: i64) -> Option<Answer> {
    Some(Box::new(move |_, value| {
        let Value::Map(map) = value else { return Err(PluginError::failed("no map")) };
        let Some(Value::Integer(n)) = map.get_mut("n") else { return Err(PluginError::failed("no n")) };
        *n = *n * 10 + by;
        Ok(())
    }))
}

fn failing() -> Option<Answer> {
    Some(Box::new(|_, value| {
        *value = Value::Nothing;
        Err(PluginError::failed("no"))
    }))
}

fn add(stage: &mut Stage, name: &'static str, answers: Option<Answer>, registration: Registration) {
    let plugin = Pointed { name, log: stage.log.clone(), fires: answers.is_none(), answers };
    stage.manager.register(Box::new(plugin), registration).unwrap();
}

fn at(priority: i64) -> Registration {
    Registration { priority, ..Registration::from_origin("test") }
}

fn augment() -> Point {
    Point { name: "augment".into(), doc: "changes a batch".into(), descending: false }
}

#[test]
fn plugins_are_bound_before_and_after_the_declaration_and_called_in_order() {
    let mut stage = Stage::default();
    add(&mut stage, "fires", None, at(0));
    add(&mut stage, "late", count_up(2), at(5));
    stage.manager.declare(augment()).unwrap();
    add(&mut stage, "early", count_up(1), at(-5));
    stage.fire(StartTrainingBatch);
    assert_eq!(stage.logged(), r#"early:augment late:augment got {"n":112}"#);
    let [fired] = stage.ctx.fired() else { panic!("{:?}", stage.ctx.fired()) };
    assert_eq!(
        (fired.by.as_str(), fired.calls.len(), fired.changed.as_slice()),
        ("fires", 2, &["n: 1 → 112".to_owned()][..])
    );
    stage.fire(EndTrainingBatch);
    assert!(stage.ctx.fired().is_empty(), "the record is of the newest hook");

    stage.manager.declare(Point { descending: true, ..augment() }).unwrap();
    let answer = stage.manager.fire_point("augment", &mut Context::default(), data(1)).unwrap();
    assert_eq!((answer.json()["n"].clone(), stage.logged()), (121.into(), "late:augment early:augment".into()));
    let [row] = &stage.manager.points()[..] else { panic!() };
    let names: Vec<_> = row.plugins.iter().map(|own| (own.plugin.as_str(), own.calls)).collect();
    assert_eq!(names, [("late", 2), ("early", 2)]);
}

#[test]
fn a_failure_puts_the_data_back_counts_and_ends_in_quarantine() {
    let mut stage = Stage::default();
    stage.manager.declare(augment()).unwrap();
    add(&mut stage, "bad", failing(), at(0));
    add(&mut stage, "good", count_up(1), at(1));
    add(&mut stage, "fires", None, at(2));
    for _ in 0..4 {
        stage.fire_of(1, StartTrainingBatch);
        assert!(stage.logged().ends_with(r#"got {"n":11}"#));
    }
    let failures = stage.failures();
    let rows: Vec<_> = failures.iter().map(|own| (own.in_a_row, own.quarantined)).collect();
    assert_eq!(rows, [(1, false), (2, false), (3, true)]);
    assert_eq!(failures[0].place(), "the point augment at start_training_batch");
    assert_eq!(HookFailure { run: 0, ..failures[0].clone() }.place(), "the point augment, fired by a cell");
    assert_eq!(stage.row("bad").state, State::Quarantined);

    let stop = Registration { on_error: Policy::Stop, ..at(0) };
    add(&mut stage, "strict", failing(), stop);
    assert_eq!(stage.fire(StartTrainingBatch).stop.unwrap().plugin, "strict");
    let error = stage.manager.fire_point("augment", &mut Context::default(), data(1)).unwrap_err();
    assert!(error.to_string().contains("plugin strict failed in the point augment, fired by a cell"), "{error}");
}

#[test]
fn filters_count_firings() {
    let mut stage = Stage::default();
    stage.manager.declare(augment()).unwrap();
    add(&mut stage, "p", count_up(1), Registration { every: Some(2), ..at(0) });
    add(&mut stage, "fires", None, at(2));
    (0..4).for_each(|_| drop(stage.fire(StartTrainingBatch)));
    assert_eq!(stage.logged(), r#"got {"n":1} p:augment got {"n":11} got {"n":1} p:augment got {"n":11}"#);
}

#[test]
fn what_cannot_be_fired_is_named() {
    let mut stage = Stage::default();
    let mut ctx = Context::default();
    let fire = |stage: &mut Stage, ctx: &mut Context, name: &str| {
        stage.manager.fire_point(name, ctx, data(1)).unwrap_err().to_string()
    };
    assert!(fire(&mut stage, &mut ctx, "augment").starts_with("there is no hook point `augment`; none is declared"));
    stage.manager.declare(augment()).unwrap();
    assert!(fire(&mut stage, &mut ctx, "agument").contains("did you mean `augment`?"));
    let outside = ctx.fire("augment", data(1)).unwrap_err().to_string();
    assert!(outside.starts_with("the point `augment` cannot be fired here"), "{outside}");
    for (name, why) in [("end_epoch", "it is a hook"), ("infer", "it is a verb"), ("a b", "letters, digits")] {
        let error = stage.manager.declare(Point { name: name.into(), ..Point::default() }).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_plugin_is_never_called_while_it_is_being_called() {
    let mut stage = Stage::default();
    stage.manager.declare(augment()).unwrap();
    let again: Option<Answer> = Some(Box::new(|ctx, value| ctx.fire("augment", value.clone()).map(drop)));
    add(&mut stage, "a", again, at(0));
    add(&mut stage, "b", count_up(1), at(1));
    add(&mut stage, "fires", None, at(2));
    stage.fire(StartTrainingBatch);
    assert_eq!(stage.logged(), r#"a:augment b:augment got {"n":11}"#);
    let message = stage.failures()[0].message.clone();
    assert!(message.contains("plugin a has a function for it and is being called just now"), "{message}");
}
