"""What `preprocess` and `targets` mean, for every experiment that takes `data`. Computes nothing.

    preprocess   none         inputs as they are
                 standardise  each feature with the training points' mean and standard deviation
                 sphere       standardised, then each row scaled to norm √d
    targets      none         as they are
                 standardise  with the training points' mean and standard deviation

The default of both depends on the data set. It is replaced when a run is planned, so that trials and records
name what was done, never "default". Importing this module imports no library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import REFERENCE, Reference

Preprocess = Literal["default", "none", "standardise", "sphere"]
TargetScaling = Literal["default", "none", "standardise"]

DEFAULT: Literal["default"] = "default"

BUNDLED: Mapping[str, tuple[Preprocess, TargetScaling]] = {
    "diabetes": ("sphere", "standardise"),
    "digits": ("sphere", "none"),
    "breast-cancer": ("sphere", "none"),
    "sphere": ("none", "none"),
    "digit-images": ("none", "none"),
    "mnist-1d": ("none", "none"),
}
"""The data sets of the package, with the default preparation of each. `sphere` is drawn on the sphere; images
are standardised one by one (`harness.ntk.image_data`)."""

OWN_DATA: tuple[Preprocess, TargetScaling] = ("none", "none")
"""The default preparation of a user's data."""

UNIT_TARGETS = frozenset({"digits", "breast-cancer", "sphere", "digit-images", "mnist-1d"})
"""Data sets whose targets have a unit of their own: classes ±1, and a teacher of variance one."""

Data = Annotated[
    str,
    Meta(pattern=rf"^({'|'.join(BUNDLED)}|{REFERENCE})$", examples=list(BUNDLED)),
    Reference("data", check="harness.ntk.data_check:check", told_by=("preprocess", "targets")),
]
"""The type of a parameter `data`."""

ABOUT_DATA = (
    "data set, or package.module:function, which returns (inputs [points, features], targets [points]), or "
    "these of the training points and then of the test points"
)
ABOUT_PREPROCESS = (
    "of inputs: none, as they are; standardise, each feature with the training points' mean and deviation; "
    "sphere, standardise and then rows to norm √d. default: none of your own data, of images, and of "
    "sphere, which is drawn so; else sphere"
)
ABOUT_TARGETS = (
    "of targets: none, as they are; standardise, with the training points' mean and deviation. "
    "default: standardise of diabetes, else none"
)
ERROR_UNIT = "standard deviations of the training targets"
"""The unit of errors. It is 1 for standardised targets, and by convention for `UNIT_TARGETS`."""
DISTANCE_UNIT = "root mean square of the test targets; of your own left as they are, training deviation"


def effective(data: str, preprocess: str, targets: str) -> tuple[str, str]:
    """`preprocess` and `targets` for the data set `data`, with "default" replaced."""
    usual = BUNDLED.get(data, OWN_DATA)
    return (
        usual[0] if preprocess == DEFAULT else preprocess,
        usual[1] if targets == DEFAULT else targets,
    )


def settle(parameters: Mapping[str, int | float | str | bool]) -> dict[str, int | float | str | bool]:
    """An experiment's parameters after `effective`."""
    given = [str(parameters[name]) for name in ("data", "preprocess", "targets")]
    preprocess, targets = effective(*given)
    return {"preprocess": preprocess, "targets": targets}
