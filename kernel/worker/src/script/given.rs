//! What stands beside a script: the name it is registered under and what its package says.
//!
//! Must not know files. Read [`Given`] first.

use candlewick_plugin_api::{Capability, Schemas};
use candlewick_plugin_manager::{Limits, Registration};
use serde_json::{Map, Value};

/// Key of a package's fields of metadata, in [`Given::package`].
pub const METADATA: &str = "metadata";
/// Key of a package's schemas, in the same.
pub const SCHEMAS: &str = "schemas";

/// What is given to a script plugin from outside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// The name it is registered under; empty when the script says it itself.
    pub name: String,
    /// The name it has when nothing else names it.
    pub otherwise: String,
    /// What its package gives, as a registration keeps it.
    pub package: Map<String, Value>,
    /// What a call of it may use up.
    pub limits: Limits,
    /// What it may reach outside the session, of what it declares.
    pub allow: Vec<Capability>,
}

impl Given {
    /// A name and nothing else.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// The same under the terms of a registration.
    #[must_use]
    pub fn under(self, registration: &Registration) -> Self {
        Self { limits: registration.limits, allow: registration.allow.clone(), ..self }
    }

    /// The fields of metadata: the package's over those of the script.
    pub fn fields(&self, script: &Map<String, Value>) -> Map<String, Value> {
        let mut fields = script.clone();
        let own = self.package.get(METADATA).and_then(Value::as_object);
        fields.extend(own.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
        let unnamed = fields.get("name").and_then(Value::as_str).is_none_or(str::is_empty);
        if unnamed && !self.otherwise.is_empty() {
            fields.insert("name".to_owned(), self.otherwise.as_str().into());
        }
        fields
    }

    /// The schemas of its files.
    ///
    /// # Errors
    /// What is not of the form of schemas.
    pub fn schemas(&self) -> Result<Schemas, String> {
        match self.package.get(SCHEMAS).and_then(Value::as_object) {
            Some(fields) => Schemas::read(fields),
            None => Ok(Schemas::none()),
        }
    }
}
