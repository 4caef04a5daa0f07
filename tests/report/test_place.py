"""Where a suite is, however its path was typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.report.place import place_of


def test_a_place_is_relative_to_the_repository_also_where_git_cannot_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place tells suites of one name apart: it is the same whether git runs, and from which folder."""
    (tmp_path / "project/.git").mkdir(parents=True)
    (tmp_path / "project/suites").mkdir()
    monkeypatch.setenv("PATH", "")
    for folder in ("project", "project/suites", "."):
        monkeypatch.chdir(tmp_path / folder)
        assert place_of(tmp_path / "project/suites/toys.toml") == "suites/toys.toml"


def test_a_place_outside_of_a_repository_is_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert place_of(Path("toys.toml")) == "toys.toml"
    assert place_of(Path("../toys.toml")) == (tmp_path / "toys.toml").as_posix()
