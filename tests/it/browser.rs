//! JupyterLab in a real browser, as people use it.

use crate::support::browser;

#[test]
fn people_run_interrupt_restart_and_ask_for_help() {
    browser("notebooks.py");
}
