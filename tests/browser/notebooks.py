"""What people do with a notebook in JupyterLab: run, interrupt, restart, ask for help, answer, change the theme."""

import re
import unittest

from page import WithLab, expect


class Notebooks(WithLab):
    def test_a_first_run_shows_its_chart_and_no_error_in_both_themes(self):
        notebook = self.open("01-first-run.ipynb")
        notebook.run_all()
        self.assertEqual(notebook.errors(), [])
        self.assertIn('src="data:image/svg+xml', notebook.html(19)[:100])
        notebook.hide_files()
        for theme in ("dark", "light"):
            notebook.dark(theme == "dark")
            self.assert_readable(notebook, theme)
            for name, cell in (("start", 0), ("plugin", 7), ("hooks", 12), ("first-run", 18), ("outcome", 22)):
                notebook.show(cell)
                notebook.screenshot(f"{name}-{theme}")

    def assert_readable(self, notebook, theme):
        texts = notebook.contrasts()
        self.assertGreater(len(texts), 300)
        # WCAG asks 4.5 of text and 3 of large text and of what is secondary.
        faint = {(text["text"][:40], round(text["contrast"], 2)) for text in texts if text["contrast"] < 3}
        self.assertEqual(faint, set(), theme)

    def test_an_interrupted_cell_keeps_the_state_and_the_next_one_runs(self):
        notebook = self.open(["let kept = 41;", "loop { kept += 0; }", "kept + 1"])
        notebook.run(0)
        notebook.run(1, wait=False)
        notebook.wait_for_busy(1)
        notebook.interrupt()
        notebook.wait_for_cell(1)
        self.assertIn("Interrupted", notebook.text(1))
        notebook.run(2)
        self.assertEqual(notebook.text(2).strip(), "42")
        notebook.screenshot("interrupted")

    def test_restart_and_run_all_begins_at_one(self):
        notebook = self.open(["let a = 1;", "a + 1"])
        notebook.run_all()
        notebook.run(1)
        self.assertEqual(notebook.prompt(1), "[3]:")
        notebook.restart_and_run_all()
        expect(notebook.cell(1).locator(".jp-InputPrompt")).to_have_text("[2]:")
        self.assertEqual(notebook.text(1).strip(), "2")

    def test_tab_completes_and_shift_tab_explains(self):
        notebook = self.open(["let learning = 1;", "", ""])
        notebook.run(0)
        notebook.type(1, "data")
        notebook.page.keyboard.press("Tab")
        popup = notebook.page.locator(".jp-Completer")
        expect(popup).to_contain_text("dataset")
        notebook.screenshot("completion")
        notebook.page.keyboard.press("Escape")
        notebook.type(2, "dataset")
        notebook.page.keyboard.press("Shift+Tab")
        tooltip = notebook.page.locator(".jp-Tooltip")
        expect(tooltip).to_contain_text(re.compile("dataset"))
        notebook.screenshot("tooltip")

    def test_a_question_is_answered_in_the_page(self):
        notebook = self.open(['let name = input("Your name? ");', "`Hello, ${name}`", 'password("Secret? ").len()'])
        for cell, question, answer in ((0, "Your name?", "Ada"), (2, "Secret?", "xyzzy")):
            notebook.run(cell, wait=False)
            field = notebook.cell(cell).locator(".jp-Stdin-input")
            expect(notebook.cell(cell).locator(".jp-Stdin-prompt")).to_contain_text(question)
            field.fill(answer)
            if cell == 2:
                self.assertEqual(field.get_attribute("type"), "password")
                notebook.screenshot("password")
            field.press("Enter")
            notebook.wait_for_cell(cell)
        notebook.run(1)
        self.assertEqual(notebook.text(1).strip(), '"Hello, Ada"')
        self.assertIn("5", notebook.text(2))
        self.assertNotIn("xyzzy", notebook.page.content())


if __name__ == "__main__":
    unittest.main()
