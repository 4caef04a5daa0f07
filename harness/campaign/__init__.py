"""The loop between measuring and judging.

Every undecided question wants its next look. The distinct trials that the looks read are read from the store
or measured, each once, with the stages that any undecided question reads. When a look is complete its
question is judged, and either is decided or wants the next look. The points among which a boundary is
searched for are asked one after another, as earlier ones are decided. The order in which trials finish does
not matter: a ruling is a function of the first n seeds. The boundaries of a *map* come last, in an order of
their own that time may cut off (`map_lines`). At the end one trial of each experiment is measured twice
(`harness.measure.recheck`); if the two disagree, all claims that read the experiment are errors. In: the
cases of the selected instances. Out: a `Finding` for each.
"""

from harness.campaign.conduct import conduct
from harness.campaign.finding import Finding
from harness.campaign.findings import MapTime, Result
from harness.campaign.pilot import measure_pilot
from harness.campaign.progress import Progress

__all__ = ["Finding", "MapTime", "Progress", "Result", "conduct", "measure_pilot"]
