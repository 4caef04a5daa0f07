"""For programs and notebooks: run suites, and get a record's numbers as arrays or as a frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.campaign import Progress
from harness.disk import inside
from harness.report.progress import showing
from harness.report.record import Record
from harness.session import make_importable
from harness.session import run as run_session
from harness.suite.unmatched import unmatched
from harness.targets import STORE, gather, make_local_modules_importable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def run(
    targets: str | Path | Sequence[str | Path] = (),
    *,
    keyword: str = "",
    marks: str = "",
    store: str | Path | None = STORE,
    workers: int | None = None,
    cluster: str = "",
    memory_limit: int | None = None,
    seeds: int | None = None,
    first_seed: int | None = None,
    given: Mapping[str, object] | None = None,
    time_budget: float | None = None,
    track: str | Path | None = None,
    recheck: bool | float = True,
    progress: bool | Callable[[Progress], None] = False,
) -> Record:
    """Measure and judge the claims of `FILE` or `FILE::ID` targets; what `harness run` does, as a record.

    A target may be a folder of suites, or a glob; without targets the folder `suites` is taken.

    `keyword` and `marks` select as -k and -m do. `store` keeps measured trials (None keeps nothing), `seeds`
    replaces the budgets, `first_seed` the first seed that each claim has not explored, and `given` values of
    parameters, as `--with` does: `given={"subject": "my.module:kernel"}`. `time_budget` is in seconds,
    `memory_limit` of a trial in bytes, `cluster` names Dask workers, `track` the repository of the code under
    test. `recheck=False` measures no trial twice, `recheck=0.01` also that share of what the store has.
    `progress` shows it on standard error, or is a function that is called with it. A note of the record names
    each suite of which nothing is selected; a record without instances means that nothing is selected at all.

    Raises `SuiteError` with every mistake of a suite, `SelectionError` for an id that nothing has,
    `NoSuiteError` for a folder without suites, `StoreError` for a store that cannot be used (all are
    `UserError`), and ValueError where `recheck` is no share.
    """
    if not isinstance(recheck, bool) and not 0 <= recheck <= 1:
        raise ValueError(f"recheck: expected True, False or a share from 0 to 1, found {recheck!r}")
    share = float(recheck) if not isinstance(recheck, bool) else 0.0
    make_local_modules_importable()
    if track is not None:
        make_importable(Path(track))
    names = [targets] if isinstance(targets, str | Path) else targets
    selected = gather([str(name) for name in names], keyword=keyword, marks=marks, given=given)
    with showing(quiet=progress is not True) as show:
        record = run_session(
            selected,
            store=None if store is None else inside(STORE, "store=") if store == STORE else Path(store),
            workers=workers,
            cluster=cluster,
            memory_limit=memory_limit,
            seeds=seeds,
            first_seed=first_seed,
            time_budget=time_budget,
            track=None if track is None else Path(track),
            recheck=None if recheck is False else share,
            command=("harness.run", *map(str, names)),
            on_progress=progress if callable(progress) else show,
        )
    empty = [unmatched(each.suite, keyword, marks, names=False) for each in selected if not each.instances]
    return msgspec.structs.replace(record, notes=(*empty, *record.notes)) if empty else record


def arrays(record: Record, claim: str | None = None) -> dict[str, np.ndarray]:
    """A record's instances as arrays of one length, of one claim or of all.

    `id`, `claim`, `verdict`, `outcome`, `agreement`, `unit` (strings); `n` (integers); `estimate`, `low`,
    `high`, `region_low`, `region_high`, `seconds` (float64; open sides are ±inf, missing numbers NaN); an
    array per axis, as `axis:NAME`: float64 where all of its values are numbers (NaN where an instance lacks
    it), else labels (''); and `values` (object): each instance's effects, one per seed.
    """
    import numpy as np

    chosen = [i for i in record.instances if claim is None or i.claim == claim]
    columns: dict[str, np.ndarray] = {
        name: np.array([getattr(i, name) for i in chosen], dtype=str)
        for name in ("id", "claim", "verdict", "outcome", "agreement", "unit")
    }
    columns["n"] = np.array([i.n for i in chosen], dtype=np.int64)
    numbers: dict[str, list[float]] = {
        "estimate": [_or(i.estimate, math.nan) for i in chosen],
        "low": [_or(i.interval[0], -math.inf) for i in chosen],
        "high": [_or(i.interval[1], math.inf) for i in chosen],
        "region_low": [_or(i.region[0], -math.inf) for i in chosen],
        "region_high": [_or(i.region[1], math.inf) for i in chosen],
        "seconds": [i.seconds for i in chosen],
    }
    columns |= {name: np.array(column, dtype=np.float64) for name, column in numbers.items()}
    for axis in sorted({axis for i in chosen for axis in i.point}):
        known = {type(i.point[axis]) for i in chosen if axis in i.point}
        columns[f"axis:{axis}"] = (
            np.array([i.point.get(axis, math.nan) for i in chosen], dtype=np.float64)
            if known <= {int, float}
            else np.array([i.labels.get(axis, "") for i in chosen], dtype=str)
        )
    columns["values"] = np.empty(len(chosen), dtype=object)
    for index, instance in enumerate(chosen):
        columns["values"][index] = np.array(instance.values, dtype=np.float64)
    return columns


def frame(record: Record, claim: str | None = None) -> pd.DataFrame:
    """`arrays` as a pandas frame, a row per instance, indexed by id. Raises ImportError without pandas."""
    import pandas as pd

    columns: dict[str, Any] = dict(arrays(record, claim))
    return pd.DataFrame({name: list(column) for name, column in columns.items()}).set_index("id")


def _or(x: float | None, missing: float) -> float:
    return missing if x is None else x
