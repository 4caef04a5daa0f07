"""What `ntk.scale` declares: its quantities, and a line about each parameter."""

from __future__ import annotations

from harness.declare import Quantity
from harness.ntk.architecture import ABOUT as ABOUT_ARCHITECTURE
from harness.ntk.preparation import ABOUT_DATA, ABOUT_PREPROCESS, ABOUT_TARGETS, DISTANCE_UNIT, ERROR_UNIT

RESOLUTION = 1e-4
"""Relative resolution. Networks are trained in float32, whose rounding adds up over a thousand steps. What is
measured of them is computed in float64."""

_KERNEL = "the network's own NTK on the training points"


def _trained(about: str, unit: str = "") -> Quantity:
    return Quantity(about, unit=unit, resolution=RESOLUTION, stage="training")


def _share(about: str, stage: str = "training") -> Quantity:
    return Quantity(about, scale="linear", resolution=RESOLUTION, stage=stage)


def _aimed(about: str, unit: str = "") -> Quantity:
    """A quantity that exists only if the targets are not all 0."""
    return Quantity(about, unit=unit, resolution=RESOLUTION, stage="targets")


def _predicted(about: str, stage: str) -> Quantity:
    return Quantity(
        f"root mean square test error of {about}", unit=ERROR_UNIT, resolution=RESOLUTION, stage=stage
    )


def _apart(about: str, stage: str) -> Quantity:
    text = f"root mean square difference on the test points between the trained network and {about}"
    return Quantity(text, unit=DISTANCE_UNIT, resolution=RESOLUTION, stage=stage)


def _over_network(error: str) -> Quantity:
    return Quantity(f"{error} over network.error", resolution=RESOLUTION, stage="kernels")


QUANTITIES = {
    "rate-unit": _trained("2/λ₀, the unit of rates"),
    "initial-loss": _trained("loss per training point at the start"),
    "loss-left": _trained("loss at the end, over that at the start"),
    "loss-peak": _trained("largest loss of all steps, over that at the start"),
    "peak-step": Quantity(
        "the step before which the loss is largest", "linear", "steps", RESOLUTION, "training"
    ),
    "eta-lambda.start": _trained("rate times the largest curvature λ₀ at the start: twice the rate"),
    "eta-lambda.end": _trained("rate times the largest curvature at the end"),
    "eta-lambda.peak": _trained("rate times the largest curvature of all looks"),
    "flattening": _trained("largest curvature at the end, over that at the start"),
    "kernel-change": _trained(f"‖Θ_T − Θ₀‖ / ‖Θ₀‖ of {_KERNEL}"),
    "kernel-change.greatest": _trained(f"the greatest of ‖Θ_t − Θ₀‖ / ‖Θ₀‖ over all looks, of {_KERNEL}"),
    "kernel-change.early": _trained("‖Θ_t − Θ₀‖ / ‖Θ_T − Θ₀‖ after a tenth of all steps"),
    "kernel-growth": _trained("tr Θ_T / tr Θ₀"),
    "kernel-turn": _trained("1 − cos(Θ_T, Θ₀)"),
    "kernel-turn.centred": _trained("the same of both kernels centred over the points (1 − CKA)"),
    "late-motion": _share("length of the kernel's path in the second half of the steps, over the whole"),
    "velocity-left": _trained(
        "1 − cos(Θ_t, Θ_{t+dt}) after a tenth of all steps, over the same at the start, dt a fortieth of them"
    ),
    "target-alignment.start": _share("y'Θ₀y / (‖Θ₀‖ |y|²)", "targets"),
    "target-alignment.end": _share("y'Θ_Ty / (‖Θ_T‖ |y|²)", "targets"),
    "loss-when-aligned": _aimed(
        "loss, over that at the start, when the alignment has made 90% of its way to the end"
    ),
    "aligned-step": _aimed("the step of that look", "steps"),
    "half-time": _aimed("when √loss has fallen to half, in flow time of f: steps × rate × s²"),
    "half-time.spike": _aimed("the same by two linear layers, dΔ/dt = −2√(1 + γ₀²(|y| − Δ)²) Δ"),
    "half-time.single-layer": _aimed("the same without the factor 2"),
    "half-time.frozen": _aimed("the same by a kernel that stays, dΔ/dt = −2Δ"),
    "spike": _aimed("y'Hy / |y|² in the end, H the Gram matrix of last hidden activations, over width"),
    "spike.theory": _aimed("√(1 + γ₀²|y|²)"),
    "spike.start": _aimed("y'Hy / |y|² at the start"),
    "spike.beside": _aimed("‖P(H_T − H₀)P‖ / ‖P H₀ P‖, P the projection to what is orthogonal to y"),
    "features-moved": _trained("‖a_T − a₀‖ / ‖a₀‖ of the last hidden activations at the training points"),
    "features-moved.norm": _trained("‖a_T − a₀‖, root mean square over training points"),
    "features-moved.most": _trained("the greatest |a_T − a₀| of a unit at a training point"),
    "weights-moved": _trained("‖W_T − W₀‖ / ‖W₀‖ of all layers' weights together"),
    "network.error": _predicted("the trained network", "training"),
    "network.misclassified": _share("share of test points at which the network has the wrong sign"),
    "network.train-error": Quantity(
        "root mean square error of the trained network on the training points",
        unit=ERROR_UNIT,
        resolution=RESOLUTION,
        stage="training",
    ),
    "own-kernel.error": _predicted("regression with the network's own NTK at the start", "kernels"),
    "early-kernel.error": _predicted("regression with its NTK after a tenth of all steps", "kernels"),
    "after-kernel.error": _predicted("regression with its NTK at the end", "kernels"),
    "own-kernel.over-network": _over_network("own-kernel.error"),
    "early-kernel.over-network": _over_network("early-kernel.error"),
    "after-kernel.over-network": _over_network("after-kernel.error"),
    "own-kernel.distance": _apart("regression with its NTK at the start", "kernels"),
    "early-kernel.distance": _apart("regression with its NTK after a tenth of all steps", "kernels"),
    "after-kernel.distance": _apart("regression with its NTK at the end", "kernels"),
    "linearised.distance": _apart("its linearisation after as many steps", "linearised"),
    "linearised.error": _predicted("the network's linearisation after as many steps", "linearised"),
    "spread": Quantity(
        "standard deviation over the networks of their predictions, root mean square over the test points",
        unit=DISTANCE_UNIT,
        resolution=RESOLUTION,
        stage="several networks",
    ),
    "ensemble.error": _predicted("the mean of the networks' predictions", "several networks"),
}
"""The quantities. With several networks, each is their geometric mean on a logarithmic scale, else their
mean."""

ABOUT = {
    "points": "where points come from: a data set, or drawn as harness.ntk.drawn_points says",
    "target": "of variance one, of points on the sphere, the hypercube, or gaussian: x₁; the sum of all; "
    "x₁² − 1; x₁x₂; x₁x₂x₃; x₁ + x₁x₂ + x₁x₂x₃",
    "signs": "whether targets are replaced by their signs",
    "data": ABOUT_DATA,
    "preprocess": ABOUT_PREPROCESS,
    "targets": ABOUT_TARGETS,
    "train": "training points",
    "test": "test points",
    "inputs": "dimension of points that are drawn, where it is free",
    "anisotropy": "of gaussian points: eigenvalue k of their covariance is in proportion to k^(−anisotropy)",
    "snr": "of spiked points: variance of the first four coordinates over that of the others",
    "networks": "networks of a seed",
    "hidden": "hidden layers",
    "width": "units in each hidden layer",
    **ABOUT_ARCHITECTURE,
    "w_std": "weight scale σ_w of every layer",
    "b_std": "bias scale σ_b of every layer, where there are biases",
    "parameterization": "ntk: scales beside the weights; standard: in their initial distribution",
    "start": "factor on all initial parameters: the initial scale",
    "alpha": "factor on the output: F = α/γ₀ · width^(−exponent) · (f − centred f₀)",
    "gamma": "γ₀, divides the output; with exponent 1/2 the strength of feature learning at any width",
    "exponent": "of the width in the output's scale: 0 NTK parameterization, 1/2 mean-field and μP",
    "centred": "train f − f₀ in place of f, so that the initial function does not enter",
    "loss": "squared: ½Σ(F − y)²; cross-entropy: Σ log(1 + exp(−yF)), targets ±1",
    "learning_rate": "in units of 2/λ₀, λ₀ the largest eigenvalue of D^½ Θ D^½ at the start: Θ the network's "
    "own NTK of F on the training points, D the loss's second derivatives there",
    "rate_exponent": "of (width/64), a factor on the rate: 0 keeps it in its unit",
    "decay": "weight decay of all weights, not of biases, in units of λ₀",
    "decay_by": "weights: one decay for all; layers: that times each layer's fan-in/σ_w², as NTK "
    "parameterization has it",
    "steps": "steps of full-batch gradient descent",
}
