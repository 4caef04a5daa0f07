"""A user's own data: left as they are unless asked, measured in their own unit, never changed."""

from __future__ import annotations

import fractions
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import split_of_0_1
import toy_data

from harness.declare import StageError, collect_stages, find
from harness.ntk import data, loading, measures
from harness.ntk.experiments.initialisation import initialisation
from harness.ntk.experiments.regression import regression

Install = Callable[..., str]


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Make a function the user's `own:load`, which returns these arrays."""

    def install(*arrays: Any) -> str:
        monkeypatch.setitem(sys.modules, "own", types.SimpleNamespace(load=lambda: arrays))
        return "own:load"

    return install


def cloud(points: int = 60, features: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.standard_normal((points, features)) * 5 + 2
    return x, np.sin(x[:, 0]) + x[:, 1] ** 2


def arrays_of(split: Any) -> list[np.ndarray]:
    names = ("x_train", "y_train", "x_test", "y_test", "x_validation", "y_validation")
    return [getattr(split, name) for name in names]


STORED = {
    "diabetes": (-1.7808859883277695, 0.6526224824392914, 0.3272891324176015, -1.2124822724060798),
    "digits": (0.0, 1.0, -0.2177645710932745, -1.0),
    "breast-cancer": (1.5237156626151676, -1.0, -0.6193968087214522, 1.0),
    "sphere": (0.019038113124743707, -0.017020447789711866, 0.6226039602753715, 0.02066332276932219),
}
"""x_train[1, 0], y_train[1], x_test[-1, -1], y_test[-1] of seed 0 with 64 training and 200 test points, from
version 0.1: they keep `split_of_0_1` from drifting. NumPy's sums differ by rounding between processors."""


@pytest.mark.parametrize("name", STORED)
def test_bundled_sets_have_the_bits_that_they_had(name: str) -> None:
    sizes = [
        {"train": 64, "test": 200},
        {"train": 16, "test": 50, "noise": 0.5},
        {"train": 32, "test": 40, "noise": 0.1, "validation": 24},
    ]
    for seed, size in enumerate(sizes):
        now = data.split(name, seed=seed, **size)
        before = split_of_0_1.split(name, seed=seed, **size)
        for a, b in zip(arrays_of(now), arrays_of(before), strict=True):
            assert a.tobytes() == b.tobytes()
        assert (now.unit, now.raw) == (1.0, False)


@pytest.mark.parametrize("name", STORED)
def test_bundled_sets_have_the_numbers_of_version_0_1(name: str) -> None:
    split = data.split(name, seed=0, train=64, test=200)
    found = (split.x_train[1, 0], split.y_train[1], split.x_test[-1, -1], split.y_test[-1])
    assert found == pytest.approx(STORED[name], rel=1e-12)


def test_inputs_and_targets_stay_what_they_are(own: Install) -> None:
    x, y = toy_data.cosine()
    split = data.split(own(x, y), train=32, test=16, seed=0)
    inputs = np.concatenate([split.x_train, split.x_test])[:, 0]
    assert len(set(inputs)) == 48
    assert set(inputs) <= set(x[:, 0])
    np.testing.assert_array_equal(np.concatenate([split.y_train, split.y_test]), np.cos(inputs))
    assert (split.preprocess, split.targets) == ("none", "none")


def test_each_way_of_preparing_by_hand(own: Install) -> None:
    x, y = cloud()
    chosen = np.random.default_rng([5, 1]).permutation(60)[:50]
    raw, y_raw = x[chosen], y[chosen]
    standard = (raw - raw[:30].mean(axis=0)) / raw[:30].std(axis=0)
    ways = {
        "none": raw,
        "standardise": standard,
        "sphere": standard * np.sqrt(3) / np.linalg.norm(standard, axis=1, keepdims=True),
    }
    for preprocess, expected in ways.items():
        for targets, y_expected in (
            ("none", y_raw),
            ("standardise", (y_raw - y_raw[:30].mean()) / y_raw[:30].std()),
        ):
            split = data.split(own(x, y), train=30, test=20, seed=5, preprocess=preprocess, targets=targets)
            found = np.concatenate([split.x_train, split.x_test])
            np.testing.assert_allclose(found, expected, rtol=1e-12)
            np.testing.assert_allclose(np.concatenate([split.y_train, split.y_test]), y_expected, rtol=1e-12)
            assert (split.preprocess, split.targets) == (preprocess, targets)


def test_what_format_1_did_can_be_asked_for(own: Install) -> None:
    """`preprocess = "sphere"`, `targets = "standardise"`: to the bit, as `harness check` promises."""
    name = own(*cloud())
    size = {"train": 20, "test": 20, "seed": 3, "noise": 0.3, "validation": 10}
    now = data.split(name, **size, preprocess="sphere", targets="standardise")
    for a, b in zip(arrays_of(now), arrays_of(split_of_0_1.split(name, **size)), strict=True):
        assert a.tobytes() == b.tobytes()


def test_defaults_are_settled_without_computing() -> None:
    declaration = find("ntk.regression")
    for given, expected in (
        ({}, ("sphere", "standardise")),
        ({"data": "digits"}, ("sphere", "none")),
        ({"data": "sphere"}, ("none", "none")),
        ({"data": "my.module:load"}, ("none", "none")),
        ({"data": "my.module:load", "targets": "standardise"}, ("none", "standardise")),
        ({"data": "diabetes", "preprocess": "none"}, ("none", "standardise")),
    ):
        settled = declaration.settled(given)
        assert (settled["preprocess"], settled["targets"]) == expected


def kernel_quantities(**parameters: Any) -> dict[str, float]:
    """What of `ntk.regression` trains no network; one step of training, which fails its own stage."""
    with collect_stages():
        found = regression(seed=2, train=24, test=24, width=8, max_steps=2, **parameters)
    assert {"ntk.error", "nngp-loo.error", "nngp-vs-ntk.distance"} <= found.keys()
    return {k: v for k, v in found.items() if "f0" not in k and "untrained" not in k}


def test_the_unit_of_targets_is_no_matter(own: Install) -> None:
    """Kernel regression is linear in y, so errors in y's own deviation do not know its unit.

    Powers of two would be exact; a factor of 1000 rounds, and solves pass that on times the condition number,
    below 1e6 here: 1e-9 is far above, and far below the factor itself.
    """
    x, y = cloud()
    metres, millimetres = (kernel_quantities(data=own(x, factor * y)) for factor in (1.0, 1000.0))
    assert metres["condition-number"] < 1e6
    assert millimetres == pytest.approx(metres, rel=1e-9)


def test_errors_and_distances_are_in_the_training_targets_deviation(own: Install) -> None:
    x, y = cloud()
    name = own(x, 7 * y + 100)
    split = data.split(name, train=24, test=24, seed=2)
    found = kernel_quantities(data=name)
    deviation = split.y_train.std()
    zero = np.sqrt(np.mean(split.y_test**2)) / deviation
    assert found["zero.error"] == pytest.approx(zero, rel=1e-12)
    ruler = measures.error_ruler(split)
    a, b = np.full(24, 3.0), np.full(24, 1.0)
    # Not over the root mean square of the test targets: their mean of 100 would make everything near.
    assert ruler.distance(a, b) == pytest.approx(2 / deviation, rel=1e-12)
    halved = measures.error_ruler(split, 2.0)
    assert halved.distance(a / 2, b / 2) == pytest.approx(2 / deviation, rel=1e-12)


def test_errors_and_distances_of_bundled_sets_are_what_they_were() -> None:
    for name in data.known():
        split = data.split(name, train=24, test=24, seed=2)
        a, b = np.full(24, 3.0), np.linspace(0, 1, 24)
        ruler = measures.error_ruler(split)
        assert ruler.error(b) == measures.error(b, split.y_test)
        assert ruler.distance(a, b) == measures.distance(a, b, split.y_test)


def test_training_stops_at_a_loss_in_the_unit_of_the_targets(own: Install, monkeypatch: Any) -> None:
    asked = []

    def train(*arguments: Any, **_: Any) -> Any:
        asked.append(arguments[-2])  # of rates, target loss and step budget
        raise StageError("enough")

    monkeypatch.setattr("harness.ntk.train.train", train)
    x, y = cloud()
    for name in (own(x, 1000 * y), "sphere"):
        with collect_stages():
            regression(seed=2, data=name, train=24, test=24, width=8, target_loss=1e-3)
    variance = data.split(own(x, 1000 * y), train=24, test=24, seed=2).y_train.var()
    each = [1e-3 * variance] * 2 + [1e-3] * 2  # of single networks and of centred ones
    assert asked == pytest.approx(each, rel=1e-12)


def test_noise_is_in_the_unit_of_the_targets(own: Install) -> None:
    x, y = cloud()
    quiet, noisy = (data.split(own(x, 1000 * y), train=40, test=10, seed=1, noise=n) for n in (0.0, 0.5))
    draws = (noisy.y_train - quiet.y_train) / (0.5 * quiet.y_train.std())
    expected = split_of_0_1.split("own:load", train=40, test=10, seed=1, noise=1.0).y_train
    expected = expected - split_of_0_1.split("own:load", train=40, test=10, seed=1).y_train
    np.testing.assert_allclose(draws, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("targets", ["none", "standardise"])
def test_targets_that_are_all_equal_are_refused(own: Install, targets: str) -> None:
    name = own(cloud()[0], np.full(60, 0.1))
    with pytest.raises(ValueError, match=r"training targets that differ.*20 that are all 0\.1"):
        data.split(name, train=20, test=20, seed=0, targets=targets)


def test_kernels_at_initialisation_need_no_targets(own: Install) -> None:
    """Nor a test point: 8 points are enough for 8."""
    name = own(cloud(8, 2)[0], np.zeros(8))
    found = initialisation(seed=0, data=name, points=8, width=4, networks=2)
    assert found["ntk.distance"] > 0


@pytest.mark.parametrize("name", data.known())
def test_inputs_alone_are_those_of_the_split(name: str) -> None:
    alone, _ = data.inputs(name, points=12, seed=3)
    assert alone.tobytes() == data.split(name, train=12, test=1, seed=3).x_train.tobytes()


def test_points_that_scaling_made_one_are_named(own: Install) -> None:
    name = own(*toy_data.cosine())
    with pytest.raises(ValueError, match='stay different with preprocess = "sphere"') as caught:
        data.split(name, train=32, test=16, seed=0, preprocess="sphere")
    rows = [int(word) for word in str(caught.value).replace(",", " ").split() if word.isdigit()]
    assert len(rows) == 2
    x, chosen = toy_data.cosine()[0], np.random.default_rng([0, 1]).permutation(64)[:48]
    assert set(rows) <= set(chosen)
    centre = x[chosen[:32]].mean()
    assert np.sign(x[rows[0]] - centre) == np.sign(x[rows[1]] - centre)
    assert data.split(name, train=32, test=16, seed=0, preprocess="standardise").preprocess == "standardise"


def test_a_feature_that_training_points_lack_can_make_two_points_one(own: Install) -> None:
    x, y = cloud(40)
    chosen = np.random.default_rng([0, 1]).permutation(40)
    x[:, 2] = 0.0
    x[chosen[-1]] = x[chosen[-2]]  # two test points that differ in a feature which is constant in training
    x[chosen[-1], 2] = 1.0
    rows = "row {} and row {}".format(*sorted((chosen[-1], chosen[-2])))
    with pytest.raises(ValueError, match="stay different") as caught:
        data.split(own(x, y), train=20, test=20, seed=0, preprocess="standardise")
    assert set(str(caught.value).split("one point made of ")[1].split(" and ")) == set(rows.split(" and "))


@pytest.mark.parametrize("preprocess", ["none", "standardise", "sphere"])
def test_points_that_were_the_same_before_stay_allowed(own: Install, preprocess: str) -> None:
    x, y = cloud(30)
    name = own(np.concatenate([x, x]), np.concatenate([y, y]))
    split = data.split(name, train=40, test=20, seed=0, preprocess=preprocess)
    assert len(np.unique(np.concatenate([split.x_train, split.x_test]).round(9), axis=0)) == 30


def test_data_that_come_split_are_the_same_for_every_seed(own: Install) -> None:
    x_train, y_train, x_test, y_test = toy_data.already_split()
    name = own(x_train, y_train, x_test, y_test)
    one, other = (data.split(name, train=12, test=7, seed=seed, noise=0.5, validation=5) for seed in (0, 1))
    for split in (one, other):
        assert split.own_split
        np.testing.assert_array_equal(split.x_train, x_train[:12])
        np.testing.assert_array_equal(split.x_test, x_test[:7])
        np.testing.assert_array_equal(split.y_test, y_test[:7])
        np.testing.assert_array_equal(split.x_validation, x_train[12:17])
    assert not np.array_equal(one.y_train, other.y_train)  # the noise is still the seed's
    quiet = data.split(name, train=12, test=7, seed=0)
    np.testing.assert_array_equal(quiet.y_train, y_train[:12])
    assert not data.split(own(x_train, y_train), train=12, test=7, seed=0).own_split


@pytest.mark.parametrize(
    ("train", "test", "validation"),
    [(21, 10, 0), (20, 11, 0), (16, 10, 5)],
    ids=["train", "test", "held out"],
)
def test_more_points_than_the_split_has(own: Install, train: int, test: int, validation: int) -> None:
    name = own(*toy_data.already_split())
    with pytest.raises(ValueError, match="found 20 training and 10 test points, already split"):
        data.split(name, train=train, test=test, seed=0, validation=validation)


def test_an_experiment_says_that_no_seed_changes_its_data(own: Install) -> None:
    for arrays, fixed in ((toy_data.already_split(), True), (cloud(60, 2), False)):
        with collect_stages() as stages:
            initialisation(seed=0, data=own(*arrays), points=8, width=4, networks=2)
        assert {report.name: report.fixed for report in stages}["data"] is fixed


def test_what_is_loaded_is_a_copy(own: Install) -> None:
    x, y = cloud()
    loaded = loading.load(own(x, y))
    assert not np.shares_memory(loaded.x, x)
    assert not np.shares_memory(loaded.y, y)


def test_what_the_function_returned_is_not_changed(own: Install) -> None:
    x, y = cloud()
    kept = x.copy(), y.copy()
    four = toy_data.already_split()
    kept_four = [array.copy() for array in four]
    for preprocess in ("none", "standardise", "sphere"):
        for arrays in ((x, y), four):
            split = data.split(own(*arrays), train=10, test=10, seed=0, preprocess=preprocess, noise=1.0)
            for array in arrays_of(split):
                np.add(array, 1.0, out=array)  # nor through what was returned
    for found, before in zip((x, y, *four), (*kept, *kept_four), strict=True):
        np.testing.assert_array_equal(found, before)


@pytest.mark.parametrize(
    "convert",
    [
        lambda array: array.astype(np.float32),
        lambda array: array.astype(np.int16),
        lambda array: array > 0,
        lambda array: array.tolist(),
        np.vectorize(fractions.Fraction, otypes=[object]),
    ],
    ids=["float32", "int16", "bool", "lists", "fractions"],
)
def test_other_numbers_become_float64(own: Install, convert: Callable[[np.ndarray], Any]) -> None:
    x, y = cloud()
    split = data.split(own(convert(x), convert(y)), train=20, test=20, seed=0)
    assert all(array.dtype == np.float64 for array in arrays_of(split))
    expected = np.asarray(convert(x)).astype(np.float64)
    rows = np.random.default_rng([0, 1]).permutation(60)[:20]
    np.testing.assert_array_equal(split.x_train, expected[rows])


class _Tensor:
    """As a tensor that needs its gradient, or that is on a device: it does not become an array."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad")


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (np.ones((60, 2), dtype=complex), "real numbers, found complex128"),
        (np.full((60, 2), "1.0"), "real numbers, found <U3"),
        ([["a", 1.0]] * 60, "real numbers"),
        (np.array([[1.0, "2"]] * 60, dtype=object), "TypeError"),
        ([[1.0], [1.0, 2.0]] * 30, "a list: ValueError"),
        (_Tensor(), "a _Tensor: RuntimeError: Can't call numpy"),
        (np.ma.masked_less(cloud()[0], 0), "without masked values"),
        (np.ones((60, 0)), r"the shapes \[60, 0\] and \[60\]"),
        (np.ones((59, 2)), r"the shapes \[59, 2\] and \[60\]"),
        (np.full((60, 2), 1e308) * np.longdouble(10), "finite inputs"),
    ],
    ids=["complex", "texts", "mixed", "objects", "ragged", "tensor", "masked", "no feature", "fewer", "huge"],
)
def test_what_is_no_array_of_real_numbers_is_refused(own: Install, inputs: Any, said: str) -> None:
    with pytest.raises(ValueError, match=f"^data 'own:load': expected .*{said}"):
        data.split(own(inputs, cloud()[1]), train=20, test=20, seed=0)


@pytest.mark.parametrize(
    ("returned", "found"),
    [(3.0, "a float"), ({"x": 1}, "a dict"), ((1, 2, 3), "a tuple of 3"), (np.ones((2, 4)), "a ndarray")],
)
def test_what_is_no_pair_of_arrays_is_refused(monkeypatch: Any, returned: object, found: str) -> None:
    monkeypatch.setitem(sys.modules, "own", types.SimpleNamespace(load=lambda: returned))
    with pytest.raises(ValueError, match=rf"\(x_train, y_train, x_test, y_test\), found {found}"):
        data.split("own:load", train=20, test=20, seed=0)


def test_a_function_that_is_not_there(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "own", types.SimpleNamespace(load=3))
    for name, found in (("own:laod", "nothing of that name"), ("own:load", "a int")):
        with pytest.raises(ValueError, match=f"expected a function in the module own, found {found}"):
            data.split(name, train=20, test=20, seed=0)
