//! The worker's memory: what the system says is resident, beside what was counted by category.
//!
//! Must not know who allocates. Read [`BUILTINS`] first.

use super::{Builtin, Kind};
use crate::show::{Show, Shows};
use crate::usage::resident_of;
use candlewick_display as display;
use candlewick_engine::memory::{Category, DeviceMemory, Snapshot, device_memory, resident_bytes, snapshot};
use rhai::{Dynamic, Engine};

/// Memory at one moment.
#[derive(Clone)]
pub struct Memory {
    resident: u64,
    resident_peak: Option<u64>,
    counted: Snapshot,
    device: Option<DeviceMemory>,
    /// The compiler of Rust cells, with what it has started, where there is one.
    compiler: Option<u64>,
}

/// The name of [`Memory`] for users.
const MEMORY: &str = "memory";

pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "memory",
        kind: Kind::Function,
        signature: "memory() -> memory",
        doc: "the process's memory: what is resident, beside what was counted by category; and that of the compiler of Rust cells",
        example: "memory()",
        bind: |engine, session| {
            let compiler = session.compiler.clone();
            engine.register_fn("memory", move || Memory::now(compiler.get()));
        },
    },
    Builtin::new(
        Kind::Property(MEMORY),
        "resident",
        "resident -> integer",
        "bytes in physical memory, as the system says",
        "memory().resident",
        |engine, _| {
            engine.register_get("resident", |memory: &mut Memory| memory.resident as i64);
        },
    ),
    Builtin::new(
        Kind::Property(MEMORY),
        "device_used",
        "device_used -> integer",
        "bytes used on the CUDA device, by all processes; () without a device",
        "memory().device_used",
        |engine, _| {
            engine.register_get("device_used", |memory: &mut Memory| {
                memory.device.as_ref().map_or(Dynamic::UNIT, |device| Dynamic::from_int(device.used as i64))
            });
        },
    ),
    Builtin::new(
        Kind::Property(MEMORY),
        "compiler",
        "compiler -> integer",
        "resident bytes of the compiler of Rust cells and of what it has started; 0 without one",
        "memory().compiler",
        |engine, _| {
            engine.register_get("compiler", |memory: &mut Memory| memory.compiler.unwrap_or(0) as i64);
        },
    ),
    Builtin::new(
        Kind::Property(MEMORY),
        "total",
        "total -> integer",
        "bytes counted in all categories together",
        "memory().total",
        |engine, _| {
            engine.register_get("total", |memory: &mut Memory| memory.counted.total as i64);
        },
    ),
    Builtin::new(
        Kind::Property(MEMORY),
        "parameters",
        "parameters -> integer",
        "bytes of weights and biases",
        "memory().parameters",
        |engine, _| category(engine, "parameters", Category::Parameters),
    ),
    Builtin::new(
        Kind::Property(MEMORY),
        "gradients",
        "gradients -> integer",
        "bytes of gradients of parameters",
        "memory().gradients",
        |engine, _| category(engine, "gradients", Category::Gradients),
    ),
    Builtin::new(
        Kind::Property(MEMORY),
        "optimizer_state",
        "optimizer_state -> integer",
        "bytes an optimizer keeps",
        "memory().optimizer_state",
        |engine, _| category(engine, "optimizer_state", Category::OptimizerState),
    ),
    Builtin::new(
        Kind::Property(MEMORY),
        "activations",
        "activations -> integer",
        "bytes of results kept for the backward pass",
        "memory().activations",
        |engine, _| category(engine, "activations", Category::Activations),
    ),
    Builtin::new(
        Kind::Property(MEMORY),
        "data",
        "data -> integer",
        "bytes of datasets and batches",
        "memory().data",
        |engine, _| category(engine, "data", Category::Data),
    ),
    Builtin::new(
        Kind::Property(MEMORY),
        "other",
        "other -> integer",
        "bytes of everything else",
        "memory().other",
        |engine, _| category(engine, "other", Category::Other),
    ),
];

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Memory>(MEMORY);
}

/// Makes memory show.
pub fn shows(shows: &mut Shows) {
    shows.add::<Memory>();
}

impl Memory {
    /// `compiler` is the process id of the compiler of Rust cells; 0 for none.
    fn now(compiler: u32) -> Self {
        Self {
            compiler: Some(compiler).filter(|pid| *pid > 0).and_then(resident_of),
            resident: resident_bytes().unwrap_or(0),
            resident_peak: resident_peak(),
            counted: snapshot(),
            device: device_memory(),
        }
    }
}

impl Show for Memory {
    fn bundle(&self) -> display::Bundle {
        let part = |(place, category): (usize, &Category)| display::MemoryPart {
            name: category.name().to_owned(),
            bytes: self.counted.bytes[place],
            peak: Some(self.counted.peaks[place]),
        };
        let memory = display::Memory {
            resident: self.resident,
            resident_peak: self.resident_peak,
            tracked: Category::ALL.iter().enumerate().map(part).collect(),
            tracked_peak: Some(self.counted.peak),
            beside: self.beside(),
        };
        memory.bundle()
    }
}

impl Memory {
    fn beside(&self) -> String {
        let compiler = self.compiler.map(|bytes| format!("compiler of Rust cells: {}", display::number::bytes(bytes)));
        self.device.as_ref().map(device_line).into_iter().chain(compiler).collect::<Vec<_>>().join("; ")
    }
}

fn device_line(device: &DeviceMemory) -> String {
    let bytes = display::number::bytes;
    let tensors =
        device.allocated.map_or(String::new(), |allocated| format!(", this process's tensors {}", bytes(allocated)));
    format!("{}: {} of {} used{tensors}", device.device, bytes(device.used), bytes(device.total))
}

fn category(engine: &mut Engine, name: &'static str, category: Category) {
    engine.register_get(name, move |memory: &mut Memory| memory.counted.bytes_of(category) as i64);
}

/// The most that was resident since the process began, where the system tells it.
fn resident_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}
