"""What a campaign finds about one instance."""

from __future__ import annotations

from dataclasses import dataclass

from harness.judge import Assessment
from harness.plan import Case


@dataclass(frozen=True)
class Finding:
    """One instance, and what was found about it."""

    case: Case
    assessment: Assessment
