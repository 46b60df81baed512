//! What every drawing keeps: well-formed XML without scripts, the same bytes every time, a bounded size, no panic on odd
//! data. It owns its own reader of XML, which accepts what this crate writes and nothing more.

use candlewick_display::{Chart, Column, Grid, Image, Memory, MemoryPart, Plot, PlotKind, Series, Split};

/// Epochs and values.
type Points = Vec<(f64, f64)>;

/// Panics where `xml` is not well formed; gives the names of its elements.
fn elements(xml: &str) -> Vec<String> {
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    for part in xml.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("a tag that does not end: {part}"));
        assert!(escaped(text), "text that is not escaped: {text}");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name), "an end without its start"),
            None => {
                let name = start(tag);
                seen.push(name.clone());
                if !tag.ends_with('/') {
                    open.push(name);
                }
            }
        }
    }
    assert_eq!(open, Vec::<String>::new(), "elements that do not end");
    assert!(xml.starts_with("<svg ") && xml.trim_end().ends_with("</svg>"));
    seen
}

/// The name of a start tag whose attributes are all `name="value"`, each once.
fn start(tag: &str) -> String {
    let (name, mut rest) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag.trim_end_matches('/'), ""));
    let mut names = Vec::new();
    while let Some((attribute, value)) = rest.trim_start().split_once("=\"") {
        let (value, after) = value.split_once('"').unwrap_or_else(|| panic!("a value that does not end: {tag}"));
        assert!(escaped(value), "a value that is not escaped: {value}");
        assert!(!names.contains(&attribute), "{attribute} twice: {tag}");
        names.push(attribute);
        rest = after;
    }
    assert_eq!(rest.trim(), "", "{tag}");
    name.to_owned()
}

fn escaped(text: &str) -> bool {
    let known = ["amp;", "lt;", "gt;", "quot;", "apos;", "#39;"];
    !text.contains('>') && text.split('&').skip(1).all(|after| known.iter().any(|name| after.starts_with(name)))
}

fn check_svg(name: &str, draw: impl Fn() -> String, most: usize) {
    let svg = draw();
    let elements = elements(&svg);
    assert!(!elements.iter().any(|element| element == "script" || element == "style"), "{name}");
    assert!(!svg.contains("=\"NaN"), "{name}: a coordinate that is no number");
    assert!(!svg.contains("2147483647") && !svg.contains("-2147483648"), "{name}: a coordinate out of range");
    assert!(svg.contains("viewBox=\"0 0 "), "{name}");
    assert!(svg.len() <= most, "{name} has {} bytes", svg.len());
    assert_eq!(svg, draw(), "{name} differs from one time to the next");
}

fn series(name: &str, split: Split, points: Vec<(f64, f64)>) -> Series {
    Series { run: String::new(), name: name.to_owned(), split, points }
}

fn chart(series: Vec<Series>) -> Chart {
    Chart { title: "a < b & \"c\"".to_owned(), epochs: 10.0, series, ..Chart::default() }
}

/// Numbers that look like noise, between 0 and 1.
fn noise(step: usize) -> f64 {
    (step as f64 * 12.9898).sin().abs() * 43_758.545 % 1.0
}

#[test]
fn a_long_run_is_small() {
    let steps = |scale: f64| (1..=5_000).map(|step| (step as f64 / 500.0, scale * noise(step) + 0.1)).collect();
    let epochs = || (1..=10).map(|epoch| (f64::from(epoch), 0.5)).collect();
    let lines = vec![
        series("loss", Split::Training, steps(2.0)),
        series("loss", Split::Validation, epochs()),
        series("accuracy", Split::Training, steps(0.5)),
        series("accuracy", Split::Validation, epochs()),
    ];
    let chart = chart(lines);
    check_svg("a run of 5,000 steps", || chart.svg().unwrap(), 60_000);
    assert_eq!(chart.bundle(), chart.bundle());
}

#[test]
fn many_series_stay_small() {
    let line = |run: usize, name: usize| Series {
        run: format!("run {run}"),
        ..series(
            &format!("metric {name}"),
            Split::Training,
            (0..2_000).map(|step| (step as f64 / 200.0, noise(step + run))).collect(),
        )
    };
    let chart = chart((0..20).flat_map(|run| (0..8).map(move |name| line(run, name))).collect());
    check_svg("160 series", || chart.svg().unwrap(), 200_000);
    assert!(chart.text().contains("not drawn: metric 6, metric 7"), "{}", chart.text());
}

#[test]
fn odd_series_are_drawn_and_said() {
    let inf = f64::INFINITY;
    let odd: [(&str, Points, &str); 10] = [
        ("empty", vec![], "–"),
        ("one point", vec![(1.0, 0.5)], "0.5000"),
        ("constant", vec![(0.0, 0.5), (5.0, 0.5)], "0.5000"),
        ("zero", vec![(0.0, 0.0), (5.0, 0.0)], "0.000"),
        ("all NaN", vec![(0.0, f64::NAN), (5.0, f64::NAN)], "2 values not finite"),
        ("infinite, NaN", vec![(0.0, inf), (1.0, -inf), (2.0, 1.0)], "2 values not finite"),
        ("the whole range", vec![(0.0, f64::MAX), (1.0, -f64::MAX)], "e308"),
        ("tiny", vec![(0.0, 5e-324), (1.0, 1e-323)], "e-324"),
        ("past the end", vec![(0.0, 1.0), (20.0, 2.0)], "epoch 20 of 10"),
        ("NaN epochs", vec![(f64::NAN, 1.0), (inf, 2.0)], "2 values not finite"),
    ];
    for ((name, points, said), log_loss) in odd.into_iter().flat_map(|case| [(case.clone(), false), (case, true)]) {
        let chart = Chart { log_loss, ..chart(vec![series("loss", Split::Training, points)]) };
        check_svg(name, || chart.svg().unwrap(), 20_000);
        assert!(chart.text().contains(said), "{name}: {}", chart.text());
    }
    assert!(Chart::default().bundle().text().contains("no series yet"));
    assert!(Chart::default().svg().is_ok());
}

#[test]
fn a_logarithmic_chart_says_what_it_cannot_show() {
    let chart = Chart { log_loss: true, ..chart(vec![series("loss", Split::Training, vec![(0.0, 0.0), (1.0, 1.0)])]) };
    assert!(chart.text().contains("1 value not above zero"), "{}", chart.text());
    assert!(chart.svg().unwrap().contains("1 value not above zero"));
}

#[test]
fn spikes_survive_in_the_drawing() {
    let spike = |height: f64| {
        let points =
            (0..5_000).map(|step| (f64::from(step) / 500.0, if step == 3_333 { height } else { 0.5 })).collect();
        chart(vec![
            series("loss", Split::Training, points),
            series("loss", Split::Validation, vec![(1.0, 9.0), (2.0, 0.0)]),
        ])
        .svg()
        .unwrap()
    };
    assert_ne!(spike(8.0), spike(0.5));
    // Around step 3,333 of 5,000 the line reaches the height of the spike, near the upper end of the panel.
    let svg = spike(8.0);
    let lines = svg.split(" points=\"").skip(1).map(|part| part.split('"').next().unwrap());
    let heights = lines.max_by_key(|line| line.len()).unwrap();
    let top = heights.split(' ').filter_map(|place| place.split_once(',')?.1.parse::<i32>().ok()).min().unwrap();
    assert!(top < 200, "{top}");
}

#[test]
fn every_kind_of_plot_takes_odd_columns() {
    let columns: [(&str, Vec<f64>); 7] = [
        ("empty", vec![]),
        ("one", vec![1.0]),
        ("constant", vec![2.0; 5]),
        ("NaN", vec![f64::NAN; 3]),
        ("mixed NaN", vec![1.0, f64::NAN, f64::INFINITY, -3.0]),
        ("wide", vec![-f64::MAX, f64::MAX, 0.0]),
        ("long", (0..20_000).map(noise).collect()),
    ];
    for (name, values) in columns {
        for kind in PlotKind::ALL {
            let column = Column::numbers("<y>", values.clone());
            let plots = [None, Some(Column::numbers("x & x", values.clone()))]
                .map(|x| Plot::columns(kind, x, vec![column.clone()]));
            for plot in plots {
                let Ok(mut plot) = plot else {
                    assert!(kind == PlotKind::Image && values.is_empty(), "{name} {}", kind.name());
                    continue;
                };
                for log_y in [false, true] {
                    plot.log_y = log_y;
                    check_svg(&format!("{name} {}", kind.name()), || plot.svg().unwrap(), 150_000);
                    assert!(!plot.text().is_empty());
                }
            }
        }
    }
}

#[test]
fn mistakes_are_said_plainly() {
    let numbers = |name: &str, count: usize| Column::numbers(name, vec![1.0; count]);
    let cases = [
        (
            PlotKind::parse("pie").map(|_| ()),
            "there is no plot kind \"pie\"; known are: line, scatter, bar, histogram, heatmap, image",
        ),
        (Plot::columns(PlotKind::Line, None, vec![]).map(|_| ()), "a line plot needs at least one y column"),
        (
            Plot::columns(PlotKind::Line, Some(numbers("x", 2)), vec![numbers("y", 3)]).map(|_| ()),
            "column \"y\" has 3 values, but \"x\" has 2; a plot needs columns of equal length",
        ),
        (
            Plot::columns(PlotKind::Bar, None, vec![Column::words("kind", vec!["a".into()])]).map(|_| ()),
            "column \"kind\" holds words; a bar plot needs numbers on its y axis",
        ),
        (
            Plot::heatmap(Grid { rows: vec!["a".into()], columns: vec!["b".into()], values: vec![] }).map(|_| ()),
            "a grid of 1 rows and 1 columns needs 1 values, but has 0",
        ),
        (Plot::images(vec![]).map(|_| ()), "there is no image to show"),
    ];
    for (found, expect) in cases {
        assert_eq!(found.unwrap_err().to_string(), expect);
    }
}

#[test]
fn grids_images_and_memory_are_well_formed() {
    let names = |count: usize| (0..count).map(|place| format!("<{place}>")).collect();
    let grid = |rows, columns| Grid {
        rows: names(rows),
        columns: names(columns),
        values: (0..rows * columns).map(noise).collect(),
    };
    for (rows, columns) in [(0, 0), (1, 1), (20, 20), (3, 100), (400, 300)] {
        let plot = Plot::heatmap(grid(rows, columns)).unwrap().titled("a & b").labelled("<x>", "<y>");
        check_svg(&format!("grid {rows} × {columns}"), || plot.svg().unwrap(), 600_000);
    }
    let image = |place: usize| Image::rgb(2, 2, vec![place as u8; 12]).unwrap().caption("<&>");
    let plot = Plot::images((0..100).map(image).collect()).unwrap();
    check_svg("images", || plot.svg().unwrap(), 60_000);
    let part = |place: usize| MemoryPart { name: format!("<{place}>"), bytes: place as u64, peak: None };
    let memory = Memory {
        resident: 1,
        resident_peak: None,
        tracked: (0..9).map(part).collect(),
        tracked_peak: Some(u64::MAX),
        ..Memory::default()
    };
    check_svg("memory", || memory.svg().unwrap(), 10_000);
}
