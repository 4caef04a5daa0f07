"""A commit from before a name changed is asked for it as it was spelled there."""

from __future__ import annotations

import json
from subprocess import CompletedProcess
from typing import Any

from harness.declare import find
from harness.history.baselines.declared import Declarations
from harness.questions import Trial

THERE: dict[str, dict[str, Any]] = {
    "ntk.initialization": {"parameters": ["width"], "quantities": ["ntk.distance"]},
    "ntk.regression": {
        "parameters": ["width"],
        "quantities": ["single.error", "single-vs-nearest-rival.distance"],
    },
}


class OldCode:
    """Code of a commit that knows the names of `THERE` alone."""

    shown = "v0.1.0"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def python(self, *arguments: str) -> CompletedProcess[bytes]:
        """Answer the probe."""
        names = [name for name, _ in json.loads(arguments[-1])]
        self.asked += names
        answers = [THERE.get(name, {"lacks": f"no {name}"}) for name in names]
        return CompletedProcess([], 0, json.dumps(answers).encode(), b"")


def trial(experiment: str) -> Trial:
    params = find(experiment).settled({})
    return Trial(experiment, tuple(sorted(params.items())), 0)


def test_names_of_then_are_those_of_today() -> None:
    trials = [trial("ntk.regression"), trial("ntk.initialisation"), trial("ntk.layers")]
    code = OldCode()
    regression, initialisation, layers = Declarations(code).of(trials).values()  # type: ignore[arg-type]
    name = "single-vs-nearest-alternative.distance"
    assert (initialisation.run, initialisation.lacks) == ("ntk.initialization", "")
    assert (regression.run, regression.spelled) == (
        "ntk.regression", {name: "single-vs-nearest-rival.distance"},
    )  # fmt: skip
    assert name in regression.quantities
    assert layers.lacks == "no ntk.layers"
    assert code.asked == ["ntk.regression", "ntk.initialisation", "ntk.layers", "ntk.initialization"]
