"""All text of a record is hostile: none of it may act, load, lead astray or reorder what is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import INSTANCE, RECORD, at_sizes, record
from msgspec.structs import replace
from pages import assert_inert, find

from harness.report import Record
from harness.report.change import Change
from harness.report.html import Mark, comparison_page, page
from harness.report.html.sources import Link, links

NASTY = [
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</title><svg onload=alert(1)>",
    "]]><!--",
    "{{ 7*7 }}{% raw %}",
    "`${alert(1)}`",
    "\u202egnp.exe\u2066",
    "a\u200fb\u061cc",
    "\x00\x07\x1b[31m\r\n\t\x85\u2028\ufeff",
    "\ud800",
    "&lt;&#x3c;&amp",
    "]" * 10_000,
    "x" * 10_000,
    "",
]


def with_texts(value: Any, texts: Iterator[str], key: str = "") -> Any:
    """The same tree with another string in the place of each that is free text."""
    if isinstance(value, str):
        return value if key in ("unit", "outcome", "center", "hash") else next(texts)
    if isinstance(value, dict):
        return {k: with_texts(v, texts, k) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [with_texts(v, texts, key) for v in value]
    return value


def with_keys(tree: Any, texts: Iterator[str]) -> Any:
    """As above, for the keys of the dictionaries that have free ones."""
    for instance in tree["instances"]:
        instance["point"] = {next(texts): v for v in instance["point"].values()}
        instance["toml"] = {next(texts): v for v in instance["toml"].values()}
        if instance["control"]:
            instance["control"]["at"] = {next(texts): v for v in instance["control"]["at"].values()}
    for name in ("precision", "libraries"):
        found = tree["environment"][name]
        tree["environment"][name] = {next(texts): v for v in found.values()}
    for suite in tree["suites"]:
        suite["given"] = {next(texts): next(texts)}
    return tree


def poisoned(texts: Sequence[str], of: Record = RECORD) -> Record:
    endless = cycle(texts)
    tree = with_texts(msgspec.to_builtins(of), endless)
    return msgspec.convert(with_keys(tree, endless), Record)


@settings(max_examples=60)
@given(st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=30)), min_size=1, max_size=12))
def test_no_text_of_a_record_acts(texts: list[str]) -> None:
    assert_inert(page(poisoned(texts)))


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_each_nasty_text_is_inert_everywhere(text: str) -> None:
    found = poisoned([text], record(*RECORD.instances, *at_sizes(3)))
    marks = [Mark(text, text, text, text, text)]
    html = page(found, past={text: marks}, since=text, changed={text: text})
    assert_inert(html)
    assert len(html.encode()) < 1_500_000
    rows = [Change(text, "flipped", i, i, text) for i in found.instances]
    assert_inert(
        comparison_page(
            rows, before=text, after=text, title=text, environment=[(text, text, text)], notes=[text]
        )
    )


def test_a_long_text_is_short_in_its_row_and_whole_in_its_details() -> None:
    tree = assert_inert(page(record(replace(INSTANCE, says="word " * 2000))))
    (row,) = find(tree, "tr", class_="row")
    assert len("".join(row.itertext())) < 1000
    (details,) = find(tree, "details")
    assert "".join(details.itertext()).count("word ") >= 2000


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//example.org",
        "https:/example.org",
        "https://",
        "https://user:pass@example.org",
        "https://exa mple.org",
        "https://example.org/\u202e",
        "https://[::1",
        " https://example.org",
    ],
)
def test_what_is_no_plain_address_is_no_link(url: str) -> None:
    source = replace(INSTANCE.source, url=url, arxiv=None, doi=None)
    assert links(source) == (Link(url),)


@pytest.mark.parametrize(
    ("arxiv", "leads"),
    [
        ("2501.10929", True),
        ("2501.10929v2", True),
        ("hep-th/9901001", True),
        ("math.GT/0309136", True),
        ("2501.10929\n", False),
        ("../../evil", False),
        ("2501.10929?x=<script>", False),
        ("\u0662\u0665\u0660\u0661.10929", False),
    ],
)
def test_an_arxiv_number_leads_to_arxiv(arxiv: str, leads: bool) -> None:
    (link,) = links(replace(INSTANCE.source, arxiv=arxiv, doi=None, url=None))
    assert link.href == (f"https://arxiv.org/abs/{arxiv}" if leads else "")


def test_a_doi_is_quoted() -> None:
    (link,) = links(replace(INSTANCE.source, arxiv=None, doi="10.1002/(SICI)1<1::AID>3.0", url=None))
    assert link.href == "https://doi.org/10.1002/%28SICI%291%3C1%3A%3AAID%3E3.0"
