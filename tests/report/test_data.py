"""What was measured on: records say it as it was done, and every report shows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from first_schema import first_schema
from toy_data import SUITE

from harness.options import RunOptions
from harness.report import Record, from_json, read_record, to_json
from harness.report.data import data_used
from harness.report.html.page import page
from harness.report.markdown import markdown
from harness.report.terminal import terminal
from harness.session import run
from harness.targets import gather

ROOT = Path(__file__).parents[2]
PUBLISHED = sorted((ROOT / "reports" / "published").glob("*.json"))
SPLIT = "it comes split: a seed redraws the initialisation only"
RESAMPLED = "seeds resample splits and initialisations"


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Record]:
    def made(parameters: str, sweep: str = "", **how: Any) -> Record:
        path = tmp_path / "data.toml"
        path.write_text(SUITE.format(parameters=parameters, sweep=sweep))
        return run(gather([str(path)]), RunOptions(workers=1, **how))

    return made


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, Record]:
    """A run on data that come split, and the same run again, from its store."""
    folder = tmp_path_factory.mktemp("split")
    path = folder / "data.toml"
    path.write_text(SUITE.format(parameters='data = "toy_data:already_split"', sweep=""))
    options = RunOptions(workers=1, store=folder / "store.sqlite")
    measured, recalled = (run(gather([str(path)]), options) for _ in range(2))
    return measured, recalled


def shown(record: Record) -> list[str]:
    """The record in each report, on one line, without Markdown's escapes."""
    reports = terminal(record), markdown(record).replace("\\", ""), page(record)
    return [" ".join(text.split()) for text in reports]


def test_how_data_were_prepared_is_named_as_it_was_done(record: Any) -> None:
    found = record('data = "toy_data:cosine"')
    (trials,) = found.instances[0].trials
    assert (trials.params["preprocess"], trials.params["targets"]) == ("none", "none")
    assert trials.data == ("data", "preprocess", "targets")
    assert not trials.own_split
    assert page(found).count("toy_data:cosine, preprocess none, targets none") == 2  # instance, environment
    for text in shown(found):
        assert "toy_data:cosine, preprocess none, targets none" in text
        assert RESAMPLED in text
        assert SPLIT not in text
        assert "preprocess default" not in text


def test_the_default_and_what_it_stands_for_are_one_trial(record: Any) -> None:
    by_default = record('data = "sphere"')
    spelt_out = record('data = "sphere", preprocess = "none", targets = "none"')
    (first,), (second,) = by_default.instances[0].trials, spelt_out.instances[0].trials
    assert first.params == second.params
    assert first.fingerprints == second.fingerprints
    assert by_default.instances[0].values == spelt_out.instances[0].values
    (other,) = record('data = "sphere", preprocess = "standardise"').instances[0].trials
    assert not set(other.fingerprints) & set(first.fingerprints)


def test_data_that_come_split_are_said_to(split: tuple[Record, Record]) -> None:
    assert [found.trials.measured > 0 for found in split] == [True, False]
    for found in split:
        assert all(trials.own_split for trials in found.instances[0].trials)
        for text in shown(found):
            assert f"toy_data:already_split, preprocess none, targets none; {SPLIT}" in text
            assert "seeds redraw initialisations only" in text
            assert RESAMPLED not in text


def test_both_kinds_in_one_record_are_told_apart(record: Any) -> None:
    found = record("", 'sweep.data = ["toy_data:already_split", "sphere"]')
    used = {data.name: data.own_split for data in data_used(found.instances)}
    assert used == {"toy_data:already_split": True, "sphere": False}
    for text in shown(found):
        assert f"{RESAMPLED}, but initialisations only of data that come split" in text


def test_records_without_these_fields_are_read_and_shown(split: tuple[Record, Record]) -> None:
    """As version 0.1 wrote them."""
    import json

    document = first_schema(split[0])
    for instance in document["instances"]:
        for trials in instance["trials"]:
            del trials["data"], trials["own_split"]
    old = from_json(json.dumps(document).encode(), "old.json")
    assert data_used(old.instances) == ()
    for text in shown(old):
        assert RESAMPLED in text
        assert SPLIT not in text


@pytest.mark.parametrize("path", PUBLISHED, ids=[path.stem for path in PUBLISHED])
def test_published_records_stay_readable(path: Path) -> None:
    found = read_record(path)
    assert found.instances
    assert from_json(to_json(found), str(path)) == found
    assert RESAMPLED in markdown(found)
