"""The pytest plugin, as a user meets it: pytest in a process of its own, on suites of toys."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import hostile
import pytest
from edits import edited
from good_suite import GOOD

from harness.report import Record, read_record
from harness.text import printable

pytest_plugins = ["pytester"]
OTHERS = "-p no:jaxtyping -p no:hypothesispytest"  # the first imports JAX whenever pytest starts
ONCE = (
    "--harness-recheck=no",
    "--harness-workers=1",
)  # a run then starts one worker, where it would start three
SUPPORT = Path(__file__).parent / "support"
CONTROL = "control = { at = { shift = 0.5 } }"
NONE = 'control = "none: not here"'
IDS = [f"toys.toml::same[shift=0,size={size}]" for size in (1, 2, 4)]
UNEXPECTED = edited(GOOD, {"at = { shift = 0.0 }": "at = { shift = 0.5 }", CONTROL: NONE})
SLOW_4 = '[[claims.same.where]]\nat = { size = 4 }\nmarks = ["slow"]\n'


@pytest.fixture(autouse=True)
def _toys(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Toys can be imported, and nothing of whoever runs these tests shows through."""
    monkeypatch.setenv("PYTHONPATH", str(SUPPORT))
    monkeypatch.setenv("PYTEST_ADDOPTS", OTHERS)  # after pytester, which deletes it
    for name in ("HARNESS_STORE", "PYTEST_XDIST_WORKER", "CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)


def collected(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    """The ids that pytest collects, of files that exist."""
    result = pytester.runpytest_subprocess("--collect-only", "-q", *arguments)
    return [line for line in result.outlines if "::" in line]


def test_every_instance_is_an_item_and_an_id_selects_it(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("toys.toml").write_text(GOOD)
    assert collected(pytester, "toys.toml") == IDS
    assert collected(pytester, "toys.toml::same") == IDS
    assert collected(pytester, IDS[2]) == [IDS[2]]
    assert not pytester.path.joinpath(".harness").exists(), "collecting has opened a store"
    result = pytester.runpytest_subprocess("toys.toml::some")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*not found*toys.toml::some*"])


def test_keywords_and_marks_select(pytester: pytest.Pytester) -> None:
    """The suite's marks are marks of pytest, and --strict-markers knows them."""
    pytester.makeini("[pytest]\naddopts = --strict-markers\nfilterwarnings = error")
    pytester.path.joinpath("toys.toml").write_text(GOOD + SLOW_4)
    assert collected(pytester, "toys.toml", "-m", "slow") == IDS[2:]
    assert collected(pytester, "toys.toml", "-m", "quick and not slow") == IDS[:2]
    assert collected(pytester, "toys.toml", "-k", "size:1 or size:4") == [IDS[0], IDS[2]]
    assert collected(pytester, "toys.toml", "-k", "same and not size:1") == IDS[1:]


def test_a_mark_that_acts_in_pytest_is_only_a_keyword(pytester: pytest.Pytester) -> None:
    """A suite's `xfail` or `skip` must not turn a failing claim green: it does not in `harness run`."""
    text = edited(UNEXPECTED, {'marks = ["quick"]': 'marks = ["xfail", "skip", "_own"]'})
    pytester.path.joinpath("toys.toml").write_text(text)
    result = pytester.runpytest_subprocess("toys.toml", "-k", "size:1 and xfail and _own")
    result.assert_outcomes(failed=1, deselected=2)


def test_fixtures_and_groups_apply(pytester: pytest.Pytester) -> None:
    """An item has the fixtures of a conftest, its module is the suite, and its group the experiment."""
    pytester.path.joinpath("toys.toml").write_text(GOOD)
    pytester.makeconftest("""
import pytest

@pytest.fixture(autouse=True)
def elsewhere(request, tmp_path, monkeypatch):
    group = request.node.get_closest_marker("xdist_group").kwargs["name"]
    request.config.stash.setdefault("seen", []).append((request.module.__name__, request.path.name, group))
    monkeypatch.chdir(tmp_path)

def pytest_unconfigure(config):
    print("seen:", sorted(set(config.stash["seen"])))
""")
    result = pytester.runpytest_subprocess("toys.toml")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["seen: [[]('toys', 'toys.toml', 'toys/pairs')]"])
    assert pytester.path.joinpath(".harness/store.sqlite").exists()


FIRST = edited(GOOD, {"size = [1, 2, 4]": "size = [1]", "sd = 0.02": 'sd = 0.02, log = "LOG"'})
EVERYTHING = (
    FIRST
    + f"""
[experiments.crashing]
run = "toys:pair"
with = {{ sd = 0.02, crash-at = 4 }}

[claims.wrong]
says = "a equals b though it is shifted."
source = {{ cite = "someone", stance = "asserts" }}
expect = "supported"
because = "of \\u001b[31mnothing\\u202e"
experiment = "pairs"
at = {{ shift = 0.5 }}
equal = {{ of = ["a.error", "b.error"], within = "5%" }}
{NONE}

[claims.vague]
says = "a equals b to a hair."
expect = "supported"
experiment = "pairs"
at = {{ shift = 0.0 }}
equal = {{ of = ["a.error", "b.error"], within = "0.1%" }}
{NONE}

[claims.wide]
says = "a equals b within a mile."
expect = "supported"
experiment = "pairs"
at = {{ shift = 0.0 }}
equal = {{ of = ["a.error", "b.error"], within = "90%" }}
control = {{ at = {{ shift = 0.5 }} }}

[claims.crash]
says = "a equals b\\u001b[2Jwhere it ends."
expect = "supported"
experiment = "crashing"
equal = {{ of = ["a.error", "b.error"], within = "5%" }}
{NONE}

[claims.asked]
says = "a equals b?"
expect = "open"
experiment = "pairs"
at = {{ shift = 0.5 }}
equal = {{ of = ["a.error", "b.error"], within = "5%" }}
"""
)
OUTCOMES = {
    "same[shift=0,size=1]": "as-expected",
    "wrong[shift=0.5,size=1]": "unexpected",
    "vague[shift=0,size=1]": "inconclusive",
    "wide[shift=0,size=1]": "vacuous",
    "crash": "error",
    "asked[shift=0.5,size=1]": "measured",
}


@dataclass
class Run:
    """A suite with every outcome, run by pytest and then by the command, from one store."""

    code: int
    text: str
    cases: dict[str, ET.Element]
    executions: list[str]
    """As pytest left them."""
    executions_after: list[str]
    tables: int
    """How many experiments the suite has."""
    record: Record

    def properties(self, name: str) -> dict[str, str]:
        return {p.attrib["name"]: p.attrib["value"] for p in self.cases[name].iter("property")}

    def failure(self, name: str) -> str:
        """The text that the terminal shows of a failure."""
        _, _, rest = self.text.partition(f"_ {name} _")
        return rest.partition("\n")[2].partition("\n___")[0]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("everything")
    log = folder / "log"
    (folder / "toys.toml").write_text(edited(EVERYTHING, {"LOG": str(log)}))
    kept = {name: value for name, value in os.environ.items() if name not in ("HARNESS_STORE", "CI")}
    environment = {**kept, "PYTHONPATH": str(SUPPORT), "PYTEST_ADDOPTS": OTHERS}

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *arguments], cwd=folder, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    done = command("pytest", "toys.toml", "--junitxml=junit.xml", "--harness-workers=1")
    executions = log.read_text().splitlines()
    command("harness", "run", "toys.toml", "--json", "r.json")
    return Run(
        done.returncode,
        done.stdout,
        {case.attrib["name"]: case for case in ET.parse(folder / "junit.xml").iter("testcase")},
        executions,
        log.read_text().splitlines(),
        EVERYTHING.count("[experiments."),
        read_record(folder / "r.json"),
    )


def test_an_item_fails_where_its_outcome_does(everything: Run) -> None:
    assert everything.code == pytest.ExitCode.TESTS_FAILED
    failed = {name for name, case in everything.cases.items() if case.find("failure") is not None}
    assert {name: everything.properties(name)["outcome"] for name in everything.cases} == OUTCOMES
    assert failed == {n for n, outcome in OUTCOMES.items() if outcome not in ("as-expected", "measured")}
    assert "4 failed, 2 passed" in everything.text.splitlines()[-1]


def test_the_junit_file_says_what_the_record_of_harness_run_says(everything: Run) -> None:
    assert len(everything.record.instances) == len(OUTCOMES)
    for instance in everything.record.instances:
        found = everything.properties(instance.local_id)
        for name in ("verdict", "outcome", "expect", "agreement", "unit"):
            assert found[name] == getattr(instance, name), name
        for name in ("n", "budget", "estimate", "interval", "region"):
            assert found[name] == json.dumps(getattr(instance, name)), name
        control = instance.control
        expected = "" if control is None else "none" if control.none_because else control.verdict
        assert found["control"] == expected
    same = everything.properties("same[shift=0,size=1]")
    assert json.loads(same["seconds"]) > 0
    assert same["says"] == "a equals b at 0, size 1."


def test_pytest_and_the_command_share_a_store_and_claims_share_workers(everything: Run) -> None:
    begun = Counter(line.rsplit(" ", 1)[0] for line in everything.executions)
    assert len(begun) > 20
    # One trial of each of the tables was rechecked, in a worker of its own that went on with the rest.
    again = begun.total() - len(begun)
    assert 1 <= again <= everything.tables
    assert everything.executions_after == everything.executions, "harness run has measured something again"
    workers = {line.rsplit(" ", 1)[1] for line in everything.executions}
    assert len(workers) == 1 + again, "a worker for each claim"


def test_a_failure_shows_the_finding_and_how_to_repeat_it_and_no_traceback(everything: Run) -> None:
    assert everything.failure("wrong[shift=0.5,size=1]").splitlines()[:9] == [
        "expected supported, found refuted",
        "  claim      a equals b though it is shifted.",
        "  at         shift=0.5, size=1",
        "  predicate  a.error and b.error equal within 5%",
        "  because    of \ufffd[31mnothing\ufffd",
        "  source     someone: asserts it; agreement: contradicts",
        "  measured   +63.9% [+59.8%, +68%] against ±5%, after 14 of 21 seeds",
        "  unseen     events on up to 39% of seeds",
        "  control    none: not here",
    ]
    assert "  again      harness run 'toys.toml::wrong[shift=0.5,size=1]'\n" in everything.text
    assert "about 3128 seeds would decide it" in everything.failure("vague[shift=0,size=1]")
    wide = everything.failure("wide[shift=0,size=1]")
    but = "but so is its control: the claim excludes nothing at this margin"
    assert wide.startswith(f"supported as expected, {but}\n")
    assert "equal within 90% at shift=0.5\n             supported: +63.9% [" in wide
    assert "the control passes the same test" in wide
    assert "error      seed 4: the worker exited with code 7" in everything.failure("crash")
    assert "again      harness run toys.toml::crash\n" in everything.failure("crash")
    for trace in ("Traceback", "items.py", "AssertionError", "raise "):
        assert trace not in everything.text
    failure = everything.cases["wrong[shift=0.5,size=1]"].find("failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("expected supported, found refuted\n  claim")


def test_nothing_of_a_suite_steers_the_terminal(everything: Run) -> None:
    texts = [everything.text, *(value for name in OUTCOMES for value in everything.properties(name).values())]
    assert everything.properties("crash")["says"] == "a equals b\ufffd[2Jwhere it ends."
    assert not [text for text in texts if "\x1b" in text or "\u202e" in text]


def test_collecting_verbosely_shows_sentences_that_are_safe_to_print(pytester: pytest.Pytester) -> None:
    text = edited(GOOD, {'"Toys"': r'"To\u001b[2Jys"', "a equals b": r"a equals\u202e b"})
    pytester.path.joinpath("toys.toml").write_text(text)
    result = pytester.runpytest_subprocess("--collect-only", "-v", "toys.toml")
    result.stdout.fnmatch_lines(
        ["*To\ufffd[[]2Jys", "*<ClaimItem same[[]shift=0,size=1]>", "*a equals\ufffd b at 0, size 1."]
    )
    assert "\x1b" not in result.stdout.str()


def test_the_summary_counts_the_claims(everything: Run) -> None:
    lines = everything.text.splitlines()
    at = next(n for n, line in enumerate(lines) if line.strip("=") == " claims ")
    tally = "6 instances: 1 of 5 as expected, 1 error, 1 unexpected, 1 vacuous, 1 inconclusive, 1 measured."
    assert lines[at + 1] == tally
    assert lines[at + 2] == "Trials are in .harness/store.sqlite; a report from them: harness run toys.toml"


@pytest.mark.slow  # a dear relative of cheaper tests
def test_last_failed_and_stepwise_find_the_item_again(pytester: pytest.Pytester) -> None:
    """pytest 9.2 loses items with brackets in their names here, and is green: pytest-dev/pytest#15045."""
    pytester.path.joinpath("toys.toml").write_text(GOOD)
    pytester.path.joinpath("wrong.toml").write_text(UNEXPECTED)
    again = "wrong.toml::same[shift=0.5,size=2]"
    pytester.runpytest_subprocess(*ONCE, "toys.toml", again).assert_outcomes(passed=3, failed=1)
    result = pytester.runpytest_subprocess(*ONCE, "--lf", "toys.toml", "wrong.toml")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*rerun previous 1 failure*"])
    both = (*ONCE, "--sw", "toys.toml", "wrong.toml")
    pytester.runpytest_subprocess(*both).assert_outcomes(passed=3, failed=1)
    pytester.runpytest_subprocess(*both).assert_outcomes(failed=1, deselected=3)


def test_with_and_not_covered(pytester: pytest.Pytester) -> None:
    gap = 'exact = { of = "gap", atol = 1 }\nseeds = 3'
    text = edited(GOOD, {'equal = { of = ["a.error", "b.error"], within = "5%" }': gap})
    pytester.path.joinpath("toys.toml").write_text(text)
    pytester.runpytest_subprocess("toys.toml::same[shift=0,size=1]").assert_outcomes(failed=1)  # vacuous
    result = pytester.runpytest_subprocess(
        "toys.toml::same[shift=0,size=1]", "-rs", "--harness-override", "lack-at=1"
    )
    result.assert_outcomes(skipped=1)
    warning = "Only 0 of 1 instance is covered: this says little of what is under test."
    lines = [warning, "1 instance: 1 not-covered.", "SKIPPED*not covered: it knows no gaps"]
    result.stdout.fnmatch_lines(lines)
    result = pytester.runpytest_subprocess("toys.toml", "--harness-override", "lack-it=1")
    result.stdout.fnmatch_lines(["*toys.toml: --override.lack-it: *did you mean lack-at[?]*"])
    result = pytester.runpytest_subprocess("toys.toml", "--harness-override", "lack-at")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_x_stops_before_the_next_claim_is_measured(pytester: pytest.Pytester) -> None:
    log = pytester.path / "log"
    text = edited(UNEXPECTED, {"sd = 0.02": f'sd = 0.02, log = "{log}"'})
    pytester.path.joinpath("toys.toml").write_text(text)
    pytester.runpytest_subprocess("-x", "toys.toml").assert_outcomes(failed=1)
    assert {line.split()[2] for line in log.read_text().splitlines()} == {"1"}  # the sizes


@pytest.mark.parametrize("dist", [pytest.param("load", marks=pytest.mark.slow), "loadgroup"])
def test_two_processes_of_xdist_measure_no_trial_twice(pytester: pytest.Pytester, dist: str) -> None:
    log = pytester.path / "log"
    text = edited(GOOD, {"sd = 0.02": f'sd = 0.02, sleep = 0.02, log = "{log}"'})
    again = edited(text[text.index("[claims.same]") :], {"[claims.same]": "[claims.again]"})
    pytester.path.joinpath("toys.toml").write_text(text + edited(again, {'"5%"': '"6%"'}))
    options = ("-n", "2", "--dist", dist, "--junitxml=junit.xml", "--harness-recheck=no")
    result = pytester.runpytest_subprocess(*options, "toys.toml")
    result.assert_outcomes(passed=6)
    assert "6 instances: 6 of 6 as expected." in result.outlines
    executions = [line.rsplit(" ", 1) for line in log.read_text().splitlines()]
    begun = Counter(trial for trial, _ in executions)
    assert len(begun) > 30
    assert set(begun.values()) == {1}
    workers = {process for _, process in executions}
    assert 1 <= len(workers) <= 2, "more than one worker in a process of xdist"
    cases = list(ET.parse("junit.xml").iter("testcase"))
    found = [{p.attrib["name"]: p.attrib["value"] for p in case.iter("property")} for case in cases]
    assert [properties["verdict"] for properties in found] == ["supported"] * 6


HIDDEN = """
[suite]
format = 2
title = "Hidden"
[experiments.pid]
run = "impure:impure"
with = { act = "pid" }
[experiments.clean]
run = "impure:impure"
"""
ASKED = """
[claims.NAME]
says = "x is y."
expect = "open"
experiment = "NAME"
exact = { of = ["x", "y"], atol = 1.0 }
seeds = 4
"""


def test_claims_of_an_experiment_that_reads_hidden_state_fail(pytester: pytest.Pytester) -> None:
    again = edited(ASKED, {"claims.NAME": "claims.again"})
    claims = [edited(ASKED, {"NAME": name}, times=2) for name in ("clean", "pid")]
    claims.append(edited(again, {"NAME": "pid"}))
    text = HIDDEN + "".join(claims)
    pytester.path.joinpath("toys.toml").write_text(text)
    result = pytester.runpytest_subprocess("toys.toml", "--harness-workers=1", "--harness-recheck=no")
    result.assert_outcomes(passed=3)
    result = pytester.runpytest_subprocess("toys.toml", "--harness-workers=1")
    result.assert_outcomes(passed=1, failed=2)
    said = "error      not a function of its parameters and seed: impure:impure (act=pid), seed"
    assert str(result.stdout).count(said) == 2
    result = pytester.runpytest_subprocess("toys.toml", "--harness-recheck=2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--harness-recheck: expected a share such as 1%, found '2'; or 'no'" in str(result.stderr)


def test_a_bad_suite_is_a_collection_error_with_every_mistake(pytester: pytest.Pytester) -> None:
    text = edited(GOOD, {"seeds = 21": "seeds = 22", 'within = "5%"': 'withn = "5%"'})
    pytester.path.joinpath("bad.toml").write_text(text)
    pytester.path.joinpath("toys.toml").write_text(GOOD)
    result = pytester.runpytest_subprocess("bad.toml", "toys.toml")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR collecting bad.toml*",
            "bad.toml:11:1: defaults.seeds: expected a budget*found 22",
            "bad.toml:23:1: claims.same.equal: expected a key `within`, found none",
            "bad.toml:23:*: claims.same.equal.withn: *(did you mean within[?])",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "= claims =" not in result.stdout.str()


def test_other_peoples_runs_are_left_alone(pytester: pytest.Pytester) -> None:
    """Nobody named a TOML file: none is opened, not even a suite, and nothing of the engine is imported."""
    pytester.makepyprojecttoml('[tool.pytest.ini_options]\naddopts = "--strict-markers"')
    pytester.path.joinpath("toys.toml").write_text(GOOD)
    pytester.path.joinpath("broken.toml").write_text("= [")
    pytester.makepyfile("""
import sys

def test_nothing_is_imported(pytestconfig):
    assert pytestconfig.pluginmanager.hasplugin("harness")
    names = {name for name in sys.modules if name.partition(".")[0] == "harness"}
    assert names == {"harness", "harness.pytest_plugin", "harness.pytest_plugin.keys"}
""")
    result = pytester.runpytest_subprocess(".", "-v")
    result.assert_outcomes(passed=1)
    assert "= claims =" not in result.stdout.str()


def test_the_plugin_imports_pytest_and_little_else() -> None:
    program = """
import pytest, sys
before = set(sys.modules)
import harness.pytest_plugin
print(*set(sys.modules) - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"harness", "harness.pytest_plugin", "harness.pytest_plugin.keys"}


def test_an_ini_option_names_suites_by_globs(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nharness_suites = suites/*.toml more/**/*.toml")
    for name in ("suites/toys.toml", "suites/deep/no.toml", "more/a.toml", "more/deep/b.toml", "c.toml"):
        path = pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(GOOD)
    found = {line.partition("::")[0] for line in collected(pytester)}
    assert found == {"suites/toys.toml", "more/a.toml", "more/deep/b.toml"}
    pytester.makeini("[pytest]\nharness_suites = /suites/*.toml")
    result = pytester.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: harness_suites: expected a glob of suites from *, found '/suites/[*].toml'*"]
    )


@pytest.mark.parametrize(
    ("glob", "why"),
    [
        ("suite/*.toml", "it matches nothing"),
        ("suites/pyproject.toml", "none of the 1 that it matches is one"),
        ("tests", "none of the 1 that it matches is one"),
        ("suites/*.toml nothing.toml", "it matches nothing"),
    ],
)
def test_a_glob_without_a_suite_is_a_usage_error(pytester: pytest.Pytester, glob: str, why: str) -> None:
    """Else a typing error, or a folder that was renamed, would be green."""
    pytester.makeini(f"[pytest]\ntestpaths = tests suites\nharness_suites = {glob}")
    for name in ("suites/toys.toml", "tests/test_x.py"):
        (pytester.path / name).parent.mkdir()
    (pytester.path / "suites/toys.toml").write_text(GOOD)
    (pytester.path / "suites/pyproject.toml").write_text("[tool.ruff]\n")
    (pytester.path / "tests/test_x.py").write_text("def test_x(): pass\n")
    result = pytester.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    last = glob.split()[-1].replace("*", "[*]")
    result.stderr.fnmatch_lines([f"*expected a glob of suites from {pytester.path}, found '{last}': {why}"])


@pytest.mark.slow  # a dear relative of cheaper tests
def test_a_folder_that_is_named_stands_for_its_suites(pytester: pytest.Pytester) -> None:
    for name in ("suites/toys.toml", "suites/deep/no.toml", "here.toml"):
        (pytester.path / name).parent.mkdir(parents=True, exist_ok=True)
        (pytester.path / name).write_text(GOOD)
    (pytester.path / "suites/other.toml").write_text("[tool.ruff]\n")
    (pytester.path / "suites/test_x.py").write_text("def test_x(): pass\n")
    found = {line.partition("::")[0] for line in collected(pytester, "suites")}
    assert found == {"suites/toys.toml", "suites/test_x.py"}
    assert {line.partition("::")[0] for line in collected(pytester, ".")} == {"suites/test_x.py"}
    pytester.makeini("[pytest]\nharness_suites = suites")
    found = {line.partition("::")[0] for line in collected(pytester)}
    assert found == {"suites/toys.toml", "suites/test_x.py"}


def test_a_suite_is_known_by_its_name_and_two_of_one_are_refused(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("toys.toml").write_text(edited(GOOD, {"[suite]": '[suite]\nname = "better"'}))
    pytester.path.joinpath("better.toml").write_text(GOOD)
    pytester.makeconftest(
        "def pytest_itemcollected(item):\n    print(item.get_closest_marker('xdist_group').kwargs)\n"
    )
    result = pytester.runpytest_subprocess("--collect-only", "-s", "toys.toml", "toys.toml::same")
    result.stdout.fnmatch_lines(["{'name': 'better/pairs'}"])
    assert result.ret == 0
    ran = pytester.runpytest_subprocess(IDS[0], "--junitxml=junit.xml", "-q")
    ran.assert_outcomes(passed=1)
    (case,) = ET.parse(pytester.path / "junit.xml").iter("testcase")
    properties = {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
    assert properties["id"] == "better/same[shift=0,size=1]"
    result = pytester.runpytest_subprocess("--collect-only", "toys.toml", "better.toml")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*two suites are named better, toys.toml and better.toml*line `name = *"])


@pytest.mark.slow  # a dear relative of cheaper tests
def test_options_reach_the_campaign_and_the_command(pytester: pytest.Pytester) -> None:
    assert 'within = "5%"' in GOOD
    pytester.path.joinpath("toys.toml").write_text(edited(GOOD, {'within = "5%"': 'within = "2%"'}))
    options = ("--harness-seeds=14", "--harness-store=my store.sqlite")
    result = pytester.runpytest_subprocess(IDS[0], *options)
    result.assert_outcomes(failed=1)  # 14 seeds are too few for 2%
    shown = "--seeds=14 '--store=my store.sqlite'"
    result.stdout.fnmatch_lines(
        ["*after 14 of 14 seeds", f"*again  *harness run 'toys.toml::same[[]shift=0,size=1]' {shown}"]
    )
    assert pytester.path.joinpath("my store.sqlite").exists()
    assert not pytester.path.joinpath(".harness").exists()


@pytest.mark.slow  # a dear relative of cheaper tests
def test_the_store_is_the_commands(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.path.joinpath("toys.toml").write_text(GOOD)
    monkeypatch.setenv("HARNESS_STORE", "elsewhere.sqlite")
    pytester.runpytest_subprocess(IDS[0]).assert_outcomes(passed=1)
    assert pytester.path.joinpath("elsewhere.sqlite").exists()
    assert not pytester.path.joinpath(".harness").exists()
    monkeypatch.setenv("HARNESS_STORE", "toys.toml")
    result = pytester.runpytest_subprocess(IDS[0])
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["store *toys.toml: expected a SQLite database*"])
    assert "Traceback" not in result.stdout.str()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--harness-seeds=7", "--harness-seeds: expected one of 14, 21, 32, 48, 72, 108, 162, 243, found 7"),
        ("--harness-workers=0", "--harness-workers: expected at least 1, found 0"),
    ],
)
def test_options_that_cannot_be_meant_are_usage_errors(
    pytester: pytest.Pytester, option: str, message: str
) -> None:
    result = pytester.runpytest_subprocess(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {message}" in result.errlines


def test_a_trial_that_is_not_stored_is_a_warning(pytester: pytest.Pytester) -> None:
    """What a record carries as a note."""
    pytester.makepyfile(helper="FACTOR = 1.0")
    pytester.makepyfile(
        mine="""
import importlib
from harness.declare import Quantity, experiment

@experiment("mine", version=1, quantities={"x": Quantity("a number", scale="linear", resolution=1e-9)})
def mine(*, seed: int, shift: float = 0.0) -> dict[str, float]:
    \"\"\"Uses a module that no import statement names.\"\"\"
    return {"x": shift + 1e-6 * seed * importlib.import_module("hel" + "per").FACTOR}
"""
    )
    pytester.path.joinpath("own.toml").write_text("""
[suite]
format = 2
title = "Own"
[experiments.e]
run = "mine:mine"
[claims.small]
says = "x is small."
expect = "supported"
experiment = "e"
at-most = { of = "x", bound = 1.0 }
control = "none: it only shows the warning"
""")
    result = pytester.runpytest_subprocess("own.toml")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*HarnessWarning: mine:mine: not stored, because it used helper*"])


def test_an_interruption_ends_the_workers_at_once(pytester: pytest.Pytester) -> None:
    log = pytester.path / "log"
    text = edited(GOOD, {"sd = 0.02": f'sd = 0.02, sleep = 600.0, log = "{log}"'})
    pytester.path.joinpath("toys.toml").write_text(text)
    program = """
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it in what it starts with &
sys.exit(pytest.main(["toys.toml", "--harness-workers=1"]))
"""
    process = pytester.popen([sys.executable, "-c", program], stdin=subprocess.DEVNULL)
    try:
        while not log.exists():
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    worker = int(log.read_text().split()[-1])
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


TIMINGS = """
[suite]
format = 2
title = "Timings"
[benchmarks.one]
run = "toys:wait"
sweep = { ms = [0.5, 1.0] }
[benchmarks.three]
run = "toys:wait"
with = { ms = 3.0 }
[benchmarks.four]
run = "toys:wait"
with = { ms = 4.5 }
[claims.faster]
says = "Three milliseconds are fewer than four and a half."
expect = "supported"
faster = { of = ["three", "four"], at-least = "1 x" }
"""


def test_benchmarks_are_items_of_pytest_benchmark(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("speed.toml").write_text(TIMINGS)
    pytester.runpytest_subprocess("speed.toml", "--benchmark-skip").assert_outcomes(passed=1, skipped=4)
    only = pytester.runpytest_subprocess(
        "speed.toml", "--benchmark-only", "--benchmark-json=b.json", "--benchmark-max-time=0.1"
    )
    only.assert_outcomes(passed=4, skipped=1)
    timings = {each["fullname"]: each for each in json.loads(Path("b.json").read_text())["benchmarks"]}
    assert set(timings) == {
        "speed.toml::one@time[ms=0.5]", "speed.toml::one@time[ms=1]", "speed.toml::three@time",
        "speed.toml::four@time",
    }  # fmt: skip
    one = timings["speed.toml::one@time[ms=1]"]
    assert (one["group"], one["extra_info"]["run"], one["extra_info"]["ms"]) == ("one", "toys:wait", 1.0)
    assert one["stats"]["min"] >= 1e-3  # it computes for so long, whatever else runs
    assert one["extra_info"]["first_seconds"] >= 1e-3 > one["extra_info"]["setup_seconds"]
    again = pytester.runpytest_subprocess("speed.toml", "-k", "faster", "--benchmark-only")
    again.assert_outcomes(skipped=1, deselected=4)


def test_a_timing_of_what_is_not_installed_is_skipped(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("speed.toml").write_text(
        edited(TIMINGS, {'wait"\nwith = { ms = 4.5': 'absent"\nwith = { ms = 4.5'})
    )
    result = pytester.runpytest_subprocess("speed.toml::four@time", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*it is not installed*"])


def test_without_pytest_benchmark_timings_say_so(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("speed.toml").write_text(TIMINGS)
    result = pytester.runpytest_subprocess("speed.toml::three@time", "-p", "no:benchmark", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*expected pytest-benchmark*"])


EXPLORED = edited(GOOD, {'title = "Toys"': 'title = "Toys"\nexplored = [[0, 242]]'})


def test_claims_begin_beyond_explored_seeds_and_the_header_says_where_not(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("toys.toml").write_text(EXPLORED)
    own = pytester.runpytest_subprocess(*ONCE, "toys.toml", "-k", "size:1", "--junitxml=junit.xml")
    own.assert_outcomes(passed=1, deselected=2)
    own.stdout.no_fnmatch_line("*explored seeds*")
    properties = {p.attrib["name"]: p.attrib["value"] for p in ET.parse("junit.xml").iter("property")}
    assert (properties["first_seed"], properties["explored_seeds"]) == ("243", "false")
    asked = pytester.runpytest_subprocess(
        *ONCE, "toys.toml", "-k", "size:1", "--junitxml=junit.xml", "--harness-first-seed=0"
    )
    header = [line for line in asked.outlines if line.startswith("harness: ")]
    assert header[1:] == [
        "harness: explored seeds: 3 of 3 instances of toys may read seeds on which their expectations were"
        " formed (0 to 242), so an outcome as expected is no evidence"
    ]
    properties = {p.attrib["name"]: p.attrib["value"] for p in ET.parse("junit.xml").iter("property")}
    assert (properties["first_seed"], properties["explored_seeds"]) == ("0", "true")
    assert "--first-seed=0" in asked.stdout.str()
    beyond = pytester.runpytest_subprocess("toys.toml", "--collect-only", "--harness-first-seed=243")
    beyond.stdout.no_fnmatch_line("*explored seeds*")


def test_claims_are_held_against_a_record(pytester: pytest.Pytester) -> None:
    """What is published as unexpected passes as long as it is; its opposite fails, though it is expected."""
    pytester.path.joinpath("toys.toml").write_text(UNEXPECTED)
    command = ["run", "toys.toml", "-q", "--json", "published.json", "--no-recheck"]
    subprocess.run([sys.executable, "-m", "harness", *command], check=False, capture_output=True)
    against = "--harness-against=published.json"
    pytester.runpytest_subprocess(*ONCE, "toys.toml", against).assert_outcomes(passed=3)
    published = json.loads(Path("published.json").read_text())
    published["instances"][0] |= {"verdict": "supported", "outcome": "as-expected"}
    Path("published.json").write_text(json.dumps(published))
    result = pytester.runpytest_subprocess(*ONCE, "toys.toml", against)
    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(
        [
            "not as published: published as-expected (supported), now unexpected (refuted)",
            "  again  *--against=published.json*",
        ]
    )
    pytester.path.joinpath("other.toml").write_text(GOOD)
    pytester.runpytest_subprocess("other.toml", against).stdout.fnmatch_lines(
        ["*expected a record of other, found one of toys"]
    )
    wrong = pytester.runpytest_subprocess("toys.toml", "--harness-against=missing.json")
    assert wrong.ret == pytest.ExitCode.USAGE_ERROR
    wrong.stderr.fnmatch_lines(["*--harness-against: *missing.json*"])


def test_a_hostile_suite_leaves_a_junit_file_that_can_be_read(pytester: pytest.Pytester) -> None:
    """Every string of the suite is hostile, and so are the reasons for which stages fail."""
    pytester.path.joinpath("hostile.toml").write_text(hostile.SUITE)
    result = pytester.runpytest_subprocess("hostile.toml", "--junitxml=junit.xml", "--harness-workers=1")
    result.assert_outcomes(passed=1, failed=2, skipped=1)
    cases = {case.attrib["name"]: case for case in ET.parse(pytester.path / "junit.xml").iter("testcase")}
    assert set(cases) == {"wrong", "against", "failing", "absent"}
    says = {p.attrib["name"]: p.attrib["value"] for p in cases["wrong"].iter("property")}["says"]
    assert says == printable(hostile.TEXT)
    (failure,) = cases["failing"].iter("failure")
    assert " ".join(printable(hostile.TEXT).split())[:200] in " ".join((failure.text or "").split())
    elements = {element.tag for element in cases["wrong"].iter()}
    assert elements == {"testcase", "properties", "property", "failure"}
    assert not {"\x1b", "\x07", "\u202e", "\u2028"} & set("".join(result.outlines))
