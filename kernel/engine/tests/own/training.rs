//! Short runs on digits and what is left of them, for the tests of what users write themselves.

#![allow(dead_code)] // shared by tests, each of which uses what it needs

use candlewick_engine::EngineError;
use candlewick_engine::nn::Net;
use candlewick_engine::run::{Options, Run, Validation, drive};
use candlewick_plugin_api::{Context, Fired, Hook, HookSink, RunId};
use serde_json::{Map, Value};

/// Two epochs of AdamW on four fifths of the data.
pub fn options() -> Options {
    Options { epochs: 2, seed: 42, validation: Validation::Fraction(0.2), ..Options::default() }
}

/// Drives the run until its session has ended.
pub fn to_end(run: &mut Run, hooks: &mut dyn HookSink) {
    drive::<EngineError>(run, hooks, |_, _| Ok(false), |_, _| ()).unwrap();
}

/// All parameters as bits, in name order.
pub fn bits(net: &Net) -> Vec<u32> {
    flat(net.parameters())
}

/// All buffers as bits, in name order.
pub fn kept(net: &Net) -> Vec<u32> {
    flat(net.buffers())
}

fn flat(slots: Vec<(String, candle_core::Var)>) -> Vec<u32> {
    let numbers = |var: &candle_core::Var| var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    slots.iter().flat_map(|(_, var)| numbers(var)).map(f32::to_bits).collect()
}

/// Calls one closure at every hook.
pub struct At<F>(pub F);

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
