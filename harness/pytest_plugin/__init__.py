"""The pytest plugin: `pytest suites/issues.toml` collects each instance of a claim as a test.

It looks at a TOML file only where the command line names it, or the ini option `harness_suites` matches it.
What is not in this file is imported when the first suite is collected: pytest loads it in every run, also
in those of people who have no suites. See docs/pytest.md.

In: suite files. Out: an item per instance, which passes unless its outcome is one of
`harness.judge.FAILING`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.items import SuiteFile
    from harness.pytest_plugin.shared import SharedLaboratory

LABORATORY: pytest.StashKey[SharedLaboratory] = pytest.StashKey()
SUITES: pytest.StashKey[frozenset[Path]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; `addopts` may hold them as well."""
    group = parser.getgroup("harness", "harness: claims in suite files")
    group.addoption(
        "--harness-store",
        metavar="PATH",
        help="Where measured trials are kept (default: HARNESS_STORE, or .harness/store.sqlite).",
    )
    group.addoption(
        "--harness-seeds",
        metavar="N",
        type=int,
        help="Another budget of seeds: 6, 9, 14, 21, 32, 48, 72 or 108 (default: the claims' own).",
    )
    group.addoption(
        "--harness-workers",
        metavar="N",
        type=int,
        help="Worker processes that measure (default: one per core; one per process of pytest-xdist).",
    )
    group.addoption(
        "--harness-with",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="A parameter's value in place of the one that suites state, e.g. subject=my.module:kernel.",
    )
    parser.addini(
        "harness_suites",
        "Globs, from the root directory, of suite files to collect without being named on the command line.",
        type="args",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Find the files that `harness_suites` matches; refuse options that cannot be meant."""
    config.stash[SUITES] = _suites(config)
    workers, seeds = config.getoption("harness_workers"), config.getoption("harness_seeds")
    if workers is not None and workers < 1:
        raise pytest.UsageError(f"--harness-workers: expected at least 1, found {workers}")
    if seeds is not None:
        from harness.suite import LOOKS

        if seeds not in LOOKS:
            expected = ", ".join(map(str, LOOKS))
            raise pytest.UsageError(f"--harness-seeds: expected one of {expected}, found {seeds}")
    for assignment in config.getoption("harness_with"):
        if "=" not in assignment:
            raise pytest.UsageError(f"--harness-with: expected NAME=VALUE, found {assignment!r}")


def pytest_report_header(config: pytest.Config) -> str | None:
    """The version, in a session that may be about suites."""
    named = any(str(argument).partition("::")[0].endswith(".toml") for argument in config.args)
    if not named and not config.stash[SUITES]:
        return None
    from harness import __version__

    return f"harness: {__version__}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SuiteFile | None:
    """A suite, where the file was asked for; None, without reading it, for any other file."""
    if file_path.suffix != ".toml":
        return None
    if not parent.session.isinitpath(file_path) and file_path.resolve() not in parent.config.stash[SUITES]:
        return None
    from harness.pytest_plugin.items import SuiteFile

    return SuiteFile.from_parent(parent, path=file_path)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the workers."""
    laboratory = session.config.stash.get(LABORATORY, None)
    if laboratory is not None:
        laboratory.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """How many claims came out how, if any ran: read from the reports, which xdist's processes send."""
    outcomes: dict[str, str] = {}
    for category in terminalreporter.stats:
        for report in terminalreporter.getreports(category):
            if isinstance(report, pytest.TestReport):
                outcome = dict(report.user_properties).get("outcome")
                if outcome and report.nodeid.partition("::")[0].endswith(".toml"):
                    outcomes[report.nodeid] = str(outcome)
    if not outcomes:
        return
    from harness.pytest_plugin.settings import Settings
    from harness.report.words import tally

    files = dict.fromkeys(config.rootpath / node_id.partition("::")[0] for node_id in outcomes)
    settings = Settings.of(config)
    command = settings.command(*(os.path.relpath(file) for file in files))
    terminalreporter.section("claims")
    terminalreporter.write_line(tally(list(outcomes.values())))
    terminalreporter.write_line(f"Trials are in {settings.shown_store}; a report from them: {command}")


def _suites(config: pytest.Config) -> frozenset[Path]:
    found: set[Path] = set()
    for glob in config.getini("harness_suites"):
        try:
            found.update(path.resolve() for path in config.rootpath.glob(glob))
        except (NotImplementedError, ValueError) as error:
            problem = f"harness_suites: expected a glob from {config.rootpath}, found {glob!r}: {error}"
            raise pytest.UsageError(problem) from None
    return frozenset(found)
