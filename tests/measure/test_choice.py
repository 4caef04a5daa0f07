"""Which trial a free worker gets: those of a point go to one worker, points in the order of their ranks."""

from __future__ import annotations

import itertools
import random

from harness.measure.choice import AHEAD, Choice
from harness.measure.ledger import Entry, Ledger, TrialState
from harness.measure.queue import USUAL, Queue, Rank
from harness.questions import Trial


def entry(point: int, seed: int, rank: Rank = USUAL, code: str = "code") -> Entry:
    return Entry(Trial("m:f", (("point", point),), seed), 1.0, None, (code,), ("m",), rank=rank)


def queued(*entries: Entry) -> Ledger:
    ledger = Ledger()
    for each in entries:
        ledger.move(each, TrialState.QUEUED)
    return ledger


def run(ledger: Ledger, choice: Choice, count: int, workers: int, rng: random.Random) -> list[list[int]]:
    """The points whose trials each of the workers got; any of them may end next."""
    got: list[list[int]] = [[] for _ in range(workers)]
    running: dict[int, Entry] = {}
    for _ in range(count):
        free = [worker for worker in range(workers) if worker not in running]
        worker = free[0] if free else rng.choice(sorted(running))
        if worker in running:
            ended = running.pop(worker)
            ledger.move(ended, TrialState.ENDED)
            choice.ended(ended)
        chosen = choice.next()
        assert choice.next() is chosen  # to ask is not to begin: whoever has no room asks again
        assert choice.take(chosen, 1) == [[chosen]]
        choice.begun(chosen)
        ledger.move(chosen, TrialState.RUNNING)
        running[worker] = chosen
        got[worker].append(dict(chosen.trial.params)["point"])  # type: ignore[arg-type]
    return got


def test_a_queue_has_points_in_the_order_of_their_ranks_and_items_in_that_of_their_coming() -> None:
    queue: Queue[str] = Queue()
    for name in ("b1", "a1", "b2", "c1", "a2"):
        queue.add(name[0], name, name, {"a": (1.0, 2.0), "b": (1.0, 3.0), "c": (0.0, 9.0)}[name[0]])
    assert list(queue.ahead(9)) == ["c1", "a1", "b1"]
    assert list(queue.ahead(2)) == ["c1", "a1"]
    queue.remove("c", "c1")
    queue.remove("a", "a1")
    assert list(queue.ahead(9)) == ["a2", "b1"]
    queue.add("b", "b3", "b3", (0.0,))  # the point has its smallest rank
    assert list(queue.ahead(9)) == ["b1", "a2"]
    queue.add("a", "a3", "a3", (5.0,), first=True)
    assert list(queue.ahead(9)) == ["a3", "b1"]
    assert (queue.first_at("b"), queue.first_at("c")) == ("b1", None)


def test_workers_begin_at_different_points_and_stay_there() -> None:
    trials = [entry(point, seed, (float(point),)) for point in range(4) for seed in range(10)]
    ledger = queued(*trials)
    got = run(ledger, Choice(ledger, lambda code, modules: True), 20, 2, random.Random(0))
    first, second = got
    assert {first[0], second[0]} == {0, 1}
    changes = sum(a != b for each in got for a, b in itertools.pairwise(each))
    assert changes <= 2


def test_a_point_that_a_worker_has_begun_goes_before_one_of_a_smaller_rank_that_came_later() -> None:
    ledger = queued(*(entry(5, seed, (5.0,)) for seed in range(3)))
    choice = Choice(ledger, lambda code, modules: True)
    begun = choice.next()
    choice.begun(begun)
    ledger.move(begun, TrialState.RUNNING)
    ledger.move(entry(0, 0, (0.0,)), TrialState.QUEUED)
    ledger.move(begun, TrialState.ENDED)
    choice.ended(begun)
    assert run(ledger, choice, 3, 1, random.Random(0)) == [[5, 5, 0]]


def test_a_single_point_is_shared_by_all_workers() -> None:
    ledger = queued(*(entry(0, seed) for seed in range(10)))
    got = run(ledger, Choice(ledger, lambda code, modules: True), 10, 3, random.Random(0))
    assert all(got)


def test_a_worker_that_has_run_the_code_is_preferred_but_the_first_waits_no_longer_than_that() -> None:
    others = [entry(point, 0, (1.0,)) for point in range(1, 2 * AHEAD)]
    ledger = queued(entry(0, 0, (0.0,), code="new"), *others)
    choice = Choice(ledger, lambda code, modules: code == ("code",))
    points = run(ledger, choice, AHEAD + 1, 1, random.Random(0))[0]
    assert points == [*range(1, AHEAD + 1), 0]
