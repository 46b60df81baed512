//! What is kept about a plugin beside its place and its counts: its condition, its budgets, its newest failed call.
//!
//! Must not know who calls it. Read [`Watch`] first.

use crate::clock::TICK;
use crate::condition::Condition;
use crate::replay::FailedCall;
use crate::slot::{Slot, Tally};
use crate::{Registration, budgets};
use candlewick_plugin_api::{Context, Event, Hook, RunId};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Instant;

/// Every 64th call is timed: reading the clock twice costs more than calling a plugin.
pub(crate) const SAMPLE: u64 = 63;

/// What is kept about one plugin.
pub(crate) struct Watch {
    pub(crate) condition: Option<Box<dyn Condition>>,
    /// Nanoseconds that one call of each hook may take before a warning says so.
    budgets: [u64; Hook::COUNT],
    /// Which calls are timed exactly: all whose number has none of these bits.
    pub(crate) mask: u64,
    /// What each hook point has cost.
    pub(crate) points: BTreeMap<Rc<str>, Tally>,
    /// What was said already: a budget is mentioned once for each hook and run.
    told: BTreeSet<(RunId, String)>,
    /// Nanoseconds of its calls since the present window of steps began.
    pub(crate) window: u64,
    /// It seems to take a large share of the steps, so this window is measured exactly.
    pub(crate) suspect: bool,
    pub(crate) failed_call: Option<Box<FailedCall>>,
}

impl Watch {
    pub(crate) fn of(registration: &Registration, condition: Option<Box<dyn Condition>>) -> Self {
        let mut watch = Self {
            condition,
            mask: SAMPLE,
            budgets: budgets::of(registration.budget),
            points: BTreeMap::new(),
            told: BTreeSet::new(),
            window: 0,
            suspect: false,
            failed_call: None,
        };
        watch.set_sampling();
        watch
    }

    /// Times every call where the coarse clock could not tell what is asked.
    pub(crate) fn set_sampling(&mut self) {
        let exact = self.suspect || self.budgets.iter().any(|budget| *budget < 5 * TICK);
        self.mask = if exact { 0 } else { SAMPLE };
    }

    /// The same plugin with new code: what went wrong last can still be replayed.
    pub(crate) fn renew(&mut self, registration: &Registration, condition: Option<Box<dyn Condition>>) {
        let failed_call = self.failed_call.take();
        *self = Self { failed_call, ..Self::of(registration, condition) };
    }

    pub(crate) fn forget(&mut self, run: RunId) {
        self.told.retain(|(own, _)| *own != run);
    }

    /// Whether something is said for the first time in a run.
    pub(crate) fn is_news(&mut self, run: RunId, what: &str) -> bool {
        self.told.insert((run, what.to_owned()))
    }
}

impl Slot {
    /// Counts a call that begins, and notes the time when it is its turn to be timed.
    #[inline(always)]
    pub(crate) fn enter(&mut self, hook: Hook, mask: u64) -> Option<Instant> {
        let tally = &mut self.tallies[hook as usize];
        let timed = tally.calls & mask & self.watch.mask == 0 || tally.calls == 1;
        tally.calls += 1;
        timed.then(Instant::now)
    }

    /// Accounts for a call that has ended: `coarse` is what the coarse clock saw of it.
    #[inline(always)]
    pub(crate) fn leave(&mut self, hook: Hook, begun: Option<Instant>, coarse: u64, ctx: &mut Context) {
        if begun.is_some() || coarse != 0 {
            self.account(hook, begun, coarse, 0, ctx);
        }
    }

    /// `nested` of the time was spent in other plugins, at points that this one fired.
    #[inline(never)]
    pub(crate) fn account(&mut self, hook: Hook, begun: Option<Instant>, coarse: u64, nested: u64, ctx: &mut Context) {
        let exact = begun.map(|begun| nanoseconds(begun).saturating_sub(nested));
        let coarse = coarse.saturating_sub(nested);
        if let Some(exact) = exact {
            self.tallies[hook as usize].time(exact);
        }
        self.watch.window += match exact {
            Some(exact) if self.watch.suspect => exact,
            _ if self.watch.suspect => 0,
            _ => coarse,
        };
        let budget = self.watch.budgets[hook as usize];
        // The coarse clock may say up to a tick more than there was; nobody is blamed for that.
        let took = exact.unwrap_or(coarse.saturating_sub(TICK));
        if took > budget {
            self.tell_slow(hook.name(), took, budget, ctx);
        }
    }

    /// A call of a point that has ended; each is timed.
    pub(crate) fn account_point(&mut self, point: &Rc<str>, took: u64, ctx: &mut Context) {
        let tally = self.watch.points.entry(point.clone()).or_default();
        tally.time(took);
        self.watch.window += took;
        let budget = self.watch.budgets[ctx.hook as usize];
        if took > budget {
            self.tell_slow(&format!("the point {point}"), took, budget, ctx);
        }
    }

    #[cold]
    fn tell_slow(&mut self, place: &str, took: u64, budget: u64, ctx: &mut Context) {
        if !self.watch.is_news(ctx.run, place) {
            return;
        }
        let seconds = |nanoseconds: u64| budgets::seconds(nanoseconds as f64 * 1e-9);
        let batch = ctx.batch.map_or(String::new(), |batch| format!(", batch {batch}"));
        ctx.emit(Event::Warning(format!(
            "plugin {} took {} at {place} (epoch {}{batch}); its budget there is {}. Call it less often, such as every=10, \
             or give it budget=SECONDS. This is said once for each hook of a run",
            self.name(),
            seconds(took),
            ctx.epoch,
            seconds(budget),
        )));
    }
}

pub(crate) fn nanoseconds(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
