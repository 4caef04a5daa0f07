"""The networks that docs/networks.md shows are those that tests train."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "networks.md").read_text(), re.DOTALL)


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
