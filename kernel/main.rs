//! The executable.
use candlewick as _;
unsafe extern "C" {
    fn candlewick_worker_main() -> i32;
}
fn main() {
    let code = unsafe { candlewick_worker_main() };
    std::process::exit(code)
}
