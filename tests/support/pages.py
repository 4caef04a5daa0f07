"""Reading a page as a browser does, for tests: well formed, and nothing in it acts or loads."""

from __future__ import annotations

from xml.etree import ElementTree

import html5lib

Element = ElementTree.Element
TAGS = """
html head meta title style body a header main section h1 h2 h3 h4 p b i br code pre small span div
dl dt dd ul li table caption colgroup col thead tbody tr th td details summary figure figcaption
input label svg path rect circle text
"""


def parse(page: str) -> Element:
    """The page's tree. Fails where an HTML parser would have to guess."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def name_of(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def find(tree: Element, name: str, **attributes: str) -> list[Element]:
    """Elements by name and attributes; `class_` is one of its classes."""
    class_ = attributes.pop("class_", None)
    return [
        e
        for e in tree.iter()
        if isinstance(e.tag, str)
        and name_of(e) == name
        and all(e.get(key) == value for key, value in attributes.items())
        and (class_ is None or class_ in e.get("class", "").split())
    ]


def text_of(element: Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def assert_inert(page: str) -> Element:
    """Nothing runs, nothing is loaded, nothing reorders the text; links are plain."""
    tree = parse(page)
    for element in tree.iter():
        assert isinstance(element.tag, str)  # not a comment
        assert name_of(element) in TAGS.split()
        for key, value in element.attrib.items():
            assert not key.lower().startswith("on"), key
            assert key not in ("src", "srcset", "style", "action", "formaction", "data", "background"), key
            if key.rpartition("}")[2] == "href":
                assert name_of(element) == "a"
                assert value.startswith(("#", "https://", "http://")), value
    (style,) = find(tree, "style")
    assert "url(" not in (style.text or "")
    assert "@import" not in (style.text or "")
    policy = find(tree, "meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy[0].get("content", "").startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "".join(page.split("\n")).isprintable()
    ids = [e.get("id") for e in tree.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    return tree
