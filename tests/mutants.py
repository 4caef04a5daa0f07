"""Does anybody notice? Breaks the code on purpose, one place at a time, and sees what catches it.

    python tests/mutants.py [NAME ...]

Each mutant is applied to a copy of the checkout. Two watchmen run on it: the tests named beside it, and the
suite (a part of `suites/issues.toml`, measured anew where the science changed). A table says which of them
noticed; it exits with 1 if a mutant got past both. `tests/test_mutants.py` checks that each can be applied.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
from edits import edited

ROOT = Path(__file__).parents[1]
FAILING = ("unexpected", "inconclusive", "vacuous", "error", "not-run")
"""Outcomes that make a run fail; named here, as a mutant may have changed those of the judge."""
SCIENCE = "data=sphere and (hidden=1,width or hidden=1..2,width=64) and not ensemble"
"""The part of the suite that a mutant of the science must upset: that networks follow their kernels."""


@dataclass(frozen=True)
class Mutant:
    """A change of one place: `old` stands in `file` exactly once."""

    name: str
    file: str
    old: str
    new: str
    tests: str
    keyword: str = SCIENCE


COMPUTED = "harness/ntk/experiments/_regression_computed.py"
PREDICTORS = "harness/ntk/experiments/_regression_predictors.py"
NTK = "tests/ntk"
PATIENCE = 600.0
"""Seconds that a watchman has: several times what it takes on unbroken code."""
HUNG = 124
"""The code of a watchman that was stopped, as of timeout(1): a mutant that never ends is noticed."""
JUDGE = "tests/judge tests/plan tests/campaign tests/test_campaign.py tests/suite"
STORE = (
    "tests/measure/test_fingerprint.py tests/measure/test_store.py tests/measure/test_digests_of_all.py"
    " tests/measure/test_laboratory.py"
)
CHEAP = "train=64 or (data=sphere and hidden=1,width=64)"
"""For mutants that change no measurement: claims of every expectation, whose trials take a tenth of a second
(a mutant that decides nothing draws seeds up to every budget)."""

MUTANTS = [
    Mutant(
        "science: NNGP for NTK",
        "harness/ntk/kernels.py",
        "return closed_form.nngp_ntk(architecture, x1, x2)",
        "return (closed_form.nngp_ntk(architecture, x1, x2)[0],) * 2",
        NTK,
    ),
    Mutant(
        "science: f0 dropped",
        "harness/ntk/solve.py",
        "f0_test + self.regression(cross, _column",
        "self.regression(cross, _column",
        NTK,
    ),
    Mutant(
        "science: w_std for w_std²",
        "harness/ntk/network.py",
        "(a @ weights) * (w_std / math.sqrt(weights.shape[0]))",
        "(a @ weights) * math.sqrt(w_std / weights.shape[0])",
        NTK,
    ),
    Mutant(
        "science: bias missing",
        "harness/ntk/network.py",
        "return scaled + architecture.bias_slope(number) * biases",
        "return scaled",
        NTK,
    ),
    Mutant(
        "science: depth off by one",
        "harness/ntk/closed_form.py",
        "for number in range(architecture.hidden):",
        "for number in range(architecture.hidden + 1):",
        NTK,
    ),
    Mutant(
        "science: test set leaks into training",
        "harness/ntk/data.py",
        "        x_test=x[train:held_out],\n        y_test=y[train:held_out],",
        "        x_test=x[:test],\n        y_test=y[:test],",
        NTK,
    ),
    Mutant(
        "science: teacher's points depend on width",
        COMPUTED,
        "train=at.train, test=at.test, seed=at.seed,",
        "train=at.train, test=at.test, seed=at.seed + self.model.architecture.width,",
        NTK,
    ),
    Mutant(
        "science: one seed for all networks",
        "harness/ntk/train.py",
        "return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), _STREAM), number)",
        "return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), _STREAM), 0)",
        NTK,
        "data=sphere and width=64 and ensemble",
    ),
    Mutant(
        "science: learning rate without λ_max",
        "harness/ntk/train.py",
        "= units * 2 / np.maximum(largest_analytic, own)",
        "= units * 2 / np.ones_like(own)",
        NTK,
    ),
    Mutant(
        "science: float32 solve",
        "harness/ntk/solve.py",
        "else Packed(np.asarray(gram, dtype=np.float64))",
        "else Packed(np.asarray(gram, dtype=np.float32))",
        NTK,
    ),
    Mutant(
        "judge: paired as unpaired",
        "harness/judge/effect.py",
        "    return [_linear(effect, seed, row) for seed, row in enumerate(rows, first)]",
        "    rows = [[row[0], *rows[at - 1][1:]] for at, row in enumerate(rows)]\n"
        "    return [_linear(effect, seed, row) for seed, row in enumerate(rows, first)]",
        JUDGE,
        CHEAP,
    ),
    Mutant(
        "judge: one side of the interval",
        "harness/judge/rule.py",
        "    return above and below",
        "    return above",
        JUDGE,
        CHEAP,
    ),
    Mutant(
        "judge: alpha instead of alpha/8",
        "harness/judge/levels.py",
        "return alpha / len(LOOKS) / edges",
        "return alpha / edges",
        JUDGE,
        CHEAP,
    ),
    Mutant(
        "judge: verdicts exchanged",
        "harness/judge/levels.py",
        'return (verdict == "refuted") != question.exchanged',
        'return (verdict == "refuted") == question.exchanged',
        JUDGE,
        CHEAP,
    ),
    Mutant(
        "judge: NaN dropped",
        "harness/judge/effect.py",
        "    return [_linear(effect, seed, row) for seed, row in enumerate(rows, first)]",
        "    finite = [row for row in rows if all(map(math.isfinite, row))]\n"
        "    return [_linear(effect, seed, row) for seed, row in enumerate(finite, first)]",
        JUDGE,
        CHEAP,
    ),
    Mutant(
        "judge: control ignored",
        "harness/judge/outcome.py",
        '"supported": "vacuous"',
        '"supported": "as-expected"',
        JUDGE,
        CHEAP,
    ),
    Mutant(
        "judge: seeds beyond n used",
        "harness/judge/rule.py",
        "_look(values[:n], question)",
        "_look(values, question)",
        JUDGE,
        CHEAP,
    ),
    Mutant(
        "judge: error of a seed passed over",
        "harness/campaign/enquiries.py",
        "            if failure:\n                break\n            rows",
        "            if failure:\n                failure = ''\n                continue\n            rows",
        JUDGE,
        CHEAP,
    ),
    Mutant(
        "suite: where ignored",
        "harness/suite/instances.py",
        "        matched[index] = True\n",
        "        matched[index] = True\n        continue\n",
        JUDGE,
        CHEAP,
    ),
    Mutant(
        "suite: the last match does not win",
        "harness/suite/instances.py",
        "enumerate(draft.wheres):\n        if not _matches",
        "reversed(list(enumerate(draft.wheres))):\n        if not _matches",
        JUDGE,
        CHEAP,
    ),
    Mutant(
        "store: stale entry after an edit",
        "harness/measure/fingerprint.py",
        "return [device, source.digest, list(",
        "return [device, list(",
        STORE,
        CHEAP,
    ),
    Mutant(
        "store: wrong point returned",
        "harness/measure/fingerprint.py",
        "json.dumps(trial.stem)[:-1]",
        "json.dumps(trial.experiment)[:-1]",
        STORE,
    ),
    Mutant(
        "science: NNGP with the NTK's cross kernel",
        "harness/ntk/experiments/_regression_kernels.py",
        "*self._siblings[name], self._y, self._ridge)",
        'self._siblings[name][0], self._siblings["ntk"][1], self._y, self._ridge)',
        NTK,
    ),
    Mutant(
        "science: ensemble as a median",
        PREDICTORS,
        'lambda made: made.trained("single").f_test.mean(axis=1)',
        'lambda made: __import__("numpy").median(made.trained("single").f_test, axis=1)',
        NTK,
    ),
    Mutant(
        "judge: guard at half its floor",
        "harness/judge/rule.py",
        "too_few_distinct(seen, floor)",
        "too_few_distinct(seen, floor / 2)",
        JUDGE,
        CHEAP,
    ),
    Mutant(
        "judge: reproducibility without its floor",
        "harness/judge/reproducibility.py",
        "sd = max(sd, question.effect.floor)",
        "sd = max(sd, 0.0)",
        JUDGE,
        CHEAP,
    ),
    Mutant(
        "store: two digits of a checksum",
        "harness/measure/row_texts.py",
        "digest_size=16).hexdigest()",
        "digest_size=16).hexdigest()[:2]",
        STORE,
        CHEAP,
    ),
    Mutant(
        "store: distributions by version alone",
        "harness/measure/fingerprint.py",
        "{d.name} {d.version} {d.digest}",
        "{d.name} {d.version}",
        STORE,
        CHEAP,
    ),
]


def apply(mutant: Mutant, folder: Path) -> None:
    """Change the mutant's one place in the checkout `folder`. Raises ValueError where it does not fit."""
    path = folder / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        found = text.count(mutant.old)
        raise ValueError(f"{mutant.name}: expected once in {mutant.file}, found {found} times")
    path.write_text(edited(text, {mutant.old: mutant.new}))


def copy(folder: Path) -> None:
    """Copy what git tracks, as it stands in the work tree."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def run(folder: Path, *command: str) -> tuple[int, str]:
    """Run a Python module in the copy; its own code comes before the installed one."""
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'tests/support'}"}
    program = [sys.executable, "-m", *command]
    with tempfile.TemporaryFile("w+") as output:  # a pipe would be held open by what a hung mutant started
        with subprocess.Popen(
            program, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        ) as process:
            try:
                code = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                code = HUNG
        output.seek(0)
        return code, output.read()


def failing(record: Path, outcomes: Sequence[str] = FAILING) -> list[str]:
    """The instances of a record that have one of these outcomes. Raises OSError where there is no record."""
    found = json.loads(record.read_text())["instances"]
    return [instance["id"] for instance in found if instance["outcome"] in outcomes]


def upset(folder: Path, keyword: str, store: Path | None) -> list[str]:
    """The instances of the suite that fail with the code in `folder`. Raises OSError without a record."""
    kept, record = folder / "store.sqlite", folder / "r.json"
    if store is not None and store.exists():
        shutil.copy(store, kept)
    suite = ["harness", "run", "suites/issues.toml", "-q", "--store", str(kept), "--json", str(record)]
    run(folder, *suite, "-m", "not slow", "-k", keyword)
    return failing(record)


@cache
def upset_by_sound_code(keyword: str, store: Path | None) -> frozenset[str]:
    """The instances that fail without a mutant, as vacuous ones do: no mutant is caught by these."""
    with tempfile.TemporaryDirectory(prefix="sound-") as name:
        copy(Path(name))
        return frozenset(upset(Path(name), keyword, store))


def watch(mutant: Mutant, store: Path | None) -> tuple[str, str]:
    """What each watchman said: the tests that failed, and the instances that fail with the mutant alone."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name)
        copy(folder)
        apply(mutant, folder)
        code, text = run(folder, "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant.tests.split())
        lines = [line for line in text.splitlines() if line.startswith("FAILED")]
        failed = [line.split(" - ")[0].split("::", 1)[-1] for line in lines]
        tests = (failed[0] if failed else f"exit {code}") if code else "–"
        try:
            found = upset(folder, mutant.keyword, store)
        except OSError:
            return tests, "no record"
    return tests, caught(found, upset_by_sound_code(mutant.keyword, store))


def caught(found: Sequence[str], sound: Collection[str]) -> str:
    """What the suite's watchman says of the instances that fail, and of those that fail in any case."""
    new = [id_ for id_ in found if id_ not in sound]
    return f"{len(new)} instances, e.g. {new[0]}" if new else "–"


def main() -> None:
    """Run the mutants named on the command line, or all, and print the table."""
    wanted = sys.argv[1:]
    store = Path(os.environ["HARNESS_STORE"]).absolute() if "HARNESS_STORE" in os.environ else None
    survivors = 0
    print("| mutant | caught by tests | caught by the suite | seconds |\n|---|---|---|---|", flush=True)
    for mutant in MUTANTS:
        if wanted and not any(word in mutant.name for word in wanted):
            continue
        start = time.monotonic()
        tests, claims = watch(mutant, store)
        survivors += tests == claims == "–"
        print(f"| {mutant.name} | {tests} | {claims} | {time.monotonic() - start:.0f} |", flush=True)
    sys.exit(survivors > 0)


if __name__ == "__main__":
    main()
