"""The parameters of a record's trials as they would be recorded now: those that came later have defaults."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from harness.declare import Declaration, Value, experiment_names, find, signature_of


def with_defaults(experiment: str, params: Mapping[str, Value]) -> Mapping[str, Value]:
    """`params` and the defaults of those that the experiment, and its model, have gained since.

    Of experiments and models outside this package nothing is known, for nobody's module is imported.
    """
    declaration = _declaration(experiment)
    return params if declaration is None else signature_of(declaration, params).settled(params)


@functools.cache
def _declaration(experiment: str) -> Declaration | None:
    return find(experiment) if experiment in experiment_names() else None
