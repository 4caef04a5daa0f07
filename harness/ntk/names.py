"""The names by which experiments refer to the package's implementations and networks. Imports no library."""

from __future__ import annotations

from typing import Literal

SUBJECTS = ("neural-tangents", "closed-form", "monte-carlo", "empirical")
"""Implementations of the NNGP and the NTK; `harness.ntk.named_subjects` finds them."""

EMPIRICAL_SUBJECTS = ("layers", "jacobians", "neural-tangents")
"""Implementations of the empirical NTK; `harness.ntk.empirical_subjects` has them."""

SampleNetwork = Literal[
    "linear",
    "one-output",
    "three-outputs",
    "deep-standard",
    "skip",
    "shared",
    "scalars",
    "normalised",
    "convolution",
    "attention",
]
"""Small networks of many kinds; `harness.ntk.sample_networks` has them."""

SphereKernel = Literal["ntk", "nngp", "laplace", "gamma-exponential", "matern", "gaussian"]
"""Kernels on the sphere: a model's two, and four that do not depend on a network; `named_zonal` finds them.
"""
