"""The networks that docs/own-network.md shows run as they stand there, each in a trial of `ntk.network`."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from harness.declare import collect_stages, find
from harness.ntk.experiments.network import measure_network

PAGE = (Path(__file__).parents[2] / "docs" / "own-network.md").read_text()
BLOCKS = {
    title.lower(): block
    for title, block in re.findall(
        r"^##+ ([^\n]*)\n(?:(?!^##).)*?```python\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE
    )
}
NEEDS = {
    "plain jax": "jax", "stax of neural-tangents": "neural_tangents", "flax linen": "flax",
    "flax nnx": "flax", "equinox": "equinox", "pytorch": "torch",
}  # fmt: skip
QUANTITIES = find("ntk.network").quantities
NOT_COVERED = {"network.accuracy"}
"""Of squared loss."""


def test_there_is_an_example_for_each_library():
    assert set(BLOCKS) == {"the data", *NEEDS}


@pytest.mark.slow
@pytest.mark.parametrize("title", NEEDS)
def test_an_example_runs_as_it_stands(title, tmp_path, monkeypatch):
    library = NEEDS[title]
    pytest.importorskip(library, reason=f"{library} is no dependency: install it to run this")
    name = f"shown_{title.replace(' ', '_').replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(BLOCKS[title])
    (tmp_path / f"{name}_data.py").write_text(BLOCKS["the data"])
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    with collect_stages() as stages:
        values = measure_network(
            seed=0, model=f"{name}:net", data=f"{name}_data:load", train=16, test=20, steps=200, width=64
        )
    failures = {stage.name: stage.failure for stage in stages if not stage.ok}
    assert set(failures) == {"classes"}
    assert set(values) == set(QUANTITIES) - NOT_COVERED
    assert all(np.isfinite(value) for value in values.values())
    assert values["linearised-vs-own-ntk.distance"] < 1e-3
    assert values["final-loss"] < 0.5 * values["initial-loss"]
