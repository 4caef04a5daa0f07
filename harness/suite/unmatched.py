"""Why a selection is empty: what was asked for, the nearest name, and which names there are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from harness.suite.errors import nearest_name, shown
from harness.suite.records import Instance, Suite
from harness.text import printable

MOST = 8
"""How many values of an axis, and names of a kind, are shown."""
_WORD = re.compile(r"[^\s()]+")
_OPERATORS = frozenset({"and", "or", "not"})


def unmatched(suite: Suite, keyword: str = "", marks: str = "", *, names: bool = True) -> str:
    """That `-k` and `-m` select nothing of the suite, and the nearest name; with `names`, which there are."""
    asked = [f"{option} {_quoted(text)}" for option, text in (("-k", keyword), ("-m", marks)) if text]
    file = printable(suite.path)
    if not suite.instances:
        return f"{file}: nothing to judge: it has no claims"
    if not asked:
        return f"{file}: nothing is selected"
    axes, marked = _axes(suite.instances), sorted({mark for i in suite.instances for mark in i.marks})
    hint = _hint(keyword, [i.id.lower() for i in suite.instances], [*axes, *suite.claims])
    hint = hint or _hint(marks, marked, marked)
    lines = [f"{file}: nothing matches {' and '.join(asked)}" + (f" ({hint})" if hint else "")]
    if names and keyword:
        lines += [f"  axis {axis}: {_some(labels)}" for axis, labels in list(axes.items())[:MOST]]
        lines += [f"  claims: {_some(suite.claims)}"]
    if names and marks:
        lines += [f"  marks: {_some(marked)}"]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """As it is typed in a shell, or as `shown` where that would be long or not printable."""
    return shlex.quote(text) if len(text) <= 60 and text.isprintable() else shown(text)


def _axes(instances: Iterable[Instance]) -> dict[str, dict[str, None]]:
    """The labels of each axis, in the order of the instances."""
    axes: dict[str, dict[str, None]] = {}
    for instance in instances:
        for axis, label in instance.labels.items():
            axes.setdefault(axis, {})[label] = None
    return axes


def _hint(expression: str, found: Iterable[str], names: Iterable[str]) -> str:
    """The name nearest to the first word of the expression that fits nothing."""
    texts, known = list(found), list(names)
    for word in _WORD.findall(expression):
        name = word.partition("=")[0]
        if word in _OPERATORS or any(name.lower() in text for text in texts):
            continue
        hint = nearest_name(name, known)
        if hint:
            return hint
    return ""


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    text = ", ".join(listed[:MOST]) or "none"
    return text + (f", … ({len(listed)} in all)" if len(listed) > MOST else "")
