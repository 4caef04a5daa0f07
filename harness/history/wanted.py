"""Which instances of a history a command concerns: ids, suites, files of suites, and -k."""

from __future__ import annotations

from collections.abc import Sequence

from harness.history.archive import SuiteHead
from harness.history.states import Past
from harness.report.place import place_of
from harness.shipped import located
from harness.suite import SelectionError
from harness.suite.errors import nearest_name, shown
from harness.suite.names import name_in
from harness.suite.select import expression


def wanted(ids: Sequence[str], keyword: str, past: Past) -> frozenset[str]:
    """The ids that `ids` (any of) and `keyword` choose.

    Each of `ids` is the id of an instance or claim, a suite's name, FILE or @NAME, or FILE::ID.

    Raises `SelectionError` for one that matches nothing.
    """
    suites = {id_: name for state in past.states for id_, name in state.suites.items()}
    named = set(suites) if not ids else set()
    for each in ids:
        prefixes = _meant(each, past)
        found = {id_ for id_ in suites if any(_is_of(id_, prefix) for prefix in prefixes)}
        if not found:
            recorded = [name for name, _ in past.names.called]
            hint = nearest_name(each, dict.fromkeys([*suites.values(), *recorded, *suites]))
            expected = f"expected an instance, a claim or a suite of the history, found {shown(each)}"
            raise SelectionError(f"{expected} ({hint})" if hint else expected)
        named |= found
    if keyword:
        holds = expression(keyword)
        named = {i for i in named if holds(lambda word, i=i: word.lower() in i.lower())}  # type: ignore[misc]
    return frozenset(named)


def _meant(text: str, past: Past) -> list[str]:
    """The beginnings of the ids that a text means. A name that several suites share means all of them."""
    file, _, local = text.partition("::")
    path = located(file)
    if path.suffix == ".toml" and path.is_file():
        name = past.names.of(SuiteHead(name_in(path) or path.stem, file, place_of(path)))
        return [past.names.id(name, local) if local else name]
    name, separator, local = text.partition("/")
    shared = [called for (recorded, _), called in past.names.called.items() if recorded == name]
    return [text, *(past.names.id(each, local) if separator else each for each in shared)]


def _is_of(id_: str, prefix: str) -> bool:
    return id_ == prefix or id_.startswith((f"{prefix}/", f"{prefix}[", f"{prefix}::"))
