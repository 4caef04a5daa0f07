"""Names of files that are made of others' words, and places where links may stand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.disk import LONGEST, PlaceError, file_name, inside, kind, read


@pytest.mark.parametrize("words", [["issues"], ["issues", "kernels"], ["a b", "é"], ["x" * LONGEST]])
def test_a_usual_name_stays(words: list[str]) -> None:
    assert file_name(words) == "+".join(words)


@pytest.mark.parametrize(
    "words",
    [["../../x"], ["/etc/passwd"], ["a\0b"], ["-rf"], [".hidden"], [""], ["\x1b[2J"], ["\u202ex"], ["\udcff"],
     ["é" * LONGEST], ["x"] * 200, [".."], ["-"]],
)  # fmt: skip
def test_another_becomes_one_of_its_own(words: list[str], tmp_path: Path) -> None:
    name = file_name(words)
    assert name.isprintable()
    assert not name.startswith(("-", "."))
    assert 0 < len(name.encode()) <= LONGEST
    (tmp_path / f"{name}.json").touch()
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.json"]


def test_different_words_have_different_names() -> None:
    many = [["a/b"], ["a:b"], ["a_b"], ["x" * 300], ["x" * 301], ["a", "b" * 300], ["-a"], [".a"], ["a"]]
    assert len({file_name(words) for words in many}) == len(many)


def test_a_link_is_followed_where_it_stays_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    (here / "data").mkdir(parents=True)
    monkeypatch.chdir(here)
    place = Path("reports/history")
    assert inside(place, "--x") == place
    (here / "reports").symlink_to("data")
    assert inside(place, "--x") == place
    (here / "data/history").symlink_to(tmp_path)
    with pytest.raises(PlaceError, match=r"reports/history leads to .*name it with --x"):
        inside(place, "--x")
    (here / "data/history").unlink()
    (here / "data/history").symlink_to("history")
    with pytest.raises(PlaceError, match="--x"):
        inside(place / "deeper", "--x")


def test_what_has_no_end_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    assert read(tmp_path / "file", most=5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        read(tmp_path / "file", most=4)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "again").symlink_to("file")
    assert read(tmp_path / "again") == b"12345"
    for name, found in (("pipe", "a named pipe"), ("zero", "a device")):
        with pytest.raises(OSError, match=found):
            read(tmp_path / name)
    with pytest.raises(OSError, match="more than 9 bytes"):
        read(Path("/dev/zero"), most=9)
    kinds = [kind(tmp_path / name) for name in ("file", "pipe", "zero", "none", "file/x")]
    assert kinds == ["a file", "a named pipe", "a link", "", ""]
