//! The compiler process by itself: started as the kernel starts it, asked as a worker asks, without a worker that runs
//! what it builds. Read [`Compiler`] first.

use crate::support::CANDLEWICK;
use candlewick_link::{
    Build, CompilerIs, CompilerRequest, CompilerStatus, Evaluated, FrameReader, FrameWriter, FromCompiler, Problem,
    Ran, RustCell, ToCompiler,
};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

#[test]
fn a_session_compiles_cells_and_outlives_its_compiler() {
    let mut compiler = Compiler::start(|_| ());
    let mut worker = compiler.connect();
    worker.ask(CompilerRequest::Hello { worker: 1 });
    // Types come from rustc; what was built is a file of its own.
    let cell = worker.cell("let x = 1.5f32;\nlet t = Tensor::new(&[x, 2.0], &Device::Cpu)?;");
    assert_eq!(problem(&cell), None);
    let variables = [("t", "candlewick::prelude::Tensor"), ("x", "f32")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(cell.variables, variables);
    assert_eq!((worker.built.len(), worker.built[0].file.is_file()), (1, true));
    assert!(worker.built[0].lines.iter().any(|lines| lines.source == "cell 1" && lines.line == 2));
    // One that does not compile is not run, and changes nothing.
    let bad = worker.cell("let y: i32 = x;\nfn g() {}");
    assert_eq!(problem(&bad).as_deref(), Some("CompileError"));
    assert_eq!((worker.built.len(), bad.variables.as_slice()), (1, variables.as_slice()));
    assert_eq!(problem(&worker.cell("struct Pair(u8, u8);\nfn twice(x: f32) -> f32 { 2.0 * x }")), None);
    assert_eq!(problem(&worker.cell("impl Pair { fn sum(&self) -> u8 { self.0 + self.1 } }")), None);
    let status = worker.status();
    assert!(status.warm && status.refused.is_none() && status.rustc.starts_with("rustc 1."), "{status:?}");
    assert!(status.items.iter().any(|item| item == "twice") && status.resident > 10 << 20, "{status:?}");
    // A build's name is never used again, because the system would not load the second one.
    let built: Vec<PathBuf> = worker.built.iter().map(|build| build.file.clone()).collect();

    compiler.kill_and_start();
    let mut worker = compiler.connect();
    worker.ask(CompilerRequest::Hello { worker: 1 });
    let cell = worker.cell("let p = Pair(1, 2);\nlet s = p.sum();\ntwice(x);");
    assert_eq!(problem(&cell), None);
    let notice = cell.notices.join("\n");
    assert!(notice.contains("started anew; still there") && !notice.contains("lost"), "{notice}");
    assert!(notice.contains("`twice`") && notice.contains("variables `t`, `x`"), "{notice}");
    assert_eq!(cell.variables.len(), 4);
    assert!(worker.built.iter().all(|build| !built.contains(&build.file)));
    assert!(worker.cell("();").notices.is_empty());

    // Another worker has none of the values; the session's items are there.
    let mut other = compiler.connect();
    other.ask(CompilerRequest::Hello { worker: 2 });
    let cell = other.cell("let z = twice(1.0);");
    assert_eq!(problem(&cell), None);
    assert!(
        cell.notices.join("\n").contains("variables `p`, `s`, `t`, `x` were lost with the process"),
        "{:?}",
        cell.notices
    );
    assert_eq!(cell.variables, [("z".to_owned(), "f32".to_owned())]);
    assert!(matches!(other.ask(CompilerRequest::Clear), CompilerIs::Status(status) if status.items.is_empty()));
    assert_eq!(problem(&other.cell("twice(1.0);")).as_deref(), Some("CompileError"));
}

#[test]
fn a_compile_is_interrupted_and_a_worker_may_go() {
    let compiler = Compiler::start(|_| ());
    let mut worker = compiler.connect();
    worker.ask(CompilerRequest::Hello { worker: 1 });
    assert_eq!(problem(&worker.cell("let kept = 1u8;\nfn f() -> u8 { 1 }")), None);
    let built = worker.built.len();
    // rustc would count for years.
    let endless =
        "#[allow(long_running_const_eval)]\nconst N: u64 = { let mut n = 0; while n < u64::MAX { n += 1 } n };\nN;";
    drop(std::fs::remove_file(compiler.path().join("diagnostics")));
    let asked = worker.send(evaluate(endless));
    // The wrapper makes this file when it starts rustc.
    wait_for(|| compiler.path().join("diagnostics").exists());
    worker.writer.send(&ToCompiler::Cancel).unwrap();
    let stopped = worker.evaluated(asked);
    assert_eq!(problem(&stopped).as_deref(), Some("Interrupted"));
    assert_eq!(worker.built.len(), built);
    // One that waits behind another's is interrupted too.
    let asked = worker.send(evaluate("let other = 1u8;"));
    worker.writer.send(&ToCompiler::Cancel).unwrap();
    let stopped = worker.evaluated(asked);
    let next = worker.cell("let n = f() + kept;");
    assert_eq!(problem(&next), None);
    let there = next.variables.iter().any(|(name, _)| name == "other");
    assert_eq!(there, problem(&stopped).is_none(), "an interrupted cell has not run");
    assert!(next.variables.iter().any(|(name, _)| name == "kept"));

    // A worker that goes while its cell runs takes the values with it, not the items.
    worker.send(evaluate("let late = 1u8;"));
    worker.until_run();
    drop(worker);
    let mut next = compiler.connect();
    next.ask(CompilerRequest::Hello { worker: 2 });
    let cell = next.cell("let again = f();");
    assert_eq!(problem(&cell), None);
    assert_eq!(cell.variables, [("again".to_owned(), "u8".to_owned())]);
    assert!(cell.notices.join("\n").contains("`kept`"), "{:?}", cell.notices);

    // What could not be loaded has not run: its variables are not there, and the others are.
    let asked = next.send(evaluate("let unloaded = 1u8;"));
    next.until_run();
    let failed = Problem { name: "LoadError".into(), ..Problem::default() };
    next.writer.send(&ToCompiler::Ran(Ran { notes: Vec::new(), problem: Some(failed) })).unwrap();
    let cell = next.evaluated(asked);
    assert_eq!((problem(&cell).as_deref(), cell.variables.len()), (Some("LoadError"), 1));
}

#[test]
fn two_sessions_compile_at_once_with_dependencies_of_their_own() {
    let compilers = [Compiler::start(|_| ()), Compiler::start(|_| ())];
    for (index, compiler) in compilers.iter().enumerate() {
        let source = compiler.notebook.path().join("near/src");
        std::fs::create_dir_all(&source).unwrap();
        let manifest = "[package]\nname = \"near-by\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        std::fs::write(source.parent().unwrap().join("Cargo.toml"), manifest).unwrap();
        std::fs::write(source.join("lib.rs"), format!("pub fn which() -> usize {{ {index} }}\n")).unwrap();
    }
    std::thread::scope(|scope| {
        for compiler in &compilers {
            scope.spawn(|| {
                let mut worker = compiler.connect();
                // A relative path is one from the notebook's directory.
                let cell = worker.cell(":dep near-by = { path = \"near\" }\nlet which = near_by::which();");
                assert_eq!((problem(&cell), cell.variables.len()), (None, 1));
                let told = worker.progress.join("\n");
                assert!(told.contains("Compiling near-by v0.1.0") && !told.contains("network"), "{told}");
                assert!(worker.status().dependencies[0].starts_with("near-by = "), "{:?}", worker.status());
            });
        }
    });
}

#[test]
fn another_toolchain_is_refused_before_anything_is_compiled() {
    let tools = tempfile::tempdir().unwrap();
    for (name, text) in [("cargo", "cargo 1.60.0"), ("rustc", "rustc 1.60.0 (7737e0b5c 2022-04-04)"), ("rustup", "")] {
        script(&tools.path().join(name), &format!("echo '{text}'"));
    }
    let home = tools.path().to_owned();
    let mut compiler = Compiler::start(move |command| {
        let path = format!("{}:/usr/bin:/bin", home.display());
        command.env("PATH", path).env("RUSTUP_HOME", &home).env("HOME", &home);
    });
    let mut worker = compiler.connect();
    assert!(matches!(worker.ask(CompilerRequest::Hello { worker: 1 }), CompilerIs::Status(_)));
    assert!(matches!(worker.ask(CompilerRequest::Warm), CompilerIs::Status(status) if status.refused.is_some()));
    let cell = worker.cell("1;");
    assert_eq!(problem(&cell).as_deref(), Some("ToolchainError"));
    assert!(cell.problem.unwrap().message.contains("rustup toolchain install"));
    assert!(!compiler.path().join("session/Cargo.toml").exists());
    // The next one looks again.
    assert_eq!(compiler.ended().code(), Some(0));
}

#[test]
fn a_compiler_that_has_outgrown_its_memory_makes_way_for_another() {
    let mut compiler = Compiler::start(|command| drop(command.args(["--memory", "1"])));
    let cell = compiler.connect().cell("fn f() -> u8 { 1 }");
    assert_eq!(problem(&cell), None);
    assert!(cell.notices.join("\n").contains("MB it may"), "{:?}", cell.notices);
    assert_eq!(compiler.ended().code(), Some(0));
    compiler.child = compiler.spawn();
    let cell = compiler.connect().cell("f();");
    assert_eq!(problem(&cell), None);
    assert!(cell.notices.join("\n").contains("still there: items `f`"), "{:?}", cell.notices);
}

/// A compiler process with a session's directory and a notebook's.
struct Compiler {
    directory: tempfile::TempDir,
    notebook: tempfile::TempDir,
    listener: UnixListener,
    change: Box<dyn Fn(&mut Command) + Send + Sync>,
    child: Child,
}

impl Compiler {
    fn start(change: impl Fn(&mut Command) + Send + Sync + 'static) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("compiler.sock")).unwrap();
        let notebook = tempfile::tempdir().unwrap();
        let child = spawn(&listener, directory.path(), notebook.path(), &change);
        Self { directory, notebook, listener, change: Box::new(change), child }
    }

    fn spawn(&self) -> Child {
        spawn(&self.listener, self.path(), self.notebook.path(), &self.change)
    }

    fn kill_and_start(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = self.spawn();
    }

    fn ended(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn connect(&self) -> Worker {
        let stream = UnixStream::connect(self.path().join("compiler.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(600))).unwrap();
        let reader = FrameReader::new(stream.try_clone().unwrap());
        Worker { reader, writer: FrameWriter::new(stream), asked: 0, built: Vec::new(), progress: Vec::new() }
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Who asks and runs nothing.
struct Worker {
    reader: FrameReader<UnixStream, FromCompiler>,
    writer: FrameWriter<UnixStream, ToCompiler>,
    asked: u64,
    built: Vec<Build>,
    progress: Vec<String>,
}

impl Worker {
    fn cell(&mut self, code: &str) -> Evaluated {
        let asked = self.send(evaluate(code));
        self.evaluated(asked)
    }

    fn evaluated(&mut self, asked: u64) -> Evaluated {
        match self.wait(asked) {
            CompilerIs::Evaluated(evaluated) => evaluated,
            other => panic!("a cell was answered by {other:?}"),
        }
    }

    fn status(&mut self) -> CompilerStatus {
        match self.ask(CompilerRequest::Status) {
            CompilerIs::Status(status) => status,
            other => panic!("status was answered by {other:?}"),
        }
    }

    fn ask(&mut self, request: CompilerRequest) -> CompilerIs {
        let asked = self.send(request);
        self.wait(asked)
    }

    fn send(&mut self, request: CompilerRequest) -> u64 {
        self.asked += 1;
        self.writer.send(&ToCompiler::Request { id: self.asked, request }).unwrap();
        self.asked
    }

    fn wait(&mut self, asked: u64) -> CompilerIs {
        loop {
            match self.receive() {
                FromCompiler::Reply { id, is } if id == asked => return is,
                FromCompiler::Reply { .. } => {}
                FromCompiler::Progress { text } => self.progress.push(text),
                FromCompiler::Run(build) => {
                    self.built.push(build);
                    self.writer.send(&ToCompiler::Ran(Ran::default())).unwrap();
                }
            }
        }
    }

    fn until_run(&mut self) {
        while !matches!(self.receive(), FromCompiler::Run(_)) {}
    }

    fn receive(&mut self) -> FromCompiler {
        self.reader.receive().unwrap().expect("the compiler has closed the connection")
    }
}

fn evaluate(code: &str) -> CompilerRequest {
    CompilerRequest::Evaluate(RustCell { code: code.into(), source: "cell 1".into(), plugin: None })
}

fn problem(cell: &Evaluated) -> Option<String> {
    cell.problem.as_ref().map(|problem| problem.name.clone())
}

fn wait_for(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(600), "what was waited for has not happened");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn spawn(listener: &UnixListener, directory: &Path, notebook: &Path, change: &dyn Fn(&mut Command)) -> Child {
    let socket = listener.as_raw_fd();
    let mut command = Command::new(CANDLEWICK);
    command.arg("compiler").arg("--directory").arg(directory).current_dir(notebook).env_remove("LD_LIBRARY_PATH");
    change(&mut command);
    // SAFETY: between fork and exec only system calls without memory are made.
    unsafe {
        command.pre_exec(move || {
            // A descriptor that is already at 3 would keep its flag to close.
            let made = if socket == 3 { libc::fcntl(3, libc::F_SETFD, 0) } else { libc::dup2(socket, 3) };
            if made < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
        });
    }
    command.spawn().unwrap()
}
