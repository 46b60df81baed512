//! The panel of a paused run: where it stands, what is known there, and which calls go on. All of it is given as text.

use crate::Bundle;
use crate::html::{self, HtmlCell};
use crate::text::TextTable;

/// Where a run stands and which calls go on.
#[derive(Clone, Debug, Default)]
pub struct RunPanel {
    /// The run and its state, such as `run 1, paused`.
    pub title: String,
    /// Where it stands, such as `before start_epoch, epoch 1 of 10`.
    pub place: String,
    /// What is known there: name and value.
    pub facts: Vec<(String, String)>,
    /// Calls that go on: the call as typed and what it does.
    pub calls: Vec<(String, String)>,
}

impl RunPanel {
    /// Text and HTML.
    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.text()).html(self.html())
    }

    /// A line, the facts, the calls.
    pub fn text(&self) -> String {
        let blocks = [self.title.clone() + ": " + &self.place, block(&self.facts), block(&self.calls)];
        blocks.into_iter().filter(|block| !block.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    /// The same as a heading and two tables.
    pub fn html(&self) -> String {
        let facts = rows(&self.facts, html::escape);
        let calls = rows(&self.calls, |call| format!("<code>{}</code>", html::escape(call)));
        let place = format!("<div>{}</div>", html::escape(&self.place));
        let tables: String =
            [facts, calls].iter().filter(|rows| !rows.is_empty()).map(|rows| html::table(&[], rows, &[])).collect();
        html::heading(&self.title) + &place + &tables
    }
}

fn block(pairs: &[(String, String)]) -> String {
    let mut table = TextTable::new(&["", ""]);
    for (name, value) in pairs {
        table.row(vec![format!("  {name}"), value.clone()]);
    }
    table.render()
}

fn rows(pairs: &[(String, String)], write: impl Fn(&str) -> String) -> Vec<Vec<HtmlCell>> {
    pairs.iter().map(|(name, value)| vec![HtmlCell::markup(write(name)), HtmlCell::left(value)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_run_says_where_it_stands_and_how_to_go_on() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let panel = RunPanel {
            title: "run 1, paused".into(),
            place: "before start_epoch".into(),
            facts: vec![pair("loss", "0.1234")],
            calls: vec![pair("run.step()", "one hook"), pair("run.run_until(\"ctx.loss < 0.1\")", "to a condition")],
        };
        let expect = "run 1, paused: before start_epoch\n\n  loss  0.1234\n\n  run.step()                       one hook\n  run.run_until(\"ctx.loss < 0.1\")  to a condition";
        assert_eq!(panel.text(), expect);
        assert!(panel.html().contains("<code>run.run_until(&quot;ctx.loss &lt; 0.1&quot;)</code>"));
    }
}
