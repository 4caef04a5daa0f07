"""What the options say."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.pytest_plugin.keys import NO_RECHECK
from harness.targets import assigned, default_store
from harness.text import share


@dataclass(frozen=True)
class Settings:
    """The options of a pytest run; see `pytest --help`."""

    store: Path
    """Absolute: a fixture may change the directory."""
    shown_store: str
    """As it was given."""
    seeds: int | None
    first_seed: int | None
    workers: int | None
    given: Mapping[str, object]
    """Parameters in place of those that suites state."""
    recheck: float | None
    """The share of what the store has that each claim measures again; None: no trial is measured twice."""
    arguments: tuple[str, ...]
    """The same choices as options of the `harness` command."""

    @classmethod
    def of(cls, config: pytest.Config) -> Settings:
        """The settings of a run: options, else the environment, else the command line's defaults."""
        named, seeds = config.getoption("harness_store"), config.getoption("harness_seeds")
        first_seed = config.getoption("harness_first_seed")
        store = named or str(default_store())
        assignments = config.getoption("harness_with")
        workers = config.getoption("harness_workers")
        if workers is None and hasattr(config, "workerinput"):  # a process of pytest-xdist: one of several
            workers = 1
        arguments = [f"--seeds={seeds}"] if seeds is not None else []
        arguments += [f"--first-seed={first_seed}"] if first_seed is not None else []
        arguments += [f"--against={record}" for record in config.getoption("harness_against")]
        arguments += [f"--store={named}"] if named else []
        arguments += [f"--with={assignment}" for assignment in assignments]
        rechecked = config.getoption("harness_recheck")
        if rechecked == NO_RECHECK:
            arguments.append("--no-recheck")
        elif rechecked:
            arguments.append(f"--recheck={rechecked}")
        recheck = None if rechecked == NO_RECHECK else share(rechecked) if rechecked else 0.0
        folder = config.invocation_params.dir
        given = assigned(assignments)
        return cls(folder / store, store, seeds, first_seed, workers, given, recheck, tuple(arguments))

    def command(self, *targets: str) -> str:
        """The `harness` command that judges the same targets from the same store."""
        return shlex.join(["harness", "run", *targets, *self.arguments])
