"""Breaks the engine and the numbers of the science at random, one place at a time, and runs their tests.

    python tests/mutation.py run FILE [--number N] [--seed S] [--minutes M] [--only TEXT ...]
    python tests/mutation.py again FILE      # once more what survived, after tests were mended
    python tests/mutation.py table FILE      # what became of them; survivors with their change

Of each module `--number` changes are drawn with a seed that is made of `--seed` and the module's name,
without replacement from all that `tests/support/mutators.py` knows; a larger number continues the same draw.
Each is applied to a temporary copy of the checkout. Results are appended to FILE, a JSON object a line, as
they come: `run` with the same FILE goes on where it ended, and tests anew what was drawn from a module that
has changed since.

A group of modules has its tests (`GROUPS`, only fast ones). A mutant meets first the file of tests that has
its module's name, then the others, until one notices it. Before, each file runs once on the unbroken copy,
where it is noted how long each test takes. A test that takes `PATIENCE` times as long as on unbroken code,
and `GRACE` seconds more, has hung: the mutant is noticed as well.

Libraries are imported once; each run of tests is a fork of that process. `mutation_equivalent.toml` names
survivors that compute the same, with the reason. `table` exits with 1 if another survives.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))
from mutators import Change, changes

ROOT = Path(__file__).parents[1]
SEED = 14
PATIENCE = 5.0
"""How many times as long as on unbroken code a test may take: the machine may be busier."""
GRACE = 20.0
"""Seconds more: the first test of a run imports the code and compiles what JAX runs."""
EQUIVALENT = ROOT / "tests/mutation_equivalent.toml"
LIBRARIES = (
    "jax", "jax.numpy", "scipy.stats", "scipy.linalg", "sklearn.gaussian_process", "msgspec", "hypothesis",
)  # fmt: skip
"""What is imported before the forks. None of it starts a thread or a device."""


@dataclass(frozen=True)
class Group:
    """Modules and the tests that watch them, as patterns relative to the checkout."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self, folder: Path = ROOT) -> list[str]:
        """Its modules that have code."""
        found = {path for pattern in self.modules for path in folder.glob(pattern)}
        return sorted(str(path.relative_to(folder)) for path in found if path.stat().st_size)


def _modules(room: str, names: str) -> tuple[str, ...]:
    return tuple(f"harness/{room}/{name}.py" for name in names.split())


def _tests(room: str, names: str) -> tuple[str, ...]:
    return tuple(f"tests/{room}/test_{name}.py" for name in names.split())


DECLARED = ("tests/docs/test_generated.py",)
"""Defaults, bounds, units, resolutions and texts of experiments stand in a page that is made from them."""

GROUPS = (
    Group(
        "judge",
        (
            *(f"harness/{room}/[!_]*.py" for room in ("judge", "plan", "predicates")),
            "harness/questions.py",
        ),
        (
            *_tests(
                "judge", "constants rule gaps interval effect outcome reproducibility advice straightness"
            ),
            *_tests("judge", "independence sources law"),
            *_tests("plan", "questions fresh shards"),
            *_tests("predicates", "predicates slopes"),
            *_tests("suite", "rare unseen"),
            "tests/timing/test_timing.py",
        ),
    ),
    Group(
        "campaign",
        ("harness/campaign/[!_]*.py",),
        (*_tests("campaign", "conduct orders"), "tests/test_campaign.py"),
    ),
    Group(
        "recheck",
        _modules("measure", "recheck rechecker passes"),
        (*_tests("measure", "recheck"), *_tests("campaign", "conduct"), "tests/test_recheck.py"),
    ),
    Group("store", _modules("measure", "store rows"), _tests("measure", "store hostile_stores recheck")),
    Group(
        "fingerprint",
        _modules("measure", "fingerprint digests installed record_files parsing modules identity inputs"),
        _tests("measure", "fingerprint installed code digests_of_all reads settings"),
    ),
    Group("reads", _modules("measure", "reads"), _tests("measure", "reads")),
    Group("settings", _modules("measure", "settings"), _tests("measure", "settings")),
    Group(
        "solve",
        _modules("ntk", "solve kernels alternatives measures own_kernels"),
        _tests("ntk", "solve kernels alternatives measures own_kernels regression_by_hand"),
    ),
    Group(
        "model",
        _modules("ntk", "model model_checks tangent fully_connected first_layer"),
        _tests("ntk", "model own_kernels first_layer"),
    ),
    Group(
        "closed forms",
        _modules("ntk", "closed_form duals"),
        _tests("ntk", "closed_form duals conventions"),
    ),
    Group("empirical", _modules("ntk", "empirical jacobian"), _tests("ntk", "empirical jacobian")),
    Group("layers", _modules("ntk", "layers experiments/layers"), (*_tests("ntk", "layers"), *DECLARED)),
    Group(
        "dynamics",
        _modules("ntk", "dynamics experiments/dynamics"),
        (*_tests("ntk", "dynamics layers"), *DECLARED),
    ),
    Group("ensembles", _modules("ntk", "ensembles"), _tests("ntk", "ensembles")),
    Group(
        "regression",
        (
            *_modules("ntk", "experiments/_regression_computed experiments/_regression_predictors"),
            *_modules("ntk", "experiments/_regression_quantities"),
        ),
        (*_tests("ntk", "regression_by_hand regression"), *DECLARED),
    ),
)


# ---- In the fork


@dataclass(eq=False)  # pytest wants plugins that can be hashed
class Watch:
    """A plugin of pytest: orders the tests, notes what happens to them, and ends the process if one hangs."""

    order: dict[str, int]
    limits: dict[str, float]
    passed: dict[str, float] = field(default_factory=dict)
    failed: str = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.order:
            items[:] = sorted(
                (item for item in items if item.nodeid in self.order), key=lambda i: self.order[i.nodeid]
            )

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        start = time.perf_counter()
        limit = self.limits.get(item.nodeid)
        if limit is not None:
            faulthandler.dump_traceback_later(limit, exit=True)
        yield
        faulthandler.cancel_dump_traceback_later()
        if item.nodeid in self.passed:
            self.passed[item.nodeid] = time.perf_counter() - start

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid
            self.passed.pop(report.nodeid, None)
        elif report.when == "call" and report.passed:
            self.passed[report.nodeid] = 0.0


def _in_fork(folder: Path, tests: list[str], watch: Watch, out: Path) -> None:
    os.setsid()
    log = os.open(out.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(folder)
    sys.path[:0] = [str(folder), str(folder / "tests/support")]
    options = ["-q", "-m", "not slow", "-p", "no:xdist", "-p", "no:cacheprovider", "-p", "no:faulthandler"]
    options += ["-x"] if watch.order else []
    faulthandler.enable(sys.__stderr__)
    code = pytest.main([*options, *tests], plugins=[watch])
    said = {"code": int(code), "failed": watch.failed, "passed": watch.passed}
    out.write_text(json.dumps(said))
    sys.stdout.flush()
    os._exit(0)


# ---- In the process that has the libraries


def ordered(tests: tuple[str, ...], file: str) -> list[str]:
    """The files of tests for a mutant of `file`: that with the module's name first."""
    own = f"test_{Path(file).stem}.py"
    return sorted(tests, key=lambda each: not each.endswith(own))


class Copy:
    """A copy of the checkout, in which one file at a time is broken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = int(time.time())
        listing = ["git", "ls-files", "-co", "--exclude-standard"]
        names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in names.splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        git = ["git", "-c", "user.name=m", "-c", "user.email=m@localhost"]
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "copy"]):
            subprocess.run([*git, *command], cwd=folder, check=True)

    def write(self, file: str, text: str) -> None:
        """With a time of its own: Python takes a compiled file for current by seconds and size."""
        self.clock += 1
        (self.folder / file).write_text(text)
        os.utime(self.folder / file, (self.clock, self.clock))

    def run(self, tests: list[str], limits: dict[str, float]) -> dict[str, Any]:
        """Run tests (ids in their order, or files) in a fork; what it said, or code 124 where one hung.

        Ids come with limits, and the run ends at the first that fails.
        """
        out = self.folder.with_name("out.json")
        out.unlink(missing_ok=True)
        order = {test: number for number, test in enumerate(tests)} if limits else {}
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        watch = Watch(order, limits)
        process = os.fork()
        if process == 0:
            try:
                _in_fork(self.folder, files, watch, out)
            finally:
                os._exit(70)
        try:
            os.waitpid(process, 0)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)  # what its tests may have left, or itself
        if out.exists():
            found: dict[str, Any] = json.loads(out.read_text())
            return found
        log = out.with_suffix(".log").read_text(errors="replace")
        return {"code": 124 if "Timeout" in log else 70, "failed": ""}


class Baseline:
    """The seconds of tests on unbroken code, a file of tests when it is first asked for."""

    def __init__(self, copy: Copy) -> None:
        self.copy = copy
        self._limits: dict[str, dict[str, float]] = {}

    def limits(self, tests: str) -> dict[str, float]:
        """How long each test of a file may take, the fastest first; those that fail unbroken are left out."""
        if tests not in self._limits:
            started = time.monotonic()
            found = self.copy.run([tests], {})
            passed: dict[str, float] = found.get("passed", {})
            if not passed and found["code"] != pytest.ExitCode.NO_TESTS_COLLECTED:  # where all are slow
                log = self.copy.folder.with_name("out.log").read_text(errors="replace")
                sys.exit(f"{tests}: no test passes on unbroken code:\n{log[-3000:]}")
            took, fails = time.monotonic() - started, found["failed"] or "none"
            print(f"# {tests}: {len(passed)} tests, {took:.0f} s; fails unbroken: {fails}", flush=True)
            fastest = sorted(passed.items(), key=lambda each: each[1])
            self._limits[tests] = {test: PATIENCE * seconds + GRACE for test, seconds in fastest}
        return self._limits[tests]


def outcome(copy: Copy, limits: dict[str, float], file: str, change: Change) -> tuple[str, str]:
    """What became of a mutant before one file of tests: killed, survived or timeout, and by which test."""
    source = (copy.folder / file).read_text()
    copy.write(file, change.apply(source))
    try:
        found = copy.run(list(limits), limits)
    finally:
        copy.write(file, source)
    if not found["code"]:
        return "survived", ""
    return "timeout" if found["code"] == 124 else "killed", found["failed"] or f"exit {found['code']}"


def outcome_of_all(baseline: Baseline, group: Group, file: str, change: Change) -> tuple[str, str, float]:
    """The same before all tests of its group, and the seconds that it took."""
    taken, result, by = 0.0, "survived", ""
    for tests in ordered(group.tests, file):
        if not (limits := baseline.limits(tests)):
            continue
        start = time.monotonic()
        result, by = outcome(baseline.copy, limits, file, change)
        taken += time.monotonic() - start
        if result != "survived":
            break
    return result, by, round(taken, 1)


# ---- Results


def digest(file: str) -> str:
    return hashlib.sha256((ROOT / file).read_bytes()).hexdigest()[:16]


def read(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The latest result of each mutant."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {(line["module"], line["mutant"]): line for line in map(json.loads, lines)}


def drawn(file: str, seed: int, number: int) -> list[Change]:
    """The module's first `number` mutants in the order of the seed."""
    found = changes((ROOT / file).read_text())
    random.Random(f"{seed} {file}").shuffle(found)
    return found[:number]


def run(arguments: argparse.Namespace, *, again: bool) -> None:
    for name in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    for name in LIBRARIES:
        importlib.import_module(name)
    known = read(arguments.file)
    end = time.monotonic() + 60 * arguments.minutes
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        folder = Path(name) / "checkout"
        folder.mkdir()
        baseline = Baseline(Copy(folder))
        os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), str(folder / "tests/support")])
        for group in GROUPS:
            if arguments.group and group.name not in arguments.group:
                continue
            todo = _todo(group, known, arguments, again)
            if not todo or time.monotonic() > end:
                continue
            share = time.monotonic() + (end - time.monotonic()) / _groups_left(group, arguments)
            for file, change in todo:
                if time.monotonic() > share:
                    break
                result, by, seconds = outcome_of_all(baseline, group, file, change)
                line = {
                    "module": file, "digest": digest(file), "seed": arguments.seed, "mutant": change.name,
                    "line": change.line, "new": change.new, "result": result, "by": by, "seconds": seconds,
                }  # fmt: skip
                with arguments.file.open("a") as results:
                    results.write(json.dumps(line, ensure_ascii=False) + "\n")
                print(f"{result} {file} {change.name} | {by} | {seconds} s", flush=True)


def _groups_left(group: Group, arguments: argparse.Namespace) -> int:
    wanted = [g for g in GROUPS if not arguments.group or g.name in arguments.group]
    return len(wanted) - wanted.index(group)


def _todo(
    group: Group, known: dict[tuple[str, str], dict[str, Any]], arguments: argparse.Namespace, again: bool
) -> list[tuple[str, Change]]:
    """The first of every module, then the second, …: a run that ends early has tried them all alike."""
    files = [f for f in group.files() if not arguments.only or any(text in f for text in arguments.only)]
    listed = equivalent()
    if again:
        every = {(f, c.name): c for f in files for c in changes((ROOT / f).read_text())}
        left = [key for key, line in known.items() if line["result"] == "survived" and key not in listed]
        return [(key[0], every[key]) for key in left if key in every]
    rows = {file: drawn(file, arguments.seed, arguments.number) for file in files}
    todo = []
    for number in range(arguments.number):
        for file, found in rows.items():
            if number < len(found):
                line = known.get((file, found[number].name))
                if line is None or line["digest"] != digest(file):
                    todo.append((file, found[number]))
    return todo


def equivalent() -> dict[tuple[str, str], str]:
    """Why a survivor computes the same."""
    table = tomllib.loads(EQUIVALENT.read_text()) if EQUIVALENT.exists() else {}
    return {(each["module"], each["mutant"]): each["because"] for each in table.get("equivalent", [])}


def table(path: Path) -> int:
    """Print what became of the mutants; how many survive without a reason."""
    known, listed, open_ = read(path), equivalent(), 0
    print("| module | drawn | killed | timeout | equivalent | survived |\n|---|---|---|---|---|---|")
    totals = [0] * 5
    for file in sorted({module for module, _ in known}):
        lines = [line for (module, _), line in known.items() if module == file]
        count = {r: [x for x in lines if x["result"] == r] for r in ("killed", "timeout", "survived")}
        same = [line for line in count["survived"] if (file, line["mutant"]) in listed]
        row = [
            len(lines),
            len(count["killed"]),
            len(count["timeout"]),
            len(same),
            len(count["survived"]) - len(same),
        ]
        totals = [a + b for a, b in zip(totals, row, strict=True)]
        print(f"| {file} | {' | '.join(map(str, row))} |")
    print(f"| all | {' | '.join(map(str, totals))} |\n")
    for (file, mutant), line in known.items():
        if line["result"] == "survived":
            why = listed.get((file, mutant), "")
            open_ += not why
            said = "equivalent" if why else "SURVIVES"
            print(f"{said}: {file}:{line['line']} {mutant}\n    {why or line['new']}")
    return open_


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("run", "again", "table"))
    parser.add_argument("file", type=Path, help="results, a JSON object a line")
    parser.add_argument("--number", type=int, default=10, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--minutes", type=float, default=180.0, help="no mutant is begun later")
    parser.add_argument("--group", nargs="+", choices=[group.name for group in GROUPS])
    parser.add_argument("--only", nargs="+", help="modules whose path holds one of these texts")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if arguments.what == "table":
        sys.exit(table(arguments.file) > 0)
    run(arguments, again=arguments.what == "again")


if __name__ == "__main__":
    main()
