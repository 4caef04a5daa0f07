"""What trials are to a laboratory: their declarations, closures, fingerprints and code, each found once.

What the trials at one point share is found once for the point.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property

from harness.declare import Declaration, DeclarationError, Inputs, TooManyFilesError, find
from harness.errors import UserError
from harness.measure.code import code_of, modules_of
from harness.measure.devices import CPU, PER_DEVICE, Device, DeviceError, seeds_abreast
from harness.measure.fingerprint import Prints, SourceClosure, program, roots, source_of
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
        self.jax_device = device
        self.block_asked, self.per_device, self.flags = block, per_device, flags
        self.settings = settings
        self.settings_digest = settings_digest(settings)
        self._seen = Distributions()
        self._inputs: dict[tuple[Inputs, ...], Declared] = {}
        self._libraries: dict[_Modules, dict[str, None]] = {}
        self._declarations: dict[str, Declaration] = {}
        self._sources: dict[_Modules, SourceClosure] = {}
        self._names: dict[_Modules, frozenset[str]] = {}
        self._readable: dict[tuple[_Modules, tuple[Inputs, ...]], frozenset[str]] = {}
        self._codes: dict[_Modules, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._points: dict[str | tuple[str, Inputs], PointFacts] = {}
        self._touched: dict[_Modules, bool] = {}  # since `look_again`
        self._edited: dict[tuple[_Modules, tuple[Inputs, ...]], bool] = {}

    def declaration(self, trial: Trial) -> Declaration:
        """What the trial's experiment says of itself."""
        if trial.experiment not in self._declarations:
            self._declarations[trial.experiment] = find(trial.experiment)
        return self._declarations[trial.experiment]

    def block(self, trial: Trial) -> int:
        """How many seeds are computed abreast at the trial's point; 1 if each is alone."""
        return self.at(trial).block

    def in_turn(self, trial: Trial) -> int:
        """How many seeds its function takes at most; 0 if it takes one."""
        return self.declaration(trial).block

    def bytes_held(self, trial: Trial) -> int:
        """What the trial's job is declared to hold in memory, which is as much for each seed that is computed
        abreast; 0 if it is not. Raises `EstimateError`."""
        return self.at(trial).bytes_held

    def libraries(self, trial: Trial, outcome: JobResult) -> tuple[str, ...]:
        """The distributions that the trial used and its closure lacks. One that a worker has loaded stays
        loaded, so what one trial has used counts for all later ones of the same code."""
        found = self._libraries.setdefault(self.at(trial).modules, {})
        if outcome.libraries:
            found |= dict.fromkeys(outcome.libraries)
        if outcome.installed:
            found |= dict.fromkeys(foreign(self.at(trial).source.owners, outcome.installed))
        return tuple(found)

    def hardware(self, trial: Trial) -> Device:
        """What the trial computes on. Raises `DeviceError`."""
        return self.jax_device() if self.at(trial).source.uses_jax else CPU

    def fingerprint(self, trial: Trial) -> str:
        """The digest of all that the trial's numbers depend on."""
        return self.at(trial).prints.of(trial.seed)

    def program(self, trial: Trial) -> str:
        """The digest of what computes the trial: its fingerprint without parameters and seed."""
        return self.at(trial).program

    def code(self, trial: Trial) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Whose code the trial runs, with what inputs, and the modules that it names.

        What a worker has read for one trial, another may find in its memory: it must be declared for both.
        """
        return self.at(trial).code

    def look_again(self) -> None:
        """Forget which files were touched: `touched` and `edited` look anew, once for each closure."""
        self._touched.clear()
        self._edited.clear()

    def touched(self, trial: Trial) -> bool:
        """Whether a file of the closure was touched since it was read."""
        return self._is_touched(self.at(trial))

    def _is_touched(self, point: PointFacts) -> bool:
        found = self._touched.get(point.modules)
        if found is None:
            found = self._touched[point.modules] = not point.source.is_current()
        return found

    def edited(self, trial: Trial) -> bool:
        """Whether the closure, or a file that the trial may read, is another by now."""
        point = self.at(trial)
        key = (point.modules, point.declared)
        found = self._edited.get(key)
        if found is None:
            found = self._is_touched(point)
            if found:  # perhaps only its comments
                found = source_of(trial.experiment, trial.params).digest != point.source.digest
            found = self._edited[key] = found or not point.inputs.is_current()
        return found

    def at(self, trial: Trial) -> PointFacts:
        """What the trials at the trial's point share. Who asks several things asks them of this."""
        key = trial.stem if trial.inputs is None else (trial.stem, trial.inputs)
        found = self._points.get(key)
        if found is None:
            found = self._points[key] = PointFacts(self, trial)
        return found

    def names_by(self, modules: _Modules, source: SourceClosure) -> frozenset[str]:
        """The names of the modules of a closure, one set for all points of the same code."""
        if modules not in self._names:
            self._names[modules] = frozenset(source.modules)
        return self._names[modules]

    def source_by(self, modules: _Modules, trial: Trial) -> SourceClosure:
        """The closure of all trials that name these modules, of which this is one."""
        if modules not in self._sources:
            self._sources[modules] = source_of(trial.experiment, trial.params, self._seen)
        return self._sources[modules]

    def inputs_by(self, declared: tuple[Inputs, ...], experiment: str) -> Declared:
        """The files that these declare. Raises `InputError`."""
        if declared not in self._inputs:
            try:
                self._inputs[declared] = declared_inputs(declared)
            except TooManyFilesError as error:
                raise InputError(f"{experiment}, inputs: expected files, found {error}") from None
        return self._inputs[declared]

    def readable_by(self, point: PointFacts) -> frozenset[str]:
        """What `readable` says, one set for all points of the same code and inputs."""
        key = (point.modules, point.declared)
        if key not in self._readable:
            files = frozenset(map(os.path.realpath, point.source.files))
            self._readable[key] = files | point.inputs.readable()
        return self._readable[key]

    def code_by(self, modules: _Modules) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Whose code is experiment, and the modules that are named, for trials without inputs."""
        if modules not in self._codes:
            named = modules_of(*modules)
            self._codes[modules] = code_of(named), named
        return self._codes[modules]


class PointFacts:
    """What the trials at one point share, each found when it is first asked for; made by `Identities`."""

    def __init__(self, known: Identities, trial: Trial) -> None:
        self._known = known
        self._trial = trial
        self.modules: _Modules = (trial.experiment, roots(trial.params))

    @cached_property
    def declaration(self) -> Declaration:
        """What the experiment says of itself."""
        return self._known.declaration(self._trial)

    @cached_property
    def source(self) -> SourceClosure:
        """The closure, as it was when it was first asked for."""
        return self._known.source_by(self.modules, self._trial)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the modules of the closure."""
        return self._known.names_by(self.modules, self.source)

    @cached_property
    def declared(self) -> tuple[Inputs, ...]:
        """What the suite and the experiment declare as inputs."""
        declaration = self._known.declaration(self._trial)
        return tuple(each for each in (self._trial.inputs, declaration.inputs) if each is not None)

    @cached_property
    def inputs(self) -> Declared:
        """The files that a trial may read, as they were when first asked for. Raises `InputError`."""
        return self._known.inputs_by(self.declared, self._trial.experiment)

    @cached_property
    def readable(self) -> frozenset[str]:
        """All files and folders that a trial may use, links followed."""
        return self._known.readable_by(self)

    @cached_property
    def device(self) -> Device:
        """What a trial computes on. Raises `DeviceError`."""
        return self._known.hardware(self._trial)

    @cached_property
    def block(self) -> int:
        """How many seeds are computed abreast; 1 if each is alone."""
        declaration = self._known.declaration(self._trial)
        try:
            bytes_of_seed = declaration.bytes_of(dict(self._trial.params))
        except DeclarationError as error:
            raise EstimateError(str(error)) from error
        memory = self.device.memory_of_worker(self._known.per_device)
        return seeds_abreast(declaration.most, self._known.block_asked, self.device, bytes_of_seed, memory)

    @cached_property
    def seeds_of_job(self) -> int:
        """How many seeds one job has at most, abreast or one after another."""
        return self.block if self.block > 1 else max(1, self.declaration.block)

    @cached_property
    def how(self) -> tuple[object, ...]:
        """What else decides about its numbers, where it is not one seed after another on a CPU. Raises
        `DeviceError` where its device lacks what it asks for."""
        declaration, on = self._known.declaration(self._trial), self.device
        if dict(self._trial.params).get(declaration.tf32) == "tf32" and not on.tf32:
            raise DeviceError(
                f'{self._trial.experiment}, {declaration.tf32}: expected "float32", as the device {on.kind}'
                ' has no products in TF32, found "tf32"'
            )
        if self.block == 1 and not on.accelerator:
            return ()
        return self.block, self._known.flags if on.accelerator else ""

    @cached_property
    def _rest(self) -> tuple[SourceClosure, str, str, str, tuple[object, ...]]:
        settings = self._known.settings_digest
        return self.source, self.device.kind, settings, self.inputs.digest, self.how

    @cached_property
    def bytes_held(self) -> int:
        try:
            held = self._known.declaration(self._trial).bytes_held(dict(self._trial.params))
        except DeclarationError as error:
            raise EstimateError(str(error)) from error
        return self.block * held if held else 0

    @cached_property
    def prints(self) -> Prints:
        return Prints(self._trial, self._known.declaration(self._trial), *self._rest)

    @cached_property
    def program(self) -> str:
        return program(self._trial, self._known.declaration(self._trial), *self._rest)

    @cached_property
    def code(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        code, named = self._known.code_by(self.modules)
        digest = self.inputs.digest
        return ((*code, f"inputs {digest}") if digest else code), named
