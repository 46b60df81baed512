//! rust-analyzer with its crate graph: the standard library, the crates that the executable carries, and the cell.
//!
//! It must not know threads or what is asked. Read [`World`] first.

use super::sources::{self, CARRIED, CrateSource, STANDARD, Source};
use ra_ap_base_db::{
    BuildMetadata, CrateDisplayName, CrateGraphBuilder, CrateName, CrateOrigin, CrateWorkspaceData, DependencyBuilder,
    Env, FileSet, LangCrateOrigin, Prerelease, SourceRoot, Version, VfsPath,
};
use ra_ap_hir::{CfgOptions, ChangeWithProcMacros};
use ra_ap_ide::{Analysis, AnalysisHost, Edition, FileId};
use ra_ap_paths::AbsPathBuf;
use std::collections::HashMap;
use std::path::Path;
use triomphe::Arc;

/// How many syntax trees are kept; more are parsed again when they are needed.
const TREES: u16 = 32;

/// The file of the cell, with all that it can name.
///
/// What rust-analyzer interns of types is not collected: its collection is for the whole process, and evcxr has a
/// rust-analyzer beside this one, whose threads would then read what is gone (tried: a segfault).
#[derive(Debug)]
pub struct World {
    host: AnalysisHost,
    cell: FileId,
}

impl World {
    /// Reads the sources; what they say is found out when it is asked for.
    pub fn load(rust_src: Option<&Path>) -> Self {
        let mut change = ChangeWithProcMacros::default();
        let mut files = sources::standard(rust_src);
        files.extend(sources::carried());
        let cell = FileId::from_raw(u32::try_from(files.len()).unwrap_or(u32::MAX));
        change.set_roots(roots(&files, cell));
        change.set_crate_graph(graph(&files, cell));
        for (number, (_, text)) in files.into_iter().enumerate() {
            change.change_file(file(number), Some(text.into_owned()));
        }
        change.change_file(cell, Some(String::new()));
        let mut host = AnalysisHost::new(Some(TREES));
        host.apply_change(change);
        Self { host, cell }
    }

    /// Replaces the cell's text. Waits until every snapshot is dropped, which it tells them.
    pub fn set_cell(&mut self, text: String) {
        let mut change = ChangeWithProcMacros::default();
        change.change_file(self.cell, Some(text));
        self.host.apply_change(change);
    }

    /// What can be asked, also on another thread, until the next change.
    pub fn snapshot(&self) -> (Analysis, FileId) {
        (self.host.analysis(), self.cell)
    }

    /// Tells every snapshot to give up and waits until they are dropped.
    pub fn cancel(&mut self) {
        self.host.trigger_cancellation();
    }
}

fn file(number: usize) -> FileId {
    FileId::from_raw(u32::try_from(number).unwrap_or(u32::MAX))
}

/// A root per crate, the last one the cell's.
fn roots(files: &[Source], cell: FileId) -> Vec<SourceRoot> {
    let mut sets: Vec<(&str, FileSet)> = Vec::new();
    for (number, (path, _)) in files.iter().enumerate() {
        let name = path.split('/').nth(1).unwrap_or_default();
        if sets.last().is_none_or(|(last, _)| *last != name) {
            sets.push((name, FileSet::default()));
        }
        if let Some((_, set)) = sets.last_mut() {
            set.insert(file(number), VfsPath::new_virtual_path(path.clone()));
        }
    }
    let mut roots: Vec<SourceRoot> = sets.into_iter().map(|(_, set)| SourceRoot::new_library(set)).collect();
    let mut own = FileSet::default();
    own.insert(cell, VfsPath::new_virtual_path("/cell/lib.rs".to_owned()));
    roots.push(SourceRoot::new_local(own));
    roots
}

struct Graph<'a> {
    builder: CrateGraphBuilder,
    ids: HashMap<&'static str, ra_ap_base_db::CrateBuilderId>,
    files: &'a [Source],
}

fn graph(files: &[Source], cell: FileId) -> CrateGraphBuilder {
    let mut graph = Graph { builder: CrateGraphBuilder::default(), ids: HashMap::new(), files };
    for (number, name) in STANDARD.into_iter().enumerate() {
        let source = CrateSource { name, is_2021: false, uses: &[] };
        let origin = CrateOrigin::Lang(LangCrateOrigin::from(name));
        graph.add(source, graph.root(name), origin, &STANDARD[..number]);
    }
    for source in CARRIED {
        let origin = CrateOrigin::Library { repo: None, name: symbol(source.name).symbol().clone() };
        graph.add(source, graph.root(source.name), origin, &STANDARD);
    }
    let uses = &["candle_core", "candle_nn", "candlewick"];
    let origin = CrateOrigin::Local { repo: None, name: None };
    graph.add(CrateSource { name: "cell", is_2021: false, uses }, cell, origin, &STANDARD);
    graph.builder
}

impl Graph<'_> {
    fn root(&self, name: &str) -> FileId {
        let root = format!("/{name}/lib.rs");
        file(self.files.iter().position(|(path, _)| *path == root).unwrap_or(usize::MAX))
    }

    fn add(&mut self, source: CrateSource, root: FileId, origin: CrateOrigin, standard: &[&str]) {
        let id = self.builder.add_crate_root(
            root,
            if source.is_2021 { Edition::Edition2021 } else { Edition::Edition2024 },
            Some(CrateDisplayName::from_canonical_name(source.name)),
            None,
            configuration(),
            None,
            Env::default(),
            origin,
            Vec::new(),
            source.name == "candlewick_macros",
            Arc::new(AbsPathBuf::assert_utf8(std::path::PathBuf::from("/"))),
            Arc::new(workspace()),
        );
        for name in standard {
            self.depend(id, DependencyBuilder::with_prelude(symbol(name), self.ids[name], *name != "alloc", true));
        }
        for name in source.uses {
            self.depend(id, DependencyBuilder::new(symbol(name), self.ids[name]));
        }
        self.ids.insert(source.name, id);
    }

    fn depend(&mut self, from: ra_ap_base_db::CrateBuilderId, on: DependencyBuilder) {
        // Refused only for a cycle, and each crate names earlier ones.
        drop(self.builder.add_dep(from, on));
    }
}

fn symbol(name: &str) -> CrateName {
    CrateName::normalize_dashes(name)
}

/// What the sources are compiled for. The sizes matter, the platform hardly: its modules are not read.
fn configuration() -> CfgOptions {
    let mut options = CfgOptions::default();
    for atom in ["unix", "panic_unwind"] {
        options.insert_atom(symbol(atom).symbol().clone());
    }
    let pairs = [
        ("target_os", "linux"),
        ("target_family", "unix"),
        ("target_arch", "x86_64"),
        ("target_pointer_width", "64"),
        ("target_endian", "little"),
        ("target_env", "gnu"),
        ("panic", "unwind"),
        ("target_has_atomic", "8"),
        ("target_has_atomic", "16"),
        ("target_has_atomic", "32"),
        ("target_has_atomic", "64"),
        ("target_has_atomic", "ptr"),
        ("target_has_atomic_load_store", "8"),
        ("target_has_atomic_load_store", "16"),
        ("target_has_atomic_load_store", "32"),
        ("target_has_atomic_load_store", "64"),
        ("target_has_atomic_load_store", "ptr"),
    ];
    for (key, value) in pairs {
        options.insert_key_value(symbol(key).symbol().clone(), symbol(value).symbol().clone());
    }
    options
}

fn workspace() -> CrateWorkspaceData {
    let version = Version { major: 1, minor: 95, patch: 0, pre: Prerelease::EMPTY, build: BuildMetadata::EMPTY };
    CrateWorkspaceData { target: Err("layouts are not asked for".into()), toolchain: Some(version) }
}
