//! Binder's scripts, run against an archive that our own packer made.

use crate::support::{Home, finish, python, said};
use std::path::Path;
use std::process::Command;

fn script(home: &Home, name: &str) -> Command {
    let mut command = home.command("bash");
    let python = python().parent().unwrap();
    let path = std::env::join_paths([python, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("binder").join(name)).env("PATH", path);
    command
}

#[test]
fn the_archive_is_installed_and_runs() {
    let home = Home::new();
    finish(&mut home.candlewick(&["pack", "candlewick.tar.gz"]), true);
    // A Python whose prefix is this home, so that nothing is left outside.
    let venv = home.join("venv");
    finish(home.command(python()).args(["-m", "venv", "--without-pip"]).arg(&venv), true);
    let path = std::env::join_paths([&venv.join("bin"), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let archive = home.join("candlewick.tar.gz");
    finish(script(&home, "postBuild").env("PATH", path).env("CANDLEWICK_ARCHIVE", archive), true);
    assert!(venv.join("share/jupyter/kernels/candlewick/kernel.json").exists());
    home.notebook("n.ipynb", &["6 * 7"]);
    let installed = home.join(".local/share/candlewick/kernel/candlewick");
    let output = finish(home.command(installed).args(["run", "n.ipynb", "--json"]), true);
    assert!(said(&output).contains("\"42\""));
}

#[test]
fn without_an_archive_it_says_where_to_name_one() {
    let home = Home::new();
    let output = finish(script(&home, "postBuild").env_remove("CANDLEWICK_ARCHIVE"), false);
    assert!(said(&output).contains("binder/release"), "{}", said(&output));
    let missing = finish(script(&home, "postBuild").env("CANDLEWICK_ARCHIVE", "/no/such.tar.gz"), false);
    assert!(said(&missing).contains("/no/such.tar.gz"), "{}", said(&missing));
}

#[test]
fn start_passes_the_command_on() {
    let home = Home::new();
    let output = finish(script(&home, "start").args(["echo", "jupyter", "lab"]), true);
    assert_eq!(said(&output), "jupyter lab\n");
}
