//! Actions with plugins of Rust: registries, locks, data on threads, reports, cancelling.

#![allow(clippy::unwrap_used)] // helpers outside `#[test]` functions unwrap too

mod common;

use candlewick_actions::{ActionError, Actions, Instance, Progress};
use candlewick_plugin_api::{Loaded, PluginError, Value};
use candlewick_plugin_manager::{LoadedPlugin, Loader, ManagerError, Registration};
use common::{Bench, Meeting, Scripted, counter, data, given, map};
use serde_json::json;
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

/// The error's text.
fn refused<T>(outcome: Result<T, ActionError>) -> String {
    outcome.err().map(|error| error.to_string()).unwrap_or_default()
}

fn number(value: &Value) -> f64 {
    value.number().unwrap_or(f64::NAN)
}

#[test]
fn a_rust_plugin_has_the_same_entry_points() {
    let bench = Bench::of(&[counter()]);
    let actions = &bench.actions;
    let one = actions.create_instance("counter", &given([2.0.into()])).unwrap();
    actions.fit(&one, &given([3.0.into()])).unwrap();
    assert_eq!(number(&actions.predict(&one, &given([10.0.into()])).unwrap()), 50.0);
    let bytes = actions.serialize(&one).unwrap();
    assert_eq!(number(&actions.deserialize("counter", &bytes).unwrap().value()), 5.0);
    assert_eq!(actions.model_types("counter").unwrap(), ["counter"]);
    assert_eq!(
        bench.progress(),
        ["instantiate complete", "fit complete", "predict complete", "serialize complete", "deserialize complete"]
    );
    let fit = actions.find(2).unwrap();
    assert_eq!(
        (fit.state.clone(), fit.reports, fit.instance),
        (Some(json!({ "progress": 0.5, "sum": 2.0 })), 1, Some(1))
    );
}

#[test]
fn every_change_is_told_with_the_progress_of_the_seed() {
    let bench = Bench::of(&[counter()]);
    let told = Rc::new(RefCell::new(Vec::new()));
    let heard = told.clone();
    bench.actions.observe(move |action| {
        let mut heard = heard.borrow_mut();
        let now = format!("{} {}", action.verb, action.progress);
        if heard.last() != Some(&now) {
            heard.push(now);
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let store = candlewick_actions::ModelStore::open(folder.path().join("models.sqlite")).unwrap();
    let one = bench.actions.create_instance("counter", &given([])).unwrap();
    bench.actions.save(&store, "one", &one, None).unwrap();
    told.borrow_mut().clear();
    let arguments = candlewick_actions::Arguments { positional: vec![data("text", ["4".into()])], named: Vec::new() };
    // What the text is does not matter to what is told.
    bench.actions.fit(&one, &arguments).unwrap();
    let expect = [
        "fit executing",
        "fit accessing data",
        "data_access executing",
        "data_access complete",
        "fit executing",
        "fit storing",
        "fit complete",
    ];
    assert_eq!(*told.borrow(), expect);
}

#[test]
fn nothing_of_a_refused_plugin_is_registered() {
    let bench = Bench::of(&[counter()]);
    let second = Scripted::of("second").for_types(&["fresh", "counter"]).does("fit", |given, _| Ok(given[0].clone()));
    let refused = bench.register(second).unwrap_err();
    assert!(refused.contains("plugin with type counter already declared as fit: plugin `counter` has it"), "{refused}");
    assert!(!bench.actions.entries().unwrap().iter().any(|entry| entry.key == "fresh" || entry.plugin == "second"));
    // Taken out and registered again, as often as one likes: the seed's second initialize registered nothing.
    for _ in 0..3 {
        assert!(bench.plugins.borrow_mut().unregister("counter").unwrap());
        assert!(bench.actions.create_instance("counter", &given([])).is_err());
        bench.register(counter()).unwrap();
        bench.actions.create_instance("counter", &given([])).unwrap();
    }
}

#[test]
fn data_is_loaded_on_threads_at_once() {
    let meeting = Meeting::of(3);
    let loader = Scripted::of("loader")
        .does("data_access", |_, _| Err(PluginError::failed("not on this thread")))
        .loads(move |given| {
            let (meeting, own) = (meeting.clone(), given[0].number().unwrap_or(0.0));
            Box::new(move || {
                meeting.come()?;
                Ok(Box::new(move || Value::from(own)) as Loaded)
            })
        });
    let summing = Scripted::of("summing")
        .does("instantiate", |_, _| Ok(0.0.into()))
        .does("fit", |given, _| Ok(Value::List(given[1..].to_vec())));
    let bench = Bench::of(&[loader, summing]);
    let one = bench.actions.create_instance("summing", &given([])).unwrap();
    let positional = [1.0, 2.0, 3.0].map(|own| data("loader", [own.into()])).to_vec();
    bench.actions.fit(&one, &candlewick_actions::Arguments { positional, named: Vec::new() }).unwrap();
    // Each argument got its own data, although all were loaded at once.
    assert_eq!(one.value().json(), json!([1.0, 2.0, 3.0]));
    assert_eq!(bench.actions.list().iter().filter(|action| action.parent == Some(2)).count(), 3);
}

#[test]
fn data_that_fails_fails_the_action_and_ends_the_others() {
    let failing = Scripted::of("failing").does("data_access", |_, _| Err(PluginError::failed("no such row")));
    let bench = Bench::of(&[counter(), failing]);
    let one = bench.actions.create_instance("counter", &given([])).unwrap();
    let positional = vec![data("failing", []), data("text", ["a".into()])];
    let why = refused(bench.actions.fit(&one, &candlewick_actions::Arguments { positional, named: Vec::new() }));
    assert_eq!(why, "plugin `failing` failed at data_access: no such row");
    assert_eq!(bench.progress()[1..], ["fit failed", "data_access failed", "data_access cancelled"]);
    let positional = vec![data("text", [])];
    let why = refused(bench.actions.fit(&one, &candlewick_actions::Arguments { positional, named: Vec::new() }));
    assert_eq!(why, "data access text: it takes a text");
    assert!(one.busy().is_none());
}

/// A plugin whose fit begins another action on an instance that is kept aside.
fn nesting(aside: &Rc<RefCell<Option<(Actions, Instance)>>>, why: &Rc<RefCell<String>>) -> Scripted {
    let (aside, why) = (aside.clone(), why.clone());
    Scripted::of("nesting")
        .does("instantiate", |_, _| Ok(1.0.into()))
        .does("fit", move |given, _| {
            if let Some((actions, instance)) = &*aside.borrow() {
                *why.borrow_mut() = refused(actions.predict(instance, &common::given([])));
            }
            Ok(given[0].clone())
        })
        .does("predict", |_, _| Ok(2.0.into()))
}

#[test]
fn one_fit_or_predict_at_a_time_and_loaded_instances_have_their_lock() {
    let (aside, why) = (Rc::default(), Rc::default());
    let bench = Bench::of(&[nesting(&aside, &why), counter()]);
    let one = bench.actions.create_instance("nesting", &given([])).unwrap();
    *aside.borrow_mut() = Some((bench.actions.clone(), one.clone()));
    bench.actions.fit(&one, &given([])).unwrap();
    assert_eq!(
        *why.borrow(),
        "instance 1 of model type nesting is busy with action 2 (fit); one fit or predict at a time"
    );
    assert_eq!(bench.progress(), ["instantiate complete", "fit complete", "predict failed"]);
    assert!(one.busy().is_none());
    // The seed raised KeyError at the first fit after a restart: instances from the store had no lock.
    let folder = tempfile::tempdir().unwrap();
    let store = candlewick_actions::ModelStore::open(folder.path().join("models.sqlite")).unwrap();
    let kept = bench.actions.create_instance("counter", &given([1.0.into()])).unwrap();
    bench.actions.save(&store, "kept", &kept, None).unwrap();
    let loaded = bench.actions.load(&store, "kept").unwrap();
    *aside.borrow_mut() = Some((bench.actions.clone(), loaded.clone()));
    bench.actions.fit(&loaded, &given([1.0.into()])).unwrap();
    bench.actions.fit(&loaded, &given([1.0.into()])).unwrap();
    assert_eq!(number(&loaded.value()), 3.0);
}

#[test]
fn a_panic_fails_the_action_and_frees_the_instance() {
    let plugin = Scripted::of("bomb").does("instantiate", |_, _| Ok(1.0.into())).does("fit", |_, _| panic!("boom"));
    let bench = Bench::of(&[plugin]);
    let one = bench.actions.create_instance("bomb", &given([])).unwrap();
    assert!(refused(bench.actions.fit(&one, &given([]))).contains("panicked: boom"));
    let fit = bench.actions.find(2).unwrap();
    assert_eq!((fit.progress, fit.cause.clone().unwrap().plugin), (Progress::Failed, Some("bomb".to_owned())));
    assert!(one.busy().is_none() && bench.actions.current().is_none());
}

#[test]
fn the_users_interrupt_cancels_the_action_and_goes_on_to_the_cell() {
    let bench = Bench::of(&[]);
    let host = bench.host.clone();
    let plugin = Scripted::of("long").does("instantiate", |_, _| Ok(1.0.into())).does("fit", move |_, report| {
        host.interrupted.set(true);
        report.state(json!({ "progress": 0.1 }))?;
        Ok(9.0.into())
    });
    bench.register(plugin).unwrap();
    let one = bench.actions.create_instance("long", &given([])).unwrap();
    assert!(matches!(bench.actions.fit(&one, &given([])), Err(ActionError::Interrupted)));
    assert!(bench.host.interrupted.get(), "the cell must hear of it too");
    assert_eq!((bench.actions.find(2).unwrap().progress, number(&one.value())), (Progress::Cancelled, 1.0));
    assert!(one.busy().is_none());
}

#[test]
fn cancel_ends_the_one_action_and_is_taken_back() {
    let bench = Bench::of(&[]);
    let (inner, outer) = (bench.actions.clone(), bench.actions.clone());
    let inner_plugin = Scripted::of("inner").does("instantiate", move |_, report| {
        let parent = inner.find(inner.current().unwrap()).unwrap().parent.unwrap();
        assert!(inner.cancel(parent));
        report.state(json!({}))?;
        Ok(1.0.into())
    });
    let outer_plugin =
        Scripted::of("outer").does("instantiate", move |_, _| match outer.create_instance("inner", &given([])) {
            Err(ActionError::Interrupted) => Err(PluginError::Interrupted),
            other => panic!("{:?}", other.map(|instance| instance.id())),
        });
    bench.register(inner_plugin).unwrap();
    bench.register(outer_plugin).unwrap();
    let why = refused(bench.actions.create_instance("outer", &given([])));
    assert_eq!(why, "action 1 (instantiate outer) was cancelled");
    assert_eq!(bench.progress(), ["instantiate cancelled", "instantiate cancelled"]);
    assert!(!bench.host.interrupted.get() && !bench.actions.cancel(1));
}

#[test]
fn waiting_for_data_ends_with_the_interrupt() {
    let bench = Bench::of(&[counter()]);
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Arc::new(std::sync::Mutex::new(receiver));
    let endless = Scripted::of("endless").does("data_access", |_, _| Ok(Value::Nothing)).loads(move |_| {
        let receiver = receiver.clone();
        Box::new(move || {
            let _ = receiver.lock().unwrap().recv();
            Err(PluginError::failed("it never comes"))
        })
    });
    bench.register(endless).unwrap();
    let one = bench.actions.create_instance("counter", &given([])).unwrap();
    bench.host.interrupted.set(true);
    let arguments = candlewick_actions::Arguments { positional: vec![data("endless", [])], named: Vec::new() };
    assert!(matches!(bench.actions.fit(&one, &arguments), Err(ActionError::Interrupted)));
    assert_eq!(bench.progress()[1..], ["fit cancelled", "data_access cancelled"]);
    drop(sender);
}

#[test]
fn a_prediction_may_come_with_a_changed_instance() {
    let plugin = Scripted::of("learning").does("instantiate", |_, _| Ok(map([("n", 1.0.into())]))).does(
        "predict",
        |given, _| match given.len() {
            1 => Ok(map([("instance", map([("n", 2.0.into())])), ("prediction", "yes".into())])),
            _ => Ok(Value::List(vec![given[0].clone(), "no".into()])),
        },
    );
    let bench = Bench::of(&[plugin]);
    let one = bench.actions.create_instance("learning", &given([])).unwrap();
    assert_eq!(bench.actions.predict(&one, &given([])).unwrap().text(), Some("yes"));
    assert_eq!(one.value().json(), json!({ "n": 2.0 }));
    assert!(
        refused(bench.actions.predict(&one, &given([0.0.into()])))
            .contains("a list of the instance and the prediction")
    );
}

/// Loads a counter from any file that says `counter`.
struct Files;

impl Loader for Files {
    fn takes(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn load(&self, path: &Path) -> Result<LoadedPlugin, ManagerError> {
        let text = std::fs::read_to_string(path).unwrap();
        let plugin = if text == "counter" { counter() } else { Scripted::of(&text) };
        Ok(LoadedPlugin {
            plugin: Box::new(plugin),
            registration: Registration::from_origin(path.display().to_string()),
        })
    }
}

#[test]
fn initialize_after_unload_all_registers_again() {
    // The seed's imports were cached: a second initialize registered nothing.
    let bench = Bench::of(&[]);
    bench.plugins.borrow_mut().add_loader(Rc::new(Files));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let (counter, other) = (file("counter", "counter"), file("other", "other"));
    for _ in 0..2 {
        assert_eq!(bench.actions.initialize(&[counter.clone(), other.clone()]).unwrap(), ["counter", "other"]);
        // Once more, with nothing taken out: they are replaced.
        assert_eq!(bench.actions.initialize(std::slice::from_ref(&counter)).unwrap(), ["counter"]);
        bench.actions.create_instance("counter", &given([])).unwrap();
        assert_eq!(bench.actions.unload_all().unwrap(), ["other", "counter"]);
        assert!(bench.actions.entries().unwrap().is_empty());
    }
    // All or none.
    assert!(bench.actions.initialize(&[counter, folder.path().join("missing")]).is_err());
    assert!(bench.actions.entries().unwrap().is_empty());
}
