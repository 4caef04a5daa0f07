"""The networks that docs/networks.md shows are those that tests train."""

import re
from pathlib import Path

import pytest
from edits import edited

from harness.suite import SuiteError, load

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "networks.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SUITES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(
    ("block", "file"),
    list(zip(BLOCKS, ("skip_network", "flax_network", "equinox_network"), strict=True)),
    ids=["skip", "flax", "equinox"],
)
def test_what_is_shown_is_what_is_tested(block, file):
    tested = (ROOT / "tests" / "support" / f"{file}.py").read_text()
    imports, _, code = block.partition("\n\n\n")
    assert code.strip() in tested
    assert all(line in tested for line in imports.splitlines())


def test_the_suite_that_is_shown_is_right(tmp_path, monkeypatch):
    """As `harness check --import` reads it, with the network that is shown as its module."""
    (suite,) = SUITES
    assert 'model = "my_nets:skip"' in suite
    (tmp_path / "my_nets.py").write_text(BLOCKS[0])
    path = tmp_path / "skips.toml"
    path.write_text(suite)
    monkeypatch.syspath_prepend(tmp_path)
    assert len(load(path, imports=True).instances) == 2
    path.write_text(edited(suite, {"blocks = [1, 2]": "layers = [1, 2]"}))
    with pytest.raises(SuiteError, match="layers"):
        load(path, imports=True)
