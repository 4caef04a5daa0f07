"""A record as JUnit XML, which CI services show as tests: an instance is a test case, a suite a test suite.

An instance that fails the run is a `failure` (an error an `error`), one that is not covered is `skipped`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.export.claim_places import claim_places
from harness.export.failing import failing
from harness.export.locations import FilePlace
from harness.report.confirmed import confirmation_text
from harness.report.findings import why_not_covered
from harness.report.record import InstanceRecord, Record, SuiteRecord
from harness.report.words import advice, commit_text, control, effect, interval_text, region
from harness.text import printable


def junit(record: Record, differs: Mapping[str, str] | None = None) -> bytes:
    """The record as JUnit XML. `differs` as `failing` takes it."""
    why = failing(record, differs)
    places = claim_places(record)
    root = Element("testsuites", name="harness")
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in record.suites:
        members = [instance for instance in record.instances if instance.suite == suite.name]
        made = _suite(record, suite, members, why, places)
        root.append(made)
        for name in totals:
            totals[name] += int(made.get(name, "0"))
    for name, total in totals.items():
        root.set(name, str(total))
    root.set("time", f"{sum(instance.seconds for instance in record.instances):.3f}")
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _suite(
    record: Record,
    suite: SuiteRecord,
    members: Sequence[InstanceRecord],
    why: Mapping[str, str],
    places: Mapping[str, FilePlace],
) -> Element:
    cases = [_case(each, why.get(each.id), places[f"{each.suite}/{each.claim}"]) for each in members]
    found = {name: sum(case.find(name) is not None for case in cases) for name in _ENDS}
    element = Element(
        "testsuite",
        name=_text(suite.name),
        tests=str(len(cases)),
        failures=str(found["failure"]),
        errors=str(found["error"]),
        skipped=str(found["skipped"]),
        time=f"{sum(each.seconds for each in members):.3f}",
        timestamp=_text(record.started)[:19],
        hostname=_text(record.environment.machine),
    )
    facts = {
        "title": suite.title,
        "commit": commit_text(suite.commit or record.commit),
        "harness": record.harness_version,
        "device": record.environment.device,
    }
    _add_properties(element, facts)
    element.extend(cases)
    return element


_ENDS = ("failure", "error", "skipped")


def _case(instance: InstanceRecord, why: str | None, place: FilePlace) -> Element:
    element = Element(
        "testcase",
        classname=_text(f"{instance.suite}.{instance.claim}"),
        name=_text(instance.local_id),
        time=f"{instance.seconds:.3f}",
    )
    if place.file:
        element.set("file", _text(place.file))
    if place.line:
        element.set("line", str(place.line))
    facts = {
        "verdict": instance.verdict,
        "outcome": instance.outcome,
        "expect": instance.expect,
        "n": str(instance.n),
        "estimate": effect(instance.estimate, instance.unit),
        "interval": interval_text(instance.interval, instance.unit),
        "region": region(instance.region, instance.unit),
        "control": control(instance),
        "agreement": instance.agreement,
    }
    _add_properties(element, facts)
    if why is not None:
        kind = "error" if instance.outcome == "error" else "failure"
        end = SubElement(element, kind, type=instance.outcome, message=_text(why))
        more = [instance.says, why, confirmation_text(instance), advice(instance)]
        end.text = "\n".join(_text(line) for text in more for line in text.splitlines())
    elif instance.outcome == "not-covered":
        SubElement(element, "skipped", message=_text(why_not_covered(instance)))
    return element


def _add_properties(element: Element, facts: Mapping[str, str]) -> None:
    properties = SubElement(element, "properties")
    for name, value in facts.items():
        if value:
            SubElement(properties, "property", name=name, value=_text(value))


def _text(text: str) -> str:
    """Text without what XML cannot hold: control characters, halves of surrogate pairs."""
    return printable(text.replace("\n", " "))
