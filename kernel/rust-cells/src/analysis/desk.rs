//! The thread that has the world: takes questions one after the other, and gives up what takes too long.
//!
//! It must not know how an answer is made. Read [`Desk`] first.

use super::cell_text::CellText;
use super::world::World;
use ra_ap_ide::{Analysis, Cancellable, FileId};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::Builder;
use std::time::Duration;

/// Stack of the threads that ask rust-analyzer, in bytes: it recurses with the text. Only what is used takes memory.
const STACK: usize = 256 << 20;

/// How much lower than normal the priority of reading is: cells come first.
const NICENESS_OF_READING: i32 = 10;

/// The same for a question: somebody looks at the screen, but a cell that runs comes first.
const NICENESS_OF_QUESTIONS: i32 = 3;

/// A question that makes every part of the world known that a cell's questions need.
const FIRST: &str = "let t = Tensor::zeros((2, 3), DType::F32, &Device::Cpu)?;\nt.matmul(&t)?.";

/// How far the reading is.
#[derive(Clone, Debug, Default)]
pub struct State(Arc<AtomicU8>);

impl State {
    const IDLE: u8 = 0;
    const READING: u8 = 1;
    const READY: u8 = 2;

    /// Whether questions can be answered.
    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::READY
    }

    /// Whether reading has to be begun; it is taken as begun then.
    pub fn begin(&self) -> bool {
        self.0.compare_exchange(Self::IDLE, Self::READING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Whether there is something to forget; it is taken as forgotten then.
    pub fn forget(&self) -> bool {
        self.0.compare_exchange(Self::READY, Self::IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn set(&self, state: u8) {
        self.0.store(state, Ordering::Release);
    }
}

/// What is asked of a snapshot; sends its answer itself.
pub type Question = Box<dyn FnOnce(&Analysis, FileId, &CellText) -> Cancellable<()> + Send>;

/// To the thread.
pub enum Ask {
    /// Read the sources.
    Read,
    /// Answer this about a cell.
    About(CellText, Question),
    /// Forget all that was read.
    Forget,
}

/// The thread's side.
pub struct Desk {
    asked: Receiver<Ask>,
    state: State,
    rust_src: Option<PathBuf>,
    /// How long an answer may take.
    limit: Duration,
    world: Option<World>,
}

impl Desk {
    /// Starts the thread; it ends when the sender is dropped.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(rust_src: Option<PathBuf>, limit: Duration, state: State) -> std::io::Result<Sender<Ask>> {
        let (sender, asked) = mpsc::channel();
        let mut desk = Self { asked, state, rust_src, limit, world: None };
        Builder::new().name("rust analysis".to_owned()).spawn(move || {
            while let Ok(ask) = desk.asked.recv() {
                desk.take(ask);
            }
        })?;
        Ok(sender)
    }

    fn take(&mut self, ask: Ask) {
        match ask {
            Ask::Read => self.read(),
            Ask::About(cell, question) => self.answer(cell, question),
            Ask::Forget => self.world = None,
        }
    }

    fn read(&mut self) {
        let rust_src = self.rust_src.clone();
        let reading = on_thread("rust sources", NICENESS_OF_READING, move || read(rust_src.as_deref()));
        self.world = reading.and_then(|reading| reading.recv().ok().flatten());
        self.state.set(if self.world.is_some() { State::READY } else { State::IDLE });
    }

    fn forget(&mut self) {
        self.world = None;
        self.state.set(State::IDLE);
    }

    fn answer(&mut self, cell: CellText, question: Question) {
        let Some(world) = &mut self.world else { return };
        world.set_cell(cell.text.clone());
        let (analysis, file) = world.snapshot();
        let asked = move || question(&analysis, file, &cell);
        // What is not given within the limit is given up; what was found out until then stays known.
        match on_thread("rust question", NICENESS_OF_QUESTIONS, asked).map(|answer| answer.recv_timeout(self.limit)) {
            Some(Err(RecvTimeoutError::Timeout)) => {
                // Until it has given up nobody needs to wait: questions are answered with what is known at once.
                self.state.set(State::READING);
                world.cancel();
                self.state.set(State::READY);
            }
            // What a panic leaves behind is not to be trusted; the next question reads anew.
            Some(Ok(None) | Err(RecvTimeoutError::Disconnected)) => self.forget(),
            Some(Ok(Some(_))) | None => {}
        }
    }
}

/// The world, with everything known that most questions need.
fn read(rust_src: Option<&Path>) -> World {
    let mut world = World::load(rust_src);
    if let Some(cell) = CellText::new(&super::Known::default(), FIRST) {
        world.set_cell(cell.text.clone());
        let (analysis, file) = world.snapshot();
        drop(super::candidates::candidates(&analysis, file, &cell, FIRST, FIRST.len()));
    }
    world
}

/// Does something on a thread of its own; gives none when it panics. None at once when the system gives no thread.
fn on_thread<A: Send + 'static>(
    name: &str,
    niceness: i32,
    task: impl FnOnce() -> A + Send + 'static,
) -> Option<Receiver<Option<A>>> {
    let (done, answer) = mpsc::channel();
    let thread = Builder::new().name(name.to_owned()).stack_size(STACK).spawn(move || {
        lower_priority(niceness);
        drop(done.send(catch_unwind(AssertUnwindSafe(task)).ok()));
    });
    thread.ok().map(|_| answer)
}

fn lower_priority(niceness: i32) {
    // SAFETY: setpriority takes three numbers; on Linux 0 means the calling thread.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, niceness) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Known;

    #[test]
    fn after_a_panic_the_sources_are_read_anew() {
        let state = State::default();
        let desk = Desk::start(None, Duration::from_secs(300), state.clone()).unwrap();
        let wait = |ready: bool| {
            while state.is_ready() != ready {
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        for _ in 0..2 {
            assert!(state.begin());
            desk.send(Ask::Read).unwrap();
            wait(true);
            let cell = CellText::new(&Known::default(), "1 + 1").unwrap();
            desk.send(Ask::About(cell, Box::new(|_, _, _| panic!("as rust-analyzer does at times")))).unwrap();
            wait(false);
        }
    }
}
