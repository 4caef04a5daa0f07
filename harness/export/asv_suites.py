"""The suites as asv sees them: a class for each benchmark and each claim of the TOML files in a folder.

`suites/__init__.py` loads this file from its path at every commit that asv measures, whatever harness that
commit has. So it imports nothing of harness and needs nothing but Python 3.11, and looks for what a suite
names only when that is to be measured: what a commit lacks is n/a there.

    [benchmarks.X]   X.time_call, X.peakmem_call           measured by asv
    [claims.X]       X.track_distance, X.track_seconds     measured by harness run, see harness/export

A series is what asv draws as one line. Its version says what was measured: points of another version are not
shown beside today's.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import itertools
import json
import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOMES = {"ntk": "harness.ntk.benchmarks", "engine": "harness.benchmarks"}
"""Where the modules of registered benchmarks are, as in harness/declare/registry.py."""

ONE_THREAD = {
    "NPROC": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JAX_ENABLE_X64": "1",
    "JAX_DEFAULT_MATMUL_PRECISION": "highest",
}
"""What holds for the workers that measure claims (harness/measure/environment.py) holds for timings too."""

TRACKS = {"track_distance": "margins", "track_seconds": "seconds"}
"""What is kept of each instance of a claim, and its unit; `harness export-asv` says what they mean."""

OLDER: dict[str, tuple[str, str, str]] = {
    **dict.fromkeys(("equal", "differ", "less", "greater"), ("along", "pairs", "quantities")),
    **dict.fromkeys(("at-most", "at-least", "exact"), ("", "", "quantities")),
    "power-law": ("against", "whole", "quantities"),
    "monotone": ("along", "whole", "quantities"),
    "faster": ("", "", "benchmarks"),
}
"""What `kinds` says of the predicates at commits that have no room for them, harness/predicates."""

LATER = {"boundary"}
"""Predicates that came after the room for them."""

TomlTable = dict[str, Any]


class Lacking(Exception):  # noqa: N818  # not an error: asv shows n/a
    """The project has no such benchmark at this commit."""


@dataclass(frozen=True)
class Series:
    """The series of one benchmark or claim; made by `benchmarks` and `claim_series`.

    `axes` gives, for each axis, asv's value of each label. A label of a table of variants says nothing of the
    parameters behind it: its value ends in a digest of them.
    """

    name: str
    version: str
    axes: dict[str, dict[str, object]]
    source: str


def kinds() -> dict[str, tuple[str, str, str]]:
    """For each predicate that this commit's harness has: the key that names an axis, whether it is about the
    whole axis, about pairs or about a range, and what it compares, quantities or benchmarks."""
    try:
        from harness.predicates import kinds as listed
    except ImportError:
        return OLDER
    return {kind.name: (kind.axis, kind.use, kind.subjects) for kind in listed()}


def read_suite(path: Path) -> TomlTable:
    """The suite in a file, which `harness check` has found right."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def name_of(document: TomlTable, path: Path) -> str:
    """The suite's name: what it states, or else its file's without `.toml`."""
    head = document.get("suite")
    return str(head.get("name", path.stem)) if isinstance(head, dict) else path.stem


def _first_spelling(document: TomlTable) -> TomlTable:
    """The suite as its names were first spelled; as it is where this commit's harness knows no other."""
    try:
        from harness.suite.spellings import first
    except ImportError:
        return document
    return first(document)


def benchmarks(suite: str, document: TomlTable) -> dict[str, Series]:
    """The series of each benchmark. Version: `run` and `with`."""
    return {
        id_: Series(_name(suite, id_), _digest(_what(table)), swept_axes(table), json.dumps(table, indent=1))
        for id_, table in document.get("benchmarks", {}).items()
    }


def claim_series(suite: str, document: TomlTable) -> dict[str, Series]:
    """The series of each claim.

    Version: `run` and `with` of its experiment or its two benchmarks, the predicate, the centre, and the
    values of the axis that a power law, an ordering or a boundary without a range is about. Not the control:
    the distance is that of the claim itself, whatever its control says. Nor alpha and the budget, which say
    how surely it is known. Names count as they were first spelled: a series outlives another name.
    """
    found, known = {}, kinds()
    claims, document = document.get("claims", {}), _first_spelling(document)
    for id_, table in document.get("claims", {}).items():
        kind = next((key for key in known if key in table), None)
        if kind is None and (known is OLDER or LATER & table.keys()):
            continue  # of a later commit: this one cannot measure it
        if kind is None:
            raise LookupError(f"claim {id_}: expected a predicate")
        predicate = table[kind]
        key, use, subject = known[kind]
        if subject == "benchmarks":
            subjects = [document["benchmarks"][name] for name in predicate["of"]]
            centre = table.get("center")
        else:
            subjects = [document["experiments"][table["experiment"]]]
            centre = table.get("center", document.get("defaults", {}).get("center", "mean"))
        axes = _kept(swept_axes(subjects[0]), table.get("at", {}))
        along = predicate.get(key)
        over = list(axes.pop(along, {}).values()) if along else []
        if use == "range" and "from" in predicate:
            over = []
        if along and use == "pairs":
            axes[along], over = _spans(predicate, over), []
        version = _digest([[_what(subject) for subject in subjects], kind, predicate, centre, over])
        source = f"{table['says']}\n\n{kind} = {json.dumps(claims[id_][kind])}"
        found[id_] = Series(_name(suite, id_), version, axes, source)
    return found


def classes(folder: Path) -> dict[str, type]:
    """A class for each benchmark and each claim of the suites in `folder`, by name."""
    made: dict[str, type] = {}
    named: dict[str, Path] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            document = read_suite(path)
            name = name_of(document, path)
            timed, tracked = benchmarks(name, document), claim_series(name, document)
        except (tomllib.TOMLDecodeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: expected a suite that `harness check` finds right") from error
        if name in named:
            raise ValueError(f"two suites are named {name}, {named[name]} and {path}: state another `name`")
        named[name] = path
        for id_, series in timed.items():
            made[series.name] = _timed(series, document["benchmarks"][id_])
        for series in tracked.values():
            made[series.name] = _tracked(series)
    return made


class Target:
    """The function that a benchmark times, made ready for one point of its sweep.

    It stands as asv's `skip_params`: asv asks whether a point is `in` it before it starts the clock, and that
    is the moment to prepare. With a `setup` asv_runner would time single calls, which is far off for
    microseconds; so it would if the first timed call prepared, for it chooses their number by that one.
    """

    def __init__(self, table: TomlTable, axes: dict[str, dict[str, object]]) -> None:
        self.run = str(table["run"])
        self.fixed = table.get("with", {})
        self.sets = [
            {value: _sets(axis, table["sweep"][axis], label) for label, value in values.items()}
            for axis, values in axes.items()
        ]
        self.point: tuple[object, ...] | None = None
        self.call: Callable[[], object] | None = None

    def __contains__(self, point: tuple[object, ...]) -> bool:
        """Whether the project lacks what is timed; prepares it where not, and calls it for the first time."""
        if point != self.point:
            self.point, self.call = point, None
            try:
                self.call = self.ready(point)
            except Lacking as why:
                print(f"asv: skipped: {why}")
        return self.call is None

    def ready(self, point: tuple[object, ...]) -> Callable[[], object]:
        """What is timed at a point: prepared, called once, and waiting for the device where JAX is used."""
        os.environ.update(ONE_THREAD)
        function = _find(self.run)
        values = dict(self.fixed)
        for sets, value in zip(self.sets, point, strict=True):
            values |= sets[value]
        arguments = {key.replace("-", "_"): value for key, value in values.items()}
        unknown = arguments.keys() - _parameters(function)
        if unknown:
            raise Lacking(f"{self.run} has no parameter {', '.join(sorted(unknown))}")
        try:
            timed: Callable[[], object] = function(**arguments)
        except _not_covered() as why:
            raise Lacking(f"{self.run}: {why}") from None
        except ModuleNotFoundError as error:
            if reason := _missing_library(error):
                raise Lacking(f"{self.run}: {reason}") from None
            raise
        first = timed()
        jax = sys.modules.get("jax")
        if jax is None:
            return timed
        jax.block_until_ready(first)
        return lambda: jax.block_until_ready(timed())


def _timed(series: Series, table: TomlTable) -> type:
    target = Target(table, series.axes)

    def time_call(self: object, *point: object) -> None:
        target.call()  # type: ignore[misc]  # asv has asked whether it is there

    def peakmem_call(self: object, *point: object) -> None:
        target.call()  # type: ignore[misc]

    attributes = {"timeout": table.get("time-limit", 600.0), "skip_params": target}
    return _class(series, [time_call, peakmem_call], attributes)


def _tracked(series: Series) -> type:
    return _class(series, [_track(name, unit) for name, unit in TRACKS.items()], {})


def _track(name: str, unit: str) -> Callable[..., None]:
    def track(self: object, *point: object) -> None:
        from asv_runner.benchmarks.mark import SkipNotImplemented

        raise SkipNotImplemented("claims are measured by harness run, and entered by harness export-asv")

    track.__name__ = name
    track.unit = unit  # type: ignore[attr-defined]
    return track


def _class(series: Series, functions: list[Callable[..., None]], attributes: TomlTable) -> type:
    for function in functions:
        function.__qualname__ = function.__name__
        function.pretty_source = series.source  # type: ignore[attr-defined]
    asv = {
        "version": series.version,
        "param_names": list(series.axes),
        "params": [list(values.values()) for values in series.axes.values()],
    }
    return type(series.name, (), {**asv, **attributes, **{f.__name__: f for f in functions}})


def _find(run: str) -> Callable[..., Any]:
    """The function that `run` names: package.module:function, or a registered benchmark. Raises `Lacking`."""
    module_name, colon, attribute = run.partition(":")
    if not colon:
        family, _, rest = run.partition(".")
        module_name = f"{HOMES.get(family, 'harness')}.{rest.replace('-', '_')}"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise Lacking(f"{run}: there is no module {error.name}") from None
        raise  # something that the module needs is not installed
    if colon:
        function = getattr(module, attribute, None)
    else:
        function = next((item for item in vars(module).values() if _declared(item) == run), None)
    if function is None:
        raise Lacking(f"{run}: {module_name} has no such benchmark")
    found: Callable[..., Any] = function
    return found


def _parameters(function: Callable[..., Any]) -> set[str]:
    """The names of its parameters, whatever its annotations name: Python 3.14 evaluates them when asked."""
    if sys.version_info >= (3, 14):
        import annotationlib

        return {*inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF).parameters}
    return {*inspect.signature(function).parameters}


def _not_covered() -> tuple[type[BaseException], ...]:
    """What this commit's harness has benchmarks raise where what they time is not installed."""
    declare = sys.modules.get("harness.declare")
    raised = getattr(declare, "NotCovered", None)
    return (raised,) if raised is not None else ()


def _missing_library(error: ModuleNotFoundError) -> str:
    """What this commit's harness says where one of its libraries is not installed; '' of any other."""
    said = getattr(sys.modules.get("harness.declare"), "missing_library", None)
    return str(said(error)) if said is not None else ""


def _declared(item: object) -> object:
    return getattr(getattr(item, "__harness_declaration__", None), "name", None)


def _name(suite: str, id_: str) -> str:
    """asv cuts names at "-". Ids have no "_", so that two of them stay two."""
    return f"{suite}.{id_}".replace("-", "_")


def _what(table: TomlTable) -> list[object]:
    return [table["run"], table.get("with", {})]


def swept_axes(table: TomlTable) -> dict[str, dict[str, object]]:
    return {axis: dict(_values(raw)) for axis, raw in table.get("sweep", {}).items()}


def _values(raw: list[object] | TomlTable) -> Iterator[tuple[str, object]]:
    if isinstance(raw, dict):
        yield from ((label, f"{label}-{_digest(sets)[:6]}") for label, sets in raw.items())
    else:
        yield from ((_label(item), _plain(item)) for item in raw)


def _sets(axis: str, raw: list[object] | TomlTable, label: str) -> TomlTable:
    """The parameters that a label of an axis stands for."""
    if isinstance(raw, dict):
        return dict(raw[label])
    return {axis: next(item for item in raw if _label(item) == label)}


def _kept(axes: dict[str, dict[str, object]], at: TomlTable) -> dict[str, dict[str, object]]:
    """The axes with the values that `at` keeps."""
    kept = {}
    for axis, values in axes.items():
        wanted = at.get(axis, list(values))
        labels = {_label(item) for item in (wanted if isinstance(wanted, list) else [wanted])}
        kept[axis] = {label: value for label, value in values.items() if label in labels}
    return kept


def _spans(predicate: TomlTable, values: list[object]) -> dict[str, object]:
    """The pairs of values between which changes are compared."""
    if "from" in predicate:
        pairs = [(_label(predicate["from"]), _label(predicate["to"]))]
    else:
        pairs = list(itertools.pairwise(map(_label, values)))
    return {f"{start}..{end}": f"{start}..{end}" for start, end in pairs}


def _label(value: object) -> str:
    """How ids name a value."""
    return str(value).lower() if isinstance(value, bool) else str(_plain(value))


def _plain(value: Any) -> Any:
    """1.0 is 1, here as in ids."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _digest(value: object) -> str:
    text = json.dumps(_plain(value), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
