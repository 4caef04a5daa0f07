"""The experiment `ntk.attention`: how Gaussian the outputs of attention are at initialisation.

A trial draws `networks` networks. Importing this module imports no library.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import Quantity, experiment, stage

RESOLUTION = 1e-5
"""Relative resolution, in float32."""


@experiment(
    "ntk.attention",
    version=1,
    quantities={
        "outputs.excess-kurtosis": Quantity(
            "3 Var q / (E q)², q an output's variance given all but the output layer: the excess kurtosis of "
            "the outputs; mean over points",
            resolution=RESOLUTION,
            stage="outputs",
        ),
        "given-scores.excess-kurtosis": Quantity(
            "the same of networks that share embedding, queries and keys, and so scores; mean over points",
            resolution=RESOLUTION,
            stage="given scores",
        ),
        "scores.variance": Quantity(
            "variance over networks of the scores, before the softmax; mean over points, tokens and heads",
            resolution=RESOLUTION,
            stage="scores",
        ),
    },
    about={
        "points": "points, of standard Gaussian tokens",
        "networks": "initialisations per seed",
        "tokens": "tokens of a point",
        "features": "features of a token",
        "heads": "heads, each of `width` units",
        "width": "units of the embedding, and of every head's queries, keys and values",
        "attending": "scores q·k/width with queries for keys, or q·k/√width",
        "score_std": "scale of queries and of keys",
    },
    precision="float32, variances float64",
)
def attention_at_start(
    *,
    seed: int,
    points: Annotated[int, Meta(ge=1, le=1024)] = 4,
    networks: Annotated[int, Meta(ge=3, le=65_536)] = 32,
    tokens: Annotated[int, Meta(ge=2, le=1024)] = 4,
    features: Annotated[int, Meta(ge=1, le=1024)] = 8,
    heads: Annotated[int, Meta(ge=1, le=1024)] = 1,
    width: Annotated[int, Meta(ge=1, le=65_536)] = 64,
    attending: Literal["linear", "root"] = "root",
    score_std: Annotated[float, Meta(gt=0)] = 1.0,
) -> dict[str, float]:
    """Draw random attention networks without biases, and measure how far their outputs are from Gaussian.

    Hron et al. 2020 (arXiv:2006.10540): with one head, outputs are not Gaussian at any width; with many heads
    they are in the limit. Sakai et al. 2025 (arXiv:2506.00846): given the scores, which stay random, a wide
    layer is Gaussian.
    """
    import numpy as np

    from harness.ntk.attention_draws import draw_variances
    from harness.ntk.random_networks import relative_variance
    from harness.ntk.specifications import Attentive, Scales

    net = Attentive(tokens, heads, width, attending, "average", Scales(1.0, 0.0), score_std)
    with stage("data"):
        x = np.random.default_rng([seed, 0x4154]).standard_normal((points, tokens * features))
    draws = draw_variances(net, x, networks=networks, seed=seed)
    measured: dict[str, float] = {}

    def kurtosis(variances: np.ndarray) -> float:
        return 3 * relative_variance(variances[:, :, None] * np.eye(points))

    with stage("outputs"):
        measured["outputs.excess-kurtosis"] = kurtosis(draws.variances)
    with stage("given scores"):
        measured["given-scores.excess-kurtosis"] = kurtosis(draws.given_scores)
    with stage("scores"):
        measured["scores.variance"] = float(draws.scores.var(axis=0, ddof=1).mean())
    return measured
