"""Why a cluster cannot be used, and what to install for one."""

from __future__ import annotations

from harness.errors import UserError

INSTALL = "pip install 'ntk-harness[cluster]'"


class ClusterError(UserError):
    """The cluster cannot be used, or no longer; what had been measured is kept."""
