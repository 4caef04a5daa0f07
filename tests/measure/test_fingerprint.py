"""What a fingerprint depends on, and what it does not."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from edits import edited
from hypothesis import given
from hypothesis import strategies as st

from harness.declare import Declaration, UnknownExperimentError, find
from harness.measure import SourceClosure, fingerprint, source_of
from harness.measure.fingerprint import Prints
from harness.measure.parsing import parse
from harness.questions import Trial

FILES = {
    "pkg/__init__.py": "LEVEL = 1\n",
    "pkg/exp.py": '''
        """Docstring."""
        from typing import TYPE_CHECKING
        import json
        import importlib
        import jaxtyping
        from pkg.sub import helper
        from . import sibling
        if TYPE_CHECKING:
            import only_types
        else:
            import not_only_types
        def f():
            """About f."""
            import lazy_one  # a comment
            importlib.import_module("by_name")
            return lazy_one
        ''',
    "pkg/sibling.py": "S = 1\n'What S is.'\n",
    "pkg/other.py": "O = 1\n",
    "pkg/sub/__init__.py": "from ..cousin import C\n",
    "pkg/sub/helper.py": "class H:\n    '''Doc.'''\n    x = 1\n    '''About x.'''\n",
    "pkg/cousin.py": "C = 1\n",
    "lazy_one.py": "from spaced.inner import leaf\n",
    "spaced/inner/leaf.py": "L = 1\n",
    "by_name.py": "B = 1\n",
    "only_types.py": "T = 1\n",
    "not_only_types.py": "N = 1\n",
    "mydata/__init__.py": "",
    "mydata/sets.py": "def rings():\n    return 1\n",
}
EXPECTED = {
    "pkg", "pkg.exp", "pkg.sibling", "pkg.sub", "pkg.sub.helper", "pkg.cousin", "lazy_one",
    "spaced.inner.leaf", "by_name", "not_only_types",
}  # fmt: skip


@pytest.fixture
def source(project) -> Callable[..., SourceClosure]:
    for name, text in FILES.items():
        project.write(name, text)
    return lambda **params: source_of("pkg.exp:f", tuple(params.items()))


def test_the_closure_is_what_imports_can_reach(source):
    assert set(source().modules) == EXPECTED


def test_a_package_that_imports_what_it_lists_has_all_its_modules(source, project):
    assert "pkg.other" not in source().modules
    listing = """
        import importlib, pkgutil
        def f(path):
            return [importlib.import_module(f"{__package__}.{i.name}") for i in pkgutil.iter_modules(path)]
        """
    project.write("pkg/exp.py", listing)
    assert set(source().modules) == {
        "pkg", "pkg.exp", "pkg.sibling", "pkg.other", "pkg.sub", "pkg.cousin",
    }  # fmt: skip


def test_nothing_is_imported_to_find_it(source):
    before = set(sys.modules)
    source(data="mydata.sets:rings")
    assert not {name for name in set(sys.modules) - before if name.partition(".")[0] in {"pkg", "mydata"}}


def test_installed_distributions_count_with_what_they_require(source):
    names = {distribution.name for distribution in source().distributions}
    assert names == {"jaxtyping", "wadler_lindig"}
    assert not source().uses_jax


def test_a_parameter_may_name_a_module(source):
    assert set(source(data="mydata.sets:rings").modules) == EXPECTED | {"mydata", "mydata.sets"}
    assert source(data="mydata").digest == source().digest


def test_the_model_of_a_trial_is_part_of_its_closure(project, source):
    model = "harness.ntk.models.fully_connected"
    assert model in source(model="fully-connected").modules
    assert model not in {*source(model="mydata.sets:rings").modules, *source(data="fully-connected").modules}
    before = source(model="mydata.sets:rings").digest
    project.write("mydata/sets.py", FILES["mydata/sets.py"].replace("1", "2"))
    assert source(model="mydata.sets:rings").digest != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("pkg/exp.py", "About f.", "About f, at more length."),
        ("pkg/exp.py", '"""Docstring."""', ""),
        ("pkg/exp.py", "# a comment", "# another\n\n"),
        ("pkg/sub/helper.py", "'''Doc.'''", "'''Class.'''"),
        ("pkg/sub/helper.py", "About x.", "About x, at more length."),
        ("pkg/sibling.py", "What S is.", "What S says."),
        ("pkg/sibling.py", "'What S is.'\n", ""),
        ("pkg/other.py", "O = 1", "O = 2"),
        ("only_types.py", "T = 1", "T = 2"),
        ("mydata/sets.py", "1", "2"),
    ],
)
def test_what_changes_nothing(project, source, file, old, new):
    before = source()
    project.write(file, edited(FILES[file], {old: new}))
    assert source() == before, "what a file system says of its files is no part of a closure"
    assert source().digest == before.digest


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("pkg/exp.py", "return lazy_one", "return 1"),
        ("pkg/__init__.py", "1", "2"),
        ("pkg/sub/__init__.py", "import C", "import C as D"),
        ("pkg/sub/helper.py", "x = 1", "x = 1.0"),
        ("pkg/sibling.py", "1", "2"),
        ("pkg/cousin.py", "1", "2"),
        ("lazy_one.py", "leaf", "leaf as tree"),
        ("spaced/inner/leaf.py", "1", "2"),
        ("by_name.py", "1", "2"),
        ("not_only_types.py", "1", "2"),
    ],
)
def test_what_changes_the_digest(project, source, file, old, new):
    before = source()
    project.write(file, edited(FILES[file], {old: new}))
    assert not before.is_current()
    assert source().digest != before.digest


def test_the_named_data_changes_the_digest(project, source):
    before = source(data="mydata.sets:rings")
    project.write("mydata/sets.py", "def rings():\n    return 2\n")
    assert source(data="mydata.sets:rings").digest != before.digest


def test_a_module_that_appears_later_counts(project, source):
    project.write("pkg/exp.py", "try:\n    import maybe\nexcept ImportError:\n    maybe = None\n")
    before = source().digest
    project.write("maybe.py", "M = 1\n")
    assert source().digest != before


def test_imports_by_name_that_would_fail_name_no_module(project, source):
    """Whatever is no literal text: it may stand where it is never called."""
    before = source()
    text = edited(FILES["pkg/exp.py"], {"return lazy_one": "return lambda name: __import__(NAME)"})
    for name in ("name", "1", "None", "b'lazy_one'", "*name", ""):
        project.write("pkg/exp.py", edited(text, {"NAME": name}))
        assert source().modules == before.modules, name


def test_a_number_is_not_its_neighbour(tmp_path):
    digests = set()
    for index, text in enumerate(["x = 1", "x = 1.0", "x = True", "x = '1'", "x = [1]", "x = (1,)", "y = 1"]):
        file = tmp_path / f"m{index}.py"
        file.write_text(text)
        digests.add(parse(str(file), (0, 0)).digest)
    assert len(digests) == 7


def test_a_fingerprint_has_all_parts(project, monkeypatch):
    declaration = Declaration("toy", 1, "", {}, {}, dict)
    source = SourceClosure("abc", (), (), False, {}, {})
    trial = Trial("toy_module:toy", (("width", 8),), 0)
    prints = [
        fingerprint(trial, declaration, source, "cpu"),
        fingerprint(dataclasses.replace(trial, seed=1), declaration, source, "cpu"),
        fingerprint(dataclasses.replace(trial, params=(("width", 9),)), declaration, source, "cpu"),
        fingerprint(dataclasses.replace(trial, experiment="m:f"), declaration, source, "cpu"),
        fingerprint(trial, dataclasses.replace(declaration, version=2), source, "cpu"),
        fingerprint(trial, dataclasses.replace(declaration, name="toy2"), source, "cpu"),
        fingerprint(trial, declaration, dataclasses.replace(source, digest="abd"), "cpu"),
        fingerprint(trial, declaration, source, "NVIDIA H100 80GB HBM3"),
    ]
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    prints.append(fingerprint(trial, declaration, source, "cpu"))
    assert len(set(prints)) == len(prints)


def test_unknown_experiments_are_said_to_be(project):
    with pytest.raises(UnknownExperimentError, match="nowhere"):
        source_of("ntk.nowhere", ())


def test_jax_is_seen_from_afar(project):
    project.write("uses.py", "def f():\n    import neural_tangents\n")
    assert source_of("uses:f", ()).uses_jax


def test_this_package_imports_nothing_heavy():
    text = "import sys, harness.measure; print(*{'jax', 'numpy', 'scipy', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


KEYS = st.dictionaries(
    st.text(st.sampled_from('ab-é"\\'), min_size=1, max_size=3),
    st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=4)),
    max_size=3,
)


@given(KEYS, st.integers(0, 2**40), st.integers(0, 2**40))
def test_what_a_point_shares_changes_no_digest(params: dict[str, Any], seed: int, other: int) -> None:
    """It is the digest of the JSON text of all that counts, as in every version before."""
    trial = Trial("toys:pair", tuple(sorted(params.items())), other).at(seed)
    key = json.dumps(["toys:pair", list(trial.params), seed], separators=(",", ":"))
    assert trial.key == key == pickle.loads(pickle.dumps(trial)).key
    declaration, source = find("toys:pair"), source_of("toys:pair", ())
    python = list(sys.version_info[:2])
    parts = [declaration.name, declaration.version, key, "cpu", source.digest, python, "s", "i"]
    expected = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    assert Prints(trial.at(other), declaration, source, "cpu", "s", "i").of(seed) == expected
