//! The bars of actions that report: shown when an action reports first, redrawn four times a second at most, and once more
//! when it has ended.
//!
//! Must not know how actions are carried out. Read [`Bars`] first.

use crate::Outbox;
use crate::show::linked;
use candlewick_actions::{Action, Progress};
use candlewick_display::{ActionBar, number};
use candlewick_link::FromWorker;
use serde_json::Value as Json;
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Between two drawings of one bar.
const INTERVAL: Duration = Duration::from_millis(250);
/// Characters of a reported text beside the bar.
const TEXT: usize = 40;

/// Draws what actions report.
pub struct Bars {
    outbox: Outbox,
    /// Of the actions that run and have a bar, when it was drawn last.
    drawn: RefCell<HashMap<u64, Instant>>,
}

impl Bars {
    /// Bars that go out there.
    pub fn new(outbox: Outbox) -> Self {
        Self { outbox, drawn: RefCell::default() }
    }

    /// An action has changed.
    pub fn changed(&self, action: &Action) {
        if action.state.is_none() {
            return;
        }
        let mut drawn = self.drawn.borrow_mut();
        let before = drawn.get(&action.id).copied();
        let ended = action.progress.has_ended();
        if ended {
            drawn.remove(&action.id);
        } else if before.is_none_or(|at| at.elapsed() >= INTERVAL) {
            drawn.insert(action.id, Instant::now());
        } else {
            return;
        }
        // One whose only report came with its end has no bar to be brought to its end.
        if !ended || before.is_some() {
            self.draw(action, before.is_some());
        }
    }

    fn draw(&self, action: &Action, update: bool) {
        let id = format!("candlewick-{}-action-{}", std::process::id(), action.id);
        let bundle = linked(bar(action).bundle());
        self.outbox.send(FromWorker::Display { bundle, display_id: Some(id), update });
    }
}

fn bar(action: &Action) -> ActionBar {
    ActionBar {
        title: format!("{} {}", action.verb, action.key),
        fraction: if action.progress == Progress::Complete {
            action.fraction().map(|_| 1.0)
        } else {
            action.fraction()
        },
        values: action.state.as_ref().map_or_else(Vec::new, shown),
        progress: action.progress.name().to_owned(),
        seconds: action.took,
    }
}

/// A state as people read it, without its progress: numbers, short texts and truth values.
pub fn shown(state: &Json) -> Vec<(String, String)> {
    let word = |value: &Json| match value {
        Json::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        Json::Number(number) => number.as_f64().map(|number| number::steady(number, 4)),
        Json::String(text) => Some(candlewick_display::text::cut(text, TEXT)),
        Json::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    let fields = state.as_object().into_iter().flatten().filter(|(name, _)| *name != "progress");
    fields.filter_map(|(name, value)| Some((name.clone(), word(value)?))).collect()
}
