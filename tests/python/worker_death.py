"""A worker that dies takes no session with it."""

import os
import re
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from client import WithKernel

PLUGIN = "%%plugin {}\nfn end_epoch(ctx) {{ }}"


class WorkerDeath(WithKernel):
    def test_the_cell_says_how_it_died_and_the_next_one_works(self):
        for name in ("second", "first"):
            content, _ = self.run_cell(PLUGIN.format(name))
            self.assertEqual(content["status"], "ok", content)
        old = self.worker_pid()
        running = self.kc.execute("loop { }")
        self.wait_for_busy(running)
        os.kill(old, signal.SIGKILL)
        content, _ = self.outcome(running)
        self.assertEqual(content["status"], "error")
        self.assertEqual(content["ename"], "WorkerDied")
        for part in ("killed by SIGKILL", "in cell 3", "registered again: second, first"):
            self.assertIn(part, content["evalue"])
        self.assertNotEqual(self.worker_pid(), old)
        self.assertEqual(self.result("40 + 2"), "42")
        _, outputs = self.run_cell("%plugins")
        shown = str([m["content"] for m in outputs])
        self.assertIn("first", shown)
        self.assertIn("second", shown)

    def test_a_run_goes_on_from_its_last_checkpoint(self):
        fit = """let net = sequential([linear(64, 10)]);
            let run = fit(net, dataset("digits"), #{{ epochs: 1000000, seed: 3 {} }});"""
        self.result(fit.format("") + " run.run_until(\"save_checkpoint\"); 1")
        running = self.kc.execute("run.resume()")
        self.wait_for_busy(running)
        os.kill(self.worker_pid(), signal.SIGKILL)
        said = self.outcome(running)[0]["evalue"]
        path = re.search(r'resume: "([^"]+)"', said)
        self.assertTrue(path, said)
        resumed = fit.format(f', resume: "{path.group(1)}"') + " run.step(2); run.context.global_step > 0"
        self.assertEqual(self.result(resumed), "true")

    def test_each_signal_has_its_name(self):
        # Rust's own handler swallows the first SIGSEGV that is sent instead of caused.
        for numbers, name in (([signal.SIGABRT], "SIGABRT"), ([signal.SIGSEGV, signal.SIGSEGV], "SIGSEGV")):
            running = self.kc.execute("loop { }")
            self.wait_for_busy(running)
            worker = self.worker_pid()
            for number in numbers:
                os.kill(worker, number)
                time.sleep(0.2)
            self.assertIn(name, self.outcome(running)[0]["evalue"])

    def test_a_death_between_two_cells_is_told_by_the_next_one(self):
        self.result("let gone = 1; gone")
        os.kill(self.worker_pid(), signal.SIGKILL)
        time.sleep(0.5)
        content, outputs = self.run_cell("1 + 1")
        self.assertEqual(content["status"], "ok", content)
        text = "".join(m["content"]["text"] for m in outputs if m["msg_type"] == "stream")
        self.assertIn("killed by SIGKILL", text)
        self.assertEqual(self.run_cell("gone")[0]["status"], "error")


if __name__ == "__main__":
    unittest.main()
