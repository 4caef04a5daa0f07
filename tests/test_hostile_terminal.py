"""No control character of others' words reaches the terminal, through whatever command."""

from __future__ import annotations

import ast
import json
import sqlite3
import subprocess
from pathlib import Path

import pytest
from commands import said
from edits import edited
from hostile import SUITE

from harness.cli.say import SECRET, colored, echo
from harness.measure import Measurement, Store
from harness.plan import Trial
from harness.report import read_record

ROOT = Path(__file__).parents[1]
PUBLISHED = read_record(ROOT / "reports/published/derivation.json")
EVIL = "\x1b[2J\x1b]0;x\x07\x9b31m\u202e\u2066\x7f\x00\r"
NAME = EVIL.replace("\x00", "")
"""As far as a file's name may hold it."""

GOOD = """\
[suite]
format = 2
title = "Good"
[experiments.e]
run = "evil:sing"
[claims.c]
says = "x"
expect = "open"
experiment = "e"
at-most = { of = "x", bound = 1.0 }
"""
MODULE = f"""
from harness.declare import Quantity, experiment
EVIL = {EVIL!r}
@experiment("sing", version=1, quantities={{"x": Quantity(EVIL, unit=EVIL)}}, about={{"how": EVIL}})
def sing(*, seed: int, how: str = "well") -> dict[str, float]:
    if how == "badly":
        raise ValueError(EVIL)
    return {{"x": 0.5}}
"""


def is_safe(text: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in text)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that somebody has prepared, with everything that a command may name."""
    tmp_path = tmp_path_factory.mktemp("prepared")
    (tmp_path / "evil.py").write_text(MODULE)
    (tmp_path / f"d{NAME}").mkdir()
    (tmp_path / f"d{NAME}/e.toml").write_text(SUITE)
    (tmp_path / f"f{NAME}.toml").write_text("[suite]\n= 1\n")
    (tmp_path / "good.toml").write_text(GOOD)
    record = (ROOT / "reports/published/derivation.json").read_text().replace("ntk", json.dumps(EVIL)[1:-1])
    (tmp_path / f"r{NAME}.json").write_text(record)
    (tmp_path / f"bad{NAME}.json").write_text(json.dumps({"schema_version": EVIL}))
    store = Store(tmp_path / f"s{NAME}.sqlite")
    store.keep(Measurement(Trial(EVIL, (), 0), "f" * 64, "ok", {"x": 1.0}))
    store.close()
    with sqlite3.connect(tmp_path / f"s{NAME}.sqlite") as database:
        database.execute("update measurement set experiment = ?", [EVIL + "long " * 1000])
    database.close()
    git = ["git", "-c", f"user.name=N{NAME}", "-c", "user.email=e@example.org"]
    for command in (
        ["init", "-q"], ["add", "--all"], ["commit", "-qm", f"s{NAME}"],
        ["commit", "-q", "--allow-empty", "-m", f"t{NAME}"],
    ):  # fmt: skip
        subprocess.run([*git, *command], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


@pytest.fixture
def folder(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That folder, to be in, on a machine of a hostile name."""
    monkeypatch.chdir(prepared)
    monkeypatch.setenv("HARNESS_MACHINE", f"m{NAME}")
    monkeypatch.syspath_prepend(str(prepared))
    return prepared


COMMANDS: list[tuple[tuple[str, ...], int, str]] = [
    (("check", f"d{NAME}/e.toml"), 0, "claims"),
    (("check", f"f{NAME}.toml"), 4, "expected"),
    (("check", f"missing{NAME}.toml"), 4, "expected"),
    (("list", f"d{NAME}/e.toml"), 0, "wrong"),
    (("list", "good.toml::" + EVIL), 4, "no claim"),
    (("list", "good.toml", "-k", f"x {EVIL}"), 4, "expected"),
    (("plan", "good.toml"), 0, "trials"),
    (("plan", f"d{NAME}/e.toml"), 0, "trials"),
    (("describe", "evil:sing"), 0, "how"),
    (("describe", EVIL), 4, "Error"),
    (("trial", "evil:sing", "how=badly"), 1, "ValueError"),
    (("trial", "evil:sing", f"{EVIL}=1"), 4, "expected"),
    (("trial", "evil:sing", f"how={EVIL}"), 0, "0.5"),
    (("report", f"r{NAME}.json"), PUBLISHED.exit_code, "instances"),
    (("report", f"bad{NAME}.json"), 4, "expected"),
    (("report", "good.toml", "--since", EVIL), 4, "--since"),
    (("cite", f"r{NAME}.json"), 0, "We measured"),
    (("cite", f"bad{NAME}.json"), 4, "expected"),
    (("figure", f"r{NAME}.json", "--out", f"o{NAME}.svg"), 0, "Figure: o"),
    (("figure", f"r{NAME}.json", EVIL, "--out", "o.svg"), 4, "expected"),
    (("check", f"f{NAME}.toml", "--sarif", f"o{NAME}.sarif"), 4, "SARIF: o"),
    (("merge", f"r{NAME}.json", f"bad{NAME}.json"), 4, "expected"),
    (("merge", f"r{NAME}.json", "--json", f"o{NAME}", "--no-history"), PUBLISHED.exit_code, "Record: o"),
    (("merge", f"s{NAME}.sqlite", "--store", f"t{NAME}.sqlite"), 0, "trials added"),
    (("merge", f"s{NAME}.sqlite", "--store", f"d{NAME}"), 4, "is a directory"),
    (("store", "--store", f"s{NAME}.sqlite"), 0, "long"),
    (("store", "--store", f"s{NAME}.sqlite", "prune", "--older-than", "1s"), 0, "trials removed"),
    (("store", "--store", f"r{NAME}.json"), 4, "another kind"),
    (("diff", EVIL, "HEAD"), 4, "expected"),
    (("diff", "HEAD", f"r{NAME}.json"), 4, "expected"),
    (("history", "--history", f"h{NAME}"), 4, "expected records"),
    (("bisect", f"d{NAME}/e.toml::x", "--good", EVIL), 4, "expected"),
    (("bisect", EVIL, "--good", "HEAD"), 4, "expected FILE::ID"),
    (("export-asv", f"r{NAME}.json"), 4, "expected"),
    ((EVIL,), 4, "No such command"),
    (("run", "good.toml", f"--{EVIL}"), 4, "No such option"),
    (("run", "good.toml", "--seeds", EVIL), 4, "--seeds"),
    (("run", "good.toml", "--cluster", EVIL), 4, "expected tcp"),
    (("run", "good.toml", "--track", f"x{NAME}"), 4, "does not exist"),
]


@pytest.mark.parametrize(("arguments", "code", "word"), COMMANDS)
def test_no_command_prints_a_control_character(
    folder: Path, arguments: tuple[str, ...], code: int, word: str
) -> None:
    found, text = said(*arguments)
    assert word in text
    assert is_safe(text), repr(text)
    assert found == code, text


def test_a_run_its_history_and_its_comparisons_print_none(folder: Path) -> None:
    for arguments, word in (
        (("run", "good.toml", "--seeds", "14"), "1 measured"),
        (("history",), "subject"),
        (("diff", "HEAD", "HEAD"), "identical"),
        (("run", "good.toml", "--seeds", "14", "-q", "--override", "how=badly"), "ValueError"),
        (("bisect", "good.toml::c", "--good", "HEAD~1"), "verdict"),
    ):
        code, text = said(*arguments)
        assert code != 3, text
        assert word in text, text
        assert is_safe(text), repr(text)


def test_settings_of_a_repository_start_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record = json.loads((ROOT / "reports/published/derivation.json").read_text())
    canary = tmp_path / "canary.sh"
    canary.write_text(f"#!/bin/sh\ntouch {tmp_path}/sung\n")
    canary.chmod(0o755)
    git = ["git", "-c", "user.name=N", "-c", "user.email=e@example.org"]
    for command in (["init", "-q"], ["add", "--all"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    head = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    commit = subprocess.run([*git, "cat-file", "commit", head], check=True, capture_output=True, text=True)
    signature = "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n"
    signed = edited(commit.stdout, {"\n\n": signature})
    head = subprocess.run(
        [*git, "hash-object", "-t", "commit", "-w", "--stdin"],
        input=signed, check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    subprocess.run([*git, "reset", "-q", "--soft", head], check=True)
    record["commit"] = record["suites"][0]["commit"] = {"hash": head, "dirty": False}
    (tmp_path / "h").mkdir()
    (tmp_path / "h/r.json").write_text(json.dumps(record))
    for name, value in (
        ("core.fsmonitor", str(canary)), ("gpg.program", str(canary)), ("log.showSignature", "true"),
        ("core.pager", str(canary)), ("diff.external", str(canary)), ("core.sshCommand", str(canary)),
    ):  # fmt: skip
        subprocess.run(["git", "config", name, value], check=True)
    assert said("history", "--history", "h")[0] == 0
    assert said("diff", "--history", "h", "HEAD", "HEAD")[0] == 0
    assert said("report", "h/r.json", "--history", "h", "--html", "p.html")[0] == PUBLISHED.exit_code
    assert not (tmp_path / "sung").exists()


def test_colours_are_ours_alone(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *arguments: False)
    echo(colored("red\x1b[31m", "red") + " \x1b[32m" + colored("plain", None))
    assert capsys.readouterr().out == "\x1b[31mred\ufffd[31m\x1b[0m \ufffd[32mplain\n"
    assert len(SECRET) > 10


def test_commands_print_through_one_door() -> None:
    """`click.echo`, `click.secho`, `print` and writes to the streams stand in one module, and in the bar of
    progress, which has numbers only; what asv runs imports nothing of harness, and asv catches its output.
    Benchmarks speak with processes of their own by numbers on standard output, and what asks another commit
    for its names by JSON there."""
    others = {
        "report/progress.py", "cli/say.py", "ntk/benchmarks/support/crew.py", "export/asv_suites.py",
        "benchmarks/support/dask_process.py", "history/baselines/probe.py",
    }  # fmt: skip
    for path in (ROOT / "harness").rglob("*.py"):
        if str(path.relative_to(ROOT / "harness")) in others:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in {
                    "print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write",
                    "traceback.print_exc", "error.show",
                } or (path.name, called) == ("say.py", "error.show"), f"{path}:{node.lineno}"  # fmt: skip
