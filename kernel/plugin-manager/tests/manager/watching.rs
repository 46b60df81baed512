//! Conditions, budgets, conflicts, and the replay of a failed call.

use crate::scripted::*;
use candlewick_plugin_api::Hook::*;
use candlewick_plugin_api::*;
use candlewick_plugin_manager::*;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

fn of(change: impl FnOnce(&mut Registration)) -> Registration {
    let mut registration = Registration::from_origin("test");
    change(&mut registration);
    registration
}

/// Understands `loss`, which holds where there is a loss, and `throw`.
struct Words(String);

impl Condition for Words {
    fn holds(&mut self, ctx: &mut Context) -> Result<bool, PluginError> {
        match self.0.as_str() {
            "loss" => Ok(ctx.loss.is_some()),
            _ => Err(PluginError::failed("thrown")),
        }
    }
}

fn with_conditions() -> Stage {
    let mut stage = Stage::default();
    stage.manager.compile_conditions_with(Box::new(|_, registration| {
        match registration.when.clone().unwrap_or_default() {
            word if word == "loss" || word == "throw" => Ok(Box::new(Words(word)) as Box<dyn Condition>),
            other => Err(PluginError::failed(format!("`{other}` is no word"))),
        }
    }));
    stage
}

#[test]
fn a_condition_is_asked_before_each_call_but_those_that_come_once() {
    let mut stage = with_conditions();
    stage.add_with(stage.plugin("p"), of(|own| own.when = Some("loss".into())));
    stage.fire(StartTrainingSession);
    stage.fire(StartEpoch);
    stage.ctx.driver().facts.loss = Some(1.0);
    stage.fire(EndEpoch);
    assert_eq!(stage.logged(), "p:start_training_session p:end_epoch");
}

#[test]
fn a_condition_that_fails_is_a_failure_of_its_plugin() {
    let mut stage = with_conditions();
    stage.add_with(stage.plugin("p"), of(|own| own.when = Some("throw".into())));
    (0..3).for_each(|_| drop(stage.fire(EndEpoch)));
    let failures = stage.failures();
    assert_eq!((failures[0].place().as_str(), failures[2].quarantined), ("its `when` at end_epoch", true));
    assert_eq!((stage.logged().as_str(), stage.row("p").state), ("", State::Quarantined));
}

#[test]
fn what_cannot_be_read_or_meant_is_refused_at_registration() {
    let check = |mut stage: Stage, registration: Registration, expect: &str| {
        let plugin = Box::new(stage.plugin("p"));
        let error = stage.manager.register(plugin, registration).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
        assert!(stage.manager.plugins().is_empty());
    };
    let when = |text: &str| of(|own| own.when = Some(text.into()));
    check(with_conditions(), when("los"), "when=\"los\" cannot be read: `los` is no word");
    check(Stage::default(), when("loss"), "nobody here can read conditions");
    check(Stage::default(), of(|own| own.budget = Some(0.0)), "a budget is a number of seconds above 0; found 0");
    check(Stage::default(), of(|own| own.limits.seconds = -1.0), "the limit seconds is a number above 0; found -1");
    check(Stage::default(), of(|own| own.limits.operations = 0), "the limit operations is a whole number above 0");
}

#[test]
fn a_slow_call_is_named_once_for_each_hook_and_run_even_when_it_is_not_a_timed_one() {
    let mut stage = Stage::default();
    let calls = Cell::new(0);
    let slow = stage.plugin("slow").at([EndTrainingBatch, StartTrainingBatch]).doing(move |_, ctx| {
        calls.set(calls.get() + 1);
        // The 10th and the 11th call of a hook are none that is timed.
        if [9, 10].contains(&ctx.global_step) {
            std::thread::sleep(Duration::from_millis(600));
        }
        Ok(())
    });
    stage.add(slow);
    stage.add(stage.plugin("quick"));
    for step in 0..12 {
        stage.ctx.driver().facts.global_step = step;
        stage.fire(EndTrainingBatch);
    }
    let warnings = stage.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let text = &warnings[0];
    assert!(
        text.starts_with("plugin slow took 0.")
            && text.contains("s at end_training_batch (epoch 0); its budget there is 0.50 s"),
        "{text}"
    );
}

#[test]
fn a_budget_of_its_own_may_be_smaller_than_a_tick() {
    let mut stage = Stage::default();
    let waits = stage.plugin("p").doing(|_, _| {
        std::thread::sleep(Duration::from_millis(2));
        Ok(())
    });
    stage.add_with(waits, of(|own| own.budget = Some(0.001)));
    (0..3).for_each(|_| drop(stage.fire(EndEpoch)));
    stage.fire(StartEpoch);
    stage.fire_of(2, EndEpoch);
    let warnings = stage.warnings();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings[0].contains("its budget there is 1.000 ms"), "{}", warnings[0]);
}

#[test]
fn a_large_share_of_the_steps_is_said_once_with_its_figure() {
    let mut stage = Stage::default();
    stage.add(stage.plugin("greedy").at([EndTrainingBatch]).doing(|_, _| {
        std::thread::sleep(Duration::from_millis(2));
        Ok(())
    }));
    stage.add(stage.plugin("modest").at([EndTrainingBatch]));
    let begun = std::time::Instant::now();
    for _ in 0..650 {
        // As long as its calls take, and half as long again.
        stage.ctx.driver().facts.seconds = begun.elapsed().as_secs_f64() * 1.5;
        stage.fire(EndTrainingBatch);
    }
    let warnings = stage.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].starts_with("plugin greedy took 6") && warnings[0].contains(" % of the step's time over the last "),
        "{}",
        warnings[0]
    );
}

#[test]
fn two_that_write_one_value_at_one_firing_are_named_once() {
    let mut stage = Stage::default();
    let set = |rate: f64| {
        move |_: Hook, ctx: &mut Context| {
            ctx.working.learning_rate = rate;
            ctx.working.extra.insert("seen".into(), rate.into());
            Ok(())
        }
    };
    stage.add(stage.plugin("a").at([StartEpoch, EndEpoch]).doing(set(0.1)));
    stage.add(stage.plugin("b").at([StartEpoch]).doing(set(0.2)));
    stage.add(stage.plugin("c").at([StartEpoch]));
    stage.fire(EndEpoch);
    assert!(stage.warnings().is_empty() && stage.manager.conflicts().is_empty());
    (0..3).for_each(|_| drop(stage.fire(StartEpoch)));
    let warnings = stage.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert_eq!(
        warnings[0],
        "plugins a and b both write learning_rate at start_epoch: a set it to 0.1, then b to 0.2, which stands; give them \
         other priorities, or let one of them do it"
    );
    let conflicts = stage.manager.conflicts();
    assert_eq!((conflicts[0].times, conflicts[1].value.as_str(), conflicts[1].won.0.as_str()), (2, "extra.seen", "b"));
}

#[test]
fn a_failed_call_is_made_again_with_new_code_on_its_own_context() {
    let mut stage = Stage::default();
    let calls = Rc::new(Cell::new(0));
    stage.add(stage.plugin("p").at([EndTrainingBatch]).doing(|_, ctx| {
        ctx.working.learning_rate = 9.0;
        Err(PluginError::failed("no"))
    }));
    assert!(stage.manager.replay("p").unwrap_err().to_string().contains("has not failed at a hook"));
    let driver = stage.ctx.driver();
    (driver.facts.epoch, driver.facts.batch, driver.facts.loss) = (2, Some(5), Some(0.5));
    stage.ctx.working.learning_rate = 0.1;
    (0..3).for_each(|_| drop(stage.fire(EndTrainingBatch)));
    stage.ctx.working.learning_rate = 7.0;
    let again = stage.manager.replay("p").unwrap();
    assert_eq!(
        (again.outcome, again.place.as_str(), again.epoch, again.batch),
        (Err(PluginError::failed("no")), "end_training_batch", 2, Some(5))
    );

    let seen = calls.clone();
    let mended = stage.plugin("p").at([EndTrainingBatch]).doing(move |_, ctx| {
        seen.set(seen.get() + 1);
        ctx.working.learning_rate *= 0.5;
        ctx.stop(format!("loss {}", ctx.loss.unwrap_or_default()));
        Ok(())
    });
    stage.add(mended);
    let again = stage.manager.replay("p").unwrap();
    assert_eq!((again.outcome, calls.get(), again.requests.stop.as_deref()), (Ok(()), 1, Some("loss 0.5")));
    // The third failure's context had the rate that the first two left.
    let [change] = &again.changes[..] else { panic!("{:?}", again.changes) };
    assert_eq!((change.before.as_str(), change.after.as_str()), ("9", "4.5"));
    assert_eq!((stage.ctx.working.learning_rate, stage.ctx.driver().requests.is_empty()), (7.0, true));
    assert_eq!(stage.manager.states(0)["p"], serde_json::json!(3), "its state is the run's again");
}
