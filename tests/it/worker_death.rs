//! A worker that is killed, through Jupyter and headless.

use crate::support::{Home, eventually, said, unittest};
use std::process::Stdio;

#[test]
fn its_death_is_told_and_a_new_worker_has_the_plugins() {
    unittest(&Home::new(), "worker_death.py");
}

#[test]
fn plugins_come_back_as_they_were_and_a_hanging_worker_can_be_ended() {
    unittest(&Home::new(), "recovery.py");
}

#[test]
fn a_headless_run_fails_with_the_cell_and_the_signal() {
    let home = Home::new();
    // The file says that the second cell has begun: one that has not would go to the next worker.
    let endless = "let net = sequential([linear(1, 1)]); init(net, 1); net.save(\"begun\"); loop { }";
    let notebook = home.notebook("n.ipynb", &["1 + 1", endless]);
    let mut command = home.candlewick(&["run", notebook.to_str().unwrap(), "-o", "out.ipynb"]);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let saved = home.join("out.ipynb");
    eventually("the second cell", || home.join("begun").exists().then_some(()));
    assert!(std::fs::read_to_string(&saved).unwrap().contains("execute_result"));
    let children = format!("/proc/{0}/task/{0}/children", run.id());
    let worker: i32 = std::fs::read_to_string(children).unwrap().trim().parse().unwrap();
    // SAFETY: sends a signal to the child of a process that this test started.
    assert_eq!(unsafe { libc::kill(worker, libc::SIGKILL) }, 0);
    let output = run.wait_with_output().unwrap();
    assert!(!output.status.success());
    let said = said(&output);
    assert!(said.contains("killed by SIGKILL") && said.contains("in cell 2"), "{said}");
    assert!(std::fs::read_to_string(&saved).unwrap().contains("WorkerDied"));
}
