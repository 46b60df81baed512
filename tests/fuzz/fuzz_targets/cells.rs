//! Text of a cell: the splitter that finds `%%` lines, commands and statements. Read `check` first.

#![no_main]

#[path = "../../../kernel/worker/src/cell.rs"]
mod cell;
#[path = "../cells.rs"]
mod cells;

libfuzzer_sys::fuzz_target!(|text: &str| cells::check(text));
