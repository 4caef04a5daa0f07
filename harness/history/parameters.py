"""The parameters of a record's trials as they would be recorded now: later ones have defaults."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from harness.declare import Declaration, Value, experiment_names, find, signature_of


def with_defaults(experiment: str, params: Mapping[str, Value]) -> Mapping[str, Value]:
    """`params` and the defaults of those that the experiment and its model have gained since.

    Nothing is known about experiments and models outside this package, because their modules are not
    imported.
    """
    declaration = _declaration(experiment)
    return params if declaration is None else signature_of(declaration, params).settled(params)


@functools.cache
def _declaration(experiment: str) -> Declaration | None:
    return find(experiment) if experiment in experiment_names() else None
