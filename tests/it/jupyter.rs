//! The kernel as Jupyter's own clients see it.

use crate::support::{Home, unittest};

#[test]
fn it_passes_every_test_of_jupyter_kernel_test() {
    unittest(&Home::new(), "conformance.py");
}

#[test]
fn a_cell_can_ask_its_user() {
    unittest(&Home::new(), "questions.py");
}

#[test]
fn its_history_outlives_it() {
    unittest(&Home::new(), "history.py");
}

#[test]
fn comms_are_answered_for_while_the_worker_is_busy_and_closed_when_it_dies() {
    unittest(&Home::new(), "comms.py");
}

#[test]
fn the_sidebar_and_widget_managers_get_their_answers() {
    unittest(&Home::new(), "sidebar.py");
}

#[test]
fn it_keeps_its_state_when_interrupted_and_stops_queued_cells_after_an_error() {
    unittest(&Home::new(), "behaviour.py");
}

#[test]
fn it_registers_with_a_client_that_lets_it_choose_its_ports() {
    unittest(&Home::new(), "registration.py");
}
