"""The kernel implementations that a parameter `subject` can name.

`harness.ntk.subjects` defines a subject.
"""

from __future__ import annotations

from harness.declare import covered_if_installed
from harness.ntk.architecture import Architecture
from harness.ntk.shapes import Columns, Matrix, Rows
from harness.ntk.subjects import Subject, imported


def resolve(name: str) -> Subject:
    """The subject called `name`: one of `names.SUBJECTS`, or `package.module:function`.

    Raises `StageError` if it cannot be imported, and `NotCovered` if a library that one of `SUBJECTS` needs
    is not installed. Only the named subject is imported.
    """
    if name == "closed-form":
        return _closed_form
    if name == "monte-carlo":
        from harness.ntk.monte_carlo import monte_carlo

        return monte_carlo
    if name == "neural-tangents":
        return _neural_tangents
    if name == "empirical":
        with covered_if_installed():
            from harness.ntk.mean_kernels import empirical

        return empirical
    return imported(name)


def _closed_form(x1: Rows, x2: Columns | None, architecture: Architecture) -> tuple[Matrix, Matrix]:
    from harness.ntk import closed_form

    return closed_form.nngp_ntk(architecture, x1, x2)


def _neural_tangents(x1: Rows, x2: Columns | None, architecture: Architecture) -> tuple[Matrix, Matrix]:
    from harness.ntk import compat

    with covered_if_installed():
        compat.load()  # if JAX is missing too, its message names both commands
        from harness.ntk import stax_kernels

        return stax_kernels.nngp_ntk(architecture, x1, x2)
