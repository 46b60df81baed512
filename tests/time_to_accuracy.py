"""How long the digits take to 97 % validation accuracy from a cold start, without Jupyter. Prints one JSON line.

    python tests/time_to_accuracy.py [EXECUTABLE [REPEATS]]

"process_s" is the whole process (start, data, training, end), "training_s" what the run itself says.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

CELLS = [
    """let net = sequential([linear(64, 128), relu(), linear(128, 10)]);
let run = fit(net, dataset("digits"), #{ epochs: 60, batch_size: 32, optimizer: adamw(0.003),
                                         metrics: ["accuracy"], validation: 0.2, seed: 42 });""",
    """run.run_until(|ctx| ctx.hook == "end_validation_loop" && ctx.validation_metrics.accuracy >= 0.97);""",
    "[run.context.seconds, run.context.validation_metrics.accuracy, run.context.epoch + 1]",
]


def main(executable="target/debug/candlewick", repeats="5"):
    figures = [once(executable) for _ in range(int(repeats))]
    print(json.dumps(min(figures, key=lambda figure: figure["process_s"])))


def once(executable):
    code = lambda n, text: {"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
    kernel = {"name": "candlewick", "display_name": "Candlewick (Rhai)", "language": "rhai"}
    notebook = {"cells": [code(n, text) for n, text in enumerate(CELLS)], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "digits.ipynb")
        path.write_text(json.dumps(notebook))
        begun = time.perf_counter()
        answer = subprocess.run([executable, "run", str(path), "--json"], capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - begun
    training, accuracy, epochs = json.loads(json.loads(answer.stdout)["results"][-1]["text"])
    return {"process_s": round(seconds, 3), "training_s": round(training, 3), "accuracy": accuracy, "epochs": epochs}


main(*sys.argv[1:])
