"""The registration-file handshake (protocol 5.6), with a ROUTER of libzmq as the client's side."""

import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import zmq
from client import TIMEOUT
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.kernelspec import get_kernel_spec

KEY = b"a key for this test"


def sign(content):
    return hmac.new(KEY, content, hashlib.sha256).hexdigest().encode()


class Registration(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.router = zmq.Context.instance().socket(zmq.ROUTER)
        self.port = self.router.bind_to_random_port("tcp://127.0.0.1")

    def tearDown(self):
        self.router.close(linger=0)
        self.directory.cleanup()

    def start(self):
        path = Path(self.directory.name, "registration.json")
        file = {
            "kernel_id": "one of many",
            "transport": "tcp",
            "registration_ip": "127.0.0.1",
            "registration_port": self.port,
            "signature_scheme": "hmac-sha256",
            "key": KEY.decode(),
        }
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as opened:
            json.dump(file, opened)
        argv = [str(path) if word == "{connection_file}" else word for word in get_kernel_spec("candlewick").argv]
        kernel = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (kernel.kill(), kernel.wait(), kernel.stderr.close()))
        self.assertTrue(self.router.poll(TIMEOUT * 1000), "the kernel did not register")
        self.identity, delimiter, signature, content = self.router.recv_multipart()
        self.assertEqual((delimiter, signature), (b"<IDS|MSG>", sign(content)))
        return kernel, json.loads(content)

    def test_the_kernel_says_where_it_serves(self):
        kernel, told = self.start()
        self.assertEqual(told.pop("kernel_id"), "one of many")
        self.router.send_multipart([self.identity, b"<IDS|MSG>", sign(b"ACK"), b"ACK"])
        ports = {name: int(port) for name, port in told.items()}
        self.assertEqual(len(set(ports.values())), 5)
        client = BlockingKernelClient()
        client.load_connection_info({**ports, "ip": "127.0.0.1", "transport": "tcp", "key": KEY})
        client.start_channels()
        client.wait_for_ready(timeout=TIMEOUT)
        reply = client.execute_interactive("6 * 7", timeout=TIMEOUT)
        self.assertEqual(reply["content"]["status"], "ok")
        client.shutdown()
        self.assertEqual(kernel.wait(TIMEOUT), 0)
        client.stop_channels()

    def test_an_acknowledgement_of_somebody_else_is_refused(self):
        kernel, _ = self.start()
        self.router.send_multipart([self.identity, b"<IDS|MSG>", b"0" * 64, b"ACK"])
        self.assertNotEqual(kernel.wait(TIMEOUT), 0)
        self.assertIn("not signed", kernel.stderr.read())


if __name__ == "__main__":
    unittest.main()
