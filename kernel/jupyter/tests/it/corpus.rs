//! Replays the corpus of the fuzz target `wire`, so that what was found once stays found.

#[test]
fn bytes_of_the_corpus_do_no_harm() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fuzz/corpus/wire");
    let mut replayed = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        candlewick_jupyter::fuzz::wire(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed >= 10, "{replayed} files in {corpus}");
}
