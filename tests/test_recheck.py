"""Every run checks that experiments are functions of their parameters and seed: suites of impure ones."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import impure
import pytest
from edits import edited
from good_suite import write

from harness.campaign import Progress, conduct
from harness.measure import Laboratory, Measurement, Store, merge_stores, prune
from harness.options import RunOptions
from harness.plan import case
from harness.report import Record, to_json
from harness.report.html import page
from harness.report.markdown import markdown
from harness.report.record import from_json
from harness.report.terminal import terminal
from harness.session import run
from harness.suite import load
from harness.targets import gather

__all__ = ["impure", "write"]
Write = Callable[[str], Path]

IMPURE = ("cached", "counter", "fails", "global", "missing", "pid", "stage", "time", "unseeded", "zero")
HEAD = '[suite]\nformat = 2\ntitle = "Impure"\n'
TABLE = """
[experiments.{name}]
run = "impure:{function}"
with = {{ act = "{act}"{more} }}
{table}
[claims.{name}]
says = "x is y."
expect = "open"
experiment = "{name}"
exact = {{ of = ["x", "y"], rtol = 0.0, atol = {atol} }}
control = "none: toys"
seeds = {seeds}
"""


def table(
    act: str = "clean",
    *,
    name: str = "",
    function: str = "impure",
    more: str = "",
    seeds: int = 4,
    **how: object,
) -> str:
    given = {"table": "", "atol": 1e-9, **how}
    return TABLE.format(name=name or act, act=act, function=function, more=more, seeds=seeds, **given)


def measured(
    path: Path,
    store: Path | None,
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    **how: object,
) -> Record:
    options = RunOptions(store=store, **{"workers": 1, **how})  # type: ignore[arg-type]
    return run(gather([str(path)]), options, on_progress)


def verdicts(record: Record) -> dict[str, str]:
    return {instance.claim: instance.verdict for instance in record.instances}


def results(record: Record) -> dict[str, str]:
    return {recheck.experiment.partition("/")[2]: recheck.result for recheck in record.rechecks}


def rows(store: Path) -> Counter[str]:
    """How many trials the store has of each `act`."""
    with closing(sqlite3.connect(store)) as database:
        keys = [json.loads(key) for (key,) in database.execute("select trial from measurement")]
    return Counter(str(dict(params)["act"]) for _, params, _ in keys)


def passes(store: Path) -> int:
    with closing(sqlite3.connect(store)) as database:
        return int(database.execute("select count(*) from recheck").fetchone()[0])


def test_what_is_no_function_of_its_seed_is_an_error_and_its_trials_are_removed(
    write: Write, tmp_path: Path
) -> None:
    """All in one worker, the clean ones between the others. The first trial of all is of `cached`, which
    comes first in the order of keys; no other act meets a worker that has run nothing before the rechecks."""
    acts = (*IMPURE, "clean", "nan")
    path, store = write(HEAD + "".join(map(table, acts))), tmp_path / "s.sqlite"
    record = measured(path, store)
    found = verdicts(record)
    assert {act for act, verdict in found.items() if verdict == "error"} == {*IMPURE, "nan"}
    assert results(record) == dict.fromkeys(IMPURE, "differs") | {"clean": "identical", "nan": "identical"}
    reasons = {instance.claim: instance.reason for instance in record.instances}
    assert reasons.pop("nan").startswith("seed 0: x: expected a finite number")
    assert reasons.pop("clean") == ""
    for act, reason in reasons.items():
        begin = f"not a function of its parameters and seed: impure:impure (act={act}), seed "
        assert reason.startswith(begin), reason
        assert reason.rstrip().endswith("in a worker that had run nothing") or act in ("fails", "stage")
    assert "after 1 other trial in one worker" in reasons["counter"] or "other trials" in reasons["counter"]
    assert "no number (late: no second number)" in reasons["missing"]
    assert "failed in a worker that had run nothing: ValueError: nothing was there" in reasons["fails"]
    assert rows(store) == {"clean": 4, "nan": 4}
    assert passes(store) == 2
    assert record.exit_code == 1
    assert any(note.startswith("experiment toys/pid: 4 of its trials were removed") for note in record.notes)
    assert "Rechecked 12 experiments in" in terminal(record)
    assert "10 not a function of parameters and seed, 2 to the bit" in terminal(record)


def test_a_run_that_measures_nothing_rechecks_nothing(write: Write, tmp_path: Path) -> None:
    path, store = write(HEAD + table() + table("pid")), tmp_path / "s.sqlite"
    assert results(measured(path, store)) == {"clean": "identical", "pid": "differs"}
    again = measured(path, store)
    assert (again.trials.measured, again.trials.reused) == (4, 4)  # what was removed is measured again
    assert results(again) == {"pid": "differs"}
    quiet = run(gather([f"{path}::clean"]), RunOptions(store=store, workers=1))
    assert (quiet.trials.measured, quiet.rechecks) == (0, ())
    assert "Rechecked" not in terminal(quiet)


def test_a_run_that_was_killed_before_its_recheck_is_made_up_for(write: Write, tmp_path: Path) -> None:
    """Without a recheck the store is as a killed run leaves it: trials, and nothing that passed."""
    path, store = write(HEAD + table() + table("pid")), tmp_path / "s.sqlite"
    first = measured(path, store, recheck=False)
    assert (set(verdicts(first).values()), first.rechecks) == ({"supported"}, ())
    record = measured(path, store)
    assert record.trials.measured == 0
    assert verdicts(record) == {"clean": "supported", "pid": "error"}
    assert results(record) == {"clean": "identical", "pid": "differs"}
    assert "as the store has it" in next(i.reason for i in record.instances if i.claim == "pid")
    assert rows(store) == {"clean": 4}


def test_a_recheck_that_the_time_budget_cuts_off_is_a_note_and_made_up_for(
    write: Write, tmp_path: Path
) -> None:
    path, store = write(HEAD + table("slow", seeds=3) + table()), tmp_path / "s.sqlite"
    measured(path, store, recheck=False)
    seen: list[Progress] = []
    record = measured(path, store, time_budget=2.0, on_progress=seen.append)
    assert set(verdicts(record).values()) == {"supported"}
    assert results(record)["slow"] == "not-rechecked"
    expected = "experiment toys/slow: not rechecked: the time budget was spent; the next run makes up for it"
    assert expected in record.notes
    assert f"Note: {expected}" in terminal(record)
    assert max(progress.rechecking for progress in seen) == 2
    assert results(measured(path, store, time_budget=0.0))["slow"] == "not-rechecked"
    limited = write(HEAD + edited(table("slow", seeds=3), {"seeds": "time-limit = 0.4\nseeds"}))
    late = measured(limited, store)
    assert "exceeded its time limit of 0.4 s" in late.notes[0]
    assert set(verdicts(late).values()) == {"supported"}
    assert rows(store)["slow"] == 3


def test_stores_that_are_merged_have_what_passed_in_either(write: Write, tmp_path: Path) -> None:
    both = HEAD + table(name="one", more=", size = 1") + table(name="two", more=", size = 2")
    path = write(both)
    stores = [tmp_path / f"{name}.sqlite" for name in ("one", "two")]
    for name, store in zip(("one", "two"), stores, strict=True):
        record = run(gather([f"{path}::{name}"]), RunOptions(store=store, workers=1))
        assert results(record) == {name: "identical"}
    into = Store(stores[0])
    merge_stores(into, stores[1])
    merged = measured(path, stores[0])
    assert (merged.trials.measured, merged.rechecks) == (0, ())
    prune(into, before=2e10)
    into.close()
    assert passes(stores[0]) == 0


def test_a_wider_sweep_has_passed_and_another_fixed_parameter_has_not(write: Write, tmp_path: Path) -> None:
    store = tmp_path / "s.sqlite"
    narrow = table(table="sweep = { size = [1] }")
    assert results(measured(write(HEAD + narrow), store)) == {"clean": "identical"}
    wide = measured(write(HEAD + edited(narrow, {"[1]": "[1, 2]"})), store)
    assert (wide.trials.measured, wide.rechecks) == (4, ())
    other = measured(write(HEAD + table(more=", jitter = 0.0, size = 3")), store)
    assert results(other) == {"clean": "identical"}


def test_claims_of_other_tables_over_the_same_trials_are_errors_too(write: Write, tmp_path: Path) -> None:
    """The trials at size 1 are of both tables; those at size 2 of the second alone, which fails as well."""
    text = HEAD + table("pid", name="one", more=", size = 1")
    text += table("pid", name="two", table="sweep.size = [1, 2]")
    record = measured(write(text), tmp_path / "s.sqlite")
    assert [i.verdict for i in record.instances] == ["error"] * 3
    assert rows(tmp_path / "s.sqlite") == {}


def test_a_declared_tolerance_and_a_declared_reason(write: Write, tmp_path: Path) -> None:
    """After other trials the number is 1 + 1e-8 times what it is in a worker that has run nothing."""
    jitter = ", jitter = 1e-8"
    tables = [
        table(name="exact", more=jitter + ", size = 1"),
        table(name="looser", more=jitter + ", size = 2", table='repeatable = "1e-7"'),
        table(name="declared", function="rough", more=jitter + ", size = 1"),
        table(name="stricter", function="rough", more=jitter + ", size = 2", table='repeatable = "0"'),
        table("pid", name="too-far", function="rough"),
        table("pid", name="never", function="never"),
        table("pid", name="said", table='repeatable = "no: it tells its own number"'),
        table(name="clean", more=", size = 3"),
    ]
    # Seed 0 gives 0, with and without jitter: it must not be the one that is chosen.
    record = measured(write(HEAD + "".join(tables)), tmp_path / "s.sqlite", first_seed=1)
    assert results(record) == {
        "exact": "differs", "declared": "within-tolerance", "stricter": "differs",
        "looser": "within-tolerance", "too-far": "differs", "never": "exempt", "said": "exempt",
        "clean": "identical",
    }  # fmt: skip
    errors = {claim for claim, verdict in verdicts(record).items() if verdict == "error"}
    assert errors == {"exact", "stricter", "too-far"}
    shown = terminal(record)
    assert "Not rechecked, as declared: toys/never (it asks for noise)." in shown
    assert "toys/said (it tells its own number)" in markdown(record).replace("\\", "")
    assert "it tells its own number" in page(record)
    assert rows(tmp_path / "s.sqlite")["pid"] == 8


def test_recheck_finds_a_row_that_was_changed_with_its_checksum(write: Write, tmp_path: Path) -> None:
    path, store = write(HEAD + table()), tmp_path / "s.sqlite"
    measured(path, store)
    some = measured(path, store, recheck=0.01)
    assert (len(some.rechecks), results(some)) == (1, {"clean": "identical"})
    opened = Store(store)
    (kept,) = [m for m in all_of(opened, path) if m.trial.seed == 3]
    opened.keep(replace(kept, values={"x": 7.0, "y": 7.0}))
    opened.close()
    unseen = measured(path, store)
    assert (verdicts(unseen), unseen.rechecks) == ({"clean": "supported"}, ())
    record = measured(path, store, recheck=1.0)
    assert verdicts(record) == {"clean": "error"}
    assert Counter(r.result for r in record.rechecks) == {"identical": 3, "differs": 1}
    assert "seed 3: quantity x gave 7.0" in record.instances[0].reason
    assert rows(store) == {}
    clean = measured(path, store)
    assert (verdicts(clean), results(clean)) == ({"clean": "supported"}, {"clean": "identical"})


def all_of(store: Store, path: Path) -> list[Measurement]:
    (asked,) = [case(i) for i in load(path, imports=True).instances]
    with Laboratory(store.path, workers=1) as laboratory:
        trials = asked.questions[0].trials(range(asked.instance.seeds))
        return list(laboratory.recall(trials).values())


def test_a_sample_differs_from_run_to_run(write: Write, tmp_path: Path) -> None:
    path, store = write(HEAD + table(seeds=20)), tmp_path / "s.sqlite"
    measured(path, store)
    seeds = {measured(path, store, recheck=0.01).rechecks[0].seed for _ in range(3)}
    assert len(seeds) > 1  # by chance the same with 1/400


def test_without_a_store_one_trial_is_rechecked_once_in_a_laboratory(write: Write) -> None:
    suite = load(write(HEAD + table() + table("pid", seeds=4)), imports=True)
    clean, hidden = [case(i) for i in suite.instances]
    with Laboratory(None, workers=1) as laboratory:
        first = conduct([clean, hidden], laboratory)
        assert [r.result for r in first.rechecks] == ["identical", "differs"]
        second = conduct([clean], laboratory)
        assert second.rechecks == ()
        third = conduct([hidden], laboratory)
        assert [f.assessment.verdict for f in third.findings] == ["error"]
        assert [(r.result, r.trial) for r in third.rechecks] == [("differs", None)]


def test_a_group_that_failed_keeps_nothing_as_long_as_the_laboratory_is_open(
    write: Write, tmp_path: Path
) -> None:
    suite = load(write(HEAD + table("pid", table="sweep.size = [1, 2]")), imports=True)
    store = tmp_path / "s.sqlite"
    with Laboratory(store, workers=1) as laboratory:
        for instance in suite.instances:
            (finding,) = conduct([case(instance)], laboratory).findings
            assert finding.assessment.verdict == "error"
    assert rows(store) == {}


def test_the_first_trials_of_all_workers_are_no_evidence(write: Write, tmp_path: Path) -> None:
    path = write(HEAD + table("pid", seeds=1))
    record = measured(path, tmp_path / "s.sqlite")
    assert record.notes == ()
    assert (verdicts(record), record.rechecks, passes(tmp_path / "s.sqlite")) == ({"pid": "supported"}, (), 0)


def test_timings_are_exempt(write: Write) -> None:
    text = (
        HEAD
        + """
[benchmarks.one]
run = "toys:wait"
[benchmarks.two]
run = "toys:wait"
with = { ms = 2.0 }
[claims.faster]
says = "One is faster than two."
expect = "open"
faster = { of = ["one", "two"], at-least = "1.1 x" }
centre = "median"
seeds = 14
"""
    )
    assert measured(write(text), None).rechecks == ()


def test_the_record_says_what_was_rechecked_and_what_it_took(write: Write) -> None:
    record = measured(write(HEAD + table()), None)
    (recheck,) = from_json(to_json(record), "r.json").rechecks
    assert (recheck.experiment, recheck.run, recheck.result) == ("toys/clean", "impure:impure", "identical")
    assert recheck.params == {"act": "clean", "jitter": 0.0, "size": 1}
    assert recheck.seed in range(1, 4)
    assert 0 < recheck.seconds < 5
    assert "Rechecked 1 experiment in 0.0 s: it repeats to the bit." in terminal(record)


def test_an_edit_during_the_run_is_no_difference(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second worker imports the edited module; what it gives says nothing of the first."""
    monkeypatch.syspath_prepend(str(tmp_path))
    module = tmp_path / "edited_meanwhile.py"
    source = Path(impure.__file__).read_text()
    module.write_text(source)
    path = write(HEAD + edited(table(), {"impure:impure": "edited_meanwhile:impure"}))

    def edit(progress: Progress) -> None:
        if progress.decided == progress.total and not progress.rechecking:
            module.write_text(edited(source, {"seed / 3": "seed / 4"}))

    record = measured(path, None, on_progress=edit)
    assert (verdicts(record), results(record)) == ({"clean": "supported"}, {"clean": "not-rechecked"})
    assert any("not rechecked: its source was edited during the run" in note for note in record.notes)


@pytest.mark.slow
def test_a_cluster_rechecks_too(write: Write, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    path, store = write(HEAD + table() + table("pid") + table("counter")), tmp_path / "s.sqlite"
    record = run(gather([str(path)]), RunOptions(store=store, cluster="local:1"))
    assert verdicts(record) == {"clean": "supported", "pid": "error", "counter": "error"}
    assert rows(store) == {"clean": 4}
