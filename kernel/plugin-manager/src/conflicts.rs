//! Two plugins that write the same working value at one firing of one hook: who, what, and who won.
//!
//! Costs nothing as long as nothing is written: the context itself notices writes. Read [`Conflict`] first.

use crate::manager::PluginManager;
use candlewick_plugin_api::{Context, Event, Hook, RunId};

/// Conflicts that are kept for `%hooks --conflicts`; the first ones tell most.
const KEPT: usize = 200;

/// A value that two plugins wrote at one firing of one hook. The one called later won.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The run.
    pub run: RunId,
    /// The hook.
    pub hook: Hook,
    /// The value, such as `learning_rate` or `extra.seen`.
    pub value: String,
    /// Who wrote it first, and what.
    pub lost: (String, String),
    /// Who wrote it last, and what: this is what stands.
    pub won: (String, String),
    /// At how many firings of the hook it has happened.
    pub times: u64,
}

/// What was written at the present firing, and all conflicts so far.
#[derive(Default)]
pub(crate) struct Conflicts {
    firing: Vec<(String, String, String)>,
    found: Vec<Conflict>,
}

impl Conflicts {
    /// A hook is about to be fired.
    #[inline]
    pub(crate) fn begin(&mut self) {
        if !self.firing.is_empty() {
            self.firing.clear();
        }
    }

    /// Notes what a plugin has written.
    #[cold]
    pub(crate) fn note(&mut self, plugin: &str, ctx: &mut Context) {
        for change in ctx.working.take_changes() {
            let others = |own: &&(String, String, String)| own.1 == change.value && own.0 != plugin;
            let earlier = self.firing.iter().rev().find(others).cloned();
            if let Some((other, _, written)) = earlier {
                self.clash(ctx, &change.value, (other, written), (plugin.to_owned(), change.after.clone()));
            }
            self.firing.push((plugin.to_owned(), change.value, change.after));
        }
    }

    fn clash(&mut self, ctx: &mut Context, value: &str, lost: (String, String), won: (String, String)) {
        let (run, hook) = (ctx.run, ctx.hook);
        let same = |own: &&mut Conflict| {
            (own.run, own.hook, own.value.as_str(), &own.lost.0, &own.won.0) == (run, hook, value, &lost.0, &won.0)
        };
        if let Some(known) = self.found.iter_mut().find(same) {
            known.times += 1;
            (known.lost, known.won) = (lost, won);
            return;
        }
        let conflict = Conflict { run, hook, value: value.to_owned(), lost, won, times: 1 };
        ctx.emit(Event::Warning(conflict.to_string()));
        if self.found.len() < KEPT {
            self.found.push(conflict);
        }
    }
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { hook, value, lost, won, .. } = self;
        write!(
            f,
            "plugins {} and {} both write {value} at {hook}: {} set it to {}, then {} to {}, which stands; give them other \
             priorities, or let one of them do it",
            lost.0, won.0, lost.0, lost.1, won.0, won.1
        )
    }
}

impl PluginManager {
    /// Every value that two plugins wrote at one firing of a hook, oldest first.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts.found
    }
}
