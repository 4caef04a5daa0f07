"""One word, one idea: types and functions of two modules have two names, and tests use public ones."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

TWICE = {
    "a command, named as what it calls": {
        "bisect", "check", "describe", "merge", "prune", "run", "schema", "trial", "main", "compare",
    },
    "the JSON Schema, or the declaration, of what has this name in a suite": {
        "benchmark", "control", "experiment", "explored", "parameters", "predicate",
    },
    "one check of two kinds of kernel, and how the two kinds are asked": {
        "ask", "blocks", "case_of", "diagonal", "float32", "measured", "permutation", "resolve", "symmetry",
        "values",
    },
    "a network, an activation or a kernel computed a second way": {
        "activate", "empirical_ntk", "fully_connected", "largest_eigenvalue", "linear", "nngp_ntk",
    },
    "a quantity, a row of the table of quantities, and how a report words it": {
        "distance", "error", "expectation", "leaves_open", "nearest", "reproducibility",
    },
    "the same fact as read, as made and as shown": {
        "advice", "kinds", "load", "plain", "summary",
    },
    "shapes of one kind of array, which the modules of `ntk` check each for their own": {
        "Columns", "Diagonal", "Kernel", "NetworkInputs", "Outputs", "Points", "Rows", "Values",
        "Vector",
    },
    "parameters of a network: any pytree of a model, a list of layers of a fully connected one": {"Params"},
    "the same function type, where one room must not import the other": {"Function", "Paint", "Subject"},
    "a point of a sweep: its labels in a suite, its values for a function": {"Point"},
    "a type variable": {"T", "S"},
}  # fmt: skip
"""Names that two modules may define, by the reason."""

REACHES = {
    "a worker is killed as the kernel would kill it: no door leads to its process": {
        ("tests/faults/test_trials.py", "_pool"), ("tests/faults/test_trials.py", "_workers"),
        ("tests/measure/test_processes.py", "_pool"), ("tests/measure/test_processes.py", "_workers"),
        ("tests/measure/test_unruly.py", "_workers"), ("tests/measure/test_orders_ahead.py", "_pool"),
        ("tests/measure/test_orders_ahead.py", "_workers"),
    },
    "a trial forges a message: what a hostile one could reach": {
        ("tests/measure/test_unruly.py", "_socket"), ("tests/measure/test_unruly.py", "_mark"),
    },
    "transactions are counted: SQLite says them to its connection alone": {
        ("tests/measure/test_orders_ahead.py", "_store"), ("tests/measure/test_orders_ahead.py", "_database"),
    },
    "a seed of a block has rates that make it fail: no parameter does that to one seed": {
        ("tests/ntk/test_abreast.py", "_parts"),
    },
    "a formula is broken on purpose, and compiled anew": {("tests/kernel_mutants.py", "_compiled")},
    "what each part of a comparison costs": {
        ("tests/measure/trace_cost.py", "_watched"), ("tests/measure/trace_cost.py", "_compare_modules"),
        ("tests/measure/trace_cost.py", "_bindings"),
    },
    "a leading underscore keeps a part of `ntk.regression` out of the list of experiments": {
        ("tests/ntk/test_regression.py", "_regression_predictors"),
        ("tests/ntk/test_regression.py", "_regression_quantities"),
        ("tests/ntk/test_abreast.py", "_regression_abreast"),
        ("tests/ntk/test_abreast.py", "_regression_computed"),
        ("tests/ntk/test_abreast.py", "_regression_quantities"),
        ("tests/ntk/test_products.py", "_regression_abreast"),
        ("tests/ntk/test_products.py", "_regression_computed"),
        ("tests/ntk/test_first_layer.py", "_regression_computed"),
        ("tests/ntk/test_regression_kernels.py", "_regression_kernels"),
        ("tests/ntk/test_regression_stages.py", "_regression_computed"),
        ("tests/ntk/test_regression_stages.py", "_regression_cost"),
        ("tests/ntk/test_regression_stages.py", "_regression_quantities"),
        ("tests/ntk/test_regression_of_models.py", "_regression_computed"),
        ("tests/ntk/test_regression_of_models.py", "_regression_predictors"),
        ("tests/ntk/test_regression_of_models.py", "_regression_quantities"),
    },
    "and parts of its neighbours": {
        ("tests/ntk/test_circle_networks.py", "_mode_times_networks"),
        ("tests/ntk/test_ridge_theory.py", "_ridge_theory_computed"),
        ("tests/ntk/test_ridge_theory.py", "_ridge_theory_quantities"),
        ("tests/ntk/test_ridge_theory.py", "_ridge_theory_setting"),
        ("tests/ntk/test_tuned_regression.py", "_tuned_regression_computed"),
    },
}  # fmt: skip
"""Private names of the package that tests use, as (file, name), by the reason."""

FOREIGN = {
    "_repr_html_": "IPython",
    "_exit": "os", "_getframe": "sys", "_replace": "namedtuple", "_cache_size": "jax", "_actions": "argparse",
}  # fmt: skip
"""What other libraries offer under such a name."""


def words_of(source: str) -> Iterator[str]:
    """Public functions, and all types: classes, aliases, type variables (with or without an underscore)."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield node.name.lstrip("_")
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and re.fullmatch(r"_?[A-Z]([a-z]\w*)?", target.id):
                    yield target.id.lstrip("_")


def homes() -> dict[str, set[str]]:
    """The modules that define a word."""
    found = defaultdict(set)
    for path in sorted((ROOT / "harness").rglob("*.py")):
        for word in words_of(path.read_text()):
            found[word].add(str(path.relative_to(ROOT)))
    return found


def test_what_a_module_defines_is_seen() -> None:
    source = "class _A: ...\nBlock = tuple[int]\nT = TypeVar('T')\nLIMIT = 1\ndef f(): ...\ndef _g(): ..."
    assert list(words_of(source)) == ["A", "Block", "T", "f"]


def test_a_name_has_one_meaning() -> None:
    allowed = set().union(*TWICE.values())
    twice = {name: sorted(modules) for name, modules in homes().items() if len(modules) > 1}
    assert {name: modules for name, modules in twice.items() if name not in allowed} == {}
    assert allowed - set(twice) == set(), "no longer defined twice"


def reaches_of(source: str) -> Iterator[str]:
    """Private names that a source uses: imported, as an attribute of anything but `self`, or replaced."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ImportFrom(module=module, names=names) if (module or "").startswith("harness"):
                yield from filter(_is_private, [*(module or "").split("."), *(each.name for each in names)])
            case ast.Import(names=names):
                for each in names:
                    if each.name.startswith("harness."):
                        yield from filter(_is_private, each.name.split("."))
            case ast.Attribute(value=value, attr=attr) if _is_private(attr):
                if not (isinstance(value, ast.Name) and value.id in ("self", "cls")):
                    yield attr
            case ast.Call(func=ast.Attribute(attr="setattr"), args=[_, ast.Constant(value=str(name)), *_]):
                yield from filter(_is_private, [name])
            case ast.Constant(value=str(text)) if "harness" in text:
                for line in text.splitlines():
                    yield from re.findall(r"(?<!self)(?<!cls)\.(_[a-zA-Z]\w*)", line)
                    if line.lstrip().startswith("from harness"):
                        yield from re.findall(r"(?<=[ ,])_[a-zA-Z]\w*", line)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def test_a_private_reach_is_seen() -> None:
    source = """
from harness.a import _b
from harness._c import d
import harness.e._f
module._g(self._fine, name.__class__)
monkeypatch.setattr(module, "_h", 1)
monkeypatch.setattr("harness.a._i", 1)
PROGRAM = "from harness.a import b, _j; b._k = 1"
"""
    assert sorted(reaches_of(source)) == ["_b", "_c", "_f", "_g", "_h", "_i", "_j", "_k"]


def test_tests_use_public_names() -> None:
    allowed = set().union(*REACHES.values())
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path != Path(__file__)
        for name in reaches_of(path.read_text())
        if name not in FOREIGN
    }
    assert found - allowed == set()
    assert allowed - found == set(), "no longer reached"
