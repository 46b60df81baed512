//! Settings that plugins change while a run goes on: each takes effect when it says.

#![allow(clippy::unwrap_used, clippy::expect_used)] // makers outside `#[test]` functions unwrap too

use candlewick_engine::EngineError;
use candlewick_engine::data::Dataset;
use candlewick_engine::nn::{LayerSpec, Net, OptimizerSpec, Schedule};
use candlewick_engine::run::{Options, Run, drive};
use candlewick_plugin_api::{Context, Fired, Hook, HookSink, RunId};
use serde_json::{Map, Value};

/// Calls one closure at every hook.
struct At<F>(F);

impl<F: FnMut(Hook, &mut Context)> HookSink for At<F> {
    fn fire(&mut self, hook: Hook, ctx: &mut Context) -> Fired {
        (self.0)(hook, ctx);
        Fired::default()
    }
    fn states(&self, _: RunId) -> Map<String, Value> {
        Map::new()
    }
    fn restore(&mut self, _: RunId, _: &Map<String, Value>) {}
}

/// Iris in batches of 50 (three an epoch), three epochs, plain gradient descent.
fn options() -> Options {
    let optimizer = OptimizerSpec::with("sgd", &[("learning_rate", 0.1)]).unwrap();
    Options { epochs: 3, batch_size: 50, optimizer, ..Options::default() }
}

fn net() -> Net {
    Net::sequential(vec![LayerSpec::linear(4, 3).unwrap()]).unwrap()
}

fn bits(net: &Net) -> Vec<u32> {
    let flat = |var: &candle_core::Var| var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    net.parameters().iter().flat_map(|(_, var)| flat(var)).map(f32::to_bits).collect()
}

fn train(options: Options, hook: impl FnMut(Hook, &mut Context)) -> Net {
    let net = net();
    let mut run = Run::new(net.clone(), Dataset::named("iris").unwrap(), options).unwrap();
    drive::<EngineError>(&mut run, &mut At(hook), |_, _| Ok(false), |_, _| ()).unwrap();
    assert!(run.failure().is_none());
    net
}

fn shown<T: Clone>(
    of: fn(&Context) -> T,
    at: Hook,
    options: Options,
    mut set: impl FnMut(Hook, &mut Context),
) -> Vec<T> {
    let mut shown = Vec::new();
    train(options, |hook, ctx| {
        if hook == at {
            shown.push(of(ctx));
        }
        set(hook, ctx);
    });
    shown
}

fn update(ctx: &mut Context, name: &str, value: f64) {
    ctx.working.update(name, Some(value)).unwrap();
}

#[test]
fn a_learning_rate_is_that_of_the_coming_step() {
    let rates = |set: fn(Hook, &mut Context), options| {
        shown(|ctx| ctx.working.learning_rate, Hook::StartTrainingBatch, options, set)
    };
    let at_start = |hook, ctx: &mut Context| {
        if hook == Hook::StartEpoch && ctx.epoch == 1 {
            update(ctx, "lr", 0.5);
        }
    };
    assert_eq!(rates(at_start, options()), [0.1, 0.1, 0.1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
    let at_end = |hook, ctx: &mut Context| {
        if hook == Hook::EndEpoch {
            update(ctx, "learning_rate", ctx.working.learning_rate / 2.0);
        }
    };
    let found = rates(at_end, options());
    assert_eq!((found[2], found[3], found[6]), (0.1, 0.05, 0.025));
    // Under a schedule the rate that was set is used as it is; the schedule goes on from there in proportion.
    let cosine = Options { schedule: Schedule::Cosine { warmup: 0, minimum: 0.0 }, ..options() };
    let plain = rates(|_, _| (), cosine.clone());
    let found = rates(at_start, cosine);
    assert_eq!(found[3], 0.5);
    assert!((found[4] - 0.5 * plain[4] / plain[3]).abs() < 1e-12, "{found:?} {plain:?}");
}

#[test]
fn accumulation_clipping_and_scale_hold_from_the_coming_batch() {
    // Three batches an epoch averaged into one step are the step of one batch of all.
    let summed = train(options(), |hook, ctx| {
        if hook == Hook::StartEpoch {
            update(ctx, "grad_accum", 3.0);
        }
    });
    let at_once = train(Options { batch_size: 150, ..options() }, |_, _| ());
    let close = |a: &Net, b: &Net| {
        let values = |net: &Net| bits(net).into_iter().map(f32::from_bits).collect::<Vec<_>>();
        values(a).iter().zip(values(b)).all(|(a, b)| (a - b).abs() < 1e-5)
    };
    assert!(close(&summed, &at_once));
    assert!(!close(&summed, &train(options(), |_, _| ())));

    let set_at = |name: &'static str, value: f64, at: Hook, epoch: usize| {
        move |hook, ctx: &mut Context| {
            if hook == at && ctx.epoch == epoch {
                update(ctx, name, value);
            }
        }
    };
    let clipped = train(Options { clip_norm: Some(0.01), ..options() }, |_, _| ());
    assert_eq!(bits(&clipped), bits(&train(options(), set_at("clip_grad_norm", 0.01, Hook::StartEpoch, 0))));
    let late = train(options(), set_at("clip_norm", 0.01, Hook::EndEpoch, 0));
    assert_eq!(bits(&late), bits(&train(options(), set_at("clip_norm", 0.01, Hook::StartEpoch, 1))));
    assert_ne!(bits(&late), bits(&clipped));
    // A power of two scales without rounding: the gradients are divided by it again.
    assert_eq!(
        bits(&train(options(), set_at("loss_scale", 4.0, Hook::StartEpoch, 1))),
        bits(&train(options(), |_, _| ()))
    );
}

#[test]
fn a_batch_size_holds_from_this_epoch_when_its_start_sets_it_else_from_the_next() {
    let sizes = |set: fn(Hook, &mut Context)| {
        let size = |ctx: &Context| (ctx.epoch, ctx.batches_per_epoch, ctx.working.inputs.as_ref().unwrap().dims()[0]);
        let mut found = shown(size, Hook::EndTrainingBatch, options(), set);
        found.dedup();
        found
    };
    let at_start = |hook, ctx: &mut Context| {
        if hook == Hook::StartEpoch && ctx.epoch == 1 {
            update(ctx, "batch", 75.0);
        }
    };
    assert_eq!(sizes(at_start), [(0, 3, 50), (1, 2, 75), (2, 2, 75)]);
    let inside = |hook, ctx: &mut Context| {
        if hook == Hook::EndTrainingBatch && ctx.global_step == 1 {
            update(ctx, "batch_size", 150.0);
        }
    };
    assert_eq!(sizes(inside), [(0, 3, 50), (1, 1, 150), (2, 1, 150)]);
    let at_end = |hook, ctx: &mut Context| {
        if hook == Hook::EndEpoch && ctx.epoch == 0 {
            update(ctx, "batch_size", 75.0);
        }
    };
    assert_eq!(sizes(at_end), [(0, 3, 50), (1, 2, 75), (2, 2, 75)]);
}

#[test]
fn what_was_set_before_a_checkpoint_holds_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let with = |resume| Options { checkpoints: Some(folder.path().to_owned()), resume, ..options() };
    // All of them are set where they take effect later, right before the checkpoint.
    let whole = train(with(None), |hook, ctx| {
        if hook == Hook::EndTrainingBatch && ctx.global_step == 1 {
            update(ctx, "lr", 0.3);
            update(ctx, "batch_size", 75.0);
            update(ctx, "grad_accum", 2.0);
            update(ctx, "clip_norm", 0.5);
            ctx.request_checkpoint();
        }
        if hook == Hook::EndEpoch {
            update(ctx, "lr", ctx.working.learning_rate / 2.0);
        }
    });
    let resumed = train(with(Some(folder.path().to_owned())), |hook, ctx| {
        if hook == Hook::EndEpoch {
            update(ctx, "lr", ctx.working.learning_rate / 2.0);
        }
    });
    assert_eq!(bits(&whole), bits(&resumed));
}
