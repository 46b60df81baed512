//! What arrives, when, and what is said when it does not. The other side is a small server on this machine.

#![allow(clippy::unwrap_used)] // functions that the tests share

mod servers;

use super::*;
use candlewick_plugin_api::RunId;
use serde_json::json;
use servers::{Answer, HttpServer, MailServer};
use std::time::Instant;

const CA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/ca.pem");

fn configured(config: &Value) -> Result<Notification, String> {
    let mut plugin = Notification::new();
    plugin.configure(config.as_object().unwrap()).map_err(|error| error.to_string())?;
    Ok(plugin)
}

fn at(run: RunId, epoch: usize, loss: f64) -> Context {
    let mut ctx = Context::default();
    let facts = ctx.driver().facts;
    (facts.run, facts.epoch, facts.epochs, facts.seconds) = (run, epoch, 3, 61.4);
    (facts.training_loss_total, facts.training_batch_count) = (loss, 1);
    facts.training_metrics.insert("accuracy".into(), 0.5);
    facts.project_name = "digits".into();
    ctx
}

/// A run of three epochs that ends so; the warnings.
fn whole_run(plugin: &mut Notification, outcome: Outcome, reason: Option<&str>) -> Vec<String> {
    let mut ctx = at(4, 0, 1.0);
    plugin.start_training_session(&mut ctx).unwrap();
    let mut warnings = Vec::new();
    for epoch in 0..3 {
        ctx = at(4, epoch, 1.0 / (epoch + 1) as f64);
        plugin.end_epoch(&mut ctx).unwrap();
        warnings.append(ctx.driver().events);
    }
    let facts = ctx.driver().facts;
    (facts.outcome, facts.stop_reason) = (Some(outcome), reason.map(Into::into));
    plugin.end_training_session(&mut ctx).unwrap();
    warnings.append(ctx.driver().events);
    let text = |event| if let Event::Warning(text) = event { Some(text) } else { None };
    warnings.into_iter().filter_map(text).collect()
}

#[test]
fn a_webhook_is_told_what_was_asked_for_and_in_order() {
    let check = |config: Value, outcome: Outcome, expect: &[&str]| {
        let server = HttpServer::new(&[]);
        let mut config = config.as_object().cloned().unwrap();
        config.insert("webhook".into(), json!(server.address("/secret")));
        let mut plugin = configured(&Value::Object(config.clone())).unwrap();
        assert_eq!(whole_run(&mut plugin, outcome, Some("because")), [] as [&str; 0], "{config:?}");
        let what: Vec<String> = server.bodies().iter().map(|body| body["what"].as_str().unwrap().to_owned()).collect();
        assert_eq!(what, expect, "{config:?}");
    };
    check(json!({}), Outcome::Done, &["end"]);
    check(json!({}), Outcome::Failed, &["failure"]);
    check(json!({ "on": ["end", "failure"] }), Outcome::Stopped, &[]);
    check(json!({ "on": ["stop"], "every_epochs": 2 }), Outcome::Stopped, &["epoch", "stop"]);
    check(json!({ "on": [], "condition": "training_loss < 0.6" }), Outcome::Done, &["condition training_loss < 0.6"]);
    check(json!({ "on": [], "condition": "training_accuracy>0.9" }), Outcome::Done, &[]);
}

#[test]
fn the_body_is_json_with_where_the_run_stands() {
    let server = HttpServer::new(&[]);
    let mut plugin = configured(&json!({ "webhook": server.address("/x") })).unwrap();
    whole_run(&mut plugin, Outcome::Failed, Some("the loss became NaN"));
    let body = server.bodies().remove(0);
    assert_eq!((&body["project"], &body["run"], &body["epoch"]), (&json!("digits"), &json!(4), &json!(2)));
    assert_eq!((&body["outcome"], &body["reason"]), (&json!("failed"), &json!("the loss became NaN")));
    assert_eq!(body["measured"]["training_accuracy"], json!(0.5));
    let text = body["text"].as_str().unwrap();
    assert!(
        text.starts_with("run 4 has failed\nepoch 3 of 3\nreason: the loss became NaN\ntraining_loss: 0.3333"),
        "{text}"
    );
}

#[test]
fn a_webhook_that_fails_is_tried_again_a_few_times() {
    let check = |answers: &[u16], retries: u32, requests: usize, warning: &str| {
        let server = HttpServer::new(answers);
        let config = json!({ "webhook": server.address("/secret"), "retries": retries });
        let warnings = whole_run(&mut configured(&config).unwrap(), Outcome::Done, None).join("\n");
        assert_eq!(server.bodies().len(), requests, "{answers:?}");
        assert!(warnings.contains(warning) && warnings.is_empty() == warning.is_empty(), "{answers:?}: {warnings}");
        assert!(!warnings.contains("secret"), "{warnings}");
    };
    check(&[503], 1, 2, "");
    check(&[503, 503], 1, 2, "the webhook at 127.0.0.1:");
    check(&[503, 503], 1, 2, "503 (tried 2 times)");
    check(&[404], 3, 1, "404");
}

#[test]
fn nobody_waits_for_a_server_that_does_not_answer() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", silent.local_addr().unwrap());
    let config = json!({ "webhook": address, "every_epochs": 1, "retries": 0, "timeout": 30, "wait": 0.1 });
    let mut plugin = configured(&config).unwrap();
    let begun = Instant::now();
    for epoch in 0..3 {
        plugin.end_epoch(&mut at(4, epoch, 1.0)).unwrap();
    }
    let mut ctx = at(4, 2, 1.0);
    plugin.end_training_session(&mut ctx).unwrap();
    assert!(begun.elapsed().as_secs_f64() < 10.0, "{:?}", begun.elapsed());
    let said = format!("{:?}", ctx.driver().events);
    assert!(said.contains("4 not sent within"), "{said}");
}

fn mail(server: &MailServer, more: Value) -> Value {
    let mut config = json!({
        "host": "localhost", "port": server.port(), "certificates": CA, "retries": 0,
        "from": "Candle <run@example.org>", "to": ["a@example.org", "b@example.org"],
    });
    config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    config
}

#[test]
fn mail_goes_to_all_receivers_over_a_connection_made_secret() {
    let server = MailServer::new(Answer::Starttls);
    let warnings =
        whole_run(&mut configured(&mail(&server, json!({}))).unwrap(), Outcome::Stopped, Some("enough\nseen"));
    assert_eq!(warnings, [] as [&str; 0]);
    let letter = server.letters().remove(0);
    assert!(letter.secret);
    assert_eq!(letter.to, ["a@example.org", "b@example.org"]);
    for part in
        ["Subject: [digits] run 4 was stopped\r\n", "From: Candle <run@example.org>", "epoch 3 of 3", "reason: enough"]
    {
        assert!(letter.text.contains(part), "{part}: {}", letter.text);
    }
}

#[test]
fn a_user_is_named_with_the_password_of_the_variable() {
    let server = MailServer::new(Answer::Starttls);
    // A variable that every test process has: setting one while other threads read is not sound.
    let config = mail(&server, json!({ "user": "u", "password_variable": "CARGO_PKG_NAME" }));
    assert_eq!(whole_run(&mut configured(&config).unwrap(), Outcome::Done, None), [] as [&str; 0]);
    // base64 of "\0u\0candlewick-notification"
    assert_eq!(server.letters()[0].login, "AHUAY2FuZGxld2ljay1ub3RpZmljYXRpb24=");
}

#[test]
fn a_server_that_offers_no_secret_or_cannot_be_trusted_gets_nothing() {
    let check = |answer: Answer, more: Value, expect: &str| {
        let server = MailServer::new(answer);
        let warnings = whole_run(&mut configured(&mail(&server, more)).unwrap(), Outcome::Done, None).join("\n");
        assert!(warnings.contains(&format!("mail through localhost:{} failed: ", server.port())), "{warnings}");
        assert!(warnings.to_lowercase().contains(expect), "{warnings}");
        assert_eq!(server.letters().len(), 0);
    };
    check(Answer::Plain, json!({}), "starttls");
    check(Answer::Starttls, json!({ "certificates": "" }), "certificate");
}

#[test]
fn mail_on_this_machine_may_go_as_it_is() {
    let server = MailServer::new(Answer::Plain);
    let mut plugin = configured(&mail(&server, json!({ "security": "none" }))).unwrap();
    assert_eq!(whole_run(&mut plugin, Outcome::Done, None), [] as [&str; 0]);
    assert!(!server.letters()[0].secret);
}

#[test]
fn what_cannot_be_is_refused_when_it_is_set() {
    let check = |config: Value, expect: &str| {
        let error = configured(&config).err().unwrap_or_default();
        assert!(error.contains(expect), "{config}: {error}");
    };
    let mail = |more: Value| {
        let mut config = json!({ "host": "localhost", "from": "a@b.c", "to": ["a@b.c"] });
        config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        config
    };
    check(json!({ "every_epochs": 2 }), "it has nowhere to send to: set `webhook`");
    check(json!({ "webhook": "ftp://x" }), "begins with https:// or http://");
    check(mail(json!({ "to": [] })), "`to` is empty");
    check(mail(json!({ "from": "nobody" })), "`from` cannot be \"nobody\"");
    check(mail(json!({ "security": "ssl" })), "expected `starttls` or `none`");
    check(mail(json!({ "security": "none", "host": "mail.example.org" })), "on this machine, not for mail.example.org");
    check(mail(json!({ "user": "u", "password_variable": "NO_SUCH_VARIABLE" })), "NO_SUCH_VARIABLE holds no password");
    check(mail(json!({ "certificates": "/nowhere.pem" })), "the certificates in /nowhere.pem cannot be read");
    check(mail(json!({ "on": ["start"] })), "`end`");
    check(mail(json!({ "condition": "loss" })), "write it like `validation_loss < 0.1`");
    check(mail(json!({ "timeout": 0 })), "timeout is 0");
    assert!(configured(&json!({})).is_ok(), "registered, not yet set up");
    let error = configured(&json!({})).unwrap().start_training_session(&mut Context::default()).unwrap_err();
    assert!(error.to_string().contains("nowhere to send to"), "{error}");
}
