"""The live panel of a run in JupyterLab: its buttons while the cell runs and while none does, after the page is loaded
again, and what a saved notebook keeps."""

import json
import os
import re
import signal
import unittest
from pathlib import Path

from page import WithLab, expect

# Long enough for a slow person: nothing here waits for it to end.
LONG = """let net = sequential([linear(64, 32), relu(), linear(32, 10)]);
let run = fit(net, dataset("digits"), #{ epochs: 100000, batch_size: 32, validation: 0.2, metrics: ["accuracy"],
                                         seed: 1, checkpoints: false });"""
PLACE = re.compile(r"^at (\w+), .*; next is (\w+)$")


def kill_newest_worker():
    """As the operating system does to a process that takes too much memory. Other tests have workers of their own, with
    another home."""
    workers, home = [], f"HOME={os.environ['HOME']}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = process.joinpath("cmdline").read_bytes().split(b"\0")[:2]
            ours = home in process.joinpath("environ").read_bytes().split(b"\0")
            if ours and command == [os.environ["CANDLEWICK"].encode(), b"worker"]:
                workers.append((int(process.joinpath("stat").read_text().rsplit(")", 1)[1].split()[19]), int(process.name)))
        except OSError:
            pass  # it has ended meanwhile
    os.kill(max(workers)[1], signal.SIGKILL)


class Panel:
    """The panel below a cell."""

    def __init__(self, cell):
        self.root = cell.locator(".candlewick-run")

    def button(self, name):
        return self.root.get_by_role("button", name=name, exact=True)

    def press(self, name):
        expect(self.button(name)).to_have_attribute("aria-disabled", "false")
        self.button(name).click()

    def expect_state(self, state):
        expect(self.root.locator(".state")).to_have_text(state)

    def expect_at(self, hook):
        expect(self.root.locator(".place")).to_have_text(re.compile(f"^at {hook},"))

    def next_hook(self):
        return PLACE.match(self.root.locator(".place").inner_text())[2]


class Panels(WithLab):
    def test_buttons_hold_step_resume_and_stop_a_run_while_its_cell_runs(self):
        notebook = self.open([LONG, "run.resume();", "run.outcome"])
        notebook.run(0)
        notebook.run(1, wait=False)
        panel = Panel(notebook.cell(1))
        panel.expect_state("running")
        expect(panel.root.locator(".chart svg")).to_be_visible()
        expect(panel.button("Step")).to_have_attribute("aria-disabled", "true")
        notebook.hide_files()
        notebook.screenshot("panel-running")
        panel.press("Pause")
        panel.expect_state("paused")
        for _ in range(3):
            hook = panel.next_hook()
            panel.press("Step")
            panel.expect_at(hook)
        self.assertEqual(notebook.prompt(1), "[*]:")
        for theme in ("light", "dark"):
            notebook.dark(theme == "dark")
            notebook.screenshot(f"panel-paused-{theme}")
            # A dimmed button may be faint, what else is written must not.
            faint = {
                (text["text"][:40], round(text["contrast"], 2))
                for text in notebook.contrasts()
                if text["contrast"] < 3 and text["text"].strip() not in ("Pause", "Resume", "Step", "Stop")
            }
            self.assertEqual(faint, set(), theme)
        panel.press("Resume")
        panel.expect_state("running")
        panel.press("Stop")
        notebook.wait_for_cell(1)
        expect(panel.root).to_have_count(0)
        self.assertEqual(notebook.errors(), [])
        notebook.run(2)
        self.assertIn("stopped", notebook.text(2))
        notebook.screenshot("panel-stopped")
        self.assert_saved_without_widgets(notebook)

    def test_buttons_move_a_paused_run_while_no_cell_runs_also_after_the_page_is_loaded_again(self):
        notebook = self.open([LONG, "run", "run.context.hook", "run.outcome"])
        notebook.run(0)
        notebook.run(1)
        panel = Panel(notebook.cell(1))
        panel.expect_state("paused")
        expect(panel.root.locator(".place")).to_have_text("before its first hook")
        # By keyboard: a button keeps the focus while the worker answers.
        panel.button("Step").focus()
        for hook in ("start_training_session", "start_epoch", "start_training_loop"):
            notebook.page.keyboard.press("Enter")
            panel.expect_at(hook)
        notebook.wait_for_idle()
        notebook.run(2)
        self.assertIn("start_training_loop", notebook.text(2))
        notebook.page.keyboard.press("Control+s")
        expect(notebook.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
        notebook.page.reload()
        notebook.wait_for_idle()
        panel.expect_at("start_training_loop")
        panel.press("Resume")
        panel.expect_state("running")
        expect(panel.root.locator(".chart svg")).to_be_visible()
        notebook.screenshot("panel-without-cell")
        panel.press("Pause")
        panel.expect_state("paused")
        # An interrupt of a run that the panel drives.
        panel.press("Resume")
        panel.expect_state("running")
        notebook.interrupt()
        panel.expect_state("paused")
        panel.press("Stop")
        # A page that was loaded again no longer knows which display is which: the panel stays, as the run left it.
        panel.expect_state("stopped")
        for name in ("Resume", "Pause", "Step", "Stop"):
            expect(panel.button(name)).to_have_attribute("aria-disabled", "true")
        notebook.run(3)
        self.assertIn("stopped", notebook.text(3))

    def test_a_run_that_ends_under_its_panel_leaves_a_picture_with_what_it_printed(self):
        plugin = "%%plugin talker\nfn end_training_session(ctx) { print(`saw ${ctx.global_step} steps`); }"
        notebook = self.open([LONG.replace("100000", "12"), plugin, "run.run_until(\"ctx.epoch == 5 && ctx.batch == 20\")"])
        notebook.run_all()
        panel = Panel(notebook.cell(2))
        panel.expect_state("paused")
        panel.expect_at("start_training_batch")
        notebook.hide_files()
        for theme in ("light", "dark"):
            notebook.dark(theme == "dark")
            notebook.screenshot(f"panel-{theme}")
        panel.press("Resume")
        expect(panel.root).to_have_count(0)
        expect(notebook.cell(2)).to_contain_text("saw 540 steps")
        notebook.screenshot("panel-picture")
        self.assert_saved_without_widgets(notebook)

    def test_a_worker_that_dies_leaves_the_picture_and_a_restart_disconnects_the_panel(self):
        notebook = self.open([LONG, "run.resume()", "run"])
        notebook.run(0)
        notebook.run(1, wait=False)
        panel = Panel(notebook.cell(1))
        panel.expect_state("running")
        expect(panel.root.locator(".chart svg")).to_be_visible()
        kill_newest_worker()
        notebook.wait_for_cell(1)
        expect(panel.root).to_have_count(0)
        self.assertIn("WorkerDied", notebook.text(1))
        self.assertIn("svg", notebook.html(1))
        notebook.screenshot("panel-worker-died")
        notebook.run(0)
        notebook.run(2)
        panel = Panel(notebook.cell(2))
        panel.expect_state("paused")
        notebook.menu("Kernel", "Restart Kernel…")
        notebook.page.locator(".jp-Dialog button.jp-mod-accept").click()
        panel.expect_state("disconnected (was paused)")
        expect(panel.button("Step")).to_have_attribute("aria-disabled", "true")
        notebook.screenshot("panel-restarted")

    def assert_saved_without_widgets(self, notebook):
        """What is written to the file: pictures and text, whoever reads it."""
        notebook.page.keyboard.press("Control+s")
        expect(notebook.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
        saved = json.loads((self.lab.directory / f"{self._testMethodName}.ipynb").read_text())
        formats = [set(output.get("data", {})) for cell in saved["cells"] for output in cell["outputs"]]
        self.assertFalse(any("application/vnd.jupyter.widget-view+json" in names for names in formats), formats)
        self.assertTrue(any({"image/svg+xml", "text/plain"} <= names for names in formats), formats)


if __name__ == "__main__":
    unittest.main()
