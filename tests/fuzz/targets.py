"""What is fuzzed: for each kind of input, where it begins, how it is changed, and who reads it.

A target's `read` may raise `UserError`, or end with one of the documented exit codes; anything else that it
raises is a finding, and so is an `AssertionError` of its own checks.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

from edits import edited
from first_schema import first_schema
from msgspec.structs import replace

from fuzz import hostile
from fuzz.mutate import NUMBERS, TEXTS, change_bytes, change_json, change_toml, change_words
from harness import cli, session
from harness.declare import Missing
from harness.errors import UserError
from harness.export.annotations import annotation_lines
from harness.export.asv_files import SeriesPoint, SeriesRow, machine, merge_benchmarks, merge_results
from harness.export.claim_annotations import of_record
from harness.export.junit import junit
from harness.export.openmetrics import openmetrics
from harness.measure import Measurement, Stage, Store
from harness.plan import Trial, case
from harness.report.cite import bibtex, methods
from harness.report.distance import distance
from harness.report.figure import draw_figure
from harness.report.markdown import markdown
from harness.report.record import Record, from_json, to_json
from harness.report.terminal import terminal
from harness.session import trials_of_experiment
from harness.suite import load, select
from harness.targets import assigned

ROOT = Path(__file__).parents[2]
CODES = {0, 1, 2, 4, 5}
Mutation = Callable[[bytes, random.Random], bytes]

SUITE = """\
[suite]
format = 2
title = "Toys"
[sources.someone]
title = "On toys"
authors = ["A. Someone"]
arxiv = "2501.10929"
[defaults]
seeds = 21
marks = ["quick"]
[experiments.pairs]
run = "canary:run"
with = { sd = 0.02 }
sweep = { shift = [0.0, 0.5], size = [1, 2, 4], rate = { none = {}, steep = { slope = 0.5 } } }
[benchmarks.one]
run = "ntk.gram-solve"
[benchmarks.two]
run = "ntk.kernel"
with = { kernel = "ntk" }
[claims.same]
says = "a equals b at {shift}, size {size}."
source = { cite = "someone", where = "p. 3", stance = "asserts" }
experiment = "pairs"
equal = { of = ["a.error", "b.error"], within = "5%" }
control = { at = { shift = 0.5 } }
at = { shift = 0.0 }
[[claims.same.where]]
at = { size = [1, 2] }
expect = "open"
because = "small"
seeds = 14
[claims.law]
says = "grows"
expect = "supported"
experiment = "pairs"
power-law = { of = "a.error", against = "size", exponent = 0.5, within = 0.1 }
control = "none: a toy"
[claims.small]
says = "small"
expect = "refuted"
experiment = "pairs"
at-most = { of = "gap", bound = 0.2 }
[claims.change]
says = "changes"
expect = "open"
experiment = "pairs"
equal = { of = ["a.error", "b.error"], along = "size", from = 1, to = 4, within = 0.5 }
[claims.quick]
says = "quicker"
expect = "open"
faster = { of = ["one", "two"], at-least = 2.0 }
"""
WORDS = (
    *SUITE.replace("\n", " ").split(), "[claims.b]", "[[claims.same.where]]", "exact", "monotone", "differs",
    "at-least", "direction", "increasing", "than", "by", "centre", "center", "median", "alpha", "time-limit",
    "'''",
    '"""', "[[", "]]", "{", "}", "\n", "=", "nan", "-inf", "2024-01-01", "0x", "1e400", "\\u0000",
    "harness.cli:main",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """`read` is given the input and an empty folder, the only place where it may write."""

    name: str
    seeds: Callable[[], list[bytes]]
    change: Mutation
    read: Callable[[bytes, Path], None]
    modules: frozenset[str] = frozenset()
    """What may be imported where the input names it."""


def _suite_seeds() -> list[bytes]:
    real = [path.read_bytes() for path in sorted((ROOT / "suites").glob("*.toml"))]
    return [SUITE.encode(), SUITE.encode(), SUITE.encode(), *(data for data in real if len(data) < 40_000)]


def change_suite(data: bytes, choice: random.Random) -> bytes:
    """Half of them stay TOML."""
    kind = choice.random()
    if kind < 0.5:
        return change_toml(data, choice)
    return change_words(data, choice, WORDS) if kind < 0.9 else change_bytes(data, choice)


def read_suite(data: bytes, folder: Path) -> None:
    path = folder / "toys.toml"
    path.write_bytes(data)
    suite = load(path)
    for instance in list(suite.instances)[:50]:
        assert instance.id.isprintable()
        with contextlib.suppress(UserError):
            case(instance)
    select(suite.instances, keyword="size and not shift", marks="quick or slow")


def _record_seeds() -> list[bytes]:
    """Of each published record a few instances that differ in kind."""
    found = []
    for path in sorted((ROOT / "reports/published").glob("*.json")):
        record = from_json(path.read_bytes(), str(path))
        kinds = {(i.unit, i.outcome, i.fit is None): i for i in record.instances}
        for chosen in list(kinds.values())[:6]:
            one = replace(record, instances=(chosen,))
            found += [to_json(one), json.dumps(first_schema(one)).encode()]
    return found


def _shard_seeds() -> list[bytes]:
    """Two shards of one selection."""
    first, second = (json.loads(data) for data in _record_seeds()[1:4:2])  # of schema 1
    shards = [{"number": n, "of": 2, "places": [n - 1], "total": 2} for n in (1, 2)]
    second = {**first, "instances": second["instances"]}
    parts = [{**first, "shard": shards[0]}, {**second, "shard": shards[1]}]
    return [json.dumps(parts).encode(), json.dumps([first]).encode()]


def read_record(data: bytes, folder: Path) -> None:
    record = from_json(data, "r.json")
    assert record.exit_code in range(6), record.exit_code
    text = terminal(record)
    assert all(c.isprintable() or c == "\n" for c in text), "control characters on a terminal"
    text = markdown(record)
    assert all(c.isprintable() or c == "\n" for c in text), "control characters in Markdown"
    for instance in record.instances:
        distance(instance)
    _show_elsewhere(record)
    assert from_json(to_json(record), "r.json") == record


def _show_elsewhere(record: Record) -> None:
    """What other tools and papers are given: XML that parses, and text without control characters."""
    ElementTree.fromstring(junit(record))
    lines = [*annotation_lines(of_record(record)), *openmetrics(record).splitlines(), repr(record)]
    lines += [*methods(record).splitlines(), *bibtex(record).splitlines(), record._repr_html_()]
    assert all(line.isprintable() for line in lines), "control characters in what other tools read"
    for name in ("", *dict.fromkeys(instance.id for instance in record.instances[:3])):
        try:
            text = draw_figure(record, name).svg
        except UserError:
            continue
        ElementTree.fromstring(text)
        assert "nan" not in re.sub(r">[^<]*<", "><", text), "coordinates that are no numbers"


_MEASUREMENTS = [
    Measurement(
        Trial("m:f", (("width", 16 + k), ("rate", 0.1), ("data", "sphere")), k),
        f"{k:064x}",
        "ok",
        {"x": k / 7, "y": -1.0 / (k + 1)},
        {"z": Missing("failed", "training", "step budget reached")} if k % 3 else {},
        (Stage("training", 0.5, "step budget reached" if k % 3 else ""),),
        seconds=float(k),
    )
    for k in range(60)
]


def _store_seeds() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.sqlite"
        store = Store(path)
        for measurement in _MEASUREMENTS:
            store.keep(measurement)
        store.close()
        return [path.read_bytes()]


def change_store(data: bytes, choice: random.Random) -> bytes:
    """Mostly single bits and digits, where SQLite sees nothing; sometimes whatever else."""
    if choice.random() < 0.3:
        return change_bytes(data, choice)
    array = bytearray(data)
    digits = [i for i, byte in enumerate(array) if 48 <= byte < 58]
    for _ in range(choice.choice((1, 1, 3, 20))):
        if choice.random() < 0.5 and digits:
            array[choice.choice(digits)] = choice.choice(b"0123456789")
        else:
            array[choice.randrange(len(array))] ^= 1 << choice.randrange(8)
    return bytes(array)


def read_store(data: bytes, folder: Path) -> None:
    """Nothing is recalled but what was kept."""
    path = folder / "s.sqlite"
    path.write_bytes(data)
    store = Store(path)
    try:
        for measurement in _MEASUREMENTS:
            found = store.recall([measurement.fingerprint]).get(measurement.fingerprint)
            assert found is None or _same(found, measurement), f"recalled {found}, kept {measurement}"
        mean = store.seconds_per_trial("m:f")
        assert mean is None or math.isfinite(mean), mean
        store.keep(_MEASUREMENTS[7])
        found = store.recall([_MEASUREMENTS[7].fingerprint]).get(_MEASUREMENTS[7].fingerprint)
        assert found is None or _same(found, _MEASUREMENTS[7])  # None where the index is damaged
    finally:
        store.close()


def _same(found: Measurement, kept: Measurement) -> bool:
    names = ("trial", "fingerprint", "status", "values", "missing", "stages", "seconds", "device")
    return all(getattr(found, name) == getattr(kept, name) for name in names)


_ARGUMENTS = (
    "check", "list", "describe", "schema", "plan", "run", "trial", "report", "export-asv", "toys.toml",
    "bad.toml", "missing.toml", "toys.toml::same", "toys.toml::same[size=1]", "toys.toml::", "::", "r.json",
    ".", "-k", "size=1", "not", "(", "not slow and (a or b)", "-m", "quick", "--seeds", "21", "-1",
    "--workers", "0", "--fresh", "--first-seed", "--no-store", "--store", "s.sqlite", "folder",
    "folder/s.sqlite", "--json", "out.json", "folder/out.json", "--markdown", "out.md", "-q", "--override",
    "shift=0.5", "sd=x", "x", "--seed", "--time-limit", "1e400", "nan", "--import", "--results", "results",
    "--machine", "m", "../m", "--allow-dirty", "ntk.kernel", "ntk.regression", "width=16", "canary:run",
    "no.such", "--help", "--version", "--", "", "figure", "cite", "same", "--out", "f.svg", "f.gif",
    "--along", "size", "--at", "size=1", "--bib", "--junit", "--openmetrics", "--badge", "b.json", "--sarif",
    "--all",
)  # fmt: skip


def _argument_seeds() -> list[bytes]:
    lines = (
        "check toys.toml bad.toml", "list toys.toml -k size=1", "describe ntk.kernel", "schema",
        "plan toys.toml --override shift=0.5", "run toys.toml::same --json out.json -q", "report r.json",
        "trial ntk.kernel width=16 --seed 1", "export-asv r.json --results results",
        "report r.json --markdown o --junit j --openmetrics m --badge b.svg", "cite r.json --bib b",
        "figure r.json same --out f.svg", "check toys.toml bad.toml --sarif s",
    )  # fmt: skip
    return ["\0".join(line.split()).encode() for line in lines]


def change_arguments(data: bytes, choice: random.Random) -> bytes:
    parts = data.split(b"\0")
    for _ in range(choice.choice((1, 1, 2, 3))):
        at = choice.randrange(len(parts) + 1)
        word = choice.choice(_ARGUMENTS if choice.random() < 0.8 else TEXTS)
        for text in ("\0", "../", "/nonexistent/"):  # what a user names may be written
            word = word.replace(text, "")
        match choice.randrange(4):
            case 0:
                del parts[at : at + 1]
            case 1:
                parts[at : at + 1] = [word.encode(errors="replace")]
            case 2:
                parts[at:at] = [word.encode(errors="replace")]
            case _ if at < len(parts):
                parts[at] = change_bytes(parts[at], choice).replace(b"\0", b"").replace(b"/", b"")
            case _:
                continue
    return b"\0".join(parts)


_canned: list[Record] = []


def _record() -> Record:
    if not _canned:
        _canned.append(from_json(_record_seeds()[0], "r.json"))
    return _canned[0]


@contextlib.contextmanager
def _project(folder: Path) -> Iterator[None]:
    """A folder to be in, with suites, a record, and a module that nobody may import."""
    (folder / "toys.toml").write_text(edited(SUITE, {"canary:run": "ntk.kernel", "sd = 0.02": ""}))
    (folder / "bad.toml").write_text("[suite]\n= 1\n")
    (folder / "r.json").write_bytes(to_json(_record()))
    (folder / "canary.py").write_text("raise SystemExit('a canary was imported')\n")
    (folder / "folder").mkdir()
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _main(arguments: Sequence[str]) -> None:
    """`harness ARGUMENTS`, in which a run measures nothing and gives a record of old."""
    said = Measurement(Trial("m:f", (), 0), "f", "ok", {"x": 1.0})
    with (
        contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")),
        contextlib.redirect_stderr(io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")) as errors,
        mock.patch.object(session, "run", return_value=_record()),
        mock.patch("harness.measure.measure_here", return_value=said),
        mock.patch("signal.signal"),
    ):
        try:
            cli.main(arguments)
            code: object = 0
        except SystemExit as end:
            code = end.code or 0
        errors.flush()
        said_text = errors.buffer.getvalue().decode(errors="replace")  # type: ignore[attr-defined]
    assert code in CODES, f"exit {code}: {said_text[-3000:]}"


def read_arguments(data: bytes, folder: Path) -> None:
    """What a command makes of its arguments; nothing is measured, as that starts processes elsewhere."""
    lock = {"HARNESS_MACHINE_LOCK": str(folder / "lock")}
    refused = mock.patch("harness.measure.scratch.Scratch.make", side_effect=UserError("no workers here"))
    with _project(folder), mock.patch.dict(os.environ, lock), refused:
        _main([os.fsdecode(part) for part in data.split(b"\0")])


_VARIABLES = (
    "HARNESS_STORE", "HARNESS_MACHINE", "HARNESS_MACHINE_LOCK", "NO_COLOR", "COLUMNS", "LINES", "TERM",
    "JAX_PLATFORMS", "JAX_ENABLE_X64", "PJRT_NAMES_AND_LIBRARY_PATHS", "PYTHONHASHSEED", "LANG", "LC_ALL",
    "TZ", "GITHUB_ACTIONS", "CI", "HOME", "GIT_DIR", "XLA_FLAGS",
)  # fmt: skip
_COMMANDS = (["check", "toys.toml"], ["list", "toys.toml"], ["plan", "toys.toml"], ["report", "r.json"],
             ["run", "toys.toml", "-q"], ["describe", "ntk.kernel"])  # fmt: skip


def _environment_seeds() -> list[bytes]:
    return [f"{name}=1\0COLUMNS=80".encode() for name in _VARIABLES]


def change_environment(data: bytes, choice: random.Random) -> bytes:
    parts = data.split(b"\0")
    paths = ("s.sqlite", "folder", ".", "folder/x", "cpu", "tpu")
    value = choice.choice((*TEXTS, *map(str, NUMBERS[:-2]), *paths))
    value = value.replace("\0", "").replace("/nonexistent", "nonexistent").replace("../", "")
    name = choice.choice(_VARIABLES)
    parts[choice.randrange(len(parts))] = f"{name}={value}".encode(errors="replace")
    return b"\0".join(parts if choice.random() < 0.5 else [*parts, parts[0]])


def read_environment(data: bytes, folder: Path) -> None:
    """Each command, and a laboratory that opens its store, under these variables."""
    pairs = [os.fsdecode(part).partition("=") for part in data.split(b"\0")]
    changed = {name: value for name, _, value in pairs if name in _VARIABLES}
    changed["HARNESS_MACHINE_LOCK"] = changed.get("HARNESS_MACHINE_LOCK") or str(folder / "lock")
    with _project(folder), mock.patch.dict(os.environ, changed):
        for arguments in _COMMANDS:
            _main(arguments)
        from harness.measure import Laboratory
        from harness.options import default_store

        with Laboratory(default_store(), workers=1) as laboratory:
            assert laboratory.pending == 0


def read_assignments(data: bytes, folder: Path) -> None:
    texts = [part.decode(errors="replace") for part in data.split(b"\0")]
    path = folder / "toys.toml"
    path.write_text(SUITE)
    given = assigned(texts)
    with contextlib.suppress(UserError):
        load(path, overrides=given)
    for trial in trials_of_experiment("ntk.regression", texts, 0):
        assert len(trial.key) < 10_000 + sum(map(len, texts)) * 12


def change_assignments(data: bytes, choice: random.Random) -> bytes:
    names = ("width", "train", "data", "sd", "shift", "kernel", "hidden", "")
    parts = data.split(b"\0")
    if choice.random() < 0.5:
        others = ("[" * 3000, '"sphere"', "{a=1}", "1\nb=2", "9" * 5000)
        value = choice.choice((*TEXTS, *map(str, NUMBERS), *others))
        parts.append(f"{choice.choice(names)}={value}".encode(errors="replace"))
    at = choice.randrange(len(parts))
    parts[at] = change_bytes(parts[at], choice)
    return b"\0".join(parts[-4:])


def read_expression(data: bytes, folder: Path) -> None:
    text = data.decode(errors="replace")
    select([], keyword=text, marks=text)


def change_expression(data: bytes, choice: random.Random) -> bytes:
    words = ("and", "or", "not", "(", ")", "size=1", "slow", " ", "not " * 2000, "(" * 2000, "a and " * 500)
    return change_words(data, choice, words) if choice.random() < 0.8 else change_bytes(data, choice)


_POINTS = {("1", "'a'"): SeriesPoint(0.5, (0.4, 0.6))}
_ROWS = {"toys.same.track_distance": SeriesRow("v1", [["1", "2"], ["'a'"]], 5, _POINTS)}
_MACHINE = {"machine": "m", "os": "", "arch": "", "cpu": "c", "num_cpu": "2", "ram": ""}


def _write_asv(folder: Path) -> Path:
    return merge_results(
        folder, _MACHINE, _ROWS, commit="0123456789abcdef", date=1, environment="harness", python="3.11"
    )


def _asv_seeds() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        written = _write_asv(Path(folder)).read_bytes()
    listed = json.dumps({"toys.same": {"name": "toys.same", "type": "track"}, "version": 2}).encode()
    described = json.dumps({**_MACHINE, "version": 1}).encode()
    return [written, written, listed, described]


def read_asv(data: bytes, folder: Path) -> None:
    """The input stands where asv's results, its list of benchmarks, or its machine are read."""
    (folder / "m").mkdir()
    environment = _record().environment
    for name, act in (
        ("m/01234567-harness.json", lambda: _write_asv(folder)),
        ("benchmarks.json", lambda: merge_benchmarks(folder, {"a": {"name": "a"}})),
        ("m/machine.json", lambda: machine(folder, "m", environment)),
    ):
        (folder / name).write_bytes(data)
        with contextlib.suppress(UserError):
            act()  # type: ignore[no-untyped-call]


def _mixed(structured: Mutation) -> Mutation:
    def change(data: bytes, choice: random.Random) -> bytes:
        return structured(data, choice) if choice.random() < 0.85 else change_bytes(data, choice)

    return change


TARGETS = {
    target.name: target
    for target in (
        Target("suite", _suite_seeds, change_suite, read_suite),
        Target("record", _record_seeds, _mixed(change_json), read_record),
        Target("store", _store_seeds, change_store, read_store),
        Target("arguments", _argument_seeds, change_arguments, read_arguments, frozenset({"canary"})),
        Target("environment", _environment_seeds, change_environment, read_environment),
        Target("with", lambda: [b"width=16\0train=8", b"data=sphere"], change_assignments, read_assignments),
        Target("expression", lambda: [b"not slow and (a or b)"], change_expression, read_expression),
        Target("asv", _asv_seeds, _mixed(change_json), read_asv),
        Target("row", hostile.row_seeds, change_json, hostile.read_row),
        Target("shards", _shard_seeds, change_json, hostile.read_shards),
        Target("folder", hostile.folder_seeds, hostile.change_folder, hostile.folder_reader(_project, _main)),
    )
}
EXPECTED = (UserError,)


def fresh_folder(folder: Path) -> Path:
    """The folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


__all__ = ["EXPECTED", "TARGETS", "Target", "fresh_folder"]
