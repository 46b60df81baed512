//! The table of built-in functions: what users may call, from which execution, help, completion, inspection and the
//! reference all come.
//!
//! Must not know cells. Read [`Builtin`] first, then [`all`].

mod actions;
mod arguments;
mod assert;
mod closures;
mod confusion;
mod data;
mod files;
mod frame;
mod image;
mod input;
mod instances;
mod items;
mod keywords;
mod memory;
mod models;
mod nets;
mod optimizers;
mod output;
mod plot;
mod plugin_files;
mod plugins;
mod points;
mod preview;
mod signature;
mod tensor;
mod tensor_make;
mod tensor_math;
mod tensor_shape;
mod training;

use crate::session::Session;
use crate::show::Shows;
use rhai::Engine;

pub use arguments::{Answer, fault, interrupted};
pub use keywords::{KEYWORDS, keyword};
pub use plugin_files::{Loaded, declined, discover, told};
pub use plugins::{PluginHandle, enveloped, json_map as settings_of};
pub use points::effects;
pub use signature::quoted;

/// One entry of the language surface.
pub struct Builtin {
    /// The name users write.
    pub name: &'static str,
    /// What it is called on.
    pub kind: Kind,
    /// How it is written, such as `display(value) -> display`.
    pub signature: &'static str,
    /// One line on what it does.
    pub doc: &'static str,
    /// A line of Rhai that uses it.
    pub example: &'static str,
    /// Makes it known to the language engine.
    pub bind: fn(&mut Engine, &Session),
}

impl Builtin {
    /// An entry of a table.
    pub const fn new(
        kind: Kind,
        name: &'static str,
        signature: &'static str,
        doc: &'static str,
        example: &'static str,
        bind: fn(&mut Engine, &Session),
    ) -> Self {
        Self { name, kind, signature, doc, example, bind }
    }
}

/// What an entry is called on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: `name(…)`.
    Function,
    /// A value of the type of that name: `x.name(…)`.
    Method(&'static str),
    /// A value of the type of that name: `x.name`.
    Property(&'static str),
}

/// All entries, in the order the reference lists them.
pub fn all() -> impl Iterator<Item = &'static Builtin> {
    let tables = [
        output::BUILTINS,
        assert::BUILTINS,
        input::BUILTINS,
        tensor::BUILTINS,
        tensor_make::BUILTINS,
        tensor_math::BUILTINS,
        tensor_shape::BUILTINS,
        frame::BUILTINS,
        plot::BUILTINS,
        plugins::BUILTINS,
        plugin_files::BUILTINS,
        points::BUILTINS,
        files::BUILTINS,
        confusion::BUILTINS,
        memory::BUILTINS,
        data::BUILTINS,
        items::BUILTINS,
        image::BUILTINS,
        preview::BUILTINS,
        nets::BUILTINS,
        optimizers::BUILTINS,
        training::BUILTINS,
        instances::BUILTINS,
        actions::BUILTINS,
        models::BUILTINS,
        crate::script::BUILTINS,
        crate::script::UPDATE_BUILTINS,
        crate::script::OPTIMIZER_BUILTINS,
        crate::script::TRANSFORM_BUILTINS,
    ];
    tables.into_iter().flatten().chain(plugins::VERBS.iter())
}

/// Makes the whole surface known to a language engine.
pub fn bind(engine: &mut Engine, session: &Session) {
    output::types(engine);
    tensor::types(engine);
    data::types(engine);
    nets::types(engine);
    optimizers::types(engine);
    training::types(engine);
    tensor_math::types(engine);
    tensor_shape::types(engine);
    frame::types(engine);
    plot::types(engine);
    memory::types(engine);
    preview::types(engine);
    plugins::types(engine, session);
    instances::types(engine);
    actions::types(engine);
    models::types(engine);
    plugin_files::types(engine);
    crate::script::types(engine);
    all().for_each(|builtin| (builtin.bind)(engine, session));
}

/// How values of the surface's types look.
pub fn shows() -> Shows {
    let mut shows = Shows::default();
    tensor::shows(&mut shows);
    data::shows(&mut shows);
    nets::shows(&mut shows);
    optimizers::shows(&mut shows);
    training::shows(&mut shows);
    frame::shows(&mut shows);
    plot::shows(&mut shows);
    memory::shows(&mut shows);
    instances::shows(&mut shows);
    preview::shows(&mut shows);
    actions::shows(&mut shows);
    models::shows(&mut shows);
    plugin_files::shows(&mut shows);
    shows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_a_reserved_word() {
        let engine = Engine::new();
        for builtin in all() {
            let name = builtin.name;
            for text in [format!("x.{name}()"), format!("#{{ {name}: 1 }}")] {
                assert!(engine.compile(&text).is_ok(), "{text}");
            }
        }
    }

    #[test]
    fn every_entry_is_documented_and_its_example_is_rhai() {
        let engine = Engine::new();
        for builtin in all() {
            assert!(builtin.signature.contains(builtin.name) && !builtin.doc.is_empty(), "{}", builtin.name);
            assert!(builtin.example.contains(builtin.name), "{}", builtin.name);
            assert!(engine.compile(builtin.example).is_ok(), "{}", builtin.example);
        }
    }
}
