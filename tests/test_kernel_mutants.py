"""The tool that breaks implementations of kernels: what it changes, and that it puts back what it changed."""

import ast
import inspect
import random
import sys
import types
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import in_process
import kernel_mutants
from kernel_mutants import Implementation, all_places, places, put, verdict

sys.path.pop(0)

SOURCE = '''
def area(a, b, half=True):
    """Its text is left alone."""
    c = a * b
    if half:
        c = c / 2
    return c
'''


def changes():
    return {place.change: place for place in places("area", SOURCE)}


def test_one_place_is_changed_at_a_time():
    found = changes()
    assert "a * b → Div" in found
    assert "a * b → its left term alone" in found
    assert "2 → 3" in found
    assert any(change.endswith("condition turned around") for change in found)
    original = ast.unparse(ast.parse(SOURCE))
    texts = [ast.unparse(place.tree) for place in found.values()]
    assert len(set(texts)) == len(texts) > 8
    assert all("Its text is left alone" in text and text != original for text in texts)
    lines = original.splitlines()
    for text in texts:
        assert sum(a != b for a, b in zip(text.splitlines(), lines, strict=True)) == 1


def test_a_statement_has_its_lines_and_a_compound_one_its_head():
    found = changes()
    assert found["a * b → Div"].statement == range(4, 5)
    turned = next(place for change, place in found.items() if change.endswith("turned around"))
    assert turned.statement == range(5, 6)


def test_a_mutant_is_put_in_place_and_taken_back():
    module = types.ModuleType("areas")
    exec(SOURCE, module.__dict__)
    sys.modules["areas"] = module
    held = module.area
    back = put("areas", changes()["2 → 3"])
    assert held(3, 2) == 2
    assert held(3, 2, half=False) == 6
    back()
    assert held(3, 2) == 3


def kernel_of(module):
    def kernel(x1, x2, architecture):
        if architecture.hidden:
            raise NotImplementedError("linear models alone")
        other = x1 if x2 is None else x2
        nngp = module.linear(x1, other, architecture.scales(0, x1.shape[1]))
        return nngp, NotImplemented

    return kernel


LINEAR = """
def linear(u, v, scales):
    w, b = scales
    if w < 0:
        return u
    return w**2 * (u.astype(float) @ v.astype(float).T) / u.shape[1] + b**2
"""


def test_mutants_of_what_runs_are_refuted():
    """All of a small kernel: those of a line that never runs are not made."""
    module = types.ModuleType("linear_kernel")
    code = compile(LINEAR, "linear_kernel.py", "exec")
    exec(code, module.__dict__)
    text = LINEAR.splitlines(keepends=True)
    kernel_mutants.linecache.cache["linear_kernel.py"] = len(LINEAR), None, text, "linear_kernel.py"
    subject = types.ModuleType("linear_subject")
    subject.kernel = kernel_of(module)
    sys.modules |= {"linear_kernel": module, "linear_subject": subject}
    it = Implementation("linear", (("linear_kernel", "linear"),), "linear_subject:kernel")
    chosen = in_process.instances("nngp-combinations[row=identity-0")
    with kernel_mutants.watched(it) as ran:
        assert "refuted" not in dict(in_process.verdicts(it.subject, chosen)).values()
    found = all_places(it, ran)
    assert inspect.getsource(module.linear).count("return") == 2
    assert found
    assert not any("u → " in place.change and place.line == 4 for _, place in found)
    survivors = {place.change for _, place in found if not verdict(it, "linear_kernel", place, chosen)}
    assert survivors == {"w < 0 → LtE", "0 → -1", "w → b"}  # of a condition that no w_std and b_std meet


@pytest.mark.slow
def test_mutants_of_our_own_kernel_are_refuted_or_equivalent():
    it = kernel_mutants.ours(None)
    chosen = in_process.instances()
    with kernel_mutants.watched(it) as ran:
        dict(in_process.verdicts(it.subject, in_process.instances("-combinations[row=")))
    drawn = random.Random(kernel_mutants.SEED + 1).sample(all_places(it, ran), 12)
    survivors = [f"ours {p.name}" for module, p in drawn if not verdict(it, module, p, chosen)]
    assert set(survivors) <= set(kernel_mutants.EQUIVALENT)
