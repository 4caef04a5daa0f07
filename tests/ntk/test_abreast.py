"""Networks of a block of seeds in one program, against each seed by itself.

Each comparison says what it is relative to. XLA multiplies stacks of matrices in another order than single
ones, so that float32 rounds otherwise: outputs of networks with a smooth activation come apart by up to 4e-7
of their size (measured over shapes, activations and optimizers, with the first layer by its signals and by
its weights), steps by none. At a ReLU's kink two sums that differ in the last bit have other slopes: there
networks come further apart, by up to 1.3e-5.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.declare import StageError, abreast
from harness.ntk import abreast as programs
from harness.ntk import train as training
from harness.ntk.architecture import Architecture
from harness.ntk.experiments._regression_abreast import computed
from harness.ntk.experiments._regression_computed import Computed, Setting
from harness.ntk.experiments._regression_quantities import TRAINED_RESOLUTION
from harness.ntk.fully_connected import fully_connected

APART = 4e-7
"""See above."""

SETTING = Setting(
    seed=0, data="digits", preprocess="sphere", targets="none", noise=0.0, train=37, test=20, validation=0,
    networks=2, optimizer="gd", batch=16, learning_rate=0.75, adam_rate=1e-3, target_loss=1e-2,
    max_steps=2000, patience=50, ridge=0.0,
)  # fmt: skip
MODEL = fully_connected(Architecture(1, 17))


@pytest.mark.slow
def test_keys_are_those_of_each_network() -> None:
    seeds = np.array([3, 16])
    for batches, make in ((False, training.network_key), (True, training.batch_key)):
        found = programs.block_keys(seeds, 2, batches=batches)
        for place, seed in enumerate(seeds.tolist()):
            assert [found[place, number] == make(seed, number) for number in range(2)] == [True, True]


def block(seeds: tuple[int, ...], setting: Setting, model: Any = MODEL) -> dict[int, Computed]:
    with abreast(seeds):
        return {seed: computed(model, replace(setting, seed=seed)) for seed in seeds}


def parts(made: Computed) -> dict[str, np.ndarray]:
    """What networks give."""
    found = {"f0": made.f0, "f0_test": made.f0_test, "rates": made.rates}
    for kind in ("single", "centred"):
        runs = made.trained(kind)  # type: ignore[arg-type]
        found |= {f"{kind} steps": runs.steps, f"{kind} test": runs.f_test, f"{kind} train": runs.f_train}
    for which in ("initial", "trained"):
        own = made.own(which)  # type: ignore[arg-type]
        found |= {f"{which} gram": np.stack(own.grams), f"{which} cross": np.stack(own.crosses)}
    return found


def equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """To the bit."""
    return one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)


SMOOTH = fully_connected(Architecture(1, 17, "erf"))

HOW: dict[str, dict[str, Any]] = {
    "gd": {},
    "sgd": {"optimizer": "sgd"},
    "adam": {"optimizer": "adam", "adam_rate": 0.01, "target_loss": 0.05},
}
EARLY = {"validation": 15, "target_loss": 1e-6, "learning_rate": 0.1, "patience": 20}


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_a_block_gives_what_single_seeds_give(how: str) -> None:
    setting = replace(SETTING, **HOW[how])
    together = block((0, 1), setting, SMOOTH)
    for seed in (0, 1):
        alone, found = parts(Computed(SMOOTH, replace(setting, seed=seed))), parts(together[seed])
        for name, expected in alone.items():
            assert found[name].shape == expected.shape
            if name.endswith("steps"):
                assert np.array_equal(found[name], expected)
            else:
                size = np.max(np.abs(expected))
                # Kernels of trained networks are quadratic in parameters that are apart by as much.
                assert np.max(np.abs(found[name] - expected)) <= 4 * APART * size, name


@pytest.mark.slow
@pytest.mark.parametrize(("model", "how"), [(MODEL, {}), (SMOOTH, EARLY)], ids=["relu", "early stopping"])
def test_elsewhere_it_gives_that_as_far_as_is_declared(model: Any, how: dict[str, Any]) -> None:
    """At a kink; and where a held-out error is all but level, so that a neighbouring step may be the best."""
    setting = replace(SETTING, **how)
    found = block((0, 1), setting, model)[1]
    alone = Computed(model, replace(setting, seed=1))
    for kind in ("single", "centred"):
        expected, runs = alone.trained(kind), found.trained(kind)  # type: ignore[arg-type]
        same = runs.steps == expected.steps
        assert same.all() if not how else np.all(np.abs(runs.steps - expected.steps) <= 1)
        apart = np.max(np.abs(runs.f_test - expected.f_test)[:, same], initial=0.0)
        assert apart <= TRAINED_RESOLUTION * np.max(np.abs(expected.f_test))


@pytest.mark.slow
def test_bits_do_not_depend_on_the_neighbours() -> None:
    """Another neighbour, another order, a neighbour that diverges or is not finite: the same bits."""
    first = parts(block((0, 1, 2), SETTING)[1])
    assert equal(first, parts(block((2, 1, 0), SETTING)[1])), "another order"
    assert equal(first, parts(block((1, 7, 8), SETTING)[1])), "other neighbours"
    wild = block((0, 1, 2), SETTING)
    wild[0]._parts["rates"] = np.full(2, 1e9)
    wild[2]._parts["rates"] = np.array([np.nan, 1e-3])
    assert equal(first, parts(wild[1])), "beside networks that fail"
    for seed, reason in ((0, "diverged"), (2, "diverged")):
        with pytest.raises(StageError, match=reason):
            wild[seed].trained("single")


@pytest.mark.slow
def test_a_seed_that_cannot_be_trained_leaves_the_others_their_bits() -> None:
    first = parts(block((0, 1), SETTING)[1])
    lame = block((0, 1), SETTING)
    lame[0]._parts["rates"] = StageError("no rate")
    with pytest.raises(StageError, match="no rate"):
        lame[0].trained("single")
    assert equal(first, parts(lame[1]))
    with pytest.raises(StageError, match="no rate"):
        lame[0].own("trained")
    assert lame[0].own("initial").grams[0].shape == (37, 37)


@pytest.mark.slow
def test_other_models_are_computed_abreast_too() -> None:
    from harness.ntk.named_models import build

    model = build("skip_network:skip", {"width": 16})
    setting = replace(SETTING, train=12, target_loss=0.05)
    alone = parts(Computed(model, replace(setting, seed=1)))
    found = parts(block((0, 1), setting, model)[1])
    assert np.array_equal(alone["single steps"], found["single steps"])
    for name in ("f0_test", "single test", "trained gram"):
        assert np.max(np.abs(alone[name] - found[name])) <= 4 * APART * np.max(np.abs(alone[name]))


@pytest.mark.slow
def test_data_of_other_shapes_cannot_be_stacked() -> None:
    made = block((0, 1), SETTING)
    made[1]._parts["points"] = Computed(MODEL, replace(SETTING, seed=1, train=12)).points
    with pytest.raises(ValueError, match="seeds of other shapes cannot be computed abreast; give --block 1"):
        made[0].initials  # noqa: B018
