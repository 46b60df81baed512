//! When it stops, what it says, and which parameters it gives back.

use super::*;
use candle_core::{DType, Device};
use candlewick_plugin_api::Model;
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;

/// A model of one parameter.
struct One(RefCell<Tensor>);

impl Model for One {
    fn parameter_names(&self) -> Vec<String> {
        vec!["w".into()]
    }
    fn parameter(&self, name: &str) -> Option<Tensor> {
        (name == "w").then(|| self.0.borrow().clone())
    }
    fn set_parameter(&self, _name: &str, value: &Tensor) -> Result<(), PluginError> {
        *self.0.borrow_mut() = value.clone();
        Ok(())
    }
}

fn number(value: f64) -> Tensor {
    Tensor::new(value, &Device::Cpu).unwrap()
}

fn plugin(config: Value) -> EarlyStopping {
    let mut settings = own::defaults::<Settings>();
    settings.extend(config.as_object().cloned().unwrap());
    let mut plugin = EarlyStopping::new();
    plugin.configure(&settings).unwrap();
    plugin
}

/// Ends one epoch with that validation loss; why the plugin stops, if it does.
fn end_epoch(plugin: &mut EarlyStopping, ctx: &mut Context, epoch: usize, loss: f64) -> Option<String> {
    let facts = ctx.driver().facts;
    (facts.epoch, facts.has_validation) = (epoch, true);
    (facts.validation_loss_total, facts.validation_batch_count) = (loss, 1);
    plugin.end_epoch(ctx).unwrap();
    ctx.driver().requests.stop.clone()
}

#[test]
fn it_stops_at_the_epoch_that_its_settings_say() {
    let check = |config: Value, losses: &[f64], expect: Option<usize>| {
        let (mut plugin, mut ctx) = (plugin(config.clone()), Context::default());
        let stopped =
            losses.iter().enumerate().find(|(epoch, loss)| end_epoch(&mut plugin, &mut ctx, *epoch, **loss).is_some());
        assert_eq!(stopped.map(|(epoch, _)| epoch), expect, "{config} {losses:?}");
    };
    check(json!({"patience": 2}), &[1.0, 0.5, 0.5, 0.5, 0.5], Some(3));
    check(json!({"patience": 2}), &[1.0, 0.9, 0.8, 0.7, 0.6], None);
    check(json!({"patience": 2, "min_delta": 0.2}), &[1.0, 0.9, 0.8, 0.7, 0.6], Some(2));
    check(json!({"patience": 2, "min_epochs": 5}), &[1.0, 1.0, 1.0, 1.0, 1.0], Some(4));
    check(json!({"patience": 0}), &[1.0, 1.0, 1.0], None);
    check(json!({"patience": 2}), &[1.0, f64::NAN, f64::NAN], Some(2));
    check(json!({"patience": 2, "mode": "max"}), &[1.0, 0.9, 0.8], Some(2));
    check(json!({"patience": 2, "strategy": "plateau"}), &[1.0, 2.0, 1.0, 1.0, 1.0], Some(4));
    check(json!({"patience": 2, "strategy": "plateau"}), &[1.0, 1.0], None);
}

#[test]
fn the_reason_names_measure_and_best_epoch() {
    let (mut plugin, mut ctx) = (plugin(json!({"patience": 1})), Context::default());
    end_epoch(&mut plugin, &mut ctx, 0, 1.0);
    let why = end_epoch(&mut plugin, &mut ctx, 1, 1.0).unwrap();
    assert_eq!(why, "validation_loss has not got better by 0.001 for 1 epochs; its best was at epoch 1");
}

#[test]
fn the_best_parameters_come_back() {
    let mut plugin = plugin(json!({"patience": 3, "restore_best_weights": true}));
    let mut ctx = Context::default();
    let model = Rc::new(One(RefCell::new(number(0.0))));
    ctx.working.model = Some(model.clone());
    for (epoch, loss) in [1.0, 0.2, 0.6, 0.7].into_iter().enumerate() {
        *model.0.borrow_mut() = number(epoch as f64);
        end_epoch(&mut plugin, &mut ctx, epoch, loss);
    }
    plugin.end_training_session(&mut ctx).unwrap();
    let weight = model.0.borrow().to_dtype(DType::F64).unwrap().to_scalar::<f64>().unwrap();
    assert_eq!(weight, 1.0);
}

#[test]
fn patience_survives_a_resume() {
    let (mut before, mut ctx) = (plugin(json!({"patience": 2})), Context::default());
    end_epoch(&mut before, &mut ctx, 0, 1.0);
    end_epoch(&mut before, &mut ctx, 1, 1.0);
    let state = before.state(ctx.run).unwrap();
    let mut after = plugin(json!({"patience": 2}));
    after.restore(ctx.run, &state).unwrap();
    assert!(end_epoch(&mut after, &mut ctx, 2, 1.0).is_some());
}

#[test]
fn parameters_of_before_a_resume_cannot_come_back_and_that_is_said() {
    let config = json!({"patience": 9, "restore_best_weights": true});
    let (mut before, mut ctx) = (plugin(config.clone()), Context::default());
    ctx.working.model = Some(Rc::new(One(RefCell::new(number(0.0)))));
    end_epoch(&mut before, &mut ctx, 0, 0.1);
    let mut after = plugin(config);
    after.restore(ctx.run, &before.state(ctx.run).unwrap()).unwrap();
    end_epoch(&mut after, &mut ctx, 1, 1.0);
    after.end_training_session(&mut ctx).unwrap();
    let said = format!("{:?}", ctx.driver().events);
    assert!(said.contains("cannot give back the parameters of epoch 1") && said.contains("checkpoint"), "{said}");
}

#[test]
fn what_cannot_be_watched_is_an_error_that_says_what_to_do() {
    let (mut plugin, mut ctx) = (plugin(json!({"monitor": "val_accuracy"})), Context::default());
    ctx.driver().facts.has_validation = true;
    let error = plugin.end_epoch(&mut ctx).unwrap_err().to_string();
    assert!(error.contains("watches validation_accuracy, but this run measures no metrics"), "{error}");
    let mut settings = own::defaults::<Settings>();
    settings.insert("monitor".into(), json!("loss"));
    let error = plugin.configure(&settings).unwrap_err().to_string();
    assert!(error.contains("a measure cannot be `loss`"), "{error}");
    settings.extend([("monitor".into(), json!("val_loss")), ("mode".into(), json!("least"))]);
    assert!(plugin.configure(&settings).unwrap_err().to_string().contains("`min` or `max`"));
}
