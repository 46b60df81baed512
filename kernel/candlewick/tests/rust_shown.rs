//! How values of Rust look: as in Rhai, as their type says, or as `Debug` says; and that showing moves nothing.
//!
//! Read [`cell`] first.

#![allow(clippy::unwrap_used)] // clippy sees no #[test] on the functions that tests share

mod common;

use candlewick::cells::{Bundle, bundle, display, show};
use candlewick::prelude::*;
use candlewick_link::{Bundle as Sent, FromWorker};
use common::Session as Notebook;

/// The text of a cell's result; none when it has none.
fn cell(cell: impl FnOnce()) -> Option<String> {
    result(&mut Notebook::new(), cell)
}

fn result(notebook: &mut Notebook, cell: impl FnOnce()) -> Option<String> {
    let ((), ran, failure) = notebook.rust(cell);
    assert!(failure.is_none(), "{failure:?}");
    looks(&ran.sent).pop().map(|sent| sent.get("text/plain").unwrap().to_owned())
}

fn looks(sent: &[FromWorker]) -> Vec<Sent> {
    let look = |message: &FromWorker| match message {
        FromWorker::Result { bundle } => Some(bundle.clone()),
        _ => None,
    };
    sent.iter().filter_map(look).collect()
}

#[derive(Debug)]
#[allow(dead_code)]
struct Borrowed<'a> {
    text: &'a str,
}

struct Silent;

struct Worded;

impl std::fmt::Display for Worded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("in words")
    }
}

struct Drawn;

impl Show for Drawn {
    fn bundle(&self) -> Bundle {
        Bundle::new("drawn").svg("<svg></svg>")
    }
}

struct Own(std::cell::Cell<u32>);

impl Own {
    fn evcxr_display(&self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn each_type_has_its_look() {
    let text = |expect: &str| Some(expect.to_owned());
    assert_eq!(cell(|| show!(1 + 1)), text("2"));
    assert_eq!(cell(|| show!(0.5_f32)), text("0.5"));
    assert_eq!(cell(|| show!("a text")), text("\"a text\""));
    assert_eq!(cell(|| show!(vec![1, 2])), text("[1, 2]"));
    assert_eq!(cell(|| show!([1, 2][..1])), text("[1]"));
    assert_eq!(cell(|| show!(())), None);
    assert_eq!(cell(|| show!(drop(String::new()))), None);
    assert_eq!(cell(|| show!(Worded)), text("in words"));
    assert_eq!(cell(|| show!(Drawn)), text("drawn"));
    assert_eq!(cell(|| show!(&&Drawn)), text("drawn"));
    assert_eq!(
        cell(|| show!(Silent)),
        text("a value of type `Silent`; `#[derive(Debug)]` above it shows what is in it")
    );
    assert_eq!(cell(|| show!(Some(3))), text("Some(3)"));
    assert_eq!(cell(|| show!(Ok::<i32, Silent>(3))), text("3"));
    assert_eq!(cell(|| show!(Ok::<(), Silent>(()))), None);
    assert!(cell(|| show!(|x: i32| x + 1)).unwrap().starts_with("a value of type `"));
    let local = "local".to_owned();
    assert_eq!(cell(|| show!(Borrowed { text: &local })), text("Borrowed { text: \"local\" }"));
    assert_eq!(cell(|| show!(Json::from(vec![1, 2]))), text("[\n  1,\n  2\n]"));
}

#[test]
fn handles_look_as_in_rhai() {
    let mut notebook = Notebook::new();
    notebook.good("let t = tensor([[1.0, 2.0]]); let net = sequential([linear(4, 3)]); let data = dataset(\"iris\");");
    notebook.good("let run = fit(net, data, #{ epochs: 1, seed: 1, checkpoints: false, batch_size: 50 });");
    notebook.good("run.resume(); let frame = run.history; let layer = relu();");
    let shown = |notebook: &mut Notebook, name: &str, cell: &dyn Fn()| {
        let rhai = looks(&notebook.good(name).sent).pop().unwrap();
        let rust = looks(&notebook.rust(cell).1.sent).pop().unwrap();
        assert_eq!(rust, rhai, "{name}");
        assert!(rust.data.len() > 1 || name == "layer", "{name} is text only");
    };
    let notebook = &mut notebook;
    shown(notebook, "t", &|| show!(session().get::<Tensor>("t")));
    shown(notebook, "net", &|| show!(session().get::<Net>("net")));
    shown(notebook, "data", &|| show!(session().get::<Dataset>("data").unwrap()));
    shown(notebook, "frame", &|| show!(&session().get::<Frame>("frame").unwrap()));
    shown(notebook, "run", &|| show!(session().get::<LiveRun>("run")));
    shown(notebook, "layer", &|| show!(session().get::<LayerSpec>("layer")));
}

#[test]
fn an_error_fails_the_cell() {
    let (.., ran, failure) = Notebook::new().rust(|| show!(session().get::<i64>("nothing")));
    let failure = failure.unwrap();
    assert_eq!((failure.name, failure.message.as_str()), ("Error", "there is no variable `nothing`"));
    assert!(failure.at.file().ends_with("rust_shown.rs") && looks(&ran.sent).is_empty());
    let (.., failure) = Notebook::new().rust(|| show!(Err::<i32, Silent>(Silent)));
    assert_eq!(failure.unwrap().message, "an error of type `Silent`");
}

#[test]
fn nothing_is_moved_and_own_methods_go_first() {
    let own = Own(std::cell::Cell::new(0));
    assert_eq!(cell(|| show!(own)), None);
    assert_eq!(cell(|| show!(Ok::<&Own, String>(&own))), text_of_reference());
    assert_eq!(own.0.get(), 1);
    let text = String::from("kept");
    assert!(cell(|| show!(text)).is_some());
    assert_eq!(text, "kept");
}

/// A reference is not looked through for a method that shows.
fn text_of_reference() -> Option<String> {
    Some("a value of type `&Own`; `#[derive(Debug)]` above it shows what is in it".to_owned())
}

#[test]
fn long_values_are_broken_and_very_long_ones_cut() {
    let broken = cell(|| show!((0..60).collect::<Vec<i32>>())).unwrap();
    assert!(broken.starts_with("[\n    0,\n    1,"), "{broken}");
    let cut = cell(|| show!(vec![0_u8; 1_000_000])).unwrap();
    assert!(cut.ends_with("… the rest is left out after 20000 characters") && cut.len() < 21_000);
}

#[test]
fn displays_are_shown_at_once_and_replaced() {
    let ((), ran, _) = Notebook::new().rust(|| {
        let shown = display!(Drawn);
        shown.update(bundle!(2));
        display!(());
    });
    let displays: Vec<(String, String, bool)> = ran
        .sent
        .iter()
        .filter_map(|message| match message {
            FromWorker::Display { bundle, display_id: Some(id), update } => {
                Some((id.clone(), bundle.get("text/plain").unwrap().to_owned(), *update))
            }
            _ => None,
        })
        .collect();
    let [first, second, third] = &displays[..] else { panic!("{displays:?}") };
    assert_eq!((first.1.as_str(), second.1.as_str(), third.1.as_str()), ("drawn", "2", "()"));
    assert_eq!((&first.0, first.2, second.2), (&second.0, false, true));
    assert_ne!(first.0, third.0);
}

#[test]
fn a_rhai_cell_keeps_the_result_of_its_own() {
    let mut notebook = Notebook::new();
    notebook.rust(|| candlewick::cells::callable!("tell", "tell(x)", "", |x: i64| show!(x)));
    let ran = notebook.good("tell(5); 6");
    assert_eq!(ran.result(), "6");
    let displayed = |message: &FromWorker| matches!(message, FromWorker::Display { bundle, .. } if bundle.get("text/plain") == Some("5"));
    assert_eq!((looks(&ran.sent).len(), ran.sent.iter().filter(|message| displayed(message)).count()), (1, 1));
}

#[test]
fn without_a_cell_the_text_is_printed() {
    show!(1);
    let shown = display!("nobody");
    assert_eq!(shown.id(), None);
}
