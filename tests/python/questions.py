"""A cell that asks its user."""

import os
import queue
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from client import TIMEOUT, WithKernel


class Questions(WithKernel):
    def test_an_answer_reaches_the_cell(self):
        self.answered('print("before"); input("name? ")', "Ada", '"Ada"')
        self.answered('password("secret: ")', "s3cret", '"s3cret"', password=True)

    def test_control_answers_while_a_prompt_waits_and_an_interrupt_ends_it(self):
        running = self.kc.execute('let kept = 5; input("never answered")', allow_stdin=True)
        self.kc.get_stdin_msg(timeout=TIMEOUT)
        self.assertEqual(self.control("kernel_info_request", {})["status"], "ok")
        self.assertGreater(self.control("usage_request", {})["kernel_memory"], 0)
        begun = time.monotonic()
        self.control("interrupt_request", {})
        content, _ = self.outcome(running)
        self.assertEqual(content["ename"], "Interrupted")
        self.assertLess(time.monotonic() - begun, 3)
        # An answer that comes too late is nobody's.
        self.kc.input("late")
        self.answered('input("next? ")', "in time", '"in time"')
        self.assertEqual(self.result("kept"), "5")

    def test_a_worker_that_dies_while_a_prompt_waits_is_told(self):
        running = self.kc.execute('input("never answered")', allow_stdin=True)
        self.kc.get_stdin_msg(timeout=TIMEOUT)
        os.kill(self.worker_pid(), signal.SIGKILL)
        self.assertEqual(self.outcome(running)[0]["ename"], "WorkerDied")
        self.answered('input("next? ")', "yes", '"yes"')

    def test_who_can_not_be_asked_is_not_asked(self):
        content, _ = self.run_cell('input("anyone?")', allow_stdin=False)
        self.assertEqual(content["status"], "error")
        with self.assertRaises(queue.Empty):
            self.kc.get_stdin_msg(timeout=0.2)

    def answered(self, code, answer, result, password=False):
        running = self.kc.execute(code, allow_stdin=True)
        question = self.kc.get_stdin_msg(timeout=TIMEOUT)
        self.assertEqual(question["parent_header"]["msg_id"], running)
        self.assertEqual(question["content"]["password"], password)
        self.kc.input(answer)
        content, outputs = self.outcome(running)
        self.assertEqual(content["status"], "ok", content)
        shown = next(m["content"]["data"]["text/plain"] for m in outputs if m["msg_type"] == "execute_result")
        self.assertEqual(shown, result)


if __name__ == "__main__":
    unittest.main()
