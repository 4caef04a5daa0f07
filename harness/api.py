"""For programs and notebooks: run suites, hold records against others, get their numbers as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.campaign import Progress
from harness.disk import inside
from harness.history.against import AgainstPublished, read_published
from harness.options import STORE, RunOptions
from harness.report.progress import showing
from harness.report.record import Record
from harness.session import make_importable
from harness.session import run as run_session
from harness.suite.unmatched import unmatched
from harness.targets import gather, make_local_modules_importable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def run(
    targets: str | Path | Sequence[str | Path] = (),
    *,
    keyword: str = "",
    marks: str = "",
    given: Mapping[str, object] | None = None,
    seeds: int | None = None,
    first_seed: int | None = None,
    fresh: bool = False,
    workers: int | None = None,
    workers_per_device: int | None = None,
    block: int | None = None,
    cluster: str = "",
    memory_limit: int | None = None,
    time_budget: float | None = None,
    shard: tuple[int, int] | None = None,
    recheck: bool | float = True,
    confirm: bool = False,
    against: str | Sequence[str] = (),
    within: str | Sequence[str] = (),
    quantities: bool = False,
    store: str | Path | None = STORE,
    track: str | Path | None = None,
    progress: bool | Callable[[Progress], None] = False,
) -> Record:
    """Measure and judge the claims of `FILE` or `FILE::ID` targets; what `harness run` does, as a record.

    A target may be a folder of suites, a glob, or "@kernels", a suite that comes with this package; without
    targets the folder `suites` is taken.

    `keyword` and `marks` select as -k and -m do. The other arguments are the options of `harness run`, as
    Python has them: `given={"subject": "my.module:kernel"}` is `--with`, `memory_limit` is in bytes,
    `time_budget` in seconds, `shard` is (2, 5), `store=None` keeps nothing. `recheck=False` measures no trial
    twice, `recheck=0.01` also that share of what the store has, `confirm=True` unexpected verdicts again, on
    fresh seeds. `against="v0.2.0"` compares every quantity with what that commit's code gives, `within="5%"`
    says how near is near enough; the record's `comparisons` are what came of it, and its exit code stays that
    of its claims. `progress` shows it on standard error, or is a function that is called with it.
    A note of the record names each suite of which nothing is selected; a
    record without instances means that nothing is selected at all.

    Raises `SuiteError` with every mistake of a suite, `SelectionError` for an id that nothing has,
    `NoSuiteError` for a folder without suites, `UnknownSuiteError` for a @NAME of nothing, `StoreError` for a
    store that cannot be used, and `OptionError` for an option with a value that it cannot have; all are
    `UserError`.
    """
    names = [targets] if isinstance(targets, str | Path) else targets
    options = RunOptions(
        given=given or {},
        seeds=seeds,
        first_seed=first_seed,
        fresh=fresh,
        workers=workers,
        workers_per_device=workers_per_device,
        block=block,
        cluster=cluster,
        memory_limit=memory_limit,
        time_budget=time_budget,
        shard=shard,
        recheck=recheck,
        confirm=confirm,
        against=(against,) if isinstance(against, str) else tuple(against),
        within=(within,) if isinstance(within, str) else tuple(within),
        quantities=quantities,
        store=None if store is None else inside(STORE, "store=") if store == STORE else Path(store),
        track=None if track is None else Path(track),
        command=("harness.run", *map(str, names)),
    )
    make_local_modules_importable()
    if options.track is not None:
        make_importable(options.track)
    selected = gather([str(name) for name in names], keyword=keyword, marks=marks, given=options.given)
    with showing(quiet=progress is not True) as show:
        record = run_session(selected, options, progress if callable(progress) else show)
    empty = [unmatched(each.suite, keyword, marks, names=False) for each in selected if not each.instances]
    return msgspec.structs.replace(record, notes=(*empty, *record.notes)) if empty else record


def hold_against(record: Record, published: str | Path | Sequence[str | Path]) -> AgainstPublished:
    """Hold a record against published ones, in files or folders of them, or "@kernels", the record that was
    published with this package; what `--against` does.

    `held` says of each instance whether its outcome `differs`, is `noted` or the `same`; `exit_code` is 1
    where one differs. Raises `RecordError` for a file that is no record, `AgainstError` for records of other
    suites or parameters; both are `UserError`.
    """
    paths = [published] if isinstance(published, str | Path) else published
    return read_published(map(Path, paths)).hold(record)


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
