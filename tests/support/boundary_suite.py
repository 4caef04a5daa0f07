"""Claims of boundaries of `toys:pair`, for suites whose experiment is `pairs`."""

CLAIMS = """
[claims.edge]
says = "The gap is below 0 from a size on."
expect = "open"
experiment = "pairs"
boundary = { of = "gap", bound = 0, along = "size", from = 1, to = 128, within = "2 x" }

[claims.below]
says = "From 40 on the gap is below 0."
expect = "supported"
experiment = "pairs"
at = { shift = [0.7, 1.5] }
boundary = { of = "gap", bound = 0, along = "size", from = 1, to = 128, at-most = 40 }
control = { at = { shift = 3.0 } }
"""
