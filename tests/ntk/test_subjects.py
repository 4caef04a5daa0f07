"""What a subject may answer, and which errors invalid answers cause."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from harness.declare import NotCovered, StageError
from harness.ntk.architecture import Architecture
from harness.ntk.named_subjects import resolve
from harness.ntk.subjects import KernelBlock, Kernels, ask

ARCHITECTURE = Architecture(1, 30)
ROWS = np.random.default_rng(0).standard_normal((3, 2))
ONES = np.ones((3, 2))
COLUMNS = np.random.default_rng(1).standard_normal((2, 2))


def answer(returned, x2=COLUMNS):
    return ask(lambda x1, x2, architecture: returned, ARCHITECTURE, ROWS, x2, seed=0)


@pytest.mark.parametrize("kind", [tuple, lambda pair: Kernels(*pair, None, None)])
def test_two_arrays(kind):
    nngp, ntk = np.arange(6).reshape(3, 2), np.ones((3, 2), dtype=np.float32)
    found = answer(kind((nngp, ntk)))
    assert found["nngp"].values.dtype == found["ntk"].values.dtype == np.float64
    np.testing.assert_array_equal(found["nngp"].values, nngp)
    np.testing.assert_array_equal(found["ntk"].values, ntk)
    assert not found["ntk"].error.any()
    assert found["ntk"].replicates == 0


def test_the_gram_matrix_has_the_rows_shape():
    assert isinstance(answer((np.eye(3), np.eye(3)), None)["nngp"], KernelBlock)
    assert isinstance(answer((np.ones((3, 2)), np.eye(3)), None)["nngp"], StageError)


@pytest.mark.parametrize(
    "lacks", [NotImplemented, (NotImplemented,) * 2, Kernels(NotImplemented, NotImplemented, None, None)]
)
def test_what_is_not_implemented_is_not_covered(lacks):
    assert all(isinstance(each, NotCovered) for each in answer(lacks).values())


def test_one_kernel_may_be_lacking():
    found = answer((NotImplemented, np.ones((3, 2))))
    assert isinstance(found["nngp"], NotCovered)
    assert isinstance(found["ntk"], KernelBlock)


def test_raising_not_implemented_says_why():
    def subject(x1, x2, architecture):
        raise NotImplementedError("only relu")

    found = ask(subject, ARCHITECTURE, ROWS, None, seed=0)
    assert isinstance(found["ntk"], NotCovered)
    assert "only relu" in str(found["ntk"])


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "expected (nngp, ntk) or Kernels, found a NoneType"),
        (np.ones((2, 3, 2)), "expected (nngp, ntk) or Kernels, found a ndarray"),
        ((np.ones((3, 2)),), "found a tuple of 1"),
        ((np.ones((2, 3)), np.ones((2, 3))), "expected the shape [3, 2], found [2, 3]"),
        ((np.ones((3, 2)) + 0j,) * 2, "expected real numbers, found complex128"),
        ((None, None), "expected real numbers, found object (a NoneType)"),
        (("ab", "cd"), "expected real numbers"),
        ((np.ones((3, 2), dtype=bool),) * 2, "expected real numbers, found bool"),
        (([[1.0], [1.0, 2.0]],) * 2, "expected an array, found a list"),
        (Kernels(ONES, ONES, *[np.ones((3, 3))] * 2), "standard error: expected the shape [3, 2]"),
        (Kernels(ONES, ONES, -ONES, -ONES), "standard error: expected at least 0, found -1"),
        (Kernels(ONES, ONES, np.inf * ONES, np.inf * ONES), "standard error: expected finite, found inf"),
        (Kernels(ONES, ONES, np.nan * ONES, np.nan * ONES), "standard error: expected at least 0"),
        (Kernels(ONES, ONES, ONES, ONES, replicates=1), "replicates: expected 0, or at least 2, found 1"),
    ],
)
def test_malformed_answers_are_errors(returned, message):
    for found in answer(returned).values():
        assert isinstance(found, StageError)
        assert not isinstance(found, NotCovered)
        assert message in str(found)


def test_numbers_that_are_not_finite_are_kept():
    """They are an answer: whoever measures them refutes claims by them."""
    found = answer((np.full((3, 2), np.nan), np.full((3, 2), np.inf)))
    assert np.isnan(found["nngp"].values).all()
    assert np.isinf(found["ntk"].values).all()


def test_an_exception_is_an_error_with_its_text():
    def subject(x1, x2, architecture):
        raise IndexError("index 3 is out of bounds")

    found = ask(subject, ARCHITECTURE, ROWS, COLUMNS, seed=0)["ntk"]
    assert str(found) == "the subject raised IndexError: index 3 is out of bounds"
    assert not isinstance(found, NotCovered)


def test_changed_inputs_are_an_error():
    def subject(x1, x2, architecture):
        x2 *= 2
        return np.ones((3, 2)), np.ones((3, 2))

    before = COLUMNS.copy()
    assert "changed the points" in str(ask(subject, ARCHITECTURE, ROWS, COLUMNS, seed=0)["ntk"])
    np.testing.assert_array_equal(COLUMNS, before)


def test_the_seed_goes_where_it_is_taken():
    def seeded(x1, x2, architecture, *, seed):
        return np.full((3, 2), seed), np.full((3, 2), seed)

    assert ask(seeded, ARCHITECTURE, ROWS, COLUMNS, seed=7)["ntk"].values[0, 0] == 7


@pytest.mark.parametrize("name", ["closed-form", "monte-carlo", "neural-tangents", "empirical"])
def test_own_subjects_answer_alike(name):
    architecture = replace(ARCHITECTURE, width=256)
    exact = ask(resolve("closed-form"), architecture, ROWS, COLUMNS, seed=0)
    found = ask(resolve(name), architecture, ROWS, COLUMNS, seed=0)
    for which, block in found.items():
        assert np.all(np.abs(block.values - exact[which].values) <= 8.3 * block.error + 1e-13)
        assert np.all(block.error <= 0.1 * np.abs(exact[which].values).max())
    assert (found["ntk"].replicates > 0) == (name in ("monte-carlo", "empirical"))


@pytest.mark.parametrize("name", ["monte-carlo", "empirical"])
def test_stochastic_subjects_obey_their_seed(name):
    subject = resolve(name)
    answers = [ask(subject, ARCHITECTURE, ROWS, None, seed=seed)["ntk"] for seed in (1, 1, 2)]
    first, again, other = (each.values for each in answers)
    np.testing.assert_array_equal(first, again)
    assert np.all(first != other)


def test_a_subject_by_reference():
    assert resolve("wrong_kernels:adapter") is sys.modules["wrong_kernels"].adapter


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_module:kernel", "cannot be imported: No module named"),
        ("wrong_kernels:no_such_kernel", "cannot be imported: module 'wrong_kernels' has no attribute"),
        ("wrong_kernels:WRONG", "expected a function, found a dict"),
    ],
)
def test_what_cannot_be_imported(name, message):
    with pytest.raises(StageError, match="subject") as caught:
        resolve(name)
    assert message in str(caught.value)
