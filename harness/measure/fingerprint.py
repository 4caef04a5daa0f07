"""What a measurement depends on, as one digest: change any of it and the trial is measured again.

The *closure* of a trial is every module that its experiment can import, found by reading source,
not by running it: the experiment's module, the module of its model and of every parameter of the form
`package.module:function`, whatever these import (inside functions too), and the packages above them.
*Source* (this package, and whatever lies outside site-packages and the standard library) counts with its
syntax tree, so that comments and docstrings are free; an installed *distribution* counts with name,
version and the digests of its files, and so do those that it requires; an archive on the path counts with
its bytes. So does what runs whenever Python starts: `sitecustomize`, `usercustomize`, lines of `.pth` files.

The environment variables that can change numbers (`settings`) and the files that trials may read (`inputs`)
count as well; so do the size of a block whose seeds are computed abreast, and the flags of an accelerator.
"""

from __future__ import annotations

import hashlib
import json
import os
import pkgutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES

from harness.declare import Declaration, is_reference, model_names
from harness.declare.registry import module_of
from harness.measure.digests import Stamp, digest_of, stamp_of
from harness.measure.installed import Distribution, Distributions, beneath, owner, startup_lines
from harness.measure.modules import Finder, Located
from harness.measure.parsing import Import, Parsed, archive_of, parse
from harness.questions import Trial, TrialParams
from harness.spelling import experiment_first

CUSTOM = ("sitecustomize", "usercustomize")
"""Modules that Python imports whenever it starts."""


@dataclass(frozen=True)
class SourceClosure:
    """A closure; made by `source_of`. `digests` has that of each module's source, by name; `files` maps each
    source file to its stamp when read. `owners` are where its installed distributions are described."""

    digest: str
    modules: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    uses_jax: bool
    digests: dict[str, str] = field(compare=False, repr=False)
    files: dict[str, Stamp] = field(compare=False, repr=False)
    owners: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def is_current(self) -> bool:
        """Whether no file of the closure was touched since it was read."""
        return all(stamp_of(file) == stamp for file, stamp in self.files.items())


def source_of(run: str, params: TrialParams, seen: Distributions | None = None) -> SourceClosure:
    """The closure of the experiment `run` with these parameters. Raises `UnknownExperimentError`.

    Takes tens of milliseconds; files that were read before and have not changed are not read again. `seen`
    keeps what is found of distributions from one call to the next, which then look at no file again.
    """
    finder = Finder()
    seen = Distributions() if seen is None else seen
    startup, imported = startup_lines()
    todo = [module_of(run), *roots(params), *CUSTOM, *imported]
    modules: dict[str, str] = {}
    files: dict[str, Stamp] = {}
    owners: dict[str, str] = {}
    while todo:
        for located in steps_to(todo.pop(), finder):
            if located.kind == "installed" and located.file and located.file not in owners:
                owners[located.file] = owner(located.file)
                todo += seen.imports(owners[located.file])
            elif located.kind == "source" and located.name not in modules:
                file = archive_of(located.file) or located.file
                stamp = stamp_of(file)
                parsed = parse(located.file, stamp)
                modules[located.name] = parsed.digest
                files[file] = stamp
                todo += targets_of(located, parsed)
    folders = beneath(owners.values())
    distributions = seen.distributions(folders)
    archives = {file for file in files if not file.endswith((".py", ".pyc", *EXTENSION_SUFFIXES))}
    lines = [f"{name} {digest}" for name, digest in sorted(modules.items())]
    lines += [f"{d.name} {d.version} {d.digest}" for d in distributions]
    lines += [f"{os.path.basename(file)} {digest_of(file)}" for file in sorted(archives)]
    lines += startup
    return SourceClosure(
        digest=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        modules=tuple(sorted(modules)),
        distributions=distributions,
        uses_jax=any(distribution.name == "jax" for distribution in distributions),
        digests=modules,
        files=files,
        owners=tuple(sorted(folders)),
    )


def roots(params: TrialParams) -> tuple[str, ...]:
    """The modules that parameters name, as `package.module:function` or as a model of this package."""
    return tuple(
        module_of(str(value))
        for name, value in params
        if is_reference(value) or (name == "model" and value in model_names())
    )


def fingerprint(
    trial: Trial,
    declaration: Declaration,
    source: SourceClosure,
    device: str,
    settings: str = "",
    inputs: str = "",
    how: Sequence[object] = (),
) -> str:
    """The digest under which a measurement of `trial` is kept; `device` is the kind that it runs on,
    `settings` and `inputs` are digests of the environment and of the files that it may read. `how` says more
    of how it is computed, where that is not one seed after another on a CPU."""
    return Prints(trial, declaration, source, device, settings, inputs, how).of(trial.seed)


class Prints:
    """The fingerprints of the trials at one point. What they share is encoded once, and hashed once up to the
    seed; arguments are those of `fingerprint`."""

    def __init__(
        self,
        trial: Trial,
        declaration: Declaration,
        source: SourceClosure,
        device: str,
        settings: str = "",
        inputs: str = "",
        how: Sequence[object] = (),
    ) -> None:
        # The digest is of the JSON text [name, version, key, device, source, Python, settings, inputs, *how].
        declared = [experiment_first(declaration.name), declaration.version]
        head = f"{json.dumps(declared)[:-1]}, {json.dumps(trial.stem)[:-1]}"
        rest = _besides(source, device, settings, inputs, how)
        self._head = hashlib.sha256(head.encode())
        self._tail = f']", {json.dumps(rest)[1:]}'

    def of(self, seed: int) -> str:
        """The fingerprint of the trial with this seed."""
        digest = self._head.copy()
        digest.update(f"{seed}{self._tail}".encode())
        return digest.hexdigest()


def program(
    trial: Trial,
    declaration: Declaration,
    source: SourceClosure,
    device: str,
    settings: str = "",
    inputs: str = "",
    how: Sequence[object] = (),
) -> str:
    """The digest of what computes the trial: its fingerprint without the parameters and the seed."""
    names = map(experiment_first, (trial.experiment, declaration.name))
    named = [*names, declaration.version]
    parts = [*named, *_besides(source, device, settings, inputs, how)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _besides(
    source: SourceClosure, device: str, settings: str, inputs: str, how: Sequence[object]
) -> list[object]:
    """What a digest counts besides the trial and its declaration."""
    return [device, source.digest, list(sys.version_info[:2]), settings, inputs, *how]


def steps_to(name: str, finder: Finder) -> list[Located]:
    """The module and the packages above it, in the order in which an import runs them.

    Ends at the first that is not source: what an installed distribution holds is its own affair.
    """
    steps: list[Located] = []
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        located = finder.find(".".join(parts[:count]))
        if located is None or located.kind == "stdlib":
            break
        steps.append(located)
        if located.kind == "installed":
            break
    return steps


def targets_of(located: Located, parsed: Parsed) -> list[str]:
    """Absolute names of everything that an import statement may load."""
    targets = []
    for item in parsed.imports:
        base = _absolute(item, located)
        names = _beside(located) if item.siblings else item.names
        targets += [base, *(f"{base}.{name}" for name in names if name != "*")]
    return [target for target in targets if target]


def _beside(located: Located) -> list[str]:
    """The modules of the package that a module is in, or is."""
    return sorted(found.name for found in pkgutil.iter_modules([os.path.dirname(located.file)]))


def _absolute(item: Import, located: Located) -> str:
    name = item.module.lstrip(".")
    level = len(item.module) - len(name)
    if not level:
        return name
    parts = located.name.split(".")
    kept = parts[: len(parts) - level + (1 if located.is_package else 0)]
    return ".".join([*kept, name] if name else kept)
