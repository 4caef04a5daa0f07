"""What `ntk.kernel` and its neighbours declare: their quantities, and a line about each parameter."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import REFERENCE, Noted, Quantity, Reference
from harness.ntk.architecture import ABOUT as ABOUT_ARCHITECTURE
from harness.ntk.names import SUBJECTS

SubjectName = Annotated[
    str,
    Meta(pattern=rf"^({'|'.join(SUBJECTS)}|{REFERENCE})$", examples=list(SUBJECTS)),
    Reference("subject", check="harness.ntk.subject_check:check"),
]
"""The type of a parameter `subject`."""

Accuracy = Annotated[
    float,
    Meta(
        ge=0, le=0.01,
        description="errors up to it count as 0, so that beyond a percent wrong kernels would conform",
    ),
    Noted("conforms at {value}: errors up to that share of the kernel's size count as 0"),
]  # fmt: skip
"""The type of a parameter `accuracy`, in units of `UNIT`."""

UNIT = "√(K(x,x) K(x',x'))"
RESOLUTION = 1e-15
"""A few roundings of float64, in the unit of an entry."""

KERNELS: dict[Literal["nngp", "ntk"], str] = {"nngp": "NNGP", "ntk": "NTK"}

VALUES = {
    "error": "difference from the reference: K(A, B), and K(A) off its diagonal",
    "diagonal-error": "difference from the reference: the diagonal of K(A)",
    "near-duplicate-error": "difference from the reference: pairs of points 0 to 1e-4 apart, relative",
    "collinear-error": "difference from the reference: a point and 1, 3, −1, −0.7 or 1/3 times it",
    "noise": "the error that the noise which the subject states would excuse; 0 if it states none",
    "asymmetry": "K(A, B) − K(B, A)ᵀ, and K(A) − K(A)ᵀ",
    "negative-eigenvalue": "−λ_min/λ_max of a Gram matrix in which a point occurs twice, or 0",
    "block-error": "K(A ∪ B) beside K(A) off its diagonal, K(A, B) and K(B, A)",
    "permutation-error": "K of points in another order beside K in that order",
    "rotation-error": "K of rotated inputs beside K",
    "homogeneity-error": "K(cA, B) − c K(A, B): relu and identity, without biases, NTK parameterization",
    "zero-error": "difference from the reference, with inputs that are 0",
    "tiny-error": "difference from the reference, inputs times 1e-30",
    "huge-error": "difference from the reference, inputs times 1e30",
    "huge-diagonal-error": "difference from the reference: the diagonal of K(A), inputs times 1e30",
    "float32-error": "difference of K of float32 inputs from the reference's of the same numbers in float64",
    "repeat-error": "difference from the reference, and from the first answer, when points, one number of "
    "them, and scales of the network change in turns",
}

RELATIONS = {
    "depth-error": "K off its diagonal, beside one step of the recursion from the K of a hidden layer less",
    "w-std-error": "K of 1.3 w_std beside 1.3^(2 (hidden + 1)) K: relu and identity without biases",
    "b-std-error": "K of 1.3 b_std and inputs times 1.3 beside 1.69 K: relu and identity",
    "last-layer-error": "K − b_std² of 1.3 last_layer beside 1.69 (K − b_std²): NTK parameterization",
    "parameterization-error": "K under standard beside K under ntk, rescaled (NTK: without hidden layers)",
    "width-error": "K of 1, 2 and 3 times the width: equal, or (NTK under standard) evenly spaced",
}

TOLERANCE = "the entry's tolerance"
TOLERANCE_RESOLUTION = 0.01
"""Resolution of tolerances, which are known to some percent."""

SCALES = {
    "error": "difference from the reference: K(A, B) and K(A)",
    "float32-error": "difference of K of float32 inputs from the reference's of the same numbers in float64",
}

BLOCKS = {"error": "difference from the reference: K(A, B), K(A), and K(A, A) of two arrays"}

NOISE = {
    "z-mean": ("mean over K(A, B) of deviations in standard errors", "of a subject off by one of them"),
    "z-square": (
        "mean square of the same, over that of Student's t of the stated replicates",
        "of a subject that states half of its standard errors",
    ),
}
"""For each quantity about noise: what it is, and what its control is."""

ABOUT = {
    "subject": "neural-tangents, closed-form, monte-carlo, empirical, or package.module:function",
    "reference": "what its values are compared with",
    "points": "points in A",
    "others": "points in B",
    "inputs": "features of a point",
    "geometry": "Gaussian features; the same on the sphere of radius √inputs; their absolute values",
    "hidden": "hidden layers; 0 is a linear model",
    "width": "units in each hidden layer: the NTK under standard parameterization, and finite networks",
    **ABOUT_ARCHITECTURE,
    "w_std": "weight scale σ_w of every layer",
    "b_std": "bias scale σ_b of every layer",
    "parameterization": "ntk: scales beside the weights; standard: in their initial distribution",
    "initialisation": "gaussian, or uniform on ±1/√fan_in (PyTorch's; standard only; no w_std, b_std)",
    "last_layer": "factor on the output layer's weights",
    "accuracy": f"errors up to it count as 0, in units of {UNIT}: what is supported then conforms at it",
    "flaw": f"size of the controls' flaw in one entry, in units of {UNIT}",
}


def quantities(
    checks: dict[str, str], *, unit: str = UNIT, resolution: float = RESOLUTION
) -> dict[str, Quantity]:
    """The quantities of each kernel and check: the subject's error, and that of the control.

    The control is the subject's kernel with a flaw. Each kernel's check is a stage of its own.
    """
    declared: dict[str, Quantity] = {}
    for key, name in KERNELS.items():
        for check, about in checks.items():
            stage = f"{key} {check}"
            size = "the largest" if check == "negative-eigenvalue" else f"in units of {unit}, the largest"
            declared[f"{key}.{check}"] = Quantity(
                f"{name}: {about}; {size} over entries", scale="linear", resolution=resolution, stage=stage
            )
            declared[f"{key}-flawed.{check}"] = Quantity(
                f"{key}.{check} of the subject's {name} with a flaw",
                scale="linear",
                resolution=resolution,
                stage=stage,
            )
    return declared
