"""What trials are to a laboratory: their declarations, closures, fingerprints and code, each found once."""

from __future__ import annotations

import os
from collections.abc import Callable

from harness.declare import Declaration, DeclarationError, Inputs, TooManyFilesError, find
from harness.errors import UserError
from harness.measure.code import code_of, modules_of
from harness.measure.fingerprint import SourceClosure, fingerprint, program, roots, source_of
from harness.measure.inputs import Declared, declared_inputs
from harness.measure.installed import Distributions, foreign
from harness.measure.records import JobResult
from harness.measure.settings import Settings, settings_digest
from harness.questions import Trial


class InputError(UserError):
    """What is declared as inputs cannot be read."""


class EstimateError(UserError):
    """An experiment's own function does not say how much memory a trial holds."""


_Modules = tuple[str, tuple[str, ...]]
"""An experiment's name, and the modules that its parameters name."""


class Identities:
    """Looks things up about trials, and remembers them. `device` names the kind that JAX computes on,
    `settings` are the variables of workers' environment that can change numbers.

    Raises `UnknownExperimentError` from every method for a trial of an experiment that cannot be found.
    """

    def __init__(self, device: Callable[[], str], settings: Settings = ()) -> None:
        self._device = device
        self.settings = settings
        self._settings = settings_digest(settings)
        self._seen = Distributions()
        self._inputs: dict[tuple[Inputs, ...], Declared] = {}
        self._libraries: dict[_Modules, dict[str, None]] = {}
        self._declarations: dict[str, Declaration] = {}
        self._sources: dict[_Modules, SourceClosure] = {}
        self._codes: dict[_Modules, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._fingerprints: dict[Trial, str] = {}
        self._programs: dict[tuple[str, str, str], str] = {}

    def declaration(self, trial: Trial) -> Declaration:
        """What the trial's experiment says of itself."""
        if trial.experiment not in self._declarations:
            self._declarations[trial.experiment] = find(trial.experiment)
        return self._declarations[trial.experiment]

    def source(self, trial: Trial) -> SourceClosure:
        """The closure of the trial, as it was when it was first asked for."""
        key = (trial.experiment, roots(trial.params))
        if key not in self._sources:
            self._sources[key] = source_of(trial.experiment, trial.params, self._seen)
        return self._sources[key]

    def declared(self, trial: Trial) -> tuple[Inputs, ...]:
        """What the trial's suite and its experiment declare as inputs."""
        return tuple(each for each in (trial.inputs, self.declaration(trial).inputs) if each is not None)

    def bytes_held(self, trial: Trial) -> int:
        """What the trial is declared to hold in memory; 0 where it is not. Raises `EstimateError`."""
        declaration = self.declaration(trial)
        try:
            return 0 if declaration.memory is None else declaration.bytes_held(dict(trial.params))
        except DeclarationError as error:
            raise EstimateError(str(error)) from error

    def inputs(self, trial: Trial) -> Declared:
        """The files that the trial may read, as they were when first asked for. Raises `InputError`."""
        key = self.declared(trial)
        if key not in self._inputs:
            try:
                self._inputs[key] = declared_inputs(key)
            except TooManyFilesError as error:
                raise InputError(f"{trial.experiment}, inputs: expected files, found {error}") from None
        return self._inputs[key]

    def libraries(self, trial: Trial, outcome: JobResult) -> tuple[str, ...]:
        """The distributions that the trial used and its closure lacks. One that a worker has loaded stays
        loaded, so what one trial has used counts for all later ones of the same code."""
        found = self._libraries.setdefault((trial.experiment, roots(trial.params)), {})
        found |= dict.fromkeys(outcome.libraries)
        found |= dict.fromkeys(foreign(self.source(trial).owners, outcome.installed))
        return tuple(found)

    def readable(self, trial: Trial) -> frozenset[str]:
        """All files and folders that the trial may use, links followed."""
        return frozenset(map(os.path.realpath, self.source(trial).files)) | self.inputs(trial).readable()

    def device(self, trial: Trial) -> str:
        """The kind of device that the trial computes on. Raises `DeviceError`."""
        return self._device() if self.source(trial).uses_jax else "cpu"

    def fingerprint(self, trial: Trial) -> str:
        """The digest of all that the trial's numbers depend on."""
        if trial not in self._fingerprints:
            known = self.declaration(trial), self.source(trial), self.device(trial)
            found = fingerprint(trial, *known, self._settings, self.inputs(trial).digest)
            self._fingerprints[trial] = found
        return self._fingerprints[trial]

    def program(self, trial: Trial) -> str:
        """The digest of what computes the trial: its fingerprint without parameters and seed."""
        source, inputs = self.source(trial), self.inputs(trial).digest
        key = (trial.experiment, source.digest, inputs)
        if key not in self._programs:
            known = self.declaration(trial), source, self.device(trial)
            self._programs[key] = program(trial, *known, self._settings, inputs)
        return self._programs[key]

    def code(self, trial: Trial) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Whose code the trial runs, with what inputs, and the modules that it names.

        What a worker has read for one trial, another may find in its memory: it must be declared for both.
        """
        key = (trial.experiment, roots(trial.params))
        if key not in self._codes:
            modules = modules_of(*key)
            self._codes[key] = code_of(modules), modules
        code, modules = self._codes[key]
        digest = self.inputs(trial).digest
        return (*code, f"inputs {digest}") if digest else code, modules
