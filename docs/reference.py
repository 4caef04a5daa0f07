"""Write docs/reference: from the JSON Schema of suites, the declarations of experiments and models, the
modules of predicates, the parsers of the command line, and the docstrings of what is public.

    python docs/reference.py

None of it needs the libraries that experiments compute with.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.declare import Declaration, benchmark_names, experiment_names, find, model_names
from harness.predicates import predicates
from harness.report.describe import title, type_text
from harness.suite.schema import schema_text

sys.path.insert(0, str(Path(__file__).parent))
import reference_api
import reference_commands

FOLDER = Path(__file__).parent / "reference"
NOTE = "Written by `python docs/reference.py`; do not edit."
Schema = Mapping[str, Any]
_KINDS = {"#/definitions/quantity": "a quantity", "#/definitions/control": "a table, or a string"}
_MEANING = {"#/definitions/control": "What the predicate must fail for; or `none: reason`."}


def suite_format() -> str:
    """Every table of the suite format and every key, from the JSON Schema."""
    schema = json.loads(schema_text())
    top = schema["properties"]
    each = {name: _each(top[name]) for name in ("sources", "experiments", "benchmarks", "claims", "maps")}
    claim = each["claims"]
    kinds = [option["required"][0] for option in claim["oneOf"]]
    lines = ["# The suite format, key by key", "", NOTE, "The text is in [suites.md](../suites.md)."]
    lines += _table("[suite]", top["suite"])
    lines += _table("[sources.ID]", each["sources"])
    lines += _table("[defaults]", top["defaults"])
    lines += _table("[experiments.ID]", each["experiments"])
    lines += _table("[benchmarks.ID]", each["benchmarks"])
    lines += _table("[claims.ID]", claim, leave=kinds)
    lines += ["", "Exactly one predicate: " + ", ".join(f"`{kind}`" for kind in kinds) + "."]
    lines += _table("source = { … } of a claim", claim["properties"]["source"], level=3)
    for kind in kinds:
        lines += _table(f"{kind} = {{ … }}", claim["properties"][kind], level=3)
    lines += _table("control = { … }", schema["definitions"]["control"]["anyOf"][0], level=3)
    lines += _table("[[claims.ID.where]]", claim["properties"]["where"]["items"], level=3)
    lines += _table("[maps.ID]", each["maps"])
    return "\n".join(lines) + "\n"


def experiments() -> str:
    """Every experiment and benchmark: what it is, its parameters, what it measures."""
    lines = ["# Experiments and benchmarks", "", NOTE, "`harness describe NAME` prints the same."]
    lines += ["", "## Experiments"]
    for name in experiment_names():
        lines += _declaration(find(name))
    lines += ["", "## Benchmarks"]
    for name in benchmark_names():
        lines += _declaration(find(name))
    return "\n".join(lines) + "\n"


def models() -> str:
    """Every model: what it is, and its parameters."""
    lines = ["# Models", "", NOTE, "`harness describe NAME` prints the same."]
    lines += ["How experiments take a model, and how to write one: [suites.md](../suites.md#models)."]
    for name in model_names():
        lines += _declaration(find(name), level=2)
    return "\n".join(lines) + "\n"


def predicate_kinds() -> str:
    """Every predicate: what it says, its keys, examples, and whether it needs a control."""
    schema = _each(json.loads(schema_text())["properties"]["claims"])["properties"]
    lines = ["# Predicates", "", NOTE]
    lines += ["How quantities must relate for a claim to hold; the text is in [suites.md](../suites.md)."]
    for name, kind in predicates().items():
        needed = " It needs a control." if kind.NEEDS_CONTROL else ""
        lines += ["", f"## {name}", "", f"{kind.ABOUT}{needed}", ""]
        lines += ["| example | holds when |", "|---|---|"]
        examples = kind.EXAMPLES.items()
        lines += [f"| `{name} = {text}` | {_above(_cell(holds))} |" for text, holds in examples]
        lines += _keys(schema[name])
    return "\n".join(lines) + "\n"


def _each(tables: Schema) -> Schema:
    """The schema of one table of a table of tables by id."""
    (found,) = tables["patternProperties"].values()
    assert isinstance(found, dict)
    return found


def _table(title: str, schema: Schema, *, level: int = 2, leave: list[str] | None = None) -> list[str]:
    return ["", f"{'#' * level} `{title}`", "", schema["description"], *_keys(schema, leave)]


def _keys(schema: Schema, leave: list[str] | None = None) -> list[str]:
    """The table of the keys of a table."""
    required = schema.get("required", [])
    lines = ["", "| key | value | meaning |", "|---|---|---|"]
    for key, value in schema["properties"].items():
        if key not in (leave or ()):
            name = f"`{key}`{', required' if key in required else ''}"
            about = value.get("description") or _MEANING[value["$ref"]]
            lines.append(f"| {name} | {_cell(_kind(value))} | {_cell(about)} |")
    return lines


def _kind(schema: Schema) -> str:
    """What a value may be, in words."""
    if "$ref" in schema:
        return _KINDS.get(schema["$ref"], "a table")
    if "enum" in schema:
        shown = [json.dumps(value) for value in schema["enum"]]
        return ", ".join(shown) if len(shown) <= 12 else f"one of {len(shown)} names"
    for key in ("anyOf", "oneOf"):
        if key in schema and "type" not in schema:
            return ", or ".join(dict.fromkeys(filter(None, map(_kind, schema[key]))))
    kinds = schema.get("type", "")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    words = {"array": "a list", "object": "a table", "string": "a string", "integer": "an integer"}
    text = " or ".join(words.get(kind, f"a {kind}") for kind in kinds)
    if "array" in kinds and isinstance(schema.get("items"), dict):
        items = schema["items"]
        n = items.get("maxItems")
        pairs = n == 2 == items.get("minItems") and "description" not in items["items"]
        text += " of pairs `[low, high]`" if pairs else f" of {_plural(_kind(items))}"
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {schema[bound]:g}" for bound, sign in bounds.items() if bound in schema]
    return f"{text} {', '.join(limits)}".strip()


def _plural(kind: str) -> str:
    if kind.startswith(("a ", "an ")) and " " not in kind.removeprefix("an ").removeprefix("a "):
        return f"{kind.partition(' ')[2]}s"
    return kind


def _declaration(declaration: Declaration, *, level: int = 3) -> list[str]:
    name, _, rest = title(declaration).partition(",")
    lines = ["", f"{'#' * level} `{name}`,{rest}", "", _escaped(declaration.about)]
    if declaration.precision:
        lines += ["", f"Precision: {declaration.precision}."]
    if declaration.parameters:
        lines += ["", "| parameter | type | default | meaning |", "|---|---|---|---|"]
    for parameter in declaration.parameters.values():
        kind = f"`{type_text(parameter.type)}`".replace("|", "\\|")
        default = f"`{json.dumps(parameter.default, ensure_ascii=False)}`"
        lines.append(f"| `{parameter.name}` | {kind} | {default} | {_cell(parameter.about)} |")
    if declaration.takes_model:
        lines += ["", "The parameters of its model stand beside these: [models.md](models.md)."]
    if declaration.quantities:
        lines += ["", "| quantity | scale | unit | resolution | stage | meaning |"]
        lines += ["|---|---|---|---|---|---|"]
    for name, quantity in declaration.quantities.items():
        about = quantity.about + ("; the same on every seed" if quantity.deterministic else "")
        facts = (quantity.scale, quantity.unit, f"{quantity.resolution:g}", quantity.stage, about)
        lines.append(f"| `{name}` | {' | '.join(map(_cell, facts))} |")
    return lines


def _above(text: str) -> str:
    """A text of docs/suites.md, as a page of the reference has it: with links to where that page leads."""
    return re.sub(r"(?<=\]\()(?=[\w-]+\.md)", "../", text.replace("](#", "](suites.md#"))


def _cell(text: str) -> str:
    """A text in a table: what is code stays code."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", "\\*")


def pages() -> dict[Path, str]:
    """What each file should hold."""
    return {
        FOLDER / "suite-format.md": suite_format(),
        FOLDER / "experiments.md": experiments(),
        FOLDER / "models.md": models(),
        FOLDER / "predicates.md": predicate_kinds(),
        FOLDER / "commands.md": reference_commands.page(NOTE),
        FOLDER / "api.md": reference_api.page(NOTE),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
