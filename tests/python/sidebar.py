"""What jupyter-resource-usage and widget managers ask, also while a cell runs."""

import os
import stat
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from client import TIMEOUT, WithKernel

FOREVER = "let n = 0; loop { n += 1; }"


class Sidebar(WithKernel):
    def setUp(self):
        program = os.path.join(os.environ["HOME"], "bin", "nvidia-smi")
        if not os.path.exists(program):
            os.makedirs(os.path.dirname(program))
            with open(program, "w") as file:
                file.write("#!/bin/sh\necho 'NVIDIA Test, 100, 24000'\n")
            os.chmod(program, stat.S_IRWXU)
            os.environ["PATH"] = os.path.dirname(program) + os.pathsep + os.environ["PATH"]
        super().setUp()

    def test_usage_is_of_both_processes_and_of_the_device(self):
        self.control("usage_request", {})
        running = self.kc.execute(FOREVER)
        self.wait_for_busy(running)
        usage = self.control("usage_request", {})
        self.assertGreater(usage["kernel_cpu"], 0)
        for field in ("kernel_memory", "pid", "cpu_count", "host_cpu_percent"):
            self.assertGreater(usage[field], 0, field)
        for field in ("total", "available", "percent", "used", "free", "active"):
            self.assertGreater(usage["host_virtual_memory"][field], 0, field)
        self.assertTrue(usage["hostname"])
        deadline = time.monotonic() + TIMEOUT
        while "gpu" not in usage and time.monotonic() < deadline:
            time.sleep(0.1)
            usage = self.control("usage_request", {})
        self.assertEqual(usage["gpu"], [{"name": "NVIDIA Test", "used": 100 << 20, "total": 24000 << 20}])
        self.control("interrupt_request", {})
        self.outcome(running)

    def test_widget_managers_are_answered_while_a_cell_runs(self):
        running = self.kc.execute(FOREVER)
        self.wait_for_busy(running)
        self.send("comm_open", {"comm_id": "c", "target_name": "jupyter.widget.control", "data": {}})
        self.send("comm_msg", {"comm_id": "c", "data": {"method": "request_states"}})
        while True:
            message = self.kc.get_iopub_msg(timeout=TIMEOUT)
            if message["msg_type"] == "comm_msg":
                break
        self.assertEqual(message["content"]["comm_id"], "c")
        self.assertEqual(message["content"]["data"], {"method": "update_states", "states": {}, "buffer_paths": []})
        self.control("interrupt_request", {})
        self.outcome(running)

    def test_an_unknown_target_is_closed(self):
        self.send("comm_open", {"comm_id": "x", "target_name": "no.such.target", "data": {}})
        while True:
            message = self.kc.get_iopub_msg(timeout=TIMEOUT)
            if message["msg_type"] == "comm_close":
                break
        self.assertEqual(message["content"]["comm_id"], "x")
        self.send("comm_msg", {"comm_id": "x", "data": {}})
        self.assertEqual(self.result("1 + 1"), "2")

    def test_idle_processes_sleep(self):
        self.result("1 + 1")
        # What was begun for the cell comes to rest.
        time.sleep(2)
        processes = {"kernel": self.km.provisioner.pid, "worker": self.worker_pid()}
        time.sleep(1)
        before = {name: switches(pid) for name, pid in processes.items()}
        time.sleep(4)
        for name, pid in processes.items():
            after = switches(pid)
            woken = {thread: count - before[name].get(thread, 0) for thread, count in after.items()}
            # The client's heartbeat, once a second, is all that may wake the kernel.
            self.assertLessEqual(sum(woken.values()), 10 if name == "kernel" else 0, f"{name}: {woken}")

    def send(self, msg_type, content):
        self.kc.shell_channel.send(self.kc.session.msg(msg_type, content))


def switches(pid):
    """How often each thread has gone to sleep since it was started."""
    counts = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status") as status:
            fields = dict(line.split(":", 1) for line in status)
        counts[thread + " " + fields["Name"].strip()] = int(fields["voluntary_ctxt_switches"])
    return counts


if __name__ == "__main__":
    unittest.main()
