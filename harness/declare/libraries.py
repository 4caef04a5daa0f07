"""Optional libraries that the light core does not install, and the command that installs each.

Code imports such a library where it is used. If it is missing, one sentence says so, with the command: as the
error of a trial, or, inside `covered_if_installed`, as the reason why something is not covered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from harness.declare.stages import NotCovered

NTK = 'pip install "ntk-harness[ntk]"'
"""The command that installs the libraries of the package's own experiments."""
NEURAL_TANGENTS = "pip install --no-deps neural-tangents==0.6.5 frozendict"
"""`--no-deps`: the release requires TensorFlow, for a part that is left out here (`harness.ntk.compat`)."""

_BROUGHT_BY: Mapping[str, tuple[str, str]] = {
    "jax": ("JAX", NTK),
    "jaxlib": ("JAX", NTK),
    "optax": ("optax", NTK),
    "sklearn": ("scikit-learn", NTK),
    "neural_tangents": ("neural-tangents", NEURAL_TANGENTS),
    "torch": ("PyTorch", "pip install torch"),
    "flax": ("Flax", "pip install flax"),
    "equinox": ("Equinox", "pip install equinox"),
    "frozendict": ("frozendict, which neural-tangents needs,", NEURAL_TANGENTS),
}


class MissingLibraryError(ModuleNotFoundError):
    """One of these libraries is not installed. The message is the sentence that people read."""


def missing_library(error: BaseException) -> str:
    """`JAX is not installed: run …`, if one of these libraries could not be found; '' for other errors."""
    if isinstance(error, MissingLibraryError):
        return str(error)
    if not isinstance(error, ModuleNotFoundError):
        return ""
    name, command = _BROUGHT_BY.get(error.name or "", ("", ""))
    return f"{name} is not installed: run `{command}`" if name else ""


@contextmanager
def covered_if_installed() -> Iterator[None]:
    """Raise `NotCovered`, with the sentence of `missing_library`, if one of these libraries is missing.

    It is a context manager for a block, and a decorator for a function.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        reason = missing_library(error)
        if not reason:
            raise
        raise NotCovered(reason) from error
