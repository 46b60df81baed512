//! Modules of a user's own: what computes, and the definition it is made from again and again.
//!
//! Must not know nets or files. Read [`Forward`] first, then [`OwnModule`].

use super::layer::Mode;
use super::parameters::Parameters;
use crate::{EngineError, Result, own};
use candle_core::{Module, Tensor};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error, ser::SerializeMap};
use std::fmt;
use std::rc::Rc;

/// What computes a net's output, or a layer's.
///
/// Whatever implements candle's `Module` (`fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor>`) has it already,
/// closures among them. Implement this trait instead where training differs from use: `mode` says which it is, and has
/// seeded randomness. Parameters come from [`Parameters`], when the net is made by [`Net::of`](super::Net::of).
///
/// A forward pass may be asked for again (after an interrupt), so it keeps nothing but through [`Buffer`](super::Buffer).
///
/// ```
/// # use candle_core::{Device, Module, Tensor, Var};
/// # use candlewick_engine::{EngineError, Seed, data::*, nn::*, run::*};
/// # use candlewick_plugin_api::Random;
/// struct Mlp { hidden: Block, output: Block }
///
/// impl Forward for Mlp {
///     fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor, EngineError> {
///         let hidden = self.hidden.forward(x, mode)?.relu()?;
///         self.output.forward(&mode.dropout(&hidden, 0.1, "hidden")?, mode)
///     }
/// }
///
/// let net = Net::of("mlp", |parameters| {
///     Ok(Mlp { hidden: parameters.linear("hidden", 64, 128)?, output: parameters.linear("output", 128, 10)? })
/// })?;
/// # Ok::<(), EngineError>(())
/// ```
// The method is not named `forward`: a type that is a `Module` would then have two of that name, and every call of it
// would have to say which.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no module: it computes nothing",
    note = "implement `Module` (`fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor>`), \
            or `Forward` (`fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor, EngineError>`), \
            but not both"
)]
pub trait Forward {
    /// The output for `x`, batch first.
    ///
    /// # Errors
    /// Whatever stops it; an error names the module when it is told.
    fn forward_in(&self, x: &Tensor, mode: Mode) -> Result<Tensor>;
}

impl<M: Module> Forward for M {
    fn forward_in(&self, x: &Tensor, _mode: Mode) -> Result<Tensor> {
        Ok(self.forward(x)?)
    }
}

/// A module of a user's own as part of a net's definition: its name, and what makes it.
#[derive(Clone)]
pub struct OwnModule {
    name: Rc<str>,
    /// Whether it is the whole net: its parameters' names then have no number before them.
    whole: bool,
    make: Rc<Make>,
}

type Make = dyn Fn(&Parameters<'_>) -> Result<Box<dyn Forward>>;

impl OwnModule {
    /// A module of that name; `make` is called whenever parameters are drawn, copied, moved or read from a file.
    pub(super) fn new<M: Forward + 'static>(
        name: &str,
        whole: bool,
        make: impl Fn(&Parameters<'_>) -> Result<M> + 'static,
    ) -> Self {
        let make = move |parameters: &Parameters<'_>| Ok(Box::new(make(parameters)?) as Box<dyn Forward>);
        Self { name: name.into(), whole, make: Rc::new(make) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the whole net.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Makes it with these parameters.
    pub(super) fn build(&self, parameters: &Parameters<'_>) -> Result<Box<dyn Forward>> {
        own::called(|| format!("making the module {}", self.name), || (self.make)(parameters))
    }

    /// What it computes; an error names it.
    pub(super) fn run(&self, module: &dyn Forward, x: &Tensor, mode: Mode) -> Result<Tensor> {
        own::called(|| format!("the module {}", self.name), || module.forward_in(x, mode))
    }
}

impl fmt::Debug for OwnModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnModule").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for OwnModule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.whole == other.whole && Rc::ptr_eq(&self.make, &other.make)
    }
}

/// Its name stands for it: files and checkpoints say which module they need, and whoever reads them has to give it.
impl Serialize for OwnModule {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("name", &*self.name)?;
        if self.whole {
            fields.serialize_entry("whole", &true)?;
        }
        fields.end()
    }
}

impl<'de> Deserialize<'de> for OwnModule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            name: String,
        }
        let Fields { name } = Fields::deserialize(deserializer)?;
        Err(D::Error::custom(EngineError::not_built_in("module", &name)))
    }
}
