//! What calling a Rust plugin costs. Prints the minimum of many rounds, since other work on the machine only adds time.

#![allow(clippy::print_stdout)] // a bench prints what it measured

use candlewick_plugin_api::{Context, Hook, HookSet, HookSink, Metadata, Plugin, PluginError, Point};
use candlewick_plugin_manager::{PluginManager, Registration};
use std::hint::black_box;
use std::time::Instant;

/// Counts the steps whose loss fell, as a small plugin would.
struct Counting {
    name: String,
    hooks: HookSet,
    falls: u64,
    newest: f64,
}

impl Plugin for Counting {
    fn metadata(&self) -> Metadata {
        Metadata::of(&self.name, "1.0.0", "counts steps whose loss fell")
    }
    fn hooks(&self) -> HookSet {
        self.hooks
    }
    fn end_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        let loss = ctx.loss.unwrap_or(0.0);
        self.falls += u64::from(loss < self.newest);
        self.newest = loss;
        Ok(())
    }
}

fn main() {
    let step = HookSet::none().with(Hook::StartTrainingBatch).with(Hook::EndTrainingBatch);
    let ten = nanoseconds_per_step(10, step);
    let none = nanoseconds_per_step(0, step);
    println!("a step's two hooks, no plugin:              {none:8.1} ns");
    println!("a step's two hooks, 10 Rust plugins:        {ten:8.1} ns");
    println!("one call of one Rust plugin (of 10 × 2):    {:8.2} ns", (ten - none) / 20.0);
    println!("one hook fired to one Rust plugin, in all:  {:8.2} ns", nanoseconds_per_step(1, step) / 2.0);
    let filtered = Registration { every: Some(1), after: Some(1), ..Registration::default() };
    let added = nanoseconds(manager_of(10, HookSet::all(), &filtered)) - none;
    println!(
        "10 Rust plugins x 14 hooks with filters:    {added:8.1} ns a step, {:.5} % of 5 ms (goal 0.01)",
        added / 5e4
    );
    println!("of 1000 registered, 10 at the hook:         {:8.1} ns a hook (goal 1000)", nanoseconds(thousand()) / 2.0);
    let mut pointed = manager(10, step);
    assert!(pointed.declare(Point { name: "augment".into(), ..Point::default() }).is_ok());
    println!("the same 10 while a point is declared:      {:8.1} ns a step", nanoseconds(pointed));
    println!("replacing one of 10 between two hooks:      {:8.1} us (goal 1000)", replacing(step) / 1e3);
}

/// Nanoseconds to put a plugin in another's place while a run goes on; the fastest of many.
fn replacing(hooks: HookSet) -> f64 {
    let mut manager = manager(10, hooks);
    let mut context = Context::default();
    context.driver().facts.loss = Some(0.5);
    let mut fastest = f64::INFINITY;
    for _ in 0..1000 {
        manager.fire(Hook::EndTrainingBatch, &mut context);
        let plugin = Box::new(Counting { name: "p3".into(), hooks, falls: 0, newest: 0.0 });
        let begun = Instant::now();
        assert!(manager.register(plugin, Registration::default()).is_ok());
        fastest = fastest.min(begun.elapsed().as_nanos() as f64);
    }
    fastest
}

/// A thousand plugins of which ten have the step's hooks.
fn thousand() -> PluginManager {
    let mut manager = manager_of(
        10,
        HookSet::none().with(Hook::StartTrainingBatch).with(Hook::EndTrainingBatch),
        &Registration::default(),
    );
    for index in 10..1000 {
        let hooks = HookSet::none().with(Hook::EndEpoch);
        let plugin = Counting { name: format!("p{index}"), hooks, falls: 0, newest: f64::INFINITY };
        assert!(manager.register(Box::new(plugin), Registration::default()).is_ok());
    }
    manager
}

fn nanoseconds_per_step(plugins: usize, hooks: HookSet) -> f64 {
    nanoseconds(manager(plugins, hooks))
}

fn nanoseconds(mut manager: PluginManager) -> f64 {
    let mut ctx = Context::default();
    manager.fire(Hook::StartTrainingSession, &mut ctx);
    (0..300).map(|_| round(&mut manager, &mut ctx)).fold(f64::INFINITY, f64::min)
}

fn round(manager: &mut PluginManager, ctx: &mut Context) -> f64 {
    const STEPS: usize = 2000;
    let begun = Instant::now();
    for step in 0..STEPS {
        ctx.driver().facts.loss = Some(1.0 / (step + 1) as f64);
        for hook in [Hook::StartTrainingBatch, Hook::EndTrainingBatch] {
            let fired = manager.fire(black_box(hook), black_box(ctx));
            assert!(fired.stop.is_none() && !fired.interrupted);
        }
    }
    begun.elapsed().as_nanos() as f64 / STEPS as f64
}

fn manager(plugins: usize, hooks: HookSet) -> PluginManager {
    manager_of(plugins, hooks, &Registration::default())
}

fn manager_of(plugins: usize, hooks: HookSet, registration: &Registration) -> PluginManager {
    let mut manager = PluginManager::new();
    for index in 0..plugins {
        let plugin = Counting { name: format!("p{index}"), hooks, falls: 0, newest: f64::INFINITY };
        let registered = manager.register(Box::new(plugin), registration.clone());
        assert!(registered.is_ok(), "{registered:?}");
    }
    manager
}
