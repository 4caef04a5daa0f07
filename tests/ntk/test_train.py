"""Gradient descent in one program: against explicit steps, exact solutions, and the theory's rates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk import data, kernels, measures, network, solve, train
from harness.ntk.architecture import Architecture
from harness.ntk.fully_connected import fully_connected
from harness.ntk.optimizers import Optimizer


def start(architecture, split, count=1, seed=0):
    return [
        train.initialise(
            train.network_key(seed, number), fully_connected(architecture), split.x_train, split.x_test
        )
        for number in range(count)
    ]


def run(initials, architecture, split, rates, target_loss=1e-4, max_steps=20_000, targets=None):
    if targets is None:
        targets = np.repeat(split.y_train[:, None], len(initials), axis=1)
    model = fully_connected(architecture)
    return train.train(initials, model, split.x_train, targets, split.x_test, rates, target_loss, max_steps)


def largest(initials, architecture, split):
    return train.own_largest_eigenvalues(initials, fully_connected(architecture), split.x_train)


def outputs(initials, where):
    return np.stack([np.asarray(getattr(initial, where), dtype=float) for initial in initials], axis=1)


def test_the_compiled_loop_takes_these_steps():
    """Seven steps of jax.grad in a Python loop: the same numbers but for the order of float32 sums."""
    architecture = Architecture(2, 16, "erf", 1.5, 0.1)
    split = data.split("sphere", train=12, test=5, seed=0)
    initials = start(architecture, split)
    runs = run(initials, architecture, split, np.array([0.02]), target_loss=0.0, max_steps=7)
    params, x, y = initials[0].params, jnp.asarray(split.x_train), jnp.asarray(split.y_train, jnp.float32)
    slope_at = jax.jit(jax.grad(lambda p: 0.5 * jnp.sum((network.apply(p, architecture, x) - y) ** 2)))
    for _ in range(7):
        params = jax.tree.map(lambda p, g: p - 0.02 * g, params, slope_at(params))
    assert runs.steps[0] == 7
    expected = network.apply(params, architecture, split.x_test)
    np.testing.assert_allclose(runs.f_test[:, 0], expected, atol=1e-5)
    residual = np.asarray(network.apply(params, architecture, x)) - split.y_train
    assert runs.loss[0] == pytest.approx(np.mean(residual**2), rel=1e-4)
    assert runs.initial_loss[0] == pytest.approx(
        np.mean((np.asarray(initials[0].f_train) - split.y_train) ** 2), rel=1e-5
    )


@pytest.mark.parametrize("parameterization", ["ntk", "standard"])
def test_linear_model_against_its_exact_solution(parameterization):
    """Without hidden layers gradient descent is that of a fixed kernel, exactly; 8 points in 11 dimensions.

    At the same step only float32 rounding is left: 1e-7 a step, contracted by the next ones, 1e-5 in all.
    Against infinite time the residual r at the stop is left, of norm √(n · loss), carried to the test
    points by Θ(x,X)Θ⁻¹.
    """
    architecture = Architecture(0, 1, "identity", 1.5, 0.5, parameterization)
    split = data.split("sphere", train=8, test=50, seed=2)
    initials = start(architecture, split, 2)
    gram = kernels.nngp_ntk(architecture, split.x_train)[1]
    cross = kernels.nngp_ntk(architecture, split.x_test, split.x_train)[1]
    solver = solve.factor("NTK", gram)
    own = largest(initials, architecture, split)
    assert own[0] == pytest.approx(solver.largest, rel=1e-5)
    rates = train.learning_rates(0.75, solver.largest, own)
    runs = run(initials, architecture, split, rates, target_loss=1e-6)
    f0, f0_test = outputs(initials, "f_train"), outputs(initials, "f_test")
    at_time = solver.after(runs.steps, rates, cross, split.y_train, f0, f0_test)
    np.testing.assert_allclose(runs.f_test, at_time, atol=1e-5 * np.abs(at_time).max())
    carried = np.linalg.norm(cross @ np.linalg.inv(gram), axis=1) * np.sqrt(8 * 1e-6)
    given = solver.given(cross, split.y_train, f0, f0_test)
    assert np.all(np.abs(runs.f_test - given) <= carried[:, None] + 1e-5 * np.abs(given).max())
    assert np.max(np.abs(runs.f_test - f0_test)) > 0.5  # and it did train


def test_rates_below_and_above_two_over_lambda_max():
    """For a linear model 2/λ_max is the exact border."""
    architecture = Architecture(0, 1, "identity", 1.5, 0.5)
    split = data.split("sphere", train=8, test=5, seed=0)
    initials = start(architecture, split, 2)
    analytic = solve.largest_eigenvalue(kernels.nngp_ntk(architecture, split.x_train)[1])
    own = largest(initials, architecture, split)
    below = train.learning_rates(0.97, analytic, own)
    runs = run(initials, architecture, split, below)
    train.require_trained("single", runs, below, 1e-4, 20_000)
    assert np.all(runs.loss <= 1e-4)
    above = train.learning_rates(1.03, analytic, own)
    runs = run(initials, architecture, split, above)
    assert np.all(runs.steps < 20_000)  # it stops by itself
    with pytest.raises(StageError, match=r"2 of 2 single networks diverged: loss .* after \d+ steps"):
        train.require_trained("single", runs, above, 1e-4, 20_000)


def test_the_larger_kernel_sets_the_rate():
    architecture = Architecture(1, 8)
    split = data.split("sphere", train=16, test=5, seed=0)
    initials = start(architecture, split, 6)
    own = largest(initials, architecture, split)
    middle = float(np.median(own))
    np.testing.assert_allclose(train.learning_rates(0.5, middle, own), 1 / np.maximum(own, middle))
    assert np.array_equal(train.learning_rates(0.5, 1e9, own), np.full(6, 1e-9))


def test_what_is_no_training_is_an_error():
    architecture = Architecture(1, 32)
    split = data.split("sphere", train=16, test=5, seed=0)
    initials = start(architecture, split)
    rates = train.learning_rates(0.75, 0.0, largest(initials, architecture, split))
    for target, budget, message in (
        (1e-4, 5, r"1 of 1 single networks missed the target loss 0.0001 within 5 steps: loss up to"),
        (1e6, 100, r"at most one step, from .*: that is no training"),
    ):
        runs = run(initials, architecture, split, rates, target, budget)
        with pytest.raises(StageError, match=message):
            train.require_trained("single", runs, rates, target, budget)
    runs = run(initials, architecture, split, np.array([np.inf]))
    with pytest.raises(StageError, match="diverged: loss nan"):
        train.require_trained("single", runs, np.array([np.inf]), 1e-4, 20_000)


def test_keys_depend_on_seed_and_number_only():
    """A network keeps its initialisation whatever the number of networks; seeds and numbers differ."""
    keys = [train.network_key(seed, number) for seed in range(4) for number in range(8)]
    assert len({tuple(jax.random.key_data(key).tolist()) for key in keys}) == 32
    split = data.split("sphere", train=8, test=5, seed=0)
    few, many = (outputs(start(Architecture(1, 8), split, count), "f_test") for count in (2, 4))
    assert np.array_equal(few, many[:, :2])


@pytest.mark.parametrize("seed", [0, 7, 2**31 + 5, 2**40])
def test_keys_of_all_networks_are_those_of_each(seed):
    for each, together in ((train.network_key, train.network_keys), (train.batch_key, train.batch_keys)):
        expected = [jax.random.key_data(each(seed, number)).tolist() for number in range(3)]
        assert jax.random.key_data(together(seed, 3)).tolist() == expected


SETTINGS = {
    "gd": (Architecture(1, 16), {}),
    "first layer by signals": (Architecture(1, 64), {}),
    "sgd": (Architecture(2, 16, "erf"), {"optimizer": Optimizer("sgd", 5)}),
    "adam": (Architecture(1, 16, "gelu"), {"optimizer": Optimizer("adam"), "patience": 20}),
}


@pytest.mark.parametrize(
    "name", ["gd", *(pytest.param(n, marks=pytest.mark.slow) for n in list(SETTINGS)[1:])]
)
def test_networks_of_a_trial_are_trained_each_with_what_is_its_own(name):
    """Drawn and trained, to the bit, by its own key, targets, rate, batches and held-out targets."""
    architecture, given = SETTINGS[name]
    split = data.split("digits", train=16, test=5, seed=0, validation=6)
    model, x, x_test = fully_connected(architecture), split.x_train, split.x_test
    keys, order = train.network_keys(0, 3), train.batch_keys(0, 3)
    initials = train.initialise_each(keys, model, x, x_test)
    rates, optimizer = np.array([0.01, 0.02, 0.015]), given.get("optimizer", Optimizer())
    targets = split.y_train[:, None] * np.array([1.0, 2.0, 0.5])
    held = None
    if "patience" in given:
        y = split.y_validation[:, None] * np.array([1.0, 2.0, 0.5])
        held = train.HeldOut(jnp.asarray(split.x_validation), jnp.asarray(y), given["patience"])
    runs = train.train(
        initials, model, x, targets, x_test, rates, 1e-2, 60, optimizer=optimizer,
        keys=list(order) if optimizer.batch else None, held_out=held,
    )  # fmt: skip
    for number in range(3):
        single = train.initialise(keys[number], model, x, x_test)
        jax.tree.map(np.testing.assert_array_equal, initials[number], single)
        final = train.descend(
            single.params, model, optimizer, jnp.asarray(x), jnp.asarray(targets[:, number]),
            jnp.asarray(x_test), jnp.asarray(rates[number]), jnp.asarray(1e-2), jnp.asarray(60, jnp.int32),
            order[number] if optimizer.batch else None,
            None if held is None else held._replace(y=held.y[:, number]),
        )  # fmt: skip
        jax.tree.map(np.testing.assert_array_equal, runs.params[number], final.params)
        assert np.array_equal(runs.f_test[:, number], final.f_test)
        assert runs.steps[number] == final.steps > 1
        assert runs.last_loss[number] == final.last_loss


@pytest.mark.slow
def test_a_wide_network_follows_its_ntk_given_f0():
    """One hidden layer: the distance falls as c·width^(-1/2) (Lee 2019, an upper bound; the kernel's own
    fluctuation at initialisation has this rate).

    c is measured at widths 64 and 256, and 4096 must lie within a factor of 1.5 of what it predicts, on
    either side. Distances of single networks scatter by 0.2 in their logarithm (24 networks, 3 seeds, 4
    widths): 0.07 for the geometric mean of 8, 0.09 for its difference from the mean of two widths; ln 1.5
    is more than four times that.
    """
    split = data.split("sphere", train=16, test=100, seed=0)
    distances = {}
    for width in (64, 256, 4096):
        architecture = Architecture(1, width)
        gram = kernels.nngp_ntk(architecture, split.x_train)[1]
        cross = kernels.nngp_ntk(architecture, split.x_test, split.x_train)[1]
        solver = solve.factor("NTK", gram)
        initials = start(architecture, split, 8)
        rates = train.learning_rates(0.75, solver.largest, largest(initials, architecture, split))
        runs = run(initials, architecture, split, rates)
        train.require_trained("single", runs, rates, 1e-4, 20_000)
        f0, f0_test = outputs(initials, "f_train"), outputs(initials, "f_test")
        at_time = solver.after(runs.steps, rates, cross, split.y_train, f0, f0_test)
        distances[width] = measures.distance(runs.f_test, at_time, split.y_test)
    constant = np.sqrt(distances[64] * 8 * distances[256] * 16)
    assert 1 / 1.5 < distances[4096] * 64 / constant < 1.5, distances
