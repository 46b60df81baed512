//! Showing values: `display`, its handle, `clear_output`.
//!
//! Must not know how values look. Read [`BUILTINS`] first.

use super::{Builtin, Kind};
use crate::session::Session;
use candlewick_link::FromWorker;
use rhai::{Dynamic, Engine};

/// A display that was made and can be replaced.
#[derive(Clone)]
pub struct DisplayHandle(String);

/// The name of [`DisplayHandle`] for users.
const HANDLE: &str = "display";

/// Showing values.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "display",
        kind: Kind::Function,
        signature: "display(value) -> display",
        doc: "shows a value now; the handle it returns replaces what is shown",
        example: "let d = display([1, 2, 3]);",
        bind: |engine, session| {
            let session = session.clone();
            engine.register_fn("display", move |value: Dynamic| {
                let id = session.next_display_id();
                send(&session, &value, &id, false);
                DisplayHandle(id)
            });
        },
    },
    Builtin {
        name: "update",
        kind: Kind::Method(HANDLE),
        signature: "update(value)",
        doc: "replaces what a display shows, wherever it is shown",
        example: "let d = display(1); d.update(2);",
        bind: |engine, session| {
            let session = session.clone();
            engine.register_fn("update", move |handle: &mut DisplayHandle, value: Dynamic| {
                send(&session, &value, &handle.0, true);
            });
        },
    },
    Builtin {
        name: "id",
        kind: Kind::Property(HANDLE),
        signature: "id -> string",
        doc: "the name under which a display can be replaced",
        example: "display(1).id",
        bind: |engine, _| {
            engine.register_get("id", |handle: &mut DisplayHandle| handle.0.clone());
        },
    },
    Builtin {
        name: "clear_output",
        kind: Kind::Function,
        signature: "clear_output() or clear_output(wait)",
        doc: "takes the cell's outputs away: now, or with `true` when the next output comes",
        example: "clear_output(true);",
        bind: |engine, session| {
            let (now, later) = (session.clone(), session.clone());
            engine.register_fn("clear_output", move || now.outbox.send(FromWorker::ClearOutput { wait: false }));
            engine.register_fn("clear_output", move |wait: bool| later.outbox.send(FromWorker::ClearOutput { wait }));
        },
    },
];

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<DisplayHandle>(HANDLE);
}

fn send(session: &Session, value: &Dynamic, id: &str, update: bool) {
    let bundle = session.shows.bundle(value);
    session.outbox.send(FromWorker::Display { bundle, display_id: Some(id.to_owned()), update });
}
