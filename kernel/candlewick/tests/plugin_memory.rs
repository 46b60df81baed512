//! Plugins that allocate without end, with the limits that hold by default and with a given one: each is stopped, and
//! everything else goes on. The counters are the program's, so this is the only test of its program.

#![allow(clippy::unwrap_used)]

mod common;
use common::{Session, on_engine_thread};

const RUN: &str = "let run = fit(sequential([linear(4, 3)]), dataset(\"iris\"), #{ epochs: 1, batch_size: 50, seed: 1, checkpoints: false });";

fn warned(registration: &str, statements: &str) -> String {
    let mut session = Session::new();
    session.good(&format!("%%plugin bad {registration}\nfn end_training_batch(ctx) {{ {statements} }}"));
    session.good("%%plugin good\nfn end_training_batch(ctx) { print(ctx.global_step); }");
    session.good(RUN);
    let ran = session.good("run.resume();");
    assert_eq!(ran.printed(), "0\n1\n2\n", "{statements}");
    assert_eq!(session.value("1 + 1"), "2");
    ran.warned()
}

#[test]
fn what_allocates_without_end_is_stopped() {
    on_engine_thread(|| {
        let check = |registration: &str, statements: &str, expect: &str| {
            let text = warned(registration, statements);
            assert!(text.contains(expect), "{statements}: {text}");
            assert!(text.contains("plugin bad failed in end_training_batch (epoch 0, batch 0)"), "{text}");
        };
        let raise = "raise it where it is registered: limits=#{";
        check(
            "",
            "let s = \"x\"; try { loop { s += s; } } catch { }",
            &format!(
                "a string of it is longer than 67108864 bytes, which is the limit `string_bytes` of plugin bad; {raise}"
            ),
        );
        check(
            "",
            "let a = [1]; loop { a += a; }",
            "an array of it has more than 4194304 elements, which is the limit `array_items`",
        );
        check(
            "limits=#{ bytes: 20000000 }",
            "let a = []; loop { a.push(`a text of its own ${a.len()}`); }",
            "its values grew by more than 20000000 bytes, which is the limit `bytes`",
        );
        check(
            "limits=#{ bytes: 20000000 }",
            "this.a = []; try { loop { this.a.push([]); } } catch { }",
            "which is the limit `bytes`",
        );
        check("limits=#{ bytes: 2000000 }", "this.kept = full([1000000], 1.5);", "which is the limit `bytes`");
    });
}
