"""What a commit's code declares: which parameters and quantities of an experiment exist there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.declare import find
from harness.history.baselines.recorded import not_neutral
from harness.history.baselines.resolve import BaselineError
from harness.history.baselines.worktrees import CommitCode
from harness.questions import Trial
from harness.text import printable

_PROBE = Path(__file__).with_name("probe.py")
_Named = tuple[str, str | None]
"""An experiment, and the model that it takes."""


@dataclass(frozen=True)
class DeclaredThere:
    """The names that an experiment declares at a commit; `lacks` says why it cannot be found there."""

    parameters: frozenset[str] = frozenset()
    quantities: frozenset[str] = frozenset()
    lacks: str = ""

    def not_covered(self, trial: Trial, quantity: str) -> str:
        """Why the quantity of the trial cannot be measured there; '' where it can."""
        if self.lacks:
            return f"no {trial.experiment} there ({self.lacks})"
        if quantity not in self.quantities:
            return f"{trial.experiment} measures no {quantity} there"
        other = not_neutral(trial, self.parameters)
        if other is not None:
            name, value = other
            return (
                f"{trial.experiment} has no parameter {name} there, and it is {value!r} here, not its default"
            )
        return ""


class Declarations:
    """What a commit's code declares, each experiment asked about once."""

    def __init__(self, code: CommitCode) -> None:
        self._code = code
        self._known: dict[_Named, DeclaredThere] = {}

    def of(self, trials: Iterable[Trial]) -> Mapping[Trial, DeclaredThere]:
        """What the experiment of each trial declares there. Raises `BaselineError` where the code of the
        commit cannot be asked."""
        named = {trial: _named(trial) for trial in trials}
        lacking = [each for each in dict.fromkeys(named.values()) if each not in self._known]
        if lacking:
            self._known |= dict(zip(lacking, self._ask(lacking), strict=True))
        return {trial: self._known[each] for trial, each in named.items()}

    def _ask(self, lacking: list[_Named]) -> list[DeclaredThere]:
        done = self._code.python("-c", _PROBE.read_text(encoding="utf-8"), json.dumps(lacking))
        try:
            *_, last = done.stdout.decode(errors="replace").strip().splitlines()
            answers = json.loads(last)
            return [
                DeclaredThere(lacks=str(each["lacks"]))
                if "lacks" in each
                else DeclaredThere(frozenset(each["parameters"]), frozenset(each["quantities"]))
                for each in answers
            ]
        except (ValueError, KeyError, TypeError):
            said = done.stderr.decode(errors="replace").strip().splitlines() or [
                f"it ended with {done.returncode}"
            ]
            raise BaselineError(
                f"baseline {self._code.shown}: expected code that says what its experiments declare, found:"
                f" {printable(said[-1])}"
            ) from None


def _named(trial: Trial) -> _Named:
    model = dict(trial.params).get("model") if find(trial.experiment).takes_model else None
    return trial.experiment, None if model is None else str(model)
