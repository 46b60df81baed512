"""How long an interrupt takes, from the request to the reply: in an endless Rhai loop and inside training. One JSON line.

    python tests/interrupt_time.py [KERNEL [REPEATS]]

Needs jupyter_client and the kernelspec. The training is of a net whose steps take some milliseconds; after the interrupts
the run must go on where it stood.
"""

import json
import sys
import time

from jupyter_client.manager import KernelManager

SETUP = """let net = sequential([conv2d(1, 32, 3, #{ padding: 1 }), relu(), conv2d(32, 64, 3, #{ padding: 1 }), relu(),
                      flatten(), linear(64 * 64, 10)]);
let run = fit(net, dataset("digits").reshape([1, 8, 8]), #{ epochs: 100000, batch_size: 64, validation: 0.2 });"""


def main(name="candlewick", repeats="10"):
    manager = KernelManager(kernel_name=name)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        finish(client, client.execute(SETUP))
        times = {what: [interrupted(manager, client, code) for _ in range(int(repeats))]
                 for what, code in (("loop", "loop { }"), ("training", "run.resume();"))}
        assert finish(client, client.execute("run.step();"))["status"] == "ok"
        print(json.dumps({what: {"median_ms": sorted(all)[len(all) // 2], "most_ms": max(all)} for what, all in times.items()}))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def interrupted(manager, client, code):
    running = client.execute(code)
    time.sleep(0.3)
    begun = time.perf_counter()
    manager.interrupt_kernel()
    reply = finish(client, running)
    assert reply["status"] == "error" and reply["ename"] == "Interrupted", reply
    return round((time.perf_counter() - begun) * 1000, 1)


def finish(client, asked):
    while True:
        reply = client.get_shell_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == asked:
            return reply["content"]


main(*sys.argv[1:])
