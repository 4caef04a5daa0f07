"""What the options say."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import OptionError
from harness.options import OPTIONS, RunOptions, default_store, spelled
from harness.pytest_plugin.keys import NO_RECHECK, SHOWN
from harness.targets import assigned


@dataclass(frozen=True)
class PytestSettings:
    """The options of a pytest run; see `pytest --help`."""

    options: RunOptions
    """Its store is absolute: a fixture may change the directory."""
    shown_store: str
    """As it was given."""
    arguments: tuple[str, ...]
    """The same choices as options of the `harness` command."""

    @classmethod
    def of(cls, config: pytest.Config) -> PytestSettings:
        """The settings of a run: options, else the environment, else the command line's defaults."""
        asked = options_of(config)
        store = asked.store or default_store()
        unsaid = ("workers", "workers_per_device", *(() if asked.store else ("store",)))
        workers = asked.workers
        if workers is None and hasattr(config, "workerinput"):  # a process of pytest-xdist: one of several
            workers = 1
        here = config.invocation_params.dir
        against = tuple(_from(here, ref) for ref in asked.against)
        options = replace(asked, store=here / store, workers=workers, against=against)
        return cls(options, str(store), asked.arguments(without=unsaid))

    def command(self, *targets: str) -> str:
        """The `harness` command that judges the same targets from the same store."""
        return shlex.join(["harness", "run", *targets, *self.arguments])


def options_of(config: pytest.Config) -> RunOptions:
    """What was asked for. Raises `pytest.UsageError` for what cannot be meant."""
    values: dict[str, Any] = {}
    for name in SHOWN:
        found = config.getoption(_flag(name))
        if found is None or found == []:
            continue
        try:
            values[name] = _read(name, found)
        except ValueError as error:
            or_else = f"; or {NO_RECHECK!r}" if name == "recheck" else ""
            raise pytest.UsageError(f"{_flag(name)}: {error}{or_else}") from None
    try:
        return RunOptions(**values)
    except OptionError as error:
        raise pytest.UsageError(error.spelled(_flag)) from None


def _from(here: Path, ref: str) -> str:
    """A REF as it is from any directory: of a record the path."""
    from harness.history.baselines.resolve import is_record_name
    from harness.shipped import is_name

    if is_name(ref):
        return ref
    return str(here / ref) if is_record_name(str(here / ref)) else ref


def _flag(name: str) -> str:
    return f"--harness-{spelled(name)}"


def _read(name: str, found: Any) -> Any:
    if name == "overrides":
        return assigned(found)
    if name == "recheck" and found == NO_RECHECK:
        return False
    if OPTIONS[name].repeated:
        return tuple(found)
    read = OPTIONS[name].read
    return found if read is None else read(found)
