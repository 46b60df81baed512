"""What qtconsole sends, in its order, without Qt: its widgets' requests are jupyter_client's calls."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from client import TIMEOUT, WithKernel


class QtConsole(WithKernel):
    def reply(self, msg_id):
        while True:
            reply = self.kc.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == msg_id:
                return reply["content"]

    def test_a_session(self):
        # On connecting: what the kernel is, and the history for the arrow keys.
        info = self.reply(self.kc.kernel_info())
        self.assertEqual(info["language_info"]["name"], "rhai")
        self.assertTrue(info["banner"])
        self.assertIsInstance(info["language_info"]["pygments_lexer"], str)
        self.reply(self.kc.history(hist_access_type="tail", n=1000))
        # A silent cell after connecting sets widths and the like; it must not count.
        self.assertEqual(self.reply(self.kc.execute("", silent=True))["execution_count"], 0)
        # Enter asks whether the input is whole.
        self.assertEqual(self.reply(self.kc.is_complete("fn twice(x) {"))["status"], "incomplete")
        self.assertEqual(self.reply(self.kc.is_complete("fn twice(x) { x * 2 }"))["status"], "complete")
        content, _ = self.run_cell("fn twice(x) { x * 2 }", allow_stdin=True)
        self.assertEqual((content["status"], content["execution_count"]), ("ok", 1))
        # Tab and the opening bracket.
        complete = self.reply(self.kc.complete("twi", 3))
        self.assertIn("twice", complete["matches"])
        self.assertEqual((complete["cursor_start"], complete["cursor_end"]), (0, 3))
        inspect = self.reply(self.kc.inspect("twice(", 5, detail_level=0))
        self.assertTrue(inspect["found"])
        self.assertIn("twice", inspect["data"]["text/plain"])
        self.assertEqual(self.result("twice(21)"), "42")
        # The history with outputs, as ?-searches want it.
        history = self.reply(self.kc.history(hist_access_type="tail", n=2, output=True))["history"]
        self.assertEqual([line[2] for line in history], [["fn twice(x) { x * 2 }", None], ["twice(21)", "42"]])

    def test_a_question_is_answered_on_stdin(self):
        asked = self.kc.execute('let name = input("Name? "); name + "!"', allow_stdin=True)
        question = self.kc.get_stdin_msg(timeout=TIMEOUT)
        self.assertEqual(question["msg_type"], "input_request")
        self.assertEqual(question["parent_header"]["msg_id"], asked)
        self.assertEqual(question["content"], {"prompt": "Name? ", "password": False})
        self.kc.input("Ada")
        content, outputs = self.outcome(asked)
        self.assertEqual(content["status"], "ok", content)
        results = [m["content"]["data"]["text/plain"] for m in outputs if m["msg_type"] == "execute_result"]
        self.assertEqual(results, ['"Ada!"'])

    def test_an_interrupt_ends_a_question(self):
        asked = self.kc.execute('input("Name? ")', allow_stdin=True)
        self.kc.get_stdin_msg(timeout=TIMEOUT)
        self.km.interrupt_kernel()
        self.assertEqual(self.outcome(asked)[0]["ename"], "Interrupted")
        self.assertEqual(self.result("1 + 1"), "2")

    def test_a_client_without_a_keyboard_is_not_asked(self):
        content, _ = self.run_cell('input("Name? ")', allow_stdin=False)
        self.assertEqual(content["status"], "error")
        self.assertEqual(self.result("1 + 1"), "2")

    def test_the_pager_gets_help(self):
        content, _ = self.run_cell("%help display")
        page = content["payload"][0]
        self.assertEqual(page["source"], "page")
        self.assertIn("display", page["data"]["text/plain"])


if __name__ == "__main__":
    unittest.main()
