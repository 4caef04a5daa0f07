"""Runs in a worktree, with its code, and prints which parameters and quantities its experiments declare.

In: the first argument, JSON: a list of [experiment, model or null]. Out, the last line: JSON, for each of
them {"parameters": [...], "quantities": [...]}, or {"lacks": why}. It uses only what every version since 0.2
has.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence


def declared_names(name: str, model: str | None) -> dict[str, object]:
    """What an experiment declares, with the model that it takes."""
    from harness.declare import find, signature_of

    try:
        experiment = find(name)
        parameters: Iterable[str] = experiment.parameters
        if experiment.takes_model and model:
            parameters = signature_of(experiment, {"model": model}).parameters
            if ":" in model:
                from harness.declare import find_model
                from harness.declare.models import Signature

                parameters = Signature(experiment, find_model(model)).parameters
    except Exception as error:  # a module of that version may raise anything when it is imported
        return {"lacks": " ".join(str(error).split()) or type(error).__name__}
    return {"parameters": sorted(parameters), "quantities": sorted(experiment.quantities)}


def main(asked: Sequence[tuple[str, str | None]]) -> None:
    """Print what each experiment declares."""
    print(json.dumps([declared_names(name, model) for name, model in asked]))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
