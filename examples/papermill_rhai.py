"""papermill with a notebook of this kernel: it asks a translator how the language writes a value.

    python examples/papermill_rhai.py notebooks/01-first-run.ipynb out.ipynb -p epochs 3

Takes papermill's own arguments. papermill knows no translator for Rhai; `register` tells it, in this program or in
yours. `candlewick run IN -o OUT -p epochs=3` does the same without Python.
"""

import json
import re
from decimal import Decimal

from papermill.cli import papermill
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators


class Rhai(Translator):
    @classmethod
    def translate_none(cls, value):
        return "()"

    @classmethod
    def translate_str(cls, value):
        # JSON's escapes are Rhai's, but for two that Rhai does not know.
        return json.dumps(value, ensure_ascii=False).replace("\\b", "\\x08").replace("\\f", "\\x0c")

    @classmethod
    def translate_float(cls, value):
        # Rhai reads an exponent only after a decimal point.
        digits = format(Decimal(repr(value)), "f")
        return digits if "." in digits else digits + ".0"

    @classmethod
    def translate_list(cls, value):
        return "[" + ", ".join(cls.translate(item) for item in value) + "]"

    @classmethod
    def translate_dict(cls, value):
        return "#{" + ", ".join(f"{cls.translate_str(key)}: {cls.translate(item)}" for key, item in value.items()) + "}"

    @classmethod
    def comment(cls, text):
        return f"// {text}"

    @classmethod
    def assign(cls, name, value):
        return f"let {name} = {value};"

    @classmethod
    def inspect(cls, cell):
        """The parameters that a notebook has, for papermill's warnings and its --help-notebook."""
        found = re.findall(r"^\s*(?:let|const)\s+(\w+)\s*=\s*(.*?);", cell["source"].replace(";", ";\n"), re.MULTILINE)
        return [Parameter(name, "None", default, "") for name, default in found]


def register():
    papermill_translators.register("rhai", Rhai)


if __name__ == "__main__":
    register()
    papermill()
