//! The executable `candlewick`: its command line, and the one symbol of the library that it calls.
//!
//! Owns the names of commands and the exit code. Must not know how any of them works. Read [`Command`] first.

use candlewick as _;
use candlewick_kernel::doctor::doctor;
use candlewick_kernel::install::{Audience, install, pack, uninstall};
use candlewick_kernel::parameters::Parameter;
use candlewick_kernel::plugins_command::{self, PluginsCommand};
use candlewick_kernel::run::{Job, run};
use candlewick_kernel::{kernel_process, lab, say};
use candlewick_rust_cells::{compiler, relay};
use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
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
    /// Open JupyterLab with this kernel; sets it up the first time.
    Lab {
        /// The directory to open [default: notebooks].
        directory: Option<PathBuf>,
        /// Print the address instead of opening a browser.
        #[arg(long)]
        no_browser: bool,
        /// Passed on to JupyterLab.
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
    /// Copy this kernel to the user's data directory and tell Jupyter about it.
    Install {
        #[command(flatten)]
        audience: ForWhom,
    },
    /// Remove what `install` put there.
    Uninstall,
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
    /// Make, check, test, pack and install plugins.
    Plugins {
        #[command(subcommand)]
        command: PluginsCommand,
    },
    /// Serve a Jupyter client (started by Jupyter).
    Kernel {
        /// Where the client says how to connect.
        #[arg(long, value_name = "FILE")]
        connection_file: PathBuf,
    },
    /// Say what is installed, what is missing and what to do.
    Doctor {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
        /// Mend what can be mended first: install the Rust compiler that fits, or build the library for the one there is.
        #[arg(long)]
        fix: bool,
    },
    /// Make a release archive of this program.
    #[command(hide = true)]
    Pack {
        /// The archive, a .tar.gz.
        archive: PathBuf,
    },
    /// The process that runs cells (started by the kernel).
    #[command(hide = true)]
    Worker,
    /// The process that compiles Rust cells (started by the kernel).
    #[command(hide = true)]
    Compiler {
        /// The session's directory.
        #[arg(long)]
        directory: PathBuf,
        /// How many bytes it may take before it makes way for a new one.
        #[arg(long, default_value_t = compiler::MEMORY)]
        memory: u64,
    },
    /// The process that evcxr takes for the one that runs cells (started by the compiler).
    #[command(hide = true)]
    Relay {
        /// The compiler's socket.
        socket: PathBuf,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct ForWhom {
    /// For every Jupyter of this user.
    #[arg(long)]
    user: bool,
    /// For the Jupyter of the Python that `python3` is.
    #[arg(long)]
    sys_prefix: bool,
    /// For the Jupyter under this prefix.
    #[arg(long, value_name = "P")]
    prefix: Option<PathBuf>,
}

impl From<ForWhom> for Audience {
    fn from(whom: ForWhom) -> Self {
        match whom {
            ForWhom { prefix: Some(prefix), .. } => Self::Prefix(prefix),
            ForWhom { sys_prefix: true, .. } => Self::SysPrefix,
            ForWhom { .. } => Self::User,
        }
    }
}

unsafe extern "C" {
    /// In the library: serves the link at descriptor 0 and returns the exit code.
    fn candlewick_worker_main() -> i32;
}

fn main() -> ExitCode {
    match obey(CommandLine::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("candlewick: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// True when everything that was asked for has happened.
fn obey(command: Command) -> anyhow::Result<bool> {
    match command {
        // SAFETY: the library that is linked at load time defines it with this signature, and it is called once.
        Command::Worker => std::process::exit(unsafe { candlewick_worker_main() }),
        Command::Compiler { directory, memory } => std::process::exit(compiler::main(&directory, memory)),
        Command::Relay { socket } => std::process::exit(relay::main(&socket)),
        Command::Lab { directory, no_browser, arguments } => lab::open(directory.as_deref(), no_browser, &arguments),
        Command::Install { audience } => install(&audience.into()),
        Command::Uninstall => uninstall(),
        Command::Run { notebook, out, parameters, json } => run(&Job { notebook, out, parameters, json }),
        Command::Plugins { command } => plugins_command::obey(command),
        Command::Kernel { connection_file } => kernel_process::serve(&connection_file).map(|()| true),
        Command::Doctor { json, fix } => doctor(json, fix),
        Command::Pack { archive } => pack(&archive),
    }
}
