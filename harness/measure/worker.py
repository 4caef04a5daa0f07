"""What runs in a worker process: one job after another, until the parent closes the connection.

In: `Orders`, each of several jobs, and the turns to begin them (`harness.measure.turns`). Out: `Started` when
it has received orders and is about to begin one of them, and an `OrderResult` per job. The process is started
by the pool with its environment already set; it stands below a supervisor (`harness.measure.supervisor`),
with which it dies.
"""

from __future__ import annotations

import contextlib
import numbers
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from harness.declare import (
    Declaration,
    Missing,
    NotCovered,
    StageReport,
    abreast,
    collect_stages,
    find,
    missing_library,
    of_seed,
)
from harness.declare.blame import innermost, one_line
from harness.declare.blocks import SeedReport
from harness.declare.registry import module_of
from harness.measure.answers import as_sent
from harness.measure.channel import Channel
from harness.measure.imports import loaded_sources, watching_imports
from harness.measure.orphans import Orphans
from harness.measure.reads import Allowances, TrialNotes, noticed, watch
from harness.measure.records import WHOLE, FileUse, Job, JobResult, Stage, Started, TrialResult, altered
from harness.measure.running import StageNotes, noted_stages
from harness.measure.traces import Watcher
from harness.measure.turns import OrderResult, Orders, Turns
from harness.questions import Trial
from harness.text import shortened

FRAMES = 12
"""How many frames of a traceback are worth showing: the innermost."""


def main(descriptor: int, mark: bytes, folder: str, turns: int, notes: int) -> None:
    """Serve orders that arrive on the socket `descriptor`, in frames of that mark, as the pipe `turns` says.

    `folder` is for this worker's temporary files, the descriptor `notes` for the stages that end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    for each in (descriptor, turns):
        os.set_inheritable(each, False)
    threading.Thread(target=_exit_on_hangup, args=(descriptor,), daemon=True).start()
    channel = Channel(descriptor, mark)
    baseline = frozenset(loaded_sources(list(sys.modules)))
    orphans = Orphans()
    watcher = Watcher(folder)
    limits = Allowances(folder)
    stages = StageNotes.inherited(notes)
    watch()
    home = os.getpid()
    orders = Waiting(channel, Turns(turns))
    with contextlib.suppress(EOFError, OSError):
        while True:
            number, job = orders.next()
            outcome = run_job(job, baseline, watcher, limits, stages)
            if os.getpid() != home:  # a fork that the trial let come back: the answer is not its to give
                os._exit(1)
            if not job.timed and orphans.any_left():
                outcome = replace(outcome, left=True)
            channel.transmit(as_sent(OrderResult(number, outcome, _written())))
            while outcome.spoils:
                channel.receive()  # until the parent, which replaces this worker, closes the connection


class Waiting:
    """The orders of this process that have not begun."""

    def __init__(self, channel: Channel, turns: Turns) -> None:
        self._channel = channel
        self._turns = turns
        self._jobs: dict[int, Job] = {}

    def next(self) -> tuple[int, Job]:
        """The order to begin, with its number; waits for one. Raises EOFError or OSError at the end."""
        while (number := self._turns.take()) is None:
            self._jobs.clear()  # they were taken back
            self._receive()
        while number not in self._jobs:  # turns are put before their orders are sent
            self._receive()
        return number, self._jobs.pop(number)

    def _receive(self) -> None:
        orders = self._channel.receive()
        assert isinstance(orders, Orders)
        self._channel.transmit(Started(os.getpid()))
        self._jobs.update(enumerate(orders.jobs, orders.first))


def run_job(
    job: Job,
    baseline: frozenset[str],
    watcher: Watcher | None = None,
    limits: Allowances | None = None,
    stage_notes: StageNotes | None = None,
) -> JobResult:
    """Run a job. Whatever it raises becomes an outcome with errors."""
    watcher = watcher or Watcher()
    watcher.begin(job.declared)
    stages: list[StageReport] = []
    used: set[str] = set()
    before = list(sys.modules)
    start = time.perf_counter()
    notes = TrialNotes()
    imported: tuple[str, ...] = ()
    results: list[TrialResult] = []
    of_seeds: list[list[StageReport]] | None = None
    error = raised = trace = ""
    stages_of_call = noted_stages(stage_notes) if stage_notes else collect_stages()
    try:
        with noticed() as notes, watching_imports(watcher) as used, stages_of_call as stages:
            declaration = _declaration(job.first.experiment)
            if len(sys.modules) > len(before):
                imported = watcher.imported()
            each_alone = job.block > 1 and not declaration.block
            if each_alone:
                results = call_abreast(declaration, job, stages)
            else:
                returned = call(declaration, job.trials, job.stages)
        if not each_alone:
            each, error = by_seed(declaration, returned, job.seeds, stages)
            raised = error and f"returned: {error}"
            results = [_sorted(declaration, numbers, reports, job.stages) for numbers, reports in each]
            of_seeds = [reports for _, reports in each] if results else None
    except NotCovered as lacking:
        results = [_not_covered(declaration, job.stages, lacking)] * len(job.trials)
    except (KeyboardInterrupt, SystemExit, Exception) as exception:
        error, raised, trace = described_error(exception)
    seconds = (time.perf_counter() - start) / len(job.trials)
    if error:
        results = [_result({}, {}, error, raised, trace) for _ in job.trials]
    undeclared = _undeclared(job, used, before, baseline)
    uses, installed = _uses(job, notes, limits, undeclared)
    if of_seeds is None:
        of_seeds = [of_seed(stages, seed, len(job.trials)) for seed in job.seeds]
    return JobResult(
        tuple(
            [
                altered(result, seconds=seconds, stages=_stages(reports))
                for result, reports in zip(results, of_seeds, strict=True)
            ]
        ),
        broken=bool(error),
        device=_device(),
        undeclared=tuple(sorted(undeclared)),
        uses=uses,
        installed=installed,
        traces=watcher.traces(imported, timed=job.timed),
    )


_found: dict[str, tuple[ModuleType, dict[str, object], Declaration]] = {}


def _declaration(run: str) -> Declaration:
    """As `find`, which imports; what it found is found again as long as its module and function are there."""
    known = _found.get(run)
    if known is not None:
        module, functions, declaration = known
        names = vars(module)
        if sys.modules.get(module.__name__) is module and all(
            names.get(name) is function for name, function in functions.items()
        ):
            return declaration
    declaration = find(run)
    module = sys.modules[module_of(run)]
    functions = {
        name: item
        for name, item in vars(module).items()
        if getattr(item, "__harness_declaration__", None) is declaration
    }
    _found[run] = module, functions, declaration
    return declaration


def _undeclared(job: Job, used: set[str], before: Sequence[str], baseline: frozenset[str]) -> set[str]:
    """The modules of source that the trial used or loaded, and that neither its closure nor a new worker has.

    `before` lists what was loaded. Most trials load nothing: lists tell that in a tenth of the time of sets.
    """
    loaded = list(sys.modules)
    names = used if loaded == before else used | (set(loaded) - set(before))
    names = names - job.declared - baseline
    return loaded_sources(names) if names else set()


def call_abreast(declaration: Declaration, job: Job, stages: list[StageReport]) -> list[TrialResult]:
    """What the experiment's function gives for each seed of a block, where it finds the others (`beside`).

    A seed that raises fails alone. What one computes for all counts, in `stages`, for all alike.
    """
    results: list[TrialResult] = []
    reports: list[list[StageReport]] = []
    with abreast(job.seeds):
        for trial in job.trials:
            with collect_stages() as own:
                try:
                    returned = call(declaration, [trial], job.stages)
                    results.append(_sorted(declaration, returned, own, job.stages))
                except NotCovered as lacking:
                    results.append(_not_covered(declaration, job.stages, lacking))
                except Exception as exception:
                    results.append(_result({}, {}, *described_error(exception)))
            reports.append(own)
    spent: dict[str, list[float]] = {}
    for report in (report for own in reports for report in own):
        spent.setdefault(report.name, []).append(report.seconds)
    for seed, own in zip(job.seeds, reports, strict=True):
        for report in own:
            report.seconds = sum(spent[report.name]) / len(spent[report.name])
            stages.append(SeedReport(**vars(report), seed=seed))
    return results


def _sorted(
    declaration: Declaration, returned: object, reports: list[StageReport], wanted: frozenset[str]
) -> TrialResult:
    values, missing, wrong = sort_out(declaration, returned, reports, wanted)
    return _result(values, missing, wrong, wrong and f"returned: {wrong}")


def _result(
    values: Mapping[str, float], missing: Mapping[str, Missing], error: str, raised: str, trace: str = ""
) -> TrialResult:
    if error:
        return TrialResult("error", error=shortened(error), raised=raised, trace=shortened(trace))
    cut = {name: replace(each, reason=shortened(each.reason)) for name, each in missing.items()}
    return TrialResult("ok", values, cut)


def _not_covered(declaration: Declaration, stages: frozenset[str], lacking: NotCovered) -> TrialResult:
    """The result of a trial that is not covered as a whole: no wanted quantity has a number."""
    reason = Missing("not-covered", "", str(lacking) or "the experiment raised NotCovered")
    names = (name for name in declaration.quantities if declaration.stage_of(name) in stages)
    return _result({}, dict.fromkeys(names, reason), "", "")


def _stages(reports: Sequence[StageReport]) -> tuple[Stage, ...]:
    return tuple(Stage(r.name, r.seconds, shortened(r.failure), r.fixed) for r in reports)


def _uses(
    job: Job, notes: TrialNotes, limits: Allowances | None, undeclared: Iterable[str]
) -> tuple[tuple[FileUse, ...], tuple[str, ...]]:
    """What the trial used and may not, and what it used of site-packages. `undeclared` modules are left out:
    they are told of by name."""
    if job.readable is None or limits is None or not notes.used:
        return (), ()
    modules = (getattr(sys.modules.get(name), "__file__", None) for name in undeclared)
    return limits.undeclared(notes, job.readable | {os.path.realpath(file) for file in modules if file})


def described_error(exception: BaseException) -> tuple[str, str, str]:
    """What a trial raised: on one line; what and where, to tell like from unlike; and the traceback, which
    begins where the experiment was called. Of a library that is not installed, the command that brings it."""
    if lacking := missing_library(exception):
        return lacking, lacking, ""
    trace = exception.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    lines = traceback.format_exception(type(exception), exception, trace, limit=-FRAMES)
    where = f"{type(exception).__qualname__} at {innermost(exception)}"
    return one_line(exception), where, "".join(lines).strip()


def call(declaration: Declaration, trials: Sequence[Trial], stages: frozenset[str] = WHOLE) -> object:
    """What the experiment's function returns for the trials, which are one where it takes one seed, and for
    the stages, where it takes these."""
    arguments: dict[str, Any] = dict(trials[0].arguments())
    if declaration.takes_stages:
        arguments["stages"] = stages
    if declaration.block:
        return declaration.function(seeds=tuple(trial.seed for trial in trials), **arguments)
    (trial,) = trials
    return declaration.function(seed=trial.seed, **arguments)


def by_seed(
    declaration: Declaration, returned: object, seeds: Sequence[int], stages: Sequence[StageReport]
) -> tuple[list[tuple[object, list[StageReport]]], str]:
    """What was returned for each seed, with its stages, and what is wrong with it as a whole ('' if nothing).

    What stands in the place of a seed that did not reach the quantity's stage, as it failed before, is left
    out.
    """
    count = len(seeds)
    alone = count == 1 and not any(isinstance(report, SeedReport) for report in stages)
    reports = [list(stages)] if alone else [of_seed(stages, seed, count) for seed in seeds]
    if not declaration.block or not isinstance(returned, Mapping):
        return [(returned, each) for each in reports], ""
    columns: dict[str, Sequence[object]] = {}
    for name, given in returned.items():
        column = given.tolist() if hasattr(given, "tolist") else given  # an array of some library
        if isinstance(column, str) or not isinstance(column, Sequence):
            found = f"a {type(given).__name__}"
        elif len(column) != count:
            found = str(len(column))
        else:
            columns[name] = column
            continue
        return [], f"quantity {name!r}: expected a number for each of {count} seeds, found {found}"
    by_place: list[tuple[object, list[StageReport]]] = []
    for place, each in enumerate(reports):
        reached, failed = {report.name for report in each}, any(not report.ok for report in each)
        stage_of = {name: quantity.stage for name, quantity in declaration.quantities.items()}
        numbers = {
            name: column[place]
            for name, column in columns.items()
            if not failed or stage_of.get(name, "") in {"", *reached}
        }
        by_place.append((numbers, each))
    return by_place, ""


def sort_out(
    declaration: Declaration, returned: object, stages: list[StageReport], wanted: frozenset[str] = WHOLE
) -> tuple[dict[str, float], dict[str, Missing], str]:
    """Numbers, why others are missing, and what is wrong with what was returned ('' if nothing).

    A quantity may be missing only where its stage failed, or was not reached because another failed. Those of
    a stage that was not wanted are absent, unless all of them are there.
    """
    if not isinstance(returned, Mapping):
        return {}, {}, f"expected a dict of quantities, the experiment returned a {type(returned).__name__}"
    failures = {report.name: report.missing for report in stages if report.missing}
    reached = {report.name for report in stages}
    values: dict[str, float] = {}
    missing: dict[str, Missing] = {}
    wrong = []
    there = failures.keys() | {
        stage
        for stage, names in declaration.stages.items()
        if stage in wanted or returned.keys() >= set(names)
    }
    for name, quantity in declaration.quantities.items():
        if declaration.stage_of(name) not in there:
            continue
        number: object = returned.get(name)
        if type(number) is float and not failures:
            values[name] = number
        elif quantity.stage in failures:
            missing[name] = failures[quantity.stage]
        elif name not in returned and failures and quantity.stage and quantity.stage not in reached:
            first = next(iter(failures.values()))
            missing[name] = Missing("failed", quantity.stage, f"not reached, after {first}")
        elif name not in returned:
            wrong.append(f"declared quantity {name!r} is missing, and its stage did not fail")
        elif isinstance(number, bool) or not isinstance(number, numbers.Real):
            wrong.append(f"quantity {name!r}: expected a float, found a {type(number).__name__}")
        else:
            values[name] = float(number)
    wrong += [f"quantity {name!r} is not declared" for name in returned if name not in declaration.quantities]
    return values, missing, "; ".join(wrong)


def _device() -> str:
    """The kind of device that JAX computes on, where the trial has imported JAX."""
    jax = sys.modules.get("jax")
    if jax is None:
        return ""
    try:
        return str(jax.devices()[0].device_kind)
    except Exception as error:  # a library's own affair: it must not cost the trial
        return f"unknown ({type(error).__name__})"


def _written() -> int:
    """How long this worker's log is, which is written at its end alone; 0 if a trial has closed it."""
    try:
        return os.lseek(2, 0, os.SEEK_END)
    except OSError:
        return 0


def _exit_on_hangup(descriptor: int) -> None:
    """End this process, and those that the trial started, when the parent closes its end or dies."""
    poll = select.poll()
    poll.register(descriptor, 0)
    poll.poll()
    with contextlib.suppress(OSError):
        if os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
    os._exit(1)
