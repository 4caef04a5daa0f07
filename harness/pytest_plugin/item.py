"""What the items of a suite have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


class SuiteItem(pytest.Function):
    """A function that stands for a part of a suite."""

    @property
    def id(self) -> Any:
        """The structured node id of pytest 9.2 (older ones have none, and do not ask).

        Its own takes the brackets to be part of the name, but reads them back from its cache as parameters:
        `--lf` and `--sw` then find no such item and pass over it (pytest-dev/pytest#15045).
        """
        return type(super().id).parse(self.nodeid)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the item is: in the suite, not in this module. (pytest wants a line of what is skipped.)"""
        return self.path, 0, self.name
