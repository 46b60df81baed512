//! Replays the corpus of the fuzz target `cells`, so that what was found once stays found.

#[path = "../src/cell.rs"]
#[allow(dead_code)] // what completion asks of it is not replayed here
mod cell;
#[path = "../../../tests/fuzz/cells.rs"]
mod cells;

#[test]
fn cells_of_the_corpus_are_split_without_loss() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fuzz/corpus/cells");
    let mut replayed = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        cells::check(&String::from_utf8_lossy(&bytes));
        replayed += 1;
    }
    assert!(replayed >= 10, "{replayed} files in {corpus}");
}
