"""What trials are to a laboratory: their declarations, closures, fingerprints and code, each found once."""

from __future__ import annotations

from collections.abc import Callable

from harness.declare import Declaration, find
from harness.measure.code import code_of, modules_of
from harness.measure.fingerprint import Source, fingerprint, program, roots, source_of
from harness.plan.records import Trial

_Modules = tuple[str, tuple[str, ...]]
"""An experiment's name, and the modules that its parameters name."""


class Identities:
    """Looks things up about trials, and remembers them. `device` names the kind that JAX computes on.

    Raises `UnknownExperimentError` from every method for a trial of an experiment that cannot be found.
    """

    def __init__(self, device: Callable[[], str]) -> None:
        self._device = device
        self._declarations: dict[str, Declaration] = {}
        self._sources: dict[_Modules, Source] = {}
        self._codes: dict[_Modules, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._fingerprints: dict[Trial, str] = {}
        self._programs: dict[tuple[str, str], str] = {}

    def declaration(self, trial: Trial) -> Declaration:
        """What the trial's experiment says of itself."""
        if trial.run not in self._declarations:
            self._declarations[trial.run] = find(trial.run)
        return self._declarations[trial.run]

    def source(self, trial: Trial) -> Source:
        """The closure of the trial, as it was when it was first asked for."""
        key = (trial.run, roots(trial.params))
        if key not in self._sources:
            self._sources[key] = source_of(trial.run, trial.params)
        return self._sources[key]

    def device(self, trial: Trial) -> str:
        """The kind of device that the trial computes on. Raises `DeviceError`."""
        return self._device() if self.source(trial).uses_jax else "cpu"

    def fingerprint(self, trial: Trial) -> str:
        """The digest of all that the trial's numbers depend on."""
        if trial not in self._fingerprints:
            source = self.source(trial)
            found = fingerprint(trial, self.declaration(trial), source, self.device(trial))
            self._fingerprints[trial] = found
        return self._fingerprints[trial]

    def program(self, trial: Trial) -> str:
        """The digest of what computes the trial: its fingerprint without parameters and seed."""
        source = self.source(trial)
        key = (trial.run, source.digest)
        if key not in self._programs:
            found = program(trial, self.declaration(trial), source, self.device(trial))
            self._programs[key] = found
        return self._programs[key]

    def code(self, trial: Trial) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Whose code the trial runs, and the modules that it names."""
        key = (trial.run, roots(trial.params))
        if key not in self._codes:
            modules = modules_of(*key)
            self._codes[key] = code_of(modules), modules
        return self._codes[key]
