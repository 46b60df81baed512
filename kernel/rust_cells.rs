//! What this process itself asks about Rust cells: completion, inspection, whether a cell is whole.
//!
//! Such questions go to the compiler beside whatever runs, each with a time limit. Must not know what a compiler does with
//! them. Read [`RustCells::complete`] first.

use crate::compiler::Compiler;
use crate::compiler_client::CompilerClient;
use anyhow::Result;
use candlewick_link::{CompilerIs, CompilerRequest, Completions, Inspection, is_rust_cell};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a completion or a tooltip may take: an editor waits for it. One that takes longer shows nothing.
const PROMPT: Duration = Duration::from_secs(2);
/// How long the question may take whether a cell is whole: a console waits for it at every Enter.
const ENTER: Duration = Duration::from_secs(1);
/// A compiler says at once what there is; one that does not for so long hangs.
const PULSE: Duration = Duration::from_secs(30);

/// A session's Rust cells, as far as the kernel process knows of them. Cheap to copy.
#[derive(Clone)]
pub struct RustCells(Arc<Inner>);

struct Inner {
    compiler: Compiler,
    client: CompilerClient,
    /// Whether it is being looked whether the compiler hangs.
    checking: AtomicBool,
}

impl RustCells {
    /// Makes the compiler's socket; no compiler is started. Must be called on a runtime.
    ///
    /// # Errors
    /// The operating system refuses the socket or its directory.
    pub fn listen(program: &Path, notebook: &Path) -> Result<Self> {
        let compiler = Compiler::listen(program, notebook)?;
        let client = CompilerClient::new(compiler.socket());
        Ok(Self(Arc::new(Inner { compiler, client, checking: AtomicBool::new(false) })))
    }

    /// Where the compiler is connected to.
    pub fn socket(&self) -> PathBuf {
        self.0.compiler.socket()
    }

    /// The compiler process, while there is one.
    pub fn compiler_pid(&self) -> Option<u32> {
        self.0.compiler.pid()
    }

    /// Candidates at a cursor, counted in code points; none from a compiler that needs longer.
    pub async fn complete(&self, code: String, cursor: usize) -> Completions {
        match self.ask(CompilerRequest::Complete { code, cursor }, PROMPT).await {
            Some(CompilerIs::Completions(completions)) => completions,
            _ => Completions { start: cursor, end: cursor, matches: Vec::new() },
        }
    }

    /// What stands at a cursor.
    pub async fn inspect(&self, code: String, cursor: usize, detail: u8) -> Option<Inspection> {
        match self.ask(CompilerRequest::Inspect { code, cursor, detail }, PROMPT).await {
            Some(CompilerIs::Inspection(inspection)) => inspection,
            _ => None,
        }
    }

    /// Whether a text is a whole cell: `complete`, `incomplete`, `invalid`, with the next line's indent.
    pub async fn is_complete(&self, code: String) -> Option<(String, String)> {
        match self.ask(CompilerRequest::IsComplete { code }, ENTER).await {
            Some(CompilerIs::Completeness { status, indent }) => Some((status, indent)),
            _ => None,
        }
    }

    /// Ends the compiler for good.
    pub async fn close(&self) {
        self.0.compiler.close().await;
    }

    async fn ask(&self, request: CompilerRequest, limit: Duration) -> Option<CompilerIs> {
        let answer = self.0.client.ask(request, limit).await;
        if answer.is_none() && !self.0.checking.swap(true, Ordering::AcqRel) {
            tokio::spawn(self.clone().feel_pulse());
        }
        answer
    }

    /// Ends a compiler that does not even say what there is; one that only takes long does.
    async fn feel_pulse(self) {
        let begun = Instant::now();
        // No answer at once is that of a connection which could not be made.
        if let Some(pid) = self.0.compiler.pid()
            && self.0.client.ask(CompilerRequest::Status, PULSE).await.is_none()
            && begun.elapsed() >= PULSE
        {
            self.0.compiler.kill(pid, "it had not answered for 30 s");
        }
        self.0.checking.store(false, Ordering::Release);
    }
}

/// Whether a question about this place belongs to the compiler: inside a Rust cell, below its first line, which is a
/// command as others are. The cursor is counted in code points.
pub fn is_in_rust(code: &str, cursor: usize) -> bool {
    let before: String = code.chars().take(cursor).collect();
    let has_first_line = before.lines().any(|line| !line.trim().is_empty());
    is_rust_cell(code) && has_first_line && before.trim_start().contains('\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_a_command_and_the_others_are_rust() {
        let check = |code: &str, expect: bool| {
            let cursor = code.chars().position(|c| c == '|').unwrap();
            assert_eq!(is_in_rust(&code.replace('|', ""), cursor), expect, "{code:?}");
        };
        check("%%rust\nlet é = |1;", true);
        check("%%rust\n|", true);
        check("\n\n%%rust\n|", true);
        check("%%plugin --rust x\nstruct |", true);
        check("%%rust|\n1", false);
        check("\n|\n%%rust\n1", false);
        check("%%plugin --rust x pri|\n", false);
        check("%%plugin x\nfn |", false);
        check("let x = |1;", false);
    }
}
