"""What trials are to a laboratory: their declarations, closures, fingerprints and code, each found once."""

from __future__ import annotations

import os
from collections.abc import Callable

from harness.declare import Declaration, Inputs, TooManyFilesError, find
from harness.errors import UserError
from harness.measure.code import code_of, modules_of
from harness.measure.devices import CPU, PER_DEVICE, Device, DeviceError, seeds_abreast
from harness.measure.fingerprint import Source, fingerprint, program, roots, source_of
from harness.measure.inputs import Declared, declared_inputs
from harness.measure.installed import Seen, foreign
from harness.measure.records import Outcome
from harness.measure.settings import Settings, settings_digest
from harness.questions import Params, Trial


class InputError(UserError):
    """What is declared as inputs cannot be read."""


_Modules = tuple[str, tuple[str, ...]]
"""An experiment's name, and the modules that its parameters name."""


class Identities:
    """Looks things up about trials, and remembers them. `device` is what JAX computes on, `settings` are the
    variables of workers' environment that can change numbers.

    `block` is how many seeds are asked to be computed abreast (0: as the device wants); on an accelerator
    `per_device` workers share it, with the flags `flags`.

    Raises `UnknownExperimentError` from every method for a trial of an experiment that cannot be found.
    """

    def __init__(
        self,
        device: Callable[[], Device],
        settings: Settings = (),
        *,
        block: int = 0,
        per_device: int = PER_DEVICE,
        flags: str = "",
    ) -> None:
        self._device = device
        self._block, self._per_device, self._flags = block, per_device, flags
        self._blocks: dict[tuple[str, Params], int] = {}
        self.settings = settings
        self._settings = settings_digest(settings)
        self._seen = Seen()
        self._inputs: dict[tuple[Inputs, ...], Declared] = {}
        self._libraries: dict[_Modules, dict[str, None]] = {}
        self._declarations: dict[str, Declaration] = {}
        self._sources: dict[_Modules, Source] = {}
        self._codes: dict[_Modules, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._fingerprints: dict[Trial, str] = {}
        self._programs: dict[tuple[object, ...], str] = {}

    def declaration(self, trial: Trial) -> Declaration:
        """What the trial's experiment says of itself."""
        if trial.run not in self._declarations:
            self._declarations[trial.run] = find(trial.run)
        return self._declarations[trial.run]

    def source(self, trial: Trial) -> Source:
        """The closure of the trial, as it was when it was first asked for."""
        key = (trial.run, roots(trial.params))
        if key not in self._sources:
            self._sources[key] = source_of(trial.run, trial.params, self._seen)
        return self._sources[key]

    def declared(self, trial: Trial) -> tuple[Inputs, ...]:
        """What the trial's suite and its experiment declare as inputs."""
        return tuple(each for each in (trial.inputs, self.declaration(trial).inputs) if each is not None)

    def inputs(self, trial: Trial) -> Declared:
        """The files that the trial may read, as they were when first asked for. Raises `InputError`."""
        key = self.declared(trial)
        if key not in self._inputs:
            try:
                self._inputs[key] = declared_inputs(key)
            except TooManyFilesError as error:
                raise InputError(f"{trial.run}, inputs: expected files, found {error}") from None
        return self._inputs[key]

    def libraries(self, trial: Trial, outcome: Outcome) -> tuple[str, ...]:
        """The distributions that the trial used and its closure lacks. One that a worker has loaded stays
        loaded, so what one trial has used counts for all later ones of the same code."""
        found = self._libraries.setdefault((trial.run, roots(trial.params)), {})
        found |= dict.fromkeys(outcome.libraries)
        found |= dict.fromkeys(foreign(self.source(trial).owners, outcome.installed))
        return tuple(found)

    def readable(self, trial: Trial) -> frozenset[str]:
        """All files and folders that the trial may use, links followed."""
        return frozenset(map(os.path.realpath, self.source(trial).files)) | self.inputs(trial).readable()

    def device(self, trial: Trial) -> str:
        """The kind of device that the trial computes on. Raises `DeviceError`."""
        return self._hardware(trial).kind

    def _hardware(self, trial: Trial) -> Device:
        return self._device() if self.source(trial).uses_jax else CPU

    def block(self, trial: Trial) -> int:
        """How many seeds are computed abreast at the trial's point; 1 where each is alone."""
        key = (trial.run, trial.params)
        if key not in self._blocks:
            declared, on = self.declaration(trial), self._hardware(trial)
            bytes_of_seed, memory = (
                declared.bytes_of(dict(trial.params)),
                on.memory_of_worker(self._per_device),
            )
            self._blocks[key] = seeds_abreast(declared.most, self._block, on, bytes_of_seed, memory)
        return self._blocks[key]

    def _how(self, trial: Trial) -> tuple[object, ...]:
        """What else decides about its numbers, where it is not one seed after another on a CPU. Raises
        `DeviceError` where its device lacks what it asks for."""
        declared, on, block = self.declaration(trial), self._hardware(trial), self.block(trial)
        if dict(trial.params).get(declared.tf32) == "tf32" and not on.tf32:
            raise DeviceError(
                f'{trial.run}, {declared.tf32}: expected "float32", as the device {on.kind} has no'
                ' products in TF32, found "tf32"'
            )
        if block == 1 and not on.accelerator:
            return ()
        return block, self._flags if on.accelerator else ""

    def fingerprint(self, trial: Trial) -> str:
        """The digest of all that the trial's numbers depend on."""
        if trial not in self._fingerprints:
            known = self.declaration(trial), self.source(trial), self.device(trial)
            digest = self.inputs(trial).digest
            found = fingerprint(trial, *known, self._settings, digest, self._how(trial))
            self._fingerprints[trial] = found
        return self._fingerprints[trial]

    def program(self, trial: Trial) -> str:
        """The digest of what computes the trial: its fingerprint without parameters and seed."""
        source, inputs = self.source(trial), self.inputs(trial).digest
        how = self._how(trial)
        key = (trial.run, source.digest, inputs, how)
        if key not in self._programs:
            known = self.declaration(trial), source, self.device(trial)
            self._programs[key] = program(trial, *known, self._settings, inputs, how)
        return self._programs[key]

    def code(self, trial: Trial) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Whose code the trial runs, with what inputs, and the modules that it names.

        What a worker has read for one trial, another may find in its memory: it must be declared for both.
        """
        key = (trial.run, roots(trial.params))
        if key not in self._codes:
            modules = modules_of(*key)
            self._codes[key] = code_of(modules), modules
        code, modules = self._codes[key]
        digest = self.inputs(trial).digest
        return (*code, f"inputs {digest}") if digest else code, modules
