"""Public names that have changed: how they are spelled today, and how they were first published.

Old spellings are read wherever a name is read, in suites and records, and become today's at once. What a name
identifies does not change with its spelling: fingerprints, keys of stored trials and series of asv are made
from the first spelling. So a trial that was stored under an old name is found under the new one.

No experiment imports this module: a name that is added here makes no trial be measured again.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

FIRST_EXPERIMENTS: Mapping[str, str] = {"ntk.initialisation": "ntk.initialization"}
"""By today's spelling, the first."""

_OF_SPHERES = ("ntk", "nngp", "laplace", "gamma-exponential", "matern", "gaussian")

FIRST_QUANTITIES: Mapping[str, Mapping[str, str]] = {
    "ntk.regression": {
        f"{network}-vs-nearest-alternative{given}.distance": f"{network}-vs-nearest-rival{given}.distance"
        for network, given in (("single", ""), ("centred", ""), ("ensemble", ""), ("single", "-given-f0"))
    },
    "ntk.network": {
        "nearest-alternative.error": "nearest-rival.error",
        "best-alternative.error": "best-rival.error",
        "network-vs-nearest-alternative.distance": "network-vs-nearest-rival.distance",
    },
    "ntk.ridge-theory": {
        f"{kernel}.learnability-gap-of-the-control": f"{kernel}.learnability-gap-of-the-rival"
        for kernel in _OF_SPHERES
    },
    "ntk.hermite-spectrum": {
        f"{kernel}.eigenvalue-error-of-the-control": f"{kernel}.eigenvalue-error-of-the-rival"
        for kernel in ("ntk", "nngp", "gaussian")
    },
    "ntk.pooling": {"control.pooled-condition-number": "rival.pooled-condition-number"},
    "ntk.spectrum": {"control.log-slope": "rival.log-slope"},
}
"""By experiment and today's spelling, the first."""

FIRST_KEYS: Mapping[str, str] = {"centre": "center"}
"""Keys of `[defaults]` and `[claims.ID]`: by today's spelling, the first."""

OLD_NAMES = (
    *FIRST_EXPERIMENTS.values(),
    *(old for names in FIRST_QUANTITIES.values() for old in names.values()),
)
"""Every old spelling of an experiment or a quantity."""

_EXPERIMENTS = {first: today for today, first in FIRST_EXPERIMENTS.items()}
_QUANTITIES = {
    experiment: {first: today for today, first in names.items()}
    for experiment, names in FIRST_QUANTITIES.items()
}


def experiment_today(name: str) -> str:
    """An experiment's name, of any spelling, as it is spelled today.

    >>> experiment_today("ntk.initialization")
    'ntk.initialisation'
    """
    return _EXPERIMENTS.get(name, name)


def experiment_first(name: str) -> str:
    """An experiment's name, of today's spelling, as it was first published."""
    return FIRST_EXPERIMENTS.get(name, name)


def quantities_today(experiment: str) -> Mapping[str, str]:
    """Today's names of an experiment's quantities, by those that have changed."""
    return _QUANTITIES.get(experiment_today(experiment), {})


def quantities_first(experiment: str) -> Mapping[str, str]:
    """The first names of an experiment's quantities, by those of today that differ from them."""
    return FIRST_QUANTITIES.get(experiment_today(experiment), {})


P = ParamSpec("P")
R = TypeVar("R")


def takes_old_arguments(**today: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take arguments by old names too, `old="new"`, with a `DeprecationWarning`.

    Raises `TypeError` for a call that names both.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            for old in today.keys() & kwargs.keys():
                new = today[old]
                if new in kwargs:
                    raise TypeError(f"{function.__name__}: expected `{new}`, found `{new}` and `{old}`")
                said = f"{function.__name__}: `{old}` is an old spelling of `{new}`"
                warnings.warn(said, DeprecationWarning, stacklevel=2)
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return called

    return decorate
