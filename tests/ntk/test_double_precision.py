"""A module that switches JAX's 64-bit numbers off is refused, and the process stays as it was."""

import jax
import pytest

from harness.ntk.double_precision import SwitchedOffError
from harness.ntk.loading import load
from harness.ntk.named_models import build

NET = """
import jax

{line}


def net():
    return (lambda key, shape: ((-1, 1), jax.random.normal(key, shape[-1:]))), (lambda p, x: x @ p)


def load():
    return [[0.0], [1.0]], [0.0, 1.0]
"""
OFF = 'jax.config.update("jax_enable_x64", False)'


@pytest.fixture
def module(tmp_path, monkeypatch):
    def written(name, line):
        (tmp_path / f"{name}.py").write_text(NET.format(line=line))
        monkeypatch.syspath_prepend(tmp_path)
        return name

    jax.config.update("jax_enable_x64", True)
    yield written
    assert jax.config.jax_enable_x64


@pytest.mark.parametrize(
    ("called", "use"),
    [("off_model", lambda name: build(f"{name}:net", {})), ("off_data", lambda name: load(f"{name}:load"))],
    ids=["model", "data"],
)
def test_it_is_refused_each_time_that_it_is_named(module, called, use):
    name = module(called, OFF)
    for _ in range(2):  # imported now, and imported before
        with pytest.raises(SwitchedOffError, match=rf"importing {name} switches jax_enable_x64 off: delete"):
            use(name)
        assert jax.config.jax_enable_x64


def test_one_that_leaves_them_alone_is_used(module):
    name = module("leaves_them_alone", "")
    assert build(f"{name}:net", {}).name == f"{name}:net"
    assert len(load(f"{name}:load").x) == 2
