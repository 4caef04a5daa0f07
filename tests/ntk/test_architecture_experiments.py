"""Experiments of the suite `architectures`: what each number is, by another way to it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import eval_legendre

from harness.declare import collect_stages
from harness.ntk.attention import apply_attention
from harness.ntk.attention_draws import draw_variances
from harness.ntk.data import inputs
from harness.ntk.experiments.attention import attention_at_start
from harness.ntk.experiments.convolutional_kernels import convolutional_kernels
from harness.ntk.experiments.deep_kernels import deep_kernels
from harness.ntk.experiments.image_regression import image_regression
from harness.ntk.experiments.random_networks import random_networks_experiment
from harness.ntk.image_data import class_split
from harness.ntk.named_models import build
from harness.ntk.sampled_kernels import own_kernels_of
from harness.ntk.specifications import Attentive, Scales
from harness.ntk.spectral_decay import decay


def test_shifts_and_sharing_are_seen_where_they_should_be():
    """Flattened: sharing is not seen, moves are. Pooled: the other way round. Zero padding sees edges."""
    flat = convolutional_kernels(seed=0, points=2)
    pooled = convolutional_kernels(seed=0, points=2, read_out="average")
    zeros = convolutional_kernels(seed=0, points=2, read_out="average", padding="zero")
    for kind in ("nngp", "ntk"):
        assert flat[f"{kind}.sharing-distance"] < 1e-12 < 0.1 < flat[f"{kind}.shift-distance"]
        assert pooled[f"{kind}.shift-distance"] < 1e-12 < 0.1 < pooled[f"{kind}.sharing-distance"]
        assert zeros[f"{kind}.shift-distance"] > 1e-4


def test_a_spectrum_that_is_known():
    """λ_k = k^-3 for k ≥ 1, as a sum of Legendre polynomials: 2 K(t) = Σ (2k + 1) k^-3 P_k(t)."""

    def kernel(x, y):
        cosines = x @ y.T / 3
        return sum((k + 0.5) * k**-3.0 * eval_legendre(k, cosines) for k in range(1, 100))

    assert decay(kernel, (16, 64)) == pytest.approx(3, abs=1e-7)  # rounding of 1e-16 beside 4e-6


def test_the_feedforward_ntk_degenerates_and_the_residual_one_does_not():
    """Without biases Θ/Θ(x,x) tends to 1/4 off the diagonal: of 16 points a condition of (1 + 15/4)/(3/4)."""
    scales = {"w_std": 2**0.5, "b_std": 0.0, "decay": 1.0}
    deep, shallow = (deep_kernels(seed=0, hidden=hidden, **scales) for hidden in (200, 20))
    assert deep["without.condition"] == pytest.approx((3 / 4 + 4) / (3 / 4), rel=0.1)
    assert deep["without.spread"] < 0.2 * shallow["without.spread"]
    assert deep["ntk.spread"] == pytest.approx(shallow["ntk.spread"], rel=0.05)
    with collect_stages() as reports:
        one = deep_kernels(seed=0, hidden=1, **scales)
    assert one["ntk.condition"] == one["without.condition"]
    assert "ntk.decay" not in one
    assert any(report.failure.startswith("expected eigenvalues above") for report in reports)
    # Of two hidden layers: one without biases has no odd frequencies (Bietti & Mairal 2019 arXiv:1905.12173).
    two = deep_kernels(seed=0, hidden=2, **scales)
    for which in ("", "-without"):
        assert two[f"nngp{which}.decay"] == pytest.approx(5, abs=0.1)
    assert two["ntk.decay"] == pytest.approx(3, abs=0.1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_a_kernel_that_leaves_float64_fails_its_stage():
    with collect_stages() as reports:
        deep_kernels(seed=0, hidden=2000, w_std=2**0.5, b_std=0.0)
    assert any("the kernel is not finite" in report.failure for report in reports)


@pytest.mark.slow
def test_a_models_kernel_and_its_controls():
    found = random_networks_experiment(seed=0, model="residual", width=512, networks=2, points=4)
    assert found["ntk.distance"] < found["ntk-vs-without.distance"]
    with collect_stages() as reports:
        plain = random_networks_experiment(seed=0, model="fully-connected", width=16, networks=2, points=4)
    assert set(plain) == {"nngp.distance", "nngp.mean-distance", "ntk.distance", "ntk.mean-distance"}
    assert [report.missing.kind for report in reports if report.missing] == ["not-covered"]


@pytest.mark.slow
def test_the_distance_of_a_mean_over_networks_by_hand():
    of_model = {"hidden": 2, "width": 32, "start": "ones"}
    found = random_networks_experiment(seed=3, model="fixed-read-out", networks=4, points=5, **of_model)
    model = build("fixed-read-out", of_model)
    x, _ = inputs("sphere", points=5, seed=3, preprocess="default")
    own = own_kernels_of(model, x, networks=4, seed=3)
    for kind, drawn, exact in zip(("nngp", "ntk"), own, model.analytic(x), strict=True):
        expected = np.linalg.norm(sum(drawn) / 4 - exact) / np.linalg.norm(exact)
        assert found[f"{kind}.mean-distance"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
def test_variances_are_those_of_outputs_whose_last_layer_is_drawn_anew():
    net = Attentive(3, 2, 16, "root", "average", Scales(1.2, 0.0))
    x = np.random.default_rng(0).standard_normal((2, 6))
    draws = draw_variances(net, x, networks=3, seed=5)
    from harness.ntk.attention import draw_attention
    from harness.ntk.train import network_key

    params = draw_attention(network_key(5, 0), net, 6)
    outputs = []
    for number in range(2000):
        weights = jax.random.normal(jax.random.key(number), params["last"]["weights"].shape)
        fresh = {**params, "last": {"weights": weights.astype(jnp.float32)}}
        outputs.append(apply_attention(fresh, net, jnp.asarray(x, jnp.float32)))
    # 2000 draws know a variance to 3%.
    np.testing.assert_allclose(np.var(np.stack(outputs), axis=0)[:, 0], draws.variances[0], rtol=0.15)
    np.testing.assert_allclose(draws.given_scores[0], draws.variances[0], rtol=1e-6)
    assert not np.allclose(draws.given_scores[1], draws.variances[1], rtol=1e-3)


@pytest.mark.slow
def test_heads_and_scores():
    one, many = (attention_at_start(seed=0, networks=32, heads=heads, width=32) for heads in (1, 16))
    assert many["outputs.excess-kurtosis"] < one["outputs.excess-kurtosis"]
    linear = attention_at_start(seed=0, networks=32, width=128, attending="linear")
    assert linear["scores.variance"] < 0.3 * attention_at_start(seed=0, networks=32)["scores.variance"]


@pytest.mark.slow
def test_regression_by_hand():
    given = {"hidden": 1, "width": 8, "read_out": "average", "dimensions": 2}
    found = image_regression(seed=0, train=20, test=10, networks=2, ridge=0.1, **given)
    split = class_split("digit-images", train=20, test=10, seed=0, classes=4)
    model = build("convolutional", given)
    gram, cross = model.analytic(split.x_train)[1], model.analytic(split.x_test, split.x_train)[1]
    ridge = 0.1 * np.trace(gram) / 20 * np.eye(20)
    predictions = cross @ np.linalg.solve(gram + ridge, split.y_train)
    error = np.linalg.norm(predictions - split.y_test) / np.linalg.norm(split.y_test)
    assert found["ntk.error"] == pytest.approx(error, rel=1e-9)
    flat = image_regression(seed=0, train=20, test=10, ridge=0.1, stages=frozenset({"exact"}),
                            **{**given, "read_out": "flatten"})  # fmt: skip
    assert set(flat) == {"ntk.error"}
    assert found["without.error"] == pytest.approx(flat["ntk.error"], rel=1e-9)
    assert found["sampled-vs-ntk.square"] > 0
