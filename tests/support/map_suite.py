"""Maps of boundaries whose places are known."""

from __future__ import annotations

from edits import edited

# The mean of `gap` is shift − ln(size)/2: it crosses 0 at exp(2·shift), here 4.1, 20.1 and 403, and the bound
# 0.35 at half of that.
MAP = """
[suite]
format = 2
title = "Maps"

[experiments.pairs]
run = "toys:pair"
with = { sd = 0.15, slope = -0.5 }
sweep = { shift = [0.7, 1.5, 3.0], size = [1, 2] }

[claims.edge]
says = "The gap is below 0 from a size on."
expect = "open"
experiment = "pairs"
boundary = { of = "gap", bound = 0, along = "size", from = 1, to = 128, within = "2 x" }

[claims.earlier]
says = "The gap is below 0.35 from a size on."
expect = "open"
experiment = "pairs"
boundary = { of = "gap", bound = 0.35, along = "size", from = 1, to = 128, within = "2 x" }

[maps.sizes]
title = "Where gaps close"
claim = ["edge", "earlier"]
axes = ["size", "shift"]
time-budget = "10 min"
"""

# The same with one seed a point: the level is size^slope, and crosses 0.1 at 10, 100 and 10,000.
COMPUTED_MAP = edited(
    MAP,
    {
        "toys:pair": "same_on_every_seed:toy",
        "with = { sd = 0.15, slope = -0.5 }\n": "",
        "shift = [0.7, 1.5, 3.0]": "slope = [-1.0, -0.5, -0.25]",
        'of = "gap", bound = 0, ': 'of = "level", bound = 0.1, ',
        'of = "gap", bound = 0.35': 'of = "level", bound = 0.2',
        '"shift"]': '"slope"]',
    },
)
