//! Plugins written in Rust cells: in one ordered list with those in Rhai, replaced in a live run, blamed, and back after
//! the worker's death.
//!
//! Read [`counting`] first.

use crate::support::kernel::{Client, KernelProcess, send_signal};
use candlewick_jupyter::Channel;
use serde_json::{Value, json};

/// A plugin that counts batches by `step`, keeps the count by run, and panics above its limit.
fn counting(step: u64) -> String {
    format!(
        "%%plugin --rust counting priority=2
#[derive(Default)]
struct Counting {{ seen: PerRun<u64>, limit: u64 }}
impl Plugin for Counting {{
    fn metadata(&self) -> Metadata {{
        let config = Map::from_iter([(\"limit\".to_owned(), Json::from(0))]);
        Metadata {{ config, ..Metadata::of(\"counting\", \"1.0.0\", \"counts batches\") }}
    }}
    fn hooks(&self) -> HookSet {{ HookSet::none().with(Hook::StartTrainingBatch) }}
    fn configure(&mut self, config: &Map<String, Json>) -> Result<(), PluginError> {{
        self.limit = config[\"limit\"].as_u64().unwrap_or(0);
        Ok(())
    }}
    fn state(&self, run: u64) -> Option<Json> {{ self.seen.get(run).map(|seen| Json::from(*seen)) }}
    fn restore(&mut self, run: u64, state: &Json) -> Result<(), PluginError> {{
        *self.seen.of(run) = state.as_u64().unwrap_or(0);
        Ok(())
    }}
    fn start_training_batch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {{
        let seen = self.seen.of(ctx.run);
        *seen += {step};
        println!(\"counting {{seen}}\");
        assert!(self.limit == 0 || *seen <= self.limit, \"more than {{}}\", self.limit);
        Ok(())
    }}
}}"
    )
}

const FIT: &str = "let net = sequential([linear(4, 3)]);
let run = fit(net, dataset(\"iris\"), #{ epochs: 1, batch_size: 15, seed: 1 });";

#[test]
fn they_stand_in_one_list_with_rhais_and_are_replaced_in_a_live_run() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    client.cell("%%plugin first priority=1\nfn start_training_batch(ctx) { print(\"first\"); }").until_idle();
    client.cell("%%plugin last priority=3\nfn start_training_batch(ctx) { print(\"last\"); }").until_idle();
    assert!(printed(&mut client, &counting(1)).contains("plugin counting registered: start_training_batch"));
    printed(&mut client, FIT);
    let order = "first\ncounting 1\nlast\nfirst\ncounting 2\nlast\n";
    assert!(printed(&mut client, "run.step(2, \"batch\");").contains(order));
    printed(&mut client, &counting(10));
    assert!(printed(&mut client, "run.step(1, \"batch\");").contains("first\ncounting 12\nlast\n"));
    printed(&mut client, "%plugin create counting other #{ limit: 5 }");
    let blamed = printed(&mut client, "run.step(1, \"batch\");");
    assert!(blamed.contains("plugin other") && blamed.contains("panicked: more than 5 at cell 6, line 23"), "{blamed}");
    assert!(printed(&mut client, "run.resume();").contains("counting 82\n"));
}

#[test]
fn they_come_back_when_the_worker_was_killed() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    printed(&mut client, &counting(1));
    printed(&mut client, "%%plugin beside\nfn start_training_batch(ctx) { print(\"beside\"); }");
    let by_value = "%%rust\nstruct Plain(u8);\nimpl Plugin for Plain {\n    fn metadata(&self) -> Metadata { Metadata::of(\"plain\", \"1.0.0\", \"\") }\n\
                    }\nlet kept = 7;\nregister(Plain(kept));";
    assert!(printed(&mut client, by_value).contains("plugin plain registered: all hooks"));
    let worker = client.worker();
    let running = client.send(Channel::Shell, "execute_request", json!({"code": "print(\"on\"); loop { }"}));
    client.of(running.clone()).busy().says("execute_input").says("stream");
    send_signal(worker, libc::SIGKILL);
    let mut cell = client.of(running);
    cell.until_idle();
    let told = cell.reply().content.to_string();
    for part in
        ["SIGKILL", "Plugins registered again: counting, beside.", "plain could not be registered again", "kept (Rust)"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    printed(&mut client, FIT);
    assert!(printed(&mut client, "run.step(2, \"batch\");").contains("beside\ncounting 1\nbeside\ncounting 2\n"));
    printed(&mut client, &counting(10));
    assert!(printed(&mut client, "run.step(1, \"batch\");").contains("counting 12\n"));
}

#[test]
fn they_transform_data_and_answer_verbs_and_entry_points() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    printed(&mut client, TOOL);
    assert!(printed(&mut client, "%plugins").contains("tool"));
    let training = "let net = sequential([linear(4, 3)]);\ntrain(net, dataset(\"iris\"), #{ epochs: 1, batch_size: 75, seed: 1 });";
    // Between the two lines stands what the run shows of itself.
    assert_eq!(printed(&mut client, training).matches("batch [75, 4]\n").count(), 2);
    client.gives("plugin(\"tool\").infer(4)", "8.0");
    client.gives("let m = create_instance(\"tool\"); m.fit(1); m.predict(2)", "2.0");
}

const TOOL: &str = r#"%%plugin --rust tool
use candlewick::plugin_api::{Transform, TransformContext, TransformSet};
#[derive(Default)]
struct Tool;
impl Plugin for Tool {
    fn metadata(&self) -> Metadata { Metadata::of("tool", "1.0.0", "has transforms and verbs") }
    fn hooks(&self) -> HookSet { HookSet::none() }
    fn transforms(&self) -> TransformSet { TransformSet::none().with(Transform::Batch) }
    fn transform_batch(
        &mut self, inputs: &Tensor, targets: &Tensor, _ctx: &mut TransformContext,
    ) -> Result<(Tensor, Tensor), PluginError> {
        println!("batch {:?}", inputs.dims());
        Ok((inputs.clone(), targets.clone()))
    }
    fn verbs(&self) -> Vec<Verb> {
        ["infer", "instantiate", "fit", "predict"].iter().filter_map(|name| Verb::from_name(name)).collect()
    }
    fn execute(&mut self, verb: Verb, arguments: &[Value]) -> Result<Value, PluginError> {
        match verb.name() {
            "infer" => Ok(Value::from(arguments[0].number().unwrap_or(0.0) * 2.0)),
            "instantiate" => Ok(Value::from(1.0)),
            "fit" => Ok(Value::from(arguments[0].number().unwrap_or(0.0) + 1.0)),
            _ => Ok(arguments[0].clone()),
        }
    }
}
"#;

/// All that a cell that goes well prints and shows.
fn printed(client: &mut Client, code: &str) -> String {
    let mut cell = client.cell(code);
    let text = |content: &Value| content["text"].as_str().map_or_else(|| content.to_string(), str::to_owned);
    let shown: String = cell.until_idle().iter().map(|message| text(&message.content)).collect();
    assert_eq!(cell.reply().content["status"], "ok", "{code}: {shown}");
    shown
}
