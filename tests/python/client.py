"""One kernel with one client, for unittest modules."""

import os
import signal
import time
import unittest

from jupyter_client.manager import start_new_kernel

TIMEOUT = 60


class WithKernel(unittest.TestCase):
    """A fresh kernel for every test."""

    def setUp(self):
        self.km, self.kc = start_new_kernel(kernel_name="candlewick", startup_timeout=TIMEOUT)

    def tearDown(self):
        self.kc.stop_channels()
        if self.km.has_kernel:
            self.km.shutdown_kernel()

    def run_cell(self, code, **how):
        """The reply's content and all messages of the cell."""
        return self.outcome(self.kc.execute(code, **how))

    def outcome(self, msg_id):
        outputs = []
        while True:
            message = self.kc.get_iopub_msg(timeout=TIMEOUT)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
            outputs.append(message)
        while True:
            reply = self.kc.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == msg_id:
                return reply["content"], outputs

    def wait_for_busy(self, msg_id):
        while True:
            message = self.kc.get_iopub_msg(timeout=TIMEOUT)
            if message["parent_header"].get("msg_id") == msg_id and message["msg_type"] == "execute_input":
                # The cell was handed on; give its first operations a moment.
                time.sleep(0.3)
                return

    def control(self, msg_type, content):
        message = self.kc.session.msg(msg_type, content)
        self.kc.control_channel.send(message)
        while True:
            reply = self.kc.get_control_msg(timeout=TIMEOUT)
            if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
                return reply["content"]

    def result(self, code):
        """The text of a cell's result."""
        content, outputs = self.run_cell(code)
        self.assertEqual(content["status"], "ok", content)
        return next(m["content"]["data"]["text/plain"] for m in outputs if m["msg_type"] == "execute_result")

    def kill_worker(self):
        """Kills the worker and waits until the kernel has taken note of its end."""
        worker = self.worker_pid()
        os.kill(worker, signal.SIGKILL)
        while os.path.exists(f"/proc/{worker}"):
            time.sleep(0.01)

    def worker_pid(self):
        return self.control("usage_request", {})["worker_pid"]


def stop(pid):
    """Stops a process and waits until each of its threads stands: the signal reaches them one after the other."""
    os.kill(pid, signal.SIGSTOP)
    while not all(state(pid, thread) == "T" for thread in os.listdir(f"/proc/{pid}/task")):
        time.sleep(0.001)


def state(pid, thread):
    """The letter of a thread's state, as the system shows it."""
    with open(f"/proc/{pid}/task/{thread}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]
