"""The conformance suite's verdict on a kernel, in this process: no workers, no store.

The trials are those of the suite, made by the same experiments from the same parameters and seeds, and an
`exact` claim is judged by the same comparison. Claims on a mean over seeds are left out.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

import harness
from harness.declare import find
from harness.declare.stages import collect_stages
from harness.plan import parameters
from harness.predicates.exact import Exact
from harness.questions import arguments

SUITE = Path(__file__).parents[2] / "suites" / "kernels.toml"
COMBINATIONS = ("nngp-combinations", "ntk-combinations", "nngp-extremes", "ntk-extremes")


@cache
def _instances():
    loaded = harness.load(SUITE)
    exact = [i for i in loaded.instances if isinstance(i.claim.predicate, Exact) and i.expect == "supported"]
    random.Random(0).shuffle(exact)  # neighbours in the suite find the same faults
    return sorted(exact, key=lambda i: i.claim.id not in COMBINATIONS)


def instances(keyword: str = "") -> list:
    """The suite's instances that are judged here whose id has `keyword`, in an order that finds faults
    soon."""
    return [i for i in _instances() if keyword in i.id]


def verdicts(subject: str, chosen: list) -> Iterator[tuple[str, str]]:
    """(id, verdict) of the chosen instances: supported, refuted, not-covered or error."""
    trials: dict = {}
    for instance in chosen:
        claim = instance.claim
        given = _parameters(instance) | {"subject": subject}
        found = "supported"
        for seed in range(instance.seeds):
            key = claim.experiment.id, repr(sorted(given.items())), seed
            if key not in trials:
                with collect_stages() as stages, np.errstate(all="ignore"):
                    numbers = find(claim.experiment.run).function(seed=seed, **given)
                trials[key] = numbers, {s.name: s for s in stages}
            numbers, stages = trials[key]
            (quantity,) = claim.predicate.of
            if quantity not in numbers:
                which, _, check = quantity.partition(".")
                kind = stages[f"{which} {check}"].missing.kind
                found = "error" if kind == "failed" else kind
                break
            if not abs(numbers[quantity]) <= claim.predicate.atol:
                found = "refuted"
                break
        yield instance.id, found


def refuting(subject: str, chosen: list, *, first: bool = True) -> list[str]:
    """Ids of the chosen instances that a subject fails; the first alone unless all are asked for."""
    bad = (id_ for id_, verdict in verdicts(subject, chosen) if verdict in ("refuted", "error"))
    return list(itertools.islice(bad, 1)) if first else list(bad)


def _parameters(instance) -> dict:
    axes = instance.claim.experiment.axes
    values = [axes[axis].by_label[label] for axis, label in instance.point]
    return dict(arguments(parameters(instance.claim.experiment, values)))
