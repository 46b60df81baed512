"""The history outlives the kernel, whoever else writes it."""

import os
import sqlite3
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from client import TIMEOUT, WithKernel
from jupyter_client.manager import start_new_kernel

FILE = os.path.expanduser("~/.local/share/candlewick/history.sqlite")


class History(WithKernel):
    def test_sessions_follow_each_other(self):
        for code in ("let mark = 17;", "mark + 1", "mark + 1"):
            self.run_cell(code)
        self.run_cell("mark + 2", store_history=False)
        self.run_cell("mark + 3", silent=True)
        own = self.history(hist_access_type="range", session=0, start=0)
        session = own[0][0]
        self.assertEqual(own, [[session, 1, "let mark = 17;"], [session, 2, "mark + 1"], [session, 3, "mark + 1"]])
        self.restart()
        self.assertEqual(self.history(hist_access_type="tail", n=2), own[1:])
        self.run_cell("let other = 1;")
        self.assertEqual(self.history(hist_access_type="tail", n=2)[-1], [session + 1, 1, "let other = 1;"])
        self.assertEqual(self.history(hist_access_type="range", session=-1, start=1, stop=3), own[:2])
        with_output = self.history(hist_access_type="range", session=session, start=2, stop=3, output=True)
        self.assertEqual(with_output, [[session, 2, ["mark + 1", "18"]]])
        self.assertEqual(len(self.history(hist_access_type="search", pattern="mark + ?", n=10)), 2)
        once = self.history(hist_access_type="search", pattern="mark*", n=10, unique=True)
        self.assertEqual(once, [own[2]])

    def test_two_kernels_write_at_once(self):
        km, kc = start_new_kernel(kernel_name="candlewick", startup_timeout=TIMEOUT)
        try:
            for number in range(10):
                sent = [kc.execute(f"{number} + 100"), self.kc.execute(f"{number} + 200")]
                self.outcome(sent[1])
                while kc.get_shell_msg(timeout=TIMEOUT)["parent_header"]["msg_id"] != sent[0]:
                    pass
        finally:
            kc.stop_channels()
            km.shutdown_kernel()
        self.assertEqual(len(self.history(hist_access_type="search", pattern="? + 100", n=99)), 10)
        self.assertEqual(len(self.history(hist_access_type="search", pattern="? + 200", n=99)), 10)

    def test_a_locked_file_delays_no_cell(self):
        self.run_cell("1")
        self.history(hist_access_type="tail", n=1)
        lock = sqlite3.connect(FILE)
        lock.execute("BEGIN EXCLUSIVE")
        for _ in range(3):
            self.assertEqual(self.result("20 + 1"), "21")
        lock.rollback()
        lock.close()
        self.restart()
        self.assertGreaterEqual(len(self.history(hist_access_type="search", pattern="20 + 1", n=9)), 3)

    def restart(self):
        self.kc.stop_channels()
        self.km.shutdown_kernel()
        self.setUp()

    def history(self, **what):
        asked = self.kc.history(raw=True, **what) if "output" in what else self.kc.history(raw=True, output=False, **what)
        while True:
            reply = self.kc.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == asked:
                return reply["content"]["history"]


if __name__ == "__main__":
    unittest.main()
