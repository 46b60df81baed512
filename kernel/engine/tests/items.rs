//! Datasets of images and captions: how they are found, what becomes of them, and how plugins transform them in a run.

#![allow(clippy::unwrap_used, clippy::expect_used)] // makers outside `#[test]` functions unwrap too

use candle_core::{DType, Device, Tensor};
use candlewick_engine::data::{CaptionOptions, Dataset, FolderOptions, Input, Target, Tokens, image};
use candlewick_engine::nn::{LayerSpec, Net};
use candlewick_engine::run::{Halt, OptionValue, Options, Run, drive, evaluate};
use candlewick_engine::{EngineError, nn::Loss};
use candlewick_plugin_api::{
    Context, Event, Fired, Hook, HookFailure, HookSink, Part, RunId, Transform, TransformContext, TransformSet,
    Transformed, Value, batch_parts,
};
use serde_json::Map;
use std::fs;
use std::path::Path;

/// An image of one colour.
fn paint(path: &Path, size: usize, colour: [f32; 3]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let pixel = Tensor::new(&colour, &Device::Cpu).unwrap().reshape((1, 1, 3)).unwrap();
    image::write(&pixel.broadcast_as((size, size, 3)).unwrap().contiguous().unwrap(), path).unwrap();
}

/// Two classes of images: red ones are cats, blue ones dogs; their brightness tells them apart.
fn pets(folder: &Path, each: usize) {
    for at in 0..each {
        let light = 0.4 + 0.5 * at as f32 / each as f32;
        paint(&folder.join(format!("cats/{at}.png")), 6, [light, 0.0, 0.0]);
        paint(&folder.join(format!("dogs/{at}.jpg")), 8, [0.0, 0.0, light]);
    }
}

fn small() -> FolderOptions {
    FolderOptions { size: (4, 4), ..FolderOptions::default() }
}

fn net(data: &Dataset, outputs: usize) -> Net {
    let width = data.input_shape().iter().product();
    Net::sequential(vec![LayerSpec::Flatten, LayerSpec::linear(width, outputs).unwrap()]).unwrap()
}

fn bits(net: &Net) -> Vec<u32> {
    let flat = |var: &candle_core::Var| var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    net.parameters().iter().flat_map(|(_, var)| flat(var)).map(f32::to_bits).collect()
}

type AtHook = Box<dyn FnMut(Hook, &mut Context)>;

/// Transforms by a closure and keeps what batches looked like.
struct Changes<F> {
    set: TransformSet,
    change: F,
    batches: Vec<(usize, usize, Vec<f32>)>,
    at: AtHook,
    events: Vec<String>,
}

impl<F: FnMut(Transform, Value, &mut TransformContext) -> Value> Changes<F> {
    fn new(set: &[Transform], change: F) -> Self {
        let set = set.iter().fold(TransformSet::none(), |set, one| set.with(*one));
        Self { set, change, batches: Vec::new(), at: Box::new(|_, _| ()), events: Vec::new() }
    }
}

impl<F: FnMut(Transform, Value, &mut TransformContext) -> Value> HookSink for Changes<F> {
    fn fire(&mut self, hook: Hook, ctx: &mut Context) -> Fired {
        if matches!(hook, Hook::StartTrainingBatch | Hook::StartValidationBatch) {
            let inputs = ctx.working.inputs.as_ref().unwrap().to_dtype(DType::F32).unwrap();
            let values = inputs.flatten_all().unwrap().to_vec1().unwrap();
            self.batches.push((ctx.epoch, ctx.batch.unwrap(), values));
        }
        (self.at)(hook, ctx);
        Fired::default()
    }
    fn states(&self, _: RunId) -> Map<String, serde_json::Value> {
        Map::new()
    }
    fn restore(&mut self, _: RunId, _: &Map<String, serde_json::Value>) {}
    fn transforms(&self, _: RunId, training: bool) -> TransformSet {
        if self.set.apply_to(training) { self.set } else { TransformSet::none() }
    }
    fn transform(&mut self, transform: Transform, value: Value, ctx: &mut TransformContext) -> Transformed {
        ctx.give_to("test", transform);
        let value = (self.change)(transform, value, ctx);
        // A word that no caption has stands for what went wrong.
        let failure = || HookFailure {
            run: ctx.run,
            plugin: "test".into(),
            hook: Hook::StartTrainingBatch,
            part: Part::Hook,
            epoch: ctx.epoch,
            batch: None,
            message: "no".into(),
            line: None,
            column: None,
            in_a_row: 1,
            quarantined: false,
            stops_run: true,
        };
        match value.text() {
            Some("<skip>") => {
                Transformed { value, failures: vec![failure()], skip_batch: true, ..Transformed::default() }
            }
            Some("<stop>") => {
                Transformed { value, failures: vec![failure()], stop: Some(failure().into()), ..Transformed::default() }
            }
            Some("<interrupt>") => Transformed { value, interrupted: true, ..Transformed::default() },
            _ => Transformed { value, ..Transformed::default() },
        }
    }
}

fn to_end(run: &mut Run, hooks: &mut Changes<impl FnMut(Transform, Value, &mut TransformContext) -> Value>) -> Halt {
    let mut events = Vec::new();
    let halt = drive::<EngineError>(run, hooks, |_, _| Ok(false), |_, new| events.extend(new)).unwrap();
    hooks.events.extend(events.into_iter().map(|event| match event {
        Event::Warning(text) => text,
        Event::PluginFailed(failure) => format!("{} failed at batch {:?}", failure.plugin, failure.batch),
        _ => String::new(),
    }));
    halt
}

#[test]
fn images_are_found_by_class_and_broken_ones_named() {
    let folder = tempfile::tempdir().unwrap();
    pets(folder.path(), 2);
    fs::write(folder.path().join("cats/1b.png"), "no image").unwrap();
    fs::write(folder.path().join("cats/notes.md"), "left out").unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let data = Dataset::image_folder(folder.path(), &small()).unwrap();
    assert_eq!((data.len(), data.classes().unwrap()), (4, &["cats".to_owned(), "dogs".to_owned()][..]));
    assert_eq!(data.input_dims(), [4, 3, 4, 4]);
    assert_eq!(data.targets().to_vec1::<u32>().unwrap(), [0, 0, 1, 1]);
    assert_eq!(data.broken().len(), 1);
    assert!(data.broken()[0].contains("1b.png"), "{:?}", data.broken());
    let strict = FolderOptions { strict: true, ..small() };
    let refused = Dataset::image_folder(folder.path(), &strict).unwrap_err().to_string();
    assert!(refused.contains("1 of its files cannot be used") && refused.contains("1b.png"), "{refused}");
    let inputs = data.inputs().unwrap();
    let red = inputs.get(0).unwrap().get(0).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert!(red.iter().all(|value| (value - 0.4).abs() < 0.01), "{red:?}");
    let part = data.subset(&[3]).unwrap();
    assert_eq!(part.example(0).unwrap().unwrap().index, 3, "an item keeps its number");
    assert!(part.example(1).unwrap_err().to_string().contains("no row 1"));
}

#[test]
fn a_directory_that_holds_nothing_usable_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &Path| Dataset::image_folder(path, &small()).unwrap_err().to_string();
    assert!(refused(folder.path()).contains("no sub-directories with png or jpeg"));
    assert!(refused(&folder.path().join("nowhere")).contains("nowhere: "));
    fs::create_dir(folder.path().join("a")).unwrap();
    fs::write(folder.path().join("a/b.png"), "no").unwrap();
    let all_broken = refused(folder.path());
    assert!(all_broken.contains("no example could be loaded") && all_broken.contains("b.png"), "{all_broken}");
    let wrong = FolderOptions { channels: 4, ..small() };
    assert!(Dataset::image_folder(folder.path(), &wrong).unwrap_err().to_string().contains("1 or 3 channels"));
}

#[test]
fn the_memory_budget_changes_nothing_but_memory() {
    let folder = tempfile::tempdir().unwrap();
    pets(folder.path(), 3);
    let load = |memory| Dataset::image_folder(folder.path(), &FolderOptions { memory, ..small() }).unwrap();
    let (all, some, none) = (load(1 << 20), load(100), load(0));
    assert_eq!([all.kept_bytes(), some.kept_bytes(), none.kept_bytes()], [6 * 48, 2 * 48, 0]);
    let values = |data: &Dataset| data.inputs().unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(values(&all), values(&some));
    assert_eq!(values(&all), values(&none));
    fs::remove_file(folder.path().join("dogs/2.jpg")).unwrap();
    assert!(all.inputs().is_ok());
    assert!(none.inputs().unwrap_err().to_string().contains("2.jpg"), "the file is named");
}

#[test]
fn normalization_comes_after_transforms_and_is_measured_before() {
    let folder = tempfile::tempdir().unwrap();
    pets(folder.path(), 4);
    let data =
        Dataset::image_folder(folder.path(), &FolderOptions { normalize: true, channels: 1, ..small() }).unwrap();
    let all = data.inputs().unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let mean = all.iter().sum::<f32>() / all.len() as f32;
    let variance = all.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / all.len() as f32;
    assert!(mean.abs() < 1e-4 && (variance - 1.0).abs() < 1e-3, "{mean} {variance}");
    let normalization = data.normalization().unwrap().clone();
    let mut black =
        Changes::new(&[Transform::Image], |_, image, _| image.tensor().unwrap().zeros_like().unwrap().into());
    let mut run = Run::new(net(&data, 2), data, Options { batch_size: 8, ..Options::default() }).unwrap();
    to_end(&mut run, &mut black);
    let expect = -normalization.mean[0] / normalization.deviation[0];
    assert!(black.batches[0].2.iter().all(|value| (value - expect).abs() < 1e-5), "{:?}", black.batches[0].2);
}

#[test]
fn captions_come_from_text_files_json_lines_and_tables() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    paint(&at("a/one.png"), 4, [1.0, 0.0, 0.0]);
    fs::write(at("a/one.txt"), "a red cat\n").unwrap();
    paint(&at("a/alone.png"), 4, [1.0, 0.0, 0.0]);
    fs::create_dir(at("b")).unwrap();
    fs::write(at("b/two.txt"), "a dog").unwrap();
    let captions = |path: &Path, options: CaptionOptions| Dataset::captions(path, &options);
    let shown = |data: &Dataset| -> Vec<(String, bool)> {
        let examples = (0..data.len() as u32).map(|row| data.example(row).unwrap().unwrap());
        examples.map(|example| (example.caption.unwrap().to_string(), example.image.is_some())).collect()
    };
    let both = vec![("a red cat".to_owned(), true), ("a dog".to_owned(), false)];

    let data = captions(folder.path(), CaptionOptions::default()).unwrap();
    assert_eq!(shown(&data), both);
    assert!(data.broken()[0].contains("alone.png: has no caption"), "{:?}", data.broken());
    assert_eq!(data.vocabulary().unwrap().names(), ["<pad>", "<unknown>", "<end>", "a", "cat", "dog", "red"]);
    // The last token from those before it, which end at the right.
    let (inputs, targets) = data.batch(&[0, 1]).unwrap();
    assert_eq!(inputs.to_vec2::<u32>().unwrap(), [[0, 3, 6], [0, 0, 3]]);
    assert_eq!(targets.to_vec1::<u32>().unwrap(), [4, 5]);
    assert_eq!(data.classes().unwrap().len(), 7);

    let class = CaptionOptions { target: Target::Class, length: Some(2), ..CaptionOptions::default() };
    let data = captions(folder.path(), class).unwrap();
    assert_eq!(data.batch(&[0, 1]).unwrap().0.to_vec2::<u32>().unwrap(), [[3, 6], [3, 5]]);
    assert_eq!(
        (data.targets().to_vec1::<u32>().unwrap(), data.classes().unwrap()),
        (vec![0, 1], &["a".to_owned(), "b".to_owned()][..])
    );

    let words =
        CaptionOptions { input: Input::Image, target: Target::Words, images: small(), ..CaptionOptions::default() };
    let data = captions(folder.path(), words).unwrap();
    assert_eq!((data.len(), data.input_shape()), (1, &[3, 4, 4][..]));
    assert_eq!(data.broken().len(), 2, "{:?}", data.broken());
    assert_eq!(data.targets().to_vec2::<f32>().unwrap(), [[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]]);

    fs::write(at("t.jsonl"), "{\"caption\": \"a red cat\", \"image\": \"a/one.png\"}\n{broken\n\n{\"text\": \"a dog\"}\n{\"image\": \"x\"}\n").unwrap();
    let data = captions(&at("t.jsonl"), CaptionOptions::default()).unwrap();
    assert_eq!(shown(&data), both);
    assert!(data.broken()[0].contains("t.jsonl:2: ") && data.broken()[1].contains("t.jsonl:5: has no caption"));
    fs::write(at("t.csv"), "text,label,image\na red cat,x,a/one.png\n\"a dog\",y,\n").unwrap();
    let data = captions(&at("t.csv"), CaptionOptions { target: Target::Class, ..CaptionOptions::default() }).unwrap();
    assert_eq!((shown(&data), data.classes().unwrap()), (both, &["x".to_owned(), "y".to_owned()][..]));
    fs::create_dir(at("below")).unwrap();
    let line = |image: &str| format!("{{\"caption\": \"x\", \"image\": \"{image}\"}}\n");
    fs::write(at("below/t.jsonl"), line("../a/one.png") + &line("two.png")).unwrap();
    paint(&at("below/two.png"), 4, [1.0, 0.0, 0.0]);
    let confined = CaptionOptions { confined: true, ..CaptionOptions::default() };
    let data = captions(&at("below/t.jsonl"), confined).unwrap();
    assert_eq!(data.len(), 1);
    assert!(data.broken()[0].contains("one.png: is not below"), "{:?}", data.broken());
    assert_eq!(captions(&at("below/t.jsonl"), CaptionOptions::default()).unwrap().len(), 2);
    fs::write(at("u.csv"), "captoin\nx\n").unwrap();
    assert!(captions(&at("u.csv"), CaptionOptions::default()).unwrap_err().to_string().contains("is it `captoin`?"));
    let strict = FolderOptions { strict: true, ..small() };
    let refused = captions(folder.path(), CaptionOptions { images: strict, ..CaptionOptions::default() });
    assert!(refused.unwrap_err().to_string().contains("alone.png"));
}

#[test]
fn a_text_is_cut_into_pieces_from_which_a_net_learns_the_next_character() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.txt");
    fs::write(&path, "abc".repeat(60)).unwrap();
    let data = Dataset::text_file(&path, Tokens::Characters, 4, 1).unwrap();
    assert_eq!((data.len(), data.input_dims(), data.classes().unwrap().len()), (176, &[176, 4][..], 6));
    let layers =
        vec![LayerSpec::Embedding { vocabulary: 6, width: 4 }, LayerSpec::Flatten, LayerSpec::linear(16, 6).unwrap()];
    let net = Net::sequential(layers).unwrap();
    let mut options = Options { epochs: 20, ..Options::default() };
    options.set("learning_rate", OptionValue::Float(0.05)).unwrap();
    let mut run = Run::new(net.clone(), data.clone(), options).unwrap();
    to_end(&mut run, &mut Changes::new(&[], |_, value, _| value));
    assert_eq!(evaluate(&net, &data, Loss::CrossEntropy, &["accuracy".into()]).unwrap().metrics["accuracy"], 1.0);
    assert!(Dataset::text_file(&path, Tokens::Words, 4, 1).unwrap_err().to_string().contains("it has 1 tokens"));
}

/// Changes every image by a random factor and keeps what it was asked about.
fn noisy() -> Changes<impl FnMut(Transform, Value, &mut TransformContext) -> Value> {
    Changes::new(&[Transform::Image], |_, value, ctx| {
        let factor = ctx.random().uniform();
        image::brightness(value.tensor().unwrap(), factor).unwrap().into()
    })
}

#[test]
fn transformed_data_goes_by_the_seed_and_is_new_in_each_epoch() {
    let folder = tempfile::tempdir().unwrap();
    pets(folder.path(), 6);
    let data = Dataset::image_folder(folder.path(), &small()).unwrap();
    let train = |seed, batch_size| {
        let net = net(&data, 2);
        let mut hooks = noisy();
        let options = Options { epochs: 2, seed, batch_size, ..Options::default() };
        to_end(&mut Run::new(net.clone(), data.clone(), options).unwrap(), &mut hooks);
        (bits(&net), hooks.batches)
    };
    let (one, batches) = train(1, 4);
    assert_eq!((&one, &batches), (&train(1, 4).0, &train(1, 4).1));
    assert_ne!(one, train(2, 4).0);
    let images = |batches: &[(usize, usize, Vec<f32>)], epoch| -> Vec<Vec<u32>> {
        let of_epoch = batches.iter().filter(|batch| batch.0 == epoch);
        let mut images: Vec<Vec<u32>> = of_epoch
            .flat_map(|batch| batch.2.chunks(48).map(|image| image.iter().map(|x| x.to_bits()).collect()))
            .collect();
        images.sort();
        images
    };
    assert_eq!(images(&batches, 0).len(), 12);
    assert_ne!(images(&batches, 0), images(&batches, 1), "each epoch draws anew");
    assert_eq!(images(&batches, 0), images(&train(1, 5).1, 0), "whatever the batches");
}

#[test]
fn a_run_resumed_inside_an_epoch_sees_the_same_data_and_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = tempfile::tempdir().unwrap();
    pets(folder.path(), 6);
    let data = Dataset::image_folder(folder.path(), &small()).unwrap();
    let options = |resume| Options {
        epochs: 2,
        batch_size: 3,
        checkpoints: Some(checkpoints.path().to_owned()),
        resume,
        ..Options::default()
    };
    let whole = net(&data, 2);
    let mut hooks = noisy();
    hooks.at = Box::new(|hook, ctx| {
        if hook == Hook::EndTrainingBatch && ctx.global_step == 5 {
            ctx.request_checkpoint();
        }
    });
    to_end(&mut Run::new(whole.clone(), data.clone(), options(None)).unwrap(), &mut hooks);
    let resumed = net(&data, 2);
    let mut again = noisy();
    let path = Some(checkpoints.path().to_owned());
    to_end(&mut Run::new(resumed.clone(), data, options(path)).unwrap(), &mut again);
    assert_eq!(again.batches, hooks.batches[6..], "from the batch after the checkpoint on");
    assert_eq!(bits(&whole), bits(&resumed));
}

#[test]
fn validation_data_is_transformed_only_by_those_who_ask_and_items_keep_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    pets(folder.path(), 5);
    let data = Dataset::image_folder(folder.path(), &small()).unwrap();
    let asked = |also: bool| {
        let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let log = seen.clone();
        let mut hooks = Changes::new(&[Transform::Image], move |_, value, ctx: &mut TransformContext| {
            log.borrow_mut().push((ctx.training, ctx.index));
            value
        });
        if also {
            hooks.set = hooks.set.also_in_validation();
        }
        let mut options = Options::default();
        options.set("validation", OptionValue::Float(0.2)).unwrap();
        to_end(&mut Run::new(net(&data, 2), data.clone(), options).unwrap(), &mut hooks);
        let mut seen = seen.take();
        seen.sort_unstable();
        seen
    };
    assert_eq!(asked(false).len(), 8);
    let all = asked(true);
    assert_eq!((all.len(), all.iter().filter(|(training, _)| !training).count()), (10, 2));
    let mut numbers: Vec<usize> = all.iter().map(|(_, index)| *index).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
}

#[test]
fn a_batch_of_any_dataset_is_transformed() {
    let digits = Dataset::named("iris").unwrap();
    let mut hooks = Changes::new(&[Transform::Batch], |_, value, ctx| {
        let (inputs, targets) = batch_parts(&value).unwrap();
        let inputs = (inputs.zeros_like().unwrap() + (ctx.index + 10 * ctx.epoch) as f64).unwrap();
        candlewick_plugin_api::batch_value(inputs.narrow(0, 0, 2).unwrap(), targets.narrow(0, 0, 2).unwrap())
    });
    let options = Options { epochs: 2, batch_size: 75, ..Options::default() };
    to_end(&mut Run::new(net(&digits, 3), digits, options).unwrap(), &mut hooks);
    let first: Vec<(f32, usize)> = hooks.batches.iter().map(|batch| (batch.2[0], batch.2.len())).collect();
    assert_eq!(first, [(0.0, 8), (1.0, 8), (10.0, 8), (11.0, 8)]);
}

#[test]
fn what_a_failing_transform_asks_is_done_at_its_batch() {
    let folder = tempfile::tempdir().unwrap();
    for at in 0..4 {
        fs::write(folder.path().join(format!("{at}.txt")), "a b").unwrap();
    }
    let data = Dataset::captions(folder.path(), &CaptionOptions::default()).unwrap();
    let layers = || vec![LayerSpec::Embedding { vocabulary: 5, width: 2 }, LayerSpec::Flatten];
    let train = |word: &'static str| {
        let mut hooks = Changes::new(
            &[Transform::Caption],
            move |_, value, ctx: &mut TransformContext| {
                if ctx.index == 2 { word.into() } else { value }
            },
        );
        let mut outcomes = Vec::new();
        let layers = [layers(), vec![LayerSpec::linear(2 * data.input_shape()[0], 5).unwrap()]].concat();
        let options = Options { batch_size: 1, shuffle: false, ..Options::default() };
        let mut run = Run::new(Net::sequential(layers).unwrap(), data.clone(), options).unwrap();
        let reached = drive::<EngineError>(
            &mut run,
            &mut hooks,
            |run, hook| {
                outcomes.extend(run.context().outcome.filter(|_| hook == Hook::EndTrainingBatch).map(|o| o.name()));
                Ok(false)
            },
            |_, _| (),
        );
        (reached.unwrap(), outcomes, run.failure().map(ToString::to_string), hooks.batches.len())
    };
    assert_eq!(train("b a").1, ["done"; 4]);
    assert_eq!(train("<skip>").1, ["done", "done", "skipped", "done"]);
    let (halt, outcomes, failure, _) = train("<stop>");
    assert_eq!((halt, outcomes), (Halt::Finished, vec!["done", "done", "failed"]));
    assert!(failure.unwrap().contains("plugin test failed in start_training_batch: no"));
    let (halt, outcomes, failure, batches) = train("<interrupt>");
    assert_eq!((halt, outcomes.len(), failure, batches), (Halt::Interrupted, 2, None, 2));
}

#[test]
fn an_interrupted_batch_goes_on_behind_the_items_that_were_done() {
    let folder = tempfile::tempdir().unwrap();
    for at in 0..4 {
        fs::write(folder.path().join(format!("{at}.txt")), "a b").unwrap();
    }
    let data = Dataset::captions(folder.path(), &CaptionOptions::default()).unwrap();
    let layers = vec![
        LayerSpec::Embedding { vocabulary: 5, width: 2 },
        LayerSpec::Flatten,
        LayerSpec::linear(2 * data.input_shape()[0], 5).unwrap(),
    ];
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let log = seen.clone();
    let mut hooks = Changes::new(&[Transform::Caption], move |_, value, ctx: &mut TransformContext| {
        let first_time = !log.borrow().contains(&ctx.index);
        log.borrow_mut().push(ctx.index);
        if ctx.index == 2 && first_time { "<interrupt>".into() } else { value }
    });
    let options = Options { shuffle: false, ..Options::default() };
    let mut run = Run::new(Net::sequential(layers).unwrap(), data, options).unwrap();
    assert_eq!(to_end(&mut run, &mut hooks), Halt::Interrupted);
    assert_eq!(to_end(&mut run, &mut hooks), Halt::Finished);
    assert_eq!(*seen.borrow(), [0, 1, 2, 2, 3]);
}

#[test]
fn slow_transforms_are_told_of_once_a_run() {
    let iris = Dataset::named("iris").unwrap();
    let mut hooks = Changes::new(&[Transform::Batch], |_, value, ctx: &mut TransformContext| {
        if ctx.index < 2 {
            std::thread::sleep(std::time::Duration::from_millis(550));
        }
        value
    });
    let options = Options { batch_size: 50, ..Options::default() };
    to_end(&mut Run::new(net(&iris, 3), iris, options).unwrap(), &mut hooks);
    let told: Vec<&String> = hooks.events.iter().filter(|text| text.contains("transforms of batch")).collect();
    assert_eq!(told.len(), 1, "{:?}", hooks.events);
    assert!(told[0].starts_with("the transforms of batch 0 took ") && told[0].contains("more than 0.5 s"), "{told:?}");
}
