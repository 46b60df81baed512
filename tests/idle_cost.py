"""What idle kernels cost: memory, and how often they wake up. Prints one JSON line for each kernel.

    python tests/idle_cost.py [KERNEL ...]

Needs jupyter_client and the kernelspecs; without names it measures candlewick and python3 (ipykernel). A kernel runs
one cell, rests for eleven seconds, and is then watched for ten, with no client connected. "wake_ups" is how often its
threads went to sleep again in that time. Memory is in MB: "resident" as the system counts it, "own" without what comes
from files on disk (programs and libraries, which other kernels share), "share" with that divided among its users.
"""

import json
import os
import sys
import time

from jupyter_client.manager import start_new_kernel

REST = 11
WATCHED = 10


def main(*names):
    for name in names or ("candlewick", "python3"):
        manager, client = start_new_kernel(kernel_name=name, startup_timeout=60)
        try:
            client.execute_interactive("1+1", output_hook=lambda message: None)
            client.stop_channels()
            time.sleep(REST)
            kernel = manager.provisioner.pid
            processes = {"kernel": kernel, **{f"child {i}": pid for i, pid in enumerate(children(kernel))}}
            before = {label: wake_ups(pid) for label, pid in processes.items()}
            time.sleep(WATCHED)
            costs = {label: {**memory(pid), "wake_ups": wake_ups(pid) - before[label]} for label, pid in processes.items()}
            print(json.dumps({"kernel": name, "seconds": WATCHED, "processes": costs}))
        finally:
            manager.shutdown_kernel(now=True)


def children(pid):
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as listed:
            found += [int(word) for word in listed.read().split()]
    return found


def wake_ups(pid):
    """Of all threads that live; those that come and go are seen in what they do to the others."""
    return sum(int(fields(f"/proc/{pid}/task/{thread}/status")["voluntary_ctxt_switches"])
               for thread in os.listdir(f"/proc/{pid}/task"))


def memory(pid):
    status, maps = fields(f"/proc/{pid}/status"), fields(f"/proc/{pid}/smaps_rollup")
    figures = {"resident": status["VmRSS"], "own": status["RssAnon"], "share": maps["Pss"]}
    return {name: round(int(figure.split()[0]) / 1000, 1) for name, figure in figures.items()}


def fields(path):
    with open(path) as file:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in file)}


if __name__ == "__main__":
    main(*sys.argv[1:])
