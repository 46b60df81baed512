//! What one completion costs: `cargo bench -p candlewick-kernel -p candlewick-worker --profile dev --bench complete`.

use candlewick_engine as _;
use candlewick_link::{Execute, FromWorker, Request};
use candlewick_worker::{Host, Outbox};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Instant;

const VARIABLES: usize = 1_000;
const SERIES: usize = 300;

fn main() -> std::io::Result<()> {
    let sent: Arc<Mutex<Vec<FromWorker>>> = Arc::default();
    let mut host = Host::new(Outbox::new(sent));
    let variables = (0..VARIABLES).map(|number| format!("let variable_{number} = {number};\n"));
    let code = variables.collect::<String>()
        + "let t = tensor([1]); let net = sequential([linear(4, 3)]); let data = dataset(\"iris\");";
    host.execute(&Execute { code, cell: 1, ..Execute::default() });
    let cell = "let x = 1;\nfn f(a) { a * 2 }\nfor i in 0..3 { print(i); }\n".repeat(30);
    let mut out = std::io::stdout();
    writeln!(
        out,
        "one completion, warm, {VARIABLES} variables, a cell of {} lines, best and median of {SERIES}",
        cell.lines().count()
    )?;
    for text in [
        "",
        "vari",
        "variable_9",
        "t.",
        "t.matmul(t).sh",
        "fit(net, data, #{ ep",
        "fit(net, data, #{ loss: \"cr",
        "%wh",
    ] {
        let code = cell.clone() + text;
        let cursor = code.chars().count();
        let mut times: Vec<f64> = (0..SERIES).map(|_| once(&mut host, &code, cursor)).collect();
        times.sort_by(f64::total_cmp);
        writeln!(out, "{text:30} {:.2} ms  {:.2} ms", times[0], times[SERIES / 2])?;
    }
    Ok(())
}

/// Milliseconds of one completion.
fn once(host: &mut Host, code: &str, cursor: usize) -> f64 {
    let start = Instant::now();
    host.answer(1, Request::Complete { code: code.to_owned(), cursor });
    start.elapsed().as_secs_f64() * 1e3
}
