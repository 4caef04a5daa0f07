"""What one Python file says, without its docstrings and comments, and what it imports."""

from __future__ import annotations

import ast
import functools
import hashlib
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

_IN_PACKAGE = ("f'{__package__}.{", 'f"{__package__}.{')


@dataclass(frozen=True)
class Import:
    """One import: the module (dots in front where it is relative) and the names taken from it.

    `siblings`: it imports all modules of a package, which it lists.
    """

    module: str
    names: tuple[str, ...] = ()
    siblings: bool = False


@dataclass(frozen=True)
class Parsed:
    """A file's digest and its imports, lazy ones included, those for type checkers not."""

    digest: str
    imports: tuple[Import, ...]


@functools.cache
def parse(file: str, stamp: tuple[int, ...]) -> Parsed:
    """Read `file`, of which `stamp` says when it was changed (the two are the key of the cache)."""
    try:
        content = read_module(file)
    except (OSError, ValueError, LookupError, zipfile.BadZipFile):  # gone since, or a damaged archive
        return Parsed("", ())
    if not file.endswith(".py"):
        return Parsed(hashlib.sha256(content).hexdigest(), ())
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):  # whatever imports it will say so better
        return Parsed(hashlib.sha256(content).hexdigest(), ())
    parts: list[str] = []
    _dump(tree, parts)
    text = "".join(parts).encode("utf-8", "surrogatepass")
    return Parsed(hashlib.sha256(text).hexdigest(), tuple(dict.fromkeys(_imports(tree))))


def archive_of(file: str) -> str:
    """The archive on the module path in which the file lies; '' where it lies in a folder."""
    above = os.path.dirname(file)
    while above and not os.path.isdir(above):
        if os.path.isfile(above):
            return above
        above, last = os.path.dirname(above), above
        if above == last:
            return ""
    return ""


def read_module(file: str) -> bytes:
    """The bytes of a module's file, also of one in an archive. Raises OSError, or what `zipfile` raises."""
    archive = archive_of(file)
    if not archive:
        with open(file, "rb") as handle:
            return handle.read()
    with zipfile.ZipFile(archive) as opened:
        return opened.read(os.path.relpath(file, archive).replace(os.sep, "/"))


def imported_names(text: bytes) -> set[str]:
    """The first parts of the modules that import statements of a text name; quick, and not exact."""
    found = re.findall(rb"^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)|import[ \t]+([^#\n]+))", text, re.MULTILINE)
    names = {origin for origin, _ in found if origin}
    for _, listed in found:
        names |= {name.split()[0].partition(b".")[0] for name in listed.split(b",") if name.split()}
    return {name.decode() for name in names if re.fullmatch(rb"[A-Za-z_]\w*", name)}


def _dump(node: object, parts: list[str]) -> None:
    """As `ast.dump`, without statements that are texts alone: docstrings, those of attributes too."""
    if isinstance(node, ast.AST):
        parts.append(type(node).__name__ + "(")
        for name in node._fields:
            _dump(getattr(node, name, None), parts)
        parts.append(")")
    elif isinstance(node, list):
        parts.append("[")
        for item in node:
            if not _is_text(item):
                _dump(item, parts)
        parts.append("]")
    else:
        parts.append(repr(node) + ",")


def _is_text(node: object) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _imports(node: ast.AST) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name)
    elif isinstance(node, ast.ImportFrom):
        yield Import("." * node.level + (node.module or ""), tuple(alias.name for alias in node.names))
    elif isinstance(node, ast.If) and _is_type_checking(node.test):
        for statement in node.orelse:
            yield from _imports(statement)
    else:
        if isinstance(node, ast.Call):
            yield from _called(node)
        for child in ast.iter_child_nodes(node):
            yield from _imports(child)


def _called(call: ast.Call) -> Iterator[Import]:
    """`importlib.import_module("literal")`, `__import__("literal")`, and what a package lists of itself:
    `import_module(f"{__package__}.{…}")`."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in {"import_module", "__import__"} and call.args:
        first = call.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield Import(first.value)
        elif isinstance(first, ast.JoinedStr) and ast.unparse(first).startswith(_IN_PACKAGE):
            yield Import(".", siblings=True)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"
