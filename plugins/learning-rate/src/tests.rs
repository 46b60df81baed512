//! Every schedule by its numbers, and what the finder finds, stops at and gives back.

use super::*;
use candle_core::{Device, Tensor};
use candlewick_plugin_api::{Model, Outcome};
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;

fn configured(config: &Value) -> Result<LearningRate, String> {
    let mut plugin = LearningRate::new();
    plugin.configure(config.as_object().unwrap()).map_err(|error| error.to_string())?;
    Ok(plugin)
}

/// A run of 3 epochs of 4 batches, whose own rate is 0.1.
fn run() -> Context {
    let mut ctx = Context::default();
    let facts = ctx.driver().facts;
    (facts.run, facts.epochs, facts.batches_per_epoch, facts.has_validation) = (1, 3, 4, true);
    facts.hyperparameters = Rc::new([("learning_rate".to_owned(), json!(0.1))].into());
    ctx
}

#[test]
fn rates_of_every_schedule() {
    let check = |config: Value, expect: &[(usize, f64)]| {
        let (mut plugin, mut ctx) = (configured(&config).unwrap(), run());
        for (step, rate) in expect {
            let facts = ctx.driver().facts;
            (facts.global_step, facts.epoch) = (*step, step / 4);
            plugin.start_training_batch(&mut ctx).unwrap();
            let found = ctx.working.learning_rate;
            assert!((found - rate).abs() < 1e-12, "{config} at {step}: {found}, not {rate}");
        }
    };
    check(json!({ "schedule": "constant" }), &[(0, 0.1), (11, 0.1)]);
    check(json!({ "schedule": "constant", "base": 0.5 }), &[(3, 0.5)]);
    check(json!({ "schedule": "step", "every": 4 }), &[(0, 0.1), (3, 0.1), (4, 0.05), (8, 0.025)]);
    check(json!({ "schedule": "step", "every": 1, "unit": "epoch" }), &[(3, 0.1), (4, 0.05), (11, 0.025)]);
    check(json!({ "schedule": "exponential", "every": 2, "factor": 0.25 }), &[(0, 0.1), (1, 0.05), (2, 0.025)]);
    check(json!({ "schedule": "exponential", "every": 1, "minimum": 0.02 }), &[(2, 0.025), (3, 0.02)]);
    check(json!({ "schedule": "linear" }), &[(0, 0.1), (11, 0.0), (99, 0.0)]);
    check(json!({ "schedule": "linear", "length": 5, "minimum": 0.02 }), &[(2, 0.06), (4, 0.02), (9, 0.02)]);
    check(json!({ "schedule": "linear", "warmup": 2, "length": 7 }), &[(0, 0.05), (1, 0.1), (2, 0.1), (4, 0.05)]);
    check(json!({ "schedule": "cosine", "length": 11, "minimum": 0.02 }), &[(0, 0.1), (5, 0.06), (10, 0.02)]);
    let cycle = json!({ "schedule": "one_cycle", "length": 11, "rise": 0.4, "divisor": 10.0 });
    check(cycle, &[(0, 0.01), (2, 0.055), (4, 0.1), (7, 0.05), (10, 0.0), (20, 0.0)]);
}

#[test]
fn a_plateau_lowers_the_rate_and_survives_a_resume() {
    let config = json!({ "schedule": "plateau", "patience": 2, "minimum": 0.03 });
    let (mut plugin, mut ctx) = (configured(&config).unwrap(), run());
    let mut rates = Vec::new();
    for (epoch, loss) in [1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.4, 0.4].into_iter().enumerate() {
        let facts = ctx.driver().facts;
        (facts.epoch, facts.validation_loss_total, facts.validation_batch_count) = (epoch, loss, 1);
        plugin.start_training_batch(&mut ctx).unwrap();
        rates.push(ctx.working.learning_rate);
        plugin.end_epoch(&mut ctx).unwrap();
        let state = plugin.state(1).unwrap();
        plugin = configured(&config).unwrap();
        plugin.restore(1, &state).unwrap();
    }
    assert_eq!(rates, [0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.03, 0.03]);
}

#[test]
fn what_cannot_be_is_refused() {
    let check = |config: Value, expect: &str| {
        let error = configured(&config).err().unwrap_or_default();
        assert!(error.contains(expect), "{config}: {error}");
    };
    check(json!({ "schedule": "cosinus" }), "`one_cycle`");
    check(json!({ "unit": "hour" }), "expected `batch` or `epoch`");
    check(json!({ "factor": 0.0 }), "factor is 0; it takes a number above 0");
    check(json!({ "rise": 1.0 }), "a share between 0 and 1");
    check(json!({ "every": 0 }), "every is 0; it takes a whole number from 1");
    let (mut plugin, mut ctx) = (configured(&json!({})).unwrap(), run());
    ctx.driver().facts.hyperparameters = Rc::new([("schedule".to_owned(), json!({ "kind": "cosine" }))].into());
    let error = plugin.start_training_session(&mut ctx).unwrap_err().to_string();
    assert!(error.contains("fit has the schedule cosine of its own"), "{error}");
}

/// A model of one parameter.
struct One(RefCell<Tensor>);

impl Model for One {
    fn parameter_names(&self) -> Vec<String> {
        vec!["w".into()]
    }
    fn parameter(&self, name: &str) -> Option<Tensor> {
        (name == "w").then(|| self.0.borrow().clone())
    }
    fn set_parameter(&self, _: &str, value: &Tensor) -> Result<(), PluginError> {
        *self.0.borrow_mut() = value.clone();
        Ok(())
    }
}

/// A range test on a loss that depends on the rate alone: how many batches it took, why it ended, what it suggests.
fn find(config: Value, loss: impl Fn(f64) -> f64) -> (usize, String, Option<f64>, f64) {
    let mut plugin = LearningRateFinder::new();
    plugin.configure(config.as_object().unwrap()).unwrap();
    let mut ctx = run();
    let model = Rc::new(One(RefCell::new(Tensor::new(7.0, &Device::Cpu).unwrap())));
    ctx.working.model = Some(model.clone());
    plugin.start_training_session(&mut ctx).unwrap();
    let mut batches = 0;
    while ctx.driver().requests.stop.is_none() && batches < 1000 {
        plugin.start_training_batch(&mut ctx).unwrap();
        let loss = loss(ctx.working.learning_rate);
        let facts = ctx.driver().facts;
        (facts.loss, facts.outcome) = (Some(loss), Some(Outcome::Done));
        *model.0.borrow_mut() = Tensor::new(loss, &Device::Cpu).unwrap();
        plugin.end_training_batch(&mut ctx).unwrap();
        batches += 1;
    }
    plugin.end_training_session(&mut ctx).unwrap();
    assert_eq!(ctx.driver().requests.disable, ["learning-rate-finder"]);
    assert_eq!(plugin.table(1, "rates").unwrap().rows(), batches);
    let why = ctx.driver().requests.stop.clone().unwrap_or_default();
    let suggested = ctx.working.extra.get("suggested_learning_rate").and_then(Value::as_f64);
    let weight = model.0.borrow().to_scalar::<f64>().unwrap();
    (batches, why, suggested, weight)
}

#[test]
fn the_finder_suggests_where_the_loss_falls_fastest_and_gives_the_parameters_back() {
    // Falls around 10⁻² and blows up above 10⁻¹.
    let loss = |rate: f64| 2.0 - 1.0 / (1.0 + (-3.0 * (rate.log10() + 2.0)).exp()) + (rate / 0.1).powi(4);
    let (batches, why, suggested, weight) = find(json!({ "smoothing": 0.0, "batches": 60 }), loss);
    assert!(batches < 60 && why.contains("diverge"), "{batches} {why}");
    let rate = suggested.unwrap();
    assert!((rate.log10() + 2.0).abs() < 0.15, "{rate}");
    assert_eq!(weight, 7.0);
}

#[test]
fn the_finder_comes_to_its_end_and_may_find_nothing() {
    let (batches, why, suggested, _) = find(json!({ "batches": 20 }), |_| 1.0);
    assert_eq!((batches, why.contains("tried all rates"), suggested), (20, true, None));
    let (batches, _, suggested, _) = find(json!({ "batches": 3 }), |rate| 1.0 + rate);
    assert_eq!((batches, suggested), (3, None));
}

#[test]
fn the_finder_refuses_what_cannot_be() {
    let check = |config: Value, expect: &str| {
        let error = LearningRateFinder::new().configure(config.as_object().unwrap()).unwrap_err().to_string();
        assert!(error.contains(expect), "{config}: {error}");
    };
    check(json!({ "from": 0.0 }), "from is 0; it takes a rate above 0");
    check(json!({ "to": 1e-9 }), "it takes a rate above `from`");
    check(json!({ "batches": 2 }), "a whole number from 3");
    check(json!({ "smoothing": 1.0 }), "from 0 to below 1");
    check(json!({ "diverged": 1.0 }), "a number above 1");
}
