//! The command line itself: help, and what the doctor sees.

use crate::support::{Home, finish, said};
use serde_json::Value;

fn doctor(home: &Home, success: bool) -> Value {
    let output = finish(&mut home.candlewick(&["doctor", "--json"]), success);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap()
}

#[test]
fn help_names_every_command_that_users_type() {
    let home = Home::new();
    let output = finish(&mut home.candlewick(&["--help"]), true);
    for command in ["lab", "install", "uninstall", "kernel", "run", "plugins", "doctor"] {
        assert!(said(&output).contains(&format!("\n  {command} ")), "{command}: {}", said(&output));
    }
    let without = finish(&mut home.candlewick(&[]), false);
    assert!(said(&without).contains("Usage: candlewick <COMMAND>"), "{}", said(&without));
    finish(&mut home.candlewick(&["rum"]), false);
}

#[test]
fn the_doctor_sees_what_is_installed_and_what_is_broken() {
    let home = Home::new();
    let report = doctor(&home, true);
    assert_eq!(report["ok"], true);
    assert_eq!(check(&report, "worker")["state"], "ok");
    assert_eq!(
        (&check(&report, "installed")["state"], &check(&report, "lab")["state"]),
        (&"absent".into(), &"absent".into())
    );
    finish(&mut home.candlewick(&["install", "--user"]), true);
    assert_eq!(check(&doctor(&home, true), "kernelspec")["state"], "ok");
    std::fs::remove_dir_all(home.join(".local/share/candlewick/kernel")).unwrap();
    let report = doctor(&home, false);
    assert_eq!(check(&report, "kernelspec")["state"], "broken");
    let text = finish(&mut home.candlewick(&["doctor"]), false);
    assert!(said(&text).contains("BROKEN   kernelspec"), "{}", said(&text));
}

#[test]
fn lab_without_python_or_directory_says_so() {
    let home = Home::new();
    let output = finish(&mut home.candlewick(&["lab", "no/such"]), false);
    assert!(said(&output).contains("no directory no/such"), "{}", said(&output));
    let output = finish(home.candlewick(&["lab"]).env("PATH", home.path()), false);
    assert!(said(&output).contains("Python 3 is needed"), "{}", said(&output));
}
