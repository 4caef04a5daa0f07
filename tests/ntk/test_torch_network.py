"""A module of PyTorch gives what the same network of JAX gives: outputs, kernels, λ₀, training, features."""

import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is no dependency: `pip install torch` to run this")

from harness.declare import NotCovered, collect_stages  # noqa: E402
from harness.ntk.experiments.network import measure_network  # noqa: E402
from harness.ntk.jax_network import JaxNetwork  # noqa: E402
from harness.ntk.model import Model, ModelError  # noqa: E402
from harness.ntk.torch_network import TorchNetwork  # noqa: E402
from harness.ntk.trainable import Course, Recipe  # noqa: E402

pytestmark = pytest.mark.slow

RANDOM = np.random.default_rng(0)
X, X_TEST = RANDOM.standard_normal((6, 3)), RANDOM.standard_normal((4, 3))
Y, SHARES = RANDOM.standard_normal((6, 2)), np.eye(2)[RANDOM.integers(0, 2, 6)]


def module():
    return torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))


def pair():
    """The same network twice, with the same parameters."""
    made = TorchNetwork("mlp", module, 0)
    start = [jnp.asarray(leaf.numpy()) for leaf in made.places[0].values()]

    def apply(params, x):
        w, b, v, c = params
        return jnp.tanh(x @ w.T + b) @ v.T + c

    return made, JaxNetwork(Model(lambda key, shape: ((-1, 2), start), apply), 0, 3)


def test_before_training():
    made, other = pair()
    assert made.size() == other.size() == 32
    np.testing.assert_allclose(made.outputs(0, X), other.outputs(0, X), rtol=1e-9)
    one, two = (each.kernel(0, X, 2, entire=True) for each in (made, other))
    np.testing.assert_allclose(one.products, two.products, rtol=1e-9)
    probed = made.kernel(0, X, 2, entire=False)
    np.testing.assert_allclose(probed.times(Y), one.times(Y), rtol=1e-9)
    np.testing.assert_allclose(made.across(0, X, X_TEST, Y), other.across(0, X, X_TEST, Y), rtol=1e-9)
    for loss in ("squared", "cross-entropy"):
        assert made.sharpness(0, X, loss) == pytest.approx(other.sharpness(0, X, loss), rel=1e-5)
    (features,) = made.last_inputs(0, X)
    np.testing.assert_allclose(np.repeat(features, 2, axis=0).shape, (12, 5))
    w, b = (made.places[0][name].double().numpy() for name in ("0.weight", "0.bias"))
    np.testing.assert_allclose(features, np.tanh(X @ w.T + b), rtol=1e-9)


def test_a_module_whose_jacobians_do_not_fit_is_measured_row_by_row(monkeypatch):
    made, _ = pair()
    whole = made.kernel(0, X, 2, entire=True)
    monkeypatch.setattr("harness.ntk.torch_network.GIBIBYTE", 2 * 6 * 2 * 32 * 8 - 1)
    monkeypatch.setattr("harness.ntk.torch_network.jacrev", None)
    rows = made.kernel(0, X, 2, entire=True)
    np.testing.assert_allclose(rows.products, whole.products, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "recipe",
    [Recipe(), Recipe(momentum=0.9), Recipe("cross-entropy", "adam")],
    ids=["sgd", "momentum", "adam"],
)
def test_it_trains_as_the_same_network_of_jax(recipe):
    """1e-4: thirty steps in float32, by two libraries."""
    made, other = pair()
    y = Y if recipe.loss == "squared" else SHARES
    course = Course(recipe, X, y, 0.05, -1.0, [3, 30], 0)
    looks, others = made.train(course), other.train(course)
    assert [look.step for look in looks] == [3, 30]
    np.testing.assert_allclose([look.loss for look in looks], [look.loss for look in others], rtol=1e-4)
    np.testing.assert_allclose(made.outputs(-1, X_TEST), other.outputs(-1, X_TEST), rtol=1e-4, atol=1e-4)
    assert made.weights_moved() == pytest.approx(other.weights_moved(), rel=1e-4)
    line, another = (each.train_linearised(course, X_TEST)[1] for each in (made, other))
    np.testing.assert_allclose(line, another, rtol=1e-4, atol=1e-4)
    assert np.abs(line - made.outputs(-1, X_TEST)).max() > 1e-3


def test_it_ends_at_its_target():
    made, _ = pair()
    target = made.train(Course(Recipe(), X, Y, 0.05, -1.0, [7], 0))[-1].loss
    made, _ = pair()
    (look,) = made.train(Course(Recipe(), X, Y, 0.05, target, [50], 0))
    assert look.step == 7


def sequential(*layers):
    return lambda: torch.nn.Sequential(torch.nn.Linear(3, 5), *layers, torch.nn.Linear(5, 2))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (sequential(torch.nn.BatchNorm1d(5)), r"depend on the other rows.*training mode: module\.eval\(\)"),
        (sequential(torch.nn.Dropout(0.5)), r"the same call is repeated: is dropout left on\?"),
        (lambda: torch.nn.Linear(3, 4), "expected 2 outputs, as the data have targets, found 4"),
    ],
    ids=["batch normalisation", "dropout", "outputs"],
)
def test_wrong_networks_are_refused(make, said):
    with pytest.raises(ModelError, match=said):
        TorchNetwork("wrong", make, 0).require_sound(X, 2, "squared")


def test_in_evaluation_mode_they_are_sound():
    layers = torch.nn.BatchNorm1d(5), torch.nn.Dropout(0.5)
    TorchNetwork("right", lambda: sequential(*layers)().eval(), 0).require_sound(X, 2, "squared")


def test_another_seed_is_another_network_and_a_checkpoint_is_one():
    assert TorchNetwork("drawn", module, 0).is_redrawn(3)
    state = module().state_dict()

    def saved():
        made = module()
        made.load_state_dict(state)
        return made

    assert not TorchNetwork("saved", saved, 0).is_redrawn(3)


def test_what_torch_lacks_is_not_covered():
    made, _ = pair()
    with pytest.raises(NotCovered, match=r"torch\.optim has no lion"):
        made.train(Course(Recipe(optimizer="lion"), X, Y, 0.05, -1.0, [3], 0))


def test_a_trial_of_the_experiment():
    with collect_stages() as stages:
        values = measure_network(seed=0, model="torch_network_of_ours:net", train=12, test=20, steps=200)
    assert {stage.name for stage in stages if not stage.ok} == {"classes"}
    assert values["linearised-vs-own-ntk.distance"] < 1e-3
