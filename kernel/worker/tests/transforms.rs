//! Data transforms of plugins written in cells: registration, order, seeds, failures, the built-in caption munger.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use candlewick_engine::Seed;
use candlewick_plugin_api::{HookSink, Transform, TransformContext, Transformed, Value};
use candlewick_worker::{Host, Outbox};
use common::Bench;

fn context(epoch: usize, index: usize, training: bool) -> TransformContext {
    let mut context = TransformContext::new(1, epoch, index, training, Seed(7).streams());
    context.path = Some("cats/a.png".into());
    context
}

fn pass(bench: &Bench, transform: Transform, value: Value, mut context: TransformContext) -> Transformed {
    bench.plugins().borrow_mut().transform(transform, value, &mut context)
}

/// What a caption becomes, and the messages of failures.
fn caption(bench: &Bench, text: &str) -> (String, Vec<String>) {
    let passed = pass(bench, Transform::Caption, text.into(), context(0, 0, true));
    let told = passed.failures.iter().map(|failure| format!("{}: {}", failure.plugin, failure.message)).collect();
    (passed.value.text().unwrap().to_owned(), told)
}

#[test]
fn what_is_no_transform_is_refused_with_the_nearest() {
    let check = |body: &str, expect: &str| {
        let problem = Bench::new().problem(&[&format!("%%plugin p\n{body}")]).join("\n");
        assert!(problem.contains(expect), "{problem}");
    };
    check(
        "fn transform_captions(text) { text }",
        "there is no transform `transform_captions`; did you mean `transform_caption`?",
    );
    check("fn transform_everything(x) { x }", "there are transform_caption, transform_image, transform_batch");
    check("fn transform_image() { 1 }", "write `fn transform_image(image [, ctx or path])`; found 0 parameters");
    check("fn transform_batch(a, b, c) { a }", "write `fn transform_batch(batch [, ctx])`; found 3 parameters");
    check(
        "fn transform_image(image) { image }\nfn transform_pil_image(image) { image }",
        "the transform transform_image is there twice",
    );
    check("const metadata = #{ transforms: #{ validaton: true } };", "unknown field `validaton`");
}

#[test]
fn captions_pass_through_plugins_in_ascending_order() {
    let mut bench = Bench::new();
    let told =
        bench.text("%%plugin second priority=2\nfn transform_caption(text) { text + \"-2\" }\nfn end_epoch(ctx) {}");
    assert!(told.ends_with("plugin second registered: end_epoch, transform_caption\n"), "{told}");
    bench.text("%%plugin first priority=1\nfn transform_caption(text, path) { text + \"-\" + path }");
    assert_eq!(caption(&bench, "a"), ("a-cats/a.png-2".to_owned(), Vec::new()));
    bench.text("%plugin deactivate first");
    assert_eq!(caption(&bench, "a").0, "a-2");
    bench.text("%%plugin second priority=2\nfn transform_caption(text) { \"new\" }");
    assert_eq!(caption(&bench, "a").0, "new");
}

#[test]
fn random_numbers_go_by_seed_plugin_epoch_and_item_only() {
    let draw = |before: &[usize], name: &str, epoch, index| {
        let mut bench = Bench::new();
        bench.text(&format!("%%plugin {name}\nfn transform_caption(text, ctx) {{ `${{ctx.random()}} ${{ctx.random(10)}} ${{ctx.random(-5, 5)}} ${{ctx.shuffle([1, 2, 3, 4])}} ${{ctx.choose([\"x\", \"y\"])}} ${{ctx.chance(0.5)}} ${{ctx.random_normal()}}` }}"));
        for item in before {
            pass(&bench, Transform::Caption, "".into(), context(epoch, *item, true));
        }
        pass(&bench, Transform::Caption, "".into(), context(epoch, index, true)).value.text().unwrap().to_owned()
    };
    let first = draw(&[], "p", 0, 3);
    assert_eq!(first, draw(&[9, 1, 5], "p", 0, 3), "whatever came before");
    assert_ne!(first, draw(&[], "p", 1, 3), "another epoch");
    assert_ne!(first, draw(&[], "p", 0, 4), "another item");
    assert_ne!(first, draw(&[], "q", 0, 3), "another plugin");
}

#[test]
fn the_state_is_the_runs_and_the_context_is_the_calls() {
    let mut bench = Bench::new();
    bench.text("%%plugin p\nconst metadata = #{ state: #{ seen: 0 } };\nfn transform_caption(text, ctx) { this.seen += 1; this.kept = ctx; `${this.seen} ${ctx.index} ${ctx.epoch} ${ctx.training} ${ctx.path}` }\nfn transform_image(image) { if this.kept.random() > 2.0 { image } }");
    assert_eq!(caption(&bench, "").0, "1 0 0 true cats/a.png");
    assert_eq!(caption(&bench, "").0, "2 0 0 true cats/a.png");
    let image = candle_core::Tensor::zeros((1, 1, 1), candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
    let passed = pass(&bench, Transform::Image, image.into(), context(0, 0, true));
    assert!(passed.failures[0].message.contains("a call that is over"), "{}", passed.failures[0].message);
    assert_eq!(bench.plugins().borrow().states(1)["p"]["seen"], 2);
}

#[test]
fn a_failing_transform_follows_its_policy_and_leaves_the_value() {
    let mut bench = Bench::new();
    bench.text("%%plugin bad\nfn transform_caption(text) {\n    throw \"no\";\n}");
    bench.text("%%plugin good priority=1\nfn transform_caption(text) { text + \"!\" }");
    let (text, failures) = caption(&bench, "a");
    assert_eq!(text, "a!");
    assert_eq!(failures, ["bad: item 0 (cats/a.png): RuntimeError: no"]);
    caption(&bench, "a");
    let (_, third) = caption(&bench, "a");
    assert_eq!(third.len(), 1);
    assert_eq!(caption(&bench, "a"), ("a!".to_owned(), Vec::new()), "in quarantine after three failures in a row");
    let rows = bench.plugins().borrow().plugins();
    assert_eq!((rows[0].state.name(), rows[0].calls, rows[0].errors), ("quarantined", 3, 3));

    bench.text("%%plugin bad on_error=stop\nfn transform_caption(text) { }");
    let passed = pass(&bench, Transform::Caption, "a".into(), context(0, 0, true));
    assert!(
        passed.stop.unwrap().message.contains("transform_caption gave back nothing; give back the caption, a text")
    );
    bench.text("%%plugin bad on_error=skip_batch\nfn transform_caption(text) { 3 }");
    assert!(pass(&bench, Transform::Caption, "a".into(), context(0, 0, true)).skip_batch);
}

#[test]
fn validation_data_is_transformed_only_when_asked() {
    let mut bench = Bench::new();
    let validated = |bench: &Bench| {
        let asked = bench.plugins().borrow().transforms(1, false).contains(Transform::Caption);
        (asked, pass(bench, Transform::Caption, "a".into(), context(0, 0, false)).value.text().unwrap().to_owned())
    };
    bench.text("%%plugin p\nfn transform_caption(text) { text + \"!\" }");
    assert_eq!(validated(&bench), (false, "a".to_owned()));
    bench.text("%%plugin p\nconst metadata = #{ transforms: #{ validation: true } };\nfn transform_caption(text) { text + \"!\" }");
    assert_eq!(validated(&bench), (true, "a!".to_owned()));
}

#[test]
fn what_transforms_cost_is_shown() {
    let mut bench = Bench::new();
    bench.text("%%plugin p\nfn transform_caption(text) { text }");
    caption(&bench, "a");
    caption(&bench, "b");
    let rows = bench.plugins().borrow().transform_rows();
    assert_eq!((rows[0].transform, rows[0].values, rows[0].plugins[0].calls), (Transform::Caption, 2, 2));
    assert!(rows[0].seconds >= rows[0].plugins[0].seconds && rows[0].plugins[0].seconds > 0.0);
    assert_eq!((rows[1].values, rows[1].plugins.len()), (0, 0));
}

#[test]
fn the_caption_munger_does_what_its_settings_say() {
    let munged = |settings: &str, text: &str| {
        let sent = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut host = Host::new(Outbox::new(sent));
        host.register_built_in();
        let plugins = host.session().plugins.clone();
        assert_eq!(plugins.borrow().plugins()[0].state.name(), "registered", "it waits to be activated");
        let code = format!("activate(\"caption-munger\", #{{ {settings} }});");
        let cell = candlewick_link::Execute { code, cell: 1, ..candlewick_link::Execute::default() };
        assert_eq!(host.execute(&cell).problem, None, "{settings}");
        let mut munged = Vec::new();
        for index in 0..40 {
            let mut context = context(0, index, true);
            let passed = plugins.borrow_mut().transform(Transform::Caption, text.into(), &mut context);
            assert!(passed.failures.is_empty(), "{settings}: {:?}", passed.failures);
            munged.push(passed.value.text().unwrap().to_owned());
        }
        munged
    };
    let first = |settings: &str, text: &str, expect: &str| assert_eq!(munged(settings, text)[0], expect, "{settings}");
    first("at_most: 2", "a,b , c", "a, b");
    first("replace: #{ cat: \"feline\", mat: \"rug\" }", "a cat, on a mat, category", "a feline, on a rug, category");
    first("drop: 1.0, keep_first: 1", "a, b, c", "a");
    first("empty: 1.0", "a, b", "");
    first("separator: \";\", at_most: 1", "a; b", "a");
    let share = |kept: usize| (4..=36).contains(&kept);
    let dropped = munged("drop: 0.5", "a, b");
    assert!(share(dropped.iter().filter(|text| text.contains('a')).count()), "{dropped:?}");
    let shuffled = munged("shuffle: true, keep_first: 1", "a, b, c");
    assert!(shuffled.iter().all(|text| text.starts_with("a, ") && text.len() == 7), "{shuffled:?}");
    assert!(share(shuffled.iter().filter(|text| *text == "a, b, c").count()), "{shuffled:?}");
    assert_eq!(shuffled, munged("shuffle: true, keep_first: 1", "a, b, c"), "by seed");
}
