"""jupyter console in a terminal of its own, typed into as a person does."""

import os
import re
import sys
import unittest

import pexpect

LIMIT = 120


class Console(unittest.TestCase):
    def setUp(self):
        environment = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        command = [os.path.join(os.path.dirname(sys.executable), "jupyter"), "console", "--kernel", "candlewick"]
        self.terminal = pexpect.spawn(command[0], command[1:], env=environment, timeout=LIMIT, dimensions=(60, 120))
        self.terminal.delaybeforesend = 0.2
        self.addCleanup(self.terminal.close, force=True)
        self.wait_for("In [1]:")

    def wait_for(self, text):
        """Waits for a text, whatever colours and moves of the cursor stand between its letters."""
        self.terminal.expect(r"(?:\x1b\[[0-9;?]*[A-Za-z]|\s)*".join(map(re.escape, text.replace(" ", ""))))

    def test_a_session(self):
        self.terminal.sendline("let a = 40;")
        self.wait_for("In [2]:")
        self.terminal.sendline("a + 2")
        self.wait_for("Out[2]:")
        self.wait_for("42")
        self.wait_for("In [3]:")
        # Enter after an open brace gives a line to go on.
        self.terminal.send("fn twice(x) {\r")
        self.wait_for("...:")
        self.terminal.send("x * 2 }\r")
        self.terminal.send("\r")
        self.wait_for("In [4]:")
        self.terminal.sendline("twice(21)")
        self.wait_for("Out[4]:")
        self.wait_for("In [5]:")
        self.terminal.sendline('print("printed")')
        self.wait_for("printed")
        self.wait_for("In [6]:")
        self.terminal.sendline("no_such_name")
        self.wait_for("no_such_name")
        self.wait_for("In [7]:")
        self.terminal.sendline('let who = input("Who? "); `It is ${who}`')
        self.wait_for("Who?")
        self.terminal.sendline("Ada")
        self.wait_for("It is Ada")
        self.wait_for("In [8]:")
        # The tabulator key shows what fits.
        self.terminal.send("clear_o\t")
        self.wait_for("clear_output")
        self.terminal.sendcontrol("c")
        self.terminal.sendcontrol("d")
        self.wait_for("Do you really want to exit")
        self.terminal.sendline("y")
        self.terminal.expect(pexpect.EOF)
        self.terminal.wait()
        self.assertEqual(self.terminal.exitstatus, 0)


if __name__ == "__main__":
    unittest.main()
