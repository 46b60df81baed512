//! A message as an HTTP request: POST, the body JSON.

use crate::note::Note;
use crate::postman::{Undelivered, Way};
use crate::settings::Settings;
use candlewick_plugin_api::PluginError;
use std::time::Duration;

/// A webhook's address, and how patient to be with it.
pub(crate) struct Webhook {
    agent: ureq::Agent,
    address: String,
    /// What problems name: an address's path is often the secret that lets one send to it.
    host: String,
    retries: u32,
}

impl Webhook {
    pub(crate) fn new(settings: &Settings) -> Result<Self, PluginError> {
        let address = settings.webhook.clone();
        let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
        let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        let host = host.map(|host| host.rsplit('@').next().unwrap_or_default()).filter(|host| !host.is_empty());
        let refused =
            || PluginError::invalid("webhook takes an address that begins with https:// or http:// and names a host");
        let host = host.ok_or_else(refused)?.to_owned();
        let timeout = Duration::from_secs_f64(settings.timeout);
        let agent = ureq::Agent::config_builder().timeout_global(Some(timeout)).build().into();
        Ok(Self { agent, address, host, retries: settings.retries })
    }
}

impl Way for Webhook {
    fn send(&self, note: &Note) -> Result<(), Undelivered> {
        let request = self.agent.post(&self.address).header("content-type", "application/json");
        let Err(error) = request.send(note.json.to_string()) else { return Ok(()) };
        let may_pass = match error {
            ureq::Error::StatusCode(code) => code >= 500 || code == 429,
            _ => true,
        };
        Err(Undelivered { problem: format!("the webhook at {} failed: {error}", self.host), may_pass })
    }

    fn retries(&self) -> u32 {
        self.retries
    }
}
