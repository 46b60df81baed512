"""Every figure that was asked of this kernel, measured beside ipykernel in the same run. Prints one table.

    python tests/figures.py [REPEATS]

Needs jupyter_client, ipykernel and the kernelspecs `candlewick` and `python3`. Both kernels do the same things in turns,
so that the machine's other work meets both; a time is the median of its repetitions, and the ratio is the figure to
trust. Completeness is checked on the way: a lost line or a lost variable ends the run. REPEATS (10) scales all counts.
"""

import json
import os
import queue
import statistics
import subprocess
import sys
import time

from jupyter_client.manager import KernelManager
from latency import round_trip, wait_until_ready

LIMIT = 120
KERNELS = {
    "candlewick": {
        "set": "let kept = 41;", "kept": "kept + 1", "forever": "loop { }", "complete": "data",
        "lines": "for i in 0..100000 { print(i); }",
    },
    "python3": {
        "set": "kept = 41", "kept": "kept + 1", "forever": "while True: pass", "complete": "isinst",
        "lines": "for i in range(100000): print(i)",
    },
}
# Name, what was asked of a quiet machine, what ipykernel takes on one (known before), unit.
ROWS = {
    "ready": ("start to ready", 0.15, 0.46, "s"),
    "first": ("start to the result of a first cell", 0.20, None, "s"),
    "cell": ("1+1, reply and idle, history on", 0.6, 3.4, "ms"),
    "lines": ("100,000 lines printed one by one", 0.3, 0.92, "s"),
    "interrupt": ("interrupt to reply, state kept", 10, 20, "ms"),
    "complete": ("completion, warm", 5, None, "ms"),
    "resident": ("kernel process idle, resident", 25, 60, "MB"),
    "wake_ups": ("kernel process idle, wake-ups in a second", 0, None, "/s"),
}


def main(repeats="10"):
    repeats = int(repeats)
    figures = {name: {} for name in KERNELS}
    starts = {name: [started(name) for _ in range(repeats)] for name in KERNELS}
    for name, pairs in starts.items():
        figures[name]["ready"] = statistics.median(ready for ready, _ in pairs)
        figures[name]["first"] = statistics.median(first for _, first in pairs)
    kernels = {name: Kernel(name) for name in KERNELS}
    try:
        for kernel in kernels.values():
            kernel.listen()
        measure(figures, kernels, "cell", repeats * 30, lambda kernel: round_trip(kernel.client, "1+1") * 1000)
        measure(figures, kernels, "lines", max(3, repeats // 2), Kernel.lines)
        measure(figures, kernels, "interrupt", repeats, lambda kernel: kernel.interrupt() * 1000)
        measure(figures, kernels, "complete", repeats * 10, lambda kernel: kernel.complete() * 1000)
    finally:
        for kernel in kernels.values():
            kernel.close()
    for name, cost in idle(list(KERNELS)).items():
        figures[name].update(cost)
    show(figures)


def started(name):
    """Seconds from the start of the process to the reply to kernel_info, and to the first cell's result."""
    begun = time.perf_counter()
    kernel = Kernel(name)
    ready = time.perf_counter() - begun
    kernel.listen()
    round_trip(kernel.client, "1+1")
    first = time.perf_counter() - begun
    kernel.close()
    return ready, first


def measure(figures, kernels, row, repeats, once):
    """The median for each kernel; the kernels take turns."""
    times = {name: [] for name in kernels}
    for _ in range(repeats):
        for name, kernel in kernels.items():
            times[name].append(once(kernel))
    for name in kernels:
        figures[name][row] = statistics.median(times[name])


class Kernel:
    def __init__(self, name):
        self.words = KERNELS[name]
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        wait_until_ready(self.client)

    def listen(self):
        """Until what is published arrives: another socket, whose connection may be there later."""
        while True:
            asked = self.client.kernel_info()
            try:
                self.client.get_iopub_msg(timeout=0.05)
                self.reply(asked)
                return
            except queue.Empty:
                self.reply(asked)

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def lines(self):
        """Seconds until idle, after which nothing may be missing."""
        begun = time.perf_counter()
        asked, text = self.client.execute(self.words["lines"]), []
        while True:
            got = self.client.get_iopub_msg(timeout=LIMIT)
            if got["parent_header"].get("msg_id") != asked:
                continue
            if got["msg_type"] == "stream":
                text.append(got["content"]["text"])
            if got["content"].get("execution_state") == "idle":
                break
        took = time.perf_counter() - begun
        self.reply(asked)
        lines = "".join(text).split()
        assert lines == [str(n) for n in range(100_000)], f"{len(lines)} lines"
        return took

    def interrupt(self):
        """Seconds from the request to the cell's reply; a variable of before is there afterwards."""
        self.reply(self.client.execute(self.words["set"]))
        # ipykernel aborts what comes right behind an error, unless it is told not to.
        running = self.client.execute(self.words["forever"], stop_on_error=False)
        time.sleep(0.2)
        begun = time.perf_counter()
        self.manager.interrupt_kernel()
        reply = self.reply(running)
        took = time.perf_counter() - begun
        assert reply["status"] == "error", reply
        asked = self.client.execute("", user_expressions={"kept": self.words["kept"]})
        kept = self.reply(asked)["user_expressions"]["kept"]
        assert kept["status"] == "ok" and kept["data"]["text/plain"] == "42", kept
        return took

    def complete(self):
        begun = time.perf_counter()
        reply = self.reply(self.client.complete(self.words["complete"]))
        assert reply["matches"], reply
        return time.perf_counter() - begun

    def reply(self, asked):
        while True:
            reply = self.client.get_shell_msg(timeout=LIMIT)
            if reply["parent_header"].get("msg_id") == asked:
                return reply["content"]


def idle(names):
    """Memory in MB and wake-ups in a second of each kernel process, by idle_cost.py."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "idle_cost.py")
    lines = subprocess.run([sys.executable, script, *names], check=True, capture_output=True, text=True).stdout
    costs = {}
    for cost in map(json.loads, lines.splitlines()):
        kernel = cost["processes"]["kernel"]
        costs[cost["kernel"]] = {
            "resident": kernel["resident"],
            "wake_ups": kernel["wake_ups"] / cost["seconds"],
        }
    return costs


def show(figures):
    """The last column is what was asked as a ratio, where ipykernel's figure is known."""
    print(f"{'what':<42} {'asked':>9} {'candlewick':>12} {'ipykernel':>12} {'ratio':>7} {'asked':>7}")
    for row, (what, asked, known, unit) in ROWS.items():
        ours, theirs = figures["candlewick"][row], figures["python3"][row]
        ratio = f"{ours / theirs:.3f}" if theirs else "–"
        asked_ratio = f"{asked / known:.3f}" if known else "–"
        figures_of_row = " ".join(f"{figure:>9.3g} {unit:<2}" for figure in (ours, theirs))
        print(f"{what:<42} {asked:>6g} {unit:<2} {figures_of_row} {ratio:>7} {asked_ratio:>7}")


if __name__ == "__main__":
    main(*sys.argv[1:])
