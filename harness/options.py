"""The options of a run, in one record that each interface fills: command line, API, pytest, bisection.

`RunOptions` states once, for each option, what it means, how its text is read and written, and which values
it may have. The command line makes its options and their help from it; `arguments` gives the texts that a
command line takes. An interface decides which options it shows, and what an option is that nobody gave.

Light: whoever only shows options, or reads them, imports nothing of the engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from harness.disk import inside
from harness.errors import OptionError
from harness.text import duration, exact_duration, exact_share, exact_size, part, share, size

STORE = Path(".harness") / "store.sqlite"
"""Where measured trials are kept unless somebody says otherwise, in the current directory."""


@dataclass(frozen=True)
class Shown:
    """How people meet an option: what it means, how its text is read and written, and the least number."""

    help: str
    name: str = ""
    """In texts, where that is not the field's."""
    old: str = ""
    """An old spelling that is still read."""
    metavar: str | None = None
    read: Callable[[str], Any] | None = None
    """The value of a text; None for what needs no reading. Raises ValueError."""
    write: Callable[[Any], str] = str
    least: int | None = None
    off: str = ""
    """What the flag `--no-OPTION` means, where there is one."""
    repeated: bool = False
    """Whether its texts may be several, which become a tuple."""


def read_block(text: str) -> int:
    """The number of a text such as 16, or 0 for "auto". Raises ValueError."""
    if text == "auto":
        return 0
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"expected a number of seeds, or auto, found {text!r}")
    return int(text)


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How claims are measured and judged. Raises `OptionError` for values that cannot be meant."""

    overrides: Annotated[
        Mapping[str, object],
        Shown(
            "A value that replaces the suite's for a parameter (repeatable). Old spelling: --with.",
            name="override",
            old="with",
            metavar="NAME=VALUE",
        ),
    ] = field(default_factory=dict)
    seeds: Annotated[
        int | None,
        Shown("A budget that replaces the claims': 14, 21, 32, 48, 72, 108, 162 or 243."),
    ] = None
    first_seed: Annotated[
        int | None,
        Shown("Begin at this seed instead of the first that a claim has not explored.", least=0),
    ] = None
    fresh: Annotated[bool, Shown("Use seeds that no run has used.")] = False
    workers: Annotated[
        int | None, Shown("Worker processes that measure (default: one per core).", least=1)
    ] = None
    workers_per_device: Annotated[
        int | None,
        Shown("Workers that share an accelerator (default: 4), if there is one.", least=1),
    ] = None
    block: Annotated[
        int | None,
        Shown(
            "Seeds of a point to compute abreast, in one program; 1: one by one, auto: as fits the device.",
            metavar="N",
            read=read_block,
            least=0,
        ),
    ] = None
    """0 and None are "auto"."""
    cluster: Annotated[str, Shown("Dask workers: tcp://HOST:PORT, or local:N.", metavar="ADDRESS")] = ""
    memory_limit: Annotated[
        int | None,
        Shown(
            "End a trial that takes more memory, as in 4GiB; replaces the claims' own limits.",
            metavar="SIZE",
            read=size,
            write=exact_size,
            least=1,
        ),
    ] = None
    """In bytes."""
    time_budget: Annotated[
        float | None,
        Shown(
            "End the run after this time, as in 10min; the rest is not run.",
            metavar="TIME",
            read=duration,
            write=exact_duration,
            least=0,
        ),
    ] = None
    """In seconds; of 0, claims are judged by what the store has."""
    shard: Annotated[
        tuple[int, int] | None,
        Shown(
            "Only this part of the claims, as in 2/5.",
            metavar="NUMBER/OF",
            read=part,
            write=lambda value: f"{value[0]}/{value[1]}",
        ),
    ] = None
    recheck: Annotated[
        bool | float,
        Shown(
            "Measure this share of the stored trials again, as in 1%, and compare.",
            metavar="SHARE",
            read=share,
            write=exact_share,
            off="Measure no trial twice.",
        ),
    ] = True
    """True: one trial of each experiment that has not passed yet. A share: of what the store has besides."""
    confirm: Annotated[
        bool,
        Shown("Measure unexpected verdicts again, on fresh seeds; only confirmed ones fail the run."),
    ] = False
    store: Annotated[
        Path | None,
        Shown(
            "The file of measured trials (also HARNESS_STORE).",
            metavar="FILE",
            read=Path,
            off="Measure everything anew, and keep nothing.",
        ),
    ] = None
    """None keeps nothing."""
    track: Annotated[
        Path | None,
        Shown(
            "The git repository of the code under test, if it is not the suite's.",
            metavar="PATH",
            read=Path,
        ),
    ] = None
    against: Annotated[
        tuple[str, ...],
        Shown(
            "Exit with 1 if something differs from REF: a record (a folder; @NAME), or a commit.",
            metavar="REF",
            repeated=True,
        ),
    ] = ()
    """A record gives its verdicts, and its quantities if it has them; a commit gives every quantity."""
    within: Annotated[
        tuple[str, ...],
        Shown(
            "How far quantities may differ from REF: 5% (default) for ratios, 0.01 for differences.",
            metavar="MARGIN",
            repeated=True,
        ),
    ] = ()
    """A share is for quantities on a log scale, a number for those on a linear one."""
    quantities: Annotated[
        bool,
        Shown("Keep each quantity by seed in the record, which can then be a baseline."),
    ] = False
    command: tuple[str, ...] = ()
    """What the record names as its origin. No interface shows it."""

    def __post_init__(self) -> None:
        for name, shown in OPTIONS.items():
            value = getattr(self, name)
            if shown.least is not None and value is not None and not value >= shown.least:
                raise OptionError(f"expected at least {shown.least}, found {value}", name)
        if self.seeds is not None:
            from harness.questions import check_look

            check_look(self.seeds)
        if self.shard is not None and not 1 <= self.shard[0] <= self.shard[1]:
            found = OPTIONS["shard"].write(self.shard)
            raise OptionError(f"expected NUMBER/OF such as 2/5, found {found!r}", "shard")
        if not isinstance(self.recheck, bool) and not 0 <= self.recheck <= 1:
            found = f"found {self.recheck!r}"
            raise OptionError(f"expected True, False or a share from 0 to 1, {found}", "recheck")
        if self.cluster and self.workers is not None:
            raise OptionError("found both; local:N has N workers", "workers", "cluster")
        if self.cluster and self.workers_per_device is not None:
            found = "found both; each worker of a cluster has an accelerator of its own"
            raise OptionError(found, "workers_per_device", "cluster")
        if self.fresh and self.first_seed is not None:
            raise OptionError("found both", "fresh", "first_seed")
        if self.within:
            from harness.predicates.within import Within

            Within(self.within)

    @property
    def rechecked(self) -> float | None:
        """The share of what the store has that is measured again; None: no trial is measured twice."""
        return None if self.recheck is False else float(self.recheck is not True and self.recheck)

    def arguments(self, without: Collection[str] = ()) -> tuple[str, ...]:
        """The same options as `harness run` takes them, but for those named `without`."""
        return tuple(text for name in OPTIONS if name not in without for text in self._texts(name))

    def _texts(self, name: str) -> Iterator[str]:
        shown, word = OPTIONS[name], spelled(name)
        match getattr(self, name):
            case {**overrides}:
                from harness.targets import assignment

                yield from (f"--{word}={assignment(str(key), value)}" for key, value in overrides.items())
            case tuple(texts) if shown.repeated:
                yield from (f"--{word}={text}" for text in texts)
            case None | False:
                yield from [f"--no-{word}"] if shown.off else []
            case True:
                yield from [] if shown.off else [f"--{word}"]
            case value if value or shown.least == 0:
                yield f"--{word}={shown.write(value)}"


OPTIONS: Mapping[str, Shown] = {
    name: shown
    for name, hint in get_type_hints(RunOptions, include_extras=True).items()
    for shown in getattr(hint, "__metadata__", ())
}
"""How each option is shown, by the name of its field."""


def spelled(name: str) -> str:
    """The word for an option in texts: `--WORD` on a command line, `--harness-WORD` of pytest."""
    return OPTIONS[name].name or name.replace("_", "-")


def default_store() -> Path:
    """The store that the environment names (HARNESS_STORE), or `STORE`. Raises `PlaceError`."""
    named = os.environ.get("HARNESS_STORE")
    return Path(named) if named else inside(STORE, "--store or HARNESS_STORE")
