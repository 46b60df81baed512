//! Rust cells in a real worker process, with a stand-in for the compiler process (`compiler.rs`).
//!
//! Without the usual harness: this executable starts itself as the worker, and what cells print must go to descriptor 1,
//! where the harness would catch it. Read `main` first.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // all of it is a test; clippy sees no #[test] in here

mod compiler;

use candlewick_link::{
    COMPILER_VARIABLE, Command, Execute, Finished, FrameReader, FrameWriter, FromWorker, Is, PluginRecord, Problem,
    Request, StreamName, ToWorker,
};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Stdio};

/// The argument that makes this executable a worker.
const WORKER: &str = "worker";

type Case = (&'static str, fn(&Path));

const CASES: [Case; 7] = [
    ("what_a_cell_prints_and_keeps", what_a_cell_prints_and_keeps),
    ("panics_and_errors_have_their_places", panics_and_errors_have_their_places),
    ("plugins_are_registered_replaced_and_blamed", plugins_are_registered_replaced_and_blamed),
    ("plugins_come_back_in_a_new_worker", plugins_come_back_in_a_new_worker),
    (
        "compiling_is_interrupted_at_once_and_running_when_it_asks",
        compiling_is_interrupted_at_once_and_running_when_it_asks,
    ),
    ("a_compiler_that_ends_is_told_and_another_one_asked", a_compiler_that_ends_is_told_and_another_one_asked),
    ("bad_cells_leave_later_ones_alone", bad_cells_leave_later_ones_alone),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == WORKER) {
        std::process::exit(candlewick::candlewick_worker_main());
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let directory = tempfile::tempdir().unwrap();
    let socket = compiler::start(directory.path());
    for (name, case) in CASES {
        if wanted.is_empty() || wanted.iter().any(|wanted| name.contains(wanted.as_str())) {
            case(&socket);
            println!("test {name} ... ok");
        }
    }
}

/// A worker process and what it has said.
struct Worker {
    process: Child,
    send: FrameWriter<UnixStream, ToWorker>,
    receive: FrameReader<UnixStream, FromWorker>,
    cells: u64,
    records: Vec<PluginRecord>,
    variables: Vec<String>,
}

/// What came of a cell.
struct Ran {
    sent: Vec<FromWorker>,
    finished: Finished,
}

impl Worker {
    fn start(compiler: Option<&Path>) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.arg(WORKER).stdin(Stdio::from(OwnedFd::from(theirs))).env_remove(COMPILER_VARIABLE);
        if let Some(socket) = compiler {
            command.env(COMPILER_VARIABLE, socket);
        }
        let process = command.spawn().unwrap();
        let (send, receive) = (FrameWriter::new(ours.try_clone().unwrap()), FrameReader::new(ours));
        let mut worker = Self { process, send, receive, cells: 0, records: Vec::new(), variables: Vec::new() };
        while !matches!(worker.receive.receive().unwrap().unwrap(), FromWorker::Ready { .. }) {}
        worker
    }

    fn begin(&mut self, code: &str) {
        self.cells += 1;
        let cell = Execute { code: code.to_owned(), cell: self.cells, ..Execute::default() };
        self.send.send(&ToWorker::Request { id: self.cells, request: Request::Execute(cell) }).unwrap();
    }

    fn end(&mut self) -> Ran {
        let mut sent = Vec::new();
        loop {
            match self.receive.receive().unwrap().unwrap() {
                FromWorker::Finished { finished, .. } => return Ran { sent, finished },
                FromWorker::PluginRegistered(record) => {
                    self.records.retain(|own| own.name != record.name);
                    self.records.push(record);
                }
                FromWorker::Variables { names } => self.variables = names,
                other => sent.push(other),
            }
        }
    }

    /// Runs a cell, however it ends.
    fn run(&mut self, code: &str) -> Ran {
        self.begin(code);
        self.end()
    }

    /// What a cell that goes well prints and shows.
    fn text(&mut self, code: &str) -> String {
        let ran = self.run(code);
        assert_eq!(ran.finished.problem, None, "{code}");
        ran.text()
    }

    /// Why a cell fails.
    fn problem(&mut self, code: &str) -> Problem {
        let ran = self.run(code);
        let text = ran.text();
        ran.finished.problem.unwrap_or_else(|| panic!("{code} should have failed: {text}"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Ran {
    /// Text as it is, standard error after `! `, displays in `<>`.
    fn text(&self) -> String {
        let written = |message: &FromWorker| match message {
            FromWorker::Stream { name: StreamName::Stdout, text } => text.clone(),
            FromWorker::Stream { name: StreamName::Stderr, text } => format!("! {text}"),
            FromWorker::Result { bundle } => bundle.get("text/plain").unwrap_or("no text").to_owned(),
            FromWorker::Display { bundle, .. } => format!("<{:?}>", bundle.data),
            other => format!("{other:?}\n"),
        };
        self.sent.iter().map(written).collect()
    }
}

fn what_a_cell_prints_and_keeps(compiler: &Path) {
    let mut worker = Worker::start(Some(compiler));
    let shown = worker.text(
        "%%rust\n// run\nprintln!(\"a\");\nprintln!(\"EVCXR_BEGIN_CONTENT text/html\\n<b>1</b>\\nEVCXR_END_CONTENT\");\n\
         print!(\"b\");\n*pointer = Box::into_raw(Box::new(41u8));\n",
    );
    assert_eq!(shown, "a\n<{\"text/html\": String(\"<b>1</b>\")}>b");
    assert_eq!(worker.variables, ["notes (Rust)"]);
    let kept = worker.text("%%rust\n// run\nunsafe { **pointer += 1; println!(\"{}\", **pointer); }");
    assert_eq!(kept, "42\n");
    // Std, and with it what counts the memory of the process, are one.
    let counted = worker.text("%%rust\n// run\nprintln!(\"{}\", candlewick::engine::memory::snapshot().total > 0);");
    assert_eq!(counted, "true\n");
    assert_eq!(worker.text("%who"), "in Rust cells: notes\n");
    assert!(worker.text("%whos").ends_with("\nnotes        in Rust cells\n"));
    assert!(worker.text("%rust").contains("compiler: rustc of the test"));
    let compiler = worker.text("memory().compiler > 1000000");
    assert_eq!(compiler, "true");
    assert!(worker.text("memory()").contains("compiler of Rust cells: "));
    let wrong = worker.problem("%rust stauts");
    assert!(wrong.message.ends_with("found `stauts`; did you mean `status`?"), "{}", wrong.message);
    assert_eq!(worker.problem("%%rust\nlet").name, "CompileError");
}

fn panics_and_errors_have_their_places(compiler: &Path) {
    let mut worker = Worker::start(Some(compiler));
    let panic =
        worker.problem("%%rust\nfn deep(at: usize) -> u8 {\n    [1, 2][at]\n}\n// run\nprint!(\"x\");\ndeep(7);\n");
    let (message, place) = ("index out of bounds: the len is 2 but the index is 7", "cell 1, line 3, column 5");
    assert_eq!(
        (panic.name.as_str(), panic.message.as_str()),
        (
            "Panic",
            &*format!("{message} at {place}; variables of earlier cells are kept, new ones of this cell are not")
        )
    );
    assert!(panic.traceback.join("\n").contains("[1, 2][at]"), "{:?}", panic.traceback);
    let panic = worker.run("%%rust\n// run\n\n\"x\".parse::<i32>().unwrap();\n");
    assert!(panic.text().is_empty(), "{}", panic.text());
    let problem = panic.finished.problem.unwrap();
    assert!(
        problem.message.contains("InvalidDigit") && problem.message.contains("at cell 2, line 4, column 20;"),
        "{problem:?}"
    );
    // One that the cell catches itself is nobody's.
    assert_eq!(
        worker.text("%%rust\n// run\ndrop(std::panic::catch_unwind(|| panic!(\"own\")));\nprintln!(\"on\");"),
        "on\n"
    );
    let thread =
        worker.text("%%rust\n// run\ndrop(std::thread::spawn(|| {\n    panic!(\"in a thread\")\n}).join());\n");
    assert!(thread.contains("panicked at cell 4, line 4, column 5:\n") && thread.contains("in a thread"), "{thread}");
    let failed = worker.run("%%rust\n// run\nprintln!(\"before\");\n\"x\".parse::<i32>()?;\nprintln!(\"after\");");
    assert_eq!(failed.finished.problem.as_ref().map(|own| own.name.as_str()), Some("RustError"));
    assert_eq!(failed.finished.problem.as_ref().map(|own| own.message.as_str()), Some("invalid digit found in string"));
    assert!(failed.text().starts_with("before\n") && !failed.text().contains("after"), "{}", failed.text());
}

/// A plugin that counts batches, and fails where it is told to.
fn counting(line: &str, factor: usize) -> String {
    format!(
        "{line}
#[derive(Default)]
struct Own {{ seen: usize, limit: u64 }}
impl Plugin for Own {{
    fn metadata(&self) -> Metadata {{
        let config = [(\"limit\".to_owned(), Json::from(0))];
        Metadata {{ config: Map::from_iter(config), ..Metadata::of(\"own\", \"1.0.0\", \"counts batches\") }}
    }}
    fn hooks(&self) -> HookSet {{ HookSet::none().with(Hook::EndTrainingBatch) }}
    fn configure(&mut self, config: &Map<String, Json>) -> Result<(), PluginError> {{
        self.limit = config[\"limit\"].as_u64().unwrap_or(0);
        Ok(())
    }}
    fn state(&self, _: u64) -> Option<Json> {{ Some(self.seen.into()) }}
    fn restore(&mut self, _: u64, state: &Json) -> Result<(), PluginError> {{
        self.seen = state.as_u64().unwrap_or(0) as usize;
        Ok(())
    }}
    fn end_training_batch(&mut self, _: &mut Context) -> Result<(), PluginError> {{
        self.seen += {factor};
        if self.limit > 0 && self.seen as u64 > self.limit {{
            panic!(\"more than {{}}\", self.limit);
        }}
        println!(\"seen {{}}\", self.seen);
        Ok(())
    }}
}}
"
    )
}

const FIT: &str = "let net = sequential([linear(4, 3)]);
let run = fit(net, dataset(\"iris\"), #{ epochs: 1, batch_size: 30, seed: 1 }); run.step(2, \"batch\");";

fn plugins_are_registered_replaced_and_blamed(compiler: &Path) {
    let mut worker = Worker::start(Some(compiler));
    let registered = worker.text(&counting("%%plugin --rust counting priority=3", 1));
    assert_eq!(registered, "plugin counting registered: end_training_batch\n");
    let ran = worker.text(FIT);
    assert!(ran.contains("seen 1\nseen 2\n"), "{ran}");
    // In the middle of the run: the slot and the state are kept.
    assert_eq!(worker.text(&counting("%%plugin --rust counting priority=3", 10)), registered);
    assert!(worker.text("run.step(1, \"batch\");").contains("seen 12\n"));
    // Another one beside a script, and an instance of it with its own settings.
    worker.text("%%plugin script priority=1\nfn end_training_batch(ctx) { print(\"script\"); }");
    worker.text("%plugin create counting second #{ limit: 5 }");
    let both = worker.run("run.step(1, \"batch\");");
    let both = both.text();
    assert!(both.contains("seen 22\n") && both.contains("script\n"), "{both}");
    assert!(both.find("seen 22") < both.find("script"), "{both}");
    assert!(both.contains("plugin second") && both.contains("panicked: more than 5 at cell 3, line 22"), "{both}");
    let wrong = worker.problem(&counting("%%plugin --rust counting speed=3", 1));
    assert!(wrong.message.contains("speed"), "{}", wrong.message);
    let wrong = worker.problem(&counting("%%plugin --rust priority=3", 1));
    assert!(wrong.message.contains("%%plugin takes a name"), "{}", wrong.message);
    let checked = worker.run("%plugins check counting").text();
    assert!(checked.contains("end_training_batch"), "{checked}");
}

fn plugins_come_back_in_a_new_worker(compiler: &Path) {
    let mut worker = Worker::start(Some(compiler));
    worker.text(&counting("%%plugin --rust counting limit=100", 1));
    worker.text(&(counting("%%rust", 1) + "// run\ncandlewick::cells::register(Own::default());"));
    let records = std::mem::take(&mut worker.records);
    drop(worker);
    let mut other = Worker::start(Some(compiler));
    other.send.send(&ToWorker::Request { id: 99, request: Request::Register { plugins: records } }).unwrap();
    let failed = loop {
        if let FromWorker::Reply { is: Is::Registered { failed }, .. } = other.receive.receive().unwrap().unwrap() {
            break failed;
        }
    };
    assert!(matches!(&failed[..], [(name, why)] if name == "own" && why.contains("registered by value")), "{failed:?}");
    let ran = other.text(FIT);
    assert!(ran.contains("seen 1\nseen 2\n"), "{ran}");
    // Its panics still have their place, and its cell run again replaces it.
    other.text("%config counting.limit=2\n%config apply");
    let ran = other.run("run.step(1, \"batch\");").text();
    assert!(ran.contains("panicked: more than 2 at cell 1, line 22"), "{ran}");
    other.text(&counting("%%plugin --rust counting", 1));
}

fn compiling_is_interrupted_at_once_and_running_when_it_asks(compiler: &Path) {
    let mut worker = Worker::start(Some(compiler));
    worker.begin("%%rust\n// slow");
    assert!(matches!(worker.receive.receive().unwrap().unwrap(), FromWorker::Display { .. }));
    worker.send.send(&ToWorker::Command(Command::Interrupt)).unwrap();
    let ran = worker.end();
    assert!(ran.text().contains("compiling b (the last of 2 steps"), "{}", ran.text());
    assert_eq!(ran.finished.problem.unwrap().name, "Interrupted");
    worker.begin(
        "%%rust\n// run\nprintln!(\"begun\");\nwhile !candlewick::cells::interrupted() { std::thread::yield_now() }",
    );
    assert!(matches!(worker.receive.receive().unwrap().unwrap(), FromWorker::Stream { .. }));
    worker.send.send(&ToWorker::Command(Command::Interrupt)).unwrap();
    assert_eq!(worker.end().finished.problem.unwrap().name, "Interrupted");
    assert_eq!(worker.text("%%rust\n// run\nprintln!(\"{}\", candlewick::cells::interrupted());"), "false\n");
}

fn a_compiler_that_ends_is_told_and_another_one_asked(compiler: &Path) {
    let mut worker = Worker::start(Some(compiler));
    let problem = worker.problem("%%rust\n// die");
    for part in
        ["the compiler process ended while it worked on this cell", "can be run again", "still there: items kept"]
    {
        assert!(problem.message.contains(part), "{part}: {}", problem.message);
    }
    assert_eq!(worker.text("%%rust\n// run\nprintln!(\"on\");"), "on\n");
    let mut alone = Worker::start(None);
    let problem = alone.problem("%%rust\n1 + 1");
    assert!(problem.message.contains(COMPILER_VARIABLE) && problem.name == "RustError", "{}", problem.message);
    assert_eq!(alone.text("1 + 1"), "2");
}

fn bad_cells_leave_later_ones_alone(compiler: &Path) {
    let mut worker = Worker::start(Some(compiler));
    let closing = "%%rust\nunsafe extern \"C\" { fn close(descriptor: i32) -> i32; }\n// run\nunsafe { close(1) };\n";
    assert!(worker.text(closing).contains("! the cell has closed or replaced standard output"));
    assert_eq!(worker.text("%%rust\n// run\nprintln!(\"heard\");"), "heard\n");
    let panic = worker.problem(&closing.replace("close(1) }", "close(1) }; panic!(\"unheard\")"));
    assert!(panic.message.starts_with("unheard at cell 3, line 4, column "), "{}", panic.message);
    // What a thread prints later is in the cell that runs then.
    let later = "%%rust\n// run\nstd::thread::spawn(|| {\n    while std::env::var_os(\"GO\").is_none() { std::thread::yield_now() }\n    \
                 println!(\"late\");\n    unsafe { std::env::set_var(\"GONE\", \"1\") };\n});\n";
    assert_eq!(worker.text(later), "");
    let wait = "%%rust\n// run\nunsafe { std::env::set_var(\"GO\", \"1\") };\n\
                while std::env::var_os(\"GONE\").is_none() { std::thread::yield_now() }\nprintln!(\"after\");";
    assert_eq!(worker.text(wait), "late\nafter\n");
    let outside = worker.problem(
        "%%rust\nstruct Own;\nimpl Plugin for Own { fn metadata(&self) -> Metadata { Metadata::of(\"own\", \"1\", \"\") } }\n\
         // run\nstd::thread::spawn(|| candlewick::cells::register(Own)).join().unwrap();",
    );
    assert!(outside.name == "Panic", "{}", outside.message);
    worker.begin("%%rust\n// run\nstd::process::exit(3);");
    assert!(!matches!(worker.receive.receive(), Ok(Some(FromWorker::Finished { .. }))));
    assert_eq!(worker.process.wait().unwrap().code(), Some(3));
}
