"""The page of two records: what differs, the worst first; the rest folded."""

from __future__ import annotations

from typing import get_args

from made import INSTANCE, unmeasured
from msgspec.structs import replace
from pages import assert_inert, find, text_of

from harness.report.change import CHANGE_GLYPHS, KINDS, Change, ChangeKind
from harness.report.html import comparison_page

AFTER = replace(INSTANCE, verdict="refuted", outcome="unexpected", interval=(0.1, 0.14), estimate=0.12)


def test_the_worst_stands_first_and_what_is_the_same_is_folded() -> None:
    rows = [
        Change("toys/a", "identical", INSTANCE, INSTANCE),
        Change("toys/b", "shifted", INSTANCE, INSTANCE, "by 3 margins"),
        Change("toys/c", "flipped", INSTANCE, AFTER),
        Change("toys/d", "added", None, unmeasured("not-run")),
    ]
    tree = assert_inert(comparison_page(rows, before="a" * 40, after="b" * 40, title="Toys"))
    (lead,) = find(tree, "p", class_="lead")
    assert text_of(lead) == "1 flipped, 1 added, 1 shifted; 1 of 4 instances as before."
    assert text_of(find(tree, "h1")[0]) == "Toys: aaaaaaaaa → bbbbbbbbb"
    said = [text_of(row) for row in find(tree, "tr", class_="row")]
    assert [next(id_ for id_ in "cdba" if f"toys/{id_}" in text) for text in said] == list("cdba")
    (fold,) = find(tree, "details")
    assert "identical: 1 of 4" in text_of(find(fold, "summary")[0])
    assert "toys/a" in text_of(fold)
    assert "by 3 margins" in said[2]


def test_a_bar_has_both_intervals() -> None:
    row = Change("toys/c", "flipped", INSTANCE, AFTER)
    tree = assert_inert(comparison_page([row], before="a", after="b"))
    (body,) = find(tree, "tbody")
    assert len(find(body, "path", class_="w")) == len(find(body, "path", class_="i")) == 1


def test_differences_of_the_environment_are_a_table() -> None:
    tree = assert_inert(comparison_page([], before="a", after="b", environment=[("jax", "0.9", "0.10")]))
    assert "jax 0.9 0.10" in text_of(find(tree, "table")[0])
    assert text_of(find(tree, "p", class_="lead")[0]) == "There is nothing to compare."


def test_every_kind_has_a_glyph() -> None:
    assert set(KINDS) == set(get_args(ChangeKind)) == set(CHANGE_GLYPHS)
    assert len(set(CHANGE_GLYPHS.values())) == len(KINDS)
