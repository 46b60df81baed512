//! What built-in functions and commands share: the way out, the plugins, the ways to show values.
//!
//! Must not know the notebook's scope. Read [`Session`] first.

use crate::actions::{Bars, EngineHost};
use crate::calls::Calls;
use crate::comms::Comms;
use crate::configuration::Configuration;
use crate::room::Room;
use crate::rust::Callables;
use crate::show::Shows;
use crate::{Inbox, Outbox};
use candlewick_actions::Actions;
use candlewick_engine::memory::available_bytes;
use candlewick_link::{Bundle, Execute};
use candlewick_plugin_api::Machine;
use candlewick_plugin_manager::PluginManager;
use rhai::Engine;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

/// One session's shared parts; a clone is another handle on the same ones.
#[derive(Clone)]
pub struct Session {
    /// Where outputs go.
    pub outbox: Outbox,
    /// What comes in while the engine thread is busy.
    pub inbox: Inbox,
    /// The registered plugins.
    pub plugins: Rc<RefCell<PluginManager>>,
    /// What entry points were asked for.
    pub actions: Actions,
    /// What they and runs are configured with.
    pub configuration: Rc<RefCell<Configuration>>,
    /// How values of each type look.
    pub shows: Rc<Shows>,
    /// Keeps cells from filling the memory.
    pub room: Rc<Room>,
    /// Which script plugin is being called, and what it may.
    pub calls: Rc<Calls>,
    /// Who hears which comm.
    pub comms: Rc<Comms>,
    /// The process id of the compiler of Rust cells; 0 before this worker knows of one.
    pub compiler: Rc<Cell<u32>>,
    /// Functions of Rust that cells and script plugins call by name.
    pub callables: Rc<Callables>,
    running: Rc<Cell<Running>>,
    displays: Rc<Cell<u64>>,
    checkpoints: Rc<Cell<u64>>,
    pages: Rc<RefCell<Vec<Bundle>>>,
    questions: Rc<Cell<u64>>,
    may_ask: Rc<Cell<bool>>,
    language: Rc<RefCell<Weak<Engine>>>,
}

/// What is known of the cell that runs or ran last.
#[derive(Clone, Copy, Default)]
struct Running {
    cell: u64,
    widgets: bool,
    silent: bool,
}

impl Session {
    /// A session without plugins.
    pub fn new(outbox: Outbox, inbox: Inbox, shows: Shows) -> Self {
        let mut plugins = PluginManager::new();
        plugins.measure_with(machine);
        let plugins = Rc::new(RefCell::new(plugins));
        let actions = Actions::new(plugins.clone(), Rc::new(EngineHost));
        let bars = Bars::new(outbox.clone());
        actions.observe(move |action| bars.changed(action));
        Self {
            outbox,
            inbox,
            plugins,
            actions,
            configuration: Rc::default(),
            shows: Rc::new(shows),
            room: Rc::default(),
            calls: Rc::default(),
            comms: Rc::default(),
            compiler: Rc::default(),
            callables: Rc::default(),
            running: Rc::default(),
            displays: Rc::default(),
            checkpoints: Rc::default(),
            pages: Rc::default(),
            questions: Rc::default(),
            may_ask: Rc::default(),
            language: Rc::default(),
        }
    }

    /// The notebook's language engine; none before there is one, nor after.
    pub fn language(&self) -> Option<Rc<Engine>> {
        self.language.borrow().upgrade()
    }

    /// Notes the notebook's language engine, which functions of its cells run in that are called later.
    pub fn speaks(&self, engine: &Rc<Engine>) {
        // Weak, because the engine's functions hold the session.
        self.language.replace(Rc::downgrade(engine));
    }

    /// A cell begins.
    pub fn begin(&self, cell: &Execute) {
        self.room.begin();
        self.may_ask.set(cell.allow_stdin);
        self.running.set(Running { cell: self.cell() + 1, widgets: cell.widgets, silent: cell.silent });
    }

    /// Tells the cell that runs from others; its execution count would not do, since silent cells have none.
    pub fn cell(&self) -> u64 {
        self.running.get().cell
    }

    /// Whether the running cell's result is not to be shown.
    pub fn is_silent(&self) -> bool {
        self.running.get().silent
    }

    /// Whether whoever shows the running cell's outputs can show widgets.
    pub fn has_widgets(&self) -> bool {
        self.running.get().widgets
    }

    /// A comm's id that no other has had: notebooks keep ids, and a later process may have this one's number.
    pub fn next_comm_id(&self) -> String {
        self.displays.set(self.displays.get() + 1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        format!("{now:016x}{:08x}{:08x}", std::process::id(), self.displays.get())
    }

    /// Puts text into the pager, which clients show when the cell has ended.
    pub fn page(&self, bundle: Bundle) {
        self.pages.borrow_mut().push(bundle);
    }

    /// What the cell put into the pager.
    pub fn take_pages(&self) -> Vec<Bundle> {
        self.pages.take()
    }

    /// The id of the next question to the user; none when nobody can be asked.
    pub fn next_question(&self) -> Option<u64> {
        self.questions.set(self.questions.get() + 1);
        self.may_ask.get().then(|| self.questions.get())
    }

    /// A display id that no other display of this worker has. The process id keeps ids of successive workers apart.
    pub fn next_display_id(&self) -> String {
        self.displays.set(self.displays.get() + 1);
        format!("candlewick-{}-{}", std::process::id(), self.displays.get())
    }

    /// A directory of its own for the next run's checkpoints. Below the system's temporary directory, so that it
    /// outlives a worker that died and is nobody's to clean up.
    pub fn next_checkpoint_folder(&self) -> std::path::PathBuf {
        self.checkpoints.set(self.checkpoints.get() + 1);
        checkpoint_root().join(format!("run-{}", self.checkpoints.get()))
    }
}

/// What plugins may ask for before they are activated.
fn machine() -> Machine {
    let cuda = candlewick_engine::device::parse("cuda").is_ok().then(|| "cuda".to_owned());
    Machine {
        devices: std::iter::once("cpu".to_owned()).chain(cuda).collect(),
        free_bytes: available_bytes(),
        ..Machine::here()
    }
}

/// Where the runs of this worker keep their checkpoints unless told otherwise.
pub fn checkpoint_root() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("candlewick-{}", std::process::id()))
}
