//! Interrupts of a run that its panel holds or drives, in a program of their own because the request is the process's.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)] // shared with tests that use more of it

#[path = "common/page.rs"]
mod page;

use candlewick::engine::interrupt;
use page::{Paged, kinds};

const IRIS: &str = "let data = dataset(\"iris\").normalize();
let net = sequential([linear(4, 8), tanh(), linear(8, 3)]);
let run = fit(net, data, #{ epochs: 3, batch_size: 32, seed: 7, checkpoints: false });";

#[test]
fn an_interrupt_ends_what_is_held_or_driven_and_the_run_stays_paused() {
    let mut session = Paged::new();
    session.good(IRIS);
    session.good("run");
    // While it is held under a cell.
    session.page.press("pause");
    let page = session.page.clone();
    let hand = std::thread::spawn(move || {
        page.wait_at("start_training_session");
        page.press("step");
        page.wait_at("start_epoch");
        interrupt::request();
    });
    let (_, problem) = session.run("run.resume()");
    hand.join().unwrap();
    interrupt::clear();
    assert_eq!(problem.unwrap().name, "Interrupted");
    assert_eq!(session.value("run.context.hook"), "start_epoch");
    assert_eq!(session.page.model()["state"], "paused");
    // While the panel drives it and no cell runs.
    session.good("%%plugin endless\nfn end_training_batch(ctx) { loop { } }");
    let page = session.page.clone();
    let hand = std::thread::spawn(move || {
        page.wait(|model| model["state"] == "running");
        interrupt::request();
    });
    let sent = session.press("resume");
    hand.join().unwrap();
    interrupt::clear();
    assert!(!kinds(&sent).contains(&"picture"), "{sent:?}");
    let model = session.page.model();
    assert_eq!((&model["state"], &model["problem"]), (&"paused".into(), &"".into()));
    assert_eq!(session.value("run.outcome"), "unfinished");
    session.good("%plugin unregister endless");
    session.press("resume");
    assert_eq!(session.value("run.outcome"), "done");
}
