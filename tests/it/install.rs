//! `install`, `uninstall` and the archive: what is installed runs by itself.

use crate::support::{CANDLEWICK, Home, finish, said};
use serde_json::Value;
use std::path::Path;

fn kernelspec(directory: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(directory.join("kernel.json")).unwrap()).unwrap()
}

#[test]
fn an_installed_kernel_needs_nothing_of_the_build() {
    let home = Home::new();
    finish(&mut home.candlewick(&["install", "--user"]), true);
    let spec = kernelspec(&home.join(".local/share/jupyter/kernels/candlewick"));
    assert_eq!((&spec["display_name"], &spec["interrupt_mode"]), (&"Candlewick (Rhai)".into(), &"message".into()));
    let program = spec["argv"][0].as_str().unwrap();
    assert!(Path::new(program).starts_with(home.path()), "{program}");
    home.notebook("n.ipynb", &["6 * 7"]);
    let output = finish(home.command(program).args(["run", "n.ipynb", "--json"]), true);
    assert!(said(&output).contains("\"42\""));
    let maps = finish(home.command(program).args(["doctor", "--json"]), true);
    let built = Path::new(CANDLEWICK).parent().unwrap().to_str().unwrap();
    let doctor: Value = serde_json::from_slice(&maps.stdout).unwrap();
    let parts = doctor["checks"].as_array().unwrap().iter().find(|check| check["name"] == "parts").unwrap();
    assert!(!parts["found"].as_str().unwrap().contains(built), "{parts}");
    assert_eq!(parts["found"].as_str().unwrap().matches(home.path().to_str().unwrap()).count(), 3, "{parts}");
}

#[test]
fn installing_again_replaces_and_uninstalling_leaves_nothing() {
    let home = Home::new();
    for audience in [&["--user"][..], &["--prefix", "p"], &["--user"]] {
        let mut install = home.candlewick(&["install"]);
        finish(install.args(audience), true);
    }
    let kernel = home.join(".local/share/candlewick/kernel");
    let entries = std::fs::read_dir(&kernel).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let parts = ["candlewick", "libcandlewick", "libstd", "crates", "sources"];
    assert_eq!(entries.filter(|name| parts.iter().any(|part| name.starts_with(part))).count(), 5);
    let beside = home.join("p/share/jupyter/kernels/other");
    std::fs::create_dir(&beside).unwrap();
    finish(&mut home.candlewick(&["uninstall"]), true);
    for gone in [
        &kernel,
        &home.join(".local/share/jupyter/kernels/candlewick"),
        &home.join("p/share/jupyter/kernels/candlewick"),
    ] {
        assert!(!gone.exists(), "{}", gone.display());
    }
    assert!(beside.exists());
    let output = finish(&mut home.candlewick(&["uninstall"]), true);
    assert!(said(&output).contains("nothing was installed"));
}

#[test]
fn sys_prefix_is_that_of_the_python_on_the_path() {
    let home = Home::new();
    let python = crate::support::python();
    let mut path = std::ffi::OsString::from(python.parent().unwrap());
    path.push(":/usr/bin:/bin");
    finish(home.candlewick(&["install", "--sys-prefix"]).env("PATH", &path), true);
    let spec = python.parent().unwrap().parent().unwrap().join("share/jupyter/kernels/candlewick");
    assert!(spec.join("kernel.json").exists());
    finish(home.candlewick(&["uninstall"]).env("PATH", &path), true);
    assert!(!spec.exists());
    let output = finish(home.candlewick(&["install", "--sys-prefix"]).env("PATH", home.path()), false);
    assert!(said(&output).contains("Python 3 is needed"), "{}", said(&output));
}

#[test]
fn install_asks_for_whom() {
    let home = Home::new();
    finish(&mut home.candlewick(&["install"]), false);
    finish(&mut home.candlewick(&["install", "--user", "--sys-prefix"]), false);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}
