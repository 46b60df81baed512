"""JupyterLab in a headless Chromium: the base of every browser test.

Owns the processes (`candlewick lab`, Chromium) and the few things that a test does with a notebook. Must not know what
any test is about. Read `Lab` first, then `Notebook`:

    class MyTest(WithLab):
        def test_it(self):
            notebook = self.open(["let a = 20;", "a + 1"])     # or self.open("01-first-run.ipynb")
            notebook.run_all()
            self.assertIn("21", notebook.text(1))              # cells are counted from 0, markdown cells too

The environment says where things are: CANDLEWICK (the executable), HOME (a directory of the test's own in which
`.local/share/candlewick/lab` is JupyterLab's environment), CHROMIUM, SHOTS (a directory for screenshots), CHECKOUT.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

SECONDS = 1000
LIMIT = 120 * SECONDS  # generous: the machine may be slow and busy
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]
SIZE = {"width": 1280, "height": 1000}


class Lab:
    """`candlewick lab` on a directory of its own."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(exist_ok=True)
        home = Path(os.environ["HOME"])
        command = [os.environ["CANDLEWICK"], "lab", str(self.directory), "--no-browser", "--", "--ServerApp.port=0"]
        # What a test sets, a theme say, is not left in the environment.
        command += [f"--LabApp.user_settings_dir={home}/settings", f"--LabApp.workspaces_dir={home}/workspaces"]
        self.log = open(home / "lab.log", "w+")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True)
        self.url = self._wait_for_url()

    def put(self, notebook, name="notebook.ipynb"):
        """Puts a notebook there: the name of a shipped one, or the code of cells. Returns its name."""
        if isinstance(notebook, str):
            shutil.copy(Path(os.environ["CHECKOUT"]) / "notebooks" / notebook, self.directory / notebook)
            return notebook
        cells = [
            {"cell_type": "code", "execution_count": None, "id": f"c{n}", "metadata": {}, "outputs": [], "source": code}
            for n, code in enumerate(notebook)
        ]
        spec = {"display_name": "Candlewick (Rhai)", "language": "rhai", "name": "candlewick"}
        content = {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
        (self.directory / name).write_text(json.dumps(content))
        return name

    def address(self, name):
        """Where a notebook is open in JupyterLab, with nothing of an earlier session beside it."""
        base, query = self.url.split("?")
        return f"{base}/tree/{name}?reset&{query}"

    def close(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(timeout=60)
        self.log.close()

    def _wait_for_url(self):
        for _ in range(1200):
            time.sleep(0.1)
            text = Path(self.log.name).read_text()
            found = re.search(r"http://localhost:\d+/lab\?token=\w+", text)
            if found:
                return found.group(0)
            if self.process.poll() is not None:
                break
        raise AssertionError(f"JupyterLab does not start:\n{Path(self.log.name).read_text()}")


class Notebook:
    """A notebook that is open in a page. Every method waits for what it needs; cells are counted from 0."""

    def __init__(self, page):
        self.page = page
        self.cells = page.locator(".jp-Notebook .jp-Cell")
        expect(self.cells.first).to_be_visible()
        self.wait_for_idle()

    def cell(self, n):
        """The cell."""
        return self.cells.nth(n)

    def show(self, n):
        """Scrolls to the cell's top: what is far outside the window JupyterLab does not draw."""
        self.cell(n).evaluate("cell => cell.scrollIntoView({block: 'start'})")

    def select(self, n):
        """Makes it the active cell, in command mode."""
        self.cell(n).locator(".jp-InputPrompt, .jp-InputArea-prompt").first.click()

    def edit(self, n):
        """Puts the cursor into the cell, at its end."""
        self.cell(n).locator(".cm-content").click()
        self.page.keyboard.press("Control+End")

    def type(self, n, text):
        """Types at the end of the cell, as a person does."""
        self.edit(n)
        self.page.keyboard.type(text, delay=20)

    def run(self, n, wait=True):
        """Runs the cell; with `wait` to its end."""
        self.select(n)
        self._forget_prompt(n)
        self.page.keyboard.press("Control+Enter")
        if wait:
            self.wait_for_cell(n)

    def run_all(self):
        """Run → Run All Cells, to the end of the last one."""
        first = self._first_code_cell()
        self._forget_prompt(first)
        self.menu("Run", "Run All Cells")
        self._wait_for_all_from(first)

    def restart_and_run_all(self):
        """Kernel → Restart Kernel and Run All Cells…, with its question answered, to the end of the last cell."""
        first = self._first_code_cell()
        self._forget_prompt(first)
        self.menu("Kernel", "Restart Kernel and Run All Cells…")
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self._wait_for_all_from(first)

    def interrupt(self):
        """The stop button of the toolbar."""
        self.page.locator('[data-jp-item-name="interrupt"] jp-button, [data-jp-item-name="interrupt"] button').first.click()

    def menu(self, menu, item):
        """Chooses an item of the menu bar by its exact text."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{re.escape(item)}$")).click()

    def prompt(self, n):
        """What stands before the cell: `[3]:`, `[*]:` while it runs or waits, `[ ]:` before it ran."""
        return self.cell(n).locator(".jp-InputPrompt").inner_text()

    def wait_for_cell(self, n):
        """Until the cell has a number."""
        expect(self.cell(n).locator(".jp-InputPrompt")).to_have_text(re.compile(r"^\[\d+\]:$"))

    def wait_for_busy(self, n):
        """Until the cell runs or waits."""
        expect(self.cell(n).locator(".jp-InputPrompt")).to_have_text("[*]:")

    def wait_for_all(self):
        """Until no cell runs or waits and the kernel is idle."""
        running = self.page.locator(".jp-Notebook .jp-InputPrompt", has_text="[*]:")
        expect(running).to_have_count(0)
        self.wait_for_idle()

    def wait_for_idle(self):
        """Until the kernel has nothing to do."""
        # The indicator in the notebook's toolbar says idle before there is a kernel.
        expect(self.page.locator("#jp-bottom-panel, #jp-main-statusbar").get_by_text(") | Idle")).to_be_visible()

    def outputs(self, n):
        """The cell's output area."""
        return self.cell(n).locator(".jp-OutputArea-output")

    def text(self, n):
        """What the cell shows, as text."""
        return "\n".join(self.outputs(n).all_inner_texts())

    def html(self, n):
        """What the cell shows, as HTML; pictures in an `img` have their source in it."""
        return "\n".join(output.inner_html() for output in self.outputs(n).all())

    def errors(self):
        """The text of every error that is shown, in all cells."""
        return self.page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"], '
                                 '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()

    def dark(self, dark=True):
        """Settings → Theme."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Settings$")).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Theme$")).hover()
        name = "JupyterLab Dark" if dark else "JupyterLab Light"
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{name}$")).click()
        expect(self.page.locator(f'body[data-jp-theme-light="{str(not dark).lower()}"]')).to_have_count(1)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def contrasts(self):
        """Every text in an output, with its contrast to what is behind it (see contrast.js)."""
        return self.page.evaluate((Path(__file__).parent / "contrast.js").read_text())

    def hide_files(self):
        """The list of files goes away, so that the notebook has the whole window."""
        self.page.locator('.jp-SideBar li[data-id="filebrowser"]').click()
        expect(self.page.locator("#filebrowser")).to_be_hidden()

    def _first_code_cell(self):
        return self.page.evaluate(
            "() => [...document.querySelectorAll('.jp-Notebook .jp-Cell')].findIndex(c => c.classList.contains('jp-CodeCell'))"
        )

    def _forget_prompt(self, n):
        """Marks the number of an earlier run: JupyterLab writes another as soon as the cell is sent."""
        self.cell(n).locator(".jp-InputPrompt").evaluate("prompt => { prompt.textContent = '[old]:' }")

    def _wait_for_all_from(self, first):
        expect(self.cell(first).locator(".jp-InputPrompt")).not_to_have_text("[old]:")
        self.wait_for_all()

    def screenshot(self, name):
        """The whole window to `SHOTS/name.png`. It is to be looked at."""
        # What was scrolled into the window is drawn a little later.
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=Path(os.environ["SHOTS"]) / f"{name}.png")


class WithLab(unittest.TestCase):
    """One JupyterLab and one Chromium for all tests of a class, a fresh page for each."""

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(Path(os.environ["HOME"]) / "notebooks")
        cls.addClassCleanup(cls.lab.close)
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        cls.browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        cls.addClassCleanup(cls.browser.close)
        expect.set_options(timeout=LIMIT)

    def open(self, notebook):
        """Opens a shipped notebook by name, or one of these code cells; its kernel has started."""
        name = self.lab.put(notebook, f"{self._testMethodName}.ipynb")
        context = self.browser.new_context(viewport=SIZE)
        self.addCleanup(context.close)
        page = context.new_page()
        page.set_default_timeout(LIMIT)
        page.goto(self.lab.address(name))
        return Notebook(page)
