//! The live panel of a run: its buttons while a cell runs and while none does, its messages, and what is left of it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy sees no #[test] on the functions that tests share

#[path = "common/page.rs"]
mod page;

use candlewick_link::{CommWhat, FromWorker};
use page::{Page, Paged, VIEW, kinds};
use serde_json::json;
use std::thread;

/// A small net on shipped data, and a run of 3 epochs of 4 batches with a validation loop of 1.
const IRIS: &str = "let data = dataset(\"iris\").normalize();
let net = sequential([linear(4, 8), tanh(), dropout(0.1), linear(8, 3)]);
let run = fit(net, data, #{ epochs: 3, batch_size: 32, optimizer: adamw(0.01), metrics: [\"accuracy\"],
                            validation: 0.2, seed: 7, checkpoints: false });";

/// A session whose page shows that run's panel before its first hook.
fn shown() -> Paged {
    let mut session = Paged::new();
    session.good(IRIS);
    assert_eq!(kinds(&session.good("run")), ["open", "view"]);
    session
}

/// What a hand does at the page while a cell runs.
fn hand(page: &Page, act: impl FnOnce(&Page) + Send + 'static) -> thread::JoinHandle<()> {
    let page = page.clone();
    thread::spawn(move || act(&page))
}

fn undisturbed() -> Vec<u8> {
    let mut session = Paged::new();
    session.good(IRIS);
    session.good("run.resume();");
    session.parameters()
}

#[test]
fn a_run_under_a_cell_is_held_stepped_and_resumed_to_the_same_bits() {
    let mut session = shown();
    session.page.press("pause");
    let hand = hand(&session.page, |page| {
        page.wait_at("start_training_session");
        assert_eq!(page.model()["can"], json!(["resume", "step", "stop"]));
        for hook in ["start_epoch", "start_training_loop", "start_training_batch", "end_training_batch"] {
            page.press("step");
            page.wait_at(hook);
        }
        let model = page.model();
        assert_eq!(model["where"], "at end_training_batch, epoch 1 of 3, batch 1 of 4; next is start_training_batch");
        assert_eq!(model["fraction"], json!(1.0 / 12.0));
        assert_eq!((&model["answered"], &model["problem"]), (&json!(5), &json!("")));
        // A pause of a run that is held, and words that mean nothing, leave it where it is.
        page.press("pause");
        page.press("explode");
        page.send(&page.id(), CommWhat::Message, json!({ "method": "custom" }));
        page.press("step");
        page.wait_at("start_training_batch");
        page.press("resume");
    });
    assert_eq!(session.value("run.resume().outcome"), "done");
    hand.join().unwrap();
    assert_eq!(session.page.model()["state"], "finished");
    assert_eq!(session.page.model()["can"], json!([]));
    assert!(session.parameters() == undisturbed(), "the parameters differ from those of an undisturbed run");
}

#[test]
fn a_held_run_is_stopped_its_end_hooks_fire_and_the_cell_ends_well() {
    let mut session = shown();
    session
        .good("%%plugin witness\nfn end_training_batch(ctx) { } fn end_training_session(ctx) { print(ctx.outcome); }");
    session.page.press("pause");
    let hand = hand(&session.page, |page| {
        page.wait_at("start_training_session");
        page.press("step");
        page.wait_at("start_epoch");
        page.press("stop");
    });
    let sent = session.good("run.run_until(\"end_training_loop\"); print(\"after\");");
    hand.join().unwrap();
    assert!(sent.contains(&FromWorker::Stream { name: candlewick_link::StreamName::Stdout, text: "stopped\n".into() }));
    assert_eq!(session.value("run.outcome"), "stopped");
    assert_eq!(session.page.model()["where"], "stopped from the panel");
    assert_eq!(session.page.model()["state"], "stopped");
}

#[test]
fn a_whole_run_is_a_widget_first_and_a_picture_at_the_end() {
    let mut session = Paged::new();
    session.good(IRIS);
    let sent = session.good("run.resume();");
    assert_eq!(kinds(&sent), ["open", "view", "checkpoint", "tell", "picture"]);
    let FromWorker::Comm(open) = &sent[0] else { panic!("{sent:?}") };
    assert_eq!(open.what, CommWhat::Open { target: "jupyter.widget".into() });
    let state = &open.data["state"];
    assert_eq!((&state["_model_module"], &state["_view_name"]), (&json!("anywidget"), &json!("AnyView")));
    assert!(state["_esm"].as_str().unwrap().contains("export default { render }"));
    assert_eq!((&state["state"], &state["can"]), (&json!("running"), &json!(["pause", "stop"])));
    let FromWorker::Display { bundle, display_id, .. } = &sent[1] else { panic!("{sent:?}") };
    assert_eq!(bundle.data[VIEW], json!({ "model_id": open.id, "version_major": 2, "version_minor": 0 }));
    assert!(bundle.get("text/plain").is_some());
    let FromWorker::Display { bundle, display_id: last, .. } = &sent[4] else { panic!("{sent:?}") };
    assert_eq!(last, display_id);
    let (text, svg) = (bundle.get("text/plain").unwrap(), bundle.get("image/svg+xml").unwrap());
    assert!(text.starts_with(&format!("{}, finished", session.page.model()["title"].as_str().unwrap())), "{text}");
    assert!(text.contains("epoch 3/3  batch 4/4") && text.contains("validation"), "{text}");
    assert!(svg.contains("finished") && svg.contains("epoch 3/3"), "{svg}");
    let model = session.page.model();
    let figures: Vec<&str> = model["figures"].as_array().unwrap().iter().map(|f| f[0].as_str().unwrap()).collect();
    assert_eq!(figures[..3], ["epoch", "batch", "elapsed"]);
    assert_eq!(figures[figures.len() - 4..], ["loss", "validation loss", "accuracy", "validation accuracy"]);
    // The widget goes with the run, since a page that is loaded again may still have its view.
    assert_eq!(kinds(&session.good("run = ();")), ["close"]);
}

#[test]
fn buttons_move_a_paused_run_while_no_cell_runs() {
    let mut session = shown();
    assert_eq!(kinds(&session.press("step")), ["tell", "tell"]);
    assert_eq!(session.value("run.context.hook"), "start_training_session");
    session.press("step");
    session.press("step");
    assert_eq!(session.value("run.context.hook"), "start_training_loop");
    assert_eq!(kinds(&session.press("pause")), ["tell"]);
    assert_eq!(session.value("run.context.hook"), "start_training_loop");
    // A pause that comes while the run moves ends the drive at its next hook: cells can run then.
    let id = session.page.id();
    session.page.press_on(&id, "resume");
    session.page.press_on(&id, "pause");
    session.serve();
    assert_eq!(session.value("run.context.hook"), "start_training_batch");
    assert_eq!(session.page.model()["state"], "paused");
    let sent = session.press("resume");
    assert_eq!(kinds(&sent).last(), Some(&"picture"));
    assert_eq!(session.value("run.outcome"), "done");
    assert!(session.parameters() == undisturbed(), "the parameters differ from those of an undisturbed run");
}

#[test]
fn a_message_for_what_has_ended_or_never_was_does_no_harm() {
    let mut session = shown();
    let id = session.page.id();
    assert_eq!(kinds(&session.press("stop")).last(), Some(&"picture"));
    assert_eq!(session.value("run.outcome"), "stopped");
    assert_eq!(kinds(&session.press("resume")), ["tell"]);
    let problem = session.page.model()["problem"].as_str().unwrap().to_owned();
    assert!(problem.starts_with("RunEnded: run") && problem.contains("has ended (stopped)"), "{problem}");
    session.page.press_on("no such comm", "stop");
    assert_eq!(kinds(&session.serve()), [""; 0]);
    session.good("run = ();");
    session.page.press_on(&id, "step");
    assert_eq!(kinds(&session.serve()), [""; 0]);
}

#[test]
fn a_press_on_another_runs_panel_waits_for_its_turn() {
    let mut session = shown();
    let first = session.page.id();
    session.good("let net2 = net.copy(); let run2 = fit(net2, data, #{ epochs: 1, seed: 1, checkpoints: false });");
    session.page.press_on(&first, "step");
    session.good("run2.resume();");
    assert_eq!(session.value("run2.outcome"), "done");
    assert_eq!(session.value("run.context.seconds"), "0.0");
    session.serve();
    assert_eq!(session.value("run.context.hook"), "start_training_session");
    assert_eq!(session.value("run.context.seconds > 0.0"), "true");
}

#[test]
fn what_is_printed_and_what_fails_under_the_panel_is_shown_in_it() {
    let mut session = shown();
    session.good("%%plugin talker\nfn start_epoch(ctx) { print(`epoch ${ctx.epoch}`); }");
    session.good("%%plugin breaker on_error=stop\nfn end_epoch(ctx) { throw \"no more\"; }");
    let sent = session.press("resume");
    let model = session.page.model();
    assert!(model["log"].as_str().unwrap().starts_with("epoch 0\n"), "{model}");
    assert!(model["problem"].as_str().unwrap().contains("no more"), "{model}");
    assert_eq!(model["state"], "failed");
    let Some(FromWorker::Display { bundle, update: true, .. }) = sent.last() else { panic!("{sent:?}") };
    let html = bundle.get("text/html").unwrap();
    assert!(html.contains("epoch 0") && html.contains("no more") && html.contains("<img"), "{html}");
    assert!(kinds(&sent).contains(&"text"), "a client that shows outputs of comm messages gets them too");
}

#[test]
fn an_older_view_goes_back_to_what_it_showed() {
    let mut session = shown();
    let sent = session.good("run.step()");
    assert_eq!(kinds(&sent), ["tell", "tell", "picture", "view"]);
    let FromWorker::Display { bundle, .. } = &sent[2] else { panic!("{sent:?}") };
    assert!(bundle.get("text/plain").unwrap().contains("before its first hook"), "{bundle:?}");
    assert!(bundle.get("text/html").unwrap().contains("run.step()"));
    let sent = session.good("run.step()");
    let FromWorker::Display { bundle, .. } = &sent[2] else { panic!("{sent:?}") };
    assert!(bundle.get("text/plain").unwrap().contains("at start_training_session"), "{bundle:?}");
}

#[test]
fn a_widget_that_a_client_closed_is_opened_anew_when_it_is_shown_again() {
    let mut session = shown();
    let id = session.page.id();
    session.page.send(&id, CommWhat::Close, json!({}));
    assert_eq!(kinds(&session.serve()), [""; 0]);
    assert_eq!(kinds(&session.good("run.step()")), ["open", "view"]);
    assert_ne!(session.page.id(), id);
    // Closed while the run is held: nobody could press Resume, so it goes on.
    session.page.press("pause");
    let hand = hand(&session.page, |page| {
        page.wait_at("start_epoch");
        page.send(&page.id(), CommWhat::Close, json!({}));
    });
    session.good("run.resume();");
    hand.join().unwrap();
    assert_eq!(session.value("run.outcome"), "done");
}

#[test]
fn without_widgets_there_is_no_comm() {
    let mut session = Paged::new();
    let mut run = |code: &str| {
        let cell = candlewick_link::Execute { code: code.to_owned(), ..Default::default() };
        assert_eq!(session.host.execute(&cell).problem, None);
        session.serve()
    };
    run(IRIS);
    assert_eq!(kinds(&run("run")), ["result"]);
    assert!(!kinds(&run("run.resume()")).iter().any(|kind| ["open", "tell", "view"].contains(kind)));
}
