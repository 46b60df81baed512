//! The application: everything of the executable but the worker's code, which is in the library `candlewick`.
//!
//! Owns the commands, one notebook's state and its worker's supervision. Must not know tensors. Read `session` first:
//! `kernel_process` (Jupyter) and `run` (headless) are its two front ends.

mod comms;
mod compiler;
mod compiler_client;
mod compiler_directory;
mod compiler_process;
mod compiler_refusal;
mod death;
pub mod doctor;
mod doctor_fix;
mod doctor_rust;
mod gpus;
mod history;
mod history_file;
pub mod install;
mod interrupts;
pub mod kernel_process;
mod kernelspec;
pub mod lab;
mod link_reader;
mod link_writer;
mod notebook;
mod notebook_outputs;
pub mod parameters;
mod parent;
mod places;
mod plugin_building;
mod plugin_table;
mod plugin_trial;
pub mod plugins_command;
mod process_table;
mod python;
mod recovery;
mod replace;
pub mod run;
mod rust_cells;
mod session;
mod signals;
mod supervisor;
mod terminal;
mod usage;
mod widgets;
mod worker_process;

pub use terminal::say;
