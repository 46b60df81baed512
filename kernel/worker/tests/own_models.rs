//! Nets, losses, optimizers, datasets and layers that Rust code made, used from Rhai: how they show, `fit` with them, what
//! errors say.

#![allow(clippy::unwrap_used)] // makers outside `#[test]` functions unwrap too

mod common;

use candle_core::{Device, Tensor, Var};
use candlewick_engine::data::{Dataset, Examples};
use candlewick_engine::nn::{
    Block, Forward, Gradients, Init, LayerSpec, Loss, Mode, Net, Optimize, OptimizerSpec, Step,
};
use candlewick_plugin_api::{Metadata, Object, Plugin, PluginError, Value, Verb};
use candlewick_plugin_manager::Registration;
use common::Bench;
use rhai::Dynamic;

/// Hands out what Rust code makes.
struct Maker;

impl Plugin for Maker {
    fn metadata(&self) -> Metadata {
        Metadata::of("maker", "1.0.0", "hands out values")
    }

    fn verbs(&self) -> Vec<Verb> {
        Verb::from_name("infer").into_iter().collect()
    }

    fn execute(&mut self, _: Verb, arguments: &[Value]) -> Result<Value, PluginError> {
        let wanted = arguments[0].text().unwrap_or_default();
        let value = match wanted {
            "net" => Dynamic::from(net()),
            "layer" => Dynamic::from(scale()),
            "loss" => Dynamic::from(loss()),
            "optimizer" => Dynamic::from(OptimizerSpec::own("descent", 0.5, Descent).unwrap()),
            _ => Dynamic::from(Dataset::of("parabola", Parabola).unwrap()),
        };
        Ok(Object::new(wanted, value).into())
    }
}

struct Mlp(Block, Block);

impl Forward for Mlp {
    fn forward_in(&self, x: &Tensor, mode: Mode) -> candlewick_engine::Result<Tensor> {
        self.1.forward(&self.0.forward(x, mode)?.tanh()?, mode)
    }
}

#[derive(Clone)]
struct Descent;

impl Optimize for Descent {
    fn step(&mut self, parameters: &[(String, Var)], by: &Gradients, step: Step) -> candlewick_engine::Result<()> {
        for (name, parameter) in parameters {
            parameter.set(&(parameter.as_detached_tensor() - (&by[name] * step.learning_rate)?)?)?;
        }
        Ok(())
    }
}

struct Parabola;

impl Examples for Parabola {
    fn len(&self) -> usize {
        100
    }

    fn example(&self, index: usize) -> candlewick_engine::Result<(Tensor, Tensor)> {
        let x = index as f32 / 50.0 - 1.0;
        Ok((Tensor::new(&[x], &Device::Cpu)?, Tensor::new(&[x * x], &Device::Cpu)?))
    }
}

fn net() -> Net {
    Net::of("mlp", |parameters| Ok(Mlp(parameters.linear("hidden", 1, 8)?, parameters.linear("output", 8, 1)?)))
        .unwrap()
}

fn scale() -> LayerSpec {
    LayerSpec::own("scale", |parameters| {
        let scale = parameters.parameter("scale", 1, Init::Constant(1.0))?;
        Ok(move |x: &Tensor| x.broadcast_mul(&scale))
    })
}

fn loss() -> Loss {
    Loss::own("squares", |predictions: &Tensor, targets: &Tensor| (predictions - targets)?.sqr()?.mean_all())
}

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.plugins().borrow_mut().register(Box::new(Maker), Registration::from_origin("a test")).unwrap();
    for name in ["net", "layer", "loss", "optimizer", "data"] {
        drop(bench.text(&format!("let {name} = plugin(\"maker\").infer(\"{name}\");")));
    }
    bench
}

#[test]
fn values_that_rust_made_show() {
    let mut bench = bench();
    let check = |bench: &mut Bench, code: &str, expect: &str| assert_eq!(bench.result(code), expect, "{code}");
    check(&mut bench, "layer", "scale, a layer of your own");
    check(&mut bench, "loss", "squares, a loss of your own");
    check(&mut bench, "optimizer", "descent(learning_rate: 0.5)");
    check(
        &mut bench,
        "[type_of(net), type_of(layer), type_of(loss), type_of(optimizer), type_of(data)]",
        "[\"net\", \"layer\", \"loss\", \"optimizer\", \"dataset\"]",
    );
    check(&mut bench, "net.parameter_count", "25");
    check(&mut bench, "net.check([5, 1])", "[5, 1]");
    let shown = bench.result("net");
    for part in ["mlp", "hidden", "output", "linear", "25 parameters"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(bench.result("data").contains("parabola"));
}

#[test]
fn fit_takes_them() {
    let mut bench = bench();
    let options = "#{ loss: loss, optimizer: optimizer, epochs: 40, seed: 3, validation: 0.2 }";
    drop(bench.text("init(net, 3); let before = evaluate(net, data, #{ loss: loss }).loss;"));
    drop(bench.text(&format!("let run = fit(net, data, {options});\nrun.step(4);\nrun.resume();")));
    assert_eq!(bench.result("run.outcome"), "\"done\"");
    assert_eq!(bench.result("run.context.hyperparameters.loss"), "\"squares\"");
    assert_eq!(bench.result("run.context.hyperparameters.optimizer.name"), "\"descent\"");
    let [own, built_in, before] = ["evaluate(net, data, #{ loss: loss }).loss", "evaluate(net, data).loss", "before"]
        .map(|code| bench.result(code).parse::<f64>().unwrap());
    assert!((own - built_in).abs() < 1e-6 && own < 0.9 * before, "{own} {built_in} {before}");
    assert_eq!(
        bench.result("net.parameters.keys()"),
        "[\"hidden.bias\", \"hidden.weight\", \"output.bias\", \"output.weight\"]"
    );
    let mixed = "let mixed = sequential([linear(1, 4), layer, tanh(), linear(4, 1)]); mixed.parameters.len()";
    assert_eq!(bench.result(mixed), "5");
    drop(bench.text("train(mixed, data, #{ loss: loss, epochs: 2 });"));
}

#[test]
fn a_closure_is_a_loss() {
    let mut bench = bench();
    let trained = |bench: &mut Bench, loss: &str| {
        let code = format!(
            "let factor = 1.0; let net = sequential([linear(1, 1)]); \
             let run = train(net, data, #{{ loss: {loss}, seed: 1, epochs: 3 }}); net.parameters[\"0.weight\"].to_array()"
        );
        bench.result(&code)
    };
    let built_in = trained(&mut bench, "\"mse\"");
    assert_eq!(trained(&mut bench, "|p, t| ((p - t) * factor).sqr()"), built_in);
    drop(bench.text("fn squares(p, t) { (p - t).sqr() }"));
    assert_eq!(trained(&mut bench, "squares"), built_in);
    assert_eq!(bench.result("run.context.hyperparameters.loss"), "\"squares\"");
    let wrong = |bench: &mut Bench, loss: &str, expect: &str| {
        let code = format!("train(sequential([linear(1, 1)]), data, #{{ loss: {loss} }})");
        let told = bench.wrong(&code);
        assert!(told.contains(expect), "{told}");
    };
    wrong(&mut bench, "|p, t| (p - t).mean()", "the loss closure: it gives a tensor: its mean is taken for it");
    wrong(&mut bench, "|p, t| p.nothing()", "nothing");
    wrong(&mut bench, "7", "one of your own: Loss::own of Rust, or |predictions, targets| …, but was given 7");
}

#[test]
fn files_name_the_module() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mlp.safetensors");
    let path = path.to_str().unwrap();
    let mut bench = bench();
    drop(bench.text(&format!("init(net, 5); net.save({path:?});")));
    let told = bench.wrong(&format!("load_model({path:?})"));
    assert!(told.contains("the module mlp, which is not built in") && told.contains("net.load_parameters("), "{told}");
    let same = format!(
        "let again = plugin(\"maker\").infer(\"net\"); again.load_parameters({path:?}); \
                        again.predict(data).to_array() == net.predict(data).to_array()"
    );
    assert_eq!(bench.result(&same), "true");
    let told = bench.wrong("sequential([linear(1, 4), net])");
    assert!(told.contains("item 1 is a net: a module of your own becomes a layer by LayerSpec::own"), "{told}");
}
