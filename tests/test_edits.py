"""Tests that change a text insist that something changes."""

import ast
from pathlib import Path

import pytest
from edits import edited

TESTS = Path(__file__).parent


def test_each_change_is_made_exactly_once():
    assert edited("a = 1, b = 2", {"a = 1": "a = 3", "b = 2": "b = 4"}) == "a = 3, b = 4"
    assert edited("a a", {"a": "b"}, times=2) == "b b"
    with pytest.raises(AssertionError, match="expected 'c' 1 times, found it 0 times"):
        edited("a b", {"a": "d", "c": "e"})
    with pytest.raises(AssertionError, match="found it 2 times"):
        edited("a a", {"a": "b"})


def unchecked(source):
    """The lines on which `replace` changes a constant of the module, or a file, and may change nothing.

    Up to four characters are let be: they are escaped, or exchanged wherever they stand.
    """
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr != "replace" or len(node.args) != 2 or node.keywords:
            continue
        of, old = node.func.value, node.args[0]
        if isinstance(old, ast.Constant) and len(old.value) <= 4:
            continue
        constant = isinstance(of, ast.Name) and of.id.isupper()
        read = isinstance(of, ast.Call) and isinstance(of.func, ast.Attribute) and of.func.attr == "read_text"
        if constant or read:
            yield node.lineno


def test_texts_are_edited_by_the_helper():
    assert list(unchecked('GOOD.replace("seeds", "s")\npath.read_text().replace("seeds", "s")\n')) == [1, 2]
    found = {
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        for line in unchecked(path.read_text())
    }
    assert found == set(), "use edits.edited, which fails where there is nothing to replace"
