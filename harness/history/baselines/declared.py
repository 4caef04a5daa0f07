"""What a commit's code declares: which parameters and quantities of an experiment exist there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.declare import find
from harness.history.baselines.recorded import not_neutral
from harness.history.baselines.resolve import BaselineError
from harness.history.baselines.worktrees import CommitCode
from harness.questions import Trial
from harness.spelling import experiment_first, quantities_today
from harness.text import printable

_PROBE = Path(__file__).with_name("probe.py")
_Named = tuple[str, str | None]
"""An experiment, and the model that it takes."""


@dataclass(frozen=True)
class DeclaredThere:
    """The names that an experiment declares at a commit. `lacks` says why it cannot be found there."""

    parameters: frozenset[str] = frozenset()
    quantities: frozenset[str] = frozenset()
    """Quantities in today's spelling."""
    lacks: str = ""
    run: str = ""
    """The name of the experiment as it is spelled there."""
    spelled: Mapping[str, str] = field(default_factory=dict)
    """The spelling there of quantities that are spelled differently, by today's spelling."""

    def not_covered(self, trial: Trial, quantity: str) -> str:
        """Why the quantity of the trial cannot be measured there; '' if it can."""
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
    """What a commit's code declares. Each experiment is asked about once."""

    def __init__(self, code: CommitCode) -> None:
        self._code = code
        self._known: dict[_Named, DeclaredThere] = {}

    def of(self, trials: Iterable[Trial]) -> Mapping[Trial, DeclaredThere]:
        """What the experiment of each trial declares there.

        Raises `BaselineError` if the code of the commit cannot be asked.
        """
        named = {trial: _named(trial) for trial in trials}
        lacking = [each for each in dict.fromkeys(named.values()) if each not in self._known]
        if lacking:
            self._known |= dict(zip(lacking, self._ask(lacking), strict=True))
        return {trial: self._known[each] for trial, each in named.items()}

    def _ask(self, lacking: list[_Named]) -> list[DeclaredThere]:
        """What each experiment declares there, under its name there."""
        found = self._answers(lacking)
        older = {
            place: (experiment_first(run), model)
            for place, (run, model) in enumerate(lacking)
            if found[place].lacks and experiment_first(run) != run
        }
        if older:
            answers = zip(older, self._answers(list(older.values())), strict=True)
            return [
                *({**dict(enumerate(found)), **{p: each for p, each in answers if not each.lacks}}).values()
            ]
        return found

    def _answers(self, lacking: list[_Named]) -> list[DeclaredThere]:
        done = self._code.python("-c", _PROBE.read_text(encoding="utf-8"), json.dumps(lacking))
        try:
            *_, last = done.stdout.decode(errors="replace").strip().splitlines()
            answers = json.loads(last)
            return [
                DeclaredThere(lacks=str(each["lacks"]))
                if "lacks" in each
                else _declared(run, each["parameters"], each["quantities"])
                for (run, _), each in zip(lacking, answers, strict=True)
            ]
        except (ValueError, KeyError, TypeError):
            said = done.stderr.decode(errors="replace").strip().splitlines() or [
                f"it ended with {done.returncode}"
            ]
            raise BaselineError(
                f"baseline {self._code.shown}: expected code that says what its experiments declare, found:"
                f" {printable(said[-1])}"
            ) from None


def _declared(run: str, parameters: Iterable[str], quantities: Iterable[str]) -> DeclaredThere:
    today = quantities_today(run)
    names = {today.get(name, name): name for name in quantities}
    spelled = {name: there for name, there in names.items() if name != there}
    return DeclaredThere(frozenset(parameters), frozenset(names), run=run, spelled=spelled)


def _named(trial: Trial) -> _Named:
    model = dict(trial.params).get("model") if find(trial.experiment).takes_model else None
    return trial.experiment, None if model is None else str(model)
