"""What one seed of `ntk.regression` takes of a device's memory where seeds are computed abreast, estimated.

Importing this module imports no library.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from harness.ntk.preparation import BUNDLED

FEATURES, OWN_FEATURES = 64, 1024
"""Inputs of the widest bundled data set, and what is supposed of a user's."""

COPIES = 8
"""Of a network's parameters while it is trained, in float32: at the start, now, their slope, the step that a
network which has stopped does not take, and what both trainings leave. More by the optimizer (`_MORE`)."""
_MORE = {"gd": 0, "sgd": 1, "adam": 4}

ACTIVATIONS = 6
"""Of each layer at each point, in float32: before and after the activation, their slopes, and two that XLA
keeps for fusions."""


def bytes_of_seed(parameters: Mapping[str, Any]) -> int:
    """Bytes of all networks of a seed; 0 for a model of which nothing is known before it is built."""
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
