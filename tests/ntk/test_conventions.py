"""Where biases are, how they start, and activations: kernels and networks agree. What a subject may state."""

from dataclasses import replace
from typing import get_args

import jax
import numpy as np
import pytest
import wrong_kernels

from harness.declare import NotCovered
from harness.ntk import closed_form, kernels, network, stax_kernels
from harness.ntk.architecture import Activation, Architecture, Biases
from harness.ntk.conformance import Difference, KernelCase
from harness.ntk.duals import dual
from harness.ntk.empirical import empirical_ntk
from harness.ntk.fully_connected import fully_connected
from harness.ntk.half_angles import of_cosine
from harness.ntk.jacobian import jacobian_ntk
from harness.ntk.kernel_checks import CHECKS, psd
from harness.ntk.kernel_relations import RELATIONS
from harness.ntk.mean_kernels import empirical
from harness.ntk.monte_carlo import monte_carlo
from harness.ntk.named_subjects import resolve
from harness.ntk.scale_checks import AtScale
from harness.ntk.subjects import KernelBlock, ask
from harness.ntk.train import Initial, train

X = np.random.default_rng([7, 100]).standard_normal((5, 4))
OTHERS = np.random.default_rng([8, 100]).standard_normal((3, 4))
WIDTH = 512
CONVENTIONS = {
    "zero biases": {"bias_init": "zeros"},
    "zero biases, standard": {"bias_init": "zeros", "parameterization": "standard"},
    "zero biases, uniform": {
        "bias_init": "zeros", "parameterization": "standard", "initialisation": "uniform"
    },
    "first": {"biases": "first"},
    "hidden": {"biases": "hidden"},
    "first, zero": {"biases": "first", "bias_init": "zeros", "activation": "erf"},
    "none, standard": {"biases": "none", "parameterization": "standard"},
    "tanh": {"activation": "tanh", "bias_init": "zeros"},
    "sin": {"activation": "sin"},
    "cos": {"activation": "cos"},
    "leaky-relu": {"activation": "leaky-relu", "negative_slope": 0.3},
    "step": {"activation": "step"},
    "squared-relu": {"activation": "squared-relu", "w_std": 0.9},
}  # fmt: skip


def of(convention, hidden=2, width=WIDTH):
    return Architecture(hidden, width, **{"w_std": 1.2, "b_std": 0.5, **CONVENTIONS[convention]})


def agree(exact, found, share):
    """Within 8.3 standard errors of 32 replicates or more (`conformance.DEVIATIONS`), themselves below
    `share` of the kernel. Of squared ReLU they are larger: squares of squares have a long tail."""
    for value, mean, error in zip(
        exact, (found.nngp, found.ntk), (found.nngp_error, found.ntk_error), strict=True
    ):
        assert np.all(np.abs(mean - value) <= 8.3 * error + 1e-12 * np.abs(value).max())
        assert error.max() < share * np.abs(value).max()


@pytest.mark.parametrize("convention", sorted(CONVENTIONS))
def test_sampling_agrees(convention):
    """By the activation alone, without a formula for its duals."""
    exact = closed_form.nngp_ntk(of(convention), X, OTHERS)
    found = monte_carlo(X, OTHERS, of(convention), seed=1)
    agree(exact, found, 0.1 if convention == "squared-relu" else 0.02)


@pytest.mark.parametrize(
    "convention",
    [
        "zero biases",
        "first, zero",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in sorted(set(CONVENTIONS) - {"zero biases", "first, zero"})
        ),
    ],
)
def test_wide_networks_agree(convention):
    """The mean tangent kernel of random networks, by their gradients: two hidden layers of 512 units, whose
    O(1/width) bias is far below the standard errors of 32 networks, some width^(-1/2)."""
    exact = closed_form.nngp_ntk(of(convention), X, OTHERS)
    found = empirical(X, OTHERS, of(convention), seed=1, networks=32)
    agree(exact, found, 0.1 if convention == "squared-relu" else 0.06)


def test_zero_biases_by_hand():
    """One hidden layer: K = w²F(K¹), Θ = w²(Θ¹ F') + w²F + b², of K¹ = w² x·x'/d and Θ¹ = K¹ + b²."""
    it = Architecture(1, 8, "relu", 1.2, 0.5, bias_init="zeros")
    a, b = (1.2 * np.linalg.norm(z, axis=1) / 2 for z in (X, OTHERS))
    first = 1.2**2 * X @ OTHERS.T / 4
    after = dual("relu", a[:, None], b[None, :], of_cosine(first / np.outer(a, b)))
    leaving = after.first * after.second * after.angle.cosine()
    nngp, ntk = closed_form.nngp_ntk(it, X, OTHERS)
    np.testing.assert_allclose(nngp, 1.2**2 * leaving, rtol=1e-12)
    np.testing.assert_allclose(
        ntk, 1.2**2 * (first + 0.25) * after.slope + 1.2**2 * leaving + 0.25, rtol=1e-12
    )


def same(one, other):
    for found, expected in zip(
        closed_form.nngp_ntk(one, X, OTHERS), closed_form.nngp_ntk(other, X, OTHERS), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"biases": "none"}, {"b_std": 0.0}),
        ({"biases": "first", "hidden": 0}, {"hidden": 0}),
        ({"biases": "hidden", "hidden": 0}, {"b_std": 0.0, "hidden": 0}),
        ({"biases": "first", "hidden": 1}, {"biases": "hidden", "hidden": 1}),
        (
            {"parameterization": "standard", "bias_init": "zeros"},
            {"parameterization": "standard", "b_std": 0},
        ),
        ({"activation": "leaky-relu", "negative_slope": 0.0}, {"activation": "relu"}),
        ({"activation": "leaky-relu", "negative_slope": 1.0}, {"activation": "identity"}),
    ],
)
def test_conventions_that_mean_the_same(one, other):
    plain = Architecture(2, 16, "relu", 1.2, 0.5)
    same(replace(plain, **one), replace(plain, **other))


def test_conventions_that_differ():
    """Each of the four places and two starts is another NTK, each but for the start another NNGP."""
    plain = Architecture(2, 16, "relu", 1.2, 0.5)
    every = [replace(plain, biases=b, bias_init=i) for b in get_args(Biases)[:3] for i in ("random", "zeros")]
    found = [closed_form.nngp_ntk(each, X, OTHERS) for each in every]
    for number, (_, ntk) in enumerate(found):
        assert all(np.abs(ntk - other).min() > 1e-4 for _, other in found[:number])
    nngps = [nngp for nngp, _ in found]
    for zero in nngps[3::2]:
        np.testing.assert_array_equal(zero, nngps[1])


@pytest.mark.parametrize(
    "convention",
    ["zero biases, standard", "first", "hidden", "none, standard", "sin", "cos", "leaky-relu"],
)
def test_neural_tangents_agrees(convention):
    for found, exact in zip(
        stax_kernels.nngp_ntk(of(convention), X, OTHERS),
        closed_form.nngp_ntk(of(convention), X, OTHERS),
        strict=True,
    ):
        np.testing.assert_allclose(found, exact, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("convention", ["zero biases", "tanh", "step", "squared-relu"])
def test_what_neural_tangents_lacks(convention):
    """Not covered as a subject; experiments take the closed form for it."""
    it = of(convention) if convention == "zero biases" else replace(of(convention), bias_init="random")
    answer = ask(resolve("neural-tangents"), it, X, None, 0)
    assert isinstance(answer["ntk"], NotCovered)
    assert "neural-tangents: " in str(answer["ntk"])
    np.testing.assert_array_equal(kernels.nngp_ntk(it, X)[1], closed_form.nngp_ntk(it, X)[1])


@pytest.mark.parametrize(
    "convention",
    ["zero biases", *(pytest.param(name, marks=pytest.mark.slow) for name in ("first", "none, standard"))],
)
def test_layer_grams_are_the_jacobians_product(convention):
    it = of(convention, width=16)
    params = network.in_float64(network.init(jax.random.key(0), it, 4))
    exact = jacobian_ntk(lambda p, x: network.apply(p, it, x), params, X, OTHERS)
    found = jax.jit(empirical_ntk, static_argnums=1)(params, it, X, OTHERS)
    np.testing.assert_allclose(found, exact, rtol=1e-11, atol=1e-12 * np.abs(exact).max())


@pytest.mark.parametrize("parameterization", [pytest.param("ntk", marks=pytest.mark.slow), "standard"])
def test_biases_start_at_zero_and_are_trained(parameterization):
    """Where layers have them; elsewhere they stay 0. The weights are those of random biases."""
    it = Architecture(2, 16, "relu", 1.2, 0.5, parameterization, biases="hidden", bias_init="zeros")
    params = network.init(jax.random.key(0), it, 4)
    random = network.init(jax.random.key(0), replace(it, biases="all", bias_init="random"), 4)
    for (weights, biases), (others, drawn) in zip(params, random, strict=True):
        np.testing.assert_array_equal(weights, others)
        assert not biases.any()
        assert drawn.all()
    f = network.apply(params, it, X)
    initial = Initial(params, f, f)
    runs = train([initial], fully_connected(it), X, np.ones((5, 1)), X, np.array([1e-3]), 1e-6, 20)
    moved = [bool(np.any(biases)) for _, biases in runs.params[0]]
    assert moved == [True, True, False]


def test_scales_and_slopes():
    it = Architecture(2, 16, "relu", 1.2, 0.5, biases="hidden")
    assert [it.scales(n, 4)[1] for n in range(3)] == [0.5, 0.5, 0.0] == [it.bias_slope(n) for n in range(3)]
    zeros = replace(it, bias_init="zeros", parameterization="standard")
    assert [zeros.scales(n, 4)[1] for n in range(3)] == [0.0, 0.0, 0.0]
    assert [zeros.bias_slope(n) for n in range(3)] == [1.0, 1.0, 0.0]


# ---- What a subject supports -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("architecture", "field"),
    [
        ({"bias_init": "zeros"}, "bias_init"),
        ({"biases": "first"}, "biases"),
        ({"parameterization": "standard"}, "parameterization"),
        ({"last_layer": 0.5}, "last_layer"),
        ({"activation": "tanh"}, "activation"),
        ({"activation": "leaky-relu", "negative_slope": 0.3}, "negative_slope"),
        ({"hidden": 3}, "hidden"),
        ({"parameterization": "standard", "b_std": 0.0, "bias_init": "zeros"}, "parameterization"),
    ],
)
def test_a_subject_requires_what_it_supports(architecture, field):
    """What it does not name is a default, so that conventions that are new to it are not covered."""
    it = replace(Architecture(1, 8), **architecture)
    with pytest.raises(NotImplementedError, match=f"^{field}: the subject supports "):
        it.require(activation=["relu", "leaky-relu"], hidden=[1, 2])


@pytest.mark.parametrize(
    "architecture",
    [
        {"w_std": 0.3, "b_std": 2.0, "width": 7, "hidden": 2},
        {"b_std": 0.0, "biases": "first", "bias_init": "zeros"},
        {"negative_slope": 0.3},
    ],
)
def test_what_has_no_effect_is_supported(architecture):
    replace(Architecture(1, 8), **architecture).require(hidden=range(1, 3))


def test_supported_fields_are_fields():
    with pytest.raises(TypeError, match="found depth"):
        Architecture(1, 8).require(depth=[1])


def case(subject, convention=None, accuracy=0.0, hidden=2, **architecture):
    it = of(convention, hidden) if convention else Architecture(hidden, 64, w_std=1.5, b_std=0.3)
    it = replace(it, **architecture)
    return KernelCase(subject, resolve("closed-form"), it, X, OTHERS, 0, accuracy)


def random_biases(x1, x2, a):
    """The convention is ignored."""
    return closed_form.nngp_ntk(replace(a, bias_init="random"), x1, x2)


def no_biases_where_zero(x1, x2, a):
    """Biases that start at 0 are taken for none."""
    return closed_form.nngp_ntk(replace(a, biases="none" if a.bias_init == "zeros" else a.biases), x1, x2)


def biases_everywhere(x1, x2, a):
    return closed_form.nngp_ntk(replace(a, biases="all"), x1, x2)


def not_leaky(x1, x2, a):
    return closed_form.nngp_ntk(replace(a, negative_slope=0.01), x1, x2)


def tanh_by_quadrature(x1, x2, a):
    """160 × 160 nodes, which are too few for deviations of 2."""
    return closed_form.nngp_ntk(a, x1, x2, way="quadrature")


@pytest.mark.parametrize(
    ("wrong", "convention", "which"),
    [
        (random_biases, "zero biases", "nngp"),
        (random_biases, "zero biases", "ntk"),
        (no_biases_where_zero, "zero biases", "ntk"),
        (no_biases_where_zero, "zero biases, standard", "ntk"),
        (biases_everywhere, "first", "nngp"),
        (biases_everywhere, "hidden", "ntk"),
        (not_leaky, "leaky-relu", "ntk"),
        (tanh_by_quadrature, "tanh", "ntk"),
    ],
)
def test_a_convention_mistaken_is_seen(wrong, convention, which):
    """By the values of the suite: it is beyond 1e-9, and the right kernel is not."""
    assert CHECKS["error"](case(wrong, convention, w_std=2.5), which, 6e-8)[0] > 1e-9
    assert CHECKS["error"](case(wrong_kernels.adapter, convention, w_std=2.5), which, 6e-8)[0] == 0


@pytest.mark.parametrize("convention", sorted(CONVENTIONS))
@pytest.mark.parametrize("which", ["nngp", "ntk"])
def test_what_papers_write_passes(convention, which):
    """The recursion through covariances knows nothing of angles; papers have no formula of tanh."""
    if convention == "tanh":
        with pytest.raises(NotImplementedError):
            wrong_kernels.textbook(X, None, of(convention))
    else:
        assert CHECKS["error"](case(wrong_kernels.textbook, convention), which, 6e-8)[0] < 1e-9


@pytest.mark.parametrize("convention", ["zero biases", "first", "tanh", "sin", "leaky-relu", "squared-relu"])
def test_relations_hold(convention):
    """Of a right kernel, and their control fails."""
    for check in ("depth-error", "last-layer-error", "parameterization-error", "width-error"):
        for which in ("nngp", "ntk") if check != "parameterization-error" else ("nngp",):
            error, flawed = RELATIONS[check](case(wrong_kernels.adapter, convention), which, 6e-8)
            assert error < 1e-9 < flawed


@pytest.mark.parametrize("bias_init", ["random", "zeros"])
@pytest.mark.parametrize("biases", ["all", "hidden", "none"])
def test_a_linear_models_parameterizations(bias_init, biases):
    it = case(wrong_kernels.adapter, hidden=0, bias_init=bias_init, biases=biases)
    assert RELATIONS["parameterization-error"](it, "ntk", 6e-8)[0] < 1e-12
    assert RELATIONS["last-layer-error"](it, "ntk", 6e-8)[0] < 1e-12


# ---- What is handed over ---------------------------------------------------------------------------------


class Recorder:
    """The closed form; it keeps the types of the points that it is given."""

    def __init__(self):
        self.types = set()

    def __call__(self, x1, x2, architecture):
        given = [x for x in (x1, x2) if x is not None]
        assert all(type(x) is np.ndarray for x in given)
        self.types |= {x.dtype for x in given}
        return closed_form.nngp_ntk(architecture, x1, x2)


AT_SCALE = [f"{name} at scale" for name in AtScale(1.0).checks]


@pytest.mark.parametrize("check", [*CHECKS, *RELATIONS, *AT_SCALE])
def test_points_are_float64_unless_a_check_is_about_float32(check):
    subject = Recorder()
    name = check.removesuffix(" at scale")
    checks = AtScale(10.0).checks if check != name else CHECKS | RELATIONS
    unbiased = {"homogeneity-error", "w-std-error"}
    b_std, hidden = 0.0 if name in unbiased else 0.3, 0 if name == "parameterization-error" else 2
    it = case(subject, b_std=b_std, hidden=hidden)
    checks[name](it, "ntk", 6e-8)
    assert subject.types == {np.dtype(np.float32 if name == "float32-error" else np.float64)}


# ---- A stated accuracy -----------------------------------------------------------------------------------


def off_by(share):
    """The closed form, each entry moved by that share of the kernel's size, up or down by its own digits."""

    def subject(x1, x2, architecture):
        x1, x2 = (None if x is None else np.asarray(x, float) for x in (x1, x2))
        found = closed_form.nngp_ntk(architecture, x1, x2)
        first, second = (closed_form.nngp_ntk(architecture, x) for x in (x1, x1 if x2 is None else x2))
        return tuple(
            kernel + share * np.sign(np.sin(1e4 * kernel)) * np.sqrt(np.outer(np.diag(a), np.diag(b)))
            for kernel, a, b in zip(found, first, second, strict=True)
        )

    return subject


def measured(subject, accuracy, **architecture):
    """The largest error over each check of values and relations, and the least that its control has."""
    every = {**CHECKS, **RELATIONS}
    found = {}
    for name in set(every) - {"noise", "parameterization-error"}:
        b_std = 0.0 if name in ("homogeneity-error", "w-std-error") else 0.3
        it = case(subject, accuracy=accuracy, b_std=b_std, **architecture)
        found[name] = np.array([every[name](it, which, 6e-8) for which in ("nngp", "ntk")])
    return found


@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_within_the_accuracy_is_no_error(activation):
    """0.95 of it, a thousandth: every check allows what such a kernel may do to it, and its control fails.
    Twice of it, the values do not."""
    for name, errors in measured(off_by(9.5e-4), 1e-3, activation=activation).items():
        assert np.all(errors[:, 0] <= 5e-8), name
        assert np.all(errors[:, 1] > 5e-8), name
    assert np.all(measured(off_by(2e-3), 1e-3, activation=activation)["error"][:, 0] > 1e-3)


def test_without_an_accuracy_errors_are_as_before():
    assert np.all(measured(off_by(5e-4), 0.0)["error"][:, 0] > 4e-4)


def test_an_accuracy_is_a_tolerance_and_no_more():
    """An error beyond it counts in full: the claim's own tolerance is not added."""
    block = KernelBlock(np.array([[1.0, 2.0]]), np.zeros((1, 2)), 0)
    near = KernelBlock(np.array([[1.0, 2.0 + 2e-6]]), np.zeros((1, 2)), 0)
    unit = np.array([[1.0, 2.0]])
    assert Difference(near, block, unit).error(accuracy=2e-6) == 0
    assert Difference(near, block, unit).error(accuracy=0.9e-6) == pytest.approx(1e-6, rel=1e-6)
    assert Difference(near, block, unit, answers=2.0).error(accuracy=0.9e-6) == 0
    assert Difference(near, block, unit).error(flaw=1e-7, accuracy=2e-6) > 2e-6
    nothing = KernelBlock(np.full((1, 2), np.nan), block.error, 0)
    assert Difference(nothing, block, unit).error(accuracy=0.01) == 1e99


def test_an_accuracy_widens_tolerances_at_scale():
    """In units of an entry's tolerance an error beyond an accuracy is at least 1."""
    for share, holds in ((5e-7, True), (5e-6, False)):
        it = case(off_by(share), accuracy=1e-6)
        it.columns = np.concatenate([OTHERS, OTHERS])
        assert (AtScale(10.0).checks["error"](it, "ntk", 6e-8)[0] <= 1) == holds
        assert AtScale(10.0).checks["error"](it, "ntk", 6e-8)[1] > 1


def test_an_accuracy_excuses_eigenvalues_by_so_much():
    """−4e-4 of a matrix of five points is within 1e-4 an entry, and not within 1e-5."""

    def subject(x1, x2, architecture):
        found = closed_form.nngp_ntk(architecture, x1, x2)
        return tuple(kernel - 4e-4 * np.diag(np.diag(kernel)) for kernel in found)

    assert psd(case(subject, accuracy=1e-4), "nngp", 6e-8)[0] == 0
    assert psd(case(subject, accuracy=1e-4), "nngp", 6e-8)[1] > 1e-4
    assert psd(case(subject, accuracy=1e-5), "nngp", 6e-8)[0] > 1e-5


@pytest.mark.parametrize(
    "name", ["double_slope", "bias_missing", "weights_not_squared", "inputs_not_divided", "nngp_as_ntk"]
)
def test_what_is_wrong_by_much_is_refuted_at_any_accuracy(name):
    """At the largest that may be stated."""
    it = case(getattr(wrong_kernels, name), accuracy=0.01, b_std=0.8)
    assert CHECKS["error"](it, "ntk", 6e-8)[0] > 0.01


def test_every_activation_is_in_the_tests():
    assert {of(name).activation for name in CONVENTIONS} | {"gelu", "identity"} == set(get_args(Activation))
