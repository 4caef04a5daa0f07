"""The experiment `ntk.empirical-ntk`: an implementation of the empirical NTK, on one network.

Importing this module imports no library: what an experiment declares can be read at once.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.declare import REFERENCE, Quantity, Reference, experiment
from harness.ntk.names import EMPIRICAL_SUBJECTS, SampleNetwork

EmpiricalSubjectName = Annotated[
    str,
    Meta(pattern=rf"^({'|'.join(EMPIRICAL_SUBJECTS)}|{REFERENCE})$", examples=list(EMPIRICAL_SUBJECTS)),
    Reference("subject", check="harness.ntk.subject_check:check_empirical"),
]

_CHECKS = {
    "error": "difference from J Jᵀ: K(A, B) and K(A)",
    "shape-error": "difference from J Jᵀ: one point, square blocks of two sets, a set twice, 33 points",
    "asymmetry": "Θᵏˡ(x, x') − Θˡᵏ(x', x)",
    "negative-eigenvalue": "−λ_min/λ_max of a Gram matrix in which a point occurs twice, or 0",
    "block-error": "K(A ∪ B) beside K(A), K(A, B) and K(B, A)",
    "permutation-error": "K of points in another order beside K in that order",
    "trace-error": "mode trace: difference from the trace of J Jᵀ, and of the subject's own full kernel",
    "diagonal-error": "mode diagonal: difference from Θ(x, x), and from the subject's own Gram matrix",
    "batch-error": "difference from J Jᵀ with batches of 1, 2, 3 and 64 points",
    "parameters-error": "difference from J Jᵀ of one set of parameters, another, and the first again",
    "function-error": "K of the outputs times 1e-4, 2 and 1e4, beside the square of that times K",
    "float32-error": "difference from J Jᵀ in float64 of parameters and points in float32",
}

_RESOLUTION = 1e-15
"""A few roundings of float64, in the unit of an entry."""


def _quantities() -> dict[str, Quantity]:
    """The quantities of each check: the subject's error, and that of the control, its kernel with a flaw."""
    declared: dict[str, Quantity] = {}
    for check, about in _CHECKS.items():
        size = "" if check == "negative-eigenvalue" else "in units of √(Θ(x,x) Θ(x',x')), "
        for name, text in (
            ("ntk", f"{about}; {size}the largest over entries"),
            ("ntk-flawed", f"ntk.{check} of the subject's kernel with a flaw"),
        ):
            declared[f"{name}.{check}"] = Quantity(text, scale="linear", resolution=_RESOLUTION, stage=check)
    return declared


@experiment(
    "ntk.empirical-ntk",
    version=1,
    quantities=_quantities(),
    about={
        "subject": "layers, jacobians, neural-tangents, or package.module:function",
        "network": "which small network: fully connected ones, and others (`harness.ntk.sample_networks`)",
        "points": "points in A",
        "others": "points in B",
        "flaw": "size of the controls' flaw in one entry, in units of √(Θ(x,x) Θ(x',x'))",
    },
    precision="float64; of a subject, its own",
)
def empirical_ntk(
    *,
    seed: int,
    subject: EmpiricalSubjectName = "jacobians",
    network: SampleNetwork = "one-output",
    points: Annotated[int, Meta(ge=3, le=32)] = 7,
    others: Annotated[int, Meta(ge=3, le=32)] = 5,
    flaw: Annotated[float, Meta(gt=0)] = 6e-8,
) -> dict[str, float]:
    """Ask an implementation for the empirical NTK of a small network, and compare it with J Jᵀ.

    Implementations are listed in `harness.ntk.empirical_subjects`. J is computed by complex steps. Parameters
    and points are drawn from the seed. Errors are relative to √(Θ(x,x) Θ(x',x')). Cases that a subject does
    not implement are not covered. A number that is not finite counts as an error of 1e99.
    """
    from harness.ntk.empirical_checks import case_of, measured

    return measured(case_of(subject, network, seed, points=points, others=others), flaw)
