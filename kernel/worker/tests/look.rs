//! Colours of everything that cells show: HTML follows JupyterLab's theme, drawings are read on light and dark paper.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use candlewick_link::{Bundle, FromWorker, Request};
use common::Bench;

/// Paper of JupyterLab's light and dark theme.
const PAPER: [[f64; 3]; 2] = [[255.0; 3], [17.0; 3]];
/// What WCAG 2.1 (1.4.11) asks of graphics.
const CONTRAST: f64 = 3.0;

/// Every value of a colour property or attribute in a text of markup.
fn colours(markup: &str) -> Vec<String> {
    let names =
        ["color:", "background:", "background-color:", "border-color:", "fill=\"", "stroke=\"", "fill:", "stroke:"];
    let mut found = Vec::new();
    for name in names {
        for (at, _) in markup.match_indices(name) {
            let before = markup[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '-') {
                continue;
            }
            let value = &markup[at + name.len()..];
            let end = value.find(['"', ';']).unwrap_or(value.len());
            found.push(value[..end].trim().to_owned());
        }
    }
    found
}

fn follows_theme(colour: &str) -> bool {
    let fixed = ["none", "transparent", "inherit", "currentColor", "currentcolor"];
    colour.starts_with("var(--jp-") || fixed.contains(&colour) || colour.starts_with("url(")
}

fn rgb(colour: &str) -> Option<[f64; 3]> {
    let digits = colour.strip_prefix('#')?;
    let wide: String =
        if digits.len() == 3 { digits.chars().flat_map(|c| [c, c]).collect() } else { digits.to_owned() };
    let part = |at: usize| u8::from_str_radix(wide.get(at..at + 2)?, 16).ok().map(f64::from);
    Some([part(0)?, part(2)?, part(4)?])
}

fn luminance(colour: [f64; 3]) -> f64 {
    let linear = |part: f64| {
        let part = part / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2])
}

fn is_read_on_both(colour: &str) -> bool {
    let Some(colour) = rgb(colour) else { return false };
    PAPER.iter().all(|paper| {
        let (a, b) = (luminance(colour), luminance(*paper));
        (a.max(b) + 0.05) / (a.min(b) + 0.05) >= CONTRAST
    })
}

fn bundles(sent: Vec<FromWorker>) -> Vec<Bundle> {
    let bundle = |message| match message {
        FromWorker::Display { bundle, .. } | FromWorker::Result { bundle } => Some(bundle),
        _ => None,
    };
    sent.into_iter().filter_map(bundle).collect()
}

#[test]
fn no_output_has_a_colour_that_one_theme_hides() {
    let mut bench = Bench::new();
    bench.text(
        "let table = frame(#{ height: [1, 2, ()], species: [\"a\", \"<b>\", \"c\"] }); let t = tensor([[1.0, 2.0], [3.0, 4.0]]); \
         let data = dataset(\"iris\"); let net = sequential([linear(4, 8), relu(), linear(8, 3)]);",
    );
    bench.text("%%plugin watch\nfn end_epoch(ctx) { }");
    let mut formats = 0;
    let cells = [
        "table",
        "t",
        "data",
        "net",
        "memory()",
        "%plugins",
        "%hooks",
        "adamw(0.1)",
        "table.describe()",
        "let run = fit(net, data, #{ epochs: 2, validation: 0.2, metrics: [\"accuracy\"] }); run",
        "run.epoch()",
        "run.context",
        "run.chart()",
        "run.resume()",
        "plot(table, #{ y: [\"height\"], title: \"a\" })",
        "plot([1, 2, 3], #{ kind: \"bar\" })",
        "plot([1, 2, 2, 3], #{ kind: \"histogram\" })",
        "plot([[1, 2], [3, 4]], #{ kind: \"scatter\" })",
    ];
    for cell in cells {
        let (sent, finished) = bench.run(cell);
        assert_eq!(finished.problem, None, "{cell}");
        for bundle in bundles(sent) {
            for mime in ["text/html", "image/svg+xml"] {
                let Some(markup) = bundle.get(mime) else { continue };
                formats += 1;
                assert!(!markup.contains("<style") && !markup.contains("<script"), "{cell}");
                for colour in colours(markup) {
                    assert!(follows_theme(&colour) || is_read_on_both(&colour), "{cell}: {mime}: {colour}");
                }
            }
        }
    }
    assert!(formats > 12, "{formats}");
    for name in ["fit", "table", "net"] {
        let sent = bench.request(Request::Inspect { code: name.to_owned(), cursor: 1, detail: 1 });
        let [FromWorker::Reply { is: candlewick_link::Is::Inspection(Some(found)), .. }] = &sent[..] else {
            panic!("{name}")
        };
        let colours = colours(found.bundle.get("text/html").unwrap());
        assert!(colours.iter().all(|colour| follows_theme(colour)), "{name}: {colours:?}");
    }
}

#[test]
fn the_test_sees_colours() {
    assert_eq!(colours("<a style=\"color:#fff;margin:0\" fill=\"red\">"), ["#fff", "red"]);
    assert!(!is_read_on_both("#000000") && !is_read_on_both("#fff") && is_read_on_both("#7a7a7a"));
    assert!(!follows_theme("#777") && follows_theme("var(--jp-ui-font-color2,#777)"));
}
