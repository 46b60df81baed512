//! Where and when to send. Read [`Settings`] first.

use crate::mail::Mail;
use crate::postman::Way;
use crate::webhook::Webhook;
use candlewick_plugin_api::{Facts, Measure, PluginError, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// The plugin's settings. Nothing is sent before `webhook` or `host` is set.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Settings {
    /// The webhook's address, `https://…`; empty for none.
    pub webhook: String,
    /// The mail server; empty for no mail.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection to it is kept secret.
    pub security: Security,
    /// A file with certificates (PEM) to trust beside those of the web; empty for none.
    pub certificates: String,
    /// The user at the mail server; empty for none.
    pub user: String,
    /// The environment variable that holds the password: a password itself does not belong into a notebook.
    pub password_variable: String,
    /// The sender's address.
    pub from: String,
    /// The receivers' addresses.
    pub to: Vec<String>,
    /// Which ends of a run are told.
    pub on: Vec<Occasion>,
    /// Epochs from one message to the next; 0 for none.
    pub every_epochs: usize,
    /// Told once when it first holds at the end of an epoch, such as `validation_loss < 0.1`.
    #[serde(with = "optional")]
    #[schemars(with = "String")]
    pub condition: Option<Condition>,
    /// Seconds that one attempt may take.
    pub timeout: f64,
    /// Attempts after the first.
    pub retries: u32,
    /// Seconds that the end of a run waits for what is still being sent.
    pub wait: f64,
}

/// How the connection to the mail server is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// By TLS after the greeting (RFC 3207); a server without it is refused.
    Starttls,
    /// Not at all: only for a server on this machine.
    None,
}

/// An end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// It came to its end as planned.
    End,
    /// An error ended it.
    Failure,
    /// A plugin or the user stopped it.
    Stop,
}

impl Occasion {
    /// The word that settings and messages use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Failure => "failure",
            Self::Stop => "stop",
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            webhook: String::new(),
            host: String::new(),
            port: 587,
            security: Security::Starttls,
            certificates: String::new(),
            user: String::new(),
            password_variable: "CANDLEWICK_MAIL_PASSWORD".into(),
            from: String::new(),
            to: Vec::new(),
            on: vec![Occasion::End, Occasion::Failure, Occasion::Stop],
            every_epochs: 0,
            condition: None,
            timeout: 10.0,
            retries: 2,
            wait: 15.0,
        }
    }
}

impl Settings {
    pub(crate) fn read(config: &Map<String, Value>) -> Result<Self, PluginError> {
        let read: Self = settings::read(config)?;
        for (name, seconds, least) in [("timeout", read.timeout, 0.001), ("wait", read.wait, 0.0)] {
            if !(least..=3600.0).contains(&seconds) {
                let message = format!("{name} is {seconds}; it takes seconds above 0, 3600 at most");
                return Err(PluginError::invalid(message));
            }
        }
        let is_local = ["localhost", "127.0.0.1", "::1"].contains(&read.host.as_str());
        if read.security == Security::None && !read.host.is_empty() && !is_local {
            let message = format!("security `none` is for a mail server on this machine, not for {}", read.host);
            return Err(PluginError::invalid(message));
        }
        if read != Self::default() {
            // What cannot be sent by is said now; the default is what stands there before anybody has set it.
            read.ways()?;
        }
        Ok(read)
    }

    /// The ways by which messages go.
    pub(crate) fn ways(&self) -> Result<Vec<Box<dyn Way>>, PluginError> {
        let mut ways: Vec<Box<dyn Way>> = Vec::new();
        if !self.webhook.is_empty() {
            ways.push(Box::new(Webhook::new(self)?));
        }
        if !self.host.is_empty() {
            ways.push(Box::new(Mail::new(self)?));
        }
        if ways.is_empty() {
            let how = "set `webhook` to an address, or `host`, `from` and `to` for mail";
            return Err(PluginError::invalid(format!("it has nowhere to send to: {how}")));
        }
        Ok(ways)
    }

    pub(crate) fn wait(&self) -> Duration {
        Duration::from_secs_f64(self.wait)
    }
}

/// A measure compared with a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    measure: Measure,
    is_below: bool,
    bound: f64,
}

impl Condition {
    /// Reads `validation_loss < 0.1` or `training_accuracy > 0.9`.
    ///
    /// # Errors
    /// Another form, or an unknown kind of measure.
    pub fn read(text: &str) -> Result<Self, String> {
        let form = || format!("a condition cannot be `{text}`; write it like `validation_loss < 0.1`");
        let (at, is_below) =
            text.char_indices().find_map(|(at, c)| "<>".contains(c).then_some((at, c == '<'))).ok_or_else(form)?;
        let bound = text[at + 1..].trim().parse().map_err(|_| form())?;
        Ok(Self { measure: Measure::from_name(text[..at].trim())?, is_below, bound })
    }

    /// Whether it holds now.
    ///
    /// # Errors
    /// The run does not measure that.
    pub fn holds(&self, facts: &Facts) -> Result<bool, String> {
        let value = self.measure.of(facts)?;
        Ok(if self.is_below { value < self.bound } else { value > self.bound })
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.measure, if self.is_below { '<' } else { '>' }, self.bound)
    }
}

/// A condition as a setting: text, empty for none.
mod optional {
    use super::Condition;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(condition: &Option<Condition>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&condition.as_ref().map_or(String::new(), Condition::to_string))
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Condition>, D::Error> {
        let text = String::deserialize(from)?;
        (!text.trim().is_empty()).then(|| Condition::read(&text).map_err(D::Error::custom)).transpose()
    }
}
