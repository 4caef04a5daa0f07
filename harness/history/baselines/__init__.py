"""Baselines: the same trials measured by the code of a commit, or read from a record.

A claim may compare a quantity with a *baseline*, and `harness run --against REF` compares every quantity of a
run with one. Either way the trials of the baseline are requested like any others, paired with those of a run
by their seeds, and `WithBaselines` (a `Measurer`) gets them:

    resolve       what a suite or a command line calls a baseline → a full hash, or the path of a record
    recorded      a record: the quantities that it stores by seed, or claims on one quantity
    declared      what a commit's code declares: which parameters and quantities exist there
    worktrees     a commit's code, and Python that runs there with today's libraries
    there         a commit: one `harness run` of it for each batch of trials
    remembered    what commits have measured before, in the store
    laboratory    `WithBaselines`, which puts these beside the laboratory of a run

What a commit does not declare is *not covered there*, unless it is a parameter at its default.
"""

from harness.history.baselines.laboratory import WithBaselines, baseline_notes
from harness.history.baselines.resolve import BaselineError, Resolver, resolvers

__all__ = ["BaselineError", "Resolver", "WithBaselines", "baseline_notes", "resolvers"]
