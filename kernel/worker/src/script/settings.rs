//! `this.config`: a plugin's settings, to be read only. Read [`Settings`] first.

use crate::problem::Fault;
use candlewick_plugin_api::nearest;
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map};
use std::rc::Rc;

/// A plugin's settings. A type of its own, because a map's elements could be changed by the script, and because a clone
/// of it costs next to nothing at every call.
#[derive(Clone, Debug)]
pub struct Settings(pub Rc<Map>);

/// Names the type and makes its fields readable.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Settings>("settings");
    engine.register_indexer_get(read).register_indexer_set(refuse);
    engine.register_fn("keys", |settings: &mut Settings| -> Array {
        settings.0.keys().map(|key| Dynamic::from(key.to_string())).collect()
    });
    for name in ["to_string", "to_debug"] {
        engine.register_fn(name, |settings: &mut Settings| Dynamic::from_map((*settings.0).clone()).to_string());
    }
}

fn read(settings: &mut Settings, name: ImmutableString) -> Result<Dynamic, Box<EvalAltResult>> {
    settings.0.get(name.as_str()).cloned().ok_or_else(|| {
        let hint = match nearest(&name, settings.0.keys().map(|key| key.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "settings with their defaults stand in `metadata.config`".to_owned(),
        };
        Fault::error("NameError", format!("there is no setting `{name}`; {hint}"))
    })
}

fn refuse(_: &mut Settings, name: ImmutableString, _: Dynamic) -> Result<(), Box<EvalAltResult>> {
    let what = format!(
        "the setting `{name}` cannot be changed by the plugin; set it as `{name}=…` on the `%%plugin` line, or keep a value of its own in `this`"
    );
    Err(Fault::error("ConstantError", what))
}
