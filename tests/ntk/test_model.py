"""Models: what makes two of them one, what they must not do, and what is derived from them."""

import inspect
import re
import sys
from types import ModuleType, SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skip_network

from harness.declare import NotCovered, StageError, UnknownExperimentError
from harness.ntk import data, kernels, network, tangent, train
from harness.ntk.architecture import Architecture
from harness.ntk.fully_connected import fully_connected
from harness.ntk.jacobian import jacobian_ntk
from harness.ntk.model import Model, ModelError, cast
from harness.ntk.model_checks import readout_leaves, require_float32, require_rows_apart, require_sound
from harness.ntk.named_models import build
from harness.ntk.optimizers import Optimizer

SPLIT = data.split("sphere", train=6, test=3, seed=0)
X, Y, X_TEST = jnp.asarray(SPLIT.x_train), jnp.asarray(SPLIT.y_train), jnp.asarray(SPLIT.x_test)
ARCHITECTURE = Architecture(1, 8)
FAST = fully_connected(ARCHITECTURE)
PLAIN = Model(FAST.init, FAST.apply, readout=FAST.readout)
"""The same network without its fast ways."""
KEY = train.network_key(0, 0)
PARAMS = FAST.draw(KEY, X.shape[1])
SKIP = "skip_network:skip"


def descend(params, model, rate=0.05, steps=20, **kwargs):
    numbers = (jnp.asarray(rate), jnp.asarray(0.0), jnp.asarray(steps, dtype=jnp.int32))
    return train.descend(params, model, Optimizer(), X, Y, X_TEST, *numbers, **kwargs)


def of(apply, **params):
    """A model of one weight vector, and whatever else is given."""
    drawn = {"w": jnp.ones(X.shape[1]), **params}
    return Model(lambda key, shape: ((-1, 1), drawn), apply)


# ---- Which models are one


def test_two_trials_of_a_point_share_one_program(monkeypatch):
    """Equal by reference, parameters and function: made anew, a model is not compiled anew; with other
    parameters, or when the function of that name is another one, it is."""

    def trained(**parameters):
        model = build(SKIP, parameters)
        return descend(model.draw(KEY, X.shape[1]), model, steps=0), train.descend._cache_size()

    before, first = trained(width=4, blocks=0)
    assert trained(width=4, blocks=0)[1] == first
    assert trained(width=5, blocks=0)[1] == first + 1
    original = skip_network.skip

    def doubled(width=64, blocks=2):
        init, apply = original(width, blocks)
        return init, lambda params, x: 2 * apply(params, x)

    monkeypatch.setattr(skip_network, "skip", doubled)
    after, second = trained(width=4, blocks=0)
    assert second == first + 2
    np.testing.assert_allclose(after.f_test, 2 * before.f_test, rtol=1e-6)


def test_models_without_a_key_are_those_of_their_functions():
    assert Model(FAST.init, FAST.apply) == Model(FAST.init, FAST.apply)
    assert Model(FAST.init, FAST.apply) != Model(FAST.init, lambda params, x: x)
    assert fully_connected(ARCHITECTURE) == fully_connected(Architecture(1, 8)) != PLAIN
    assert fully_connected(Architecture(1, 9)) != FAST
    assert len({FAST, fully_connected(Architecture(1, 8)), PLAIN}) == 2


def test_what_a_function_may_return(monkeypatch):
    made = {"made": None}
    monkeypatch.setitem(sys.modules, "made", ModuleType("made"))
    sys.modules["made"].net = lambda: made["made"]
    sys.modules["made"].number = 3
    triple = (FAST.init, FAST.apply, FAST.kernel)
    for made["made"] in (triple, triple[:2], Model(*triple, readout=FAST.readout)):
        model = build("made:net", {})
        assert model.name == "made:net"
        assert (model.kernel is None) == (made["made"] == triple[:2])
    assert model.readout is FAST.readout
    for made["made"], found in (
        ((1,), "a tuple of 1"),
        (None, "a NoneType"),
        ((FAST.init, 3), "a int"),
        ((*triple, 1), "a tuple of 4"),
    ):
        with pytest.raises(ModelError, match=rf"model 'made:net': expected .*, found {found}"):
            build("made:net", {})
    for name, found in (("nothing", "found nothing of that name"), ("number", "found a int")):
        with pytest.raises(UnknownExperimentError, match=found):
            build(f"made:{name}", {})


# ---- Parameters and outputs


def test_parameters_are_drawn_in_float32_whatever_the_model_draws():
    model = of(lambda params, x: x @ params["w"], deep=[np.ones(2), jnp.ones(1, jnp.float16)])
    params = model.draw(KEY, 10)
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {jnp.dtype(jnp.float32)}
    assert len(jax.tree.leaves(params)) == 3


@pytest.mark.parametrize(
    ("leaf", "found"),
    [
        (jnp.zeros(3, jnp.int32), r"int32\[3\]"),
        (jax.random.key(1), r"key<fry>\[\]"),
        (True, "a bool"),
        (jnp.zeros(2, jnp.complex64), r"complex64\[2\]"),
        (np.tanh, "a ufunc"),
    ],
    ids=["integers", "key", "bool", "complex", "function"],
)
def test_leaves_that_are_no_parameters_are_named(leaf, found):
    model = of(lambda params, x: x @ params["w"], state={"count": leaf})
    with pytest.raises(ModelError, match=rf"found {found} at params\['state'\]\['count'\]"):
        model.draw(KEY, 10)
    with pytest.raises(ModelError, match=r"params\['state'\]\['count'\]"):  # compiled, as experiments draw
        train.initialise(KEY, model, X, X_TEST)


def test_outputs_are_of_the_parameters_type_and_flat():
    """float32 parameters on float64 inputs would give float64 in every library."""
    for shape in ((6,), (6, 1)):
        model = of(lambda params, x, shape=shape: (x @ params["w"]).reshape(shape))
        for dtype in (jnp.float32, jnp.float64):
            out = model(cast(model.draw(KEY, 10), dtype), X)
            assert out.dtype == dtype
            assert out.shape == (6,)
    wide = of(lambda params, x: x * params["w"])
    with pytest.raises(ModelError, match=r"outputs \[points\] or \[points, 1\], found shape \(6, 10\)"):
        wide(wide.draw(KEY, 10), X)


# ---- What a model must not do


def constants(params, x):
    scaled = x * np.linspace(0, 1, x.shape[1])  # here
    return scaled @ params["w"]


def inside(params, x):
    return jax.nn.relu(jax.jit(constants)(params, x))


@pytest.mark.parametrize("apply", [constants, inside])
def test_float64_inside_is_refused_with_its_line(apply):
    model = of(apply)
    lines, first = inspect.getsourcelines(constants)
    line = first + next(number for number, text in enumerate(lines) if "# here" in text)
    with pytest.raises(ModelError, match=rf"found float64 from .*test_model\.py, line {line}\)"):
        require_sound(model, KEY, np.asarray(X))


@pytest.mark.slow
def test_convolutions_of_neural_tangents_have_a_cure():
    """`stax.Conv` multiplies by a NumPy float64: refused, with the cure, which is one."""
    from harness.ntk import compat

    compat.load()
    from neural_tangents import stax

    def made(w_std):
        init, apply, _ = stax.serial(
            stax.Conv(3, (3,), W_std=w_std), stax.Relu(), stax.Flatten(), stax.Dense(1)
        )
        return Model(lambda key, shape: init(key, (-1, 10, 1)), lambda p, x: apply(p, x[:, :, None]))

    refused, cured = made(1.5), made(compat.PlainFloat(1.5))
    with pytest.raises(ModelError, match=r"float64 from .*test_model\.py, line \d+.*compat.PlainFloat"):
        require_float32(refused, refused.draw(KEY, 10), X)
    params = cured.draw(KEY, 10)
    require_sound(cured, KEY, np.asarray(X))
    np.testing.assert_allclose(cured(params, X), refused(cast(params, jnp.float64), X), rtol=1e-4, atol=1e-5)
    assert compat.PlainFloat(1.5) / np.float64(2) == 0.75


def dropout(params, x):
    return jnp.where(jax.random.bernoulli(jax.random.key(3), 0.5, x.shape), x, 0) @ params["w"]


def drawn_when_traced(params, x):
    return x @ params["w"] * np.random.default_rng().random()


def counting(params, x):
    return x @ params["w"] / x.shape[0]


@pytest.mark.parametrize(
    ("apply", "reason"),
    [
        (skip_network.mixing, "depend on the other rows: batch normalisation?"),
        pytest.param(dropout, "depend on the position of a row: is dropout left on?", marks=pytest.mark.slow),
        (drawn_when_traced, "change when the same call is repeated: is dropout left on?"),
        pytest.param(counting, "depend on the number of rows", marks=pytest.mark.slow),
    ],
)
def test_rows_that_are_mixed_are_refused_with_the_reason(apply, reason):
    model, found = of(apply), re.escape(f"found outputs that {reason}")
    with pytest.raises(ModelError, match=rf"expected outputs that each depend on their own row .*{found}"):
        require_rows_apart(model, model.draw(KEY, 10), X[:3])


def test_an_honest_network_passes():
    """And they are looked at once in a process."""
    traced = []

    def apply(params, x):
        traced.append(x.shape)
        return jnp.sin(x @ params["w"])

    model = of(apply)
    require_sound(model, KEY, np.asarray(X))
    looks = len(traced)
    require_sound(model, KEY, np.asarray(X))
    assert len(traced) == looks > 4


def test_what_cannot_be_traced_is_told_in_its_own_words():
    def apply(params, x):
        return x @ params["w"] if x[0, 0] > 0 else x[:, 0]

    model = of(apply)
    with pytest.raises(ModelError, match=r"apply to be traced by JAX, found TracerBoolConversionError"):
        require_float32(model, model.draw(KEY, 10), X)


# ---- What is derived


@pytest.mark.slow
def test_the_general_ways_are_those_of_the_fully_connected_network():
    """Trained by the same program, to the bit; kernels by Jacobians and by layers agree to rounding."""
    assert PLAIN.draw(KEY, 10)[0][0].tolist() == PARAMS[0][0].tolist()
    one, other = descend(PARAMS, FAST), descend(PARAMS, PLAIN)
    jax.tree.map(np.testing.assert_array_equal, one, other)
    for points in ((SPLIT.x_train,), (SPLIT.x_test, SPLIT.x_train)):
        found = PLAIN.tangent_kernel(PARAMS, *points)
        np.testing.assert_allclose(found, FAST.tangent_kernel(PARAMS, *points), rtol=1e-12, atol=1e-12)
    largest = np.linalg.eigvalsh(FAST.tangent_kernel(PARAMS, SPLIT.x_train))[-1]
    assert float(PLAIN.largest_eigenvalue(PARAMS, X)) == pytest.approx(largest, rel=1e-9)


def test_the_largest_eigenvalue_by_power_iteration():
    """Of kernels that are known: with a gap, without one (any of them will do), of rank one, and nothing."""
    for values in ([9.0, 1.0, 0.5], [2.0, 2.0, 1.0], [2.0, 1.999, 1.0], [3.0, 0.0, 0.0]):
        roots = np.diag(np.sqrt(values))
        found = tangent.largest_eigenvalue(lambda p, x: x @ p, jnp.ones(3), jnp.asarray(roots))
        assert float(found) == pytest.approx(max(values), rel=1e-3)
    assert float(tangent.largest_eigenvalue(lambda p, x: 0 * x @ p, jnp.ones(3), jnp.eye(3))) == 0


def test_linearised_is_the_taylor_expansion():
    precise = cast(PARAMS, jnp.float64)
    line = tangent.linearised(PLAIN, precise)
    step = jax.tree.map(lambda leaf: jnp.sin(jnp.arange(1.0, leaf.size + 1)).reshape(leaf.shape), precise)
    zero = jax.tree.map(jnp.zeros_like, precise)
    np.testing.assert_allclose(line(zero, X), PLAIN(precise, X), rtol=1e-12)
    h = 1e-6
    moved = jax.tree.map(lambda p, s: p + h * s, precise, step)
    slope = (PLAIN(moved, X) - PLAIN(precise, X)) / h
    np.testing.assert_allclose(line(step, X) - line(zero, X), slope, rtol=1e-4)  # of order h, and 1e-16/h


@pytest.mark.slow
def test_some_leaves_alone_are_trained_and_make_the_kernel():
    """The last layer's: the others stay what they are, to the bit; the kernel is that layer's term."""
    moving = readout_leaves(PLAIN, PARAMS, X)
    assert moving.leaves == (False, False, True, True)
    final = descend(PARAMS, PLAIN, moving=moving)
    (weights, biases), (last, last_bias) = final.params
    assert np.array_equal(weights, PARAMS[0][0])
    assert np.array_equal(biases, PARAMS[0][1])
    assert final.loss < final.initial_loss
    features = np.asarray(network.features(PARAMS, ARCHITECTURE, X), dtype=np.float64)
    w, b = (np.asarray(leaf, dtype=np.float64) for leaf in PARAMS[1])
    for _ in range(20):
        left = features @ w[:, 0] * (1.5 / np.sqrt(8)) + 0.1 * b - SPLIT.y_train
        w, b = w - 0.05 * (1.5 / np.sqrt(8)) * features.T @ left[:, None], b - 0.05 * 0.1 * left.sum()
    np.testing.assert_allclose(last, w, atol=1e-5)  # float32: 1e-7 a step
    np.testing.assert_allclose(last_bias, b, atol=1e-5)
    f, part = tangent.some_leaves(PLAIN, cast(PARAMS, jnp.float64), moving)
    np.testing.assert_allclose(
        jacobian_ntk(f, part, SPLIT.x_train), 1.5**2 / 8 * features @ features.T + 0.01, rtol=1e-6
    )


def test_a_readout_must_be_the_last_layer():
    for readout, found in (
        (lambda params: [(True, True), (False, False)], "a second difference of"),
        (lambda params: [(True, True), (True, True)], "a second difference of"),
        (lambda params: [(False, False)] * 2, "true for none"),
        (lambda params: [True, False], "PyTreeDef"),
    ):
        with pytest.raises(ModelError, match=found):
            readout_leaves(Model(FAST.init, FAST.apply, readout=readout), PARAMS, X)
    with pytest.raises(NotCovered, match="does not say which parameters are its last layer's"):
        readout_leaves(Model(FAST.init, FAST.apply), PARAMS, X)
    model = build("skip_network:skip_with_readout", {"width": 8})
    assert readout_leaves(model, model.draw(KEY, 10), X).leaves == (False, False, False, True)


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_what_is_affine_does_not_depend_on_the_size_of_the_outputs(size):
    def apply(params, x):
        return size * FAST.apply(params, x)

    assert any(readout_leaves(Model(FAST.init, apply, readout=FAST.readout), PARAMS, X).leaves)
    with pytest.raises(ModelError, match="a second difference of"):
        readout_leaves(Model(FAST.init, apply, readout=lambda params: [(True, True)] * 2), PARAMS, X)


def test_without_an_analytic_kernel_the_networks_own_sets_the_rate():
    initials = [train.initialise(train.network_key(0, number), FAST, X, X_TEST) for number in range(2)]
    own = train.own_largest_eigenvalues(initials, FAST, X)
    np.testing.assert_allclose(train.learning_rates(0.75, None, own), 1.5 / own)
    with pytest.raises(StageError, match="expected above 0 and finite, found 0 to 0"):
        train.learning_rates(0.75, None, np.zeros(1))


def test_a_kernel_as_stax_gives_it():
    """Of two arrays, and None for a Gram matrix; compiled once for equal models."""
    seen = []

    def kernel(x1, x2, get):
        seen.append((x2 is None, get))
        first = x1 @ (x1 if x2 is None else x2).T
        return SimpleNamespace(nngp=first, ntk=2 * first)

    for _ in range(2):
        model = Model(FAST.init, FAST.apply, kernel, key=("mine", kernel))
        nngp, ntk = model.analytic(SPLIT.x_train)
        cross = model.analytic(SPLIT.x_test, SPLIT.x_train)[0]
    assert seen == [(True, ("nngp", "ntk")), (False, ("nngp", "ntk"))]
    np.testing.assert_allclose(ntk, 2 * SPLIT.x_train @ SPLIT.x_train.T, rtol=1e-12)
    np.testing.assert_allclose(2 * nngp, ntk, rtol=1e-12)
    assert cross.shape == (3, 6)
    expected = kernels.nngp_ntk(ARCHITECTURE, SPLIT.x_train)
    assert np.array_equal(FAST.analytic(SPLIT.x_train), expected)


def test_kernels_that_are_not_there_or_wrong():
    def missing(x1, x2, get):
        raise NotImplementedError("no kernel of sort")

    def flat(x1, x2, get):
        return SimpleNamespace(nngp=x1[:, 0], ntk=x1[:, 0])

    for kernel, error, message in (
        (None, NotCovered, "no analytic kernel is known of it"),
        (missing, NotCovered, "no kernel of sort"),
        (flat, ModelError, r"a kernel whose nngp is \(6, 6\), found shape \(6,\)"),
    ):
        with pytest.raises(error, match=message):
            Model(FAST.init, FAST.apply, kernel).analytic(SPLIT.x_train)
