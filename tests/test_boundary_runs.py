"""Boundaries through the whole program: commands, shards, pytest, plans, differences."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from boundary_suite import CLAIMS
from commands import said
from edits import edited

import harness
from harness.export import asv_suites
from harness.suite import load

pytest_plugins = ["pytester"]

TEXT = """\
[suite]
format = 2
title = "Boundaries"

[experiments.pairs]
run = "toys:pair"
with = { sd = 0.15, slope = -0.5 }
sweep = { shift = [0.7, 1.5, 3.0], size = [1, 2] }
"""
TEXT += CLAIMS


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "support"))
    (tmp_path / "toys.toml").write_text(TEXT)


@pytest.mark.slow
@pytest.mark.usefixtures("_here")
def test_shards_say_together_what_a_run_says(tmp_path: Path) -> None:
    code, text = said("run", "toys.toml", "--json", "whole.json")
    assert code == 0, text
    for number in (1, 2, 3):
        code, text = said(
            "run", "toys.toml", "--shard", f"{number}/3", "--json", f"{number}.json", "--no-store"
        )
        assert code in (0, 5), text
    code, text = said("merge", "1.json", "2.json", "3.json", "--json", "all.json")
    assert code == 0, text
    whole, merged = (harness.read_record(tmp_path / name) for name in ("whole.json", "all.json"))
    assert {i.id: (i.verdict, i.interval, i.parts) for i in merged.instances} == {
        i.id: (i.verdict, i.interval, i.parts) for i in whole.instances
    }
    assert [c.where for c in merged.claims] == [c.where for c in whole.claims]
    code, text = said("plan", "toys.toml")
    assert re.search(
        r"toys/edge\[shift=1\.5\] +2 x +48 +about 1\.[5-9] x +32 +deviation 0\.1\d, slope -0\.", text
    )


@pytest.mark.slow
@pytest.mark.usefixtures("_here")
def test_a_difference_names_the_boundary_that_moved(tmp_path: Path) -> None:
    assert said("run", "toys.toml", "-k", "edge", "--json", "a.json")[0] == 0
    # The same claim of other code: its sizes are a sixth.
    record = (tmp_path / "a.json").read_text()
    instance = next(i for i in harness.read_record(tmp_path / "a.json").instances if i.verdict == "located")
    low, high = instance.interval
    assert low is not None
    assert high is not None
    (tmp_path / "b.json").write_text(
        record.replace(f'"interval":[{low:.1f},{high:.1f}]', '"interval":[1.0,1.5]')
    )
    code, text = said("diff", "a.json", "b.json")
    assert code == 1
    assert f"moved  {instance.id}: [{low:g}, {high:g}] → [1, 1.5]" in text


@pytest.mark.slow
def test_pytest_names_instances_and_fails_what_is_refuted(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "support"))
    pytester.path.joinpath("toys.toml").write_text(edited(TEXT, {"at-most = 40": "at-most = 8"}))
    result = pytester.runpytest_subprocess("toys.toml", "-p", "no:xdist", "-v", "--harness-store", "s.sqlite")
    result.assert_outcomes(passed=4, failed=1)
    text = result.stdout.str()
    assert "toys.toml::edge[shift=0.7] PASSED" in text
    assert "toys.toml::below[shift=1.5] FAILED" in text
    assert re.search(r"measured +[\d.]+ \[\d+, \d+\] against ≤ 8", text)


@pytest.fixture
def series(tmp_path: Path) -> Callable[[str], asv_suites.Series]:
    def _series(text: str) -> asv_suites.Series:
        path = tmp_path / "toys.toml"
        path.write_text(text)
        load(path, imports=True)
        return asv_suites.claim_series("toys", asv_suites.read_suite(path))["edge"]

    return _series


def test_a_series_has_the_axes_that_are_left(series: Callable[[str], asv_suites.Series]) -> None:
    found = series(TEXT)
    assert list(found.axes) == ["shift"]
    swept = edited(TEXT, {"size = [1, 2] }": "size = [1, 2, 4] }"})
    assert series(swept).version == found.version  # its range is its own
    assert series(edited(TEXT, {", size = [1, 2] }": " }"})).version == found.version
    assert (
        series(edited(TEXT, {'to = 128, within = "2 x"': 'to = 64, within = "2 x"'})).version != found.version
    )
    bare = {'from = 1, to = 128, within = "2 x" }': 'within = "4 x" }'}
    one, two = series(edited(TEXT, bare)), series(edited(swept, bare))
    assert one.version != two.version  # its points are those that are swept


def test_a_commit_that_knows_no_boundaries_passes_them_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {name: kind for name, kind in asv_suites.kinds().items() if name != "boundary"}
    monkeypatch.setattr(asv_suites, "kinds", lambda: known)
    (tmp_path / "toys.toml").write_text(TEXT)
    assert asv_suites.classes(tmp_path) == {}


@pytest.mark.slow
@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize(("values", "size"), [((), 1), (("size=64",), 64), (("size=64", "sd=0.2"), 64)])
def test_trial_shows_the_first_point_of_a_boundary_or_the_one_that_is_named(
    values: tuple[str, ...], size: int
) -> None:
    code, text = said("trial", "toys.toml::edge[shift=1.5]", *values, "--seed", "4")
    assert code == 0, text
    assert re.search(rf"^size +{size}$", text, re.MULTILINE)
    assert ("sd=0.2" not in values) or re.search(r"^sd +0\.2$", text, re.MULTILINE)
    assert "24 points along size that a run may visit" in text
    assert f"size={size}" in text
