"""Makes neural-tangents 0.6.5 run on current JAX. Import it by `from harness.ntk import neural_tangents`.

The release imports names that JAX has since moved, and `neural_tangents.experimental`, which needs TensorFlow
and is not used here. This module lends JAX the missing names while neural-tangents is imported, leaves out
`experimental`, and then takes the names back. It never replaces a name that JAX has, so it does no harm if
nothing is missing.

`neural_tangents.stax` (closed-form kernels), `predict`, `batch` and `monte_carlo` work with this. Its
empirical NTK does not; use `harness.ntk.empirical` instead.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from harness.declare.libraries import NEURAL_TANGENTS, MissingLibraryError, missing_library

CORE_NAMES = ("Jaxpr", "JaxprEqn", "Literal", "Primitive", "Var")
"""The names that the release takes from `jax.core`, and that JAX 0.10 to 0.12 have in `jax.extend.core`."""

_EXPERIMENTAL = "neural_tangents.experimental"


def load() -> ModuleType:
    """Import the package `neural_tangents`, once, with the installed version of JAX.

    Raises `MissingLibraryError`, with the command that installs it, if the package or JAX is missing. Raises
    `ImportError`, with the name and JAX's version, if JAX no longer has what the release needs.
    """
    loaded = sys.modules.get("neural_tangents")
    if loaded is not None:
        return loaded
    try:
        with lent_names():
            return importlib.import_module("neural_tangents")
    except ModuleNotFoundError as error:
        reason = missing_library(error)
        if not reason:
            raise
        if error.name in ("jax", "jaxlib"):
            reason += f", and neural-tangents by `{NEURAL_TANGENTS}`"
        raise MissingLibraryError(reason, name=error.name) from error


def _missing() -> list[tuple[ModuleType, str, object]]:
    """(module, name, value) for each name that the release imports and that JAX has moved."""
    import jax.core
    from jax.interpreters import ad

    wanted = [(jax.core, name, "jax.extend.core", name) for name in CORE_NAMES]
    wanted += [
        (ad, "zeros_like_p", "jax._src.ad_util", "zeros_like_p"),
        (ad, "source_info_util", "jax._src", "source_info_util"),
        (jax, "tree_map", "jax.tree_util", "tree_map"),
    ]
    lacking = [each for each in wanted if not hasattr(each[0], each[1])]
    return [(module, name, _moved(place, there)) for module, name, place, there in lacking]


def _moved(place: str, name: str) -> object:
    """The value that JAX keeps under this name at its new place. Raises `ImportError`."""
    import jax

    try:
        return getattr(importlib.import_module(place), name)
    except (ImportError, AttributeError):
        expected = f"neural-tangents 0.6.5 needs JAX with `{place}.{name}`, as JAX 0.10 to 0.12 have it"
        raise ImportError(f"{expected}; found JAX {jax.__version__} without") from None


@contextmanager
def lent_names() -> Iterator[None]:
    """Lend JAX the missing names during an import, and take them back afterwards."""
    lent = _missing()
    modules = {_EXPERIMENTAL: ModuleType(_EXPERIMENTAL)}
    if importlib.util.find_spec("jax.util") is None:
        stand_in = ModuleType("jax.util")
        vars(stand_in).update({name: _moved("jax._src.util", name) for name in ("safe_map", "safe_zip")})
        modules["jax.util"] = stand_in
    for module, name, value in lent:
        setattr(module, name, value)
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            sys.modules.pop(name, None)
        for module, name, _ in lent:
            delattr(module, name)


class PlainFloat(float):
    """A float whose quotients are Python floats, whatever it is divided by.

    `stax.Conv` and similar layers divide `W_std` by a NumPy float64, which turns a float32 network into
    float64 under x64. With `stax.Conv(…, W_std=PlainFloat(1.5))` the network keeps the precision of its
    parameters.
    """

    def __truediv__(self, other: float) -> float:
        return float(self) / float(other)
