"""The docs site, built with the network off: its pages are those of docs/, and its links lead somewhere."""

from __future__ import annotations

import os
import posixpath
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import html5lib
import pytest
from accessibility import axe_findings, chromium
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
WITHOUT_NETWORK = """
import socket

def refuse(*_):
    raise OSError("this build may not use the network")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from mkdocs.__main__ import cli
cli()
"""
TOP = {"index": "README.md", "changelog": "CHANGELOG.md", "contributing": "CONTRIBUTING.md"}
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
SEARCH = """
new Promise(done => {
  const field = document.querySelector("[data-md-component=search-query]")
  document.querySelector("#__search").click()
  field.focus()
  field.value = "bisect"
  field.dispatchEvent(new KeyboardEvent("keyup", {bubbles: true}))
  const until = Date.now() + 60000
  const look = () => {
    const found = [...document.querySelectorAll(".md-search-result__link")].map(each => each.href)
    if (found.length || Date.now() > until) done(found)
    else setTimeout(look, 100)
  }
  look()
})
"""
"""What a reader does who searches, and the addresses that the page then shows, within a minute."""
STRUCTURE = ("h1", "h2", "h3", "h4", "li", "pre", "table", "tr", "img", "blockquote")
"""What a page must have as often as GitHub shows it. Paragraphs are left out: in a list whose items are apart
GitHub wraps the text of every item, Python-Markdown that of some."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="`make slow` installs docs/requirements.txt")
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-c",
        WITHOUT_NETWORK,
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        str(folder),
    ]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def trees(site: Path) -> dict[str, html5lib.treebuilders.etree]:
    """The pages, by their path in the site."""
    return {
        str(path.relative_to(site)): html5lib.parse(path.read_text(), namespaceHTMLElements=False)
        for path in sorted(site.rglob("*.html"))
    }


@pytest.mark.slow
def test_every_link_of_the_site_leads_somewhere(site, trees):
    ids = {page: {e.get("id") or e.get("name") for e in tree.iter()} for page, tree in trees.items()}
    broken, followed = [], 0
    for page, tree in trees.items():
        if page == "404.html":
            continue  # it is shown instead of any address: its links begin at the root
        for element in tree.iter():
            link = element.get("href") or element.get("src")
            if element.tag not in ("a", *LOADED) or not link:
                continue
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            file = (
                posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
                if parts.path
                else page
            )
            followed += 1
            if not (site / file).is_file():
                broken.append(f"{page}: {link}: no such file")
            elif parts.fragment and file in ids and unquote(parts.fragment) not in {*ids[file], "__top"}:
                broken.append(f"{page}: {link}: no such anchor")
    assert broken == []
    assert followed > 1000


@pytest.mark.slow
def test_nothing_of_the_site_comes_from_the_network(site, trees):
    loaded = [
        (page, element.get(LOADED[element.tag]))
        for page, tree in trees.items()
        for element in tree.iter()
        if element.tag in LOADED and element.get("rel") not in ("canonical", "prev", "next")
    ]
    assert loaded
    assert [each for each in loaded if each[1] and urlsplit(each[1]).netloc] == []
    styles = [path.read_text() for path in site.rglob("*.css")]
    assert styles
    assert [text for text in styles if "url(http" in text or "url(//" in text or "@import" in text] == []
    assert not any("mermaid" in (e.get("class") or "") for tree in trees.values() for e in tree.iter())


@pytest.mark.slow
def test_pages_have_the_lists_tables_and_blocks_that_github_shows(trees):
    markdown = MarkdownIt("commonmark").enable("table")
    compared = 0
    for page, tree in trees.items():
        name = page.removesuffix(".html")
        source = ROOT / TOP.get(name, f"docs/{name}.md")
        if not source.is_file():
            continue
        (article,) = tree.iter("article")
        expected = html5lib.parse(markdown.render(source.read_text()), namespaceHTMLElements=False)
        counts = [Counter(e.tag for e in each.iter() if e.tag in STRUCTURE) for each in (article, expected)]
        assert counts[0] == counts[1], page
        compared += 1
    assert compared > 25


@pytest.mark.slow
@pytest.mark.parametrize("page", ["index.html", "reference/api.html"])
def test_a_site_opened_from_the_disk_can_be_searched(site, page):
    with chromium() as browser:
        browser.open(site / page, width=1280, dark=False)
        found = browser.evaluate(SEARCH)
    assert f"file://{site}/history.html?h=bisect#finding-the-commit" in found


@pytest.mark.slow
def test_axe_finds_nothing_on_pages_of_each_kind(site):
    """Text, code, tables, output of a notebook, a table that is wider than a phone."""
    with axe_findings() as findings:
        for page in ("index", "tutorial", "notebooks/record-to-table"):
            for width, dark in ((1280, False), (390, True)):
                assert findings(site / f"{page}.html", width=width, dark=dark) == [], (page, width, dark)
