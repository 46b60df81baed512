//! Cells that ask the user, with another thread that answers as the kernel process does.
//!
//! Its own process, because one test interrupts and the flag is the process's.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

use candlewick_link::{Execute, Finished, FromWorker, StreamName};
use candlewick_worker::{Host, Inbox, Outbox, Sink};
use std::sync::{Arc, Mutex};

type Answer = Option<Result<String, String>>;

/// Answers questions at once, one answer after the other; `None` interrupts instead.
struct User {
    inbox: Inbox,
    answers: Vec<Answer>,
    seen: Arc<Mutex<Vec<FromWorker>>>,
}

impl Sink for User {
    fn take(&mut self, message: FromWorker) {
        if let FromWorker::Input { id, .. } = &message {
            let (id, inbox, answer) = (*id, self.inbox.clone(), self.answers.remove(0));
            std::thread::spawn(move || match answer {
                Some(answer) => inbox.put_answer(id, answer),
                None => {
                    candlewick_engine::interrupt::request();
                    inbox.ring();
                }
            });
        }
        self.seen.lock().unwrap().push(message);
    }
}

fn run(cells: &[&str], answers: &[Answer], allow_stdin: bool) -> (Vec<FromWorker>, Finished) {
    let (inbox, seen) = (Inbox::default(), Arc::default());
    let user = User { inbox: inbox.clone(), answers: answers.to_vec(), seen: Arc::clone(&seen) };
    let mut host = Host::with_inbox(Outbox::new(user), inbox);
    let mut finished = Finished::default();
    for (index, code) in cells.iter().enumerate() {
        let cell = Execute { code: (*code).to_owned(), cell: index as u64 + 1, allow_stdin, ..Execute::default() };
        finished = host.execute(&cell);
    }
    candlewick_engine::interrupt::clear();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (seen, finished)
}

fn typed(text: &str) -> Answer {
    Some(Ok(text.to_owned()))
}

fn shown(sent: &[FromWorker]) -> Vec<String> {
    let line = |message: &FromWorker| match message {
        FromWorker::Stream { name: StreamName::Stdout, text } => format!("text {text}"),
        FromWorker::Stream { name: StreamName::Stderr, text } => format!("error {text}"),
        FromWorker::Input { id, prompt, password: false } => format!("ask {id} {prompt}"),
        FromWorker::Input { id, prompt, password: true } => format!("ask hidden {id} {prompt}"),
        FromWorker::Result { bundle } => format!("result {}", bundle.get("text/plain").unwrap()),
        other => format!("{other:?}"),
    };
    // The names of variables are told too, when there are new ones.
    sent.iter().filter(|message| !matches!(message, FromWorker::Variables { .. })).map(line).collect()
}

// One test, because the interrupt flag is the process's.
#[test]
fn a_cell_asks_and_waits() {
    let check = |cells: &[&str], answers: &[Answer], expect: &[&str]| {
        let (sent, finished) = run(cells, answers, true);
        assert_eq!(finished.problem, None, "{cells:?}");
        assert_eq!(shown(&sent), expect, "{cells:?}");
    };
    check(&["input(\"Name: \")"], &[typed("Ada 🦀")], &["ask 1 Name: ", "result \"Ada 🦀\""]);
    check(&["input()"], &[typed("")], &["ask 1 ", "result \"\""]);
    check(&["password(\"Token: \")"], &[typed("s3cret")], &["ask hidden 1 Token: ", "result \"s3cret\""]);
    check(&["input(42)"], &[typed("a")], &["ask 1 42", "result \"a\""]);
    check(
        &["print(\"before\"); let x = input(\"x: \"); print(x); let y = input(\"y: \"); x + y"],
        &[typed("a"), typed("b")],
        &["text before\n", "ask 1 x: ", "text a\n", "ask 2 y: ", "result \"ab\""],
    );
    check(
        &["fn ask(what) { input(`${what}? `) }", "[\"a\", \"b\"].map(|x| ask(x))"],
        &[typed("1"), typed("2")],
        &["ask 1 a? ", "ask 2 b? ", "result [\"1\", \"2\"]"],
    );
    asks_in_a_hook();
    nobody_can_be_asked();
    an_interrupt_ends_the_wait();
}

fn asks_in_a_hook() {
    let plugin = "%%plugin asks\nfn start_epoch(ctx) { if input(\"stop? \") == \"yes\" { ctx.stop(\"asked\"); } }";
    let train = "let data = dataset(\"iris\"); let net = sequential([linear(4, 3)]); \
                 let run = fit(net, data, #{ epochs: 5, checkpoint_every: 0 }); run.resume();";
    let (sent, finished) = run(&[plugin, train, "run.outcome"], &[typed("no"), typed("yes")], true);
    assert_eq!(finished.problem, None);
    let shown = shown(&sent);
    let asked: Vec<_> = shown.iter().filter(|line| line.starts_with("ask")).collect();
    assert_eq!(asked, ["ask 1 stop? ", "ask 2 stop? "]);
    assert_eq!(shown.last().unwrap(), "result \"stopped\"");
}

fn nobody_can_be_asked() {
    let check = |cells: &[&str], answers: &[Answer], allowed: bool, expect: &str| {
        let problem = run(cells, answers, allowed).1.problem.unwrap();
        assert_eq!(problem.name, "StdinNotAvailable");
        assert!(problem.message.contains(expect), "{}", problem.message);
        assert!(problem.message.contains("run the cell from a notebook"), "{}", problem.message);
        assert!(problem.traceback[1].starts_with("cell 1, line 1, column 1"), "{:?}", problem.traceback);
    };
    check(&["input(\"x\")"], &[], false, "takes no questions");
    check(&["password()"], &[Some(Err("the client went away".into()))], true, "the client went away");
    let caught = "let name = \"\"; try { input() } catch (e) { name = e.name; } name";
    assert_eq!(shown(&run(&[caught], &[], false).0), ["result \"StdinNotAvailable\""]);
}

fn an_interrupt_ends_the_wait() {
    let (sent, finished) = run(&["print(1); let kept = 3; input(\"x\")"], &[None], true);
    assert_eq!(shown(&sent), ["text 1\n", "ask 1 x"]);
    assert_eq!(finished.problem.unwrap().name, "Interrupted");
}
