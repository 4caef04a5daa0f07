"""Lines and columns of a TOML file's keys, and all of its syntax errors.

tomllib gives values but no positions, and stops at the first syntax error; tree-sitter gives both. It is
imported only when there is something to report.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from harness.suite.errors import KeyPath, Mistake

if TYPE_CHECKING:
    from tree_sitter import Node

Positions = dict[KeyPath, tuple[int, int]]

MAX_READ = 1_000_000  # characters that are read again in search of further syntax errors: a second or two

_TOMLLIB_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


def key_positions(text: str) -> Positions:
    """Line and column (from 1) of the key, table header or array element at each path."""
    positions: Positions = {(): (1, 1)}
    arrays: dict[KeyPath, int] = {}
    for node in _parse(text).children:
        if node.type == "pair":
            _pair(node, (), positions)
        elif node.type in ("table", "table_array_element"):
            key = next((c for c in node.children if c.type in _KEYS), None)
            if key is None:
                continue
            path = _resolve(_key(key), arrays)
            _ancestors(path, key, positions)
            if node.type == "table_array_element":
                arrays[path] = arrays.get(path, -1) + 1
                path = (*path, arrays[path])
                positions.setdefault(path, _place(key))
            for child in node.children:
                if child.type == "pair":
                    _pair(child, path, positions)
    return positions


def locate(path: KeyPath, positions: Positions) -> tuple[int, int]:
    """The position of `path`, or of its nearest ancestor that is written in the file."""
    while path not in positions:
        path = path[:-1]
    return positions[path]


def syntax_mistakes(text: str) -> list[Mistake]:
    """Every syntax error of `text`, by line.

    tomllib stops at its first error, so the offending line is emptied and the rest is read again, until
    nothing is left to say; what ends only with the file (an open string or array) ends this too.
    tree-sitter adds the lines where such things began.
    """
    mistakes: dict[int, Mistake] = {}
    lines = text.split("\n")
    written = list(lines)
    for _ in range(min(len(lines), 1 + MAX_READ // (len(text) + 1))):
        try:
            tomllib.loads("\n".join(lines))
            break
        except tomllib.TOMLDecodeError as error:
            reason, line, column = _reason(str(error), len(lines))
        except (RecursionError, ValueError):  # what was hidden so far is nested too deeply, or too large
            break
        after_another = bool(mistakes)
        if not (after_another and any(word in reason for word in _MEANING)):
            mistakes.setdefault(line, _syntax_mistake(lines, line, column, reason))
        if not lines[line - 1].strip() or any(word in reason for word in _OPEN):
            break
        header = lines[line - 1].lstrip().startswith("[")
        lines[line - 1] = f"[_broken_{line}]" if header else ""
    for node in _faults(_parse(text)):
        line, column = _place(node)
        reason = f"no `{node.type}`" if node.is_missing else "something unreadable"
        mistakes.setdefault(line, _syntax_mistake(written, line, column, reason))
    return list(mistakes.values())


_OPEN = ("Unclosed", "Unterminated", "end of document")
_MEANING = ("overwrite", "declare", "mutate")  # may come only of the line that was emptied


def _reason(message: str, last_line: int) -> tuple[str, int, int]:
    match = _TOMLLIB_PLACE.fullmatch(message)
    if match is None:
        return message, last_line, 1
    if match[2] is None:
        return match[1] + " at the end of the file", last_line, 1
    return match[1], int(match[2]), int(match[3])


_KEYS = ("bare_key", "quoted_key", "dotted_key")


def _parse(text: str) -> Node:
    import tree_sitter_toml
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_toml.language())).parse(text.encode()).root_node


def _faults(node: Node) -> list[Node]:
    found, rest = [], [node]
    while rest:
        node = rest.pop()
        if node.type == "ERROR" or node.is_missing:
            found.append(node)
        else:
            rest += [child for child in node.children if child.has_error]
    return found[::-1]


def _syntax_mistake(lines: list[str], line: int, column: int, reason: str) -> Mistake:
    written = lines[line - 1].strip()[:60] if line <= len(lines) else ""
    return Mistake((), "valid TOML", f"`{written}`: {reason}", line=line, column=column)


def _place(node: Node) -> tuple[int, int]:
    return node.start_point[0] + 1, node.start_point[1] + 1


def _key(node: Node) -> KeyPath:
    if node.type == "dotted_key":
        return tuple(part for child in node.children if child.type in _KEYS for part in _key(child))
    text = (node.text or b"").decode()
    return (text[1:-1] if node.type == "quoted_key" else text,)


def _resolve(path: KeyPath, arrays: dict[KeyPath, int]) -> KeyPath:
    """Insert the index of the current element after each array of tables in the path."""
    resolved: KeyPath = ()
    for index, part in enumerate(path):
        resolved = (*resolved, part)
        if resolved in arrays and index < len(path) - 1:
            resolved = (*resolved, arrays[resolved])
    return resolved


def _ancestors(path: KeyPath, node: Node, positions: Positions) -> None:
    for length in range(1, len(path) + 1):
        positions.setdefault(path[:length], _place(node))


def _pair(node: Node, path: KeyPath, positions: Positions) -> None:
    key = node.children[0]
    full = (*path, *_key(key))
    _ancestors(full, key, positions)
    positions[full] = _place(key)
    if node.children:
        _value(node.children[-1], full, positions)


def _value(node: Node, path: KeyPath, positions: Positions) -> None:
    if node.type == "inline_table":
        for child in node.children:
            if child.type == "pair":
                _pair(child, path, positions)
    elif node.type == "array":
        elements = [c for c in node.children if c.is_named and c.type != "comment"]
        for index, child in enumerate(elements):
            positions[(*path, index)] = _place(child)
            _value(child, (*path, index), positions)
