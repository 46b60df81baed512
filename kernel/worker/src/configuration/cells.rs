//! The configuration as cells meet it: read before the first one, told when it changes, its errors as cells' errors.
//!
//! Must not know how layers are merged. Read [`begin`] first.

use super::{Applied, Change, Effect, Plan, Refusal};
use crate::Host;
use candlewick_display::{self as display, Listing, counted};
use candlewick_link::{FromWorker, Problem, StreamName};
use candlewick_plugin_api::nearest;
use serde_json::Value as Json;

/// Characters of a value in a table.
const LONGEST: usize = 160;

/// Before a cell: what the session begins with is read, once.
///
/// # Errors
/// What cannot be used is the error of the first cell that somebody sees; the cell does not run, and the session goes on
/// without that configuration.
pub fn begin(host: &mut Host, silent: bool) -> Result<(), Problem> {
    let (configuration, plugins) = (host.session().configuration.clone(), host.session().plugins.clone());
    let begun = configuration.borrow_mut().begin(&mut plugins.borrow_mut());
    match begun {
        Ok(None) => {}
        Ok(Some(applied)) => tell_begin(host, &applied),
        Err(refusal) => configuration.borrow_mut().keep(refusal),
    }
    let kept = if silent { None } else { configuration.borrow_mut().take_kept() };
    kept.map_or(Ok(()), |refusal| {
        let advice = "; this cell has not run, and the session goes on without that configuration: \
                      correct it, then `%config reload`, or run the cell again to do without";
        Err(problem(host, &refusal, advice))
    })
}

/// Plugins of a former process come back as they were: what the file says has been done to them already.
pub fn expect_former(host: &Host) {
    host.session().configuration.borrow_mut().expect_former();
}

/// After a cell: plugins that came by it take what is said of them.
pub fn settle(host: &mut Host) {
    let session = host.session().clone();
    let (told, bounded) = {
        let (Ok(mut plugins), Ok(mut configuration)) =
            (session.plugins.try_borrow_mut(), session.configuration.try_borrow_mut())
        else {
            return;
        };
        (configuration.settle(&mut plugins), configuration.take_bounded())
    };
    bounded.iter().for_each(|name| make_one_again(host, name));
    for told in told {
        match told {
            Ok(text) => session.outbox.print(StreamName::Stdout, &format!("{text}\n")),
            Err(text) => session.outbox.print(StreamName::Stderr, &format!("{text}\n")),
        }
    }
}

/// A refusal as a cell's error, with the line that it is about.
pub fn problem(host: &mut Host, refusal: &Refusal, advice: &str) -> Problem {
    let name = "ConfigError";
    let trouble = &refusal.trouble;
    if let (Some(source), Some(at)) = (&refusal.source, trouble.at) {
        let text = host.session().configuration.borrow().text_of(source);
        if let Some(text) = text {
            host.remember(source, &text);
        }
        let message = format!("{source}, line {}, column {}: {}{advice}", at.line, at.column, trouble.message);
        return host.problem_at(source, at.line, at.column, name, message);
    }
    let message = format!("{}{advice}", trouble.message);
    Problem { name: name.to_owned(), traceback: vec![format!("{name}: {message}")], message }
}

/// What a session began with, on one line for each thing to know.
fn tell_begin(host: &mut Host, applied: &Applied) {
    let configuration = host.session().configuration.clone();
    let configuration = configuration.borrow();
    let profile = configuration.profile().map_or_else(String::new, |profile| format!(", profile {profile}"));
    let done: Vec<String> = applied.plan.changes.iter().filter(|change| is_done(change)).map(brief).collect();
    let done = if done.is_empty() { "nothing to change".to_owned() } else { done.join(", ") };
    let text = format!("configured ({}{profile}): {done}\n", configuration.newest().file());
    drop(configuration);
    host.session().outbox.print(StreamName::Stdout, &text);
    tell_rest(host, applied);
}

fn is_done(change: &Change) -> bool {
    change.effect != Effect::Registration
}

fn brief(change: &Change) -> String {
    format!("{} = {}", change.key, change.new)
}

/// What came of a change, or would: a table, then what is left to know.
pub fn tell(host: &mut Host, applied: &Applied) {
    if applied.plan.changes.is_empty() {
        print(host, "nothing changes");
    } else {
        show(host, &table(&applied.plan));
    }
    if applied.waits {
        print(
            host,
            "a run is live, so nothing has changed yet: `%config apply` does this, `%config discard` forgets it",
        );
    }
    tell_rest(host, applied);
}

/// Plugins that are waited for, keys that mean nothing, cleanups that failed.
fn tell_rest(host: &mut Host, applied: &Applied) {
    if !applied.waits {
        make_again(host, applied);
    }
    let names: Vec<String> = host.session().plugins.borrow().plugins().into_iter().map(|row| row.name).collect();
    for name in applied.plan.waiting() {
        let near = nearest(name, names.iter().map(String::as_str));
        let near = near.map_or_else(String::new, |near| format!("; or did you mean `{near}`?"));
        print(host, &format!("plugin `{name}` is not registered yet; it is configured when it comes{near}"));
    }
    let unused = host.session().configuration.borrow().newest();
    unused.unused().iter().for_each(|line| print(host, &format!("not used: {line}")));
    applied.warnings.iter().for_each(|error| {
        host.session().outbox.print(StreamName::Stderr, &format!("{error}\n"));
    });
}

/// Scripts whose bounds have changed are made again under the new ones.
fn make_again(host: &mut Host, applied: &Applied) {
    applied.plan.made_again().iter().for_each(|name| make_one_again(host, name));
}

fn make_one_again(host: &mut Host, name: &str) {
    host.session().configuration.borrow_mut().meet(name);
    if let Err(why) = host.make_again(name) {
        let text = format!("plugin {name} goes on under its former limits and grants: {why}\n");
        host.session().outbox.print(StreamName::Stderr, &text);
    }
}

/// A plan as a table.
pub fn table(plan: &Plan) -> Listing {
    let row = |change: &Change| {
        let from = change.given.as_ref().map_or_else(|| "no longer set".to_owned(), |given| given.from.to_string());
        vec![change.key.clone(), text(&change.old), text(&change.new), change.effect.to_string(), from]
    };
    let note = counted(plan.changes.len(), "change");
    made(&["key", "old", "new", "effect", "from"], plan.changes.iter().map(row).collect(), note)
}

/// A table of texts over a closing line.
pub fn made(head: &[&str], rows: Vec<Vec<String>>, note: String) -> Listing {
    Listing { note, ..Listing::default() }.table(head, rows)
}

/// A value as it stands in tables.
pub fn text(value: &Json) -> String {
    if value.is_null() { "none".to_owned() } else { display::text::cut(&value.to_string(), LONGEST) }
}

/// Shows a table.
pub fn show(host: &Host, table: &Listing) {
    let bundle = crate::show::linked(table.bundle());
    host.session().outbox.send(FromWorker::Display { bundle, display_id: None, update: false });
}

/// Prints a line.
pub fn print(host: &Host, text: &str) {
    host.session().outbox.print(StreamName::Stdout, &format!("{text}\n"));
}
