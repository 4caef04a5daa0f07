"""Each target of the fuzzer on a few inputs, always the same; and that its watch sees what it is to see."""

from __future__ import annotations

import io
import pickle
import subprocess
from pathlib import Path

import pytest

from fuzz import watch
from fuzz.engine import Session
from fuzz.targets import TARGETS, Target

INPUTS = {
    "suite": 40, "record": 150, "store": 60, "arguments": 60, "environment": 4, "with": 60,
    "folder": 22, "row": 60, "shards": 40,
}  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found(name: str, tmp_path: Path) -> None:
    session = Session(TARGETS[name], tmp_path / "folder")
    session.plain(inputs=INPUTS.get(name, 150), seed=1)
    assert not session.said, "\n".join(session.said.values())
    assert session.tried > 3
    assert session.accepted or name == "expression"


def _writes_outside(data: bytes, folder: Path) -> None:
    (folder.parent / "outside").write_text("x")


def _imports(data: bytes, folder: Path) -> None:
    __import__("canary_of_the_fuzzer")


def _unpickles(data: bytes, folder: Path) -> None:
    pickle.Unpickler(io.BytesIO(b"cos\nsystem\n.")).load()


def _executes(data: bytes, folder: Path) -> None:
    exec(compile("pass", str(folder / "code.py"), "exec"))


def _starts(data: bytes, folder: Path) -> None:
    subprocess.run(["true"], check=True)


def _hangs(data: bytes, folder: Path) -> None:
    while True:
        pass


def _raises(data: bytes, folder: Path) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (_writes_outside, "open "),
        (_imports, "ModuleNotFoundError"),
        (_unpickles, "pickle.find_class"),
        (_executes, "exec "),
        (_starts, "process true"),
        (_hangs, "Hang"),
        (_raises, "ZeroDivisionError"),
    ],
)
def test_the_watch_sees(read: object, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if read is _hangs:
        monkeypatch.setattr(watch, "SECONDS", 0.2)
    target = Target("bad", lambda: [b""], lambda data, choice: data, read)  # type: ignore[arg-type]
    session = Session(target, tmp_path / "folder")
    session.read(b"")
    (found,) = session.findings
    assert found.startswith(expected)
