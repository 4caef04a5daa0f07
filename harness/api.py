"""The functions for programs and notebooks: run suites, compare records, get their numbers as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.campaign import Progress
from harness.disk import inside
from harness.history.against import AgainstPublished, read_published
from harness.options import STORE, RunOptions
from harness.report.notebook_line import in_notebook
from harness.report.progress import showing
from harness.report.record import InstanceRecord, Record
from harness.report.record.printed import LOGARITHMIC
from harness.session import make_importable
from harness.session import run as run_session
from harness.spelling import takes_old_arguments
from harness.suite.unmatched import unmatched
from harness.targets import gather, make_local_modules_importable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@takes_old_arguments(given="overrides")
def run(
    targets: str | Path | Sequence[str | Path] = (),
    *,
    keyword: str = "",
    marks: str = "",
    overrides: Mapping[str, object] | None = None,
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
    progress: bool | Callable[[Progress], None] | None = None,
) -> Record:
    """Measure and judge claims; what `harness run` does, as a record.

    Arguments:
        targets: one or several of `FILE`, `FILE::ID`, a folder of suites, a glob, or "@kernels", a suite that
            comes with this package. Left out, the folder `suites`.
        keyword, marks: only ids, only marks that this expression matches, as of -k and -m.
        overrides: values that replace those of the suites' parameters, as of `--override`:
            `{"subject": "my.module:kernel"}`.
        seeds: another budget of seeds than the claims' own, one of the looks (14, 21, 32, …, 243).
        first_seed: where to begin, instead of the first seed that a claim has not explored.
        fresh: use seeds that no run has used.
        workers: worker processes that measure; left out, one per core.
        workers_per_device: workers that share an accelerator.
        block: seeds of a point that are computed abreast; 0 or None as the device wants.
        cluster: Dask workers, "tcp://HOST:PORT" or "local:N".
        memory_limit: bytes that a trial may hold, instead of the claims' own limits.
        time_budget: seconds after which the rest is not run.
        shard: (2, 5) for the second part of five.
        recheck: False measures no trial twice; 0.01 measures that share of what the store has again.
        confirm: measure unexpected verdicts again, on fresh seeds.
        against: commits, "v0.2.0": every quantity is compared with what their code gives. The record's
            `comparisons` say what differs; its exit code stays that of its claims.
        within: how near is near enough, "5%".
        quantities: keep every quantity by seed in the record.
        store: the file in which measured trials are kept; None keeps nothing.
        track: the git repository of the code under test, where that is another than the suites'.
        progress: True shows it on standard error or in the notebook, False does not; a function is called
            with a `Progress` each time. Left out, a notebook shows it.

    Returns:
        A `Record`. One of its notes names each suite of which nothing is selected; a record without instances
        means that nothing is selected at all (`exit_code` 5).

    Raises:
        SuiteError: a suite has mistakes; the error holds all of them.
        SelectionError: nothing has this id, or two suites have one name.
        NoSuiteError, UnknownSuiteError: a folder without suites; a @NAME of nothing.
        StoreError: the store cannot be used.
        OptionError: an argument has a value that it cannot have.
        All of these are `UserError`.

    >>> record = harness.run("toys.toml", store=None, keyword="size=4")
    >>> record.instances[0].verdict
    'supported'
    """
    names = [targets] if isinstance(targets, str | Path) else targets
    options = RunOptions(
        overrides=overrides or {},
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
    selected = gather(
        [str(name) for name in names], keyword=keyword, marks=marks, overrides=options.overrides
    )
    shown = in_notebook() if progress is None else progress is True
    with showing(quiet=not shown) as show:
        record = run_session(selected, options, progress if callable(progress) else show)
    empty = [unmatched(each.suite, keyword, marks, names=False) for each in selected if not each.instances]
    return msgspec.structs.replace(record, notes=(*empty, *record.notes)) if empty else record


def hold_against(record: Record, published: str | Path | Sequence[str | Path]) -> AgainstPublished:
    """Hold a record against published ones; what `--against` does.

    Arguments:
        record: what `run` or `read_record` returned.
        published: files of records or folders of them, one or several; "@kernels" is the record that was
            published with this package.

    Returns:
        An `AgainstPublished`: `held` says of each instance whether its outcome `differs`, is `noted` or the
        `same`; `exit_code` is 1 if one differs.

    Raises:
        RecordError: a file is no record.
        AgainstError: the records are of other suites or parameters.
        Both are `UserError`.

    >>> harness.hold_against(record, folder / "published").exit_code
    0
    """
    paths = [published] if isinstance(published, str | Path) else published
    return read_published(map(Path, paths)).hold(record)


def arrays(record: Record, claim: str | None = None) -> dict[str, np.ndarray]:
    """A record's instances as arrays of one length, in the order of the record.

    Arguments:
        record: what `run` or `read_record` returned.
        claim: the id of a claim, without its suite; left out, all claims.

    Returns:
        Arrays of shape (instances,), by name:

        - `id`, `claim`, `verdict`, `outcome`, `agreement`: strings.
        - `unit`: a string, what is judged (`ratio`, `log-value`, `value`, …); `printed_in`: the unit of the
          numbers, "%" of a ratio, "×" of a speed-up, else the unit that the experiment declares.
        - `n`: integers, the seeds that were read; `seconds`: float64, core-seconds of their trials.
        - `estimate`, `low`, `high`, `region_low`, `region_high`: float64, in the units that reports print,
          so 5.0 is 5%. Open sides are ±inf, missing numbers NaN.
        - `log_estimate`, `log_low`, `log_high`, `log_region_low`, `log_region_high`: float64, the logarithms
          by which ratios, speed-ups and positive quantities are judged; NaN in other units.
        - `axis:NAME` for each axis: float64 where all of its values are numbers (NaN where an instance lacks
          the axis), else strings ('').
        - `values`: objects, each an array of shape (n,), one number for each seed, as printed; `log_values`:
          the same as logarithms, of shape (0,) in other units.

    >>> columns = harness.arrays(record)
    >>> columns["axis:size"].tolist(), columns["estimate"].shape
    ([1.0, 2.0, 4.0], (3,))
    """
    import numpy as np

    chosen = [i for i in record.instances if claim is None or i.claim == claim]
    shown = [i.printed for i in chosen]
    columns: dict[str, np.ndarray] = {
        name: np.array([getattr(i, name) for i in chosen], dtype=str)
        for name in ("id", "claim", "verdict", "outcome", "agreement", "unit")
    }
    columns["printed_in"] = np.array([p.unit for p in shown], dtype=str)
    columns["n"] = np.array([i.n for i in chosen], dtype=np.int64)
    numbers: dict[str, list[float]] = {
        "estimate": [_or(p.estimate, math.nan) for p in shown],
        "low": [_or(p.low, -math.inf) for p in shown],
        "high": [_or(p.high, math.inf) for p in shown],
        "region_low": [_or(p.region_low, -math.inf) for p in shown],
        "region_high": [_or(p.region_high, math.inf) for p in shown],
        "log_estimate": [_log(i, i.estimate, math.nan) for i in chosen],
        "log_low": [_log(i, i.interval[0], -math.inf) for i in chosen],
        "log_high": [_log(i, i.interval[1], math.inf) for i in chosen],
        "log_region_low": [_log(i, i.region[0], -math.inf) for i in chosen],
        "log_region_high": [_log(i, i.region[1], math.inf) for i in chosen],
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
    for name in ("values", "log_values"):
        columns[name] = np.empty(len(chosen), dtype=object)
    for index, (instance, numbers_) in enumerate(zip(chosen, shown, strict=True)):
        logs = instance.values if instance.unit in LOGARITHMIC else ()
        columns["values"][index] = np.array(numbers_.values, dtype=np.float64)
        columns["log_values"][index] = np.array(logs, dtype=np.float64)
    return columns


def frame(record: Record, claim: str | None = None) -> pd.DataFrame:
    """`arrays` as a pandas frame.

    Arguments:
        record: what `run` or `read_record` returned.
        claim: the id of a claim, without its suite; left out, all claims.

    Returns:
        A frame with a row for each instance, indexed by `id`, and the other names of `arrays` as columns.

    Raises:
        ImportError: pandas is not installed.

    >>> harness.frame(record).loc["toys/same[shift=0,size=1]", "verdict"]
    'supported'
    """
    import pandas as pd

    columns = arrays(record, claim)
    cells = {name: list(c) if c.dtype == object else c.tolist() for name, c in columns.items()}
    return pd.DataFrame(cells).set_index("id")


def _or(x: float | None, missing: float) -> float:
    return missing if x is None else x


def _log(instance: InstanceRecord, x: float | None, missing: float) -> float:
    return _or(x, missing) if instance.unit in LOGARITHMIC else math.nan
