"""Points for networks of several outputs: shapes, classes, units; and what is refused."""

import sys
from types import ModuleType

import numpy as np
import pytest

from harness.ntk import data
from harness.ntk.loading import DataError
from harness.ntk.network_data import check, network_points

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((30, 3))
TWO = np.stack([X[:, 0], 5 + 2 * X[:, 1]], axis=1)
LABELS = np.arange(30) % 3


def points(monkeypatch, returned, loss="squared", **more):
    module = ModuleType("own")
    module.load = lambda: returned
    monkeypatch.setitem(sys.modules, "own", module)
    setting = {"train": 20, "test": 10, "seed": 1, "preprocess": "default", "targets": "default"} | more
    return network_points("own:load", loss, **setting)


def test_a_data_set_of_the_package_is_that_of_other_experiments():
    for name in ("sphere", "digits", "diabetes"):
        mine = network_points(
            name, "squared", train=20, test=10, seed=3, preprocess="default", targets="default"
        )
        split = data.split(name, train=20, test=10, seed=3)
        assert np.array_equal(mine.x_train, split.x_train)
        assert np.array_equal(mine.y_test[:, 0], split.y_test)
        assert (mine.unit, mine.outputs) == (1.0, 1)


def test_one_column_is_chosen_as_elsewhere(monkeypatch):
    mine = points(monkeypatch, (X, TWO[:, 0]))
    split = data.split("own:load", train=20, test=10, seed=1)
    assert np.array_equal(mine.x_test, split.x_test)
    assert np.array_equal(mine.y_train[:, 0], split.y_train)
    assert mine.unit == pytest.approx(split.unit)


def test_several_outputs_stay_with_their_rows(monkeypatch):
    mine = points(monkeypatch, (X, TWO))
    for x, y in ((mine.x_train, mine.y_train), (mine.x_test, mine.y_test)):
        np.testing.assert_array_equal(y, np.stack([x[:, 0], 5 + 2 * x[:, 1]], axis=1))
    assert mine.unit == pytest.approx(np.sqrt(mine.y_train.var(axis=0).mean()))
    scaled = points(monkeypatch, (X, TWO), targets="standardise", preprocess="standardise")
    assert scaled.unit == pytest.approx(1)
    np.testing.assert_allclose(scaled.y_train.mean(axis=0), 0, atol=1e-12)


def test_data_that_come_split_stay_so(monkeypatch):
    mine = points(monkeypatch, (X[:20], TWO[:20], X[20:], TWO[20:]), seed=5)
    assert mine.own_split
    assert np.array_equal(mine.x_train, X[:20])
    assert np.array_equal(mine.y_test, TWO[20:])


def test_classes_become_shares(monkeypatch):
    mine = points(monkeypatch, (X, np.array([7, 2, 9])[LABELS]), "cross-entropy")
    assert mine.outputs == 3
    both = np.concatenate([mine.y_train, mine.y_test])
    assert np.array_equal(both.sum(axis=1), np.ones(30))
    assert both.sum(axis=0).tolist() == [10, 10, 10]
    soft = np.full((30, 2), 0.5)
    soft[:7] = [1, 0]
    assert np.array_equal(np.unique(points(monkeypatch, (X, soft), "cross-entropy").y_train), [0, 0.5, 1])


@pytest.mark.parametrize(
    ("returned", "loss", "said"),
    [
        ((X, X[:, 0]), "cross-entropy", "expected classes as targets, .* found 30 different numbers in 30"),
        ((X, TWO), "cross-entropy", "shares of the classes, for cross-entropy, found"),
        (
            (X, np.ones((30, 2))),
            "squared",
            r"training targets that differ, found 20 that are all \[1.0, 1.0\]",
        ),
        ((X[:20], np.ones(20), X[20:], TWO[20:, 0]), "squared", "targets that differ, found 20 that are all"),
        ((X, TWO[:29]), "squared", r"inputs \[points, features\] and targets \[points\]"),
        ((X[:20], TWO[:20], X[20:], TWO[20:, 0]), "squared", r"targets of one shape, found widths \[0, 2\]"),
        ((X,), "squared", r"expected \(inputs, targets\) or .*, found a tuple"),
        ((X, np.full((30, 2), np.nan)), "squared", "finite targets"),
        ((X[:25], TWO[:25]), "squared", "at least 30 in all, found only 25"),
    ],
)
def test_what_cannot_be_used_is_refused(monkeypatch, returned, loss, said):
    with pytest.raises(DataError, match=said):
        points(monkeypatch, returned, loss)


def test_what_check_calls_says_the_same_of_each_point():
    enough, many = ({"train": train, "test": 10, "loss": "squared"} for train in (20, 200))
    assert check("own:load", lambda: (X, TWO), [enough])[0] is None
    assert "only 30" in check("own:load", lambda: (X, TWO), [enough, many])[1].found
    classes = check("own:load", lambda: (X, TWO), [enough | {"loss": "cross-entropy"}])[0]
    assert "shares of the classes" in classes.expected
    assert "a NoneType" in check("own:load", lambda: None, [enough])[0].found
