"""The comms that a worker has opened, as the kernel process answers for them: while the worker is busy, and when it dies."""

import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from client import TIMEOUT, WithKernel

FIT = """let net = sequential([linear(64, 10)]);
let run = fit(net, dataset("digits"), #{ epochs: 1000000 });"""


class Comms(WithKernel):
    def setUp(self):
        os.environ["CANDLEWICK_WIDGETS"] = "on"
        super().setUp()

    def test_states_are_told_and_buttons_work_while_a_cell_runs(self):
        running, opened = self.running_panel()
        comm = opened["content"]["comm_id"]
        self.assertEqual(opened["metadata"]["version"], "2.1.0")
        self.send("comm_open", {"comm_id": "control", "target_name": "jupyter.widget.control", "data": {}})
        self.send("comm_msg", {"comm_id": "control", "data": {"method": "request_states"}})
        states = self.next_of("comm_msg", "control")["content"]["data"]["states"]
        self.assertEqual(list(states), [comm])
        self.assertEqual(states[comm]["model_name"], "AnyModel")
        self.assertEqual(states[comm]["model_module"], "anywidget")
        self.assertIn("_esm", states[comm]["state"])
        self.assertEqual(set(states[comm]), {"model_name", "model_module", "model_module_version", "state"})
        self.press(comm, "stop")
        content, _ = self.outcome(running)
        self.assertEqual(content["status"], "ok", content)

    def test_comms_are_listed_by_target(self):
        running, opened = self.running_panel()
        self.press(opened["content"]["comm_id"], "stop")
        self.outcome(running)
        self.assertIn(opened["content"]["comm_id"], self.comm_info("jupyter.widget"))
        self.assertEqual(self.comm_info("no.such.target"), {})
        self.assertEqual(self.comm_info(None), self.comm_info("jupyter.widget"))

    def test_a_death_closes_them(self):
        running, opened = self.running_panel()
        os.kill(self.worker_pid(), signal.SIGKILL)
        self.next_of("comm_close", opened["content"]["comm_id"])
        self.assertEqual(self.outcome(running)[0]["ename"], "WorkerDied")
        self.assertEqual(self.comm_info(None), {})

    def running_panel(self):
        """The id of a cell that trains for ever, and the message that opened its widget."""
        self.run_cell(FIT)
        running = self.kc.execute("run.resume();")
        while True:
            message = self.kc.get_iopub_msg(timeout=TIMEOUT)
            if message["msg_type"] == "comm_open":
                return running, message

    def next_of(self, msg_type, comm):
        while True:
            message = self.kc.get_iopub_msg(timeout=TIMEOUT)
            if message["msg_type"] == msg_type and message["content"]["comm_id"] == comm:
                return message

    def press(self, comm, button):
        self.send("comm_msg", {"comm_id": comm, "data": {"method": "custom", "content": {"action": button}}})

    def comm_info(self, target):
        asked = self.kc.comm_info(target)
        while True:
            reply = self.kc.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == asked:
                return reply["content"]["comms"]

    def send(self, msg_type, content):
        self.kc.shell_channel.send(self.kc.session.msg(msg_type, content))


if __name__ == "__main__":
    unittest.main()
