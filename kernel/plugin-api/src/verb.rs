//! What a plugin can be asked to do beside its hooks: verbs, in groups, declared once in [`Verb::all`].
//!
//! Must not know who calls them. Read [`Verb`] first, then [`Group`]. Names and groups are those of seeds 000 and 004.

use crate::nearest;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A group of verbs that belong together. A plugin has a group when it has all its verbs that are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// A model: initialize, load_model, infer, cleanup, supports_config.
    Model,
    /// Text: tokenize, detokenize, generate_text, chat_completion.
    Text,
    /// The six entry points: data_access, instantiate, fit, predict, serialize, deserialize.
    EntryPoints,
    /// Memory of models: paging, statistics, clean-up.
    Memory,
    /// Taking parts out of models.
    Surgery,
    /// Making models smaller.
    Compression,
    /// Running a model in parts.
    Distribution,
}

/// One verb.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verb(usize);

/// What the table says of a verb.
struct Entry {
    name: &'static str,
    group: Group,
    /// Parameters that a plugin's function must take.
    parameters: &'static [&'static str],
    /// Parameters that it may take after them.
    optional: &'static [&'static str],
    /// Whether the group is only half there without it.
    needed: bool,
    doc: &'static str,
}

const fn entry(
    group: Group,
    needed: bool,
    name: &'static str,
    parameters: &'static [&'static str],
    optional: &'static [&'static str],
    doc: &'static str,
) -> Entry {
    Entry { name, group, parameters, optional, needed, doc }
}

/// A group is only half there without such a verb.
const NEEDED: bool = true;
/// A group is whole without it.
const SPARE: bool = false;

use Group::{Compression, Distribution, EntryPoints, Memory, Model, Surgery, Text};

/// Entry points take what their author wants after the parameters named here: up to eight more.
const REST: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "h"];

#[rustfmt::skip]
const TABLE: &[Entry] = &[
    entry(Model, SPARE, "initialize", &[], &["options"], "prepares the plugin; called once before its first use"),
    entry(Model, SPARE, "load_model", &[], &["config"], "loads the model that `infer` uses"),
    entry(Model, NEEDED, "infer", &["data"], &["options"], "answers for given data"),
    entry(Model, SPARE, "cleanup", &[], &[], "gives back what the plugin holds; called when it is deactivated"),
    entry(Model, SPARE, "supports_config", &["config"], &[], "whether `load_model` can use a configuration"),
    entry(Text, NEEDED, "tokenize", &["text"], &["options"], "turns text into tokens"),
    entry(Text, NEEDED, "detokenize", &["tokens"], &["options"], "turns tokens into text"),
    entry(Text, NEEDED, "generate_text", &["prompt"], &["max_new_tokens", "options"], "goes on with a text"),
    entry(Text, SPARE, "chat_completion", &["messages"], &["max_new_tokens", "options"], "answers in a conversation"),
    entry(EntryPoints, SPARE, "data_access", &[], REST, "gives data by name"),
    entry(EntryPoints, NEEDED, "instantiate", &[], REST, "makes an instance of the model"),
    entry(EntryPoints, NEEDED, "fit", &["instance"], REST, "trains an instance; its answer is the trained one"),
    entry(EntryPoints, NEEDED, "predict", &["instance"], REST, "answers for given data"),
    entry(EntryPoints, SPARE, "serialize", &["instance"], &[], "turns an instance into bytes"),
    entry(EntryPoints, SPARE, "deserialize", &["bytes"], &[], "turns bytes into an instance"),
    entry(Memory, NEEDED, "setup_memory_management", &[], &["options"], "prepares the plugin's own care for memory"),
    entry(Memory, SPARE, "enable_tensor_paging", &[], &["options"], "moves tensors out of memory and back"),
    entry(Memory, NEEDED, "get_memory_stats", &[], &[], "what is where and how often it moved"),
    entry(Memory, SPARE, "force_memory_cleanup", &[], &[], "frees what can be freed now"),
    entry(Surgery, NEEDED, "setup_model_surgery", &[], &["options"], "prepares the plugin's surgery"),
    entry(Surgery, NEEDED, "perform_model_surgery", &["model"], &["remove", "preserve"], "takes parts out of a model"),
    entry(Surgery, NEEDED, "analyze_model_for_surgery", &["model"], &[], "what could be taken out, and what it would save"),
    entry(Compression, NEEDED, "setup_tensor_compression", &[], &["options"], "prepares the plugin's compression"),
    entry(Compression, NEEDED, "compress_model_weights", &["ratio"], &["options"], "makes a model's weights smaller"),
    entry(Compression, NEEDED, "get_compression_stats", &[], &[], "what was stored before and after"),
    entry(Distribution, NEEDED, "setup_distributed_simulation", &[], &["options"], "prepares the parts"),
    entry(Distribution, NEEDED, "enable_distributed_execution", &[], &["options"], "runs the model in parts from now on"),
    entry(Distribution, NEEDED, "get_distributed_stats", &[], &[], "what each part holds and did"),
];

impl Verb {
    /// Every verb, group by group.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..TABLE.len()).map(Self)
    }

    /// The verb of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().position(|entry| entry.name == name).map(Self)
    }

    /// The verb whose name a misspelt one is nearest to.
    pub fn nearest(name: &str) -> Option<&'static str> {
        nearest(name, TABLE.iter().map(|entry| entry.name))
    }

    /// The name of its function.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The group it belongs to.
    pub fn group(self) -> Group {
        self.entry().group
    }

    /// What it is asked for, in one line.
    pub fn doc(self) -> &'static str {
        self.entry().doc
    }

    /// Whether its group is only half there without it.
    pub fn is_needed(self) -> bool {
        self.entry().needed
    }

    /// Whether a function with that many parameters can be it.
    pub fn takes(self, parameters: usize) -> bool {
        let (least, more) = (self.entry().parameters.len(), self.entry().optional.len());
        (least..=least + more).contains(&parameters)
    }

    /// The names of its parameters, those that may be left out at the end.
    pub fn parameters(self) -> impl Iterator<Item = &'static str> {
        self.entry().parameters.iter().chain(self.entry().optional).copied()
    }

    /// How its function is written: `fn infer(data)`; with what it may take besides: `fn infer(data [, options])`.
    pub fn signature(self) -> String {
        let Entry { name, parameters, optional, .. } = self.entry();
        let more = match optional {
            [] => String::new(),
            _ if *optional == REST => "…".to_owned(),
            _ => optional.join(", "),
        };
        match (parameters.is_empty(), more.is_empty()) {
            (_, true) => format!("fn {name}({})", parameters.join(", ")),
            (true, false) => format!("fn {name}([{more}])"),
            (false, false) => format!("fn {name}({} [, {more}])", parameters.join(", ")),
        }
    }

    fn entry(self) -> &'static Entry {
        &TABLE[self.0]
    }
}

impl Group {
    /// Every group, in the order of the table.
    pub const ALL: [Self; 7] = [Model, Text, EntryPoints, Memory, Surgery, Compression, Distribution];

    /// The name users read.
    pub fn name(self) -> &'static str {
        match self {
            Model => "model",
            Text => "text",
            EntryPoints => "entry points",
            Memory => "memory",
            Surgery => "surgery",
            Compression => "compression",
            Distribution => "distribution",
        }
    }

    /// Its verbs.
    pub fn verbs(self) -> impl Iterator<Item = Verb> {
        Verb::all().filter(move |verb| verb.group() == self)
    }

    /// The verbs that a plugin with these still needs for the group to be whole; none when it has none of the group.
    pub fn missing(self, has: &[Verb]) -> Vec<Verb> {
        if !has.iter().any(|verb| verb.group() == self) {
            return Vec::new();
        }
        self.verbs().filter(|verb| verb.is_needed() && !has.contains(verb)).collect()
    }
}

impl fmt::Debug for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_once() {
        for verb in Verb::all() {
            assert_eq!(Verb::from_name(verb.name()), Some(verb));
            assert!(crate::Hook::from_name(verb.name()).is_none(), "{verb} is a hook");
        }
        assert_eq!(Verb::nearest("infr"), Some("infer"));
    }

    #[test]
    fn signatures_say_what_may_be_left_out() {
        let check = |name: &str, expect: &str| assert_eq!(Verb::from_name(name).unwrap().signature(), expect);
        check("infer", "fn infer(data [, options])");
        check("cleanup", "fn cleanup()");
        check("load_model", "fn load_model([config])");
        check("serialize", "fn serialize(instance)");
        check("fit", "fn fit(instance [, …])");
        let infer = Verb::from_name("infer").unwrap();
        assert_eq!([0, 1, 2, 3].map(|count| infer.takes(count)), [false, true, true, false]);
    }

    #[test]
    fn a_group_is_there_half_there_or_not() {
        let check = |group: Group, has: &[&str], expect: &[&str]| {
            let has: Vec<Verb> = has.iter().filter_map(|name| Verb::from_name(name)).collect();
            assert_eq!(group.missing(&has).iter().map(|verb| verb.name()).collect::<Vec<_>>(), expect);
        };
        check(Model, &["infer"], &[]);
        check(Model, &["load_model"], &["infer"]);
        check(Text, &["tokenize"], &["detokenize", "generate_text"]);
        check(Text, &["infer"], &[]);
        check(EntryPoints, &["instantiate", "fit", "predict"], &[]);
    }
}
