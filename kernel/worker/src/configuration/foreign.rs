//! Configurations of other systems, as JSON: a flat `train.json` with a list of plugins, and `bzconfig.json` in both of
//! its forms. What they call differently is renamed; what means nothing here is listed, never dropped.
//!
//! Must not know which plugins are registered. Read [`read`] first.

use super::document::{Document, Reader, Source, table};
use super::keys::{KEYS, find};
use super::layer::entry_name;
use super::training;
use super::tree::{Field, Node, Trouble, Value};
use serde_json::Value as Json;

/// Options of `fit` under the names that others give them, beside the spellings that `fit` takes itself.
const RENAMED: [(&str, &str); 5] = [
    ("max_epochs", "epochs"),
    ("grad_accum", "accumulate"),
    ("save_every_n_epochs", "checkpoint_every"),
    ("clip_grad_norm", "clip_norm"),
    ("logdir", "log_folder"),
];

/// Reads a tree of JSON.
///
/// # Errors
/// A value that cannot be used, with its place.
pub fn read(tree: &Node, file: &str) -> Result<Document, Trouble> {
    let mut foreign =
        Foreign { reader: Reader { source: Source::File(file), profile: None }, document: Document::default() };
    let fields = tree
        .fields()
        .ok_or_else(|| Trouble::at(tree.at, format!("a configuration is a JSON object; found {}", tree.json())))?;
    fields.iter().try_for_each(|field| foreign.top(field))?;
    Ok(foreign.document)
}

struct Foreign<'a> {
    reader: Reader<'a>,
    document: Document,
}

impl Foreign<'_> {
    fn top(&mut self, field: &Field) -> Result<(), Trouble> {
        match (field.name.as_str(), &field.node.value) {
            ("plugins", Value::Table(plugins)) => plugins.iter().try_for_each(|plugin| self.plugin(plugin)),
            ("plugins", Value::Plain(Json::Null)) => Ok(()),
            ("plugins", _) => self.reader.plugins(&field.node, &mut self.document.base),
            (name @ ("training" | "hyperparameters"), _) => {
                table(&field.node, name)?.iter().try_for_each(|own| self.option(own, &format!("{name}.")))
            }
            ("metrics", Value::Table(fields)) => fields.iter().try_for_each(|own| match own.name.as_str() {
                "metrics" => self.option(own, "metrics."),
                _ => self.unused(own, "metrics.", "metrics of one's own are plugins here"),
            }),
            _ => self.option(field, ""),
        }
    }

    /// An option of `fit`, if it is one.
    fn option(&mut self, field: &Field, path: &str) -> Result<(), Trouble> {
        let renamed = RENAMED.iter().find(|(theirs, _)| *theirs == field.name);
        let name = renamed.map_or(field.name.as_str(), |(_, ours)| ours);
        match (training::option(name), field.node.json()) {
            (None, _) => self.unused(field, path, "it means nothing here"),
            (Some(_), Json::Null) => self.unused(field, path, "it is null"),
            (Some(_), value) if name == "seed" && value == -1 => {
                self.unused(field, path, "-1 asks for a seed nobody knows; here a run's seed is always known")
            }
            (Some(_), _) => {
                let field = Field { name: name.to_owned(), ..field.clone() };
                self.reader.option(&field, &mut self.document.base)
            }
        }
    }

    /// `NAME: {enabled, config, dependencies}`. A plugin is enabled unless it says that it is not.
    fn plugin(&mut self, field: &Field) -> Result<(), Trouble> {
        let name = entry_name(&field.name);
        if let Value::Plain(Json::Bool(_) | Json::Null) = field.node.value {
            let list = Node { value: Value::Table(vec![field.clone()]), at: field.at };
            return self.reader.plugins(&list, &mut self.document.base);
        }
        for own in table(&field.node, &format!("plugins.{}", field.name))? {
            match find(&KEYS, &own.name) {
                Some(_) => self.reader.word(own, &name, &mut self.document.base)?,
                None => self.unused(own, &format!("plugins.{}.", field.name), "settings stand in `config`")?,
            }
        }
        self.reader.enable(&name, field.at, &mut self.document.base);
        Ok(())
    }

    fn unused(&mut self, field: &Field, path: &str, why: &str) -> Result<(), Trouble> {
        let line = field.at.line;
        self.document.unused.push(format!("`{path}{}` (line {line}): {why}", field.name));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    fn lines(text: &str) -> Result<(String, Vec<String>), Trouble> {
        let document = read(&tree::json(text)?, "train.json")?;
        let training = document.base.training.iter().map(|(key, given)| format!("{key}={}", given.value));
        let plugins =
            document.base.plugins.iter().flat_map(|entry| {
                entry.keys.iter().map(|(key, given)| format!("{}.{key}={}", entry.name, given.value))
            });
        Ok((training.chain(plugins).collect::<Vec<_>>().join(" "), document.unused))
    }

    #[test]
    fn a_flat_train_json_is_read() {
        let text = r#"{"batch_size": 4, "max_epochs": 30, "lr": 1.5e-6, "grad_accum": 2, "seed": -1, "clip_grad_norm": null,
 "resolution": [512], "plugins": ["plugins.interruptible.InterruptiblePlugin", "early_stopping"]}"#;
        let (found, unused) = lines(text).unwrap();
        assert_eq!(
            found,
            "accumulate=2 batch_size=4 epochs=30 learning_rate=1.5e-6 interruptible-plugin.enabled=true early_stopping.enabled=true"
        );
        assert_eq!(unused[0], "`seed` (line 1): -1 asks for a seed nobody knows; here a run's seed is always known");
        assert_eq!(
            unused[1..],
            ["`clip_grad_norm` (line 1): it is null", "`resolution` (line 2): it means nothing here"]
        );
    }

    #[test]
    fn both_forms_of_bz_are_read() {
        let nested = r#"{"training": {"epochs": 3, "device": "auto", "compile": true, "checkpoint_interval": 5},
 "plugins": {"early_stopping": {"enabled": true, "config": {"patience": 4}, "dependencies": ["history"]},
  "console_out": {"enabled": false, "verbose": 1}, "tensorboard": {}},
 "metrics": {"metrics": ["accuracy"], "custom_metrics": {}}, "optuna": {"enabled": true}}"#;
        let (found, unused) = lines(nested).unwrap();
        let expect = "checkpoint_every=5 device=\"auto\" epochs=3 metrics=[\"accuracy\"] \
                      early_stopping.config.patience=4 early_stopping.dependencies=[\"history\"] early_stopping.enabled=true \
                      console_out.enabled=false tensorboard.enabled=true";
        assert_eq!(found, expect);
        let names: Vec<&str> = unused.iter().filter_map(|line| line.split('`').nth(1)).collect();
        assert_eq!(names, ["training.compile", "plugins.console_out.verbose", "metrics.custom_metrics", "optuna"]);

        let flat = r#"{"epochs": 2, "hyperparameters": {"lr": 0.1, "width": 64}, "metrics": ["mse"],
 "plugins": ["console_out", {"early_stopping": {"patience": 2, "enabled": true}}]}"#;
        let (found, unused) = lines(flat).unwrap();
        let expect = "epochs=2 learning_rate=0.1 metrics=[\"mse\"] console_out.enabled=true \
                      early_stopping.config.patience=2 early_stopping.enabled=true";
        assert_eq!((found.as_str(), unused.len()), (expect, 1));
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_place() {
        let check = |text: &str, line: usize, expect: &str| {
            let trouble = lines(text).unwrap_err();
            assert_eq!((trouble.message.as_str(), trouble.at.unwrap().line), (expect, line), "{text}");
        };
        check("{\"epochs\":\n 0}", 2, "option epochs of fit expects a whole number from 1, but was given 0");
        check(
            "{\"batch_size\": \"4\"}",
            1,
            "option batch_size of fit expects a whole number from 1, but was given \"4\"",
        );
        check(
            "{\n\"device\": \"gpu\"}",
            2,
            "there is no device named \"gpu\" (did you mean \"cpu\"?); known are: auto, cpu, cuda:0",
        );
        check(
            "{\"metrics\": [\"acuracy\"]}",
            1,
            "there is no metric named \"acuracy\" (did you mean \"accuracy\"?); known are: accuracy, precision, recall, f1_score, mse, mae, top5_accuracy",
        );
        check("{\"epochs\": 1, \"max_epochs\": 2}", 1, "`epochs` is given twice: line 1 says it too");
        check("[1]", 1, "a configuration is a JSON object; found [1]");
    }
}
