//! The training loop as an outline, with the plugins of each hook in their order. The outline itself is given as rows.

use crate::html::{self, HtmlCell};
use crate::text::{self, TextTable};
use crate::{Bundle, number};

/// One plugin at one hook.
#[derive(Clone, Debug, Default)]
pub struct HookPlugin {
    /// Its name.
    pub name: String,
    /// Calls of it at this hook so far.
    pub calls: u64,
    /// Seconds spent in them.
    pub seconds: f64,
    /// What else is to be said, such as `inactive` or `3 errors`.
    pub note: String,
}

/// One line of the outline.
#[derive(Clone, Debug, Default)]
pub struct LifecycleRow {
    /// How far it is indented.
    pub depth: usize,
    /// A hook, or what happens there, such as `per epoch` or `forward, loss, backward, optimizer`.
    pub name: String,
    /// Whether it is a hook.
    pub hook: bool,
    /// When it happens, such as `only when resuming`.
    pub note: String,
    /// Its plugins, in the order they are called.
    pub plugins: Vec<HookPlugin>,
    /// The run stands here.
    pub here: bool,
}

/// The training loop with every plugin in its place.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// Its lines, from first to last.
    pub rows: Vec<LifecycleRow>,
}

impl Lifecycle {
    /// Text and HTML.
    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.text()).html(self.html())
    }

    /// An indented outline; `▶` marks where the run stands, further plugins of a hook follow on lines of their own.
    pub fn text(&self) -> String {
        let mut table = TextTable::new(&["  hook", "plugin", ">calls", ">time", ""]);
        for row in &self.rows {
            let mut plugins = row.plugins.iter().map(HookPlugin::cells);
            let first = plugins.next().unwrap_or_default();
            table.row([vec![row.text_name()], first.to_vec()].concat());
            plugins.for_each(|cells| {
                table.row([vec![String::new()], cells.to_vec()].concat());
            });
        }
        table.render()
    }

    /// An HTML table; names of hooks are set as code, what is no hook is quiet, the place of the run is bold.
    pub fn html(&self) -> String {
        let head = [
            HtmlCell::left("hook"),
            HtmlCell::left("plugin"),
            HtmlCell::right("calls"),
            HtmlCell::right("time"),
            HtmlCell::left(""),
        ];
        let body: Vec<Vec<_>> = self.rows.iter().map(LifecycleRow::html_cells).collect();
        html::table(&head, &body, &[])
    }
}

impl HookPlugin {
    fn cells(&self) -> [String; 4] {
        [self.name.clone(), number::count(self.calls), number::seconds(self.seconds), self.note.clone()]
    }
}

impl LifecycleRow {
    fn text_name(&self) -> String {
        let mark = if self.here { "▶ " } else { "  " };
        let note = if self.note.is_empty() { String::new() } else { format!(" ({})", self.note) };
        format!("{mark}{}{}{note}", "  ".repeat(self.depth), self.name)
    }

    fn html_cells(&self) -> Vec<HtmlCell> {
        // A line that is empty keeps its height, or those below it would slip to other plugins.
        let line = |text: &str| if text.is_empty() { "&#160;".to_owned() } else { html::escape(text) };
        let column = |place: usize| {
            self.plugins.iter().map(|plugin| line(&plugin.cells()[place])).collect::<Vec<_>>().join("<br>")
        };
        let cell = |place| HtmlCell::markup(column(place)).side(place == 1 || place == 2);
        std::iter::once(HtmlCell::markup(self.html_name())).chain((0..4).map(cell)).collect()
    }

    fn html_name(&self) -> String {
        let mark = if self.here { "▶ " } else { "" };
        let name =
            if self.hook { format!("<code>{}</code>", html::escape(&self.name)) } else { html::quiet(&self.name) };
        let name = if self.here { format!("<b>{name}</b>") } else { name };
        let note = if self.note.is_empty() { String::new() } else { html::quiet(&format!(" ({})", self.note)) };
        format!("{}{mark}{name}{note}", text::pad_right("", 4 * self.depth).replace(' ', "&#160;"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifecycle() -> Lifecycle {
        let plugin = |name: &str, calls, seconds| HookPlugin { name: name.into(), calls, seconds, note: String::new() };
        let hook = |depth, name: &str, plugins| LifecycleRow {
            depth,
            name: name.into(),
            hook: true,
            plugins,
            ..LifecycleRow::default()
        };
        let rows = vec![
            hook(0, "start_training_session", vec![plugin("history", 1, 0.001), plugin("progress", 1, 0.0)]),
            LifecycleRow { name: "per epoch".into(), ..LifecycleRow::default() },
            LifecycleRow { here: true, note: "late".into(), ..hook(1, "start_epoch", vec![]) },
        ];
        Lifecycle { rows }
    }

    #[test]
    fn the_loop_is_an_outline() {
        let expect = "  hook                    plugin    calls  time\n\
                      ───────────────────────────────────────────────\n  \
                        start_training_session  history       1  1 ms\n                          \
                                                progress      1   0 s\n  \
                        per epoch\n\
                      ▶   start_epoch (late)";
        assert_eq!(lifecycle().text(), expect);
    }

    #[test]
    fn html_escapes_and_marks_the_place() {
        let mut lifecycle = lifecycle();
        lifecycle.rows[0].plugins[0].name = "<script>".into();
        let html = lifecycle.html();
        assert!(html.contains("&lt;script&gt;<br>progress") && !html.contains("<script>"), "{html}");
        assert!(html.contains("▶ <b><code>start_epoch</code></b>"), "{html}");
    }
}
