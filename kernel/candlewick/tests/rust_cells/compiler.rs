//! A stand-in for the compiler process: it speaks the protocol, and compiles cells with rustc alone, in the form that the
//! real one gives them. What a cell consists of: items, a line `// run`, statements.

use candlewick_link::{
    Build, CompilerIs, CompilerRequest, CompilerStatus, Evaluated, FrameReader, FrameWriter, FromCompiler, Lines,
    Problem, RustCell, ToCompiler,
};
use candlewick_packages::library::Library;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands before the items of a cell.
const HEAD: &str = "#![allow(unused_imports, dead_code, unused_must_use, unused_variables, unused_mut)]\n\
                    use candlewick::prelude::*;\n";
/// What stands between items and statements, for the build of that number.
fn middle(number: usize) -> String {
    format!(
        "struct EvcxrUserCodeError {{}}\n\
         impl<T: std::fmt::Display> From<T> for EvcxrUserCodeError {{ fn from(error: T) -> Self {{\n\
         eprintln!(\"{{}}\", error); println!(\"{{}}\", \"EVCXR_ERROR_OCCURRED\"); EvcxrUserCodeError {{}} }} }}\n\
         #[unsafe(no_mangle)] pub extern \"C\" fn run_user_code_{number}(mut store: *mut u8) -> *mut u8 {{\n\
         let pointer = &mut store;\n\
         match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {{\n\
         let _ = (|| -> Result<(), EvcxrUserCodeError> {{\n"
    )
}
/// What stands behind the statements.
const TAIL: &str = "Ok(()) })(); })) { Ok(_) => {} Err(_) => { println!(\"EVCXR_PANIC_NOTIFICATION\"); } }\nstore\n}\n";

/// Serves every connection, one after the other, for as long as the process lives.
pub fn start(directory: &Path) -> PathBuf {
    let socket = directory.join("compiler.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let directory = directory.to_owned();
    std::thread::spawn(move || {
        let mut builds = Builds { directory, number: 0 };
        listener.incoming().for_each(|stream| builds.serve(stream.unwrap()));
    });
    socket
}

struct Builds {
    directory: PathBuf,
    number: usize,
}

impl Builds {
    fn serve(&mut self, stream: UnixStream) {
        let mut reader = FrameReader::<_, ToCompiler>::new(stream.try_clone().unwrap());
        let mut writer = FrameWriter::<_, FromCompiler>::new(stream);
        while let Ok(Some(message)) = reader.receive() {
            let ToCompiler::Request { id, request } = message else { continue };
            let is = match request {
                CompilerRequest::Evaluate(cell) if cell.code.contains("// die") => return,
                CompilerRequest::Evaluate(cell) => self.evaluate(&cell, &mut reader, &mut writer),
                _ => CompilerIs::Status(CompilerStatus {
                    pid: std::process::id(),
                    items: vec!["kept".into()],
                    rustc: "rustc of the test".into(),
                    ..CompilerStatus::default()
                }),
            };
            if writer.send(&FromCompiler::Reply { id, is }).is_err() {
                return;
            }
        }
    }

    fn evaluate(
        &mut self,
        cell: &RustCell,
        reader: &mut FrameReader<UnixStream, ToCompiler>,
        writer: &mut FrameWriter<UnixStream, FromCompiler>,
    ) -> CompilerIs {
        if cell.code.contains("// slow") {
            for step in ["compiling a", "compiling b"] {
                writer.send(&FromCompiler::Progress { text: step.into() }).unwrap();
            }
            let cancelled = matches!(reader.receive(), Ok(Some(ToCompiler::Cancel)));
            let name = if cancelled { "Interrupted" } else { "NotCancelled" };
            return CompilerIs::Failed(Problem { name: name.into(), ..Problem::default() });
        }
        let build = match self.compile(cell) {
            Ok(build) => build,
            Err(message) => {
                let problem = Problem { name: "CompileError".into(), traceback: vec![message.clone()], message };
                return CompilerIs::Failed(problem);
            }
        };
        writer.send(&FromCompiler::Run(build)).unwrap();
        let Ok(Some(ToCompiler::Ran(ran))) = reader.receive() else { return CompilerIs::Failed(Problem::default()) };
        let variables = vec![("notes".to_owned(), ran.notes.join(" "))];
        CompilerIs::Evaluated(Evaluated { problem: ran.problem, variables, ..Evaluated::default() })
    }

    fn compile(&mut self, cell: &RustCell) -> Result<Build, String> {
        self.number += 1;
        let (number, root) = (self.number, self.directory.join("ctx"));
        let (items, statements) = cell.code.split_once("// run\n").unwrap_or((&cell.code, ""));
        let registered = cell
            .plugin
            .as_ref()
            .map_or_else(String::new, |name| format!("candlewick::cells::register!({name:?}, Own::default());\n"));
        let middle = middle(number);
        let text = format!("{HEAD}{items}{middle}{statements}\n{registered}{TAIL}");
        let count = |text: &str| text.lines().count() as u32;
        let lines =
            |built, text: &str, line| Lines { built, count: count(text), source: cell.source.clone(), line, offset: 0 };
        let behind = count(HEAD) + count(items) + count(&middle) + 1;
        let lines = vec![lines(count(HEAD) + 1, items, 1), lines(behind, statements, count(items) + 2)];
        std::fs::create_dir_all(root.join("src")).unwrap();
        std::fs::write(root.join("src/lib.rs"), text).unwrap();
        // The same name for all: the worker must not take the second for the first.
        let file = root.join("ctx.so");
        let built = rustc(&root, &file)?;
        std::fs::rename(built, &file).unwrap();
        Ok(Build { file, function: format!("run_user_code_{number}"), lines })
    }
}

/// Compiles `src/lib.rs`, for the library of this process.
fn rustc(root: &Path, file: &Path) -> Result<PathBuf, String> {
    let library = Library::of_this_process().unwrap();
    let built = file.with_extension("new");
    let compiled = Command::new("rustc")
        .current_dir(root)
        .args(["--edition=2024", "--crate-name=ctx", "--crate-type=cdylib", "-Cprefer-dynamic", "src/lib.rs", "-o"])
        .arg(&built)
        .arg("--extern")
        .arg(format!("candlewick={}", library.file.display()))
        .arg(format!("-Ldependency={}", library.crates.display()))
        .output()
        .unwrap();
    match compiled.status.success() {
        true => Ok(built),
        false => Err(String::from_utf8_lossy(&compiled.stderr).into_owned()),
    }
}
