"""What commits have measured before, in the store of a run, under digests that no trial of today's code has.

Such a row depends on the trial and the commit, on the installed libraries and the source outside of the
repository, on the processor or device, and on the variables that can change numbers. It does not depend on
today's code in the repository: a baseline is measured once, and every later commit is compared with it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from harness.measure import Distributions, Measurement, SourceClosure, Store, processor, roots, source_of
from harness.measure.digests import digest_of
from harness.measure.settings import settings, settings_digest
from harness.questions import Trial

_ModulesThere = tuple[str, tuple[str, ...]]


class Remembered:
    """Looks up trials of commits in a store, and stores their measurements. Without a store it does neither.

    `device` says what JAX computes on. It is asked only for trials that use JAX.
    """

    def __init__(self, store: Path | None, device: Callable[[], str]) -> None:
        self._store = None if store is None else Store(store)
        self._device = device
        self._seen = Distributions()
        self._around: dict[_ModulesThere, str] = {}
        self._settings = settings_digest(settings(os.environ))

    def recall(self, trials: Iterable[Trial]) -> dict[Trial, Measurement]:
        """The measurements of those trials that were stored."""
        if self._store is None:
            return {}
        prints = {trial: self._print_of(trial) for trial in trials}
        found = self._store.recall(prints.values())
        return {
            trial: replace(found[text], trial=trial)
            for trial, text in prints.items()
            if text in found and found[text].trial.key == _plain(trial).key
        }

    def keep(self, measurements: Iterable[Measurement]) -> None:
        """Store measurements that have numbers, or that say that something is not covered."""
        if self._store is None:
            return
        with self._store.at_once():
            for found in measurements:
                failed = any(why.kind == "failed" for why in found.missing.values())
                if found.status != "ok" or failed or not found.values:
                    continue
                text = self._print_of(found.trial)
                known = self._store.recall([text]).get(text)
                values = {**({} if known is None else known.values), **found.values}
                row = replace(found, trial=_plain(found.trial), fingerprint=text, values=values)
                self._store.keep(row)

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()

    def _print_of(self, trial: Trial) -> str:
        assert trial.baseline is not None
        modules = (trial.experiment, roots(trial.params))
        if modules not in self._around:
            closure = source_of(trial.experiment, trial.params, self._seen)
            self._around[modules] = self._surroundings(closure, Path(trial.baseline.home))
        inputs = None if trial.inputs is None else trial.inputs.patterns
        of = ["baseline", trial.baseline.commit, _plain(trial).key, inputs, self._around[modules]]
        return hashlib.sha256(json.dumps(of).encode()).hexdigest()

    def _surroundings(self, closure: SourceClosure, home: Path) -> str:
        outside = sorted(file for file in closure.files if not Path(file).resolve().is_relative_to(home))
        said = [platform.python_version(), processor(), self._settings]
        said += [self._device() if closure.uses_jax else ""]
        said += [f"{d.name} {d.version} {d.digest}" for d in closure.distributions]
        said += [digest_of(file) for file in outside]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _plain(trial: Trial) -> Trial:
    """The same trial without a baseline."""
    return Trial(trial.experiment, trial.params, trial.seed, trial.inputs)
