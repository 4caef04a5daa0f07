"""Hooks of MkDocs: pages of the site that do not lie in docs/, and links that leave docs/.

The start page is README.md; CHANGELOG.md and CONTRIBUTING.md are pages too, and each notebook is one. A link
from any of them to another file of the repository leads to a copy of it under source/, so that every link
works without a network. The pages are written for GitHub; their lists are rewritten as the site's Markdown
wants them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import notebooks
from markdown_it import MarkdownIt
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
TOP = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "security-policy.md": "SECURITY.md",
}
"""Pages of the site from files at the top of the repository."""
LINK = re.compile(r"(?<=\]\()(?![a-z]+:)([^\s()#]+)(#[^\s()]*)?(?=\))")
"""The target of a link to a file: its path, and its anchor."""
ITEM = re.compile(r"^ *(?:[-*+]|[0-9]+[.)]) +")
"""What stands before the text of a list's item."""
STEP = 4
"""Python-Markdown wants the text of an item indented by so many spaces, CommonMark as on its first line."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/, and copies of what pages link to."""
    for uri, path in TOP.items():
        files.append(File.generated(config, uri, content=(ROOT / path).read_text()))
    for path in notebooks.all_of_them():
        uri = f"notebooks/{path.stem}.md"
        files.append(File.generated(config, uri, content=notebooks.as_markdown(path)))
    for path in sorted({path for file in files.documentation_pages() for path in _outside(file)}):
        files.append(File.generated(config, _uri(path), abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with its links to files as links to pages of the site."""
    here = page.file.src_uri
    if here == "index.md":
        page.meta["hide"] = ["navigation"]  # it would name this page alone, and its code needs the room

    def target(found: re.Match[str]) -> str:
        path = _path(found[1], here)
        if not (ROOT / path).is_file():
            return found[0]  # the build fails at it
        return posixpath.relpath(_uri(path), posixpath.dirname(here) or ".") + (found[2] or "")

    return LINK.sub(target, with_wide_lists(markdown))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with empty headings of tables as plain cells: whoever hears a page hears headings."""
    return re.sub(r"<th([^>]*)>\s*</th>", r"<td\1></td>", html)


def with_wide_lists(markdown: str) -> str:
    """The text with its lists as Python-Markdown wants them.

    Their items are indented by four spaces. An empty line stands before each list, and after an item of
    several blocks.
    """
    lines = markdown.splitlines()
    depth, strip, first, apart = _items(markdown, lines)
    written: list[str] = []
    for number, line in enumerate(lines):
        if number in apart and written and written[-1]:
            written.append("")
        if number in first:
            written.append(" " * STEP * (depth[number] - 1) + line.lstrip())
        elif depth[number]:
            lacks = len(line) - len(line.lstrip()) < strip[number]  # a lazy continuation
            text = line.lstrip() if lacks else line[strip[number] :]
            written.append((" " * STEP * depth[number] + text).rstrip())
        else:
            written.append(line)
    return "\n".join(written) + "\n"


def _items(markdown: str, lines: list[str]) -> tuple[list[int], list[int], set[int], set[int]]:
    """Of each line: in how many items of lists it stands, and the indent of the innermost one's text.

    Then the lines that begin an item, and those before which Python-Markdown wants an empty line.
    """
    depth, strip = [0] * len(lines), [0] * len(lines)
    first, apart = set(), set()
    nesting = 0
    for token in MarkdownIt("commonmark").parse(markdown):
        nesting += token.nesting * (token.type in ("list_item_open", "list_item_close"))
        if token.map is None:
            continue
        start, end = token.map
        if token.type == "list_item_open":
            mark = ITEM.match(lines[start])
            first.add(start)
            depth[start:end] = [nesting] * (end - start)
            strip[start:end] = [len(mark[0]) if mark else 0] * (end - start)
            if not all(lines[start:end]):
                apart.add(end)
        elif token.type in ("bullet_list_open", "ordered_list_open") and not nesting:
            apart.add(start)
    return depth, strip, first, apart


def _outside(file: File) -> Iterator[str]:
    """The files outside docs/ to which a page links, from the top of the repository."""
    for found in LINK.finditer(file.content_string):
        path = _path(found[1], file.src_uri)
        if not path.startswith("docs/") and path not in TOP.values() and (ROOT / path).is_file():
            yield path


def _path(target: str, uri: str) -> str:
    """Where a link of a page leads, from the top of the repository."""
    here = TOP.get(uri, uri.removeprefix("source/") if uri.startswith("source/") else f"docs/{uri}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(here), target))


def _uri(path: str) -> str:
    """Where the site has a file of the repository."""
    for uri, top in TOP.items():
        if path == top:
            return uri
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return "source/" + "/".join(part.lstrip(".") for part in path.split("/"))
