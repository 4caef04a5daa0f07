"""Breaks training at scale on purpose: scales, the unit of rates, decay, centring, what is measured.

    python tests/finite_width_mutants.py [NAME ...]

As `tests/theory_mutants.py`, whose tools it uses; the suite is `suites/finite-width.toml`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
sys.path.insert(0, str(Path(__file__).parent))
from theory_mutants import TheoryMutant, main

TRAINING = "harness/ntk/scaled_training.py"
PREDICTIONS = "harness/ntk/scaled_predictions.py"
POINTS = "harness/ntk/drawn_points.py"
COMPUTED = "harness/ntk/experiments/_scale_computed.py"
EXPERIMENT = "harness/ntk/experiments/scale.py"
T = "tests/ntk/test_"


SUITES = ("suites/finite-width.toml",)


def _of(name: str, file: str, old: str, new: str, tests: str, claims: str = "") -> TheoryMutant:
    return TheoryMutant(name, file, old, new, f"{T}{tests}.py", claims=claims)


MUTANTS = [
    _of("α squared", EXPERIMENT, "alpha / gamma", "alpha**2 / gamma", "scaled_training"),
    _of(
        "γ₀ multiplies",
        EXPERIMENT,
        "alpha / gamma",
        "alpha * gamma",
        "scaled_training",
        "one-rich-hidden-layer",
    ),
    _of(
        "γ₀ without width",
        EXPERIMENT,
        "alpha / gamma * width**-exponent",
        "alpha / gamma",
        "scaled_training",
        "width-does-not-matter and network=erf,",
    ),
    _of(
        "width to the wrong side",
        EXPERIMENT,
        "width**-exponent",
        "width**exponent",
        "scaled_training",
        "width-does-not-matter and network=erf,",
    ),
    _of(
        "rate grows without its exponent",
        EXPERIMENT,
        "learning_rate * (width / BASE_WIDTH) ** rate_exponent",
        "learning_rate",
        "scaled_training",
        "standard-throws-outputs-up",
    ),
    _of(
        "rate in units of 1/λ₀",
        TRAINING,
        "settings.rate * 2 / largest",
        "settings.rate / largest",
        "scaled_training",
        "the-catapult-lifts-the-loss and learning-rate=1.25",
    ),
    _of(
        "unit from the trace",
        TRAINING,
        'largest: Float[Array, ""] = jnp.linalg.eigvalsh(root[:, None] * kernel * root[None, :])[-1]',
        'largest: Float[Array, ""] = jnp.trace(root[:, None] * kernel * root[None, :])',
        "scaled_training",
        "one-hidden-layer-does-not-survive-it",
    ),
    _of(
        "unit of the unscaled kernel",
        TRAINING,
        "kernel_0 = s**2 * empirical_ntk(wide_0, architecture, x)",
        "kernel_0 = empirical_ntk(wide_0, architecture, x)",
        "scaled_training",
        "both-layers-speed-up and gamma=1",
    ),
    _of(
        "kernels of f, not of F",
        TRAINING,
        "        kernel = s**2 * empirical_ntk(wide, architecture, x)",
        "        kernel = empirical_ntk(wide, architecture, x)",
        "scaled_training",
        "the-final-kernel-has-the-networks-error",
    ),
    _of(
        "cross kernels scaled once",
        TRAINING,
        "        s**2 * empirical_ntk(each, architecture, x_test, x)",
        "        s * empirical_ntk(each, architecture, x_test, x)",
        "scaled_training",
        "the-final-kernel-has-the-networks-error",
    ),
    _of(
        "unit without the loss's curvature",
        TRAINING,
        "largest = largest_curvature(kernel_0, curvature(loss, f_0, y))",
        "largest = largest_curvature(kernel_0, jnp.ones_like(y))",
        "scaled_training",
    ),
    _of("curvature of the wrong label", TRAINING, "likely * (1 - likely)", "likely", "scaled_training"),
    _of(
        "decay on biases",
        TRAINING,
        "biases - step_size * by_biases)",
        "biases - step_size * by_biases - shrink * biases)",
        "scaled_training",
    ),
    _of(
        "decay without the rate",
        TRAINING,
        "rate * settings.decay * largest, settings.by_layers",
        "settings.decay * largest, settings.by_layers",
        "scaled_training",
    ),
    _of(
        "decay not in its unit",
        TRAINING,
        "params_0, rate * settings.decay * largest",
        "params_0, rate * settings.decay",
        "scaled_training",
        "weight-decay-breaks-the-correspondence and =ntk",
    ),
    _of("decay by fan-in without variance", TRAINING, "fan_in / w_std**2", "fan_in", "scaled_training"),
    _of(
        "spikes in all coordinates",
        POINTS,
        "np.arange(inputs) < SPIKES",
        "np.arange(inputs) < inputs",
        "drawn_points",
    ),
    _of(
        "centring forgotten",
        TRAINING,
        "for each in (c * bare_0, y, s, rate)",
        "for each in (0 * bare_0, y, s, rate)",
        "scaled_training",
        "fluctuations-fall-as-root-width and lazy",
    ),
    _of(
        "centring forgotten on test points",
        TRAINING,
        "architecture, x_test) - c * bare_test_0)",
        "architecture, x_test))",
        "scaled_training",
        "fluctuations-fall-as-root-width and lazy",
    ),
    _of(
        "initial scale squared",
        TRAINING,
        "leaf * settings.start.astype",
        "leaf * (settings.start**2).astype",
        "scaled_training",
        "small-networks-are-their-after-kernel and linear and thirtieth",
    ),
    _of(
        "loss not halved",
        TRAINING,
        "0.5 * (f - y) ** 2",
        "(f - y) ** 2",
        "scaled_training",
        "the-loss-only-falls-below-the-edge and learning-rate=0.9",
    ),
    _of(
        "labels forgotten",
        TRAINING,
        "jnp.logaddexp(0.0, -y * f)",
        "jnp.logaddexp(0.0, -f)",
        "scaled_training",
    ),
    _of(
        "early kernel is the first",
        TRAINING,
        "jnp.where(place == early, new, old)",
        "old",
        "scaled_training",
        "an-early-kernel-will-do",
    ),
    _of(
        "peak of the last step",
        TRAINING,
        "& (value > walker.peak)",
        "",
        "scaled_training",
        "the-catapult-lifts-the-loss and learning-rate=1.25",
    ),
    _of(
        "divergence never ends",
        TRAINING,
        "jnp.where(alive, new, old), moved",
        "new, moved",
        "scaled_training",
        "one-hidden-layer-does-not-survive-it",
    ),
    _of(
        "features over nothing",
        TRAINING,
        "jnp.stack([a_0 @ a_0.T, a @ a.T]) / a.shape[1]",
        "jnp.stack([a_0 @ a_0.T, a @ a.T])",
        "scaled_training",
        "a-spike-along-the-targets and gamma=1",
    ),
    _of(
        "linearised without f₀",
        PREDICTIONS,
        "predicted: AtTest = f_test_0 + cross @",
        "predicted: AtTest = cross @",
        "scaled_predictions",
    ),
    _of(
        "a step too many",
        PREDICTIONS,
        "(1 - rate * values) ** steps",
        "(1 - rate * values) ** (steps + 1)",
        "scaled_predictions",
    ),
    _of(
        "spike linear in γ₀",
        PREDICTIONS,
        "math.sqrt(1 + richness**2 * float(y @ y))",
        "math.sqrt(1 + richness * float(y @ y))",
        "scaled_predictions",
        "a-spike-along-the-targets and gamma=0.5",
    ),
    _of(
        "one layer's half time",
        PREDICTIONS,
        "1 / (2 * np.sqrt(1",
        "1 / (np.sqrt(1",
        "scaled_predictions",
        "both-layers-speed-up and gamma=1",
    ),
    _of(
        "γ₀ of another width",
        COMPUTED,
        "1 / (setting.output * math.sqrt(setting.architecture.width))",
        "1 / (setting.output * setting.architecture.width)",
        "scaled_training",
        "a-spike-along-the-targets and gamma=1",
    ),
    _of(
        "half time in steps",
        COMPUTED,
        "network.times * network.rate * setting.output**2",
        "network.times * network.rate",
        "scaled_training",
        "both-layers-speed-up and gamma=1",
    ),
    _of(
        "after-kernel of the start",
        COMPUTED,
        '("after", -1)',
        '("after", 0)',
        "scaled_training",
        "the-final-kernel-has-the-networks-error",
    ),
    _of(
        "late half is the first",
        COMPUTED,
        "lengths[len(lengths) // 2 :]",
        "lengths[: len(lengths) // 2]",
        "scaled_training",
        "smooth-kernels-come-to-rest and erf",
    ),
    _of(
        "whitened inputs of norm one",
        POINTS,
        "x = math.sqrt(inputs) * basis.T",
        "x = basis.T",
        "drawn_points",
        "a-spike-along-the-targets and gamma=1",
    ),
    _of(
        "staircase without its root",
        POINTS,
        "return value() / math.sqrt(variance)",
        "return value()",
        "drawn_points",
    ),
]


if __name__ == "__main__":
    main(MUTANTS, SUITES)
