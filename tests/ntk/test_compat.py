"""neural-tangents imports; JAX is left as it was; where it is missing, the message says what to do."""

import re
import subprocess
import sys

import pytest

from harness.ntk import compat

SCRIPT = """
import sys, jax, jax.core
from jax.interpreters import ad
before = [set(vars(module)) for module in (jax, jax.core, ad)]
from harness.ntk import compat
package = compat.load()
assert package.__version__ == "0.6.5" and compat.load() is package
from neural_tangents import predict, stax
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


@pytest.mark.parametrize("missing", ["neural_tangents", "frozendict"])
def test_where_it_is_missing(monkeypatch, missing):
    for name in [name for name in sys.modules if name.split(".")[0] in ("neural_tangents", "frozendict")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=re.escape(compat.INSTALL)):
        compat.load()


def test_where_jax_has_lost_a_name_the_error_names_it(monkeypatch):
    import jax

    monkeypatch.delattr("jax.extend.core.Primitive")
    monkeypatch.delattr(jax.core, "Primitive", raising=False)
    found = re.escape(f"jax.extend.core.Primitive`, as JAX 0.10 to 0.12 have it; found JAX {jax.__version__}")
    with pytest.raises(ImportError, match=found), compat.lent_names():
        pass
