"""What CI services read: JUnit, OpenMetrics, SARIF, badges, annotations."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from commands import said
from edits import edited
from good_suite import GOOD
from made import INSTANCE, LAW, RECORD, at_sizes, record, unmeasured
from msgspec.structs import replace

from harness.export.annotations import Annotation, annotation_lines, of_mistakes
from harness.export.badge import badge_json, badge_of, badge_svg
from harness.export.claim_annotations import of_record
from harness.export.junit import junit
from harness.export.locations import FilePlace
from harness.export.openmetrics import openmetrics
from harness.report import Record, to_json
from harness.report.record import ConfirmationRecord
from harness.suite import Mistake, SuiteError
from harness.text import no_command

EVIL = 'a"b\\c\nd\x1b[2J & <e> ::error:: %0A'
REFUTED = replace(
    INSTANCE, id="toys/same[size=2]", point={"size": 2}, verdict="refuted", outcome="unexpected", says=EVIL
)
FOUR = record(
    INSTANCE,
    REFUTED,
    unmeasured("error", id="toys/broken", claim="broken", point={}, reason=f"boom {EVIL}"),
    unmeasured("not-covered", id="toys/lacking", claim="lacking", point={}, reason="it knows none"),
    exit_code=1,
)


@pytest.fixture
def in_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """FOUR, with its suite's file in the current folder, which is the repository."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    text = GOOD + '\n[claims.broken]\nsays = "x"\n'
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites/toys.toml").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return replace(FOUR, suites=(replace(RECORD.suites[0], sha256=digest),))


def test_junit_has_a_test_for_each_instance_at_its_claims_line(in_suite: Record) -> None:
    root = ElementTree.fromstring(junit(in_suite))
    (suite,) = root.findall("testsuite")
    counts = {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    for element in (root, suite):
        assert {name: element.get(name) for name in counts} == counts
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == ["same[size=1]", "same[size=2]", "broken", "lacking"]
    assert [case.get("classname") for case in cases[:2]] == ["toys.same", "toys.same"]
    lines = GOOD.splitlines()
    claim, broken = lines.index("[claims.same]") + 1, len(lines) + 2
    assert [(case.get("file"), case.get("line")) for case in cases] == [
        ("suites/toys.toml", str(claim)),
        ("suites/toys.toml", str(claim)),
        ("suites/toys.toml", str(broken)),
        ("suites/toys.toml", None),
    ]
    ends = [[child.tag for child in case if child.tag != "properties"] for case in cases]
    assert ends == [[], ["failure"], ["error"], ["skipped"]]
    failure = cases[1].find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == (
        "unexpected",
        "expected supported, found refuted",
    )
    properties = {p.get("name"): p.get("value") for p in cases[0].iter("property")}
    assert (properties["estimate"], properties["verdict"]) == ("+1.01%", "supported")


def test_junit_fails_by_what_differs_where_that_counts_and_by_no_verdict_that_was_dismissed() -> None:
    differing = ElementTree.fromstring(junit(FOUR, {INSTANCE.id: "published refuted, now supported"}))
    assert [case.get("name") for case in differing.iter("testcase") if case.find("failure") is not None] == [
        "same[size=1]"
    ]
    second = ConfirmationRecord(first_seed=9, verdict="supported", n=14, estimate=0.0, interval=(0.0, 0.0))
    dismissed = record(replace(REFUTED, confirmation=second))
    assert ElementTree.fromstring(junit(dismissed)).get("failures") == "0"


NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
LABEL = rf'{NAME}="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (NaN|[+-]Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?)")


def families(text: str) -> dict[str, dict[tuple[str, str], float]]:
    """A strict reader of OpenMetrics text: samples by family, each with its name and labels."""
    *lines, end, rest = text.split("\n")
    assert (end, rest) == ("# EOF", ""), "it ends with # EOF and a line feed"
    found: dict[str, dict[tuple[str, str], float]] = {}
    kinds: dict[str, str] = {}
    name = ""
    for line in lines:
        if described := re.fullmatch(rf"# (TYPE|UNIT|HELP) ({NAME}) (.+)", line):
            word, of, value = described.groups()
            if word == "TYPE":
                assert of not in found, "the lines of a family stand together, once"
                assert value in ("gauge", "info")
                name, found[of], kinds[of] = of, {}, value
            assert of == name, "metadata stand before their samples"
            assert not found[of]
            if word == "UNIT":
                assert of.endswith(f"_{value}")
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        key = sample[1], sample[2] or ""
        assert key[0] == name + ("_info" if kinds[name] == "info" else "")
        assert key not in found[name], "two samples have the same labels"
        labels = re.findall(rf"({NAME})=", re.sub(r'"(?:[^"\\]|\\.)*"', '""', key[1]))
        assert len(labels) == len(set(labels)), key
        found[name][key] = float(sample[3].replace("Inf", "inf"))
    return found


def test_openmetrics_are_read_by_a_strict_grammar_and_say_what_the_report_says() -> None:
    odd = replace(INSTANCE, id="toys/same[a-b=1,a_b=2]", point={"a-b": 1, "a_b": EVIL})
    found = families(openmetrics(record(*FOUR.instances, LAW, odd, exit_code=1)))
    numbers = {name.removeprefix("harness_"): list(samples.values()) for name, samples in found.items()}
    assert numbers["run_exit_code"] == [1.0]
    assert sum(numbers["instances"]) == 6.0
    assert numbers["instance_failing"] == [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    assert numbers["instance_estimate"][0] == pytest.approx(1.005, abs=1e-3), "percent of a ratio"
    assert numbers["instance_estimate"][2] == -0.5
    ((_, labels),) = [key for key in found["harness_instance_seeds"] if "a-b=1" in key[1]]
    assert 'axis_a_b="1"' in labels


def test_openmetrics_of_infinite_numbers() -> None:
    open_ended = replace(INSTANCE, interval=(None, 800.0))
    assert "harness_instance_high{" in openmetrics(record(open_ended))
    assert families(openmetrics(record(open_ended)))["harness_instance_high"].popitem()[1] == float("inf")


SARIF = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {"driver": {"type": "object", "required": ["name", "rules"]}},
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message", "ruleId", "ruleIndex", "level", "locations"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"type": "object", "required": ["text"]},
                                "locations": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation", "region"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "properties": {
                                                            "uri": {
                                                                "type": "string",
                                                                "pattern": r"^[A-Za-z0-9_./:%~-]+$",
                                                            }
                                                        }
                                                    },
                                                    "region": {
                                                        "required": ["startLine"],
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                        },
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What SARIF 2.1.0 requires of what is written here, and GitHub's code scanning of each result."""


def test_check_writes_sarif_of_every_mistake_and_remark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    text = edited(GOOD, {"format = 2": "format = 1"})
    (tmp_path / "a ü.toml").write_text(edited(text, {"equal =": "eqaul =", '"p. 3"': "3"}))
    (tmp_path / "good.toml").write_text(text)
    code, out = said("check", "a ü.toml", "good.toml", "--sarif", "out/s.sarif")
    assert code == 4, out
    log = json.loads((tmp_path / "out/s.sarif").read_text())
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    results = run["results"]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in results)
    mistakes = [result for result in results if result["ruleId"] == "mistake"]
    assert len(mistakes) == out.count("a ü.toml:")
    place = mistakes[-1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "a%20%C3%BC.toml", "uriBaseId": "%SRCROOT%"}
    line = (tmp_path / "a ü.toml").read_text().splitlines().index("[claims.same]") + 1
    assert line <= place["region"]["startLine"] <= line + 6
    assert "did you mean equal?" in " ".join(result["message"]["text"] for result in mistakes)
    assert [result["level"] for result in results if result["ruleId"] == "older-format"] == ["note"]
    assert said("check", "good.toml", "--sarif", "out/good.sarif")[0] == 0
    assert {
        r["ruleId"] for r in json.loads((tmp_path / "out/good.sarif").read_text())["runs"][0]["results"]
    } == {"older-format"}


def parsed(line: str) -> tuple[dict[str, str], str]:
    """A command of GitHub Actions as the runner reads it: properties and message, unescaped."""
    found = re.fullmatch(r"::error(?: ([^:]*))?::(.*)", line)
    assert found, line
    pairs = [pair.partition("=") for pair in (found[1] or "").split(",") if pair]
    properties = {name: unescaped(value) for name, _, value in pairs}
    return properties, unescaped(found[2])


def unescaped(text: str) -> str:
    for escaped, plain in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escaped, plain)
    return text


def test_a_claim_that_fails_is_annotated_at_its_line_and_its_words_command_nothing(in_suite: Record) -> None:
    annotations = of_record(replace(in_suite, instances=(replace(REFUTED, claim_says=EVIL), INSTANCE)))
    (line,) = annotation_lines(annotations)
    assert line.isprintable(), "nothing in it ends the line"
    properties, message = parsed(line)
    number = GOOD.splitlines().index("[claims.same]") + 1
    assert properties == {
        "file": "suites/toys.toml",
        "line": str(number),
        "title": "unexpected: toys/same",
    }
    assert "1 of 2 instances fail:\nsame[size=2]: expected supported, found refuted" in message
    assert "::error::" in message, "others' words are told, in the message"


def test_nine_are_annotated_and_a_count() -> None:
    mistakes = [
        Mistake(("claims", f"c{k}"), "one, two: three", "100%", line=k, column=2) for k in range(1, 13)
    ]
    annotations = of_mistakes(SuiteError("a.toml", mistakes))
    assert len(annotation_lines(annotations[:9])) == 9
    lines = annotation_lines(annotations)
    assert len(lines) == 10
    assert parsed(lines[0]) == (
        {"file": "a.toml", "line": "1", "col": "2", "title": "mistake in a suite"},
        "claims.c1: expected one, two: three, found 100%",
    )
    assert parsed(lines[-1]) == ({}, "3 more: 12 mistakes and failing claims in all")
    odd = Annotation("m", "a,b:c", FilePlace("x,y:z.toml", 3))
    assert parsed(annotation_lines([odd])[0])[0] == {"file": "x,y:z.toml", "line": "3", "title": "a,b:c"}


def test_commands_annotate_under_github_actions_alone(
    in_suite: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.json").write_bytes(to_json(replace(in_suite, instances=in_suite.instances[:2])))
    (tmp_path / "bad.toml").write_text(edited(GOOD, {"equal =": "eqaul ="}))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("HARNESS_ANNOTATIONS", raising=False)
    for command in (("report", "r.json"), ("check", "bad.toml"), ("list", "bad.toml"), ("list", "@no")):
        assert "::error" not in said(*command)[1]
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    code, out = said("report", "r.json")
    assert code == 1
    assert [parsed(line)[0]["title"] for line in out.splitlines() if line.startswith("::")] == [
        "unexpected: toys/same"
    ]
    for command in (("check", "bad.toml"), ("list", "bad.toml")):
        code, out = said(*command)
        files = {parsed(line)[0]["file"] for line in out.splitlines() if line.startswith("::")}
        assert (code, files) == (4, {"bad.toml"})
    assert "::error title=harness::" in said("list", "@no")[1]
    monkeypatch.setenv("HARNESS_ANNOTATIONS", str(tmp_path / "kept.txt"))
    assert "::error" not in said("report", "r.json")[1]
    assert (tmp_path / "kept.txt").read_text().startswith("::error file=suites/toys.toml,line=")


def test_others_words_are_no_commands_to_the_runner(
    in_suite: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a suite says on a line of its own, which the runner would obey."""
    named = replace(INSTANCE, says=f"{70 * 'x'} ::add-mask::e ##[add-mask]e")
    (tmp_path / "r.json").write_bytes(to_json(record(named)))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    assert re.search(r"\n +::add-mask::e ##\[add-mask\]e\n", said("report", "r.json")[1])
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    out = said("report", "r.json")[1]
    assert re.search(r"\n +\ufffd:add-mask::e \ufffd#\[add-mask\]e\n", out)
    assert no_command("a ##[group]b\n :: c") == "a \ufffd#[group]b\n \ufffd: c"


@pytest.mark.parametrize(
    ("instances", "message", "color"),
    [
        ((INSTANCE, LAW), "2 of 2 as expected", "brightgreen"),
        ((INSTANCE, REFUTED), "1 of 2 as expected", "red"),
        ((INSTANCE, unmeasured("inconclusive")), "1 of 2 as expected", "yellow"),
        ((replace(INSTANCE, outcome="measured"),), "1 measured", "brightgreen"),
        ((unmeasured("not-covered"),), "nothing covered", "lightgrey"),
        ((), "nothing judged", "lightgrey"),
    ],
)
def test_a_badge_says_how_instances_came_out(instances: tuple, message: str, color: str) -> None:
    badge = badge_of(record(*instances))
    assert (badge.message, badge.color) == (message, color)
    assert json.loads(badge_json(badge)) == {
        "schemaVersion": 1,
        "label": "claims",
        "message": message,
        "color": color,
    }
    picture = ElementTree.fromstring(badge_svg(badge))
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert message in "".join(picture.itertext())


def test_a_badge_of_a_run_that_is_held_against_a_record_counts_what_differs() -> None:
    both = record(*at_sizes(2))
    assert badge_of(both, {}).message == "2 as published"
    assert badge_of(both, {"toys/same[size=1]": "…"}).message == "1 of 2 differ"


def test_a_record_has_all_of_these_as_files(in_suite: Record, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(to_json(in_suite))
    outputs = ("--junit", "j.xml", "--openmetrics", "m.txt", "--badge")
    code, out = said("report", "r.json", *outputs, "b.svg")
    assert (code, out) == (1, "")
    assert ElementTree.parse(tmp_path / "j.xml").getroot().tag == "testsuites"
    assert families((tmp_path / "m.txt").read_text())
    assert ElementTree.parse(tmp_path / "b.svg").getroot().get("aria-label") == "claims: 1 of 3 as expected"
    code, out = said("report", "r.json", *outputs, "b.png")
    assert (code, "expected a file that ends with .svg or .json" in out) == (4, True)
    said("report", "r.json", *outputs, "b.json", "--against", "r.json")
    assert json.loads((tmp_path / "b.json").read_text())["message"] == "3 as published"
    assert ElementTree.parse(tmp_path / "j.xml").getroot().get("failures") == "0"
