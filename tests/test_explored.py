"""Runs beyond explored seeds, and on them: which trials are read, and what record and reports say of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from commands import said
from edits import edited
from first_schema import first_schema
from good_suite import GOOD, read, write
from made import INSTANCE, RECORD
from records import record_of

from harness.campaign import conduct
from harness.measure import Laboratory
from harness.plan import case
from harness.report import Record, from_json, to_json
from harness.report.brief import brief
from harness.report.explored import explored, first_seed, first_seeds
from harness.report.html import page
from harness.report.html.sources import rerun_command
from harness.report.markdown import markdown
from harness.report.terminal import terminal
from harness.suite import Suite, load

__all__ = ["read", "write"]
Read = Callable[[str], Suite]
BEYOND = edited(GOOD, {'title = "Toys"': 'title = "Toys"\nexplored = [[0, 242]]'})
TWO = (
    BEYOND
    + """
[claims.other]
says = "a is not 2 above b."
expect = "open"
experiment = "pairs"
at-most = { of = "gap", bound = 2 }
at = { shift = 0.0, size = 1 }
explored = [[243, 249]]
"""
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("suite") / "toys.toml"
    path.write_text(TWO)
    return path


@pytest.fixture(scope="module")
def beyond(two: Path) -> Record:
    return record_of(two)


@pytest.fixture(scope="module")
def on_them(two: Path) -> Record:
    return record_of(two, first_seed=0)


def test_a_run_begins_at_each_claims_first_seed_beyond(beyond: Record) -> None:
    assert {(i.claim, i.first_seed, i.explored) for i in beyond.instances} == {
        ("same", 243, ((0, 242),)),
        ("other", 250, ((0, 249),)),
    }
    assert {t.first_seed for i in beyond.instances for t in i.trials if i.claim == "same"} == {243}
    assert {t.first_seed for i in beyond.instances for t in i.trials if i.claim == "other"} == {250}
    assert (beyond.first_seed, beyond.fresh, beyond.explored_seeds) == (243, False, False)
    assert not any(i.explored_seeds for i in beyond.instances)
    assert explored(beyond) == ""
    assert "seeds from 243 and 250 ·" in terminal(beyond)


def test_the_numbers_are_those_of_the_absolute_seeds(beyond: Record, tmp_path: Path) -> None:
    """Seed 243 is the same trial, whether a suite calls others explored or a run is asked to begin there."""
    plain = tmp_path / "toys.toml"
    plain.write_text(GOOD)
    asked = record_of(plain, first_seed=243)
    assert asked.fresh
    values = {i.id: i.values for i in asked.instances}
    assert values == {i.id: i.values for i in beyond.instances if i.claim == "same"}
    assert values != {i.id: i.values for i in record_of(plain).instances}


def test_a_run_on_explored_seeds_says_so_first_and_in_its_record(on_them: Record) -> None:
    assert (on_them.first_seed, on_them.fresh, on_them.explored_seeds) == (0, True, True)
    assert all(i.explored_seeds and i.first_seed == 0 for i in on_them.instances)
    assert from_json(to_json(on_them), "f") == on_them
    assert terminal(on_them).startswith(
        "This run read explored seeds: in 4 of 4 instances the expectation was formed on them (0 to 249),"
        " so an outcome as expected is no evidence."
    )
    assert "seeds from 0 (explored) ·" in terminal(on_them)
    for text in (markdown(on_them), brief(on_them)):
        assert text.startswith("**This run read explored seeds: in 4 of 4 instances")
    body = page(on_them).partition("</h1>")[2]
    assert body.lstrip().startswith('<p class="warn">This run read explored seeds: in 4 of 4 instances')


def test_only_seeds_that_were_read_count(two: Path) -> None:
    """From seed 243 on nothing is explored for one claim, and seven seeds are for the other."""
    record = record_of(two, first_seed=243)
    assert Counter((i.claim, i.explored_seeds) for i in record.instances) == {
        ("same", False): 3,
        ("other", True): 1,
    }
    assert "read explored seeds: in 1 of 4 instances the" in explored(record)
    (only,) = (i for i in record.instances if i.claim == "other")
    alone = msgspec.structs.replace(record, instances=(only,))
    assert explored(alone).startswith("This run read explored seeds: the expectation was formed on them (0")
    far = record_of(two, first_seed=1000)
    assert (far.explored_seeds, far.fresh) == (False, True)


def test_a_first_seed_that_is_the_claims_own_is_no_other_run(two: Path, write: Callable[[str], Path]) -> None:
    assert not record_of(two, "same", first_seed=243).fresh
    assert not record_of(write(GOOD), first_seed=0).fresh


def test_a_command_repeats_the_seeds_of_its_instance(beyond: Record, on_them: Record) -> None:
    for record, first in ((beyond, {"same": 243, "other": 250}), (on_them, {"same": 0, "other": 0})):
        for instance in record.instances:
            assert rerun_command(record, instance).endswith(f"--first-seed {first[instance.claim]}")


def test_records_of_0_1_say_where_they_begin_by_their_trials() -> None:
    (trials,) = INSTANCE.trials
    old = msgspec.structs.replace(INSTANCE, trials=(msgspec.structs.replace(trials, first_seed=7),))
    assert first_seed(old) == 7
    assert first_seed(msgspec.structs.replace(old, trials=())) is None
    assert first_seeds(msgspec.structs.replace(RECORD, instances=(old, INSTANCE))) == "0 and 7"
    document = first_schema(RECORD)
    del document["explored_seeds"]
    for instance in document["instances"]:
        for key in ("first_seed", "explored", "explored_seeds"):
            del instance[key]
    assert from_json(json.dumps(document).encode(), "f") == RECORD


def test_claims_share_the_trials_that_both_read(write: Callable[[str], Path], tmp_path: Path) -> None:
    """One begins at seed 243, the other at 250; the seeds that both read are measured once."""
    log = tmp_path / "log"
    suite = load(write(edited(TWO, {"sd = 0.02": f'sd = 0.02, log = "{log}"'})), imports=True)
    wanted = [i for i in suite.instances if dict(i.point) == {"shift": "0", "size": "1"}]
    with Laboratory(None, workers=2) as laboratory:
        found = conduct([case(i) for i in wanted], laboratory, recheck=None).findings
    read = [f.case.questions[0].seeds(f.assessment.parts[0].ruling.n) for f in found]
    assert {seeds[0] for seeds in read} == {243, 250}
    begun = Counter(int(line.split()[0]) for line in log.read_text().splitlines() if line.split()[1] == "0.0")
    assert set(begun.values()) == {1}
    assert set(begun) >= {seed for seeds in read for seed in seeds}
    assert min(begun) == 243


def test_each_question_knows_its_own_two_lowest_seeds(read: Read) -> None:
    """`late` goes wrong from seed 1 on: a claim that begins there fails at once, at its own first seed."""
    text = edited(TWO, {"toys:pair": "mistaken:pair", "sd = 0.02": 'how = "late"'})
    text = edited(text, {'of = "gap"': 'of = "a.error"'})
    with Laboratory(None, workers=1) as laboratory:
        found = conduct([case(i) for i in read(text).instances], laboratory, recheck=None).findings
    errors = {
        f.case.instance.claim.id: {part.error.partition(":")[0] for part in f.assessment.parts} for f in found
    }
    assert errors == {"same": {"seed 243"}, "other": {"seed 250"}}


def test_an_error_names_the_absolute_seed(read: Read) -> None:
    suite = read(edited(BEYOND, {"sd = 0.02": "sd = 0.02, nan-at = 245"}))
    with Laboratory(None, workers=1) as laboratory:
        (found,) = conduct([case(suite.instances[0])], laboratory).findings
    assert found.assessment.parts[0].error == "seed 245: a.error: expected a finite number, found nan"


def test_plan_and_trial_speak_of_the_seeds_of_a_run(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(two.parent)
    code, text = said("plan", "toys.toml")
    assert (code, text.splitlines()[0].split(", ")[1]) == (0, "seeds from 243 and 250")
    code, text = said("plan", "toys.toml", "--first-seed", "5")
    assert text.splitlines()[0].split(", ")[1] == "seeds from 5"
    code, text = said("trial", "toys.toml::other[shift=0,size=1]", "--json")
    assert [trial["seed"] for trial in json.loads(text)] == [250]
    code, text = said("trial", "toys.toml::other[shift=0,size=1]", "--json", "--seed", "0")
    assert [trial["seed"] for trial in json.loads(text)] == [0]
    code, text = said("trial", "toys:pair", "--json")
    assert [trial["seed"] for trial in json.loads(text)] == [0]


def test_the_plan_counts_what_the_store_has_of_these_seeds(two: Path, tmp_path: Path) -> None:
    from harness.options import RunOptions
    from harness.report.plan import plan_text
    from harness.session import cases_of, run
    from harness.targets import gather

    store = tmp_path / "store.sqlite"
    selected = gather([f"{two}::same[shift=0,size=1]"])
    run(selected, RunOptions(store=store, workers=1, recheck=False))

    def in_store(first: int | None) -> int:
        return int(plan_text(cases_of(selected, None, first), store).splitlines()[-1].split()[3])

    assert in_store(None) > 0
    assert in_store(0) == 0
