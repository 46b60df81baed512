//! What the cells of a notebook have shown so far, as its file holds it.
//!
//! Owns the rules by which outputs meet: streams that follow each other are one, an update replaces what has its
//! display id in every cell, clearing may wait. Must not know workers or files. Read [`NotebookOutputs`] first.

use crate::notebook::lines;
use crate::session::Output;
use candlewick_link::{Bundle, Problem, StreamName};
use serde_json::{Map, Value, json};

/// The outputs of all cells; each belongs to the cell that was begun last.
#[derive(Clone, Debug, Default)]
pub struct NotebookOutputs {
    cells: Vec<CellOutputs>,
}

#[derive(Clone, Debug, Default)]
struct CellOutputs {
    number: u64,
    shown: Vec<Shown>,
    clear_next: bool,
}

#[derive(Clone, Debug)]
enum Shown {
    Stream(StreamName, String),
    Display(Bundle, Option<String>),
    Result(Bundle),
    Error(Problem),
}

impl NotebookOutputs {
    /// Begins the outputs of the next cell, which has this execution count.
    pub fn begin(&mut self, number: u64) {
        self.cells.push(CellOutputs { number, ..CellOutputs::default() });
    }

    /// Adds an output to the cell that was begun last.
    pub fn put(&mut self, output: Output) {
        if let Output::Display { bundle, display_id: Some(id), update: true } = output {
            return self.update(&bundle, &id);
        }
        let Some(cell) = self.cells.last_mut() else { return };
        match output {
            Output::Stream(name, text) => cell.stream(name, text),
            Output::Display { bundle, display_id, .. } => cell.add(Shown::Display(bundle, display_id)),
            Output::Result(bundle) => cell.add(Shown::Result(bundle)),
            Output::Clear { wait: true } => cell.clear_next = true,
            Output::Clear { wait: false } => cell.shown.clear(),
            // Without a front end there is nobody to show a widget to.
            Output::Comm(_) => {}
        }
    }

    /// Adds the error that the cell ended with.
    pub fn put_error(&mut self, problem: &Problem) {
        if let Some(cell) = self.cells.last_mut() {
            cell.add(Shown::Error(problem.clone()));
        }
    }

    /// The outputs of the `nth` cell that was begun, as files hold them.
    pub fn saved(&self, nth: usize) -> Value {
        let Some(cell) = self.cells.get(nth) else { return json!([]) };
        cell.shown.iter().map(|shown| shown.saved(cell.number)).collect()
    }

    /// The text of the result of the `nth` cell that was begun.
    pub fn result_text(&self, nth: usize) -> Option<&str> {
        self.cells.get(nth)?.shown.iter().rev().find_map(|shown| match shown {
            Shown::Result(bundle) => bundle.get("text/plain"),
            _ => None,
        })
    }

    fn update(&mut self, bundle: &Bundle, id: &str) {
        for shown in self.cells.iter_mut().flat_map(|cell| &mut cell.shown) {
            if let Shown::Display(old, Some(other)) = shown
                && other == id
            {
                *old = bundle.clone();
            }
        }
    }
}

impl CellOutputs {
    fn add(&mut self, shown: Shown) {
        if std::mem::take(&mut self.clear_next) {
            self.shown.clear();
        }
        self.shown.push(shown);
    }

    fn stream(&mut self, name: StreamName, text: String) {
        match self.shown.last_mut() {
            Some(Shown::Stream(last, so_far)) if *last == name && !self.clear_next => so_far.push_str(&text),
            _ => self.add(Shown::Stream(name, text)),
        }
    }
}

impl Shown {
    /// The output with its keys in the order in which Jupyter writes them.
    fn saved(&self, number: u64) -> Value {
        match self {
            Self::Stream(name, text) => {
                json!({"name": stream_name(*name), "output_type": "stream", "text": lines(text)})
            }
            Self::Display(bundle, _) => json!({
                "data": data(bundle), "metadata": bundle.metadata, "output_type": "display_data",
            }),
            Self::Result(bundle) => json!({
                "data": data(bundle), "execution_count": number, "metadata": bundle.metadata,
                "output_type": "execute_result",
            }),
            Self::Error(problem) => json!({
                "ename": problem.name, "evalue": problem.message, "output_type": "error",
                "traceback": problem.traceback,
            }),
        }
    }
}

/// Text as lines, JSON types as they are.
fn data(bundle: &Bundle) -> Map<String, Value> {
    let saved = |(mime, value): (&String, &Value)| match value {
        Value::String(text) if !mime.ends_with("json") => (mime.clone(), lines(text)),
        other => (mime.clone(), other.clone()),
    };
    bundle.data.iter().map(saved).collect()
}

fn stream_name(name: StreamName) -> &'static str {
    match name {
        StreamName::Stdout => "stdout",
        StreamName::Stderr => "stderr",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn display(text: &str, id: Option<&str>, update: bool) -> Output {
        Output::Display { bundle: Bundle::text(text), display_id: id.map(str::to_owned), update }
    }

    fn print(text: &str) -> Output {
        Output::Stream(StreamName::Stdout, text.into())
    }

    /// Each output in short: what its text is.
    fn short(outputs: &NotebookOutputs, nth: usize) -> Vec<String> {
        let text = |o: &Value| match &o["text"] {
            Value::Null => o["data"]["text/plain"].to_string(),
            text => text.to_string(),
        };
        outputs.saved(nth).as_array().unwrap().iter().map(text).collect()
    }

    #[test]
    fn streams_of_one_name_are_one_and_kept_as_lines() {
        let mut outputs = NotebookOutputs::default();
        outputs.begin(1);
        for text in ["a\n", "b", "c\n"] {
            outputs.put(print(text));
        }
        outputs.put(Output::Stream(StreamName::Stderr, "e".into()));
        assert_eq!(short(&outputs, 0), [r#"["a\n","bc\n"]"#, r#"["e"]"#]);
    }

    #[test]
    fn an_update_reaches_every_cell_and_adds_nothing() {
        let mut outputs = NotebookOutputs::default();
        outputs.begin(1);
        outputs.put(display("1", Some("x"), false));
        outputs.begin(2);
        outputs.put(display("1", Some("x"), false));
        outputs.put(display("2", Some("x"), true));
        outputs.put(display("3", Some("unknown"), true));
        assert_eq!((short(&outputs, 0), short(&outputs, 1)), (vec![r#"["2"]"#.into()], vec![r#"["2"]"#.to_owned()]));
    }

    #[test]
    fn clearing_acts_at_once_or_with_the_next_output() {
        let mut outputs = NotebookOutputs::default();
        outputs.begin(1);
        outputs.put(print("a"));
        outputs.put(Output::Clear { wait: true });
        assert_eq!(short(&outputs, 0).len(), 1);
        outputs.put(print("b"));
        assert_eq!(short(&outputs, 0), [r#"["b"]"#]);
        outputs.put(Output::Clear { wait: false });
        assert!(short(&outputs, 0).is_empty());
    }

    #[test]
    fn results_and_errors_are_saved_as_jupyter_does() {
        let mut outputs = NotebookOutputs::default();
        outputs.begin(7);
        let mut bundle = Bundle::text("2");
        bundle.data.insert("application/json".into(), json!("text"));
        outputs.put(Output::Result(bundle));
        outputs.put_error(&Problem { name: "E".into(), message: "m".into(), traceback: vec!["t".into()] });
        assert_eq!(outputs.result_text(0), Some("2"));
        let saved = outputs.saved(0);
        assert_eq!(saved[0]["execution_count"], 7);
        assert_eq!(saved[0]["data"]["application/json"], "text");
        assert_eq!(saved[1], json!({"ename": "E", "evalue": "m", "output_type": "error", "traceback": ["t"]}));
    }
}
