//! A Rust plugin crate, built for this very library and loaded into this process.
//!
//! Everything is in one test: builds share a cache and the environment's variables.

#![allow(clippy::unwrap_used)] // shared by tests; clippy sees no #[test] on them

mod common;

use candlewick::plugin_manager::{Registered, Registration};
use candlewick::worker::rust_crate::RustCrate;
use candlewick_packages::build_record::{BuildRecord, MARK};
use candlewick_packages::library::{Library, RUSTC};
use candlewick_packages::{Language, crate_build, new};
use common::Session;
use std::path::Path;

/// Plugins that fail as plugins may.
const FAILING: &str = "use candlewick::prelude::*;
struct Failing;
impl Plugin for Failing {
    fn metadata(&self) -> Metadata { Metadata::of(\"failing\", \"1.0.0\", \"panics\") }
    fn end_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {
        if ctx.epoch == 0 { panic!(\"a panic in a crate\") }
        Ok(())
    }
}
candlewick::plugin!(Failing);
";

#[test]
fn a_crate_is_built_once_loaded_trained_with_and_refused_when_it_does_not_fit() {
    let root = tempfile::tempdir().unwrap();
    let cache = root.path().join("cache");
    let library = Library::of_this_process().unwrap();
    let build = |directory: &Path| crate_build::build(directory, &library, &cache, &|| true);

    let directory = new(root.path(), "calm", Language::Rust).unwrap();
    let built = build(&directory).unwrap();
    assert!(!built.cached && build(&directory).unwrap().cached);
    let record = BuildRecord::find(&std::fs::read(&built.file).unwrap()).unwrap();
    assert_eq!((record.rustc.as_str(), record.library.as_str()), (RUSTC, library.build.as_str()));
    assert!(!directory.join("target").exists() && !directory.join("Cargo.lock").exists());

    trains(&RustCrate::open(&built.file).unwrap());
    is_refused_when_altered(&built.file, &root.path().join("altered.so"));

    std::fs::write(directory.join("src/lib.rs"), FAILING).unwrap();
    let failing = build(&directory).unwrap();
    assert!(!failing.cached && failing.file != built.file);
    its_panic_is_an_error_of_the_plugin(&RustCrate::open(&failing.file).unwrap());

    std::fs::write(directory.join("src/lib.rs"), "use candlewick::prelude::*;\nstruct X;\ncandlewick::plugin!(X);\n")
        .unwrap();
    let error = build(&directory).unwrap_err().to_string();
    assert!(error.starts_with("candlewick-plugin-calm cannot be built:\n"), "{error}");
    assert!(error.contains("src/lib.rs:3") && error.contains("Plugin"), "{error}");
    let interrupted = crate_build::build(&directory, &library, &cache, &|| false).unwrap_err().to_string();
    assert_eq!(interrupted, "interrupted");
    let leftovers = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(leftovers.filter(|name| name.starts_with('.') && name != ".target").count(), 0);
}

/// Registered beside the built-in plugins, it ends a run, keeps what it knows by run, and answers a verb.
fn trains(plugin_crate: &RustCrate) {
    let mut session = Session::new();
    let register = |session: &mut Session| {
        let plugin = plugin_crate.plugin().unwrap();
        let registration = Registration::from_origin("crate");
        session.plugins().borrow_mut().register(plugin, registration).unwrap()
    };
    assert_eq!(register(&mut session), Registered::New);
    session.good(
        "let net = sequential([linear(4, 16), tanh(), linear(16, 3)]);
         let run = fit(net, dataset(\"iris\").normalize(), #{ epochs: 30, batch_size: 16, optimizer: adamw(0.01), seed: 1 });
         run.step(20, \"batch\");",
    );
    assert_eq!(register(&mut session), Registered::Replaced { generation: 2 });
    session.good("run.resume();");
    assert_eq!(session.value("run.outcome"), "stopped");
    assert_eq!(session.value("plugin(\"calm\").infer([0.1, 2.5])"), "[0.1]");
}

fn its_panic_is_an_error_of_the_plugin(plugin_crate: &RustCrate) {
    let mut session = Session::new();
    let plugin = plugin_crate.plugin().unwrap();
    session.plugins().borrow_mut().register(plugin, Registration::from_origin("crate")).unwrap();
    session.good("let run = train(sequential([linear(4, 3)]), dataset(\"iris\"), #{ epochs: 2, seed: 1 });");
    assert_eq!(session.value("run.outcome"), "done");
    assert_eq!(session.value("plugin(\"failing\").state"), "quarantined");
}

/// A record of another compiler or library, or none, and nothing of the file is called.
fn is_refused_when_altered(built: &Path, altered: &Path) {
    let check = |from: &str, to: &str, expect: &str| {
        let mut bytes = std::fs::read(built).unwrap();
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        std::fs::write(altered, bytes).unwrap();
        let error = RustCrate::open(altered).unwrap_err().to_string();
        assert!(error.contains("altered.so is refused: ") && error.contains(expect), "{error}");
    };
    let library = Library::of_this_process().unwrap().build;
    check(&RUSTC[..12], "rustc 0.99.9", "it was compiled by rustc 0.99.9");
    check(&library[..6], "ffffff", "it was compiled for another build of the library (ffffff");
    check(std::str::from_utf8(MARK).unwrap(), "candlewick plugin record 0: ", "it has no record of its build");
}
