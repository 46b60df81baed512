//! Draws one of each thing into a folder, to be looked at: `cargo run -p candlewick-display --example gallery -- FOLDER`.
//! It owns made-up data; it must not be used as a test.

use std::path::Path;

use candlewick_display::{
    Bundle, Cell, Chart, Column, Grid, HookPlugin, Image, Lifecycle, LifecycleRow, Memory, MemoryPart, ModelRow,
    ModelSummary, Plot, PlotKind, PluginRow, PluginTable, Result, RunPanel, Series, Split, Table, TableColumn, Tensor,
};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder to draw into")?;
    std::fs::create_dir_all(&folder)?;
    for (name, bundle) in gallery()? {
        for (mime, data) in bundle.parts() {
            let end = match mime {
                "image/svg+xml" => "svg",
                "text/html" => "html",
                _ => "txt",
            };
            std::fs::write(Path::new(&folder).join(format!("{name}.{end}")), data)?;
        }
    }
    Ok(())
}

fn gallery() -> Result<Vec<(&'static str, Bundle)>> {
    let (short, long, branches) = (
        run("", 10, 45, 3.4, 1.0),
        run("", 100, 50, 100.0, 1.0),
        [run("run 1", 10, 45, 10.0, 1.0), run("branch 2", 10, 45, 6.5, 0.7)].concat(),
    );
    let chart = |series: Vec<Series>, epochs, log_loss| Chart { epochs, log_loss, series, ..Chart::default() }.bundle();
    Ok(vec![
        ("chart-live", chart(short, 10.0, false)),
        ("chart-long", chart(long.clone(), 100.0, false)),
        ("chart-log", chart(long, 100.0, true)),
        (
            "chart-branches",
            Chart { title: "digits".into(), epochs: 10.0, series: branches, ..Chart::default() }.bundle(),
        ),
        ("chart-empty", chart(vec![series("", "loss", Split::Training, vec![])], 10.0, false)),
        ("chart-odd", chart(odd(), 10.0, false)),
        ("plot-line", line()?),
        ("plot-line-log", decay()?.titled("Error").bundle()),
        ("plot-scatter", scatter()?),
        ("plot-bar", bar()?),
        ("plot-bar-many", many_bars()?),
        ("plot-histogram", histogram()?),
        ("plot-histogram-two", two_histograms()?),
        ("plot-confusion", confusion()?),
        ("plot-confusion-small", small_confusion()?),
        ("plot-heatmap", heatmap()?),
        ("plot-image", image()?),
        ("plot-images", images()?),
        ("memory", memory()),
        ("table", table()),
        ("tensor", tensor()?),
        ("model", model()),
        ("lifecycle", lifecycle()),
        ("plugins", plugins()),
        ("run", panel()),
    ])
}

/// Even numbers between -0.5 and 0.5 that look like noise.
fn noise(step: usize) -> f64 {
    let mixed = (step as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 11) as f64 / (1u64 << 53) as f64 - 0.5
}

fn series(run: &str, name: &str, split: Split, points: Vec<(f64, f64)>) -> Series {
    Series { run: run.into(), name: name.into(), split, points }
}

fn run(name: &str, epochs: usize, batches: usize, until: f64, slowness: f64) -> Vec<Series> {
    let loss = |x: f64| 2.3 * (-x / (0.18 * epochs as f64 * slowness)).exp() + 0.08;
    let steps =
        (1..=epochs * batches).map(|step| (step, step as f64 / batches as f64)).take_while(|(_, x)| *x <= until);
    let training = steps.map(|(step, x)| (x, loss(x) * (1.0 + 0.5 * noise(step)))).collect();
    let ends = || (1..=epochs).map(|epoch| epoch as f64).take_while(|x| *x <= until);
    let validation = ends().map(|x| (x, loss(x) * 1.1 + 0.004 * x + 0.02 * noise(x as usize))).collect();
    let accuracy =
        |gap: f64| ends().map(|x| (x, 0.985 - gap - 0.8 * (-x / (0.2 * epochs as f64 * slowness)).exp())).collect();
    vec![
        series(name, "loss", Split::Training, training),
        series(name, "loss", Split::Validation, validation),
        series(name, "accuracy", Split::Training, accuracy(0.0)),
        series(name, "accuracy", Split::Validation, accuracy(0.02)),
    ]
}

fn odd() -> Vec<Series> {
    let points = (0..40)
        .map(|step| (f64::from(step) * 0.2, if step % 13 == 7 { f64::NAN } else { f64::from(step).sin() + 3.0 }));
    vec![
        series("", "loss", Split::Training, points.collect()),
        series("", "loss", Split::Validation, vec![(4.0, 2.0)]),
        series("", "learning_rate", Split::Training, vec![(0.0, 1e-3), (5.0, 1e-3)]),
        series("", "f1", Split::Training, vec![(0.0, f64::NAN), (5.0, f64::INFINITY)]),
    ]
}

fn line() -> Result<Bundle> {
    let x: Vec<f64> = (0..200).map(|step| f64::from(step) * 0.05).collect();
    let y = |name: &str, phase: f64| {
        Column::numbers(name, x.iter().map(|x| (x + phase).sin() * (-x * 0.1).exp()).collect())
    };
    let columns = vec![y("sin", 0.0), y("cos", 1.57), y("late", 3.0), y("later", 4.5)];
    let plot = Plot::columns(PlotKind::Line, Some(Column::numbers("seconds", x.clone())), columns)?;
    Ok(plot.titled("Damped swings").labelled("seconds", "amplitude").bundle())
}

fn decay() -> Result<Plot> {
    let values = (0..60).map(|step| 10f64.powf(-f64::from(step) / 10.0) * (1.0 + noise(step as usize))).collect();
    let mut plot = Plot::columns(PlotKind::Line, None, vec![Column::numbers("error", values)])?;
    plot.log_y = true;
    Ok(plot)
}

fn scatter() -> Result<Bundle> {
    let column = |name: &str, seed: usize, scale: f64| {
        Column::numbers(
            name,
            (0..300)
                .map(|row| scale * (noise(row + seed) + noise(row + seed + 999) + noise(row + seed + 5_000)))
                .collect(),
        )
    };
    let plot = Plot::columns(
        PlotKind::Scatter,
        Some(column("petal length", 0, 2.0)),
        vec![column("setosa", 100_000, 1.0), column("virginica", 200_000, 3.0)],
    )?;
    Ok(plot.titled("Iris <&> friends").labelled("petal length", "petal width").bundle())
}

fn bar() -> Result<Bundle> {
    let words = ["aeroplane", "bird", "cat", "dog", "frog"].map(str::to_owned).to_vec();
    let columns = vec![
        Column::numbers("precision", vec![0.91, 0.72, 0.66, 0.7, 0.88]),
        Column::numbers("recall", vec![0.87, 0.75, 0.6, 0.74, 0.93]),
    ];
    Ok(Plot::columns(PlotKind::Bar, Some(Column::words("class", words)), columns)?.titled("Per class").bundle())
}

fn many_bars() -> Result<Bundle> {
    let values = (0..60).map(|row| 10.0 * noise(row)).collect();
    Ok(Plot::columns(PlotKind::Bar, None, vec![Column::numbers("change", values)])?.titled("Change by row").bundle())
}

fn two_histograms() -> Result<Bundle> {
    let column = |name: &str, shift: f64| {
        let sum = |row: usize| (0..6).map(|part| noise(row * 6 + part)).sum::<f64>();
        Column::numbers(name, (0..3_000).map(|row| sum(row) + shift).collect())
    };
    Ok(Plot::columns(PlotKind::Histogram, None, vec![column("before", 0.0), column("after", 0.8)])?
        .titled("Shift")
        .bundle())
}

fn small_confusion() -> Result<Bundle> {
    let names: Vec<String> = ["setosa", "versicolor", "virginica"].map(str::to_owned).to_vec();
    let values = vec![16.0, 0.0, 0.0, 0.0, 14.0, 1.0, 0.0, 2.0, 12.0];
    let plot = Plot::heatmap(Grid { rows: names.clone(), columns: names, values })?;
    Ok(plot.titled("Confusion matrix").labelled("predicted", "true").bundle())
}

fn image() -> Result<Bundle> {
    let pixels = (0..32 * 48).flat_map(|place| [(place % 48 * 5) as u8, (place / 48 * 8) as u8, 120]).collect();
    Ok(Plot::images(vec![Image::rgb(48, 32, pixels)?])?.bundle())
}

fn histogram() -> Result<Bundle> {
    let values = (0..5_000).map(|row| (0..6).map(|part| noise(row * 6 + part)).sum::<f64>()).collect();
    Ok(Plot::columns(PlotKind::Histogram, None, vec![Column::numbers("weight", values)])?
        .titled("Weights of layer 0")
        .bundle())
}

fn confusion() -> Result<Bundle> {
    let names: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let value = |place: usize| {
        if place.is_multiple_of(11) {
            30.0 + (noise(place) * 12.0).round()
        } else {
            (noise(place) * 6.0).max(0.0).round()
        }
    };
    let plot = Plot::heatmap(Grid { rows: names.clone(), columns: names, values: (0..100).map(value).collect() })?;
    Ok(plot.titled("Confusion matrix").labelled("predicted", "true").bundle())
}

fn heatmap() -> Result<Bundle> {
    let names = |count: usize| (0..count).map(|place| place.to_string()).collect();
    let value = |place: usize| ((place / 128) as f64 * 0.1).sin() + ((place % 128) as f64 * 0.07).cos();
    let plot =
        Plot::heatmap(Grid { rows: names(64), columns: names(128), values: (0..64 * 128).map(value).collect() })?;
    Ok(plot.titled("Weights 64 × 128").labelled("input", "output").bundle())
}

fn images() -> Result<Bundle> {
    let image = |index: usize| {
        let value = |place: usize| {
            let (x, y) = ((place % 8) as f64 - 3.5, (place / 8) as f64 - 3.5);
            16.0 * (-((x * x + y * y).sqrt() - 1.0 - index as f64 * 0.2).powi(2)).exp()
        };
        Image::of_values(8, 8, 1, &(0..64).map(|place| value(place) / 16.0).collect::<Vec<_>>())
            .map(|image| image.caption(format!("{index}, said {index}")))
    };
    let plot = Plot::images((0..12).map(image).collect::<Result<Vec<_>>>()?)?;
    Ok(plot.titled("First images").bundle())
}

fn memory() -> Bundle {
    let parts = [
        ("parameters", 40),
        ("gradients", 40),
        ("optimizer state", 80),
        ("activations", 120),
        ("data", 12),
        ("other", 9),
    ];
    let part = |(name, mebibytes): (&str, u64)| MemoryPart {
        name: name.into(),
        bytes: mebibytes << 20,
        peak: Some((mebibytes + 10) << 20),
    };
    Memory {
        resident: 380 << 20,
        resident_peak: Some(450 << 20),
        tracked: parts.map(part).to_vec(),
        tracked_peak: Some(340 << 20),
        beside: String::new(),
    }
    .bundle()
}

fn table() -> Bundle {
    let columns = ["sepal_length", "sepal_width", "ok", "species"].iter().zip(["f64", "i64", "bool", "str"]);
    let row = |row: usize| {
        let species = if row % 7 == 3 { Cell::Null } else { Cell::Text("Iris-<b>setosa</b>".into()) };
        vec![
            Cell::Number(5.1 + noise(row)),
            Cell::Integer(row as i64 * 997),
            Cell::Bool(row.is_multiple_of(2)),
            species,
        ]
    };
    Table::new(columns.map(|(name, dtype)| TableColumn::new(*name, dtype)).collect(), (0..150).map(row).collect())
        .bundle()
}

fn tensor() -> Result<Bundle> {
    Ok(Tensor::new(&[40, 64], "f32", "cpu", (0..40 * 64).map(noise).collect())?.bundle())
}

fn model() -> Bundle {
    let row = |path: &str, kind: &str, output: &str, parameters| ModelRow {
        path: path.into(),
        kind: kind.into(),
        output: output.into(),
        parameters,
        bytes: 4 * parameters,
    };
    let rows = vec![
        row("0", "linear(64, 128)", "[batch, 128]", 8_320),
        row("1", "relu()", "[batch, 128]", 0),
        row("2", "dropout(0.1)", "[batch, 128]", 0),
        row("3", "linear(128, 10)", "[batch, 10]", 1_290),
    ];
    ModelSummary { title: "sequential, f32, cpu".into(), rows, frozen: 0, note: String::new() }.bundle()
}

fn lifecycle() -> Bundle {
    let plugin = |name: &str, calls, seconds| HookPlugin { name: name.into(), calls, seconds, note: String::new() };
    let row = |depth, name: &str, plugins| LifecycleRow {
        depth,
        name: name.into(),
        hook: !name.contains(' '),
        plugins,
        ..LifecycleRow::default()
    };
    let rows = vec![
        row(0, "start_training_session", vec![plugin("history", 1, 0.0002), plugin("live_chart", 1, 0.004)]),
        LifecycleRow { note: "only when resuming".into(), ..row(1, "load_checkpoint", vec![]) },
        row(1, "per epoch", vec![]),
        LifecycleRow { here: true, ..row(2, "start_epoch", vec![plugin("progress", 3, 0.0001)]) },
        row(
            2,
            "end_epoch",
            vec![plugin("live_chart", 2, 0.002), plugin("stop_on_plateau", 2, 0.0003), plugin("history", 2, 0.0001)],
        ),
        row(0, "end_training_session", vec![]),
    ];
    Lifecycle { rows }.bundle()
}

fn plugins() -> Bundle {
    let row = |name: &str, state: &str, description: &str| PluginRow {
        name: name.into(),
        version: "1.0.0".into(),
        language: "Rhai".into(),
        state: state.into(),
        priority: 10,
        hooks: vec!["start_epoch".into(), "end_epoch".into()],
        others: Vec::new(),
        calls: 1_200,
        seconds: 0.0123,
        errors: 0,
        generation: 1,
        bytes: 48,
        of: String::new(),
        description: description.into(),
    };
    PluginTable {
        rows: vec![
            row("stop_on_plateau", "active", "stops when validation loss is flat"),
            row("shout", "quarantined", ""),
        ],
    }
    .bundle()
}

fn panel() -> Bundle {
    let pairs =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    RunPanel {
        title: "run 1, paused".into(),
        place: "before start_epoch, epoch 1 of 10".into(),
        facts: pairs(&[("loss", "2.3026"), ("device", "cpu"), ("batches per epoch", "45")]),
        calls: pairs(&[
            ("run.step()", "one hook"),
            ("run.run_until(\"ctx.loss < 0.1\")", "to a condition"),
            ("run.resume()", "to the end"),
        ]),
    }
    .bundle()
}
