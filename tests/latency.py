"""How long a kernel takes: to be ready, for its first cell, for a cell again and again. Prints one JSON line.

    python tests/latency.py [KERNEL [CODE [REPEATS]]]

Needs jupyter_client and the kernelspec. "ready" is from the start of the process to the reply to kernel_info_request;
a repetition is over when both the reply and idle have come. The machine's other work adds to every figure: "least" is
the steadiest of them.
"""

import json
import statistics
import sys
import time

from jupyter_client.manager import KernelManager


def main(name="candlewick", code="1+1", repeats="500"):
    begun = time.perf_counter()
    manager = KernelManager(kernel_name=name)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        wait_until_ready(client)
        ready = time.perf_counter() - begun
        round_trip(client, code)
        first = time.perf_counter() - begun
        times = sorted(round_trip(client, code) for _ in range(int(repeats)))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    milliseconds = {
        "least": times[0],
        "p50": statistics.median(times),
        "p99": times[int(len(times) * 0.99) - 1],
    }
    figures = {key: round(value * 1e3, 3) for key, value in milliseconds.items()}
    print(json.dumps({"kernel": name, "ready_s": round(ready, 3), "first_result_s": round(first, 3), "ms": figures}))


def wait_until_ready(client):
    """The client's own method waits in steps of a second, which would be most of the figure."""
    message = client.kernel_info()
    while client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != message:
        pass


def round_trip(client, code):
    begun = time.perf_counter()
    message = client.execute(code)
    while True:
        got = client.get_iopub_msg(timeout=60)
        if got["parent_header"].get("msg_id") == message and got["content"].get("execution_state") == "idle":
            break
    client.get_shell_msg(timeout=60)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main(*sys.argv[1:])
