//! What a plugin tells while it works on a verb, and how it learns that it is to stop.
//!
//! Must not know who listens. Read [`Report`] first.

use crate::PluginError;
use serde_json::{Value as Json, json};
use std::cell::Cell;
use std::rc::Rc;

/// Whoever takes what plugins report.
pub trait Listener {
    /// The plugin's state has changed.
    fn state(&self, state: Json);

    /// Whether the work is to end.
    fn is_cancelled(&self) -> bool;
}

/// A handle by which a plugin reports its state. A clone is the same handle, so that closures may keep one; after the
/// action has ended it does nothing.
#[derive(Clone, Default)]
pub struct Report {
    listener: Option<Rc<dyn Listener>>,
    /// The percentage told last.
    told: Rc<Cell<Option<f64>>>,
}

impl Report {
    /// Reports to somebody.
    pub fn to(listener: Rc<dyn Listener>) -> Self {
        Self { listener: Some(listener), told: Rc::default() }
    }

    /// Reports to nobody: for a verb that is asked for outside an action.
    pub fn nobody() -> Self {
        Self::default()
    }

    /// Tells the plugin's state: any JSON. `progress` from 0 to 1 in it is drawn as a bar, other numbers stand beside it.
    ///
    /// # Errors
    /// [`PluginError::Interrupted`] when the action is to end: pass it on with `?`.
    pub fn state(&self, state: Json) -> Result<(), PluginError> {
        let Some(listener) = &self.listener else { return Ok(()) };
        if listener.is_cancelled() {
            return Err(PluginError::Interrupted);
        }
        listener.state(state);
        Ok(())
    }

    /// Tells how much is done, from 0 to 100. Nobody hears of it until it has grown by one percent (seed 001).
    ///
    /// # Errors
    /// As [`Report::state`]; or a number that is none from 0 to 100.
    pub fn percent(&self, percent: f64) -> Result<(), PluginError> {
        if !(0.0..=100.0).contains(&percent) {
            return Err(PluginError::invalid(format!("a percentage is a number from 0 to 100; found {percent}")));
        }
        if self.told.get().is_some_and(|told| percent < told + 1.0) {
            return if self.is_cancelled() { Err(PluginError::Interrupted) } else { Ok(()) };
        }
        self.told.set(Some(percent));
        self.state(json!({ "progress": percent / 100.0 }))
    }

    /// Whether the action is to end; for work that has nothing to tell.
    pub fn is_cancelled(&self) -> bool {
        self.listener.as_ref().is_some_and(|listener| listener.is_cancelled())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[derive(Default)]
    struct Heard(RefCell<Vec<Json>>, Cell<bool>);

    impl Listener for Heard {
        fn state(&self, state: Json) {
            self.0.borrow_mut().push(state);
        }

        fn is_cancelled(&self) -> bool {
            self.1.get()
        }
    }

    #[test]
    fn percentages_are_told_when_they_have_grown_by_one() {
        let heard = Rc::new(Heard::default());
        let report = Report::to(heard.clone());
        for percent in [0.0, 0.5, 0.99, 1.0, 1.5, 1.0, 2.4, 100.0] {
            report.percent(percent).unwrap();
        }
        let told: Vec<f64> = heard.0.borrow().iter().filter_map(|state| state["progress"].as_f64()).collect();
        assert_eq!(told, [0.0, 0.01, 0.024, 1.0]);
        assert!(report.percent(101.0).is_err() && report.percent(f64::NAN).is_err());
    }

    #[test]
    fn who_is_to_end_hears_it_at_the_next_report() {
        let heard = Rc::new(Heard::default());
        let report = Report::to(heard.clone());
        heard.1.set(true);
        assert_eq!(report.state(json!({})), Err(PluginError::Interrupted));
        assert!(report.is_cancelled() && heard.0.borrow().is_empty());
        assert_eq!(Report::nobody().state(json!({})), Ok(()));
    }
}
