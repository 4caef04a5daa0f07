"""Estimates the device memory that one seed of `ntk.regression` takes if seeds are computed abreast.

Importing this module imports no library.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from harness.ntk.preparation import BUNDLED

FEATURES, OWN_FEATURES = 64, 1024
"""The number of inputs of the widest bundled data set, and the number assumed for a user's data set."""

COPIES = 8
"""Copies of a network's parameters during training, in float32: those at the start, the current ones, their
gradient, the step that a stopped network does not take, and what both trainings leave. Optimizers add more
(`_MORE`)."""
_MORE = {"gd": 0, "sgd": 1, "adam": 4}

ACTIVATIONS = 6
"""Copies of each layer's values at each point, in float32: before and after the activation, their gradients,
and two that XLA keeps for fusions."""


def bytes_of_seed(parameters: Mapping[str, Any]) -> int:
    """Bytes that all networks of a seed take; 0 for a model that is unknown until it is built."""
    if parameters["model"] != "fully-connected":
        return 0
    at = parameters
    width, hidden, points = int(at["width"]), int(at["hidden"]), at["train"] + at["test"]
    features = FEATURES if at["data"] in BUNDLED else OWN_FEATURES
    sizes = [features, *[width] * hidden, 1]
    weights = sum((before + 1) * after for before, after in itertools.pairwise(sizes))
    copies = COPIES + _MORE[at["optimizer"]] + (2 if at["validation"] else 0)
    training = 4 * copies * weights + 4 * ACTIVATIONS * (points + at["validation"]) * width * hidden
    own_kernels = 8 * weights + 8 * 3 * points * width * hidden + 8 * 3 * at["train"] * points
    return int(at["networks"] * (training + own_kernels))
