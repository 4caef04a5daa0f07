"""Where the plugin keeps what lasts for a run of pytest, and what one of its options says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.history.against import References
    from harness.pytest_plugin.shared import SharedLaboratory

LABORATORY: pytest.StashKey[SharedLaboratory] = pytest.StashKey()
NAMES: pytest.StashKey[dict[str, Path]] = pytest.StashKey()
"""The file of each suite that has been collected, by the suite's name."""
AGAINST: pytest.StashKey[References] = pytest.StashKey()
"""What claims are held against, where `--harness-against` names it."""
NO_RECHECK = "no"
"""What `--harness-recheck` says for: measure no trial twice."""
SHOWN = (
    "store",
    "seeds",
    "first_seed",
    "workers",
    "workers_per_device",
    "block",
    "memory_limit",
    "overrides",
    "recheck",
    "confirm",
    "against",
    "within",
)
"""The fields of `harness.options.RunOptions` that options of pytest fill. For some of the others pytest has
plugins (time budgets, shards); the rest are about records, which the plugin does not write."""
