"""bisect: ends without a verdict, what stands between, and that the user's repository stays as it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from edits import edited
from repositories import commit, experiment, git, repository, suite

from harness.history.bisect import BisectionError, Search, When, bisect
from harness.options import RunOptions
from harness.report import read_record

BROKEN = "raise RuntimeError('the adapter is not there yet')"
MOVED = "shift += 1"
ENOUGH = 14
"""A budget that decides the claim of `moving_seeds`."""
ALONE = "import os; assert 'GIT_DIR' not in os.environ"  # a trial may ask git, too


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Its commits by subject: an error, a verdict, an error again in between, another verdict, an error."""
    folder = tmp_path_factory.mktemp("bisect") / "repo"
    folder.mkdir()
    experiment(folder, "bisected", BROKEN)
    suite(folder, "bisected")
    repository(folder)
    hashes: dict[str, str] = {}
    bodies = {
        "no adapter": BROKEN,
        "adapter": ALONE,
        "slip": BROKEN,
        "moved": MOVED,
        "more": MOVED + ".0",
        "lost": BROKEN,
    }
    for subject, body in bodies.items():
        experiment(folder, "bisected", body)
        hashes[subject] = commit(folder, subject)
    return folder, hashes


def search(
    repo: tuple[Path, dict[str, str]], tmp_path: Path, good: str, bad: str, when: When = "verdict"
) -> Search:
    folder, hashes = repo
    store = folder.parent / "store.sqlite"
    options = RunOptions(store=store, seeds=ENOUGH)
    file = folder / "claims.toml"
    return Search(file, "same", hashes[good], hashes[bad], when, options)


@pytest.mark.parametrize(
    ("good", "bad", "end", "when"),
    [
        ("no adapter", "moved", "good", "verdict"),
        ("adapter", "lost", "bad", "effect"),
        pytest.param("no adapter", "moved", "good", "effect", marks=pytest.mark.slow),
        pytest.param("adapter", "lost", "bad", "verdict", marks=pytest.mark.slow),
    ],
)
def test_an_end_that_is_an_error_is_refused(
    repo: tuple[Path, dict[str, str]], tmp_path: Path, good: str, bad: str, end: str, when: When
) -> None:
    """Once it blamed the commit that added the adapter."""
    with pytest.raises(BisectionError) as caught:
        bisect(search(repo, tmp_path, good, bad, when))
    said, subject = str(caught.value), {"good": good, "bad": bad}[end]
    assert f"same at --{end} {repo[1][subject][:9]} ({subject}): expected a verdict, found error" in said
    assert "the adapter is not there yet" in said
    assert "name a commit at which the claim has a verdict, or search with --when error" in said


@pytest.mark.slow
def test_where_an_error_began_or_ended_is_found_when_asked_for(
    repo: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    found = bisect(search(repo, tmp_path, "no adapter", "adapter", "error"))
    assert [c.subject for c in found.candidates] == ["adapter"]
    found = bisect(search(repo, tmp_path, "moved", "lost", "error"))
    assert [c.subject for c in found.candidates] == ["lost"]
    with pytest.raises(BisectionError, match="expected another error at"):
        bisect(search(repo, tmp_path, "adapter", "more", "error"))


@pytest.mark.slow
@pytest.mark.parametrize("when", ["verdict", "effect"])
def test_an_error_between_the_ends_is_skipped_and_neither_blamed_nor_taken_for_the_state_before(
    repo: tuple[Path, dict[str, str]], tmp_path: Path, when: When
) -> None:
    found = bisect(search(repo, tmp_path, "adapter", "more", when))
    assert {c.subject for c in found.candidates} == {"slip", "moved"}
    terms = {step.commit.subject: step.term for step in found.steps}
    assert terms["slip"] == "skip"
    assert found.before is not None
    assert (found.before.commit.subject, found.after.commit.subject) == ("adapter", "moved")
    reasons = {c.subject: found.why(c) for c in found.candidates}
    assert "the adapter is not there yet" in reasons["slip"]


@pytest.fixture(scope="module")
def moving_seeds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Seeds from 21 on are refuted, always; the suite calls those below explored; then the code changes."""
    folder = tmp_path_factory.mktemp("seeds") / "repo"
    folder.mkdir()
    experiment(folder, "seeded", "shift += seed >= 21")
    text = suite(folder, "seeded").read_text()
    repository(folder)
    hashes = {"by 0": commit(folder, "by 0")}
    (folder / "claims.toml").write_text(edited(text, {'title = "': 'explored = [[0, 20]]\ntitle = "'}))
    hashes["explored"] = commit(folder, "explored")
    experiment(folder, "seeded", "shift += 2")
    hashes["moved"] = commit(folder, "moved")
    return folder, hashes


@pytest.mark.slow
def test_all_commits_are_judged_on_the_seeds_of_the_good_end(
    moving_seeds: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    """The commit at which a suite begins at other seeds changes nothing of the code: it is not to blame."""
    wanted = search(moving_seeds, tmp_path, "by 0", "explored")
    with pytest.raises(BisectionError, match=r"found supported → supported, .*\(both on seeds from 0\)"):
        bisect(wanted)
    found = bisect(replace(wanted, bad=moving_seeds[1]["moved"]))
    assert [c.subject for c in found.candidates] == ["moved"]
    assert {step.instance.first_seed for step in found.steps if step.instance} == {0}


@pytest.mark.slow
def test_a_record_from_other_seeds_than_the_good_ends_is_not_taken(
    moving_seeds: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    """The commit was run by itself, from seed 21 on, where it is refuted; from seed 0 on it is not."""
    folder, hashes = moving_seeds
    history = tmp_path / "history"
    git(folder, "checkout", "--quiet", hashes["explored"])
    command = [sys.executable, "-m", "harness", "run", "claims.toml", "--quiet", "--history", str(history)]
    command += [f"--seeds={ENOUGH}", "--no-store", "--no-recheck", "--json", str(tmp_path / "record.json")]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    git(folder, "checkout", "--quiet", "main")
    (kept,) = history.glob("*.json")
    assert [i.verdict for i in read_record(kept).instances] == ["refuted"]
    wanted = search(moving_seeds, tmp_path, "by 0", "explored")
    wanted = replace(wanted, history=history)
    with pytest.raises(BisectionError, match="found supported → supported"):
        bisect(wanted)


def state(folder: Path) -> list[str]:
    """All of a work tree and its repository that a user could miss."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not {".git", "__pycache__"} & {*p.parts})
    asked = [
        ["status", "--porcelain=2", "--branch"],
        ["for-each-ref"],
        ["worktree", "list"],
        ["stash", "list"],
    ]
    return [*(git(folder, *words) for words in asked), *(p.read_text() for p in files)]


def test_the_users_repository_stays_as_it_is_also_from_a_hook_in_a_linked_worktree(
    repo: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    """They are in the middle of a bisection of their own, with an edit, and a hook that would tell."""
    main, hashes = repo
    side = tmp_path / "side"
    git(main, "worktree", "add", "--quiet", "--detach", str(side), hashes["more"])
    gone = tmp_path / "on a disk that is not mounted"
    git(main, "worktree", "add", "--quiet", "--detach", str(gone), hashes["more"])
    gone.rename(tmp_path / "unmounted")
    git(side, "bisect", "start", hashes["lost"], hashes["no adapter"])
    (side / "bisected.py").write_text("# precious\n")
    hook, told = main / ".git/hooks/post-checkout", tmp_path / "told"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {told}\n")
    hook.chmod(0o755)
    common, own = (
        git(side, "rev-parse", "--path-format=absolute", name) for name in ("--git-common-dir", "--git-dir")
    )
    before, log = state(side), git(side, "bisect", "log")
    variables = {
        "GIT_DIR": own, "GIT_WORK_TREE": str(side), "GIT_INDEX_FILE": f"{own}/index", "GIT_PREFIX": "",
        "GIT_COMMON_DIR": common, "GIT_CONFIG_PARAMETERS": "'core.bare'='false'",
    }  # fmt: skip
    command = [sys.executable, "-m", "harness", "bisect", "claims.toml::same", "--override", "shift=0"]
    command += [
        "--good",
        hashes["adapter"],
        "--bad",
        hashes["moved"],
        "--store",
        str(main.parent / "store.sqlite"),
    ]
    done = subprocess.run(
        command, cwd=side, env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, *others = done.stdout.splitlines()
    assert "is one of" in first
    (skipped,) = [line for line in others if "slip: skipped: error" in line]
    assert "the adapter is not there yet" in skipped
    assert not any("author" in line for line in others), "nobody is blamed for what is not known"
    assert state(side) == before
    assert git(side, "bisect", "log") == log
    assert str(gone) in before[2], "git may forget a worktree that is not mounted: bisect must not"
    assert not told.exists()


def test_ctrl_c_leaves_nothing_behind(repo: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    main, hashes = repo
    slow = tmp_path / "slow"
    git(tmp_path, "clone", "--quiet", str(main), str(slow))
    git(slow, "checkout", "--quiet", hashes["more"])
    mark = tmp_path / "a trial has begun"
    experiment(slow, "bisected", f"import time; open({str(mark)!r}, 'w').close(); time.sleep(60)")
    hash_ = commit(slow, "slow")
    before = state(slow)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "harness", "bisect", "claims.toml::same"]
    command += ["--good", hashes["more"], "--bad", hash_, "--store", "../s.sqlite"]
    process = subprocess.Popen(
        command, cwd=slow, env=os.environ | {"TMPDIR": str(temporary)}, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        end = time.monotonic() + 60  # far more than two runs of a toy take
        while not mark.exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        assert list(temporary.glob("harness-*/slow")) != []
    finally:
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2, said
    assert state(slow) == before
    assert list((slow / ".git").glob("worktrees/*")) == []
    assert list(temporary.glob("harness-*/slow")) == []
