"""Suites and records that spell names as they were spelled once mean what they meant, to the fingerprint."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from edits import edited

import harness
from harness.cli import cli
from harness.declare import find
from harness.export import asv_suites
from harness.measure import rows
from harness.measure.fingerprint import SourceClosure, fingerprint
from harness.plan import case
from harness.questions import Trial
from harness.spelling import FIRST_EXPERIMENTS, FIRST_QUANTITIES, OLD_NAMES, takes_old_arguments
from harness.suite.spellings import first, today

SUITES = Path(__file__).parents[2] / "suites"
OLD = """
[suite]
format = 2
title = "Old"
[defaults]
center = "median"
[experiments.start]
run = "ntk.initialization"
with = { width = 8 }
[experiments.regression]
run = "ntk.regression"
with = { data = "sphere", width = 16, hidden = 1 }
[claims.near]
says = "Near."
experiment = "start"
at-most = { of = "ntk.distance", bound = 0.5 }
control = "none: an example"
expect = "open"
[claims.nearest]
says = "Nearest."
experiment = "regression"
center = "pseudomedian"
less = { of = ["single-vs-ntk.distance", "single-vs-nearest-rival.distance"] }
control = { of = ["single-vs-nearest-rival-given-f0.distance", "single-vs-ntk.distance"] }
expect = "open"
"""
NAMES = {
    "center = ": "centre = ",
    "ntk.initialization": "ntk.initialisation",
    "nearest-rival": "nearest-alternative",
}
CLOSURE = SourceClosure("c" * 64, (), (), uses_jax=False, digests={}, files={})


def new() -> str:
    """`OLD` in today's spelling."""
    text = OLD
    for old, now in NAMES.items():
        assert old in text
        text = text.replace(old, now)
    return text


def planned(folder: Path, text: str) -> list[tuple[object, ...]]:
    """Ids, questions and what trials are kept under, of the suite in a text."""
    folder.mkdir()
    (folder / "toys.toml").write_text(text)
    suite = harness.load(folder / "toys.toml")
    found: list[tuple[object, ...]] = []
    for instance in suite.instances:
        asked = case(instance)
        questions = (*asked.questions, *asked.control)
        trials = [r.trial(7) for q in questions for r in q.effect.readings]
        prints = [fingerprint(t, find(t.experiment), CLOSURE, "cpu") for t in trials]
        found.append((instance.id, questions, trials, [t.key for t in trials], prints))
    assert len(found) == 2
    return found


def test_an_old_suite_asks_for_the_same_trials(tmp_path: Path) -> None:
    assert planned(tmp_path / "old", OLD) == planned(tmp_path / "new", new())


def test_what_is_kept_has_the_first_spelling(tmp_path: Path) -> None:
    (_, _, (trial, *_), (key, *_), (print_, *_)) = planned(tmp_path / "new", new())[0]  # type: ignore[misc]
    assert trial.experiment == "ntk.initialisation"
    assert key.startswith('["ntk.initialization",[["')
    version = find("ntk.initialisation").version
    parts = ["ntk.initialization", version, key, "cpu", "c" * 64, list(sys.version_info[:2]), "", ""]
    assert print_ == hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def test_a_stored_row_of_then_is_a_trial_of_today() -> None:
    key = '["ntk.initialization",[["width",8]],3]'
    for name in ("ntk.initialization", "ntk.initialisation"):
        assert rows.trial(key, name) == Trial("ntk.initialisation", (("width", 8),), 3)
    assert rows.trial(key, "ntk.initialization").key == key
    with pytest.raises(ValueError, match="another experiment"):
        rows.trial(key, "ntk.regression")


def test_series_of_asv_go_on(tmp_path: Path) -> None:
    found = []
    for text in (OLD, new()):
        (tmp_path / "toys.toml").write_text(text)
        document = asv_suites.read_suite(tmp_path / "toys.toml")
        found.append({k: (s.name, s.version) for k, s in asv_suites.claim_series("toys", document).items()})
    assert found[0] == found[1]
    assert first(today(document)[0]) == asv_suites.tomllib.loads(OLD)


def test_check_names_each_old_spelling(tmp_path: Path) -> None:
    (tmp_path / "toys.toml").write_text(OLD)
    done = CliRunner().invoke(cli, ["check", str(tmp_path / "toys.toml")])
    assert done.exit_code == 0
    lines = OLD.splitlines()
    said = [line.split("toys.toml:")[1] for line in done.output.splitlines() if "old spelling" in line]
    assert len(said) == 5
    for each in said:
        number, words = each.split(": ", 1)
        assert words.split("`")[1] in lines[int(number) - 1]
    (tmp_path / "toys.toml").write_text(new())
    assert "old spelling" not in CliRunner().invoke(cli, ["check", str(tmp_path / "toys.toml")]).output


def test_mistakes_in_an_old_suite_have_their_lines(tmp_path: Path) -> None:
    (tmp_path / "toys.toml").write_text(edited(OLD, {'center = "pseudomedian"': 'center = "mode"'}))
    with pytest.raises(harness.SuiteError) as raised:
        harness.load(tmp_path / "toys.toml")
    line = OLD.splitlines().index('center = "pseudomedian"') + 1
    assert [(m.line, m.path[-1]) for m in raised.value.mistakes] == [(line, "centre")]
    (tmp_path / "toys.toml").write_text(
        edited(OLD, {'center = "pseudo': 'centre = "median"\ncenter = "pseudo'})
    )
    with pytest.raises(harness.SuiteError, match="the unknown key `center`"):
        harness.load(tmp_path / "toys.toml")


def test_all_names_of_today_are_declared() -> None:
    for experiment, names in FIRST_QUANTITIES.items():
        declared = find(experiment).quantities
        assert names.keys() <= declared.keys()
        assert not declared.keys() & set(names.values())
    assert all(find(name).name == name for name in FIRST_EXPERIMENTS)


@pytest.mark.parametrize("name", ["issues", "generalisation", "derivation", "kernels"])
def test_a_published_record_says_what_its_suite_says(name: str) -> None:
    """Also of an instance whose experiment or quantities have another name today."""
    record = harness.read_record(SUITES.parent / f"reports/published/{name}.json")
    suite = harness.load(SUITES / f"{name}.toml")
    now = {instance.id: instance for instance in suite.instances}
    compared = 0
    for each in record.instances:
        if each.id not in now or not each.trials:
            continue
        claim = now[each.id].claim
        run = claim.experiment.run
        assert {trials.experiment for trials in each.trials} <= {run, *FIRST_EXPERIMENTS}
        said = (each.predicate, each.control.predicate if each.control else "", str(each.toml))
        assert not any(
            old in word
            for old in OLD_NAMES
            for word in (*said, *(q for t in each.trials for q in t.quantities))
        )
        assert each.centre == claim.centre == each.center
        compared += 1
    assert compared > 50


def test_a_program_may_use_old_names(tmp_path: Path) -> None:
    @takes_old_arguments(given="overrides")
    def called(*, overrides: int = 0) -> int:
        return overrides

    with pytest.warns(DeprecationWarning, match="`given` is an old spelling of `overrides`"):
        assert called(given=3) == 3  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="found `overrides` and `given`"):
        called(given=3, overrides=4)  # type: ignore[call-arg]
    (tmp_path / "toys.toml").write_text(new())
    with pytest.warns(DeprecationWarning, match="load: `given`"):
        suite = harness.load(tmp_path / "toys.toml", given={"width": 4})  # type: ignore[call-arg]
    assert suite.overrides == {"width": 4}


def test_the_old_option_is_read(tmp_path: Path) -> None:
    (tmp_path / "toys.toml").write_text(new())
    plans = [
        CliRunner().invoke(cli, ["plan", str(tmp_path / "toys.toml"), option, "width=4"]).output
        for option in ("--override", "--with")
    ]
    assert plans[0] == plans[1]
    assert "Error" not in plans[0]
    done = CliRunner().invoke(cli, ["describe", "ntk.initialization"])
    assert done.exit_code == 0
    assert "ntk.initialisation" in done.output
