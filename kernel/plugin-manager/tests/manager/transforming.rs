//! Transforms of plugins in Rust: order, contexts, late plugins, failures, panics, interrupts, previews.

use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;
use std::cell::RefCell;
use std::rc::Rc;

/// Numbers that count up, so that a stream's name can be seen in what is drawn.
struct Count(u32);

impl RandomSource for Count {
    fn next_u32(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }
}

/// Puts its name behind captions, or does what its name says.
struct Behind {
    name: &'static str,
    set: TransformSet,
}

impl Plugin for Behind {
    fn metadata(&self) -> Metadata {
        Metadata::of(self.name, "1.0.0", "puts its name behind captions")
    }
    fn transforms(&self) -> TransformSet {
        self.set
    }
    fn transform_caption(&mut self, text: &str, ctx: &mut TransformContext) -> Result<String, PluginError> {
        match self.name {
            "fails" => Err(PluginError::failed("no")),
            "panics" => panic!("boom"),
            "interrupted" => Err(PluginError::Interrupted),
            "draws" => Ok(format!("{text}{}", ctx.random().below(u32::MAX))),
            name => Ok(format!("{text}{name}")),
        }
    }
}

fn caption() -> TransformSet {
    TransformSet::none().with(Transform::Caption)
}

fn manager(plugins: &[(&'static str, i64, Policy)]) -> PluginManager {
    let mut manager = PluginManager::new();
    for (name, priority, on_error) in plugins {
        let registration =
            Registration { priority: *priority, on_error: *on_error, ..Registration::from_origin("test") };
        manager.register(Box::new(Behind { name, set: caption() }), registration).unwrap();
    }
    manager
}

fn context() -> TransformContext {
    TransformContext::new(1, 0, 3, true, Rc::new(|_| Random::new(Count(0))))
}

fn pass(manager: &mut PluginManager) -> Transformed {
    manager.transform(Transform::Caption, "".into(), &mut context())
}

#[test]
fn plugins_are_called_in_ascending_order_whoever_fails() {
    let check = |plugins: &[(&'static str, i64, Policy)], expect: &str, failures: usize| {
        let passed = pass(&mut manager(plugins));
        assert_eq!((passed.value.text(), passed.failures.len()), (Some(expect), failures));
        passed
    };
    let go_on = Policy::Continue;
    check(&[("b", 2, go_on), ("a", 1, go_on), ("c", 2, go_on)], "abc", 0);
    check(&[("a", 0, go_on), ("panics", 1, go_on), ("b", 2, go_on)], "ab", 1);
    assert!(check(&[("fails", 0, Policy::SkipBatch), ("a", 1, go_on)], "a", 1).skip_batch);
    let stopped = check(&[("fails", 0, Policy::Stop), ("panics", 1, Policy::Stop), ("a", 2, go_on)], "a", 2);
    assert_eq!(stopped.stop.unwrap().message, "item 3: no", "the first of them stands");
    assert_eq!(stopped.failures[1].message, "item 3: panicked: boom");
    assert_eq!(stopped.failures[1].place(), "transform_caption");
}

#[test]
fn three_failures_in_a_row_put_a_plugin_in_quarantine_and_a_preview_counts_nothing() {
    let mut manager = manager(&[("fails", 0, Policy::Continue)]);
    for _ in 0..5 {
        let shown = manager.preview(Transform::Caption, "x".into(), &mut context());
        assert_eq!((shown.value.text(), shown.failures.len()), (Some("x"), 1));
    }
    assert_eq!((manager.plugins()[0].calls, manager.plugins()[0].state), (0, State::Active));
    let quarantined: Vec<bool> = (0..3).map(|_| pass(&mut manager).failures[0].quarantined).collect();
    assert_eq!(quarantined, [false, false, true]);
    assert_eq!(pass(&mut manager).failures.len(), 0);
    assert!(manager.active_transforms(true).is_empty());
    let row = &manager.plugins()[0];
    assert_eq!((row.state, row.calls, row.errors), (State::Quarantined, 3, 3));
    assert_eq!(manager.failures("fails").unwrap().unwrap().in_a_row, 3);
    manager.activate("fails").unwrap();
    assert!(manager.active_transforms(true).contains(Transform::Caption));
}

#[test]
fn an_interrupt_ends_the_way_and_is_no_failure() {
    let mut manager = manager(&[("interrupted", 0, Policy::Stop), ("a", 1, Policy::Continue)]);
    let passed = pass(&mut manager);
    assert!(passed.interrupted && passed.stop.is_none() && passed.failures.is_empty());
    assert_eq!(manager.plugins()[1].calls, 0);
}

#[test]
fn a_plugin_that_comes_to_a_live_run_is_told_first() {
    let mut manager = manager(&[("a", 0, Policy::Continue)]);
    let mut ctx = Context::default();
    ctx.driver().facts.run = 1;
    manager.fire(Hook::StartTrainingSession, &mut ctx);
    manager.register(Box::new(Behind { name: "late", set: caption() }), Registration::from_origin("test")).unwrap();
    assert_eq!(pass(&mut manager).value.text(), Some("a"));
    manager.fire(Hook::StartTrainingBatch, &mut ctx);
    assert_eq!(pass(&mut manager).value.text(), Some("alate"));
}

#[test]
fn streams_are_named_by_plugin_transform_data_epoch_and_item() {
    let names = Rc::new(RefCell::new(Vec::new()));
    let log = names.clone();
    let streams: Streams = Rc::new(move |name| {
        log.borrow_mut().push(name.to_owned());
        Random::new(Count(7))
    });
    let mut manager = PluginManager::new();
    let set = caption().also_in_validation();
    manager.register(Box::new(Behind { name: "draws", set }), Registration::default()).unwrap();
    manager.register(Box::new(Behind { name: "a", set }), Registration::default()).unwrap();
    for training in [true, false] {
        let mut context = TransformContext::new(1, 2, 5, training, streams.clone());
        manager.transform(Transform::Caption, "".into(), &mut context);
    }
    let expect = ["training", "validation"].map(|data| format!("transform/draws/transform_caption/{data}/2/5"));
    assert_eq!(*names.borrow(), expect, "opened by those who draw only");
}

#[test]
fn what_a_group_took_is_kept_beside_what_each_plugin_took() {
    let mut manager = manager(&[("a", 0, Policy::Continue), ("b", 1, Policy::Continue)]);
    pass(&mut manager);
    let row = &manager.transform_rows()[Transform::Caption as usize];
    assert_eq!((row.values, row.plugins.iter().map(|plugin| plugin.calls).collect::<Vec<_>>()), (1, vec![1, 1]));
    assert!(row.seconds >= row.plugins.iter().map(|plugin| plugin.seconds).sum::<f64>());
    assert!(!manager.active_transforms(false).contains(Transform::Caption));
    assert_eq!((manager.transform_rows()[0].plugins.len(), manager.transform_rows()[1].plugins.len()), (2, 0));
}
