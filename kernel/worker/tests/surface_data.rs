//! Tensors, frames, plots and memory as cells use them; values worked by hand.

mod common;
use candlewick_link::{Bundle, FromWorker};
use common::Bench;

fn value(cell: &str, expect: &str) {
    assert_eq!(Bench::new().last(&[cell]), expect, "{cell}");
}

fn fails(cell: &str, expect: &str) {
    assert_eq!(Bench::new().problem(&[cell])[0], expect, "{cell}");
}

/// What a cell shows, in all formats.
fn shown(cell: &str) -> Bundle {
    let (sent, finished) = Bench::new().run(cell);
    assert_eq!(finished.problem, None, "{cell}");
    match sent.into_iter().next() {
        Some(FromWorker::Result { bundle }) => bundle,
        other => panic!("{cell}: {other:?}"),
    }
}

#[test]
fn tensors_are_made() {
    value("zeros([2, 2]).to_array()", "[[0.0, 0.0], [0.0, 0.0]]");
    value("ones(2).to_array()", "[1.0, 1.0]");
    value("full([1, 2], 2.5).to_array()", "[[2.5, 2.5]]");
    value("full([2], 3).to_array()", "[3.0, 3.0]");
    value("arange(3).to_array()", "[0.0, 1.0, 2.0]");
    value("arange(-1, 2).to_array()", "[-1.0, 0.0, 1.0]");
    value("arange(5, 2).to_array()", "[]");
    value("zeros([]).to_array()", "0.0");
    value("cat([ones([1, 2]), zeros([1, 2])], 0).to_array()", "[[1.0, 1.0], [0.0, 0.0]]");
    value("cat([ones([1, 2]), zeros([1, 1])], -1).to_array()", "[[1.0, 1.0, 0.0]]");
    value("stack([ones([2]), zeros([2])], 0).to_array()", "[[1.0, 1.0], [0.0, 0.0]]");
    value("stack([ones([2]), zeros([2])], 1).to_array()", "[[1.0, 0.0], [1.0, 0.0]]");
    value("cat([ones(1).to_dtype(\"u32\"), full(1, 0.5)], 0).to_array()", "[1.0, 0.5]");
}

#[test]
fn random_tensors_are_those_of_their_seed() {
    value("randn([3, 4], 1).eq(randn([3, 4], 1)).sum()", "12");
    value("randn([3, 4], 1).eq(randn([3, 4], 2)).sum()", "0");
    value("uniform([3, 4], 1).eq(uniform([3, 4], 1)).sum()", "12");
    value(
        "let u = uniform([1000], 7); [u.ge(0).sum(), u.lt(1).sum(), u.mean() > 0.45 && u.mean() < 0.55]",
        "[1000, 1000, true]",
    );
    value(
        "let n = randn([2000], 7); let m = n.mean(); [m.abs() < 0.1, (n.sqr().mean() - 1.0).abs() < 0.1]",
        "[true, true]",
    );
}

#[test]
fn operators_compute_with_tensors_and_numbers() {
    let check = |cell: &str, expect: &str| {
        value(&format!("let a = tensor([1, 2]); let b = tensor([[3], [5]]); ({cell}).to_array()"), expect)
    };
    check("a + a", "[2.0, 4.0]");
    check("a + b", "[[4.0, 5.0], [6.0, 7.0]]");
    check("a - b", "[[-2.0, -1.0], [-4.0, -3.0]]");
    check("a * b", "[[3.0, 6.0], [5.0, 10.0]]");
    check("b / a", "[[3.0, 1.5], [5.0, 2.5]]");
    check("a + 1", "[2.0, 3.0]");
    check("a + 0.5", "[1.5, 2.5]");
    check("1 - a", "[0.0, -1.0]");
    check("0.5 - a", "[-0.5, -1.5]");
    check("2 * a", "[2.0, 4.0]");
    check("a / 2", "[0.5, 1.0]");
    check("2 / a", "[2.0, 1.0]");
    check("-a", "[-1.0, -2.0]");
    check("a ** 2", "[1.0, 4.0]");
    value("let a = tensor([1, 2]); a += 1; a.to_array()", "[2.0, 3.0]");
}

#[test]
fn whole_numbers_are_computed_as_such() {
    let check = |cell: &str, expect: &str| value(&format!("let u = tensor([1, 200]).to_dtype(\"u8\"); {cell}"), expect);
    check("(u + u).to_array()", "[2, 400]");
    check("(u - 201).to_array()", "[-200, -1]");
    check("(-u).to_array()", "[-1, -200]");
    check("(u / 2).to_array()", "[0.5, 100.0]");
    check("(u * 0.5).to_array()", "[0.5, 100.0]");
    check("(u * tensor([0.5, 2])).to_array()", "[0.5, 400.0]");
    check("(u - 100).abs().to_array()", "[99, 100]");
    check("u.sqr().to_array()", "[1, 40000]");
    check("(u - 100).relu().to_array()", "[0, 100]");
    check("(u - 100).clamp(-5, 50).to_array()", "[-5, 50]");
    check("u.sqrt()[0]", "1.0");
    check("u.sum()", "201");
    check("[u.min(), u.max()]", "[1, 200]");
    check("u.mean()", "100.5");
    check("u.mean(0).item()", "100.5");
    check("u.reshape([1, 2]).sum(0).to_array()", "[1, 200]");
    check("u.reshape([2, 1]).sum(0).to_array()", "[201]");
    check("u.reshape([1, 2]).matmul(u.reshape([2, 1])).to_array()", "[[40001.0]]");
}

#[test]
fn each_element_is_computed() {
    value("tensor([-1, 2]).abs().to_array()", "[1.0, 2.0]");
    value("tensor([0]).exp().to_array()", "[1.0]");
    value("tensor([1]).log().to_array()", "[0.0]");
    value("tensor([4, 9]).sqrt().to_array()", "[2.0, 3.0]");
    value("tensor([4, -3]).sqr().to_array()", "[16.0, 9.0]");
    value("tensor([0]).tanh().to_array()", "[0.0]");
    value("tensor([0, -200, 200]).sigmoid().to_array()", "[0.5, 0.0, 1.0]");
    value("tensor([-1, 2]).relu().to_array()", "[0.0, 2.0]");
    value("tensor([[0, 0], [1000, 1000]]).softmax(1).to_array()", "[[0.5, 0.5], [0.5, 0.5]]");
    value("tensor([4, 9]).pow(0.5).to_array()", "[2.0, 3.0]");
    value("tensor([-1, 0.5, 3]).clamp(0, 1.5).to_array()", "[0.0, 0.5, 1.5]");
}

#[test]
fn tensors_are_summed_up() {
    let check = |cell: &str, expect: &str| value(&format!("let a = tensor([[1, 5, 3], [4, 2, 6]]); {cell}"), expect);
    check("a.sum()", "21.0");
    check("a.sum(0).to_array()", "[5.0, 7.0, 9.0]");
    check("a.sum(-1).to_array()", "[9.0, 12.0]");
    check("a.mean()", "3.5");
    check("a.mean(1).to_array()", "[3.0, 4.0]");
    check("a.min()", "1.0");
    check("a.min(0).to_array()", "[1.0, 2.0, 3.0]");
    check("a.max()", "6.0");
    check("a.max(1).to_array()", "[5.0, 6.0]");
    check("a.argmax(1).to_array()", "[1, 2]");
    check("a.argmin(0).to_array()", "[0, 1, 0]");
    check("zeros([0]).sum()", "0.0");
    value("const T = tensor([1, 2]); T.sum()", "3.0");
}

#[test]
fn elements_are_compared() {
    let check = |cell: &str, expect: &str| value(&format!("tensor([1, 2, 3]).{cell}.to_array()"), expect);
    check("eq(2)", "[0, 1, 0]");
    check("ne(2.0)", "[1, 0, 1]");
    check("gt(2)", "[0, 0, 1]");
    check("ge(2)", "[0, 1, 1]");
    check("lt(tensor([2, 2, 2]))", "[1, 0, 0]");
    check("le(tensor(2))", "[1, 1, 0]");
    value("tensor([1]).eq(1).dtype", "\"u8\"");
    value("tensor([1, 300]).to_dtype(\"u32\").gt(1.5).to_array()", "[0, 1]");
    value("(tensor([1, 2, 3]) > 2).to_array()", "[0, 0, 1]");
    value("(2 >= tensor([1, 2, 3])).to_array()", "[1, 1, 0]");
    value("(tensor([1, 2]) < tensor([2, 2])).to_array()", "[1, 0]");
}

#[test]
fn shapes_are_changed() {
    let check = |cell: &str, expect: &str| value(&format!("let a = tensor([[1, 2, 3], [4, 5, 6]]); {cell}"), expect);
    check("a.matmul(a.t()).to_array()", "[[14.0, 32.0], [32.0, 77.0]]");
    check("a.transpose().shape", "[3, 2]");
    check("a.unsqueeze(0).transpose(0, -1).shape", "[3, 2, 1]");
    check("a.reshape([3, 2]).to_array()", "[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]");
    check("a.reshape([-1, 1]).shape", "[6, 1]");
    check("a.narrow(1, 1, 2).to_array()", "[[2.0, 3.0], [5.0, 6.0]]");
    check("a.narrow(-1, -1, 1).to_array()", "[[3.0], [6.0]]");
    check("a.unsqueeze(1).shape", "[2, 1, 3]");
    check("a.unsqueeze(-1).squeeze(-1).shape", "[2, 3]");
    check("a.t().flatten().to_array()", "[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]");
    check("[a.len, a.len(), a.device]", "[2, 2, \"cpu\"]");
    check("a[1].to_array()", "[4.0, 5.0, 6.0]");
    check("a[-1][0]", "4.0");
    check("a[0][-1] + 1", "4.0");
    check("[a.to_dtype(\"i64\")[0][2], a.to_dtype(\"f64\").dtype]", "[3, \"f64\"]");
    check("a[0].narrow(0, 0, 1).item()", "1.0");
}

#[test]
fn what_does_not_fit_a_tensor_is_said() {
    fails(
        "ones([2, 3]).matmul(ones([2, 3]))",
        "ShapeError: matmul takes [.., m, k] and [.., k, n]; found [2, 3] and [2, 3]",
    );
    fails(
        "ones([2]) + ones([3])",
        "ShapeError: `+` takes tensors whose shapes are equal from the last dimension on, or 1, or missing; found [2] and [3]",
    );
    fails("ones([2]).sum(1)", "ShapeError: sum was given dimension 1; the tensor's dimensions are 0 to 0");
    fails("ones([2]).t()", "ShapeError: t takes a tensor of 2 dimensions or more; found [2]");
    fails(
        "ones([2, 3]).reshape([4])",
        "ShapeError: reshape to [4] does not fit the 6 elements of a tensor of shape [2, 3]",
    );
    fails(
        "ones([2, 3]).reshape([-1, 4])",
        "ShapeError: reshape to [-1, 4] does not fit the 6 elements of a tensor of shape [2, 3]",
    );
    fails("ones([3]).narrow(0, 2, 2)", "ShapeError: narrow was asked for 2 places from 2 on; dimension 0 has 3 places");
    fails("ones([3]).squeeze(0)", "ShapeError: squeeze takes a dimension of length 1; dimension 0 has length 3");
    fails("ones([3])[3]", "IndexError: index 3 was asked for; the tensor's first dimension has 3 places");
    fails("ones([3]).item()", "ShapeError: item takes a tensor of one element; found one of shape [3]");
    fails("ones([]).len", "ShapeError: a tensor without dimensions has no length; `item()` is its number");
    fails("zeros([0]).max()", "ShapeError: max takes a tensor with elements; found one of shape [0]");
    fails(
        "ones([3]).to_dtype(\"f23\")",
        "NameError: there is no type of elements named \"f23\" (did you mean \"f32\"?); known are: u8, u32, i64, bf16, f16, f32, f64",
    );
    fails(
        "zeros([1000, 1001]).to_array()",
        "LimitError: to_array was asked for 1001000 elements; it gives 1000000 at most, so cut the tensor with `narrow` first",
    );
    fails(
        "zeros([100000, 100000])",
        "LimitError: zeros was asked for a tensor of shape [100000, 100000]; one call makes 1073741824 elements at most",
    );
    fails("zeros([-1])", "ValueError: zeros takes a whole number of at least 0; found -1");
    fails("full([1], \"x\")", "TypeError: full takes a number; found string");
    fails("cat([ones([2]), 1], 0)", "TypeError: cat takes an array of tensors; found i64 in it");
    fails("stack([], 0)", "ValueError: stack takes an array of tensors; found an empty array");
    fails("ones([2]).clamp(2, 1)", "ValueError: clamp takes a range from low to high; found 2 and 1");
    fails("randn([2])", "TypeError: `randn` does not take (array); it is written `randn(shape, seed) -> tensor`");
}

#[test]
fn confusion_counts_true_against_predicted_classes() {
    let counts = "[[1.0, 1.0, 0.0], [0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]";
    let targets = "let t = tensor([0, 0, 1, 1, 2]).to_dtype(\"u32\");";
    value(&format!("{targets} confusion_matrix(t, tensor([0, 1, 1, 1, 0])).to_array()"), counts);
    let logits = "tensor([[9, 0, 0], [0, 9, 0], [0, 9, 0], [0, 9, 0], [9, 0, 0]])";
    value(&format!("{targets} confusion_matrix(t, {logits}).to_array()"), counts);
    value("confusion_matrix(tensor([0]), zeros([1, 3])).shape", "[3, 3]");
    fails(
        "confusion_matrix(tensor([0, 1]), tensor([0]))",
        "ShapeError: confusion_matrix takes as many predictions as targets; found 2 targets and 1 predictions",
    );
    fails(
        "confusion_matrix(tensor([0.5]), tensor([0]))",
        "ValueError: confusion_matrix takes targets that are classes, 0 to 9999; found 0.5",
    );
    fails(
        "confusion_matrix(tensor([[0]]), tensor([0]))",
        "ShapeError: confusion_matrix takes targets [n]; found [1, 1]",
    );
}

const FRAME: &str = "let f = frame(#{ a: [1, 2.5, ()], kind: [\"x\", (), \"y\"] });";

#[test]
fn frames_are_made_cut_and_read() {
    let check = |cell: &str, expect: &str| assert_eq!(Bench::new().last(&[FRAME, cell]), expect, "{cell}");
    check("type_of(f)", "\"frame\"");
    check("f.columns", "[\"a\", \"kind\"]");
    check("[f.height, f.width, f.len, f.len()]", "[3, 2, 3, 3]");
    check("f.column(\"a\")", "[1.0, 2.5, ()]");
    check("f[\"kind\"]", "[\"x\", (), \"y\"]");
    check("f.head(1)[\"a\"]", "[1.0]");
    check("f.tail(1)[\"kind\"]", "[\"y\"]");
    check("f.slice(1, 1)[\"a\"]", "[2.5]");
    check("f.slice(1, 9).height", "2");
    check("f.select([\"kind\"]).columns", "[\"kind\"]");
    check("f.select(\"kind\").columns", "[\"kind\"]");
    check("f.describe()[\"statistic\"].len", "9");
    check("f.describe().head(3)[\"a\"]", "[2.0, 1.0, 1.75]");
    check("frame(#{ t: tensor([1, 2]) })[\"t\"]", "[1.0, 2.0]");
    check("f", "   a  kind\n f64  str\n──────────\n   1  x\n 2.5  null\nnull  y\n3 rows × 2 columns");
}

#[test]
fn files_are_frames() {
    let directory = std::env::temp_dir().join(format!("candlewick-frames-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = |name: &str| directory.join(name).display().to_string();
    let (csv, parquet) = (path("f.csv"), path("f.parquet"));
    std::fs::write(&csv, "n,x,ok,name\n1,0.5,true,a\n9007199254740993,,false,b\n").unwrap();
    let mut bench = Bench::new();
    bench.text(&format!("let f = read_csv({csv:?}); f.write_parquet({parquet:?}); let g = read_parquet({parquet:?});"));
    let columns = "[1, 9007199254740993][0.5, ()][true, false][\"a\", \"b\"]";
    let all = |frame: &str| ["n", "x", "ok", "name"].map(|name| format!("{frame}[{name:?}]"));
    let mut read = |frame: &str| all(frame).map(|cell| bench.text(&cell)).concat();
    assert_eq!((read("f"), read("g")), (columns.to_owned(), columns.to_owned()));
    assert_eq!(bench.text(&format!("f.head(1).write_csv({csv:?})")), "");
    assert_eq!(std::fs::read_to_string(&csv).unwrap(), "n,x,ok,name\n1,0.5,true,a\n");
    let (_, finished) = bench.run(&format!("read_csv({:?})", path("g.csv")));
    let problem = finished.problem.unwrap();
    assert_eq!(problem.name, "FileError");
    assert!(problem.message.contains("there is no such file (did you mean \"f.csv\"?)"), "{}", problem.message);
    assert_eq!(bench.text(&format!("plot([1, 2]).save({:?})", path("p.svg"))), "");
    assert!(std::fs::read_to_string(path("p.svg")).unwrap().starts_with("<svg"));
    let (_, finished) = bench.run(&format!("plot([1, 2]).save({:?})", path("no/p.svg")));
    assert_eq!(finished.problem.unwrap().name, "FileError");
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn long_frames_show_their_edges() {
    let bundle = shown("frame(#{ n: arange(1000) })");
    let text = bundle.get("text/plain").unwrap();
    assert!(text.contains("  0\n") && text.contains("  9\n  …\n990\n") && text.contains("999\n"), "{text}");
    assert!(text.ends_with("1,000 rows × 1 column (980 rows not shown)"), "{text}");
    assert!(bundle.get("text/html").unwrap().contains("<table"));
}

#[test]
fn what_does_not_fit_a_frame_is_said() {
    let check = |cell: &str, expect: &str| assert_eq!(Bench::new().problem(&[FRAME, cell])[0], expect, "{cell}");
    let unknown = "NameError: there is no column named \"knd\" (did you mean \"kind\"?); known are: a, kind";
    check("f[\"knd\"]", unknown);
    check("f.select([\"a\", \"knd\"])", unknown);
    check("f.dataset(#{ label: \"knd\" })", unknown);
    check(
        "f.dataset(#{ lable: \"a\" })",
        "NameError: there is no option of dataset named \"lable\" (did you mean \"label\"?); known are: label, features, normalize, task",
    );
    check(
        "f.dataset(#{})",
        "ValueError: dataset needs the column to predict, such as `#{ label: \"species\" }`; found no `label`",
    );
    check(
        "f.dataset(#{ label: \"a\", task: \"clases\" })",
        "NameError: there is no task named \"clases\" (did you mean \"classes\"?); known are: auto, classes, values, classification, regression",
    );
    check("f.dataset(#{ label: 1 })", "TypeError: option `label` of dataset takes a string; found i64");
    check(
        "f.dataset(#{ label: \"a\", normalize: 1 })",
        "TypeError: option `normalize` of dataset takes true or false; found i64",
    );
    check(
        "f.dataset(#{ label: \"kind\" })",
        "DataError: column \"a\" holds nothing in row 2; drop the row or fill the value in",
    );
    check("f.head(-1)", "ValueError: head takes a whole number of at least 0; found -1");
    check("frame(#{ a: [1, \"x\"] })", "TypeError: column \"a\" holds numbers; found string in row 1");
    check("frame(#{ a: 1 })", "TypeError: column \"a\" of a frame takes an array; found i64");
    check("frame(#{ a: [1], b: [1, 2] })", "DataError: column \"a\" has 1 rows, but \"b\" has 2");
}

#[test]
fn frames_become_datasets() {
    let mut bench = Bench::new();
    bench.text("let f = frame(#{ a: [1, 2, 3], b: [0, 1, 0], kind: [\"x\", \"y\", \"x\"] });");
    bench.text("let d = f.dataset(#{ label: \"kind\" }); let e = f.dataset(#{ label: \"b\", features: [\"a\"], normalize: true, task: \"classes\" });");
    assert_eq!(bench.text("type_of(d) == type_of(e)"), "true");
}

#[test]
fn plots_show_text_and_drawing() {
    let check = |cell: &str, expect: &[&str]| {
        let bundle = shown(cell);
        let (text, svg) = (bundle.get("text/plain").unwrap(), bundle.get("image/svg+xml").unwrap());
        assert!(svg.starts_with("<svg"), "{cell}");
        expect
            .iter()
            .for_each(|part| assert!(text.contains(part) || svg.contains(part), "{cell}: no {part} in\n{text}"));
    };
    check("plot([1, 4, 9])", &["value"]);
    check("plot([[1, 10], [2, 20]], #{ kind: \"scatter\", x: \"time\", y: \"speed\" })", &["time", "speed"]);
    check(
        "plot([1, 4, 9], #{ title: \"squares\", x_label: \"n\", y_label: \"n n\", log_y: true })",
        &["squares", "n n"],
    );
    check("plot([1, 1, 2], #{ kind: \"histogram\", bins: 2 })", &["count"]);
    check("plot(#{ loss: [3, 2, 1], accuracy: [0, 0.5, 1] })", &["loss", "accuracy"]);
    check("plot(#{ a: [3, 2], city: [\"Rome\", \"Oslo\"] }, #{ x: \"city\", kind: \"bar\" })", &["Rome", "Oslo", "a"]);
    check("plot(frame(#{ a: [1, 2], b: [3, 4], c: [5, 6] }), #{ x: \"a\", y: \"b\" })", &["a", "b"]);
    check("plot(frame(#{ a: [1, 2], b: [3, ()] }), #{ x: \"a\", y: [\"b\"] })", &["1 value not finite"]);
    check("plot(frame(#{ a: [1, 2], w: [\"u\", \"v\"] }), #{ x: \"w\", kind: \"bar\" })", &["u", "v"]);
    check("plot(tensor([1, 2, 3]))", &["value"]);
    check(
        "plot(tensor([[1, 2], [3, 4]]), #{ labels: [\"cat\", \"dog\"], x: \"predicted\", y: \"true\" })",
        &["cat", "dog", "predicted", "true"],
    );
    check("plot(tensor([[1, 2], [3, 4], [5, 6]]), #{ kind: \"line\" })", &["0", "1"]);
    check("plot(ones([2, 3]), #{ kind: \"image\" })", &["image 3 × 2 grey"]);
    check("plot(ones([4, 2, 5]), #{ kind: \"image\", labels: [0, 1, 2, 7] })", &["image 5 × 2 grey 7"]);
    check("plot(ones([3, 2, 5]), #{ kind: \"image\" })", &["image 5 × 2 RGB"]);
    check("plot(ones([2, 4, 5, 3]), #{ kind: \"image\" })", &["image 5 × 4 RGB"]);
    check("plot(ones([2, 1, 4, 5]), #{ kind: \"image\" })", &["image 5 × 4 grey"]);
    check("plot(confusion_matrix(tensor([0, 1]), tensor([0, 0])))", &["1"]);
}

#[test]
fn colours_stay_with_their_pixels() {
    let first = shown("plot(tensor([[[0, 1]], [[0.5, 0.25]], [[1, 0]]]), #{ kind: \"image\" })");
    let last = shown("plot(tensor([[[0, 0.5, 1], [1, 0.25, 0]]]), #{ kind: \"image\" })");
    assert_eq!(first, last);
}

#[test]
fn what_does_not_fit_a_plot_is_said() {
    fails(
        "plot([1], #{ kid: \"bar\" })",
        "NameError: there is no option of plot named \"kid\" (did you mean \"kind\"?); known are: kind, x, y, title, x_label, y_label, log_y, bins, labels",
    );
    fails(
        "plot([1], #{ kind: \"bars\" })",
        "NameError: there is no kind of plot named \"bars\" (did you mean \"bar\"?); known are: line, scatter, bar, histogram, heatmap, image",
    );
    fails(
        "plot(frame(#{ loss: [1] }), #{ y: \"los\" })",
        "NameError: there is no column named \"los\" (did you mean \"loss\"?); known are: loss",
    );
    fails(
        "plot(#{ loss: [1] }, #{ y: \"los\" })",
        "NameError: there is no column named \"los\" (did you mean \"loss\"?); known are: loss",
    );
    fails(
        "plot(#{ a: [1], b: [1, 2] })",
        "ShapeError: column \"b\" has 2 values, but \"a\" has 1; a plot needs columns of equal length",
    );
    fails("plot(1)", "TypeError: plot takes a frame, an array, a map of arrays or a tensor; found i64");
    fails("plot([1, \"x\"])", "TypeError: plot takes numbers; \"value\" holds string at place 1");
    fails("plot([[1, 2], 3])", "TypeError: plot takes an array of numbers or of [x, y]; item 1 is neither");
    fails("plot([1], #{ bins: 0 })", "ValueError: option `bins` of plot takes a whole number of at least 1; found 0");
    fails("plot(ones([2, 2]), #{ labels: [\"a\"] })", "ShapeError: option `labels` of plot takes 2 names; found 1");
    fails(
        "plot(ones([2, 2, 2]))",
        "ShapeError: plot draws tensors of 1 or 2 dimensions as line, and of 2 to 4 as image; found [2, 2, 2]",
    );
}

#[test]
fn memory_is_shown_by_category() {
    let bundle = shown("memory()");
    let text = bundle.get("text/plain").unwrap();
    let names = ["process", "tracked", "parameters", "gradients", "optimizer", "activations", "data", "other"];
    names.iter().for_each(|name| assert!(text.contains(name), "{name} in\n{text}"));
    assert!(bundle.get("image/svg+xml").unwrap().starts_with("<svg"));
    value("memory().resident > 1000000", "true");
    let parts = "m.parameters + m.gradients + m.optimizer_state + m.activations + m.data + m.other";
    value(&format!("let m = memory(); ({parts}) == m.total"), "true");
}
