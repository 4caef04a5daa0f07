"""What `harness check` finds, as SARIF 2.1.0 (OASIS, 2020), which code scanning and editors show."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from harness.export.locations import named_file
from harness.suite.errors import SuiteError
from harness.text import printable
from harness.version import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RuleId = Literal["mistake", "namesakes", "control-excludes-nothing", "older-format", "old-spelling"]

RULES: Mapping[RuleId, tuple[str, Literal["error", "warning", "note"]]] = {
    "mistake": ("A suite says something that it cannot say.", "error"),
    "namesakes": ("Two suites have one name, so that their ids would be the same.", "error"),
    "control-excludes-nothing": ("A control reads the same numbers as its claim.", "warning"),
    "older-format": ("A suite is of an older format.", "note"),
    "old-spelling": ("A suite has the old spelling of a name.", "note"),
}
"""What a result is about, in a sentence, and how grave it is."""


@dataclass(frozen=True)
class CheckResult:
    """One thing that was found: by which rule, where, in words. A line of 0 is the file as a whole."""

    rule: RuleId
    file: str
    message: str
    line: int = 0
    column: int = 0


def results_of(error: SuiteError) -> list[CheckResult]:
    """A result for each mistake of a suite."""
    return [
        CheckResult("mistake", error.file, mistake.says, mistake.line, mistake.column)
        for mistake in error.mistakes
    ]


def sarif(results: Sequence[CheckResult]) -> str:
    """The log of one run of `harness check`; a log without results says that nothing was found."""
    names = list(RULES)
    rules = [
        {
            "id": name,
            "shortDescription": {"text": about},
            "defaultConfiguration": {"level": level},
        }
        for name, (about, level) in RULES.items()
    ]
    run = {
        "tool": {"driver": {"name": "harness", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, names.index(each.rule)) for each in results],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(found: CheckResult, index: int) -> dict[str, Any]:
    region = {"startLine": max(1, found.line)}
    if found.column:
        region["startColumn"] = found.column
    return {
        "ruleId": found.rule,
        "ruleIndex": index,
        "level": RULES[found.rule][1],
        "message": {"text": printable(found.message)},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(found.file), "region": region}}],
    }


def _artifact(file: str) -> dict[str, str]:
    """A file of the repository by its path from the top; any other by a URI of its own."""
    named = named_file(file)
    if os.path.isabs(named):
        return {"uri": Path(named).as_uri()}
    return {"uri": quote(named), "uriBaseId": "%SRCROOT%"}
