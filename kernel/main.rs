//! The executable `candlewick`: its command line, and the one symbol of the library that it calls.
//!
//! Owns the names of commands and the exit code. Must not know how any of them works. Read [`Command`] first.

use candlewick as _;
use candlewick_kernel::parameters::Parameter;
use candlewick_kernel::run::{Job, run};
use candlewick_kernel::{kernel_process, say};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A Jupyter kernel with a candle engine and a plugin manager inside.
#[derive(Parser)]
#[command(name = "candlewick", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run all cells of a notebook, without Jupyter.
    Run {
        /// The notebook.
        notebook: PathBuf,
        /// Write the notebook with its outputs here.
        #[arg(short, long)]
        out: Option<PathBuf>,
        /// Set a parameter of the notebook: name=value, with a JSON value or plain text.
        #[arg(short, long = "parameter", value_name = "NAME=VALUE")]
        parameters: Vec<Parameter>,
        /// Print a summary as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Serve a Jupyter client (started by Jupyter).
    Kernel {
        /// Where the client says how to connect.
        #[arg(long, value_name = "FILE")]
        connection_file: PathBuf,
    },
    /// The process that runs cells (started by the kernel).
    #[command(hide = true)]
    Worker,
}

unsafe extern "C" {
    /// In the library: serves the link at descriptor 0 and returns the exit code.
    fn candlewick_worker_main() -> i32;
}

fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        // SAFETY: the library that is linked at load time defines it with this signature, and it is called once.
        Command::Worker => std::process::exit(unsafe { candlewick_worker_main() }),
        Command::Run { notebook, out, parameters, json } => run(&Job { notebook, out, parameters, json }),
        Command::Kernel { connection_file } => kernel_process::serve(&connection_file).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("candlewick: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
