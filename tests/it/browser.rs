//! JupyterLab in a real browser, as people use it.

use crate::support::browser;

#[test]
fn people_run_interrupt_restart_and_ask_for_help() {
    browser("notebooks.py");
}

#[test]
fn the_buttons_of_a_runs_panel_act_on_the_run() {
    browser("panel.py");
}
