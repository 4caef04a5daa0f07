"""`load`: one TOML file → a `Suite`, or a `SuiteError` with everything that is wrong with it."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import msgspec

from harness.disk import refuse_special
from harness.shipped import located
from harness.spelling import takes_old_arguments
from harness.suite.claims import Alpha, Defaults, read_claim, read_defaults
from harness.suite.errors import KeyPath, Mistake, SuiteError, shown
from harness.suite.experiments import read_benchmark, read_experiment
from harness.suite.explored import Ranges, take_explored
from harness.suite.formats import FORMAT, Format, Read, changed
from harness.suite.instances import MAX_INSTANCES, expand
from harness.suite.maps import read_maps
from harness.suite.models import OVERRIDE, Models, named_models
from harness.suite.reader import ID, Notes, Table
from harness.suite.records import Benchmark, Experiment, Instance, Source, Suite
from harness.suite.references import check_suite
from harness.suite.spellings import OldSpelling, today

MAX_BYTES = 10_000_000  # a suite of 10,000 claims is about 4 MB


@takes_old_arguments(given="overrides")
def load(
    path: str | Path,
    *,
    imports: bool = False,
    overrides: Mapping[str, object] | None = None,
    calls: bool = False,
) -> Suite:
    """Read and check a suite file, or a suite that comes with this package.

    Arguments:
        path: the file, or @NAME.
        imports: import the modules that the suite names as `package.module:function`, so that their
            parameters and quantities are checked too; without, only experiments of this package are known.
            Functions that parameters name (`data`, `subject`) must then exist.
        overrides: values that replace those of the suite's `with` tables, for every experiment that has such
            a parameter: `{"subject": "my.module:kernel"}`.
        calls: with `imports`, a user's data are loaded and checked besides, in a process of their own.

    Returns:
        A `Suite`, with its claims and their instances.

    Raises:
        SuiteError: the file is no valid suite, or no experiment has a parameter of an override, or one sweeps
            it. It holds every mistake that can be found.
        UnknownSuiteError: this package has no suite of a @NAME.

    >>> suite = harness.load("toys.toml")
    >>> suite.title, len(suite.instances)
    ('Toys', 3)
    """
    file, place = str(path), located(path)
    data = _bytes(place, file)
    text = _text(data, file)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        from harness.suite.positions import syntax_mistakes

        if text.lstrip().startswith("{") and '"schema_version"' in text:
            found = f"a record (JSON): `harness report {file}` shows it"
            raise SuiteError(file, [Mistake((), "a suite (TOML)", found, line=1, column=1)]) from None

        raise SuiteError(file, syntax_mistakes(text)) from None
    except RecursionError:
        raise SuiteError(file, [Mistake((), "a suite", "tables or arrays nested too deeply")]) from None
    except ValueError as error:  # Python reads no more than 4300 digits
        raise SuiteError(file, [Mistake((), "integers of at most 64 bits", str(error))]) from None
    notes = Notes()
    _check_numbers(document, notes)
    if notes.mistakes:
        raise SuiteError(file, _located(notes.mistakes, text))
    document, old = today(document)
    suite = _read(document, place.stem, file, notes, imports, overrides or {})
    if suite is not None and imports and not notes.mistakes:
        notes.mistakes += check_suite(suite, call=calls)
    if notes.mistakes or suite is None:
        raise SuiteError(file, _located(notes.mistakes, text, old))
    return replace(suite, sha256=hashlib.sha256(data).hexdigest(), old_spellings=old)


def stated(text: str, name: str) -> tuple[Instance, ...]:
    """The instances that the text of a suite states, as far as they can be read, whatever is wrong with it.

    An older version of a suite may have mistakes today, and its expectations are still known. Raises
    `TOMLDecodeError` for what is no TOML.
    """
    document, _ = today(tomllib.loads(text))
    suite = _read(document, name, name, Notes(), imports=False, overrides={})
    return () if suite is None else suite.instances


def _bytes(path: Path, file: str) -> bytes:
    """What is in the file, read once: what is parsed is what the record has the digest of."""
    try:
        refuse_special(path)
        if path.stat().st_size <= MAX_BYTES:
            return path.read_bytes()
        problem = f"{path.stat().st_size:,} bytes"
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
    raise _unreadable(file, problem)


def _text(data: bytes, file: str) -> str:
    try:
        text = data.decode("utf-8-sig")  # editors may begin a file with a byte order mark
        return text.replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise _unreadable(file, f"bytes that are not UTF-8 at offset {error.start}") from None


def _unreadable(file: str, problem: str) -> SuiteError:
    return SuiteError(file, [Mistake((), f"a readable TOML file of at most {MAX_BYTES:,} bytes", problem)])


def _check_numbers(document: Mapping[str, Any], notes: Notes) -> None:
    """Note every number, however deep, that is not finite or too large."""
    rest: list[tuple[KeyPath, Any]] = [((), document)]
    while rest:
        path, value = rest.pop()
        if isinstance(value, dict):
            rest += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            rest += [((*path, index), item) for index, item in enumerate(value)]
        else:
            notes.number(path, value)


def _located(mistakes: list[Mistake], text: str, old: Sequence[OldSpelling] = ()) -> list[Mistake]:
    from harness.suite.positions import key_positions, locate

    positions = key_positions(text)
    for each in old:
        if each.key:
            positions[(*each.path[:-1], each.today)] = positions[each.path]
    placed = []
    for mistake in dict.fromkeys(mistakes):
        if mistake.path[:1] == (OVERRIDE,):
            placed.append(mistake)
            continue
        line, column = locate(mistake.path, positions)
        placed.append(replace(mistake, line=line, column=column))
    return placed


def _read(
    document: Mapping[str, Any],
    name: str,
    file: str,
    notes: Notes,
    imports: bool,
    overrides: Mapping[str, object],
) -> Suite | None:
    top = Table(document, (), notes)
    head = Table(top.take("suite", dict[str, Any], {}), ("suite",), notes)
    if not document.keys() & {"suite", "claims", "experiments", "benchmarks"}:
        found = "none, nor a claim: it is another TOML file" if document else "an empty file"
        notes.add((), "a suite, which has a table [suite]", found)
        return None
    explored: Ranges = ()
    family: float | None = None
    if "suite" not in document:
        notes.add((), "a table [suite] with `format` and `title`", "none")
        title = about = ""
        format_ = FORMAT
    else:
        expected = f"the suite format {FORMAT}, or 1, which this version reads"
        format_ = head.take("format", Format, expected=expected) or FORMAT
        title, about = head.take("title", str), head.take("about", str, "")
        name = _name(head, name)
        explored = take_explored(head)
        family = head.take("family", Alpha, None)
        head.close()
    defaults = read_defaults(Table(top.take("defaults", dict[str, Any], {}), ("defaults",), notes))
    defaults = replace(defaults, explored=explored)
    sources = {id_: _source(id_, table) for id_, table in top.tables("sources").items()}
    folder = os.path.dirname(os.path.abspath(located(file)))
    models = Models(notes, imports=imports, named=named_models(document, overrides))
    experiments = {
        id_: read_experiment(id_, table, imports=imports, overrides=overrides, folder=folder, models=models)
        for id_, table in top.tables("experiments").items()
    }
    benchmarks = {
        id_: read_benchmark(id_, table, imports=imports, overrides=overrides, folder=folder)
        for id_, table in top.tables("benchmarks").items()
    }
    known = {id_: e for id_, e in experiments.items() if e is not None}
    timed = {id_: b for id_, b in benchmarks.items() if b is not None}
    if len(known) + len(timed) == len(experiments) + len(benchmarks):  # else there is something to mend first
        read = (*known.values(), *timed.values())
        parameters = {name for e in read for each in (e.fixed, *e.parameters) for name in each}
        for parameter in overrides:
            notes.name((OVERRIDE, parameter), parameter, sorted(parameters))
    claims, instances = _claims(top, name, defaults, sources, experiments, benchmarks)
    old = changed(format_, Read(document, (*known.values(), *timed.values()), overrides))
    said = {mistake.path for mistake in old}  # once: what a line meant, and what to write
    notes.mistakes = [*(m for m in notes.mistakes if m.path not in said), *old]
    if not claims and not timed and not notes.mistakes:
        notes.add((), "at least one claim or benchmark", "none")
    for claim in claims:
        if claim.id in benchmarks:
            notes.add(("benchmarks", claim.id), "an id that no claim has", f"`{claim.id}` again")
    maps = read_maps(top, document, {claim.id: claim for claim in claims})
    top.close()
    return Suite(
        name, file, title, about, sources, known, {c.id: c for c in claims}, tuple(instances), timed,
        dict(overrides), format=format_, family=family, maps=maps,
    )  # fmt: skip


def _name(head: Table, stem: str) -> str:
    """The suite's name: what it states, else its file's."""
    expected = "a name of a-z, 0-9 and -, at most 100 characters: it begins every id"
    stated = head.take("name", str, None, expected=expected)
    if stated is None:
        if not ID.fullmatch(stem):
            where = "a file name of a-z, 0-9 and - before .toml, or such a `name` under [suite]"
            head.notes.add((), f"{where}: it begins every id", shown(stem))
        return stem
    if not ID.fullmatch(stated) or len(stated) > 100:
        head.notes.add((*head.path, "name"), expected, shown(stated))
    return str(stated)


def _claims(
    top: Table,
    suite: str,
    defaults: Defaults,
    sources: Mapping[str, Source],
    experiments: Mapping[str, Experiment | None],
    benchmarks: Mapping[str, Benchmark | None],
) -> tuple[list[Any], list[Instance]]:
    claims: list[Any] = []
    instances: list[Instance] = []
    for id_, table in top.tables("claims").items():
        draft = read_claim(id_, table, defaults, sources, experiments, benchmarks)
        if draft is not None:
            claims.append(draft.claim)
            instances += expand(suite, draft, table.notes, MAX_INSTANCES - len(instances))
    return claims, instances


def _source(id_: str, table: Table) -> Source:
    year = Annotated[int, msgspec.Meta(ge=1600, le=2200)]
    arxiv = Annotated[str, msgspec.Meta(pattern=r"^(\d{4}\.\d{4,5}|[a-z-]+/\d{7})$")]
    source = Source(
        id=id_,
        title=table.take("title", str),
        authors=table.take("authors", tuple[str, ...]),
        year=table.take("year", year, None),
        arxiv=table.take("arxiv", arxiv, None, expected='an arXiv id such as "2501.10929"'),
        doi=table.take("doi", str, None),
        url=table.take("url", str, None),
        venue=table.take("venue", str, None),
    )
    table.close()
    return source
