"""What a campaign relies on, of the real laboratory and of the one that stands for it in tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_laboratory import FakeLaboratory

from harness.declare import find
from harness.measure import Laboratory, Measurement, Measurer
from harness.questions import Trial


@pytest.fixture(params=["real", "fake"])
def laboratory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Measurer]:
    if request.param == "fake":
        yield FakeLaboratory(workers=2)
    else:
        with Laboratory(tmp_path / "store.sqlite", workers=2) as real:
            yield real


def trial(seed: int, **given: float) -> Trial:
    settled = find("toys:pair").settled(given)
    return Trial("toys:pair", tuple(sorted(settled.items())), seed)


def collected(laboratory: Measurer) -> list[Measurement]:
    found: list[Measurement] = []
    while laboratory.pending:
        found += laboratory.collect(5.0)
    return found


def test_each_trial_is_measured_once_and_returned_as_often_as_it_is_asked_for(laboratory: Measurer) -> None:
    trials = [trial(seed) for seed in range(4)]
    assert (laboratory.pending, laboratory.waiting, laboratory.workers) == (0, "", 2)
    assert laboratory.recall(trials) == {}
    for each in (*trials, *trials):
        laboratory.request(each, 60.0)
    assert laboratory.pending == 4
    first = {m.trial: m for m in collected(laboratory)}
    assert set(first) == set(trials)
    assert {m.status for m in first.values()} == {"ok"}
    assert len({m.program for m in first.values()} | {laboratory.program(trials[0])}) == 1
    assert all(m.reused for m in laboratory.recall(trials).values())
    laboratory.request(trials[2], 60.0)
    assert laboratory.pending == 1
    assert collected(laboratory) == [first[trials[2]]]


def test_what_has_not_begun_can_be_withdrawn_and_asked_for_again(laboratory: Measurer) -> None:
    trials = [trial(seed) for seed in range(3)]
    for each in trials:
        laboratory.request(each, 60.0)
    laboratory.withdraw(trials[1:])
    laboratory.withdraw([trial(9)])
    assert laboratory.pending == 1
    laboratory.request(trials[2], 60.0)
    assert {m.trial.seed for m in collected(laboratory)} == {0, 2}


def test_what_is_abandoned_is_lost_and_can_be_asked_for_again(laboratory: Measurer) -> None:
    trials = [trial(seed) for seed in range(3)]
    for each in trials:
        laboratory.request(each, 60.0)
    laboratory.abandon()
    assert laboratory.pending == 0
    assert laboratory.collect(0.0) == []
    laboratory.request(trials[1], 60.0)
    assert [m.trial for m in collected(laboratory)] == [trials[1]]


def test_what_is_repeated_gives_the_same_and_is_no_new_measurement(laboratory: Measurer) -> None:
    laboratory.request(trial(1), 60.0)
    (first,) = collected(laboratory)
    laboratory.repeat(trial(1), 60.0)
    assert laboratory.pending == 1
    (second,) = collected(laboratory)
    assert (second.trial, second.values, second.reused) == (first.trial, first.values, False)
    laboratory.request(trial(1), 60.0)
    assert collected(laboratory) == [first]
    laboratory.repeat(trial(2), 60.0)  # one that the store has is repeated in a laboratory that knows nothing
    assert [m.trial.seed for m in collected(laboratory)] == [2]
    assert trial(2) not in laboratory.recall([trial(2)])
