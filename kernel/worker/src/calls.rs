//! Which script plugin is being called just now, what the call has used up, and where it has to end.
//!
//! Rhai counts operations anew in every closure and keeps its limits for a whole engine, so the counting is done here: the
//! engine of plugins asks [`Calls::pass`] at every operation, also inside closures. What ends a call this way cannot be
//! caught by the script. Cells are in no call and have no limits but those of the language.
//! Must not know what plugins are called for. Read [`Calls`] first; `reach.rs` says what a call may touch.

use crate::problem::Fault;
use candlewick_engine::memory::{Category, roughly};
use candlewick_plugin_api::Capability;
use candlewick_plugin_manager::Limits;
use rhai::{Array, Blob, Dynamic, EvalAltResult, ImmutableString, Map, Position, Scope};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Operations between two looks at the clock.
const STRIDE: u64 = 64;
/// Operations between two looks at the values in reach, at least; more when there is more to look at.
const LOOK: u64 = 4096;
/// Bytes that one element of an array takes at least, and one entry of a map.
const ELEMENT: u64 = 16;
const ENTRY: u64 = 40;

/// On what terms a plugin is called.
#[derive(Debug, Default)]
pub struct Terms {
    /// The plugin's name.
    pub plugin: String,
    /// What one call may use up.
    pub limits: Limits,
    /// What it may reach by its own metadata.
    pub declared: Vec<Capability>,
    /// What its registration allows.
    pub granted: Vec<Capability>,
}

/// The calls that are under way, one inside the other.
#[derive(Default)]
pub struct Calls {
    frames: RefCell<Vec<Frame>>,
    now: Count,
    /// A value may have become too large: the next variable that is read looks.
    look: Cell<bool>,
}

/// What is counted of the innermost call.
#[derive(Clone, Default)]
struct Count {
    done: Cell<u64>,
    /// Operations at which the clock is looked at next; 0 while nothing is called.
    ask_at: Cell<u64>,
    /// Bytes in use at which values are looked at next.
    full_at: Cell<u64>,
    /// Operations at which they are: Rhai does not see a map that grows by its indexer.
    look_at: Cell<u64>,
}

struct Frame {
    terms: Rc<Terms>,
    /// When the clock was first looked at: short calls never do, for reading it costs more than many of their operations.
    begun: Cell<Option<Instant>>,
    /// Time in which others were called, or a run moved.
    paused: Duration,
    bytes: u64,
    outer: Count,
}

/// A call that is under way, until it is dropped.
pub struct Under<'a>(&'a Calls);

/// A stretch of a call that does not count as its time, until it is dropped.
pub struct Paused<'a>(&'a Calls, Instant);

/// How large a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    /// Bytes of its longest string.
    pub string: usize,
    /// Elements of its largest array, those of arrays in it counted too.
    pub array: usize,
    /// Entries of its largest map, those of maps in it counted too.
    pub map: usize,
    /// Bytes, roughly.
    pub bytes: u64,
}

impl Calls {
    /// A plugin is called from now on.
    pub fn enter(&self, terms: &Rc<Terms>) -> Under<'_> {
        let outer = self.now.clone();
        let bytes = roughly(Category::Other);
        self.now.done.set(0);
        self.now.ask_at.set(STRIDE.min(terms.limits.operations.saturating_add(1)));
        self.now.full_at.set(bytes.saturating_add(smallest(&terms.limits)));
        self.now.look_at.set(LOOK);
        let frame = Frame { terms: terms.clone(), begun: Cell::new(None), paused: Duration::ZERO, bytes, outer };
        self.frames.borrow_mut().push(frame);
        Under(self)
    }

    /// Counts one operation; why the call must end, if it must. Nearly always two comparisons; `shortage` is asked
    /// whenever more is looked at.
    #[inline]
    pub fn pass(&self, shortage: impl FnOnce() -> Option<Fault>) -> Option<Dynamic> {
        let done = self.now.done.get() + 1;
        self.now.done.set(done);
        if done < self.now.ask_at.get() && roughly(Category::Other) < self.now.full_at.get() {
            return None;
        }
        self.ask(done).or_else(shortage).map(Dynamic::from)
    }

    #[cold]
    fn ask(&self, done: u64) -> Option<Fault> {
        let frames = self.frames.borrow();
        let frame = frames.last()?;
        let Limits { operations, seconds, bytes, .. } = frame.terms.limits;
        self.now.ask_at.set((done + STRIDE).min(operations.saturating_add(1)));
        if done > operations {
            return Some(
                frame.terms.exceeded(&format!("it went on for more than {operations} operations"), "operations"),
            );
        }
        if frame.elapsed().as_secs_f64() > seconds {
            return Some(frame.terms.exceeded(&format!("it took longer than {seconds} s"), "seconds"));
        }
        let growth = roughly(Category::Other).saturating_sub(frame.bytes);
        if growth > bytes {
            return Some(frame.terms.exceeded(&format!("its values grew by more than {bytes} bytes"), "bytes"));
        }
        if done >= self.now.look_at.get() {
            self.look.set(true);
        }
        if frame.bytes + growth >= self.now.full_at.get() {
            self.look.set(true);
            self.now.full_at.set(frame.bytes + growth + growth / 4 + 1);
        }
        None
    }

    /// Looks at all values in reach when one of them may have become too large. Asked at every variable that is read.
    ///
    /// # Errors
    /// What is too large.
    #[inline]
    pub fn look(&self, scope: &Scope, this: Option<&Dynamic>) -> Result<(), Box<EvalAltResult>> {
        if !self.look.get() {
            return Ok(());
        }
        self.look.set(false);
        let frames = self.frames.borrow();
        let Some(frame) = frames.last() else { return Ok(()) };
        let (mut too_large, mut seen) = (None, 0);
        for value in scope.iter_raw().map(|(_, _, value)| value).chain(this) {
            let size = Size::of(value);
            seen += (size.array + size.map) as u64;
            too_large = too_large.or_else(|| frame.terms.over(size));
        }
        // So that looking costs no more than the operations between.
        self.now.look_at.set(self.now.done.get() + LOOK.max(seen));
        match too_large {
            Some(fault) => Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(fault), Position::NONE))),
            None => Ok(()),
        }
    }

    /// By how many bytes everything has grown since the innermost call began.
    pub fn growth(&self) -> u64 {
        let frames = self.frames.borrow();
        frames.last().map_or(0, |frame| roughly(Category::Other).saturating_sub(frame.bytes))
    }

    /// The terms of the innermost call; none while a cell's own code runs.
    pub fn terms(&self) -> Option<Rc<Terms>> {
        self.frames.borrow().last().map(|frame| frame.terms.clone())
    }

    /// The time from now on is not the plugin's own: a run moves, say, which shows and can be interrupted.
    pub fn pause(&self) -> Paused<'_> {
        if let Some(frame) = self.frames.borrow().last() {
            frame.elapsed();
        }
        Paused(self, Instant::now())
    }

    /// Waits, unless the call has to end sooner or the user interrupts.
    ///
    /// # Errors
    /// Why it did not wait to the end.
    pub fn sleep(&self, seconds: f64, at: Position) -> Result<(), Box<EvalAltResult>> {
        const SLICE: Duration = Duration::from_millis(10);
        let Ok(wanted) = Duration::try_from_secs_f64(seconds.max(0.0)) else { return Ok(()) };
        let begun = Instant::now();
        while begun.elapsed() < wanted {
            if candlewick_engine::interrupt::requested() {
                return Err(crate::surface::interrupted());
            }
            self.now.ask_at.set(self.now.done.get());
            if let Some(why) = self.ask(self.now.done.get()) {
                return Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(why), at)));
            }
            std::thread::sleep(SLICE.min(wanted.saturating_sub(begun.elapsed())));
        }
        Ok(())
    }
}

impl Drop for Under<'_> {
    fn drop(&mut self) {
        let mut frames = self.0.frames.borrow_mut();
        let Some(frame) = frames.pop() else { return };
        if let Some(outer) = frames.last_mut()
            && let Some(begun) = frame.begun.get()
        {
            outer.begun.set(outer.begun.get().or(Some(begun)));
            outer.paused += begun.elapsed();
        }
        let Count { done, ask_at, full_at, look_at } = frame.outer;
        self.0.now.done.set(done.get());
        self.0.now.ask_at.set(ask_at.get());
        self.0.now.full_at.set(full_at.get());
        self.0.now.look_at.set(look_at.get());
        self.0.look.set(false);
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        if let Some(frame) = self.0.frames.borrow_mut().last_mut() {
            frame.paused += self.1.elapsed();
        }
    }
}

impl Frame {
    fn elapsed(&self) -> Duration {
        let begun = self.begun.get().unwrap_or_else(Instant::now);
        self.begun.set(Some(begun));
        begun.elapsed().saturating_sub(self.paused)
    }
}

impl Terms {
    /// What is said when a limit is reached: which, and how it is raised.
    pub fn exceeded(&self, what: &str, limit: &str) -> Fault {
        let message = format!(
            "{what}, which is the limit `{limit}` of plugin {}; raise it where it is registered: limits=#{{ {limit}: … }}",
            self.plugin
        );
        Fault { name: "LimitError", message }
    }

    /// Which limit a value is above, if any.
    pub fn too_large(&self, value: &Dynamic) -> Option<Fault> {
        self.over(Size::of(value))
    }

    fn over(&self, Size { string, array, map, .. }: Size) -> Option<Fault> {
        let Limits { string_bytes, array_items, map_entries, .. } = self.limits;
        if string > string_bytes {
            return Some(self.string(string_bytes));
        }
        if array > array_items {
            return Some(self.array(array_items));
        }
        (map > map_entries).then(|| self.map(map_entries))
    }

    /// Why a plugin cannot keep this as its state, if it cannot.
    pub fn too_much_state(&self, state: &Dynamic) -> Option<Fault> {
        let (held, bytes) = (Size::of(state).bytes, self.limits.bytes);
        let over = held > bytes;
        let state_is = || self.exceeded(&format!("its state would hold {held} bytes, more than {bytes}"), "bytes");
        over.then(state_is).or_else(|| self.too_large(state))
    }

    /// Rhai's own error about a size or a depth, in words that say what to do.
    pub fn explained(&self, mut error: Box<EvalAltResult>) -> Box<EvalAltResult> {
        let mut inner = &mut *error;
        loop {
            inner = match inner {
                EvalAltResult::ErrorInFunctionCall(_, _, deeper, _) | EvalAltResult::ErrorInModule(_, deeper, _) => {
                    deeper
                }
                last => {
                    let at = last.position();
                    if let Some(fault) = self.own_words(last) {
                        *last = EvalAltResult::ErrorRuntime(Dynamic::from(fault), at);
                    }
                    break;
                }
            };
        }
        error
    }

    fn own_words(&self, error: &EvalAltResult) -> Option<Fault> {
        let Limits { call_depth, string_bytes, array_items, map_entries, .. } = self.limits;
        match error {
            EvalAltResult::ErrorStackOverflow(_) => {
                Some(self.exceeded(&format!("its calls are nested deeper than {call_depth}"), "call_depth"))
            }
            EvalAltResult::ErrorDataTooLarge(what, _) if what.contains("string") => Some(self.string(string_bytes)),
            EvalAltResult::ErrorDataTooLarge(what, _) if what.contains("map") => Some(self.map(map_entries)),
            EvalAltResult::ErrorDataTooLarge(..) => Some(self.array(array_items)),
            _ => None,
        }
    }

    fn string(&self, limit: usize) -> Fault {
        self.exceeded(&format!("a string of it is longer than {limit} bytes"), "string_bytes")
    }

    fn array(&self, limit: usize) -> Fault {
        self.exceeded(&format!("an array of it has more than {limit} elements"), "array_items")
    }

    fn map(&self, limit: usize) -> Fault {
        self.exceeded(&format!("a map of it has more than {limit} entries"), "map_entries")
    }
}

impl Size {
    /// Of a value and all that is in it.
    pub fn of(value: &Dynamic) -> Self {
        if let Some(text) = value.read_lock::<ImmutableString>() {
            return Self { string: text.len(), bytes: text.len() as u64, ..Self::default() };
        }
        if let Some(items) = value.read_lock::<Array>() {
            let inner = items.iter().map(Self::of).fold(Self::default(), Self::and);
            let array = items.len() + inner.array;
            return Self { array, bytes: inner.bytes + ELEMENT * items.len() as u64, ..inner };
        }
        if let Some(fields) = value.read_lock::<Map>() {
            let inner = fields.values().map(Self::of).fold(Self::default(), Self::and);
            let keys: u64 = fields.keys().map(|key| key.len() as u64 + ENTRY).sum();
            return Self { map: fields.len() + inner.map, bytes: inner.bytes + keys, ..inner };
        }
        if let Some(blob) = value.read_lock::<Blob>() {
            return Self { array: blob.len(), bytes: blob.len() as u64, ..Self::default() };
        }
        let tensor = value.read_lock::<candle_core::Tensor>();
        let bytes = tensor.map_or(0, |own| (own.elem_count() * own.dtype().size_in_bytes()) as u64);
        Self { bytes, ..Self::default() }
    }

    fn and(self, other: Self) -> Self {
        Self {
            string: self.string.max(other.string),
            array: self.array + other.array,
            map: self.map + other.map,
            bytes: self.bytes + other.bytes,
        }
    }
}

/// The fewest bytes that a value has which is above one of the limits.
fn smallest(limits: &Limits) -> u64 {
    let array = (limits.array_items as u64).saturating_mul(ELEMENT);
    let map = (limits.map_entries as u64).saturating_mul(ENTRY);
    array.min(map).min(limits.string_bytes as u64).min(limits.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(limits: Limits) -> Rc<Terms> {
        Rc::new(Terms { plugin: "p".into(), limits, ..Terms::default() })
    }

    #[test]
    fn operations_are_counted_for_each_call_and_given_back_to_the_outer_one() {
        let calls = Calls::default();
        assert!((0..1000).all(|_| calls.pass(|| None).is_none()), "a cell has no limit");
        let _outer = calls.enter(&terms(Limits { operations: 100, ..Limits::default() }));
        assert!((0..90).all(|_| calls.pass(|| None).is_none()));
        {
            let _inner = calls.enter(&terms(Limits { operations: 50, ..Limits::default() }));
            assert_eq!((0..60).position(|_| calls.pass(|| None).is_some()), Some(50));
        }
        assert_eq!((0..60).position(|_| calls.pass(|| None).is_some()), Some(10));
    }

    #[test]
    fn time_of_others_does_not_count() {
        let calls = Calls::default();
        let _call = calls.enter(&terms(Limits { seconds: 0.05, ..Limits::default() }));
        {
            let _paused = calls.pause();
            std::thread::sleep(Duration::from_millis(80));
        }
        assert!((0..200).all(|_| calls.pass(|| None).is_none()));
        let why = calls.sleep(5.0, Position::NONE).unwrap_err().to_string();
        assert!(why.contains("terminated"), "{why}");
    }

    #[test]
    fn sizes_count_what_is_inside() {
        let engine = rhai::Engine::new();
        let size = |text: &str| Size::of(&engine.eval::<Dynamic>(text).unwrap());
        assert_eq!(size("\"abc\"").string, 3);
        assert_eq!((size("[1, [2, 3]]").array, size("[1, [2, 3]]").bytes), (4, 64));
        assert_eq!((size("#{ a: #{ b: \"xy\" } }").map, size("#{ a: #{ b: \"xy\" } }").string), (2, 2));
        assert_eq!(size("blob(5)").bytes, 5);
    }
}
