"""The covering array of suites/kernels.toml: its strength, its rows, and what they refute."""

import sys
import tomllib
from itertools import combinations, product
from pathlib import Path

import in_process
import numpy as np
import precise_kernels
import pytest
import wrong_combinations
from edits import edited

from harness.ntk import closed_form
from harness.ntk.architecture import Architecture
from harness.ntk.block_checks import BRAIN, PlacedCase, longer
from harness.ntk.conformance import case_of
from harness.ntk.experiments.kernel_blocks import kernel_blocks
from harness.ntk.rounding import FLOAT32, FLOAT64

SUITE = in_process.SUITE
sys.path.insert(0, str(SUITE.parent))
import covering  # noqa: E402

sys.path.pop(0)
ROWS = tomllib.loads(SUITE.read_text())["experiments"]["combinations"]["sweep"]["row"]
EXTREMES = tomllib.loads(SUITE.read_text())["experiments"]["extremes"]
EXTREMES = {name: EXTREMES["with"] | row for name, row in EXTREMES["sweep"]["row"].items()}


def has(setting, values):
    return all(setting[key] in few for key, few in values.items())


def level(setting, keys):
    return tuple(setting[key] for key in keys)


def tried(setting, one, other):
    """Whether the pair of factors counts in this setting: neither is masked by what is not of the pair."""
    keys = {*one, *other}
    return not any(
        has(setting, at) and keys & set(mute) and not set(at) <= keys for at, mute, _ in covering.MASKED
    )


def completed(setting, free, one, other):
    """Whether the factors that are `free` can be chosen so that nothing is forbidden and the pair counts; by
    trying all, and giving up a partial setting once it has what is forbidden or what masks the pair."""
    known, pair = set(setting), {*one, *other}
    for forbidden, _ in covering.FORBIDDEN:
        if set(forbidden) <= known and has(setting, forbidden):
            return False
    for at, mute, _ in covering.MASKED:
        if set(at) <= known and has(setting, at) and pair & set(mute) and not set(at) <= pair:
            return False
    if not free:
        return True
    keys, *rest = free
    return any(
        completed(setting | dict(zip(keys, values, strict=True)), rest, one, other)
        for values in covering.FACTORS[keys]
    )


def spoken():
    lists = [tables for tables, *_ in (*covering.FORBIDDEN, *covering.MASKED)]
    return {key for table in lists for key in table}


def test_every_possible_pair_of_values_occurs():
    """By other code than that which writes the rows."""
    possible = set()
    for one, other in combinations(covering.FACTORS, 2):
        free = [keys for keys in covering.FACTORS if spoken() & set(keys) and keys not in (one, other)]
        for first, second in product(covering.FACTORS[one], covering.FACTORS[other]):
            setting = dict(zip((*one, *other), (*first, *second), strict=True))
            if completed(setting, free, one, other):
                possible.add((one, first, other, second))
    occurring = {
        (one, level(row, one), other, level(row, other))
        for row in ROWS.values()
        for one, other in combinations(covering.FACTORS, 2)
        if tried(row, one, other)
    }
    assert possible <= occurring
    assert len(possible) > 2000
    assert all(len(set(levels)) > 1 for levels in covering.FACTORS.values())


def test_what_is_left_out_is_listed_with_its_reason():
    """Of all pairs of values those that the constraints list are missing and no others, and no row has a
    forbidden combination."""
    listed = [forbidden for forbidden, _ in covering.FORBIDDEN if len(forbidden) == 2]
    for one, other in combinations(covering.FACTORS, 2):
        occurring = {(level(row, one), level(row, other)) for row in ROWS.values()}
        for first, second in product(covering.FACTORS[one], covering.FACTORS[other]):
            setting = dict(zip((*one, *other), (*first, *second), strict=True))
            explained = any(set(each) <= set(setting) and has(setting, each) for each in listed)
            assert ((first, second) in occurring) != explained
    assert not any(has(row, forbidden) for row in ROWS.values() for forbidden, _ in covering.FORBIDDEN)
    assert all(len(reason) > 20 for *_, reason in (*covering.FORBIDDEN, *covering.MASKED))


@pytest.mark.slow
def test_the_suite_has_the_rows_that_the_script_writes():
    text = SUITE.read_text()
    assert covering.renewed(text) == text
    assert set(covering.names(covering.array())) == set(ROWS)


def test_a_suite_without_markers_is_refused():
    with pytest.raises(ValueError, match="expected the lines"):
        covering.renewed(edited(SUITE.read_text(), {covering.END: ""}))


def case(row, seed=0):
    keys = {
        field: row[field.replace("_", "-")] for field in Architecture.__dataclass_fields__ if _of(row, field)
    }
    architecture = Architecture(**{"hidden": 1, "width": 1024, "b_std": 0.3} | keys)
    sizes = row.get("points", 7), row.get("others", 5), row.get("inputs", 4)
    it = case_of("closed-form", "closed-form", architecture, sizes, row.get("geometry", "gaussian"), seed)
    return it, PlacedCase(row.get("scale", 1.0), row.get("dtype", "float64"), row.get("repeats", "none"))


def _of(row, field):
    return field.replace("_", "-") in row


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ROWS | EXTREMES))
def test_the_reference_is_right(name):
    """Against 60 digits: a fifth of each entry's tolerance, and 1e-8 of the kernel. The first six points of
    each set, among them repeats; of many features 100."""
    it, blocks = case((ROWS | EXTREMES)[name])
    a, b = (x[:6].astype(np.float64) for x in blocks.points(it))
    for x2 in (None, b):
        exact = precise_kernels.kernel(a, x2, it.architecture)
        found = closed_form.nngp_ntk(it.architecture, a, x2)
        for which, k, e in zip(("nngp", "ntk"), found, exact, strict=True):
            tolerances = closed_form_tolerances(it.architecture, a, x2)[which]
            assert np.all(np.abs(k - e) <= tolerances / 5)
            assert np.all(np.abs(k - e) <= 1e-8 * it.unit(which, a, x2))


def closed_form_tolerances(architecture, a, x2):
    from harness.ntk.rounding import tolerances

    found = tolerances(architecture, a, x2, FLOAT64 * longer(a.shape[1]))
    return dict(zip(("nngp", "ntk"), found, strict=True))


LATE = {
    "kept_by_points", "kept_by_first_point", "kept_by_last_point",
    "erf_without_biases", "gelu_without_biases", "linear_without_biases",
    "three_layers_of_gelu", "one_layer_of_gelu_biased", "five_layers_of_erf", "five_layers_of_gelu",
    "five_layers_of_nothing", "twenty_layers", "standard_gelu", "uniform_with_erf", "uniform_with_gelu",
    "erf_with_last_layer",
}  # fmt: skip
"""Kernels that only a late row, or another claim, refutes: seconds each."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] * (n in LATE)) for n in sorted(wrong_combinations.WRONG)],
)
def test_a_kernel_that_is_wrong_in_one_circumstance_is_refuted(name):
    wrong_combinations.forget()
    assert in_process.refuting(f"wrong_combinations:{name}", in_process.instances())


def test_the_kernel_that_they_are_made_from_is_right():
    chosen = [i for i in in_process.instances("-combinations[row=") if "relu-" in i.id]
    assert len(chosen) > 30
    assert not in_process.refuting("wrong_combinations:right", chosen)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["wrong_combinations:right", "wrong_kernels:textbook", "wrong_kernels:own_precision"]
)
def test_right_kernels_pass(name):
    """Also the papers' formulas in float64, and in float32 where points are: what the tolerances are for."""
    chosen = [i for i in in_process.instances() if i.claim.id in in_process.COMBINATIONS]
    assert not in_process.refuting(name, chosen, first=False)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float32-float64", "float64-float32"])
@pytest.mark.parametrize("repeats", ["none", "equal", "near", "opposite", "near-opposite"])
def test_points_are_what_a_row_says(dtype, repeats):
    it, blocks = case(
        {"points": 5, "others": 6, "inputs": 3, "scale": 10.0, "dtype": dtype, "repeats": repeats}
    )
    a, b = blocks.points(it)
    sign = -1 if "opposite" in repeats else 1
    gaps = [np.linalg.norm(b[j] - sign * a[j % 5]) / 10 for j in (0, 2, 4)] + [
        np.linalg.norm(a[4] - sign * a[0]) / 10
    ]
    if repeats == "none":
        np.testing.assert_array_equal(a, 10 * it.rows)
        np.testing.assert_array_equal(b, 10 * it.columns)
    elif repeats.startswith(
        "near"
    ):  # relative distances 1e-4, 1e-8, 1e-12, and of A 1e-4, times a Gaussian's norm
        assert all(0.01 < gap / size < 10 for gap, size in zip(gaps, (1e-4, 1e-8, 1e-12, 1e-4), strict=True))
    else:
        assert gaps == [0, 0, 0, 0]
    asked = []
    it.subject = lambda x1, x2, architecture: asked.append(
        (x1.dtype.name, x2 if x2 is None else x2.dtype.name)
    )
    first, _, second = dtype.partition("-")
    for x2 in (b.astype(second or first), None):
        with pytest.raises(Exception, match="NoneType"):
            it.block("nngp", a.astype(first), x2)
    assert asked == [(first, second or first), (first, None)]


def test_errors_are_in_tolerances_of_the_precision_and_the_features():
    """The control's flaw, over the tolerance of the best entry, falls as that grows."""
    row = {"hidden": 1, "points": 3, "others": 2, "subject": "wrong_combinations:right", "flaw": 1e-6}
    plain = kernel_blocks(seed=0, **row)
    assert plain["nngp.error"] < 0.2
    single = kernel_blocks(seed=0, **row, dtype="float32")
    ratio = plain["nngp-flawed.error"] / single["nngp-flawed.error"]
    assert ratio == pytest.approx(FLOAT32 / FLOAT64 * 1e-6 / BRAIN, rel=0.3)
    assert longer(4) == 1
    assert longer(100) == 7


def test_a_stated_accuracy_counts():
    """float32 is right to 6e-8 or so; 1e-4 is a hundred times too much."""
    row = {"hidden": 1, "points": 3, "others": 2, "flaw": 1e-6, "accuracy": 1e-6}
    single = row | {"subject": "wrong_kernels:float32_inside"}
    assert kernel_blocks(seed=0, **single | {"accuracy": 0.0})["nngp.error"] > 1
    conforming = kernel_blocks(seed=0, **single)
    assert conforming["nngp.error"] == 0
    assert conforming["nngp-flawed.error"] > 1
    assert kernel_blocks(seed=0, **row, subject="wrong_kernels:off_by_1e_4")["nngp.error"] > 1


def test_what_is_asked_are_two_sets_one_set_and_the_same_twice():
    it, blocks = case({"points": 3, "others": 2, "inputs": 2})
    asked = []

    def subject(x1, x2, architecture):
        asked.append((x1.shape, None if x2 is None else x2.shape))
        return closed_form.nngp_ntk(architecture, x1, x2)

    it.subject = subject
    assert blocks.error(it, "nngp", 1e-6)[0] == blocks.error(it, "ntk", 1e-6)[0] == 0
    assert asked == [((3, 2), (2, 2)), ((3, 2), None), ((3, 2), (3, 2))]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_each_block_counts(at):
    it, blocks = case({"points": 3, "others": 2, "inputs": 2})
    calls = []

    def subject(x1, x2, architecture):
        calls.append(1)
        return tuple(
            k * (1 + 1e-3 * (len(calls) - 1 == at)) for k in closed_form.nngp_ntk(architecture, x1, x2)
        )

    it.subject = subject
    assert blocks.error(it, "nngp", 1e-6)[0] > 1


def test_the_array_has_a_line_for_each_row_and_nothing_else():
    text = SUITE.read_text()
    between = text.partition(covering.BEGIN)[2].partition(covering.END)[0].strip().splitlines()
    assert len(between) == len(ROWS)
    assert Path(covering.__file__).name in covering.BEGIN
