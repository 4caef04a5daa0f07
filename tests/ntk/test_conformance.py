"""The conformance suite tells wrong kernels from right ones; and how errors are measured."""

import re
from collections import Counter
from pathlib import Path

import in_process
import numpy as np
import pytest
import wrong_combinations
import wrong_kernels

import harness
from harness.declare import NotCovered, StageError
from harness.ntk import closed_form
from harness.ntk.architecture import Architecture
from harness.ntk.block_checks import PlacedCase
from harness.ntk.conformance import WORST, Difference, KernelCase, allowed_deviations, case_of
from harness.ntk.kernel_checks import CHECKS
from harness.ntk.kernel_relations import RELATIONS
from harness.ntk.noise_checks import CHECKS as NOISE_CHECKS
from harness.ntk.scale_checks import AtScale
from harness.ntk.subjects import KernelBlock
from harness.report.brief import brief
from harness.report.html import page
from harness.report.markdown import markdown
from harness.report.terminal import terminal

SUITE = Path(__file__).parents[2] / "suites" / "kernels.toml"


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Workers import `wrong_kernels` too."""
    monkeypatch.setenv("PYTHONPATH", str(Path(wrong_kernels.__file__).parent))


def run(subject, claim="", keyword="", recheck=False, **given):
    """The suite on a subject. What is measured twice is no part of the suite, and takes a new worker each."""
    target = f"{SUITE}::{claim}" if claim else SUITE
    given = {"subject": subject, **given}
    return harness.run(
        target, keyword=keyword, overrides=given, store=None, recheck=recheck, workers=1
    )  # one of several tests at a time


NOISE = ("noise-centred", "noise-of-its-size")
"""Claims on standard errors, which cover no subject that states none."""


NO_FORMULA = "tanh has no formula in papers"
"""What the textbook's kernel says of the one activation that it cannot have."""


def table(record):
    """How many instances do not come out as expected, by claim; of subjects without noise."""
    passed = [i.id for i in record.instances if i.outcome in ("as-expected", "measured")]
    uncovered = [i for i in record.instances if i.outcome == "not-covered"]
    passed += [i.id for i in uncovered if i.claim.partition("-")[2] in NOISE or NO_FORMULA in i.reason]
    return Counter(i.claim for i in record.instances if i.id not in passed)


@pytest.mark.parametrize("name", sorted(set(wrong_kernels.WRONG) - set(wrong_kernels.MALFORMED)))
def test_a_wrong_kernel_is_refuted(name):
    """By the claim that is named; in this process, which saves a worker each."""
    chosen = in_process.instances(f"/{wrong_kernels.WRONG[name]}[")
    found = {verdict for _, verdict in in_process.verdicts(f"wrong_kernels:{name}", chosen)}
    assert "refuted" in found
    assert found <= {"refuted", "supported"}


@pytest.mark.parametrize(
    "name",
    [
        "two_replicates_claimed",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ["double_slope", "cached_by_shape"]),
    ],
)
def test_a_run_refutes_as_this_process_does(name):
    claim = wrong_kernels.WRONG[name]
    record = run(f"wrong_kernels:{name}", claim)
    chosen = in_process.instances(f"/{claim}[")
    wrong_kernels.forget()
    assert {i.id: i.verdict for i in record.instances} == dict(
        in_process.verdicts(f"wrong_kernels:{name}", chosen)
    )
    assert record.exit_code == 1


@pytest.mark.parametrize("name", sorted(wrong_kernels.MALFORMED))
def test_an_answer_of_the_wrong_kind_is_an_error(name):
    record = run(f"wrong_kernels:{name}", wrong_kernels.WRONG[name])
    assert {i.verdict for i in record.instances} == {"error"}
    assert wrong_kernels.MALFORMED[name] in " ".join(instance.reason for instance in record.instances)
    assert record.exit_code == 1


def test_a_kernel_that_keeps_state_is_no_function_of_its_arguments():
    """What the suite's claims refute is here seen before they are judged. Whichever trial is measured again,
    this one's first answers come from another trial's points."""
    record = run("wrong_kernels:cached_for_good", "nngp-repeats", recheck=True)
    assert {i.verdict for i in record.instances} == {"error"}
    assert all("not a function of its parameters and seed" in i.reason for i in record.instances)
    assert record.exit_code == 1


@pytest.mark.parametrize("name", ["erf_slope_clipped", "gelu_epsilon"])
def test_a_kernel_that_is_wrong_at_some_scale_is_refuted(name):
    """All of them, by the check alone, are in `test_rounding`."""
    record = run(f"wrong_kernels:{name}", wrong_kernels.WRONG_AT_SCALE[name])
    assert [i.verdict for i in record.instances] == ["refuted"]
    assert record.exit_code == 1


@pytest.mark.parametrize(
    ("name", "keyword"),
    [
        ("textbook", "network=relu-3 or row=gelu-2 or row=relu-1-feature or noise-"),
        pytest.param("adapter", "", marks=pytest.mark.slow),
        pytest.param("textbook", "", marks=pytest.mark.slow),
    ],
)
def test_a_true_kernel_passes(name, keyword):
    """By workers; `test_true_kernels_pass_here` has the other claims."""
    record = run(f"wrong_kernels:{name}", keyword=keyword)
    assert not table(record)
    assert record.exit_code == 0


@pytest.mark.parametrize("name", ["adapter", "textbook"])
def test_true_kernels_pass_here(name):
    """At scale and at combinations they are in `test_rounding` and `test_covering`."""
    others = [i for i in in_process.instances() if i.claim.experiment.id in ("values", "relations")]
    assert len(others) > 150
    wrong_kernels.forget()
    assert not in_process.refuting(f"wrong_kernels:{name}", others, first=False)


@pytest.mark.slow
def test_the_closed_form_passes_against_neural_tangents():
    keyword = "network=relu-2-small or network=erf-1"
    record = run("closed-form", keyword=keyword, reference="neural-tangents")
    assert not table(record)
    assert len(record.instances) >= 8


def test_neural_tangents_passes():
    """At scale GELU's two layers are its hardest: it rounds the determinant in each place anew."""
    at_scale = "ntk-at-scale and gelu-2 and scale=1000 or nngp-at-scale and gelu-2 and scale=1000"
    plain = "(network=relu-1 or network=erf-3) and not at-scale and not bias"
    record = run("neural-tangents", keyword=f"{plain} or {at_scale}")
    assert not table(record)
    assert len(record.instances) > 30


def test_a_kernel_is_not_compared_with_itself():
    record = run("closed-form", "ntk-values")
    assert {i.verdict for i in record.instances} == {"not-covered"}


def test_a_partial_kernel_is_not_covered_where_it_lacks():
    record = run("wrong_kernels:relu_without_nngp", keyword="ntk-values or relu-nngp-values")
    verdicts = {(i.claim, i.point["network"].partition("-")[0]): i.verdict for i in record.instances}
    assert verdicts["ntk-values", "relu"] == "supported"
    assert verdicts["ntk-values", "erf"] == verdicts["relu-nngp-values", "relu"] == "not-covered"


@pytest.mark.parametrize(
    ("name", "points"),
    [
        pytest.param("refuses_many_points", "x1 of 40 float64 points of", marks=pytest.mark.slow),
        ("refuses_float32", "x1 of 1 float32 points of"),
        pytest.param("refuses_large_inputs", "the largest of norm", marks=pytest.mark.slow),
        pytest.param("refuses_one_feature", "points of 1 features", marks=pytest.mark.slow),
        ("refuses_duplicates", "and x2 of"),
    ],
)
def test_what_is_covered_does_not_depend_on_the_points(name, points):
    """A subject that could refuse points would choose what it is judged by: that is an error, which says of
    what."""
    chosen = [i for i in in_process.instances("-combinations[row=relu-") if "1x" in i.id or "40x" in i.id]
    found = dict(in_process.verdicts(f"wrong_combinations:{name}", chosen))
    assert "error" in found.values()
    assert "not-covered" not in found.values()
    refused = next(i for i in chosen if found[i.id] == "error")
    record = run(f"wrong_combinations:{name}", refused.local_id)
    (instance,) = record.instances
    assert instance.verdict == "error"
    assert "has this kernel of this architecture (it gave that of 2 plain points)" in instance.reason
    assert record.exit_code == 1


@pytest.mark.parametrize("name", ["kept_by_points", "kept_by_first_point", "kept_by_last_point"])
def test_what_is_kept_between_calls_is_refuted_at_one_architecture(name):
    """By asking in turns for other scales of the network, and for points of which one number is another."""
    wrong_combinations.forget()
    it = case_of(f"wrong_combinations:{name}", "closed-form", Architecture(2, 8), (7, 5, 4), "gaussian", 0)
    assert CHECKS["error"](it, "ntk", 6e-8)[0] < 1e-9
    assert CHECKS["repeat-error"](it, "ntk", 6e-8)[0] > 1e-3


def blocks_alone(x1, x2, architecture):
    """No Gram matrices of one array, no NNGP."""
    if x2 is None:
        raise NotImplementedError("one array")
    return NotImplemented, closed_form.nngp_ntk(architecture, x1, x2)[1]


def test_plain_points_are_asked_of_as_one_array_and_as_two():
    """What answers either has the kernel; each kernel is looked at by itself, and only where one is
    refused."""
    points, calls = np.ones((2, 3)), []

    def subject(x1, x2, architecture):
        calls.append(len(x1))
        return blocks_alone(x1, x2, architecture)

    it = KernelCase(subject, wrong_kernels.adapter, Architecture(1, 8), points, points, 0)
    it.block("ntk", points, points)
    assert len(calls) == 1
    with pytest.raises(StageError, match="and not between x1 of 2 float64 points of 3") as caught:
        it.block("ntk", points)
    assert "and x2 None: one array" in str(caught.value)
    assert not isinstance(caught.value, NotCovered)
    for x2 in (None, points):
        with pytest.raises(NotCovered):
            it.block("nngp", points, x2)
    assert len(calls) == 4


def test_an_architecture_that_is_not_covered_is_not_covered_anywhere():
    points = np.ones((2, 3))
    relu, erf = Architecture(1, 8), Architecture(1, 8, "erf")
    it = KernelCase(wrong_kernels.relu_without_nngp, wrong_kernels.adapter, relu, points, points, 0)
    it.block("ntk", points)
    with pytest.raises(NotCovered, match="activations other than relu"):
        it.block("ntk", points, architecture=erf)


def test_every_check_is_claimed():
    """Of both kernels, each with the flawed kernel as its control where it is expected to hold."""
    suite = harness.load(SUITE)
    read = {quantity for claim in suite.claims.values() for quantity in claim.predicate.quantities}
    at_points = (*AtScale(1.0).checks, *PlacedCase(1.0, "float64", "none").checks)
    checks = (*CHECKS, *RELATIONS, *at_points, *NOISE_CHECKS)
    named = {f"{which}.{check}" for which in ("nngp", "ntk") for check in checks}
    assert named - read <= {"nngp.huge-diagonal-error"}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(wrong_kernels.WRONG) - set(wrong_kernels.MALFORMED)))
def test_the_whole_suite_on_a_wrong_kernel(name):
    """What `docs/conformance.md` tabulates: also that nothing else becomes an error.

    Claims about noise need six replicates: two are an error that says so.
    """
    record = run(f"wrong_kernels:{name}")
    assert wrong_kernels.WRONG[name] in table(record)
    errors = [i for i in record.instances if i.verdict == "error"]
    if name == "two_replicates_claimed":
        assert all("at least 6, found 2" in i.reason for i in errors)
        assert {i.claim.rpartition("-noise-")[1] for i in errors} == {"-noise-"}
    else:
        assert errors == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(wrong_kernels.WRONG_AT_SCALE))
def test_the_whole_suite_on_a_kernel_that_is_wrong_at_some_scale(name):
    """No claim refutes it but those that ask at several scales: they are what these kernels need."""
    record = run(f"wrong_kernels:{name}")
    assert wrong_kernels.WRONG_AT_SCALE[name].partition("[")[0] in table(record)
    assert all(re.search("at-scale|-extremes|-combinations", claim) for claim in table(record))
    assert "error" not in {i.verdict for i in record.instances}


@pytest.mark.slow
def test_every_claim_is_refuted_by_some_kernel():
    refuting = Counter()
    for name in ("angle_not_clipped", "bias_missing", "cached_by_shape", "drifts", "enormous_error_claimed"):
        refuting += table(run(f"wrong_kernels:{name}"))
    suite = harness.load(SUITE)
    of_subjects = [i for i in suite.instances if "subject" in i.claim.experiment.fixed]
    assert {i.claim.id for i in of_subjects if i.expect == "supported"} <= set(refuting)
    assert {i.claim.experiment.id for i in suite.instances if i not in of_subjects} == {"random-networks"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "keyword"),
    [
        ("neural-tangents", ""),
        ("monte-carlo", ""),
        ("empirical", "network=relu-1 or network=linear or network=erf-1"),
    ],
)
def test_own_subjects_pass(name, keyword):
    record = run(name, keyword=keyword)
    bad = [i for i in record.instances if i.outcome not in ("as-expected", "measured", "not-covered")]
    assert not bad
    assert sum(i.outcome == "as-expected" for i in record.instances) >= 40


@pytest.mark.parametrize(
    ("name", "accuracy", "verdict"),
    [
        pytest.param("float32_inside", 0.0, "refuted", marks=pytest.mark.slow),
        ("float32_inside", 1e-6, "supported"),
        pytest.param("off_by_1e_4", 1e-6, "refuted", marks=pytest.mark.slow),
        ("double_slope", 0.01, "refuted"),
    ],
)
def test_a_stated_accuracy(name, accuracy, verdict):
    """float32 is right to 6e-8 or so; 1e-4 is a hundred times too much; a factor of 2 is beyond all."""
    record = run(f"wrong_kernels:{name}", "ntk-values[network=relu-1]", accuracy=accuracy)
    assert [i.verdict for i in record.instances] == [verdict]
    assert [i.control.verdict for i in record.instances] == ["refuted"]
    says = f"accuracy = {accuracy}; conforms at 1e-6: " if accuracy == 1e-6 else f"accuracy = {accuracy}"
    for text in (terminal(record), markdown(record), brief(record)):
        assert says in text.splitlines()[0].replace("\\", "")
    assert (says in page(record)) or accuracy == 0.0


def block(values, error=0.0, replicates=0):
    values = np.atleast_2d(np.asarray(values, dtype=float))
    return KernelBlock(values, np.broadcast_to(error, values.shape).astype(float), replicates)


def test_errors_are_in_units_of_the_kernel():
    difference = Difference(block([1.0, 2.2]), block([1.0, 2.0]), np.array([[1.0, 4.0]]))
    assert difference.error() == pytest.approx(0.05)
    assert difference.error(flaw=0.5) == pytest.approx(0.55)


def test_a_mask_leaves_entries_out():
    mask = np.array([[True, False]])
    difference = Difference(block([1.1, np.nan]), block([1.0, 2.0]), np.ones((1, 2)), mask)
    assert difference.error() == pytest.approx(0.1)
    assert difference.error(flaw=1.0) == pytest.approx(1.1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308])
def test_what_is_not_finite_is_the_worst_error_and_finite(value):
    difference = Difference(block([1.0, value]), block([1.0, 1.0]), np.array([[1.0, 1e-20]]))
    assert difference.error() == difference.error(flaw=1e-7) == WORST
    assert np.isfinite(WORST / 1e-12)


def test_noise_is_allowed_for_and_not_more():
    """Six standard errors of the difference, and what a t distribution makes of six for few replicates."""
    unit = np.ones((1, 1))
    for found, expected, allowed in (
        (block(1.0, 0.03), block(0.0, 0.04), 6 * 0.05),
        (block(1.0, 0.03, 16), block(0.0), 12.705 * 0.03),
    ):
        assert Difference(found, expected, unit).error() == pytest.approx(1 - allowed, rel=1e-4)
    assert Difference(block(0.29, 0.05), block(0.0), unit).error() == 0
    assert allowed_deviations(block(1.0), block(1.0, 0.1, 32), block(1.0, 0.1, 16)) == pytest.approx(
        12.705, rel=1e-4
    )


def test_a_flaw_is_not_hidden_by_noise():
    assert Difference(block(0.29, 0.05), block(0.0), np.ones((1, 1))).error(flaw=1e-6) > 1e-6


def noisy(x1, x2, architecture, seed):
    """16 replicates of relative noise, for the false alarm rate."""
    random = np.random.default_rng(seed)
    kernels = closed_form.nngp_ntk(architecture, x1, x2)
    draws = [k * (1 + 0.02 * random.standard_normal((16, *k.shape))) for k in kernels]
    means, errors = [d.mean(axis=0) for d in draws], [d.std(axis=0, ddof=1) / 4 for d in draws]
    return wrong_kernels.Kernels(*means, *errors, replicates=16)


def test_noise_alone_raises_no_alarm():
    """77 entries a time, 400 times: 31,000, each with a chance of 2e-9."""
    for seed in range(200):
        case = case_of("wrong_kernels:adapter", "closed-form", Architecture(1, 8), (7, 5, 3), "sphere", seed)
        case.subject = noisy
        for which in ("nngp", "ntk"):
            error, flawed = CHECKS["error"](case, which, 1e-7)
            assert error == 0 < flawed


def test_zero_kernels_have_a_unit():
    """Where K(x,x) = 0 anything but 0 is an error, not a division by 0."""
    architecture = Architecture(1, 8, b_std=0.0)
    case = case_of("closed-form", "neural-tangents", architecture, (4, 3, 2), "gaussian", 0)
    points = case.rows.copy()
    points[0] = 0
    unit = case.unit("ntk", points)
    assert unit[0, 0] == unit.max() > 0
    assert np.all(case.unit("nngp", 0 * points) == 1)


def test_the_subject_may_not_be_the_reference():
    case = case_of("closed-form", "closed-form", Architecture(1, 8), (4, 3, 2), "gaussian", 0)
    with pytest.raises(NotCovered, match="is the reference"):
        CHECKS["error"](case, "ntk", 1e-7)


def test_geometries():
    sizes, architecture = (4, 3, 9), Architecture(1, 8)
    cases = {
        name: case_of("closed-form", "closed-form", architecture, sizes, name, 5)
        for name in ("gaussian", "sphere", "nonnegative")
    }
    np.testing.assert_allclose(np.linalg.norm(cases["sphere"].columns, axis=1), 3)
    np.testing.assert_array_equal(cases["nonnegative"].rows, np.abs(cases["gaussian"].rows))
    assert cases["gaussian"].rows.shape == (4, 9)


def test_subjects_are_asked_once():
    calls = []

    def subject(x1, x2, architecture):
        calls.append(1)
        return closed_form.nngp_ntk(architecture, x1, x2)

    points = np.ones((2, 3))
    case = KernelCase(subject, wrong_kernels.adapter, Architecture(1, 8), points, points, 0)
    for which in ("nngp", "ntk"):
        case.block(which, points)
    assert len(calls) == 1
    case.block("ntk", points, again=True)
    case.block("ntk", points.astype(np.float32))
    assert len(calls) == 3


@pytest.mark.parametrize("seed", range(3))
def test_collinear_points_have_cosines_beyond_both_ends(seed):
    """Rounded as the papers' formulas round them, in each draw of points: one clip alone is refuted."""
    it = case_of(
        "wrong_kernels:adapter",
        "closed-form",
        Architecture(1, 8, "relu", 1.5, 0.0),
        (7, 5, 4),
        "gaussian",
        seed,
    )
    cosines = []

    def subject(x1, x2, architecture):
        norms = [np.sum(x * x, axis=1) for x in (x1, x2)]
        cosines.extend(np.ravel(x1 @ x2.T / np.sqrt(np.outer(*norms))))
        return closed_form.nngp_ntk(architecture, x1, x2)

    it.subject = subject
    assert CHECKS["collinear-error"](it, "ntk", 6e-8)[0] == 0
    assert min(cosines) < -1
    assert max(cosines) > 1


@pytest.mark.parametrize("only", ["w_std", "b_std", "nothing"])
def test_another_architecture_is_asked_among_those_that_a_subject_has(only):
    """A kernel of one scale is covered, and one that keeps an answer is refuted where it has two."""
    it = case_of("wrong_kernels:adapter", "closed-form", Architecture(1, 8), (7, 5, 4), "gaussian", 0)
    scales, first = {"w_std": it.architecture.w_std, "b_std": it.architecture.b_std}, {}
    fixed = {name: [value] for name, value in scales.items() if name != only}

    def right(x1, x2, architecture):
        architecture.require(**fixed)
        return closed_form.nngp_ntk(architecture, x1, x2)

    def kept(x1, x2, architecture):
        return first.setdefault((x1.tobytes(), x2 is None or x2.tobytes()), right(x1, x2, architecture))

    it.subject = right
    assert CHECKS["repeat-error"](it, "ntk", 6e-8)[0] == 0
    wrong = KernelCase(kept, it.reference, it.architecture, it.rows, it.columns, 0)
    assert (CHECKS["repeat-error"](wrong, "ntk", 6e-8)[0] > 1e-3) == (only != "nothing")
