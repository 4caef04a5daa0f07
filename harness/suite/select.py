"""Which instances a command is about: `FILE::ID`, `-k` and `-m` expressions, as in pytest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from harness.errors import UserError
from harness.suite.errors import nearest_name, shown
from harness.suite.records import Instance

MAX_DEPTH = 100
_TOKEN = re.compile(r"\s*(?:(?P<paren>[()])|(?P<word>[^\s()]+))")


class SelectionError(UserError, ValueError):
    """A selection that cannot be read, or an id that no instance has."""


Holds = Callable[[str], bool]


def expression(text: str) -> Callable[[Holds], bool]:
    """Compile `a and (b or not c)`; the result takes a function that says whether a word holds.

    Raises `SelectionError` with the column where the text stops making sense.
    """
    tokens = [(m["paren"] or m["word"], m.start(m.lastgroup or 0) + 1) for m in _TOKEN.finditer(text)]
    tokens.append(("", len(text) + 1))
    position = depth = 0

    def peek() -> str:
        return tokens[position][0]

    def fail(expected: str) -> SelectionError:
        found, column = tokens[position]
        found = shown(found) if found else "the end"
        return SelectionError(f"{shown(text)}, column {column}: expected {expected}, found {found}")

    def advance() -> str:
        nonlocal position
        position += 1
        return tokens[position - 1][0]

    def either() -> Callable[[Holds], bool]:
        parts = [both()]
        while peek() == "or":
            advance()
            parts.append(both())
        return lambda holds: any(part(holds) for part in parts)

    def both() -> Callable[[Holds], bool]:
        parts = [negated()]
        while peek() == "and":
            advance()
            parts.append(negated())
        return lambda holds: all(part(holds) for part in parts)

    def negated() -> Callable[[Holds], bool]:
        nonlocal depth
        if peek() in ("not", "("):
            if depth == MAX_DEPTH:
                raise fail(f"at most {MAX_DEPTH} `not` and `(` within each other")
            depth += 1
            opened = advance()
            part = negated() if opened == "not" else either()
            depth -= 1
            if opened == "not":
                return lambda holds: not part(holds)
            if peek() != ")":
                raise fail("`)`")
            advance()
            return part
        if peek() in ("", ")", "and", "or"):
            raise fail("a word, `not` or `(`")
        word = advance()
        return lambda holds: holds(word)

    result = either()
    if peek():
        raise fail("`and`, `or` or the end")
    return result


def select(
    instances: Iterable[Instance], *, ids: Sequence[str] = (), keyword: str = "", marks: str = ""
) -> list[Instance]:
    """The instances that `ids` (any of; a claim's id selects all of its instances), `keyword` and
    `marks` (both of) leave. Raises `SelectionError` for an id that matches nothing."""
    chosen = list(instances)
    if ids:
        known = {i.local_id for i in chosen} | {i.claim.id for i in chosen}
        for id_ in ids:
            if id_ not in known:
                hint = nearest_name(id_, sorted(known))
                found = f"no claim or instance has the id {shown(id_)}"
                raise SelectionError(f"{found} ({hint})" if hint else found)
        named = frozenset(ids)
        chosen = [i for i in chosen if i.local_id in named or i.claim.id in named]
    if keyword:
        wanted = expression(keyword)
        chosen = [i for i in chosen if wanted(lambda word, i=i: word.lower() in i.id.lower())]  # type: ignore[misc]
    if marks:
        marked = expression(marks)
        chosen = [i for i in chosen if marked(lambda word, i=i: word in i.marks)]  # type: ignore[misc]
    return chosen
