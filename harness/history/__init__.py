"""What changed in the claims, when, and by which commit.

Records are kept in a folder (`archive`). Together they tell what was known of the claims at each commit, a
*state* (`states`). Two states are compared instance by instance: each *change* has one kind, from *identical*
to *flipped* (`change`, `compare`). `timeline` does so along all commits. `bisect` finds the commit that
changed a claim, and `merge` makes one record from those of shards.
"""

from harness.history.archive import FOLDER, keep
from harness.history.compare import CommitComparison, compare
from harness.history.states import Chosen, CommitState, NoRecordError, Past, past, states_of

__all__ = [
    "FOLDER",
    "Chosen",
    "CommitComparison",
    "CommitState",
    "NoRecordError",
    "Past",
    "compare",
    "keep",
    "past",
    "states_of",
]
