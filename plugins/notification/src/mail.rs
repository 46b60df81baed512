//! A message as a mail: SMTP, secret from STARTTLS on.

use crate::note::Note;
use crate::postman::{Undelivered, Way};
use crate::settings::{Security, Settings};
use candlewick_plugin_api::PluginError;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};
use std::error::Error;
use std::time::Duration;

/// A mail server, and who writes to whom.
pub(crate) struct Mail {
    transport: SmtpTransport,
    server: String,
    from: Mailbox,
    to: Vec<Mailbox>,
    retries: u32,
}

impl Mail {
    pub(crate) fn new(settings: &Settings) -> Result<Self, PluginError> {
        let Settings { host, port, timeout, retries, .. } = settings;
        if settings.to.is_empty() {
            return Err(PluginError::invalid("`to` is empty; it takes the addresses that mail goes to"));
        }
        let builder = SmtpTransport::builder_dangerous(host.clone()).port(*port).tls(tls(settings)?);
        let builder = builder.timeout(Some(Duration::from_secs_f64(*timeout)));
        let builder = match credentials(settings)? {
            Some(credentials) => builder.credentials(credentials),
            None => builder,
        };
        Ok(Self {
            transport: builder.build(),
            server: format!("{host}:{port}"),
            from: address("from", &settings.from)?,
            to: settings.to.iter().map(|to| address("to", to)).collect::<Result<_, _>>()?,
            retries: *retries,
        })
    }

    fn message(&self, note: &Note) -> Result<Message, lettre::error::Error> {
        let begun = Message::builder().from(self.from.clone()).subject(&note.subject);
        self.to.iter().fold(begun, |message, to| message.to(to.clone())).body(note.text.clone())
    }
}

impl Way for Mail {
    fn send(&self, note: &Note) -> Result<(), Undelivered> {
        let failed = |cause: String, may_pass| Undelivered {
            problem: format!("mail through {} failed: {cause}", self.server),
            may_pass,
        };
        let message = self.message(note).map_err(|error| failed(error.to_string(), false))?;
        match self.transport.send(&message) {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(failed(with_causes(&error), !error.is_permanent() && !error.is_client() && !error.is_tls()))
            }
        }
    }

    fn retries(&self) -> u32 {
        self.retries
    }
}

/// What the connection is secured by.
fn tls(settings: &Settings) -> Result<Tls, PluginError> {
    if settings.security == Security::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(settings.host.clone());
    let path = settings.certificates.as_str();
    if !path.is_empty() {
        let unreadable =
            |cause: String| PluginError::invalid(format!("the certificates in {path} cannot be read: {cause}"));
        let pem = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| unreadable(with_causes(&error)))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    let failed = |error| PluginError::failed(format!("TLS cannot be set up: {}", with_causes(&error)));
    Ok(Tls::Required(parameters.build().map_err(failed)?))
}

fn credentials(settings: &Settings) -> Result<Option<Credentials>, PluginError> {
    let Settings { user, password_variable, .. } = settings;
    if user.is_empty() {
        return Ok(None);
    }
    let password = std::env::var(password_variable).map_err(|_| {
        let how = "set it before the session starts, or name another one in `password_variable`";
        PluginError::invalid(format!(
            "the environment variable {password_variable} holds no password for {user}; {how}"
        ))
    })?;
    Ok(Some(Credentials::new(user.clone(), password)))
}

fn address(setting: &str, text: &str) -> Result<Mailbox, PluginError> {
    let refused = |error| PluginError::invalid(format!("`{setting}` cannot be \"{text}\": {error}"));
    text.parse().map_err(refused)
}

/// An error with what lies behind it, where it does not say so itself.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(behind) = cause {
        let words = behind.to_string();
        if !text.contains(&words) {
            text += &format!(": {words}");
        }
        cause = behind.source();
    }
    text
}
