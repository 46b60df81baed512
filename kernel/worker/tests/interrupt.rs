//! An interrupt, alone in its process because the flag is the process's.

mod common;
use common::Bench;

#[test]
fn an_interrupt_stops_loops_of_every_kind_and_keeps_what_was_done() {
    use candlewick_engine::interrupt;
    let check = |cell: &str| {
        let mut bench = Bench::new();
        bench.text("let done = 0;");
        let stopper = std::thread::spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            interrupt::request();
        });
        let problem = bench.run(cell).1.problem.unwrap();
        stopper.join().unwrap();
        interrupt::clear();
        assert_eq!(problem.name, "Interrupted", "{cell}");
        assert!(problem.traceback[1].starts_with("cell 2, line 1"), "{:?}", problem.traceback);
        assert_eq!(bench.text("done > 0"), "true");
    };
    check("loop { done += 1; }");
    check("done = 1; [1].map(|x| { loop { } });");
    check("loop { try { done += 1; loop { } } catch { } }");
}
