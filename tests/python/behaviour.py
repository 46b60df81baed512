"""What a kernel owes its clients beyond message forms: state, order, answers while busy."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from client import TIMEOUT, WithKernel

FOREVER = "let n = 0; loop { n += 1; }"


class Behaviour(WithKernel):
    def test_an_interrupt_keeps_all_state(self):
        self.result("let kept = 42; kept")
        running = self.kc.execute(FOREVER)
        self.wait_for_busy(running)
        begun = time.monotonic()
        self.km.interrupt_kernel()
        content, _ = self.outcome(running)
        self.assertEqual(content["status"], "error")
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(self.result("kept"), "42")

    def test_control_is_answered_while_a_cell_runs(self):
        running = self.kc.execute(FOREVER)
        self.wait_for_busy(running)
        self.assertEqual(self.control("kernel_info_request", {})["implementation"], "candlewick")
        usage = self.control("usage_request", {})
        self.assertGreater(usage["kernel_memory"], 0)
        self.assertTrue(self.kc.hb_channel.is_beating())
        self.km.interrupt_kernel()
        self.outcome(running)

    def test_cells_queued_behind_an_error_are_aborted(self):
        running = self.kc.execute(FOREVER)
        self.wait_for_busy(running)
        queued = self.kc.execute("1 + 1")
        self.km.interrupt_kernel()
        self.assertEqual(self.outcome(running)[0]["status"], "error")
        while True:
            reply = self.kc.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == queued:
                break
        self.assertEqual(reply["content"]["status"], "aborted")
        self.assertEqual(self.result("1 + 1"), "2")

    def test_user_expressions_are_rhai_and_fail_alone(self):
        content, _ = self.run_cell("let a = 20;", user_expressions={"good": "a + 1", "bad": "no_such"})
        self.assertEqual(content["status"], "ok")
        self.assertEqual(content["user_expressions"]["good"]["data"]["text/plain"], "21")
        self.assertEqual(content["user_expressions"]["bad"]["status"], "error")

    def test_a_silent_cell_shows_no_result_and_is_not_remembered(self):
        _, outputs = self.run_cell("1 + 1", silent=True)
        self.assertFalse([m for m in outputs if m["msg_type"] == "execute_result"])
        history = self.kc.history(hist_access_type="range", session=0, start=0)
        while True:
            reply = self.kc.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == history:
                break
        self.assertEqual(reply["content"]["history"], [])

    def test_no_printed_line_is_lost_or_late(self):
        _, outputs = self.run_cell("for i in 0..20000 { print(i); }")
        text = "".join(m["content"]["text"] for m in outputs if m["msg_type"] == "stream")
        self.assertEqual(text.split(), [str(i) for i in range(20000)])

    def test_nothing_is_left_when_the_kernel_ends(self):
        worker = self.worker_pid()
        self.km.shutdown_kernel()
        self.assertTrue(gone(worker))

    def test_a_killed_kernel_takes_its_worker_along(self):
        running = self.kc.execute(FOREVER)
        self.wait_for_busy(running)
        worker = self.worker_pid()
        self.km.shutdown_kernel(now=True)
        self.assertTrue(gone(worker))


def gone(pid):
    """Whether a process ends within some seconds."""
    for _ in range(200):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                # A zombie that nobody reaps, as under a container's first process, has ended too.
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


if __name__ == "__main__":
    unittest.main()
