"""What Rust cells take, beside stock evcxr_jupyter 0.22 in the same run. Prints one table.

    python tests/rust_figures.py [--repeats 10] [--cells 100] [--evcxr PATH]

Needs jupyter_client and the kernelspec `candlewick`. PATH is the executable evcxr_jupyter; without it it is looked for in
PATH, and without any the column stays empty. To build one apart from everything else:

    cargo install --locked --root DIRECTORY --version 0.22.0 evcxr_jupyter

Times are seconds from the request to its reply and the idle status, medians of REPEATS cells whose texts differ. The machine
should do nothing else; both kernels do the same in turns. Results are checked on the way.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

from jupyter_client.manager import KernelManager
from latency import wait_until_ready

LIMIT = 600
PRODUCT = "let {t} = Tensor::new(&[[{n}f32, 2.], [3., 4.]], &Device::Cpu)?;\nlet {u} = {t}.matmul(&{t})?;\n{u}.to_vec2::<f32>()?[0][0]"
PLUGIN = """
struct Watch{n} {{ seen: usize }}
impl Plugin for Watch{n} {{
    fn metadata(&self) -> Metadata {{ Metadata::of("watch{n}", "1.0.0", "counts batches") }}
    fn hooks(&self) -> HookSet {{ HookSet::none().with(Hook::EndTrainingBatch) }}
    fn end_training_batch(&mut self, _ctx: &mut Context) -> Result<(), PluginError> {{
        self.seen += {n};
        Ok(())
    }}
}}
register!("watch{n}", Watch{n} {{ seen: 0 }});
"""
# evcxr knows no plugins: a trait of the same size, an implementation, and a call of it.
OWN_TRAIT = "trait Plugin { fn name(&self) -> String; fn hooks(&self) -> Vec<u8>; fn call(&mut self, hook: u8) -> Result<(), String>; }"
OWN_PLUGIN = """
struct Watch{n} {{ seen: usize }}
impl Plugin for Watch{n} {{
    fn name(&self) -> String {{ "watch{n}".into() }}
    fn hooks(&self) -> Vec<u8> {{ vec![4] }}
    fn call(&mut self, _hook: u8) -> Result<(), String> {{
        self.seen += {n};
        Ok(())
    }}
}}
let _ = Watch{n} {{ seen: 0 }}.call(4);
"""
ROWS = [
    ("warmed", "first cell that uses candle, warm-up done", 0.6),
    ("cold", "the same without waiting for the warm-up", 4.0),
    ("plugin", "warm cell that defines a plugin", 0.25),
    ("let", "warm cell with new variables of candle's types", 0.5),
    ("fifth", "many cells one after another: the fifth", None),
    ("last", "… and the last", None),
    ("growth", "… the last against the fifth", 1.5),
    ("compiler", "compiler process after ten cells, resident, MB", 1000),
    ("worker_growth", "… worker's growth over all cells, MB", None),
    ("compiler_growth", "… compiler's growth over all cells, MB", None),
]


class Cells:
    """A kernel and how its Rust cells are written."""

    def __init__(self, name, own):
        self.own = own
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        wait_until_ready(self.client)

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel()

    def run(self, text, expect=None):
        """Seconds to reply and idle; an error ends the measurement."""
        begun = time.perf_counter()
        asked = self.client.execute(text)
        shown, idle = [], False
        while not idle:
            got = self.client.get_iopub_msg(timeout=LIMIT)
            if got["parent_header"].get("msg_id") != asked:
                continue
            data = got["content"].get("data", {})
            shown.append(data.get("text/plain", "") + got["content"].get("text", ""))
            idle = got["content"].get("execution_state") == "idle"
            assert got["msg_type"] != "error", got["content"]
        while self.client.get_shell_msg(timeout=LIMIT)["parent_header"].get("msg_id") != asked:
            pass
        took = time.perf_counter() - begun
        assert expect is None or expect in "".join(shown), (text, shown)
        return took

    def rust(self, text, expect=None):
        return self.run(text if not self.own else "%%rust\n" + text, expect)

    def product(self, n, **names):
        return self.rust(PRODUCT.format(n=n, **names), str(n * n + 6))

    def plugin(self, n):
        return self.rust((PLUGIN if self.own else OWN_PLUGIN).format(n=n))

    def processes(self):
        """Resident MB of the compiling process and of the one that runs the cells."""
        sizes = {"compiler": 0.0, "worker": 0.0}
        kernel = self.manager.provisioner.process.pid
        for pid in [kernel, *descendants(kernel)]:
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                continue
            megabytes = pages * os.sysconf("SC_PAGESIZE") / 1e6
            if self.own:
                kind = words[1].decode() if len(words) > 1 else ""
            else:
                kind = "compiler" if pid == kernel else "worker"
            if kind in sizes:
                sizes[kind] += megabytes
        return sizes


def descendants(pid):
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in map(int, task.read_text().split()):
                yield child
                yield from descendants(child)
        except OSError:
            pass


def first(name, own, warm):
    """The first Rust cell of a new session, with all that a user must write before it."""
    cells = Cells(name, own)
    try:
        if own and warm:
            cells.run("%rust warm")
        begun = time.perf_counter()
        if not own:
            cells.rust(':dep candle-core = { version = "=0.11.1", default-features = false }')
            cells.rust("use candle_core::{Device, Tensor};")
        cells.product(1, t="t", u="u")
        return time.perf_counter() - begun
    finally:
        cells.close()


def measured(name, own, repeats, count):
    figures = {}
    if own:
        figures["warmed"] = statistics.median(first(name, own, True) for _ in range(3))
        figures["cold"] = statistics.median(first(name, own, False) for _ in range(3))
    cells = Cells(name, own)
    try:
        begun = time.perf_counter()
        if not own:
            cells.rust(':dep candle-core = { version = "=0.11.1", default-features = false }')
            cells.rust("use candle_core::{Device, Tensor};")
            cells.rust(OWN_TRAIT)
        cells.product(1, t="t", u="u")
        figures.setdefault("cold", time.perf_counter() - begun)
        for n in range(2, 11):
            cells.product(n, t=f"t{n}", u=f"u{n}")
        before = cells.processes()
        figures["compiler"] = before["compiler"]
        if own:
            cells.run("memory()")
        figures["let"] = statistics.median(cells.product(n, t="v", u="w") for n in range(20, 20 + repeats))
        figures["plugin"] = statistics.median(cells.plugin(n) for n in range(100, 100 + repeats))
    finally:
        cells.close()
    cells = Cells(name, own)
    try:
        if not own:
            cells.rust(':dep candle-core = { version = "=0.11.1", default-features = false }')
            cells.rust("use candle_core::{Device, Tensor};")
        times, before = [], None
        for n in range(1, count + 1):
            text = f"fn twice_{n}(x: f32) -> f32 {{ x * 2. + {n}. }}\nlet y{n % 7} = Tensor::new(twice_{n}({n}.), &Device::Cpu)?;"
            times.append(cells.rust(text))
            before = before or (n >= 5 and cells.processes()) or None
        after = cells.processes()
        figures["fifth"] = statistics.median(times[3:7])
        figures["last"] = statistics.median(times[-4:])
        figures["growth"] = figures["last"] / figures["fifth"]
        for kind in ("worker", "compiler"):
            figures[f"{kind}_growth"] = after[kind] - before[kind]
    finally:
        cells.close()
    return figures


def evcxr_kernelspec(program):
    """The name of a kernelspec for it, in a directory of its own."""
    directory = pathlib.Path(tempfile.mkdtemp()) / "kernels" / "evcxr-figures"
    directory.mkdir(parents=True)
    spec = {"argv": [str(program), "--control_file", "{connection_file}"], "display_name": "evcxr", "language": "rust"}
    (directory / "kernel.json").write_text(json.dumps(spec))
    paths = [str(directory.parent.parent), os.environ.get("JUPYTER_PATH", "")]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, paths))
    return "evcxr-figures"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--repeats", type=int, default=10)
    arguments.add_argument("--cells", type=int, default=100)
    arguments.add_argument("--evcxr", default=shutil.which("evcxr_jupyter"))
    arguments = arguments.parse_args()
    ours = measured("candlewick", True, arguments.repeats, arguments.cells)
    theirs = {}
    if arguments.evcxr:
        theirs = measured(evcxr_kernelspec(pathlib.Path(arguments.evcxr).resolve()), False, arguments.repeats, arguments.cells)
    print(f"{'what':<52} {'asked':>8} {'candlewick':>12} {'evcxr':>12}")
    for row, what, asked in ROWS:
        figure = lambda figures: f"{figures[row]:>12.3g}" if row in figures else f"{'–':>12}"
        print(f"{what:<52} {asked if asked is not None else '–':>8} {figure(ours)} {figure(theirs)}")


if __name__ == "__main__":
    main()
