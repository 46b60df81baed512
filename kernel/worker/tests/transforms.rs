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
fn a_failed_transform_is_replayed_with_mended_code_and_the_same_chances() {
    let mut bench = Bench::new();
    let cell = |answer: &str| {
        format!(
            "%%plugin p quarantine_after=1\nconst metadata = #{{ state: #{{ n: 3 }} }};\nfn transform_caption(text, ctx) {{ this.n += 1; let r = ctx.random(1000); {answer} }}"
        )
    };
    bench.text(&cell("throw `${this.n} ${r}`;"));
    let (_, failures) = caption(&bench, "a");
    let (_, chance) = failures[0].rsplit_once(' ').unwrap();
    let again = bench.text("%plugin replay p");
    let expect = "p: replay of transform_caption of item 0 (cats/a.png) (epoch 0): it fails again: line 3, column";
    assert!(again.contains(expect) && again.contains(&format!("RuntimeError: 4 {chance}\n")), "{again}");
    bench.text(&cell("`${text} ${this.n} ${r}`"));
    let again = bench.text("%plugin replay p");
    assert!(
        again.contains(&format!("it goes well; the run was not touched\n  gives back \"a 4 {chance}\"\n")),
        "{again}"
    );
    assert_eq!(bench.text("let r = replay(\"p\"); r.gave"), format!("\"a 4 {chance}\""));
    assert_eq!(bench.plugins().borrow().states(1).get("p"), None, "it has no state yet, as before");
    // What it gives back is checked as in a run.
    bench.text(&cell("7"));
    let again = bench.text("%plugin replay p");
    assert!(
        again.contains("it fails again: transform_caption gave back a whole number; give back the caption"),
        "{again}"
    );
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

/// A cell that makes a small folder of pictures, and the folder.
fn pets() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    for class in ["cats", "dogs"] {
        std::fs::create_dir(folder.path().join(class)).unwrap();
        std::fs::create_dir_all(folder.path().join("photos")).unwrap();
    }
    let root = folder.path().display().to_string();
    let cell = format!(
        "let root = \"{root}\";
        for at in 0..4 {{
            let light = 0.3 + at / 8.0;
            let red = cat([full([6, 6, 1], light), zeros([6, 6, 2])], 2);
            save_image(red, `${{root}}/cats/${{at}}.png`);
            save_image(red.flip_vertical() * 0.0 + 0.1 * at, `${{root}}/dogs/${{at}}.jpg`);
            save_image(red, `${{root}}/photos/${{at}}.png`);
        }}"
    );
    for at in 0..4 {
        let text = format!("a red cat, picture {at}, indoors");
        std::fs::write(folder.path().join(format!("photos/{at}.txt")), text).unwrap();
    }
    (folder, cell)
}

/// The formats of what a cell gave.
fn result(bench: &mut Bench, code: &str) -> candlewick_link::Bundle {
    let (sent, finished) = bench.run(code);
    assert_eq!(finished.problem, None, "{code}");
    let result = sent.into_iter().find_map(|message| match message {
        candlewick_link::FromWorker::Result { bundle } => Some(bundle),
        _ => None,
    });
    result.unwrap_or_else(|| panic!("no result of {code}"))
}

#[test]
fn a_net_learns_pictures_in_files_under_a_plugin() {
    let (folder, cell) = pets();
    let mut bench = Bench::new();
    bench.text(&cell);
    bench.text("%%plugin jitter\nconst metadata = #{ state: #{ seen: 0 } };\nfn transform_pil_image(image, ctx) {\n    this.seen += 1;\n    let image = if ctx.chance(0.5) { image.flip_horizontal() } else { image };\n    image.resize(8, 8).crop(ctx.random(3), ctx.random(3), 6, 6).rotate90(ctx.random(4)).brightness(ctx.random(0.9, 1.1)).contrast(1)\n}");
    std::fs::write(folder.path().join("cats/broken.png"), "no").unwrap();
    let told = bench.text("let data = image_folder(root, #{ size: [6, 6], normalize: true });");
    assert!(told.starts_with("! ") && told.contains("1 could not be used") && told.contains("broken.png"), "{told}");
    assert_eq!(bench.text("data.classes"), "[\"cats\", \"dogs\", \"photos\"]");
    assert_eq!(bench.text("data.broken.len()"), "1");
    let train = "let net = sequential([flatten(), linear(108, 3)]); let run = fit(net, data, #{ epochs: 8, batch_size: 4, learning_rate: 0.05, metrics: [\"accuracy\"], validation: 0.34, seed: 3, device: \"cpu\" }); run.run_until(\"end_training_session\");";
    let bits = "net.parameters[\"1.weight\"].to_array()";
    let mut trained = || {
        bench.text(train);
        bench.text(bits)
    };
    let (first, second) = (trained(), trained());
    assert_eq!(first, second, "the same seed gives the same bits");
    let rows = bench.plugins().borrow().plugins();
    assert_eq!((rows[0].calls, rows[0].errors), (2 * 8 * 8, 0), "eight training pictures, eight epochs, two runs");
    let run = bench.text("run.context.run").parse().unwrap();
    assert_eq!(bench.plugins().borrow().states(run)["jitter"]["seen"], 64);
    let hooks = bench.run("%hooks").0;
    assert!(format!("{hooks:?}").contains("transform_image"), "{hooks:?}");
    let about = format!("{:?}", bench.run("%plugins jitter").0);
    assert!(about.contains("transforms") && about.contains("transform_image"), "{about}");
}

#[test]
fn a_preview_shows_before_and_after_and_changes_nothing() {
    let (_folder, cell) = pets();
    let mut bench = Bench::new();
    bench.text(&cell);
    bench.text("let data = captions(root + \"/photos\", #{ size: 6 });");
    let plain = result(&mut bench, "data.preview(2)");
    assert!(plain.get("text/plain").unwrap().contains("2 of 4 items; no active plugin transforms them"));
    bench.text("%%plugin dark\nconst metadata = #{ state: #{ seen: 0 } };\nfn transform_image(image) { this.seen += 1; image.brightness(0.5) }\nfn transform_caption(text, ctx) { if ctx.index == 1 { throw \"no\"; } text.replace(\"cat\", \"dog\"); text }\nfn transform_batch(batch) { batch }");
    let shown = result(&mut bench, "preview(data, 2)");
    let (text, html) = (shown.get("text/plain").unwrap(), shown.get("text/html").unwrap());
    assert!(text.contains("mean 0.101") && text.contains("mean 0.051"), "{text}");
    assert!(
        text.contains("before and after transform_caption, transform_image, transform_batch, seed 0, epoch 0"),
        "{text}"
    );
    assert!(text.contains("\"a red dog, picture 0, indoors\"") && text.contains("in the batch"), "{text}");
    assert!(text.contains("plugin dark failed in transform_caption of item 1, line 4"), "{text}");
    assert!(html.contains("<del>cat</del>") && html.contains("<ins>dog</ins>"), "{html}");
    assert_eq!(html.matches("data:image/png;base64,").count(), 4);
    let rows = bench.plugins().borrow().plugins();
    assert_eq!((rows[0].calls, rows[0].errors, rows[0].state.name()), (0, 0, "active"));
    assert!(bench.plugins().borrow().states(u64::MAX).is_empty());
    // What training sees is what the preview has shown.
    bench.text("%%plugin dark\nfn transform_image(image, ctx) { image.brightness(ctx.random()) }");
    let preview = result(&mut bench, "data.preview(1, #{ seed: 5, epoch: 1 })");
    assert_ne!(preview, result(&mut bench, "data.preview(1, #{ seed: 6, epoch: 1 })"));
    assert_ne!(preview, result(&mut bench, "data.preview(1, #{ seed: 5, epoch: 0 })"));
    assert_eq!(preview, result(&mut bench, "data.preview(1, #{ seed: 5, epoch: 1 })"));
    let digits = result(&mut bench, "dataset(\"digits\").reshape([1, 8, 8]).preview(2)");
    assert_eq!(digits.get("text/html").unwrap().matches("<img ").count(), 4);
    let iris = result(&mut bench, "preview(dataset(\"iris\"))");
    assert!(iris.get("text/plain").unwrap().contains("5.1 3.5 1.4 0.2"), "{iris:?}");
    let wrong = bench.run("preview(data, 2, #{ sed: 1 })").1.problem.unwrap();
    assert!(wrong.message.contains("did you mean \"seed\""), "{}", wrong.message);
}

#[test]
fn a_failing_transform_is_named_in_the_cell_and_the_run_goes_on_or_stops() {
    let (_folder, cell) = pets();
    let mut bench = Bench::new();
    bench.text(&cell);
    bench.text("let data = captions(root + \"/photos\", #{ target: \"next\", length: 4 }); let net = || sequential([embedding(data.vocabulary.len(), 2), flatten(), linear(8, data.vocabulary.len())]);");
    bench.text("%%plugin bad\nfn transform_caption(text) {\n    text.no_such_thing()\n}");
    let told = bench.text("let run = fit(net.call(), data, #{ batch_size: 2, device: \"cpu\" }); run.run_until(\"end_training_session\");");
    assert!(
        told.contains("plugin bad failed in transform_caption (epoch 0, batch 0), line 3, column 10: item 1 (")
            && told.contains("no_such_thing"),
        "{told}"
    );
    assert_eq!(bench.text("run.outcome"), "\"done\"");
    bench.text("%%plugin bad on_error=stop\nfn transform_caption(text) { 7 }");
    let problem = bench.run("let run = fit(net.call(), data, #{ batch_size: 2, device: \"cpu\" }); run.run_until(\"end_training_session\");").1.problem.unwrap();
    assert!(
        problem.message.contains("transform_caption gave back a whole number; give back the caption, a text"),
        "{}",
        problem.message
    );
    assert_eq!(bench.text("run.outcome"), "\"failed\"");
}

#[test]
fn a_batch_transform_changes_what_a_shipped_dataset_trains_on() {
    let mut bench = Bench::new();
    bench.text("%%plugin blank\nfn transform_batch(batch, ctx) {\n    batch.inputs = batch.inputs * 0.0 + ctx.index;\n    batch\n}\nfn start_training_batch(ctx) { print(ctx.inputs.to_array()[49][3]); }");
    let told = bench.text("let run = fit(sequential([linear(4, 3)]), dataset(\"iris\"), #{ batch_size: 50, device: \"cpu\" }); run.run_until(\"end_training_session\");");
    let printed: Vec<&str> = told.lines().filter(|line| line.ends_with(".0")).collect();
    assert_eq!(printed, ["0.0", "1.0", "2.0"]);
}

#[test]
fn options_and_paths_that_cannot_be_are_told() {
    let check = |code: &str, expect: &str| {
        let problem = Bench::new().problem(&[code]).join("\n");
        assert!(problem.contains(expect), "{problem}");
    };
    check("image_folder(\"nowhere\")", "nowhere: ");
    check("image_folder(\".\", #{ sise: 3 })", "did you mean \"size\"");
    check("image_folder(\".\", #{ size: [1, 2, 3] })", "takes a number, or [width, height]");
    check("captions(\".\", #{ target: \"word\" })", "did you mean \"words\"");
    check("captions(\".\", #{ input: \"images\" })", "did you mean \"image\"");
    check("captions(\".\", #{ tokens: \"letters\" })", "known are: words, characters");
    check("text_file(\"none.txt\")", "none.txt: ");
    check("read_image(\"none.png\")", "none.png: ");
    check("zeros([2, 2]).brightness(2)", "an image is a tensor [height, width, channels]");
}

#[test]
fn settings_are_changed_by_their_names_in_seed_002() {
    let mut bench = Bench::new();
    bench.text("%%plugin schedule\nfn on_epoch_start(ctx) { ctx.arg_update_callback(\"grad_accum\", ctx.epoch + 1); ctx.update(\"lr\", 0.5); ctx.batch_size = 75; }\nfn end_epoch(ctx) { ctx.update(\"clip_grad_norm\", ()); }");
    bench.text("let run = fit(sequential([linear(4, 3)]), dataset(\"iris\"), #{ epochs: 2, batch_size: 50, clip_norm: 1.0, device: \"cpu\" }); run.run_until(\"end_training_session\");");
    let context = bench.text("[run.context.accumulate, run.context.learning_rate, run.context.batch_size, run.context.batches_per_epoch, run.context.clip_norm]");
    assert_eq!(context, "[2, 0.5, 75, 2, ()]");
    bench.text(
        "%%plugin schedule on_error=stop\nfn start_epoch(ctx) {\n    ctx.arg_update_callback(\"sample_steps\", 4);\n}",
    );
    let problem =
        bench.run("train(sequential([linear(4, 3)]), dataset(\"iris\"), #{ device: \"cpu\" });").1.problem.unwrap();
    let expect =
        "there is no setting `sample_steps` of a run; there are learning_rate (also lr), accumulate (also grad_accum";
    assert!(problem.message.contains(expect), "{}", problem.message);
    assert!(problem.message.contains("line 3"), "{}", problem.message);
}

#[test]
fn completion_and_help_know_transforms() {
    let complete = |code: &str| {
        let mut bench = Bench::new();
        let cursor = code.chars().count();
        let request = candlewick_link::Request::Complete { code: code.to_owned(), cursor };
        format!("{:?}", bench.request(request))
    };
    assert!(complete("%%plugin p\nfn transf").contains("transform_caption"));
    let item = complete("%%plugin p\nfn transform_image(image, ctx) { ctx.");
    assert!(item.contains("chance") && !item.contains("request_checkpoint"), "{item}");
    let hook = complete("%%plugin p\nfn transform_image(image, ctx) { }\nfn end_epoch(ctx) { ctx.");
    assert!(hook.contains("request_checkpoint") && hook.contains("arg_update_callback"), "{hook}");
    assert!(complete("data = image_folder(\"x\", #{ si").contains("size"));
    let help = format!("{:?}", Bench::new().run("%help transform_image").1.pages);
    assert!(help.contains("fn transform_image(image [, ctx or path])"), "{help}");
}

#[test]
fn a_new_worker_gives_the_munger_its_settings_back() {
    let mut host = Host::new(Outbox::new(std::sync::Arc::default()));
    host.register_built_in();
    let settings = serde_json::json!({ "config": { "at_most": 1 }, "enabled": true, "origin": "built in" });
    let (name, origin) = ("caption-munger".to_owned(), "built in".to_owned());
    let record = candlewick_link::PluginRecord { name, source: String::new(), origin, settings };
    let answer = host.answer(1, candlewick_link::Request::Register { plugins: vec![record] });
    assert!(format!("{answer:?}").contains("failed: []"), "{answer:?}");
    let plugins = host.session().plugins.clone();
    let passed = plugins.borrow_mut().transform(Transform::Caption, "a, b".into(), &mut context(0, 0, true));
    assert_eq!(passed.value.text(), Some("a"));
}

#[test]
fn a_transform_reads_and_writes_only_what_it_is_granted() {
    let check = |body: &str, expect: &str| {
        let mut bench = Bench::new();
        bench.text(&format!("%%plugin p\nfn transform_caption(text) {{ {body}; text }}"));
        let (_, failures) = caption(&bench, "a");
        assert!(failures.first().is_some_and(|told| told.contains(expect)), "{body}: {failures:?}");
    };
    check("read_image(\"/tmp/a.png\")", "read:");
    check("save_image(zeros([1, 1, 1]), \"/tmp/a.png\")", "write:");
    check("image_folder(\"/tmp\")", "read:");
    check("captions(\"/tmp\")", "read:");
    check("text_file(\"/tmp/a.txt\")", "read:");
}
