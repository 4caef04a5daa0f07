"""When a run began, as records say it: without zone, beyond the calendar, or not at all."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import INSTANCE, RECORD, record
from msgspec.structs import replace

from harness.errors import UserError
from harness.history import Chosen, compare, keep, past, states_of
from harness.history.archive import fingerprints, listed
from harness.history.context import context
from harness.history.merge import MergeError, ShardFile, merge
from harness.history.text import diff_markdown, diff_text, history_markdown, history_text
from harness.history.timeline import timeline
from harness.report.dates import moment
from harness.report.files import OutputError
from harness.report.html import page
from harness.report.record import CommitRecord, Record, SuiteRecord, to_json

BEYOND = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00")
WRONG = ("", "yesterday", "2026-13-01T00:00:00", "1" * 5000, "\x1b[2J", "2026-01-01T00:00:00+99:00")
UNREADABLE = (*WRONG, *BEYOND)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine is in Tokyo."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-01-01T12:00:00", 12),
        ("2026-01-01T12:00:00+00:00", 12),
        ("2026-01-01T12:00:00Z", 12),
        ("2026-01-01T12:00:00+02:00", 10),
        ("2026-01-01T12:00:00.5-01:30", 13),
        ("2026-01-01", 0),
    ],
)
def test_what_names_no_zone_is_utc(text: str, hour: int, elsewhere: None) -> None:
    found = moment(text)
    assert found is not None
    assert (found.tzinfo, found.date(), found.hour) == (UTC, datetime(2026, 1, 1).date(), hour)


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_no_date_is_none(text: str) -> None:
    assert moment(text) is None


def put(folder: Path, name: str, **changed: object) -> Record:
    folder.mkdir(exist_ok=True)
    made = record(INSTANCE, **changed)
    (folder / name).write_bytes(to_json(made))
    return made


def test_a_record_without_zone_is_read_as_utc_with_a_word(tmp_path: Path) -> None:
    put(tmp_path, "a.json", started="2026-01-01T12:00:00+00:00")
    put(tmp_path, "b.json", started="2026-01-01\x1b11:00:00")
    put(tmp_path, "c.json", started="2026-01-01T13:00:00+03:00")
    kept, (problem,) = listed(tmp_path)
    assert [k.path.stem for k in kept] == ["c", "b", "a"]
    assert "b.json: 2026-01-01\ufffd11:00:00 names no time zone: it is read as UTC" in problem
    assert len(past(Chosen(tmp_path, tmp_path)).states) == 1


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_record_without_a_date_is_skipped_with_a_word(tmp_path: Path, text: str) -> None:
    put(tmp_path, "a.json")
    put(tmp_path, "b.json", started=text)
    kept, (problem,) = listed(tmp_path)
    assert [k.path.stem for k in kept] == ["a"]
    assert "b.json: expected when the run was started, found" in problem
    assert problem.isprintable()
    assert len(problem) < 500


def test_the_trials_of_a_record_without_a_date_are_named_all_the_same(tmp_path: Path) -> None:
    """`store prune --unreachable` keeps them."""
    trials = (replace(INSTANCE.trials[0], fingerprints=("abc",)),)
    (tmp_path / "b.json").write_bytes(to_json(record(replace(INSTANCE, trials=trials), started="never")))
    assert fingerprints(tmp_path) == ({"abc"}, [])


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_has_no_date_is_neither_kept_nor_merged(tmp_path: Path, text: str) -> None:
    made = record(INSTANCE, started=text)
    with pytest.raises(OutputError, match="expected when it was started"):
        keep(tmp_path / "history", made)
    assert not (tmp_path / "history").exists()
    with pytest.raises(MergeError, match=r"a\.json: expected the date and time when it was started"):
        merge([ShardFile("a.json", made)])


def test_the_first_start_is_that_in_time_not_in_letters() -> None:
    early, late = "2026-01-01T23:30:00+14:00", "2026-01-01T12:00:00+00:00"
    other = replace(INSTANCE, id="toys/same[size=2]")
    parts = [ShardFile("a", record(INSTANCE, started=late)), ShardFile("b", record(other, started=early))]
    assert merge(parts).started == early


def dates() -> st.SearchStrategy[str]:
    zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    when = st.datetimes(timezones=st.none() | zones).map(datetime.isoformat)
    return when | st.sampled_from(UNREADABLE) | st.text(max_size=30)


NAMES = st.sampled_from(["toys", "a", "", "../x", "a/b", "x\x1b", "a" * 300])
PLACES = st.sampled_from(["", "toys.toml", "a/toys.toml", "/toys.toml", "../../x.toml", "a\nb.toml", "x\x00"])
SUITES = st.builds(
    SuiteRecord,
    name=NAMES,
    path=PLACES,
    place=PLACES,
    title=st.just(""),
    sha256=st.sampled_from(["0", "1"]),
    instances=st.integers(-1, 2),
)
RECORDS = st.builds(
    lambda started, suites, hash_, machine, dirty, ids: replace(
        RECORD,
        started=started,
        suites=tuple(suites),
        commit=CommitRecord(hash=hash_, dirty=dirty),
        environment=replace(RECORD.environment, machine=machine),
        instances=tuple(replace(INSTANCE, id=id_) for id_ in ids),
    ),
    dates(),
    st.lists(SUITES, max_size=2),
    st.sampled_from(["0" * 40, "1" * 40]),
    st.sampled_from(["", "host", "\u202e/..", "a" * 400]),
    st.booleans(),
    st.lists(st.sampled_from(["toys/same", "a/b", "toys.toml::same", "", "::", "a/b/c"]), max_size=3),
)
_folders = itertools.count()


@settings(max_examples=30)  # a tenth of a second each, most of it for the page
@given(st.lists(RECORDS, min_size=1, max_size=3))
def test_no_record_ends_a_command_of_the_history(
    tmp_path_factory: pytest.TempPathFactory, made: list[Record]
) -> None:
    """Whatever records say of when, where and what: a result, or an error for the user."""
    folder = tmp_path_factory.getbasetemp() / f"dates-{next(_folders)}"
    folder.mkdir()
    for number, each in enumerate(made):
        (folder / f"{number}.json").write_bytes(to_json(each))
    chosen = Chosen(folder, folder)
    found = past(chosen)
    assert all(problem.isprintable() for problem in found.problems)
    line = timeline(found.states)
    history_text(line), history_markdown(line)
    fingerprints(folder)
    for one, other in itertools.pairwise([*found.states, *found.states]):
        try:
            comparison = compare(one, other)
        except UserError:
            continue
        diff_text(comparison), diff_markdown(comparison)
    files = [str(folder / f"{number}.json") for number in range(len(made))]
    for call in (
        lambda: compare(*states_of([files[0], files[-1]], chosen)[0]),
        lambda: merge([ShardFile(name, each) for name, each in zip(files, made, strict=True)]),
        lambda: keep(folder / "kept", made[0]),
    ):
        with contextlib.suppress(UserError):
            call()
    for since in (None, files[-1], str(folder)):
        try:
            around = context(made[0], folder, folder, since)
        except UserError:
            continue
        page(made[0], past=around.past, since=around.since, changed=around.changed)
