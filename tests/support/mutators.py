"""What mutation tools change in code, one place at a time: the operators, and how places are found.

A change takes one node of a syntax tree: an operator, a comparison, a number, an index, a name for another of
the same function, an argument left out, two arguments exchanged, a function for its neighbour (sin for cos,
minimum for maximum), a condition turned around, a transposition added, a statement dropped.
`tests/mutation.py` (the engine and its numbers) and `tests/kernel_mutants.py` (implementations of kernels)
draw from these.
"""

from __future__ import annotations

import ast
import copy
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SWAPS: dict[type[ast.AST], list[type[ast.AST]]] = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div, ast.Add], ast.Div: [ast.Mult],
    ast.Pow: [ast.Mult], ast.MatMult: [ast.Mult], ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt],
    ast.Gt: [ast.GtE],
    ast.GtE: [ast.Gt], ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is],
    ast.And: [ast.Or], ast.Or: [ast.And],
}  # fmt: skip
NEIGHBOURS = {
    "sin": "cos", "cos": "sin", "arcsin": "arctan", "arccos": "arcsin", "arctan2": "hypot",
    "hypot": "maximum",
    "sqrt": "abs", "maximum": "minimum", "minimum": "maximum", "ones_like": "zeros_like",
    "zeros_like": "ones_like",
    "exp": "expm1", "outer": "subtract.outer", "concatenate": "hstack", "diag": "diagonal",
    "expand_dims": "ravel",
}  # fmt: skip
"""What a function of NumPy is exchanged for, where it occurs."""
OF_THE_ENGINE = NEIGHBOURS | {
    "mean": "median", "median": "mean", "min": "max", "max": "min", "any": "all", "all": "any",
    "floor": "ceil", "ceil": "floor", "startswith": "endswith", "endswith": "startswith",
}  # fmt: skip
"""The same for whole modules, names that are not attributes included."""


@dataclass(frozen=True)
class Place:
    """One possible change of a function: its name, what is changed into what, and the changed tree.

    Lines count from the function's first; `statement` are those of the statement, of a compound one its head.
    """

    function: str
    line: int
    statement: range
    change: str
    tree: ast.FunctionDef

    @property
    def name(self) -> str:
        return f"{self.function}:{self.line}: {self.change}"


def places(name: str, source: str) -> Iterator[Place]:
    """Every change of a function's source that the tool knows."""
    tree = ast.parse(textwrap.dedent(source)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    tree.decorator_list = []
    body = [node for statement in tree.body for node in ast.walk(statement)]
    names = sorted({n.id for n in body if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)})
    for index, node in enumerate(ast.walk(tree)):
        if node not in body or _is_text(node):
            continue
        for change, edit in _edits(node, names):
            mutant = copy.deepcopy(tree)
            target = list(ast.walk(mutant))[index]
            edit(target)
            text = f"{_short(node)} → {change}"
            line = getattr(node, "lineno", tree.lineno)
            yield Place(name, line, _statement(tree, line), text, ast.fix_missing_locations(mutant))


def _statement(tree: ast.FunctionDef, line: int) -> range:
    around = [
        s for s in ast.walk(tree) if isinstance(s, ast.stmt) and s.lineno <= line <= (s.end_lineno or 0)
    ]
    inner = max(around, key=lambda s: s.lineno)
    end = inner.body[0].lineno if hasattr(inner, "body") else (inner.end_lineno or line) + 1
    return range(inner.lineno, max(end, inner.lineno + 1))


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) < 50 else f"{text[:47]}…"


Edit = Callable[[Any], None]


def _edits(
    node: ast.AST, names: list[str], neighbours: Mapping[str, str] = NEIGHBOURS
) -> Iterator[tuple[str, Edit]]:
    if isinstance(node, ast.BinOp | ast.AugAssign):
        for other in SWAPS.get(type(node.op), []):
            yield other.__name__, lambda n, o=other: setattr(n, "op", o())
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
        yield "its left term alone", lambda n: _become(n, n.left)
        yield "its right term alone", lambda n: _become(n, n.right)
    if isinstance(node, ast.Compare):
        for other in SWAPS.get(type(node.ops[0]), []):
            yield other.__name__, lambda n, o=other: setattr(n, "ops", [o(), *n.ops[1:]])
    if isinstance(node, ast.BoolOp):
        for other in SWAPS[type(node.op)]:
            yield other.__name__, lambda n, o=other: setattr(n, "op", o())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield "without its sign", lambda n: _become(n, n.operand)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for value in (
            node.value + 1,
            node.value * 0.999 if isinstance(node.value, float) else node.value - 1,
        ):
            yield repr(value), lambda n, v=value: setattr(n, "value", v)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield repr(not node.value), lambda n: setattr(n, "value", not n.value)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        other = names[(names.index(node.id) + 1) % len(names)]
        if other != node.id:
            yield other, lambda n, o=other: setattr(n, "id", o)
    if isinstance(node, ast.Attribute) and node.attr in neighbours and _is_a_function(node):
        yield neighbours[node.attr], lambda n: setattr(n, "attr", neighbours[n.attr])
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "not transposed", lambda n: _become(n, n.value)
    if isinstance(node, ast.Call):
        if len(node.args) == 2:
            yield "arguments exchanged", lambda n: n.args.reverse()
        for number in range(len(node.keywords)):
            if node.keywords[number].arg:
                yield f"without {node.keywords[number].arg}", lambda n, k=number: n.keywords.pop(k)
    if isinstance(node, ast.If | ast.IfExp):
        yield "condition turned around", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
        yield "results exchanged", lambda n: n.value.elts.reverse()
    if isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        yield "dropped", lambda n: _become(n, ast.Pass())


def _is_a_function(node: ast.Attribute) -> bool:
    """Whether an attribute with one of the engine's names is not a field of a record (`effect.floor`)."""
    modules = ("math", "np", "jnp", "statistics")
    return node.attr in NEIGHBOURS or (isinstance(node.value, ast.Name) and node.value.id in modules)


def _become(node: ast.AST, other: ast.AST) -> None:
    """Make a node of the tree another one, in place."""
    other = copy.deepcopy(other)
    node.__class__ = other.__class__
    node.__dict__.clear()
    node.__dict__.update(other.__dict__)


# ---- Whole modules


@dataclass(frozen=True)
class Change:
    """One possible change of a module's text: between two offsets stands `new` instead.

    `within` is the function or class that holds it, with the line where that begins; '' and 0 at top level.
    """

    within: str
    first: int
    line: int
    text: str
    what: str
    start: int
    end: int
    new: str

    @property
    def name(self) -> str:
        """Without numbers of lines, so that it survives edits elsewhere."""
        return f"{self.within or 'module'}: {self.text} # {self.what}"

    def apply(self, source: str) -> str:
        return source[: self.start] + self.new + source[self.end :]


def changes(source: str) -> list[Change]:
    """Every change of a module's source that the tool knows, in their order; each gives a program.

    Left out is what does not compute: annotations, docstrings, imports, decorators, the words of errors, and
    texts with fields, of which Python 3.11 does not tell where they stand.
    """
    lines = source.splitlines(keepends=True)
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))

    def offset(line: int, column: int) -> int:
        return offsets[line - 1] + len(lines[line - 1].encode()[:column].decode())

    original = ast.dump(ast.parse(source))
    found: list[Change] = []
    counts: dict[str, int] = {}
    for node, within, first, names in _nodes(ast.parse(source), "", 0, []):
        for what, edit in (*_edits(node, names, OF_THE_ENGINE), *_more_edits(node)):
            place: Any = node.test if isinstance(node, ast.If) else node
            mutant: Any = copy.deepcopy(node)
            edit(mutant)
            new = ast.unparse(mutant.test if isinstance(node, ast.If) else mutant)
            if isinstance(place, ast.expr) and not isinstance(mutant, ast.Constant | ast.Name):
                new = f"({new})"
            text = lines[place.lineno - 1].strip()
            change = f"{_short(place)} → {what}"
            key = f"{within} {text} {change}"
            counts[key] = counts.get(key, 0) + 1
            change += f" ({counts[key]})" if counts[key] > 1 else ""
            start = offset(place.lineno, place.col_offset)
            end = offset(place.end_lineno, place.end_col_offset)
            it = Change(within, first, place.lineno, text, change, start, end, new)
            if _is_another_program(it.apply(source), original):
                found.append(it)
    return found


def _nodes(node: ast.AST, within: str, first: int, names: list[str]) -> Iterator[Any]:
    """The nodes that compute, each with the function that holds it and the names which that sets."""
    if isinstance(node, ast.expr | ast.stmt):
        yield node, within, first, names
    if isinstance(node, (ast.JoinedStr, ast.Raise, ast.Import, ast.ImportFrom, ast.Assert)) or _is_text(node):
        return
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
        return
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
        if not isinstance(node, ast.Lambda):
            within = f"{within}.{node.name}" if within else node.name
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        body = list(ast.walk(node))
        stored = {n.id for n in body if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names = sorted(stored | {n.arg for n in body if isinstance(n, ast.arg)} - {"self"})
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _nodes(child, within, first, names)


def _more_edits(node: ast.AST) -> Iterator[tuple[str, Edit]]:
    """What is changed in engines and not in kernels."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in OF_THE_ENGINE:
        yield OF_THE_ENGINE[node.id], lambda n: setattr(n, "id", OF_THE_ENGINE[n.id])
    if isinstance(node, ast.List) and isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        for number, element in enumerate(node.elts):
            yield f"without {_short(element)}", lambda n, k=number: n.elts.pop(k)
    if isinstance(node, ast.BoolOp):
        for number, value in enumerate(node.values):
            yield f"without {_short(value)}", lambda n, k=number: _without(n, k)
    if isinstance(node, ast.JoinedStr) and sum(isinstance(v, ast.FormattedValue) for v in node.values) > 1:
        for number, value in enumerate(node.values):
            if isinstance(value, ast.FormattedValue):
                yield f"without {_short(value.value)}", lambda n, k=number: n.values.pop(k)


def _without(node: ast.BoolOp, number: int) -> None:
    node.values.pop(number)
    if len(node.values) == 1:
        _become(node, node.values[0])


def _is_another_program(mutant: str, original: str) -> bool:
    try:
        return ast.dump(ast.parse(mutant)) != original
    except SyntaxError:
        return False
