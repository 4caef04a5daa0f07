"""Records that others made: they name places and numbers, and have neither written nor counted to."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import said
from first_schema import first_schema

from harness.history.archive import listed
from harness.report import read_record, to_json
from harness.report.html import page
from harness.report.record import DEEPEST, RecordError

ROOT = Path(__file__).parents[2]
Change = Callable[[dict[str, Any]], None]


def record() -> dict[str, Any]:
    """Of schema 1, which holds whatever is in today's."""
    found = first_schema(read_record(ROOT / "reports/published/derivation.json"))
    found["instances"] = found["instances"][:2]
    return found


def harness(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code of a command in the folder, and what it printed."""
    with contextlib.chdir(folder):
        return said(*arguments)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a record, beside one that is none of its business."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/victim").write_text("precious")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/r.json").write_text(json.dumps(record()))
    return tmp_path / "here"


def files(folder: Path) -> set[str]:
    """What is there, but for the mark that keeps `reports` out of git."""
    found = (path for path in folder.rglob("*") if not path.is_dir() and path.name != ".gitignore")
    return {str(path.relative_to(folder)) for path in found}


ODD = (
    "../../elsewhere/x", "/tmp/harness-hostile", "a/b", "", "x\0y", "..", "-rf", "x" * 300, "a\x1b[2J",
    "con:a",
)  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_a_suite_whose_name_is_a_path_or_an_odd_file_name(here: Path, name: str) -> None:
    changed = record()
    changed["suites"] = [{**changed["suites"][0], "name": name}, {**changed["suites"][0], "name": "b" * 200}]
    changed["environment"]["machine"] = "../../x"
    (here / "r.json").write_text(json.dumps(changed))
    code, text = harness(here, "merge", "r.json")
    assert code in (0, 1), text
    made = files(here) - {"r.json"}
    assert len(made) == 2
    assert all(path.startswith("reports/") and path.isprintable() for path in made)
    assert not any(Path(path).name.startswith(("-", ".")) for path in made)
    assert files(here.parent) == {f"here/{path}" for path in made | {"r.json"}} | {"elsewhere/victim"}
    assert not Path("/tmp/harness-hostile.json").exists()


def test_links_in_the_place_of_an_output_are_replaced(here: Path) -> None:
    victim = here.parent / "elsewhere/victim"
    names = ("reports/derivation.json", "o.json", "o.md", "o.html", "s.md")
    (here / "reports").mkdir()
    for name in names:
        (here / name).symlink_to(victim)
    options = ("--markdown", "o.md", "--html", "o.html", "--summary", "s.md", "--no-history")
    for arguments in (("merge", "r.json", *options), ("merge", "r.json", "--json", "o.json", "--no-history")):
        code, text = harness(here, *arguments)
        assert code in (0, 1), text
    assert victim.read_text() == "precious"
    assert not any((here / name).is_symlink() for name in names)


@pytest.mark.parametrize("place", ["reports", "reports/history"])
def test_a_default_place_that_leads_elsewhere_is_refused(here: Path, place: str) -> None:
    (here / place).parent.mkdir(exist_ok=True)
    (here / place).symlink_to(here.parent / "elsewhere")
    code, text = harness(here, "merge", "r.json")
    assert code == 4, text
    assert "expected a place in the current folder, found a link:" in text
    assert "name it with --" in text
    assert files(here.parent / "elsewhere") == {"victim"}
    if place == "reports":
        code, text = harness(here, "merge", "r.json", "--history", "h")
        assert (code, "name it with --json" in text) == (4, True), text
    named = ("--history", "reports/history", "--json", "reports/r.json")
    assert harness(here, "merge", "r.json", *named)[0] in (0, 1)  # what was named is meant


def test_a_store_that_leads_elsewhere_is_refused(here: Path) -> None:
    (here / ".harness").symlink_to(here.parent / "elsewhere")
    code, text = harness(here, "store", "prune", "--older-than", "1s")
    assert code == 4
    assert "name it with --store or HARNESS_STORE" in text


def test_a_pipe_that_nobody_reads_or_writes_hangs_nothing(here: Path) -> None:
    (here / "reports/history").mkdir(parents=True)
    for name in ("reports/derivation.json", "reports/history/a.json", "p.toml", "p.sqlite"):
        os.mkfifo(here / name)
    (here / "reports/history/zero.json").symlink_to("/dev/zero")
    for arguments, words in (
        (("merge", "r.json"), "cannot be written"),
        (("merge", "p.sqlite"), "a named pipe"),
        (("report", "reports/history/a.json"), "a named pipe"),
        (("report", "reports/history/zero.json"), "a device"),
        (("check", "p.toml"), "a named pipe"),
        (("list", "p.toml"), "a named pipe"),
        (("history",), "a.json: expected a record, found: a named pipe"),
        (("store", "--store", "p.sqlite"), "a named pipe"),
    ):
        code, text = harness(here, *arguments)
        assert words in text, (arguments, text)
        assert code == (0 if arguments == ("history",) else 4)  # what can be read is shown


def test_what_is_written_to_the_terminal_by_name_arrives(here: Path) -> None:
    with (here / "out").open("w") as out:
        command = [sys.executable, "-P", "-m", "harness", "report", "r.json", "--markdown", "/dev/stdout"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run(command, cwd=here, env=environment, stdout=out, check=False)
    assert (here / "out").read_text().startswith("# ")
    read = subprocess.run(
        [sys.executable, "-P", "-m", "harness", "report", "/dev/stdin"],
        cwd=here, env=environment, stdin=(here / "r.json").open(), capture_output=True, check=False,
    )  # fmt: skip
    assert read.returncode == json.loads((here / "r.json").read_text())["exit_code"]


@pytest.mark.parametrize(
    ("shard", "words"),
    [
        ({"number": 1, "of": 10**12, "places": [0, 1], "total": 2}, "shard.of"),
        ({"number": 1, "of": 2**31, "places": [0, 1], "total": 2}, "found none for 2/2147483648, 3/"),
        ({"number": 1, "of": 1, "places": [0, 1], "total": 2**31}, "of different ones"),
        ({"number": 1, "of": 1, "places": [0], "total": 1}, "found 2 for 1"),
        ({"number": 1, "of": 1, "places": [0, -1], "total": 2}, "shard.places"),
        ({"number": 1, "of": 1, "places": [0, 0], "total": 2}, "of different ones"),
        ({"number": 7, "of": 1, "places": [0, 1], "total": 2}, "found shard 7/1"),
        ({"number": 0, "of": 0, "places": [0, 1], "total": 2}, "found shard 0/0"),
        ({"number": 1, "of": 1, "places": [], "total": 0}, "found 2 for 0"),
    ],
)
def test_shards_of_any_number_are_counted_at_once(here: Path, shard: dict[str, object], words: str) -> None:
    (here / "r.json").write_text(json.dumps({**record(), "shard": shard}))
    code, text = harness(here, "merge", "r.json")
    assert (code, words in text) == (4, True), text


def _nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"a": value} if depth % 2 else [value]
    return value


@pytest.mark.parametrize("schema", [1, 2])
@pytest.mark.parametrize("depth", [DEEPEST, 900, 901])
@pytest.mark.parametrize("where", ["toml", "given"])
def test_depth_has_a_limit(tmp_path: Path, schema: int, depth: int, where: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(record()))
    changed = record() if schema == 1 else json.loads(to_json(read_record(path)))
    with_toml = changed["instances" if schema == 1 else "claims"][0]
    holder = with_toml["toml"] if where == "toml" else changed["suites"][0].setdefault("given", {})
    holder["deep"] = _nested(depth - 1)
    path.write_text(json.dumps(changed))
    kept, problems = listed(tmp_path)
    if depth <= DEEPEST:
        assert "deep" in page(read_record(path)) or where == "given"
        assert (len(kept), problems) == (1, [])
        return
    with pytest.raises(RecordError, match=rf"r\.json: expected at most {DEEPEST} tables in each other"):
        read_record(path)
    assert len(problems) == (where == "given")


@pytest.mark.parametrize("started", ["", "now", "0001-01-01T00:00:00+23:59", "9" * 5000])
def test_a_time_that_is_none(here: Path, started: str) -> None:
    (here / "r.json").write_text(json.dumps({**record(), "started": started}))
    code, text = harness(here, "merge", "r.json")
    assert code == 4, text
    assert "expected the date and time when it was started" in text
