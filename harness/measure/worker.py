"""What runs in a worker process: one trial after another, until the parent closes the connection.

In: a `Job` per message. Out: the text "started", then an `Outcome`, per job. The process is started by
the pool with its environment already set, in a process group of its own; it dies with its parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import numbers
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection

from harness.declare import Declaration, collect_stages, find
from harness.declare.stages import StageReport
from harness.measure.imports import loaded_sources, watching_imports
from harness.measure.records import Job, Outcome, Stage
from harness.plan.records import Trial
from harness.text import shortened

FRAMES = 6
"""How many frames of a traceback are worth showing."""


def main(descriptor: int, parent: int, follow: bool) -> None:
    """Serve jobs that arrive on the socket `descriptor`. `parent` is the process to die with; `follow`
    says that it was its main thread that started us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.set_inheritable(descriptor, False)
    if follow:
        _die_with_parent(parent)
    threading.Thread(target=_exit_on_hangup, args=(descriptor,), daemon=True).start()
    connection = Connection(descriptor)
    baseline = frozenset(loaded_sources(list(sys.modules)))
    home = os.getpid()
    while True:
        try:
            job = connection.recv()
        except (EOFError, OSError):
            return
        connection.send("started")
        outcome = run_job(job, baseline)
        if os.getpid() != home:  # a fork that the trial let come back: the answer is not its to give
            os._exit(1)
        connection.send(outcome)


def run_job(job: Job, baseline: frozenset[str]) -> Outcome:
    """Run a trial. Whatever it raises becomes an outcome with an error."""
    stages: list[StageReport] = []
    used: set[str] = set()
    before = set(sys.modules)
    start = time.perf_counter()
    values: dict[str, float] = {}
    missing: dict[str, str] = {}
    error = ""
    try:
        with watching_imports() as used, collect_stages() as stages:
            declaration = find(job.trial.run)
            returned = call(declaration, job.trial)
        values, missing, error = sort_out(declaration, returned, stages)
    except (KeyboardInterrupt, SystemExit, Exception) as exception:
        error = "".join(traceback.format_exception(exception, limit=-FRAMES)).strip()
    seconds = time.perf_counter() - start
    undeclared = loaded_sources(used | (set(sys.modules) - before))
    return Outcome(
        status="error" if error else "ok",
        values={} if error else values,
        missing={} if error else {name: shortened(reason) for name, reason in missing.items()},
        stages=tuple(Stage(r.name, r.seconds, shortened(r.failure), r.fixed) for r in stages),
        error=shortened(error),
        seconds=seconds,
        device=_device(),
        undeclared=tuple(sorted(undeclared - job.declared - baseline)),
    )


def call(declaration: Declaration, trial: Trial) -> object:
    """What the experiment's function returns for the trial."""
    return declaration.function(seed=trial.seed, **trial.arguments())


def sort_out(
    declaration: Declaration, returned: object, stages: list[StageReport]
) -> tuple[dict[str, float], dict[str, str], str]:
    """Numbers, reasons for those that are missing, and what is wrong with what was returned ('' if nothing).

    A quantity may be missing only where its stage failed, or was not reached because another failed.
    """
    if not isinstance(returned, Mapping):
        return {}, {}, f"expected a dict of quantities, the experiment returned a {type(returned).__name__}"
    failures = {report.name: report.reason for report in stages if not report.ok}
    reached = {report.name for report in stages}
    values: dict[str, float] = {}
    missing: dict[str, str] = {}
    wrong = []
    for name, quantity in declaration.quantities.items():
        number: object = returned.get(name)
        if quantity.stage in failures:
            missing[name] = failures[quantity.stage]
        elif name not in returned and failures and quantity.stage and quantity.stage not in reached:
            missing[name] = f"{quantity.stage}: not reached, after {next(iter(failures.values()))}"
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


def _die_with_parent(parent: int) -> None:
    """On Linux the kernel kills us when the thread that started us ends, even while C code runs."""
    if not sys.platform.startswith("linux"):
        return
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG, see prctl(2)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(set_parent_death_signal, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)


def _exit_on_hangup(descriptor: int) -> None:
    """End this process, and those that the trial started, when the parent closes its end or dies."""
    poll = select.poll()
    poll.register(descriptor, 0)
    poll.poll()
    with contextlib.suppress(OSError):
        if os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
    os._exit(1)
