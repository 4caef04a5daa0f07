"""Links between pages: each leads to a file that is there, and to a heading or a mark that it has."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("reports/**/*.md")),
    *sorted(ROOT.glob("docs/**/*.ipynb")),
]  # fmt: skip
CODE = re.compile(
    r"^( *)(```+)[^\n`]*\n.*?^ *\2 *$|<!--.*?-->|(`+)(?!`).+?(?<!`)\3(?!`)", re.DOTALL | re.MULTILINE
)
LINK = re.compile(r"\]\(\s*<?([^\s)>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
MARK = re.compile(r"<\w+[^>]*\b(?:id|name)=\"([^\"]+)\"")


@functools.cache
def text_of(path: Path) -> str:
    """The text of a page, or that of a notebook's cells."""
    if path.suffix != ".ipynb":
        return path.read_text()
    cells = json.loads(path.read_text())["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to a page's headings, and those that it marks itself."""
    without_blocks = re.sub(r"^( *)(```+)[^\n`]*\n.*?^ *\2 *$", "", text, flags=re.DOTALL | re.MULTILINE)
    found: dict[str, int] = {}
    names = set(MARK.findall(without_blocks))
    for heading in HEADING.findall(without_blocks):
        shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]+>", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        names.add(f"{slug}-{count}" if count else slug)
    return names


def targets(text: str) -> Iterator[tuple[int, str]]:
    """The links of a page to files and anchors, each with its line; those to the web are left out."""
    shown = CODE.sub(lambda found: "\n" * found[0].count("\n"), text)
    for found in LINK.finditer(shown):
        target = found[1] or found[2]
        if not re.match(r"[a-z]+:", target):
            yield shown.count("\n", 0, found.start()) + 1, target


def broken(path: Path, text: str) -> Iterator[str]:
    for line, target in targets(text):
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if target.startswith("/") or (name and not file.exists()):
            yield f"{path.name}:{line}: {target}: there is no such file"
        elif anchor and anchor not in anchors(text if file == path else text_of(file)):
            yield f"{path.name}:{line}: {target}: there is no such heading"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    assert list(broken(path, text_of(path))) == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    text = "# One `two`, three\n\n# A\n# A\n\n[a](#one-two-three) [b](#a-1) [c](reading.md) ![d](python.md)\n"
    page = ROOT / "docs/page.md"
    assert list(broken(page, text)) == []
    wrong = "[a](#one)\n`[b](#code)`\n[c](reading.markdown)\n\n```\n[d](#block)\n```\n"
    wrong += "[e](reading.md#nothing)\n[f]: /x.md\n"
    assert [each.partition(": ")[0] for each in broken(page, text + wrong)] == [
        "page.md:7", "page.md:9", "page.md:14", "page.md:15",
    ]  # fmt: skip


class Loader(yaml.SafeLoader):
    """YAML whose names of Python objects stay unread."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def test_the_site_has_each_page_in_one_place() -> None:
    settings = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader)
    listed: list[str] = []

    def gather(entries: object) -> None:
        if isinstance(entries, str):
            listed.append(entries)
        for entry in (
            entries.values() if isinstance(entries, dict) else entries if isinstance(entries, list) else ()
        ):
            gather(entry)

    gather(settings["nav"])
    docs = ROOT / "docs"
    pages = {str(path.relative_to(docs)) for path in docs.rglob("*.md")}
    pages |= {str(path.relative_to(docs).with_suffix(".md")) for path in docs.rglob("*.ipynb")}
    top = {"index.md", "changelog.md", "contributing.md"}
    assert sorted(listed) == sorted(pages | top), "mkdocs.yml lists the pages of the site under `nav`"
