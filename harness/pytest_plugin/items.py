"""A suite file as a pytest module; an instance of a claim, or a benchmark at a point, as its function.

Documented classes only: a `pytest.Module` that yields `pytest.Function` items with `callobj=`, so that the
fixtures of a conftest apply to them.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import types
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from harness.campaign import Result
from harness.errors import UserError
from harness.history.against import hold
from harness.judge import FAILING
from harness.measure.holders import log
from harness.pytest_plugin.item import SuiteItem
from harness.pytest_plugin.keys import AGAINST, LABORATORY, NAMES
from harness.pytest_plugin.settings import PytestSettings
from harness.pytest_plugin.shared import SharedLaboratory
from harness.pytest_plugin.timings import Timing
from harness.pytest_plugin.words import explanation, properties, safe
from harness.report.build import instance_record
from harness.report.compared import comparison_kind
from harness.report.comparisons import comparison_said
from harness.report.confirmed import confirmation_record, is_dismissed, notes_on
from harness.report.findings import why_not_covered
from harness.report.record import ComparisonRecord, InstanceRecord
from harness.shipped import packaged_name
from harness.suite import Instance, Suite, load
from harness.suite.names import namesakes
from harness.targets import make_local_modules_importable

ACTING = frozenset({"filterwarnings", "parametrize", "skip", "skipif", "usefixtures", "xdist_group", "xfail"})
"""Marks that do something in pytest. In a suite they are names like any other, so they are only keywords."""


_OPENING = threading.Lock()
"""So that threads that run claims share one laboratory."""


class HarnessWarning(pytest.PytestWarning):
    """Something that a record would carry as a note, such as a trial that could not be stored."""


class ClaimFailedError(AssertionError):
    """An outcome that fails; the text says why, is safe to print, and is all that is shown."""


class SuiteFile(pytest.Module):
    """A suite: collects its instances, or fails with every mistake in it."""

    def _getobj(self) -> types.ModuleType:
        """What `request.module` gives; the file itself is no Python."""
        return types.ModuleType(self.path.stem)

    def collect(self) -> Iterator[ClaimItem | Timing]:
        """An item per instance, then one per benchmark and point, in the order of the file."""
        make_local_modules_importable()
        here = Path.cwd()
        path = self.path.relative_to(here) if self.path.is_relative_to(here) else self.path
        if called := packaged_name(self.path):
            path = Path(called)
        try:
            suite = load(path, imports=True, overrides=PytestSettings.of(self.config).options.overrides)
            against = self.config.stash.get(AGAINST, None)
            if against is not None and against.published is not None:
                against.published.check({suite.name: suite.overrides})
        except UserError as error:
            raise self.CollectError(safe(str(error))) from None
        other = self.config.stash.setdefault(NAMES, {}).setdefault(suite.name, path)
        if other != path:
            raise self.CollectError(safe(namesakes(suite.name, other, path)))
        self.obj.__doc__ = safe(suite.title)
        for instance in suite.instances:
            yield ClaimItem.from_parent(self, name=instance.local_id, suite=suite, instance=instance)
        for benchmark in suite.benchmarks.values():
            for values in itertools.product(*(axis.values for axis in benchmark.axes.values())):
                yield Timing.of(self, benchmark, values)


class ClaimItem(SuiteItem):
    """An instance: measures what it needs and fails where its outcome does."""

    def __init__(self, *, suite: Suite, instance: Instance, **how: Any) -> None:
        def claim() -> None:
            self._check()

        claim.__doc__ = safe(instance.says)  # shown by --collect-only -v
        super().__init__(callobj=claim, **how)
        self._suite, self._judged = suite, instance
        self.extra_keyword_matches.update(f"{axis}:{label}" for axis, label in instance.point)
        for mark in instance.marks:
            self._mark(mark)
        if self.config.pluginmanager.hasplugin("xdist"):
            group = f"{suite.name}/{instance.claim.experiment.id}"
            self.add_marker(pytest.mark.xdist_group(name=group))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What the user can read and mend without a traceback; a fault of this program with one."""
        error = excinfo.value
        if isinstance(error, (ClaimFailedError, UserError)) and not self.config.getoption("fulltrace"):
            return str(error) if isinstance(error, ClaimFailedError) else safe(str(error))
        return super().repr_failure(excinfo)

    def _mark(self, mark: str) -> None:
        if mark in ACTING or mark.startswith("_"):  # pytest has no marks that begin with one
            self.extra_keyword_matches.add(mark)
            return
        known = {line.partition(":")[0].partition("(")[0].strip() for line in self.config.getini("markers")}
        if mark not in known:  # so that --strict-markers, a check for typos in Python files, lets it pass
            self.config.addinivalue_line("markers", f"{mark}: a mark of claims in suites")
        self.add_marker(mark)

    def _check(self) -> None:
        found = self._laboratory().judge(self._suite, self._judged)
        record = self._confirmed(self._record(found.result))
        self.user_properties.extend(properties(record))
        differs = self._differs(record, found.comparisons)
        if record.outcome == "not-covered" and not differs:
            pytest.skip(safe(why_not_covered(record)))
        if is_dismissed(record) and not differs:
            (said,) = notes_on([record])
            warnings.warn(HarnessWarning(safe(said)), stacklevel=2)
            return
        if record.outcome in FAILING if differs is None else differs:
            command = self._laboratory().settings.command(f"{self._suite.path}::{self._judged.local_id}")
            raise ClaimFailedError(explanation(record, command, differs or ""))

    def _differs(self, record: InstanceRecord, comparisons: Sequence[ComparisonRecord]) -> str | None:
        """How it differs from what it is held against, '' where it does not; None if it is judged by what
        is expected."""
        against = self.config.stash.get(AGAINST, None)
        if against is None:
            return None
        said = []
        if against.published is not None:
            held = hold(record, against.published.instances.get(record.id))
            said += [f"not as published: {held.says}"] if held.kind == "differs" else []
        said += [
            f"not as in {each.baseline}: {each.quantity} is {comparison_said(each)}"
            for each in comparisons
            if comparison_kind(each) == "differs"
        ]
        return "; ".join(said)

    def _confirmed(self, record: InstanceRecord) -> InstanceRecord:
        """The record of an unexpected verdict with a second one beside it, where that is asked for."""
        laboratory = self._laboratory()
        if record.outcome != "unexpected" or not laboratory.settings.options.confirm:
            return record
        first_seed, result = laboratory.judge_again(self._suite, self._judged)
        return replace(record, confirmation=confirmation_record(first_seed, self._record(result)))

    def _record(self, result: Result) -> InstanceRecord:
        for note in result.notes:
            warnings.warn(HarnessWarning(safe(note)), stacklevel=2)
        (finding,) = result.findings
        return instance_record(finding, self._suite, result)

    def _laboratory(self) -> SharedLaboratory:
        with _OPENING:
            if LABORATORY not in self.config.stash:
                settings, alone = PytestSettings.of(self.config), not hasattr(self.config, "workerinput")
                laboratory = SharedLaboratory(settings, self.say, self._collected(), foresees=alone)
                self.config.stash[LABORATORY] = laboratory
            return self.config.stash[LABORATORY]

    def _collected(self) -> list[Instance]:
        """The instances that this process may judge."""
        return [item._judged for item in self.session.items if isinstance(item, ClaimItem)]

    def say(self, text: str) -> None:
        """Show a line now, past what captures output: a wait without a word looks like a hang."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        capture = self.config.pluginmanager.get_plugin("capturemanager")
        if reporter is None:  # a process of pytest-xdist
            log(text)
            return
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            reporter.ensure_newline()
            reporter.write_line(safe(text))
