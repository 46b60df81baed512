//! Interrupts, in a program of their own because the request is the process's: whatever runs stops, everything stays, and
//! the next cell goes on.

#![allow(clippy::unwrap_used)] // clippy sees no #[test] on the functions that tests share

mod common;
use candlewick::engine::interrupt;
use common::Session;
use std::time::{Duration, Instant};

const DIGITS: &str = "let net = sequential([linear(64, 128), relu(), dropout(0.1), linear(128, 10)]);
let run = fit(net, dataset(\"digits\"), #{ epochs: 40, batch_size: 32, optimizer: adamw(0.001), validation: 0.2,
                                           metrics: [\"accuracy\"], seed: 3, checkpoints: false });";

/// Interrupts the cell after a time; how long it then took to end.
fn interrupted(session: &mut Session, cell: &str, after: Duration) -> Duration {
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(after);
        let asked = Instant::now();
        interrupt::request();
        asked
    });
    let problem = session.problem(cell);
    let ended = Instant::now();
    let asked = stopper.join().unwrap();
    interrupt::clear();
    assert_eq!(problem.name, "Interrupted", "{cell}: {}", problem.message);
    ended.duration_since(asked)
}

fn parameters(session: &mut Session) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    session.good(&format!("net.save({path:?});"));
    std::fs::read(path).unwrap()
}

#[test]
fn what_is_interrupted_goes_on_in_the_next_cell_to_the_same_bits() {
    let mut undisturbed = Session::new();
    undisturbed.good(DIGITS);
    undisturbed.good("run.resume();");
    let expected = parameters(&mut undisturbed);

    let mut session = Session::new();
    session.good(DIGITS);
    for millis in [10, 25, 40] {
        let took = interrupted(&mut session, "run.resume()", Duration::from_millis(millis));
        assert!(took < Duration::from_millis(500), "{took:?}"); // 50 ms are asked; the machine may be busy
        assert_eq!(session.value("run.outcome"), "unfinished");
        session.good("run.step(2);");
    }
    assert_eq!(session.value("run.resume().outcome"), "done");
    assert!(parameters(&mut session) == expected, "the parameters differ from those of an undisturbed run");

    // A plugin's own loop is interrupted as well, and the hook is not counted as a failure.
    let mut session = Session::new();
    session.good(DIGITS);
    session.good("%%plugin endless\nfn end_epoch(ctx) { if ctx.epoch == 1 { loop { } } }");
    interrupted(&mut session, "run.resume()", Duration::from_millis(100));
    assert_eq!(session.value("run.outcome"), "unfinished");
    session.good("%plugin unregister endless");
    assert_eq!(session.value("run.resume().outcome"), "done");
    assert!(parameters(&mut session) == expected, "the parameters differ after an interrupted hook");

    // Rhai without end.
    let mut session = Session::new();
    session.good("let done = 0;");
    let took = interrupted(&mut session, "loop { done += 1; }", Duration::from_millis(20));
    assert!(took < Duration::from_millis(500), "{took:?}");
    assert_eq!(session.value("done > 0"), "true");
}
