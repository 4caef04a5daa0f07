"""What a row says of how to repeat it."""

from __future__ import annotations

import json
import shlex
import tomllib

import pytest
from made import INSTANCE, RECORD
from msgspec.structs import replace

from harness.report.html.sources import claim_toml, readings, rerun_command
from harness.targets import assigned


def test_the_command_selects_the_instance_in_its_file() -> None:
    assert shlex.split(rerun_command(RECORD, INSTANCE)) == [
        "harness",
        "run",
        "suites/toys.toml::same[size=1]",
    ]


@pytest.mark.parametrize("value", ["erf", "3", "true", "my.module:kernel", 3, 0.5, True, "a b'c", '"q"', ""])
def test_given_values_are_read_back_as_they_were(value: object) -> None:
    suite = replace(RECORD.suites[0], overrides={"subject": value})
    words = shlex.split(rerun_command(replace(RECORD, suites=(suite,)), INSTANCE))
    assert assigned(words[words.index("--override") + 1 :][:1]) == {"subject": value}


def test_the_command_repeats_first_seed_and_budget_where_these_were_given() -> None:
    found = replace(RECORD, first_seed=1000, command=("harness", "run", "toys.toml", "--seeds=14"))
    words = shlex.split(rerun_command(found, replace(INSTANCE, budget=14)))
    assert words[3:] == ["--first-seed", "1000", "--seeds", "14"]


def test_the_claim_is_toml_again() -> None:
    assert tomllib.loads(claim_toml(INSTANCE)) == {"claims": {"same": INSTANCE.toml}}


def test_what_toml_has_no_word_for_is_shown_as_json() -> None:
    assert json.loads(claim_toml(replace(INSTANCE, toml={"says": None}))) == {"says": None}


def test_trials_of_one_experiment_are_told_together() -> None:
    (trial,) = INSTANCE.trials
    other = replace(trial, params={"size": 2})
    assert readings((trial, other)) == ("toys:pair: a, 2 points, seeds 0 to 8",)
