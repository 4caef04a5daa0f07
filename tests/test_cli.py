"""The command line, as a user meets it: a process, its output and its exit code."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from edits import edited
from good_suite import GOOD, write

from harness.report import read_record

__all__ = ["write"]
ROOT = Path(__file__).parents[1]
ISSUES = "suites/issues.toml"
SUPPORT = Path(__file__).parent / "support"


def harness(*arguments: object, folder: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command in `folder`, with the toys importable."""
    path = os.pathsep.join(map(str, (SUPPORT, SUPPORT.parents[1])))
    environment = {**os.environ, "PYTHONPATH": path, **env}
    command = [sys.executable, "-m", "harness", *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder or ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["list", ISSUES],
        ["check", ISSUES],
        ["check", ISSUES, "--sarif", os.devnull],
        ["describe"],
        ["describe", "ntk.regression"],
        ["describe", "fully-connected"],
        ["schema"],
    ],
)
def test_what_answers_at_once_imports_nothing_heavy(arguments: list[str]) -> None:
    program = f"""
import sys
from harness.cli import main
try:
    main({arguments!r})
except SystemExit as end:
    assert not end.code, end.code
heavy = ["jax", "numpy", "scipy", "sklearn", "matplotlib", "neural_tangents", "rich", "sqlite3"]
print("imported:", [name for name in heavy if name in sys.modules])
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "imported: []"


def test_every_command_has_help() -> None:
    commands = ["check", "list", "describe", "schema", "plan", "run", "trial", "report", "export-asv"]
    for command in commands:
        done = harness(command, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert f"Usage: harness {command}" in done.stdout
    assert all(f"  {command} " in harness("--help").stdout for command in commands)


def test_run_prints_a_report_writes_a_record_and_exits_with_0(write: Callable[[str], Path]) -> None:
    path = write(GOOD)
    done = harness("run", path, "--markdown", "out/r.md", folder=path.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2] == "3 instances: 3 of 3 as expected."
    assert "\x1b" not in done.stdout
    record = json.loads((path.parent / "reports/toys.json").read_text())
    assert [i["verdict"] for i in record["instances"]] == ["supported"] * 3
    assert (path.parent / "out/r.md").read_text().startswith("# Toys")
    assert (path.parent / ".harness/store.sqlite").exists()


def test_a_summary_is_written_by_a_run_and_from_its_record(write: Callable[[str], Path]) -> None:
    of_control = {"at = { shift = 0.5 } }": "at = { shift = 0.0 } }"}
    path = write(edited(GOOD, {"at = { shift = 0.0 }": "at = { shift = 0.5 }"} | of_control))
    done = harness("run", path, "--summary", "s.md", "--json", "r.json", folder=path.parent)
    again = harness("report", "r.json", "--summary", "again.md", folder=path.parent)
    assert (done.returncode, again.returncode, again.stdout) == (1, 1, ""), done.stderr
    text = (path.parent / "s.md").read_text()
    assert text == (path.parent / "again.md").read_text()
    assert "\n3 instances: 0 of 3 as expected, 3 unexpected.\n" in text


def test_a_summary_says_what_changed_since_an_earlier_record(write: Callable[[str], Path]) -> None:
    path = write(GOOD)
    harness("run", path, "--json", "old.json", folder=path.parent)
    path.write_text(edited(GOOD, {"size = [1, 2, 4]": "size = [1, 2, 8]"}))
    harness("run", path, "--json", "new.json", folder=path.parent)
    done = harness("report", "new.json", "--summary", "s.md", "--since", "old.json", folder=path.parent)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    head = (path.parent / "s.md").read_text().partition("<details>")[0]
    assert " | \\= as-expected | added | supported |" in head
    assert "size=4\\] | not in this run |  | removed |" in head
    assert "size=1" not in head
    alone = harness("report", "new.json", "--since", "old.json", folder=path.parent)
    assert (alone.returncode, "expected --summary or --html with --since" in alone.stderr) == (4, True)


def test_with_runs_a_suite_on_another_value_and_says_so(write: Callable[[str], Path]) -> None:
    path = write(GOOD)
    done = harness("run", path, "--override", "slope=1.0", folder=path.parent)
    assert done.returncode == 1, done.stdout
    assert "3 instances: 1 of 3 as expected, 2 unexpected." in done.stdout  # ln 1 = 0: size 1 has no slope
    record = json.loads((path.parent / "reports/toys.json").read_text())
    assert record["suites"][0]["given"] == {"slope": 1.0}
    done = harness("run", path, "--override", "slop=1.0", folder=path.parent)
    assert (done.returncode, "did you mean slope?" in done.stderr) == (4, True)
    done = harness("run", path, "--override", "slope", folder=path.parent)
    assert (done.returncode, done.stderr) == (4, "expected NAME=VALUE, found 'slope'\n")


def test_what_is_not_covered_is_named_and_not_green_alone(write: Callable[[str], Path]) -> None:
    gap = 'exact = { of = "gap", atol = 1 }\nseeds = 3'
    text = edited(GOOD, {'equal = { of = ["a.error", "b.error"], within = "5%" }': gap})
    path = write(edited(text, {"sd = 0.02": "sd = 0.02, lack-at = 1"}))
    done = harness("run", path, folder=path.parent, NO_COLOR="1")
    assert done.returncode == 5, done.stdout
    assert "3 instances: 3 not-covered." in done.stdout
    assert "  ○ toys/same[shift=0,size=1]: seed 1: gap: not covered: it knows no gaps" in done.stdout


def test_an_unexpected_verdict_exits_with_1_and_report_repeats_it(write: Callable[[str], Path]) -> None:
    of_control = {"at = { shift = 0.5 } }": "at = { shift = 0.0 } }"}
    path = write(edited(GOOD, {"at = { shift = 0.0 }": "at = { shift = 0.5, size = 1 }"} | of_control))
    done = harness("run", path, "--json", "r.json", folder=path.parent)
    assert done.returncode == 1
    assert "expected supported, found refuted" in done.stdout
    again = harness("report", "r.json", folder=path.parent)
    assert again.returncode == 1
    assert again.stdout.splitlines() == done.stdout.splitlines()[:-1]


@pytest.mark.slow  # a dear relative of cheaper tests
def test_the_second_run_measures_nothing(write: Callable[[str], Path]) -> None:
    path = write(GOOD)
    once = ("--no-recheck", "--workers", "1", "--json")
    first, second = (harness("run", path, *once, f"{n}.json", folder=path.parent) for n in (1, 2))
    assert (first.returncode, second.returncode) == (0, 0)
    one, two = (json.loads((path.parent / f"{n}.json").read_text()) for n in (1, 2))
    assert one["trials"]["measured"] > 0
    assert two["trials"] == {"measured": 0, "reused": one["trials"]["measured"], "failed": 0}
    assert one["instances"] == two["instances"]
    none = harness("run", path, "--no-store", *once, "3.json", folder=path.parent)
    assert none.returncode == 0
    assert json.loads((path.parent / "3.json").read_text())["trials"]["reused"] == 0


def test_rechecks_are_made_left_out_or_extended(write: Callable[[str], Path]) -> None:
    path = write(GOOD)

    def rechecks(*arguments: str) -> int:
        harness("run", "toys.toml", "--workers", "1", "--json", "r.json", *arguments, folder=path.parent)
        return len(read_record(path.parent / "r.json").rechecks)

    assert rechecks("--no-recheck") == 0
    assert rechecks() == 1  # for what the first run left out
    assert rechecks() == 0
    assert 1 <= rechecks("--recheck", "1%") < rechecks("--recheck", "5%") < 10  # of some 60 trials


def test_mistakes_exit_with_4_measure_nothing_and_show_no_traceback(write: Callable[[str], Path]) -> None:
    path = write(edited(GOOD, {'"5%"': '"5"', "experiment = ": "experimnt = "}))
    for command in ("check", "run", "list", "plan"):
        done = harness(command, path, folder=path.parent)
        assert done.returncode == 4
        assert "Traceback" not in done.stderr
        assert "toys.toml:23" in done.stderr
        assert "did you mean experiment?" in done.stderr
    assert sorted(p.name for p in path.parent.iterdir()) == ["toys.toml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["run"],
            "for one claim or instance, a folder of suites, a glob in quotes, or @NAME of a suite",
        ),
        (["run", "empty"], "empty: expected suites"),
        (["run", "t*.tml"], "expected suites that match 't*.tml'"),
        (["run", "r.json"], "expected a suite (TOML), found a record (JSON): `harness report r.json` shows"),
        (["merge", "toys.toml"], "found a suite: `harness run toys.toml` makes one"),
        (["diff", "toys.toml", "r.json"], "found a suite: `harness run toys.toml` makes one"),
        (["export-asv", "toys.toml"], "found a suite: `harness run toys.toml` makes one"),
        (["trial", "toys.toml"], "found 'toys.toml' without ::ID"),
        (["describe", "toys.toml"], "`harness list` shows what a suite claims"),
        (["rnu"], "No such command"),
        (["run", "toys.toml", "--seeds", "20"], "one of 14, 21, 32, 48, 72, 108, 162, 243, found 20"),
        (["run", "toys.toml", "--workers", "0"], "not in the range"),
        (["run", "toys.toml", "--fresh", "--first-seed", "3"], "found both"),
        (["run", "toys.toml", "--cluster", "local:2", "--workers", "3"], "found both; local:N has N workers"),
        (["run", "toys.toml", "--recheck", "2"], "expected a share such as 1%, found '2'"),
        (["run", "toys.toml", "--recheck", "1%", "--no-recheck"], "expected --recheck or --no-recheck"),
        (["run", "toys.toml", "--memory-limit", "4"], "expected a size such as 4GiB or 500MB, found '4'"),
        (["run", "toys.toml::same[shift=0,siz=1]"], "did you mean same[shift=0,size=1]?"),
        (["run", "toys.toml", "-k", "a b"], "column 3: expected `and`"),
        (["run", "none.toml"], "No such file"),
        (["report", "toys.toml"], "expected a record (JSON), found a suite: `harness run toys.toml` makes"),
        (["report", "none.json"], "No such file"),
        (["describe", "ntk.regresion"], "did you mean ntk.regression?"),
        (["describe", "fuly-connected"], "did you mean fully-connected?"),
        (["trial", "ntk.regression", "hiden=1"], "did you mean hidden?"),
        (["trial", "toy_study:study", "model=toy_models:skip", "act=erf"], "no parameter `act` of toy_"),
        (["trial", "toys:pair", "shift"], "expected NAME=VALUE"),
        (["trial", "toys:pair", "sift=1"], "did you mean shift?"),
        (["trial", "toys:nothing"], "found nothing of that name"),
        (["run", "toys.toml", "--store", "."], "is a directory"),
    ],
)
def test_bad_usage_exits_with_4_and_says_what_was_expected(
    write: Callable[[str], Path], arguments: list[str], said: str
) -> None:
    folder = write(GOOD).parent
    (folder / "empty").mkdir()
    (folder / "r.json").write_text('{"schema_version": 1}')
    done = harness(*arguments, folder=folder)
    assert said in done.stderr
    assert done.returncode == 4
    assert "Traceback" not in done.stderr


MODELS = """\
[suite]
format = 2
title = "Models"
[experiments.nets]
run = "toy_study:study"
sweep.net = { flat = { model = "my_nets:flat", hidden = 2 }, skip = { model = "my_nets:skip", blocks = 3 } }
[claims.c]
says = "It is small."
experiment = "nets"
expect = "open"
seeds = 14
at-most = { of = "output", bound = 2 }
"""
NETS = """\
def flat(hidden=1):
    return lambda key, shape: (shape, key / 100), lambda params, x: params + hidden
def skip(blocks=1, scale=0.25):
    return lambda key, shape: (shape, key / 100), lambda params, x: params + scale * blocks
"""


def test_a_users_models_are_measured_recorded_and_measured_again_when_edited(
    write: Callable[..., Path],
) -> None:
    folder = write(MODELS).parent
    (folder / "my_nets.py").write_text(NETS)
    done = harness("run", "toys.toml", "--json", "r.json", "--no-recheck", folder=folder)
    assert done.returncode == 0, done.stderr
    flat, skip = read_record(folder / "r.json").instances
    assert (flat.verdict, skip.verdict) == ("refuted", "supported")
    common = {"train": 4, "noise": 0.0}
    assert flat.trials[0].params == {"model": "my_nets:flat", "hidden": 2, **common}
    assert skip.trials[0].params == {"model": "my_nets:skip", "blocks": 3, "scale": 0.25, **common}
    assert _planned(folder) == ["28", "28", "28"]
    assert "scale * blocks" in NETS
    (folder / "my_nets.py").write_text(edited(NETS, {"scale * blocks": "scale ** blocks"}))
    assert _planned(folder) == ["28", "28", "0"]


def _planned(folder: Path) -> list[str]:
    """Trials that the suite needs at least, at most, and those that the store has."""
    lines = harness("plan", "toys.toml", folder=folder).stdout.splitlines()
    (counts,) = (line.split()[1:4] for line in lines if line.startswith("toy_study"))
    return counts


def test_nothing_selected_exits_with_5_and_names_what_there_is(write: Callable[[str], Path]) -> None:
    folder = write(GOOD).parent
    for command in ("run", "list", "plan"):
        done = harness(command, "toys.toml", "-k", "siez=4", folder=folder)
        assert done.returncode == 5
        assert done.stderr.splitlines() == [
            "toys.toml: nothing matches -k siez=4 (did you mean size?)",
            "  axis shift: 0",
            "  axis size: 1, 2, 4",
            "  claims: same",
            "Nothing selected.",
        ]


def test_a_suite_of_which_nothing_is_selected_is_named(write: Callable[..., Path]) -> None:
    folder = write(GOOD).parent
    write(edited(GOOD, {"size = [1, 2, 4]": "size = [1]"}), "other.toml")
    for command in ("list", "run"):
        done = harness(command, "toys.toml", "other.toml", "-k", "size=2", folder=folder)
        assert done.returncode == 0, done.stderr
        assert "other.toml: nothing matches -k size=2" in done.stderr.splitlines()
        assert "toys.toml: nothing" not in done.stderr


def test_a_folder_stands_for_its_suites_and_suites_for_nothing(write: Callable[..., Path]) -> None:
    folder = write(GOOD).parent
    (folder / "suites").mkdir()
    (folder / "toys.toml").rename(folder / "suites/toys.toml")
    write("[tool.ruff]\n", "suites/pyproject.toml")
    for arguments in (("list",), ("list", "suites/"), ("plan", "*/t*.toml"), ("check",), ("check", "suites")):
        done = harness(*arguments, folder=folder)
        assert (done.returncode, done.stderr) == (0, "")
    assert harness("run", folder=folder).returncode == 0
    assert (folder / "reports/toys.json").exists()


def test_a_record_of_another_suite_of_that_name_stays(write: Callable[..., Path]) -> None:
    """Two suites of one name: both records are kept, and each run says what line is to be added."""
    folder = write(GOOD).parent
    for name in ("a", "b"):
        (folder / name).mkdir()
        write(edited(GOOD, {'"Toys"': f'"Suite {name}"'}), f"{name}/toys.toml")
    line = '`name = "b-toys"` under [suite] (b/toys.toml:1)'
    first, second, both = (
        harness("run", *names, "-q", "--no-recheck", folder=folder)
        for names in (["a"], ["b/toys.toml"], ["a", "b"])
    )
    assert (first.returncode, second.returncode, both.returncode) == (0, 0, 4)
    assert "toys" not in first.stderr
    assert line in second.stderr
    assert line in both.stderr
    titles = [json.loads((folder / "reports" / name).read_text())["suites"][0]["title"]
              for name in ("toys.json", "b-toys.json")]  # fmt: skip
    assert titles == ["Suite a", "Suite b"]
    checked = harness("check", "a", "b", folder=folder)
    assert (checked.returncode, line in checked.stderr) == (4, True)
    merged = harness("merge", *(folder / "reports").glob("*.json"), folder=folder)
    assert (merged.returncode, line in merged.stderr) == (4, True)
    again = harness("run", "a", "-q", "--no-recheck", folder=folder)
    assert (again.returncode, "toys.json" in again.stdout) == (0, True)
    (folder / "a/toys.toml").unlink()  # now the name is free
    moved = harness("run", "b", "-q", "--no-recheck", "--json", "c.json", folder=folder)
    assert "two suites" not in moved.stderr


def test_list_and_plan(write: Callable[[str], Path]) -> None:
    folder = write(GOOD).parent
    listed = harness("list", "toys.toml", "-k", "size=1", folder=folder)
    assert listed.stdout == "toys/same[shift=0,size=1]  supported  [quick]\n"
    planned = harness("plan", "toys.toml", folder=folder).stdout.splitlines()
    # 3 sizes × 2 shifts (the claim's and its control's) × 14 or 21 seeds
    assert planned[-1].split()[:4] == ["toys:pair", "84", "126", "0"]
    assert not (folder / ".harness").exists()


def test_a_trial_repeats_the_number_in_the_record(write: Callable[[str], Path]) -> None:
    folder = write(GOOD).parent
    assert harness("run", "toys.toml", folder=folder).returncode == 0
    record = read_record(folder / "reports/toys.json")
    instance = next(i for i in record.instances if i.id == "toys/same[shift=0,size=2]")
    point = ["shift=0", "size=2", "sd=0.02"]
    done = harness("trial", "toys:pair", *point, "--seed", "4", "--json", folder=folder)
    (by_hand,) = json.loads(done.stdout)
    values = by_hand["values"]
    effect = math.log(values["a.error"]) - math.log(values["b.error"])
    assert effect == pytest.approx(instance.values[4], rel=1e-12)
    text = harness("trial", "toys.toml::same[shift=0,size=2]", "--seed", "4", folder=folder).stdout
    assert repr(values["a.error"]) in text
    assert text.count("toys:pair, seed 4") == 2  # the claim's point, and its control's


def test_a_failed_trial_shows_its_error_and_exits_with_1(write: Callable[[str], Path]) -> None:
    done = harness("trial", "toys:pair", "crash-at=0", folder=write(GOOD).parent)
    assert done.returncode == 1
    assert "exited with code 7" in done.stdout


def test_fresh_seeds_are_new_and_can_be_repeated(write: Callable[[str], Path]) -> None:
    folder = write(GOOD).parent
    harness("run", "toys.toml", "--fresh", "--json", "f.json", folder=folder)
    fresh = json.loads((folder / "f.json").read_text())
    assert fresh["fresh"]
    assert fresh["first_seed"] >= 1_000_000
    harness("run", "toys.toml", "--first-seed", fresh["first_seed"], "--json", "g.json", folder=folder)
    again = json.loads((folder / "g.json").read_text())
    assert [i["values"] for i in again["instances"]] == [i["values"] for i in fresh["instances"]]


def test_modules_of_the_current_directory_can_be_named(write: Callable[[str], Path]) -> None:
    folder = write(edited(GOOD, {"toys:pair": "mine:pair"})).parent
    (folder / "mine.py").write_text((SUPPORT / "toys.py").read_text())
    assert harness("run", "toys.toml", folder=folder, PYTHONPATH="").returncode == 0


def test_a_broken_pipe_is_no_fault_of_ours() -> None:
    done = subprocess.run(
        f"{sys.executable} -m harness list suites/issues.toml | head -1",
        shell=True, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
