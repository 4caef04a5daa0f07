"""A project of toy experiments in a temporary folder on the path, and programs that measure them."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.questions import Trial

ROOT = Path(__file__).parents[2]

TOY = """
import ctypes, os, signal, sys, time
from harness.declare import Quantity, StageError, experiment, stage

@experiment("toy", version=1, quantities={
    "x": Quantity("a number", stage="main"), "y": Quantity("another", stage="late")})
def toy(*, seed: int, act: str = "", log: str = "", sleep: float = 0.0) -> dict[str, float]:
    if log:
        with open(log, "a") as file:
            file.write(f"{seed}\\n")
    if act == "gil":
        ctypes.PyDLL(None).sleep(60)  # no other thread of this process runs
    time.sleep(sleep)
    print("about to", act)
    with stage("main"):
        x = seed / 3
    with stage("late"):
        if act == "stage":
            raise StageError(f"step budget reached after {seed} steps")
        y = float("inf") if act == "infinite" else -0.0
    if act == "stage":
        return {"x": x}
    if act == "raise":
        raise ValueError("no good")
    if act == "exit":
        os._exit(7)
    if act == "sys.exit":
        sys.exit(3)
    if act == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if act == "parent":  # whoever runs the pool; between it and the worker stands the supervisor
        with open(f"/proc/{os.getppid()}/stat") as file:
            os.kill(int(file.read().rpartition(")")[2].split()[1]), signal.SIGKILL)
        time.sleep(60)
    if act == "grow":
        held = bytearray(os.urandom(1)) * 200_000_000
        time.sleep(60)
    if act == "text":
        return {"x": x, "y": "1.0"}
    if act == "less":
        return {"x": x}
    if act == "more":
        return {"x": x, "y": y, "z": 1.0}
    if act == "none":
        return None
    if act == "environment":
        names = ["NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "JAX_ENABLE_X64"]
        return {"x": float(sum(os.environ[name] == "1" for name in names)),
                "y": float(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)}
    return {"x": x, "y": y}
"""

DRIVER = """
import sys
from pathlib import Path
from harness.measure import Laboratory
from harness.questions import Trial

module, store, log, count, sleep, workers, act = sys.argv[1:]
params = (("act", act), ("log", log), ("sleep", float(sleep)))
trials = [Trial(f"{module}:toy", params, seed) for seed in range(int(count))]
with Laboratory(Path(store), workers=int(workers)) as laboratory:
    known = laboratory.recall(trials)
    for trial in trials:
        if trial not in known:
            laboratory.request(trial, 60.0)
    print("ready", flush=True)
    while laboratory.pending:
        for measurement in laboratory.collect(1.0):
            assert measurement.status == "ok", measurement
            known[measurement.trial] = measurement
for trial in trials:
    print(trial.seed, known[trial].values["x"].hex())
"""


class Project:
    """A folder of modules."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def trial(self, seed: int = 0, *, act: str = "", log: str = "", sleep: float = 0.0) -> Trial:
        return Trial("toy_module:toy", (("act", act), ("log", log), ("sleep", sleep)), seed)

    def drive(
        self, store: Path, log: Path, count: int, sleep: float, workers: int, act: str = ""
    ) -> subprocess.Popen[str]:
        """A process of its own that measures `count` trials and prints their numbers."""
        self.write("drive.py", DRIVER)
        arguments = ["toy_module", store, log, count, sleep, workers, act]
        paths = f"import sys; sys.path[:0] = [{str(self.folder)!r}, {str(ROOT)!r}]; "
        script = self.folder / "drive.py"
        run = f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')"
        return subprocess.Popen(
            [sys.executable, "-c", paths + run, *map(str, arguments)], stdout=subprocess.PIPE, text=True
        )

    def processes(self) -> set[int]:
        """Live processes whose command line names this project."""
        return processes(str(self.folder))


def processes(marker: str) -> set[int]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in path.read_bytes():
                found.add(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    made = Project(folder)
    made.write("toy_module.py", TOY)
    yield made
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]
    assert not made.processes(), "a worker outlived its test"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "store.sqlite"


@pytest.fixture
def counted() -> Callable[[Path], list[int]]:
    """The seeds that a log says were run, sorted."""
    return lambda log: sorted(map(int, log.read_text().split())) if log.exists() else []
