"""Measures trials by the code of a commit: with a suite that asks for them, and one `harness run` of that
commit.

All versions share the command line, suites, records and stores, so only these are used. Each quantity at each
point is a claim of the suite: `exact`, on just the wanted seeds, and open. The numbers are read from the
store of that run, where they are stored to the bit.
"""

from __future__ import annotations

import glob
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.declare import Missing
from harness.history.baselines.declared import Declarations
from harness.history.baselines.worktrees import CommitCode
from harness.measure import Measurement, Store, StoreError
from harness.measure.stages import union
from harness.options import RunOptions
from harness.questions import Trial
from harness.report.files import read_record
from harness.report.record import InstanceRecord, RecordError
from harness.toml import toml_table

_PREFIX = 16
"""Digits of fingerprints in records."""


@dataclass(frozen=True)
class AskedTrial:
    """A wanted trial of a baseline, with its quantities and its limit in seconds."""

    trial: Trial
    quantities: frozenset[str]
    time_limit: float


@dataclass(frozen=True)
class _SeedRow:
    """One claim of the suite: a quantity at a point, on consecutive seeds."""

    first: Trial
    quantity: str
    n: int
    time_limit: float

    @property
    def seeds(self) -> range:
        return range(self.first.seed, self.first.seed + self.n)


class There:
    """Measures trials by a commit's code, batch by batch. Raises `BaselineError` if that cannot run."""

    def __init__(self, code: CommitCode, options: RunOptions) -> None:
        self.code = code
        self._options = options
        self._declarations = Declarations(code)

    def measure(self, asked: Sequence[AskedTrial], seconds: float) -> dict[Trial, Measurement]:
        """The measurements of all trials within `seconds`. Trials that were not reached are left out."""
        known = self._declarations.of(each.trial for each in asked)
        missing: dict[Trial, dict[str, Missing]] = {each.trial: {} for each in asked}
        covered = []
        for each in asked:
            lacks = {q: known[each.trial].not_covered(each.trial, q) for q in each.quantities}
            for quantity, why in lacks.items():
                if why:
                    missing[each.trial][quantity] = Missing("not-covered", "", f"{self.code.shown}: {why}")
            wanted = frozenset(quantity for quantity, why in lacks.items() if not why)
            covered += [replace(each, quantities=wanted)] if wanted else []
        measured = self._run(covered, seconds) if covered else {}
        found = {}
        for each in asked:
            lacking = missing[each.trial]
            got = measured.get(each.trial)
            if got is None and len(lacking) < len(each.quantities):
                continue
            blank = Measurement(each.trial, "", "ok")
            made = got or blank
            found[each.trial] = replace(made, missing={**made.missing, **lacking})
        return found

    def _run(self, asked: Sequence[AskedTrial], seconds: float) -> dict[Trial, Measurement]:
        """The measurements of one run of the commit's harness."""
        claims = list(_in_rows(asked))
        suite, record = (self.code.outputs / name for name in ("baseline.toml", "baseline.json"))
        store = self.code.outputs / "baseline.sqlite"
        suite.write_text(self._suite(claims), encoding="utf-8")
        record.unlink(missing_ok=True)
        command = ["-m", "harness", "run", str(suite), "--quiet", "--no-history", f"--json={record}"]
        command += [f"--store={store}", "--no-recheck"]
        command += self._options.arguments(without=_NOT_THERE)
        if seconds < math.inf:
            command.append(f"--time-budget={max(seconds, 1.0):.0f}s")
        done = self.code.python(*command)
        try:
            instances = {instance.claim: instance for instance in read_record(record).instances}
        except RecordError:
            said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
            why = said[-1] if said else f"harness run ended with {done.returncode}"
            return {each.trial: _failed(each.trial, f"{self.code.shown}: {why}") for each in asked}
        return self._numbers(claims, instances, store)

    def _suite(self, claims: Sequence[_SeedRow]) -> str:
        """The suite that asks for them. Parameters that the commit does not know are left out."""
        known = self._declarations.of(each.first for each in claims)
        tables = [toml_table(("suite",), {"format": 2, "title": "Trials of a baseline"})]
        names: dict[str, str] = {}
        for number, each in enumerate(claims):
            point = each.first.at(0).key
            if point not in names:
                names[point] = f"e{len(names)}"
                parameters = {k: v for k, v in each.first.params if k in known[each.first].parameters}
                table: dict[str, object] = {"run": known[each.first].run, "with": parameters}
                if each.first.inputs is not None:
                    folder = glob.escape(self.code.place_of(each.first.inputs.folder))
                    table["inputs"] = [f"{folder}/{pattern}" for pattern in each.first.inputs.patterns]
                tables.append(toml_table(("experiments", names[point]), table))
            claim: dict[str, object] = {
                "says": "A number.", "expect": "open", "experiment": names[point], "seeds": each.n,
                "time-limit": each.time_limit,
                "exact": {"of": known[each.first].spelled.get(each.quantity, each.quantity), "atol": 1.0},
            }  # fmt: skip
            if each.first.seed:
                claim["explored"] = [[0, each.first.seed - 1]]
            tables.append(toml_table(("claims", f"c{number}"), claim))
        return "\n".join(tables)

    def _numbers(
        self, claims: Sequence[_SeedRow], instances: Mapping[str, InstanceRecord], store: Path
    ) -> dict[Trial, Measurement]:
        """The measurements, from the store of the run, by the fingerprints in its record."""
        kept = _kept(store, {f for i in instances.values() for t in i.trials for f in t.fingerprints})
        known = self._declarations.of(each.first for each in claims)
        found: dict[Trial, list[Measurement]] = {}
        for number, each in enumerate(claims):
            instance = instances.get(f"c{number}")
            prints = () if instance is None else tuple(f for t in instance.trials for f in t.fingerprints)
            by_seed = {kept[f].trial.seed: kept[f] for f in prints if f in kept}
            for seed in each.seeds:
                trial = each.first.at(seed)
                if (row := by_seed.get(seed)) is not None:
                    rows = found.setdefault(trial, [])
                    if all(other.fingerprint != row.fingerprint for other in rows):  # this has all quantities
                        rows.append(_today(replace(row, trial=trial, note=""), known[each.first].spelled))
                elif instance is not None and instance.verdict in ("error", "not-covered"):
                    found.setdefault(trial, []).append(_lost(trial, each.quantity, instance, self.code.shown))
        return {trial: union(rows) for trial, rows in found.items()}


_NOT_THERE = (
    "overrides", "seeds", "first_seed", "fresh", "store", "recheck", "confirm", "shard", "time_budget",
    "track", "against", "within", "quantities", "cluster",
)  # fmt: skip
"""Options of a run that do not apply to one of its baselines."""


def _in_rows(asked: Sequence[AskedTrial]) -> Iterator[_SeedRow]:
    """Each quantity at each point, on consecutive seeds."""
    wanted: dict[tuple[str, str], list[AskedTrial]] = {}
    for each in asked:
        for quantity in sorted(each.quantities):
            wanted.setdefault((each.trial.stem, quantity), []).append(each)
    for (_, quantity), trials in wanted.items():
        ordered = sorted(trials, key=lambda each: each.trial.seed)
        for _, row in itertools.groupby(enumerate(ordered), key=lambda pair: pair[1].trial.seed - pair[0]):
            rows = [each for _, each in row]
            yield _SeedRow(rows[0].trial, quantity, len(rows), max(each.time_limit for each in rows))


def _kept(store: Path, prints: set[str]) -> dict[str, Measurement]:
    """What the store has under these beginnings of fingerprints."""
    try:
        opened = Store(store)
        try:
            every = (str(row[0]) for row in opened.rows("select distinct fingerprint from measurement"))
            whole = [each for each in every if each[:_PREFIX] in prints]
            return {each[:_PREFIX]: row for each, row in opened.recall(whole).items()}
        finally:
            opened.close()
    except StoreError:  # a version whose store this one cannot read: nothing is known
        return {}


def _today(measurement: Measurement, spelled: Mapping[str, str]) -> Measurement:
    """The measurement with today's names of its quantities. `spelled` maps these to the names there."""
    if not spelled:
        return measurement
    today = {there: name for name, there in spelled.items()}
    values = {today.get(name, name): value for name, value in measurement.values.items()}
    missing = {today.get(name, name): why for name, why in measurement.missing.items()}
    return replace(measurement, values=values, missing=missing)


def _lost(trial: Trial, quantity: str, instance: InstanceRecord, shown: str) -> Measurement:
    """A trial that, by the run there, failed or is not covered."""
    why = f"{shown}: {instance.reason}"
    lost = Missing("failed" if instance.verdict == "error" else "not-covered", "", why)
    return Measurement(trial, "", "ok", missing={quantity: lost})


def _failed(trial: Trial, why: str) -> Measurement:
    return Measurement(trial, "", "error", error=why, raised=f"baseline: {why}")
