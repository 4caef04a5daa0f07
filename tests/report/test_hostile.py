"""Hostile text in every string of a suite: Markdown and JSON stay well-formed and inert.

JUnit is in tests/test_pytest_plugin.py.

Markdown is read by an independent reader, markdown-it, and what it makes of it by Python's HTML parser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

import hostile
import pytest
from markdown_it import MarkdownIt
from records import record_of

from harness.report import Record, from_json, to_json
from harness.report.brief import brief
from harness.report.markdown import markdown
from harness.report.terminal import terminal
from harness.text import printable

OURS = {
    "details", "h1", "h2", "h3", "li", "p", "strong", "summary", "table", "tbody", "td", "th", "thead", "tr",
    "ul",
}  # fmt: skip
FLAT = printable(" ".join(hostile.TEXT.split()))
WRITERS = pytest.mark.parametrize("write", [markdown, brief])


class Page(HTMLParser):
    """What a page consists of: its elements, their attributes, and the text of its cells and paragraphs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.comments: list[str] = []
        self.blocks: list[str] = [""]
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= set(attrs)
        self.blocks.append("")

    def handle_data(self, data: str) -> None:
        self.blocks[-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    path = tmp_path_factory.mktemp("suite") / "hostile.toml"
    path.write_text(hostile.SUITE)
    return record_of(path)


def page(text: str) -> Page:
    return Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


def test_the_suite_reaches_every_part_of_a_report(record: Record) -> None:
    outcomes = {i.claim: (i.outcome, i.agreement) for i in record.instances}
    assert outcomes == {
        "wrong": ("unexpected", "agrees"),
        "against": ("as-expected", "contradicts"),
        "failing": ("error", ""),
        "absent": ("not-covered", ""),
    }
    part = hostile.TEXT[:2000]  # the middle of a long reason is left out
    assert all(part in i.reason for i in record.instances if i.claim in ("failing", "absent"))


@WRITERS
def test_markdown_has_no_elements_but_our_own(record: Record, write: Callable[[Record], str]) -> None:
    found = page(write(record))
    assert found.tags <= OURS
    assert {name for name, _ in found.attributes} <= {"style"}
    assert {value for _, value in found.attributes} <= {"text-align:left"}
    assert found.comments == []


@WRITERS
def test_markdown_shows_the_text_as_it_is(record: Record, write: Callable[[Record], str]) -> None:
    """So nothing of it was markup, or ended a cell of its table."""
    shown = [block.replace("\u200b", "").strip() for block in page(write(record)).blocks]
    because = FLAT if write is markdown else f"{FLAT[:299]}…"
    assert shown.count(because) >= 2  # a title or a sentence, and a cell
    assert printable("".join(shown).replace("\n", "")) == "".join(shown).replace("\n", "")


@WRITERS
def test_nothing_is_a_link_or_calls_anybody_on_github(record: Record, write: Callable[[Record], str]) -> None:
    text = write(record).replace("&#8203;", "\u200b")
    assert "octocat" in text
    assert not re.search(r"[@#]\w|(?<!\\)://|www\.", text)


def test_json_gives_back_every_character(record: Record) -> None:
    data = to_json(record)
    assert from_json(data, "r.json") == record
    first, (source, *_) = record.instances[0], json.loads(data)["sources"]
    assert first.says == first.because == source["title"] == hostile.TEXT
    assert not re.search(rb"[\x00-\x09\x0b-\x1f]", data)


def test_the_terminal_prints_nothing_that_steers_it(record: Record) -> None:
    text = terminal(record)
    assert "octocat" in text
    assert all(printable(line) == line for line in text.split("\n"))
