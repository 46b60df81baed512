//! Collects the sources that completion and hover know, as outlines in one file that the executable carries.
//!
//! Candle's come from where cargo keeps them, Candlewick's own from beside this crate. Read `PACKAGES`.

#![allow(clippy::print_stdout)] // a build script talks to cargo by printing

#[path = "src/analysis/outline.rs"]
mod outline;

use serde_json::Value;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package whose sources are collected: its name, and which paths under `src` are (a directory with all below it); all of
/// them when empty.
struct Package {
    name: &'static str,
    only: &'static [&'static str],
    without: &'static [&'static str],
    /// Texts and what stands for them: a trait's method is offered as it is written, which names a private type.
    spelled: &'static [(&'static str, &'static str)],
}

const ALL: Package = Package { name: "", only: &[], without: &[], spelled: &[] };

const PACKAGES: [Package; 9] = [
    Package {
        name: "serde_json",
        only: &["error.rs", "lib.rs", "macros.rs", "map.rs", "number.rs", "value/"],
        without: &["value/de.rs", "value/partial_eq.rs", "value/ser.rs"],
        ..ALL
    },
    Package {
        name: "candle-core",
        without: &[
            "accelerate.rs",
            "cpu/",
            "cuda_backend/",
            "dummy_dtype.rs",
            "metal_backend/",
            "mkl.rs",
            "pickle.rs",
            "quantized/",
            "test_utils.rs",
        ],
        ..ALL
    },
    Package { name: "candle-nn", without: &["attention/", "cpu_flash_attention.rs", "moe/", "moe.rs"], ..ALL },
    Package { name: "candlewick-plugin-api", spelled: &[("-> Called", "-> Result<(), PluginError>")], ..ALL },
    Package { name: "candlewick-plugin-manager", ..ALL },
    Package { name: "candlewick-engine", ..ALL },
    Package { name: "candlewick-worker", only: &["lib.rs", "rust/"], ..ALL },
    Package { name: "candlewick-macros", ..ALL },
    // rust-analyzer offers no hidden macro, also under the name that `cells` gives it.
    Package { name: "candlewick", spelled: &[("#[doc(hidden)]\n#[macro_export]", "#[macro_export]")], ..ALL },
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/analysis/outline.rs");
    println!("cargo::rerun-if-changed=../../Cargo.lock");
    let metadata = metadata(&root)?;
    let mut text = String::new();
    for package in &PACKAGES {
        let sources = sources_of(&metadata, package.name)?;
        println!("cargo::rerun-if-changed={}", sources.display());
        collect(package, &sources, &sources, &mut text)?;
    }
    fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("sources.txt"), text)?;
    Ok(())
}

/// What cargo knows of this workspace. Packages that only tests need may not have been fetched: then cargo fetches them.
fn metadata(root: &Path) -> Result<Value, Box<dyn Error>> {
    ask_cargo(root, &["--offline"]).or_else(|_| ask_cargo(root, &[]))
}

fn ask_cargo(root: &Path, options: &[&str]) -> Result<Value, Box<dyn Error>> {
    let output = Command::new(std::env::var("CARGO")?)
        .args(["metadata", "--format-version", "1", "--filter-platform", &std::env::var("TARGET")?])
        .args(options)
        .current_dir(root)
        .output()?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn sources_of(metadata: &Value, name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let manifest =
        packages.filter(|package| package["name"] == name).find_map(|package| package["manifest_path"].as_str());
    let directory = manifest.and_then(|manifest| Path::new(manifest).parent());
    Ok(directory.ok_or_else(|| format!("cargo metadata knows no package {name}"))?.join("src"))
}

/// Appends every source of a directory, in the order of names, behind a line with its length in bytes and its path.
fn collect(package: &Package, root: &Path, directory: &Path, text: &mut String) -> Result<(), Box<dyn Error>> {
    let mut paths =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.sort();
    for path in paths {
        let name = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        let within = |list: &[&str]| list.iter().any(|part| format!("{name}/").starts_with(part) || name == *part);
        if within(package.without) || !(package.only.is_empty() || within(package.only)) {
            continue;
        }
        if path.is_dir() {
            collect(package, root, &path, text)?;
        } else if name.ends_with(".rs") && !name.ends_with("/tests.rs") && name != "tests.rs" {
            let mut outline = outline::outline(&fs::read_to_string(&path)?);
            for (name, meaning) in package.spelled {
                outline = outline.replace(name, meaning);
            }
            text.push_str(&format!("{} /{}/{name}\n", outline.len(), package.name.replace('-', "_")));
            text.push_str(&outline);
        }
    }
    Ok(())
}
