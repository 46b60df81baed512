"""A worker that dies, hangs or ignores an interrupt: what the notebook learns, and what comes back."""

import os
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from client import TIMEOUT, WithKernel, stop

TRAIN = """let net = sequential([linear(64, 10)]);
let run = fit(net, dataset("digits"), #{ epochs: 1 });
run.resume();"""
HANGING = """%%plugin hanging
fn end_training_batch(ctx) { loop { } }"""


class Recovery(WithKernel):
    def test_plugins_come_back_as_they_were(self):
        for code in (
            "%%plugin first\nfn end_epoch(ctx) { }",
            '%%plugin failing\nfn end_training_batch(ctx) { throw "no"; }',
            "%%plugin second\nfn end_epoch(ctx) { }",
            "%plugin deactivate first",
            "%plugin deactivate progress",
            TRAIN,
        ):
            content, _ = self.run_cell(code)
            self.assertEqual(content["status"], "ok", content)
        said = self.killed_while("loop { }")
        self.assertIn("first (deactivated), failing (in quarantine), second.", said)
        for name in ("net", "run"):
            self.assertRegex(said, rf"could not be kept: .*\b{name}\b")
        states = self.plugin_states()
        # In the new worker it has not been active yet.
        self.assertEqual(states["first"], "registered")
        self.assertEqual(states["failing"], "quarantined")
        self.assertEqual(states["second"], "active")
        self.assertEqual(states["progress"], "inactive")
        # Nothing more is lost with the next worker than what is new in it.
        self.result("let only = 1; only")
        said = self.killed_while("loop { }")
        self.assertRegex(said, r"could not be kept: only\. ")

    def test_a_plugin_that_runs_at_two_deaths_in_a_row_is_left_out(self):
        self.run_cell(HANGING)
        said = self.killed_while(TRAIN)
        self.assertIn("while plugin hanging was being called", said)
        self.assertNotIn("%plugin activate", said)
        said = self.killed_while(TRAIN)
        self.assertIn("`%plugin activate hanging` calls it again", said)
        self.assertEqual(self.plugin_states()["hanging"], "registered")
        content, _ = self.run_cell(TRAIN)
        self.assertEqual(content["status"], "ok", content)

    def test_a_worker_that_ignores_an_interrupt_is_ended_by_another(self):
        running = self.kc.execute("loop { }")
        self.wait_for_busy(running)
        worker = self.worker_pid()
        stop(worker)
        begun = time.monotonic()
        self.control("interrupt_request", {})
        self.control("interrupt_request", {})
        self.assertEqual(self.worker_pid(), worker)
        while True:
            message = self.kc.get_iopub_msg(timeout=TIMEOUT)
            if message["msg_type"] == "stream":
                break
        self.assertGreaterEqual(time.monotonic() - begun, 5)
        self.assertEqual(message["content"]["name"], "stderr")
        self.assertEqual(message["parent_header"]["msg_id"], running)
        self.assertIn("Interrupt again", message["content"]["text"])
        self.control("interrupt_request", {})
        content, _ = self.outcome(running)
        self.assertEqual(content["ename"], "WorkerDied")
        self.assertIn("had ignored an interrupt for 5 s", content["evalue"])
        self.assertEqual(self.result("1 + 1"), "2")

    def test_control_answers_while_the_worker_hangs_however_much_it_is_sent(self):
        worker = self.worker_pid()
        stop(worker)
        running = self.kc.execute("/*" + "x" * 5_000_000 + "*/ 6 * 7")
        self.wait_for_busy(running)
        for _ in range(20):
            self.assertEqual(self.control("kernel_info_request", {})["status"], "ok")
            self.assertEqual(self.control("interrupt_request", {})["status"], "ok")
            self.assertEqual(self.worker_pid(), worker)
        self.assertTrue(self.kc.hb_channel.is_beating())
        os.kill(worker, signal.SIGCONT)
        content, _ = self.outcome(running)
        # The interrupts may have come to it before its cell, or with it.
        self.assertIn(content["status"], ("ok", "error"))
        self.assertEqual(self.result("6 * 7"), "42")

    def test_an_interrupt_before_the_worker_has_the_cell_is_not_lost(self):
        # It may still look alive when the cell comes: a cell that it has not begun with goes to the next one.
        os.kill(self.worker_pid(), signal.SIGKILL)
        running = self.kc.execute("loop { }")
        while self.kc.get_iopub_msg(timeout=TIMEOUT)["msg_type"] != "execute_input":
            pass
        self.control("interrupt_request", {})
        self.assertEqual(self.outcome(running)[0]["ename"], "Interrupted")

    def test_control_answers_while_the_worker_is_dead(self):
        self.kill_worker()
        self.assertEqual(self.control("interrupt_request", {})["status"], "ok")
        self.assertEqual(self.control("kernel_info_request", {})["status"], "ok")
        self.assertIn("kernel_memory", self.control("usage_request", {}))
        self.assertEqual(self.result("1 + 1"), "2")

    def test_a_shutdown_ends_a_worker_that_is_stopped(self):
        worker = self.worker_pid()
        stop(worker)
        self.km.shutdown_kernel()
        self.assertFalse(os.path.exists(f"/proc/{worker}/cmdline") and open(f"/proc/{worker}/cmdline").read())

    def killed_while(self, code):
        """What is said of a worker that is killed in a running cell."""
        running = self.kc.execute(code)
        self.wait_for_busy(running)
        os.kill(self.worker_pid(), signal.SIGKILL)
        content, _ = self.outcome(running)
        self.assertEqual(content["ename"], "WorkerDied", content)
        return content["evalue"]

    def plugin_states(self):
        """State by name, from the table that %plugins prints."""
        _, outputs = self.run_cell("%plugins")
        text = next(m["content"]["data"]["text/plain"] for m in outputs if m["msg_type"] == "display_data")
        states = {}
        for line in text.splitlines():
            for state in ("inactive", "quarantined", "active", "registered"):
                if state in line.split():
                    states[line.split()[0]] = state
                    break
        return states


if __name__ == "__main__":
    unittest.main()
