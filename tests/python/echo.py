"""Asks the kernel named `echo` two things and prints what it sends."""

from jupyter_client.manager import start_new_kernel


def show(message):
    content = message["content"]
    if message["msg_type"] == "stream":
        print("stream", content["text"])
    elif message["msg_type"] == "execute_result":
        print("result", content["data"]["text/plain"])
    elif message["msg_type"] == "error":
        print(f"error {content['ename']}: {content['evalue']}")


manager, client = start_new_kernel(kernel_name="echo", startup_timeout=60)
try:
    for code in ["hello", "fail no such thing"]:
        reply = client.execute_interactive(code, timeout=60, output_hook=show)
        print("reply", reply["content"]["status"])
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
