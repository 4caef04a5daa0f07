"""The page of the Python API, from signatures and docstrings; `docs/reference.py` writes it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module

from harness.declare.annotations import signature

MODULES = ("harness", "harness.ntk")
"""What guides import from, where it has an `__all__`."""
SECTION = re.compile(r"^(Arguments|Args|Parameters|Returns|Raises|Yields|Fields|Attributes|Examples?):$")
ENTRY = re.compile(r"^(\w[\w.*, ]*?)(?: \(([^)]*)\))?:\s+(.*)$")


def page(note: str) -> str:
    """Every public name: how it is called, and what its docstring says."""
    lines = ["# Python API", "", note, "The text is in [python.md](../python.md)."]
    for name in MODULES:
        module = import_module(name)
        for public in getattr(module, "__all__", ()):
            lines += _entry(f"{name}.{public}", getattr(module, public))
    return "\n".join(lines) + "\n"


def _entry(name: str, found: object) -> list[str]:
    lines = ["", f"## {name}", ""]
    if inspect.isclass(found):
        if issubclass(found, Exception):
            bases = ", ".join(base.__name__ for base in found.__bases__)
            lines += [f"An exception, a kind of `{bases}`.", ""]
        lines += _markdown(inspect.getdoc(found) or "")
        lines += _members(found)
    elif callable(found):
        lines += ["```python", _stub(name, found), "```", ""]
        lines += _markdown(inspect.getdoc(found) or "")
    return lines


def _stub(name: str, found: object) -> str:
    """`def run(…) -> Record: ...`, an argument a line where they do not fit into one."""
    assert callable(found)
    said = signature(found)
    result = "" if said.return_annotation is said.empty else f" -> {_type(said.return_annotation)}"
    texts, star = [], False
    for each in said.parameters.values():
        if each.kind is each.KEYWORD_ONLY and not star:
            texts.append("*")
        star |= each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
        mark = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        kind = "" if each.annotation is each.empty else f": {_type(each.annotation)}"
        default = "" if each.default is each.empty else f" = {_default(each.default)}"
        texts.append(f"{mark}{each.name}{kind}{default}")
    short = name.rpartition(".")[2]
    line = f"def {short}({', '.join(texts)}){result}: ..."
    if len(line) <= 100:
        return line
    body = "".join(f"    {text},\n" for text in texts)
    return f"def {short}(\n{body}){result}: ..."


def _type(annotation: object) -> str:
    if isinstance(annotation, str):
        return annotation
    plain = inspect.isclass(annotation) and not getattr(annotation, "__args__", ())
    return str(getattr(annotation, "__name__", annotation)) if plain else str(annotation)


def _default(value: object) -> str:
    return repr(str(value)) if hasattr(value, "__fspath__") else repr(value)


def _members(found: type) -> Iterator[str]:
    """The fields of a record, and the public methods and properties that a class defines itself."""
    fields = getattr(found, "__struct_fields__", None) or tuple(getattr(found, "__dataclass_fields__", ()))
    bases = reversed(found.__mro__)
    kinds = {name: _type(kind) for base in bases for name, kind in inspect.get_annotations(base).items()}
    if fields:
        yield from ("", "| field | type |", "|---|---|")
        for field in fields:
            if not field.startswith("_"):
                kind = kinds.get(field, "").replace("|", "\\|")
                yield f"| `{field}` | `{kind}` |"
    for name, member in vars(found).items():
        about = inspect.getdoc(member) if isinstance(member, property) or inspect.isfunction(member) else ""
        if not name.startswith("_") and about:
            call = "" if isinstance(member, property) else "()"
            yield from ("", f"`{name}{call}`: {_escaped(' '.join(about.split()))}")


def _markdown(doc: str) -> Iterator[str]:
    """A docstring as Markdown: sections with entries become lists, examples become code."""
    lines = doc.splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        section = SECTION.match(line)
        if section:
            block, number = _indented(lines, number + 1)
            yield from (f"**{section[1]}**", "")
            yield from _listed(block, code=section[1].startswith("Example"))
        elif line.startswith(("    ", ">>>")):
            block, number = _indented(lines, number) if line.startswith(" ") else _session(lines, number)
            yield from _code(block)
        else:
            yield _escaped(line)
            number += 1


def _indented(lines: list[str], number: int) -> tuple[list[str], int]:
    """The indented lines from here on, without their indent, and where they end."""
    start = number
    while number < len(lines) and (not lines[number].strip() or lines[number].startswith("    ")):
        number += 1
    return inspect.cleandoc("\n".join(lines[start:number])).splitlines(), number


def _session(lines: list[str], number: int) -> tuple[list[str], int]:
    start = number
    while number < len(lines) and lines[number].strip():
        number += 1
    return lines[start:number], number


def _listed(block: list[str], *, code: bool) -> Iterator[str]:
    if code or any(line.startswith(">>>") for line in block):
        yield from _code(block)
        return
    for line in block:
        entry = ENTRY.match(line)
        if entry:
            kind = f" ({_escaped(entry[2])})" if entry[2] else ""
            yield f"- `{entry[1]}`{kind}: {_escaped(entry[3])}"
        else:
            yield _escaped(f"  {line}" if line.startswith(" ") else line)
    yield ""


def _code(block: list[str]) -> tuple[str, ...]:
    """Code, or a session: what is typed, and what is printed."""
    language = "pycon" if any(line.startswith(">>>") for line in block) else "python"
    return (f"```{language}", *block, "```", "")


def _escaped(text: str) -> str:
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;").replace("*args", "\\*args") for part in parts[::2]]
    return "`".join(parts)
