"""Adam, mini-batches and plain gradient descent against the same rules written in NumPy, float64."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from harness.ntk import data, kernels, network, optimizers, solve, train
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import float64_ntk
from harness.ntk.fully_connected import fully_connected
from harness.ntk.optimizers import Optimizer

LINEAR = Architecture(0, 1, "identity", 1.5, 0.5, "standard")
SPLIT = data.split("sphere", train=12, test=5, seed=0)


def precise_start(architecture, split=SPLIT, count=1):
    """As the experiment starts, in float64: two ways to compute then differ by their formulas alone."""
    model = fully_connected(architecture)
    return [
        initial._replace(params=jax.tree.map(lambda p: p.astype(jnp.float64), initial.params))
        for initial in (
            train.initialise(train.network_key(0, number), model, split.x_train, split.x_test)
            for number in range(count)
        )
    ]


def run(initials, architecture, rate, steps, **kwargs):
    targets = np.repeat(SPLIT.y_train[:, None], len(initials), axis=1)
    rates, model = np.full(len(initials), rate), fully_connected(architecture)
    return train.train(initials, model, SPLIT.x_train, targets, SPLIT.x_test, rates, 0.0, steps, **kwargs)


def linear(params):
    """(θ, X, X_test) of the linear model f = Xθ, the bias last."""
    ((weights, bias),) = params
    with_ones = [np.concatenate([x, np.ones((len(x), 1))], axis=1) for x in (SPLIT.x_train, SPLIT.x_test)]
    return np.concatenate([np.asarray(weights)[:, 0], np.asarray(bias)]), *with_ones


def test_gradient_descent_of_a_relu_network_by_hand():
    """Backpropagation written out, 300 steps, one hidden layer."""
    architecture = Architecture(1, 16, "relu", 1.5, 0.1)
    initials = precise_start(architecture)
    (w1, b1), (w2, b2) = [[np.asarray(p) for p in layer] for layer in initials[0].params]
    x, y, rate = SPLIT.x_train, SPLIT.y_train, 0.02
    first, last = 1.5 / np.sqrt(10), 1.5 / np.sqrt(16)

    def forward(x):
        h = first * x @ w1 + 0.1 * b1
        return h, (last * np.maximum(h, 0) @ w2 + 0.1 * b2)[:, 0]

    for _ in range(300):
        h, f = forward(x)
        r = (f - y)[:, None]
        back = last * r @ w2.T * (h > 0)
        w2, b2 = w2 - rate * last * np.maximum(h, 0).T @ r, b2 - rate * 0.1 * r.sum(0)
        w1, b1 = w1 - rate * first * x.T @ back, b1 - rate * 0.1 * back.sum(0)
    runs = run(initials, architecture, rate, 300)
    assert runs.steps[0] == runs.steps_taken[0] == 300
    np.testing.assert_allclose(runs.f_test[:, 0], forward(SPLIT.x_test)[1], rtol=1e-9)
    assert runs.loss[0] == pytest.approx(np.mean((forward(x)[1] - y) ** 2), rel=1e-9)
    assert runs.loss[0] < 0.1 * runs.initial_loss[0]


@pytest.mark.parametrize("steps", [1, 2, 60])
def test_adam_is_algorithm_1(steps):
    """Kingma & Ba 2015, Algorithm 1, on the mean of r² of a linear model."""
    initials = precise_start(LINEAR)
    theta, x, x_test = linear(initials[0].params)
    m, v, rate = np.zeros_like(theta), np.zeros_like(theta), 0.05
    for t in range(1, steps + 1):
        g = 2 * x.T @ (x @ theta - SPLIT.y_train) / len(x)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        theta = theta - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    runs = run(initials, LINEAR, rate, steps, optimizer=Optimizer("adam"))
    np.testing.assert_allclose(runs.f_test[:, 0], x_test @ theta, rtol=1e-10)


def test_adam_of_a_network_is_that_of_optax():
    """Twenty steps; they differ by roundings of float64 alone."""
    architecture = Architecture(1, 8)
    (initial,) = precise_start(architecture)
    adam, params = optax.adam(0.05), initial.params
    state = adam.init(params)

    @jax.jit
    def step(params, state):
        def loss(params):
            return jnp.mean((network.apply(params, architecture, SPLIT.x_train) - SPLIT.y_train) ** 2)

        updates, state = adam.update(jax.grad(loss)(params), state)
        return optax.apply_updates(params, updates), state

    for _ in range(20):
        params, state = step(params, state)
    runs = run([initial], architecture, 0.05, 20, optimizer=Optimizer("adam"))
    for mine, other in zip(jax.tree.leaves(runs.params[0]), jax.tree.leaves(params), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-10, atol=1e-12)


def test_adam_in_float32_is_that_of_float64():
    """1 − β^t by itself would lose four digits of the second moment at the first step."""
    initials = precise_start(LINEAR)
    rough = [initials[0]._replace(params=jax.tree.map(lambda p: p.astype(jnp.float32), initials[0].params))]
    one, other = (run(start, LINEAR, 0.05, 3, optimizer=Optimizer("adam")) for start in (initials, rough))
    np.testing.assert_allclose(one.f_test, other.f_test, atol=2e-6)


@pytest.mark.parametrize(
    ("batch", "steps"), [(5, 9), *(pytest.param(*case, marks=pytest.mark.slow) for case in [(4, 9), (7, 6)])]
)
def test_mini_batches_by_hand(batch, steps):
    """Whole epochs, batches that do and that do not divide the 12 points; each network its own order."""
    initials = precise_start(LINEAR, count=2)
    keys = [train.batch_key(3, number) for number in range(2)]
    runs = run(initials, LINEAR, 0.01, steps, optimizer=Optimizer("sgd", batch), keys=keys)
    stride = -(-12 // batch)
    assert runs.stride == stride
    assert np.all(runs.steps == -(-steps // stride) * stride)
    for number in range(2):
        theta, x, x_test = linear(initials[number].params)
        for epoch in range(-(-steps // stride)):
            for points, present in zip(*optimizers.batches(keys[number], epoch, 12, batch), strict=True):
                b = np.asarray(points)[np.asarray(present)]
                theta = theta - 0.01 * x[b].T @ (x[b] @ theta - SPLIT.y_train[b])
        np.testing.assert_allclose(runs.f_test[:, number], x_test @ theta, rtol=1e-10)
        assert runs.loss[number] == pytest.approx(np.mean((x @ theta - SPLIT.y_train) ** 2), rel=1e-9)


def test_one_batch_of_all_points_is_gradient_descent():
    """But for the order of the points in its sums: 1e-16 a step in float64."""
    architecture = Architecture(1, 16, "relu", 1.5, 0.1)
    initials = precise_start(architecture)
    keys = [train.batch_key(0, 0)]
    one = run(initials, architecture, 0.02, 100)
    other = run(initials, architecture, 0.02, 100, optimizer=Optimizer("sgd", 12), keys=keys)
    assert np.array_equal(one.steps, other.steps)
    np.testing.assert_allclose(one.f_test, other.f_test, rtol=1e-10)
    assert one.loss[0] < 0.5 * one.initial_loss[0]


@pytest.mark.parametrize(("points", "batch"), [(12, 4), (12, 5), (12, 12), (12, 1), (7, 6)])
def test_an_epoch_visits_each_point_once(points, batch):
    orders = []
    for epoch in range(20):
        indices, present = optimizers.batches(jax.random.key(5), epoch, points, batch)
        assert indices.shape == present.shape == (-(-points // batch), batch)
        visited = np.asarray(indices)[np.asarray(present)]
        assert sorted(visited) == list(range(points))
        assert np.all(np.asarray(present)[:-1])  # only the last batch is not full
        orders.append(tuple(visited))
    assert len(set(orders)) == 20


def test_the_order_of_batches_depends_on_seed_and_number_only():
    keys = [train.batch_key(seed, number) for seed in range(4) for number in range(8)]
    keys += [train.network_key(seed, number) for seed in range(4) for number in range(8)]
    assert len({tuple(jax.random.key_data(key).tolist()) for key in keys}) == 64


def test_the_bound_holds_for_every_batch():
    """All batches of 1 to 8 of 8 points; for all points it is λ_max itself."""
    for architecture in (Architecture(1, 64), Architecture(3, 64, "erf", 1.0, 0.0)):
        gram = kernels.nngp_ntk(architecture, SPLIT.x_train[:8])[1]
        for batch in range(1, 9):
            largest = max(
                np.linalg.eigvalsh(gram[np.ix_(b, b)])[-1] for b in itertools.combinations(range(8), batch)
            )
            bound = optimizers.batch_eigenvalue(gram, batch)
            assert largest * (1 - 1e-12) <= bound <= solve.largest_eigenvalue(gram) * (1 + 1e-12)
        assert optimizers.batch_eigenvalue(gram, 1) == pytest.approx(np.diag(gram).max(), rel=1e-12)
        assert optimizers.batch_eigenvalue(gram, 8) == pytest.approx(np.linalg.norm(gram, 2), rel=1e-12)
    signed = np.array([[1.0, -1.0], [-1.0, 1.0]])  # absolute values: λ_max is 2
    assert optimizers.batch_eigenvalue(signed, 2) == pytest.approx(2)


def test_rates_of_mini_batches():
    """The larger bound of both kernels; with all points in a batch, the rate of gradient descent."""
    gram = kernels.nngp_ntk(LINEAR, SPLIT.x_train)[1]
    own = [gram, 3 * gram]
    for batch in (1, 5, 12):
        bound = optimizers.batch_eigenvalue(gram, batch)
        rates = optimizers.batch_learning_rates(0.5, batch, 2 * gram, own)
        np.testing.assert_allclose(rates, [1 / (2 * bound), 1 / (3 * bound)])
    initials = precise_start(LINEAR)
    mine = float64_ntk(initials[0].params, LINEAR, SPLIT.x_train)
    largest = train.own_largest_eigenvalues(initials, fully_connected(LINEAR), SPLIT.x_train)
    by_descent = train.learning_rates(0.75, solve.largest_eigenvalue(gram), largest)
    np.testing.assert_allclose(optimizers.batch_learning_rates(0.75, 12, gram, [mine]), by_descent, rtol=1e-5)


def test_a_linear_model_converges_at_the_rate_of_its_batches():
    """At any rate below 2 over the bound, in steps that a full batch of that rate would diverge with."""
    split = data.split("sphere", train=8, test=5, seed=0)
    architecture = Architecture(0, 1, "identity", 1.5, 0.5)
    gram = kernels.nngp_ntk(architecture, split.x_train)[1]
    initials = precise_start(architecture, split)
    rates = optimizers.batch_learning_rates(0.97, 2, gram, [gram])
    assert rates[0] * solve.largest_eigenvalue(gram) > 2
    keys, targets = [train.batch_key(0, 0)], split.y_train[:, None]
    sgd = {"optimizer": Optimizer("sgd", 2), "keys": keys}
    runs = train.train(
        initials,
        fully_connected(architecture),
        split.x_train,
        targets,
        split.x_test,
        rates,
        1e-6,
        50_000,
        **sgd,
    )
    train.require_trained("single", runs, rates, 1e-6, 50_000)


def test_impossible_optimizers():
    for wrong in (("newton", 0), ("sgd", 0), ("gd", 4), ("adam", 4)):
        with pytest.raises(ValueError, match="expected"):
            Optimizer(*wrong)
    with pytest.raises(ValueError, match="expected a key"):
        run(precise_start(LINEAR), LINEAR, 0.01, 2, optimizer=Optimizer("sgd", 4))


def test_outputs_are_those_of_the_network():
    params = precise_start(LINEAR)[0].params
    found = train.outputs(params, fully_connected(LINEAR), SPLIT.x_test)
    np.testing.assert_allclose(found, network.apply(params, LINEAR, SPLIT.x_test), rtol=1e-12)
