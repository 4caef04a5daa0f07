"""What an accelerator gives, in under four minutes: `python tests/device/measure.py`, beside the accelerator.

Prints a row per measurement, and checks what must hold; it ends with 1 where something does not. Each row is
measured in processes of its own, so that none has another's compiled programs, and rows that would begin
after `--minutes` are named and left out. `--small` measures next to nothing, to try the script on a CPU,
where `--block` takes the path of an accelerator.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]

AGREE = 1e-3
"""Relative: what an error of a trained network may differ by between blocks of other sizes. The size changes
results of float32 by about 1e-6 (measured on an H100); where a ReLU's kink lies between two paths they part
by up to 3e-4 (`_regression_quantities.TRAINED_RESOLUTION`), and three times more is a mistake."""


@dataclass(frozen=True)
class Size:
    """How much is measured: architectures as (hidden, width), seeds, networks of each, and points."""

    architectures: Sequence[tuple[int, int]]
    seeds: int
    networks: int
    train: int
    test: int
    block: int
    cores: int
    workers: Sequence[int]
    blocks: Sequence[int]


ARCHITECTURES = ((1, 64), (3, 64), (1, 512), (2, 512), (3, 512), (3, 1024))
WHOLE = Size(ARCHITECTURES, 21, 8, 64, 200, 16, os.cpu_count() or 1, (1, 2, 4), (1, 4, 16))
SMALL = Size(((1, 8),), 2, 1, 12, 10, 2, 1, (1,), (2,))


@dataclass(frozen=True)
class Order:
    """What one process measures."""

    architectures: Sequence[tuple[int, int]]
    seeds: int
    parameters: Mapping[str, object]
    store: str
    block: int
    workers: int
    per_device: int


@dataclass(frozen=True)
class Found:
    """What it found: wall seconds, the device, and single networks' errors by architecture and seed."""

    seconds: float
    device: str
    errors: Mapping[str, Mapping[str, str]]
    wrong: Sequence[str] = field(default_factory=list)

    def apart(self, other: Found) -> float:
        """The largest relative difference between errors of the same trials."""
        return max(
            abs(float.fromhex(a) / float.fromhex(other.errors[at][seed]) - 1)
            for at, errors in self.errors.items()
            for seed, a in errors.items()
        )


def measure(order: Order) -> Found:
    """Measure as a run does, in this process."""
    sys.path.insert(0, str(ROOT))
    from harness.measure import Laboratory
    from harness.session import trials_of_experiment

    trials = {}
    for hidden, width in order.architectures:
        given = {**order.parameters, "hidden": hidden, "width": width}
        for seed in range(order.seeds):
            (trial,) = trials_of_experiment("ntk.regression", [f"{k}={v}" for k, v in given.items()], seed)
            trials[trial] = f"{hidden}x{width}"
    errors: dict[str, dict[str, str]] = {}
    wrong = []
    start = time.perf_counter()
    how = {"workers": order.workers, "block": order.block, "per_device": order.per_device}
    with Laboratory(Path(order.store), **how) as laboratory:
        for trial in trials:
            laboratory.request(trial, 600.0)
        while laboratory.pending:
            for found in laboratory.collect(1.0):
                missing = found.lacks("single.error")
                wrong += [f"seed {found.trial.seed}: {missing}"] if missing else []
                wrong += [found.note] if found.note else []
                if not missing:
                    value = found.values["single.error"]
                    errors.setdefault(trials[found.trial], {})[str(found.trial.seed)] = value.hex()
        device = laboratory.device
    return Found(time.perf_counter() - start, device, errors, wrong[:3])


class Table:
    """Runs orders in processes of their own, prints rows, and remembers what did not hold."""

    def __init__(self, size: Size, folder: Path, end: float) -> None:
        self.size, self._folder, self._end = size, folder, end
        self.failures: list[str] = []
        self._stores = 0

    def row(self, name: str, measured: Callable[[], str]) -> None:
        """Measure and print a row, if there is time."""
        if time.monotonic() > self._end:
            print(f"{name:58} left out: no time", flush=True)
            return
        try:
            print(f"{name:58} {measured()}", flush=True)
        except Exception as error:
            self.must(name, False, f"{type(error).__name__}: {error}")

    def must(self, name: str, holds: bool, found: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.failures.append(f"{name}: {found}")
            print(f"{name:58} FAILED: {found}", flush=True)

    def store(self) -> str:
        """A store without compiled programs beside it."""
        self._stores += 1
        return str(self._folder / str(self._stores) / "store.sqlite")

    def run(
        self,
        *,
        store: str = "",
        block: int | None = None,
        cpu: bool = False,
        first: int | None = None,
        per_device: int = 4,
        variables: Mapping[str, str] | None = None,
        **parameters: object,
    ) -> Found:
        """What a run of the first architectures gives. `cpu`: one after another, on the cores."""
        size = self.size
        given = {"data": "digits", "networks": size.networks, "train": size.train, "test": size.test}
        order = Order(
            size.architectures[:first],
            size.seeds,
            {**given, **parameters},
            store or self.store(),
            1 if cpu else size.block if block is None else block,
            size.cores if cpu else max(per_device, 1),
            per_device,
        )
        changed = {**os.environ, **({"JAX_PLATFORMS": "cpu"} if cpu else {}), **(variables or {})}
        command = [sys.executable, __file__, "--order", json.dumps(asdict(order))]
        done = subprocess.run(command, env=changed, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(" ".join(done.stderr.splitlines()[-2:]))
        found = Found(**json.loads(done.stdout.splitlines()[-1]))
        if found.wrong:
            raise RuntimeError(str(found.wrong[0]))
        return found


def without_trials(store: str, folder: Path) -> str:
    """A store that has the compiled programs of another, and none of its trials."""
    copy = Path(tempfile.mkdtemp(dir=folder)) / "store.sqlite"
    programs = Path(f"{store}.jax")
    if programs.is_dir():
        shutil.copytree(programs, f"{copy}.jax")
    return str(copy)


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 where something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--minutes", type=float, default=3.2, help="begin no row after these")
    parser.add_argument("--order", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.order:
        print(json.dumps(asdict(measure(Order(**json.loads(asked.order))))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        table = Table(SMALL if asked.small else WHOLE, Path(folder), time.monotonic() + 60 * asked.minutes)
        fill(table, Path(folder))
    for failure in table.failures:
        print("FAILED", failure)
    return 1 if table.failures else 0


def fill(table: Table, folder: Path) -> None:
    """Every row, the most important first."""
    size, kept = table.size, table.store()
    known: dict[str, Found] = {}

    def cold() -> str:
        known["block"] = found = table.run(store=kept)
        return f"{found.seconds:6.1f} s on {found.device}, compiling"

    def warm() -> str:
        known["again"] = found = table.run(store=without_trials(kept, folder))
        same = found.errors == known["block"].errors
        table.must("two processes give equal bits", same, f"apart by {found.apart(known['block']):.1e}")
        return f"{found.seconds:6.1f} s, programs from disk; bits {'equal' if same else 'differ'}"

    def cores() -> str:
        known["cores"] = found = table.run(cpu=True)
        return f"{found.seconds:6.1f} s on {size.cores} cores, compiling"

    def alone() -> str:
        found = table.run(block=1, first=1)
        apart = found.apart(known["block"])
        table.must("a block gives what single seeds give", apart < AGREE, f"apart by {apart:.1e}")
        return f"{found.seconds:6.1f} s; errors apart by {apart:.1e} from those in blocks of {size.block}"

    def tf32() -> str:
        if known["block"].device == "cpu":
            try:
                table.run(precision="tf32", first=1)
            except RuntimeError as error:
                table.must("TF32 is refused", "no products in TF32" in str(error), str(error))
                return "refused, as this device has none"
            return "FAILED: not refused"
        store = table.store()
        table.run(precision="tf32", store=store, first=2)
        found = table.run(precision="tf32", store=without_trials(store, folder), first=2)
        exact = table.run(store=without_trials(kept, folder), first=2)
        apart = found.apart(exact)
        return f"{found.seconds:6.1f} s against {exact.seconds:.1f} s; errors apart by up to {apart:.1e}"

    def free() -> str:
        flags = {"XLA_FLAGS": "--xla_gpu_deterministic_ops=false --xla_gpu_autotune_level=4"}
        store = table.store()
        compiled = table.run(variables=flags, store=store, first=2)
        found = table.run(variables=flags, store=without_trials(store, folder), first=2)
        same = "equal" if found.errors == compiled.errors else "differ"
        return f"{compiled.seconds:6.1f} s compiling, {found.seconds:.1f} s from disk; bits {same}"

    def settled() -> str:
        store = table.store()
        compiled = table.run(store=store, first=2)
        found = table.run(store=without_trials(store, folder), first=2)
        return f"{compiled.seconds:6.1f} s compiling, {found.seconds:.1f} s from disk"

    count = len(size.architectures)
    table.row(f"{count} architectures × {size.seeds} seeds × {size.networks} networks, blocks", cold)
    if "block" not in known:
        return
    table.row("the same again", warm)
    table.row("the same on the cores beside it", cores)
    table.row("single seeds, 1 architecture", alone)
    table.row("TF32 against highest, 2 architectures", tf32)
    table.row("deterministic, 2 architectures", settled)
    table.row("autotuned and not deterministic, 2 architectures", free)
    for workers in size.workers:
        table.row(
            f"{workers} workers per device, 2 architectures",
            lambda n=workers: f"{table.run(first=2, per_device=n).seconds:6.1f} s, compiling",
        )
    for block in size.blocks:
        table.row(
            f"blocks of {block}, 1 architecture",
            lambda n=block: f"{table.run(first=1, block=n).seconds:6.1f} s, compiling",
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
