"""A parameter whose value changes what a verdict means is named in every claim that reads it."""

from pathlib import Path
from typing import Annotated

import pytest

import harness
from harness.declare import Noted, noted_of
from harness.suite import SuiteError

SUITE = Path(__file__).parents[2] / "suites" / "kernels.toml"
TEXT = "conforms at 1e-6: errors up to that share of the kernel's size count as 0"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1e-6, "1e-6"), (0.01, "0.01"), (1e-10, "1e-10"), (3, "3"), ("x", "x"), (1e12, "1e+12")],
)
def test_numbers_are_written_as_people_do(value, shown):
    assert Noted("at {value}").of(value) == f"at {shown}"


def test_it_is_found_in_a_type():
    assert noted_of(Annotated[float, Noted("at {value}")]) == Noted("at {value}")
    assert noted_of(Annotated[float, "other"]) is None
    assert noted_of(float) is None


def test_an_accuracy_is_in_the_sentence_of_each_claim_that_reads_it():
    suite = harness.load(SUITE, overrides={"accuracy": 1e-6})
    for instance in suite.instances:
        reads_it = "accuracy" in instance.claim.experiment.fixed
        assert instance.says.endswith(f" [{TEXT}]") == reads_it
    told = {experiment.id for experiment in suite.experiments.values() if experiment.noted}
    assert told == set(suite.experiments) - {"random-networks", "noise"}


@pytest.mark.parametrize("overrides", [{}, {"accuracy": 0.0}])
def test_the_usual_value_is_not_told(overrides):
    assert not any(
        "conforms" in instance.says for instance in harness.load(SUITE, overrides=overrides).instances
    )


def test_an_accuracy_that_excuses_anything_is_a_mistake_with_a_reason():
    with pytest.raises(SuiteError) as caught:
        harness.load(SUITE, overrides={"accuracy": 1.0})
    (mistake,) = str(caught.value).splitlines()
    assert "accuracy: expected a number <= 0.01 (errors up to it count as 0, so that beyond" in mistake
    assert mistake.endswith("found 1.0")
