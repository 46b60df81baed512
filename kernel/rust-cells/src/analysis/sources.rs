//! The crates that are read, and their sources: those the executable carries, and the standard library.
//!
//! Nothing is written to disk. It must not know how rust-analyzer is fed. Read [`crates`] first.

use super::outline::outline;
use std::borrow::Cow;
use std::fs;
use std::path::Path;

/// A crate that is read.
#[derive(Clone, Copy, Debug)]
pub struct CrateSource {
    /// Its name in code.
    pub name: &'static str,
    /// Whether it is compiled as edition 2021; else 2024.
    pub is_2021: bool,
    /// The crates it names, all of them before it in the table; those of the standard library apart.
    pub uses: &'static [&'static str],
}

/// The standard library's crates, each using those before it.
pub const STANDARD: [&str; 3] = ["core", "alloc", "std"];

/// The crates that the executable carries, each behind those that it uses.
pub const CARRIED: [CrateSource; 9] = [
    CrateSource { name: "serde_json", is_2021: true, uses: &[] },
    CrateSource { name: "candle_core", is_2021: true, uses: &[] },
    CrateSource { name: "candle_nn", is_2021: true, uses: &["candle_core"] },
    CrateSource { name: "candlewick_macros", is_2021: false, uses: &[] },
    CrateSource { name: "candlewick_plugin_api", is_2021: false, uses: &["serde_json", "candle_core"] },
    CrateSource {
        name: "candlewick_plugin_manager",
        is_2021: false,
        uses: &["serde_json", "candle_core", "candlewick_plugin_api"],
    },
    CrateSource {
        name: "candlewick_engine",
        is_2021: false,
        uses: &["serde_json", "candle_core", "candle_nn", "candlewick_plugin_api"],
    },
    CrateSource {
        name: "candlewick_worker",
        is_2021: false,
        uses: &[
            "serde_json",
            "candle_core",
            "candle_nn",
            "candlewick_plugin_api",
            "candlewick_plugin_manager",
            "candlewick_engine",
        ],
    },
    CrateSource {
        name: "candlewick",
        is_2021: false,
        uses: &[
            "serde_json",
            "candle_core",
            "candle_nn",
            "candlewick_macros",
            "candlewick_plugin_api",
            "candlewick_plugin_manager",
            "candlewick_engine",
            "candlewick_worker",
        ],
    },
];

/// One source file: its path, which begins with `/` and the crate's name, and its text.
pub type Source = (String, Cow<'static, str>);

/// Written by the build script: per file a line with its length in bytes and its path, then its text.
const PACK: &str = include_str!(concat!(env!("OUT_DIR"), "/sources.txt"));

/// The files of the crates that the executable carries.
pub fn carried() -> Vec<Source> {
    let mut files = Vec::new();
    let mut rest = PACK;
    while let Some((head, after)) = rest.split_once('\n') {
        let Some((length, path)) = head.split_once(' ') else { break };
        let Some((text, next)) = length.parse().ok().and_then(|length| after.split_at_checked(length)) else { break };
        files.push((path.to_owned(), Cow::Borrowed(text)));
        rest = next;
    }
    files
}

/// The files of the standard library: outlines of rust-src's, or our stand-in.
pub fn standard(rust_src: Option<&Path>) -> Vec<Source> {
    let read = rust_src.map(read_standard).unwrap_or_default();
    let whole = STANDARD.iter().all(|name| read.iter().any(|(path, _)| *path == format!("/{name}/lib.rs")));
    if whole { read } else { stand_in() }
}

/// The files of our stand-in.
const STAND_IN: [(&str, &str); 9] = [
    ("/core/lib.rs", include_str!("standard/core/lib.rs")),
    ("/core/iter.rs", include_str!("standard/core/iter.rs")),
    ("/core/macros.rs", include_str!("standard/core/macros.rs")),
    ("/core/num.rs", include_str!("standard/core/num.rs")),
    ("/core/option.rs", include_str!("standard/core/option.rs")),
    ("/core/result.rs", include_str!("standard/core/result.rs")),
    ("/core/slice.rs", include_str!("standard/core/slice.rs")),
    ("/alloc/lib.rs", include_str!("standard/alloc/lib.rs")),
    ("/std/lib.rs", include_str!("standard/std/lib.rs")),
];

fn stand_in() -> Vec<Source> {
    STAND_IN.iter().map(|(path, text)| ((*path).to_owned(), Cow::Borrowed(*text))).collect()
}

fn read_standard(library: &Path) -> Vec<Source> {
    let mut files = Vec::new();
    for name in STANDARD {
        let root = library.join(name).join("src");
        read_directory(name, &root, &root, &mut files);
    }
    files
}

/// What of the standard library says nothing about what cells call: platforms, tables, tests.
const LEFT_OUT: [&str; 9] =
    ["benches", "core_arch", "core_simd", "flt2dec", "dec2flt", "sys", "tests", "unicode_data.rs", "os"];

fn read_directory(name: &str, root: &Path, directory: &Path, files: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let file = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        if LEFT_OUT.contains(&&*file) {
            continue;
        }
        if path.is_dir() {
            read_directory(name, root, &path, files);
        } else if file.ends_with(".rs")
            && let Ok(text) = fs::read_to_string(&path)
            && let Ok(below) = path.strip_prefix(root)
        {
            files.push((format!("/{name}/{}", below.to_string_lossy()), Cow::Owned(outline(&text))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_has_its_root() {
        let (carried, standard) = (carried(), standard(None));
        let has = |files: &[Source], name: &str| files.iter().any(|(path, _)| *path == format!("/{name}/lib.rs"));
        assert!(CARRIED.iter().all(|source| has(&carried, source.name)));
        assert!(STANDARD.iter().all(|name| has(&standard, name)));
        assert!(carried.iter().any(|(path, text)| path == "/candle_core/tensor.rs" && text.contains("pub fn matmul")));
    }

    #[test]
    fn a_directory_that_is_no_rust_src_gives_the_stand_in() {
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(standard(Some(empty.path())).len(), STAND_IN.len());
    }
}
