"""neural-tangents imports; JAX is left as it was; where it is missing, the message says what to do."""

import re
import subprocess
import sys

import pytest
from missing_packages import hide

import harness.ntk
from harness.declare.libraries import NEURAL_TANGENTS, NTK, MissingLibraryError, missing_library
from harness.measure import Laboratory, source_of
from harness.ntk import compat
from harness.questions import Trial

SCRIPT = """
import sys, jax, jax.core
from jax.interpreters import ad
before = [set(vars(module)) for module in (jax, jax.core, ad)]
import harness.ntk
assert "harness.ntk.compat" not in sys.modules and "neural_tangents" not in sys.modules
from harness.ntk import compat
from harness.ntk import neural_tangents as package
assert package is sys.modules["neural_tangents"] and package.stax.Relu
from harness.ntk.neural_tangents import stax as again
assert package.__version__ == "0.6.5" and compat.load() is package
from neural_tangents import predict, stax
assert again is stax
new = [set(vars(module)) - old for module, old in zip((jax, jax.core, ad), before)]
assert not set.union(*new) & set(compat.CORE_NAMES + ("zeros_like_p", "source_info_util", "tree_map")), new
assert "jax.util" not in sys.modules and "neural_tangents.experimental" not in sys.modules
assert "tensorflow" not in sys.modules
"""


def test_jax_is_left_as_it_was():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, timeout=120)


def test_names_that_jax_has_are_not_replaced(monkeypatch):
    import jax

    mine = object()
    monkeypatch.setattr(jax, "tree_map", mine, raising=False)
    with compat.lent_names():
        assert jax.tree_map is mine
    assert jax.tree_map is mine


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("neural_tangents", f"neural-tangents is not installed: run `{NEURAL_TANGENTS}`"),
        ("frozendict", f"needs, is not installed: run `{NEURAL_TANGENTS}`"),
        ("jax", f"JAX is not installed: run `{NTK}`, and neural-tangents by `{NEURAL_TANGENTS}`"),
    ],
)
def test_where_it_is_missing(monkeypatch, missing, said):
    for name in [name for name in sys.modules if name.partition(".")[0] == "neural_tangents"]:
        monkeypatch.delitem(sys.modules, name)
    hide(monkeypatch, missing)
    monkeypatch.delitem(sys.modules, "harness.ntk.neural_tangents", raising=False)
    monkeypatch.delattr(harness.ntk, "neural_tangents", raising=False)
    with pytest.raises(MissingLibraryError, match=re.escape(said)):
        compat.load()
    with pytest.raises(ModuleNotFoundError, match=re.escape(said)):
        from harness.ntk import neural_tangents  # noqa: F401


@pytest.mark.parametrize(
    "error", [ModuleNotFoundError(name="tqdm"), ImportError(name="jax"), ValueError("jax")]
)
def test_other_errors_are_no_library_that_is_missing(error):
    assert missing_library(error) == ""


def test_the_closure_of_an_experiment_that_uses_the_door_has_the_package(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "walks.py").write_text(
        """
from harness.declare import Quantity, experiment

@experiment("walks", version=1, quantities={"x": Quantity("a number", scale="linear")})
def walks(*, seed: int) -> dict[str, float]:
    from harness.ntk import neural_tangents
    return {"x": float(neural_tangents.__version__ == "0.6.5")}
""",
    )
    found = source_of("walks:walks", ())
    assert {"neural_tangents", "jax"} <= {d.name for d in found.distributions}
    assert found.uses_jax
    with Laboratory(None, workers=1) as laboratory:
        laboratory.request(Trial("walks:walks", (), 0), time_limit=60.0)
        outcome = next(each for _ in range(60) for each in laboratory.collect(1.0))
    assert (outcome.values, outcome.note) == ({"x": 1.0}, "")


def test_where_jax_has_lost_a_name_the_error_names_it(monkeypatch):
    import jax

    monkeypatch.delattr("jax.extend.core.Primitive")
    monkeypatch.delattr(jax.core, "Primitive", raising=False)
    found = re.escape(f"jax.extend.core.Primitive`, as JAX 0.10 to 0.12 have it; found JAX {jax.__version__}")
    with pytest.raises(ImportError, match=found), compat.lent_names():
        pass
