"""The pytest plugin: `pytest suites/issues.toml` collects each instance of a claim as a test.

It looks at a TOML file only where the command line names it or its folder, or the ini option `harness_suites`
matches it.
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

from harness.pytest_plugin.keys import AGAINST, LABORATORY

if TYPE_CHECKING:
    from harness.pytest_plugin.items import SuiteFile

SUITES: pytest.StashKey[frozenset[Path]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; `addopts` may hold them as well."""
    group = parser.getgroup("harness", "harness: claims in suite files")
    group.addoption(
        "--harness-suite",
        metavar="NAME",
        action="append",
        default=[],
        help="Collect a suite that comes with harness, as if its file were named: kernels for what"
        " `harness run` calls @kernels (repeatable). pytest itself reads @NAME as a file of arguments.",
    )
    group.addoption(
        "--harness-store",
        metavar="PATH",
        help="The file of measured trials (default: HARNESS_STORE, or .harness/store.sqlite).",
    )
    group.addoption(
        "--harness-seeds",
        metavar="N",
        type=int,
        help="A budget that replaces the claims': 14, 21, 32, 48, 72, 108, 162 or 243.",
    )
    group.addoption(
        "--harness-first-seed",
        metavar="N",
        type=int,
        help="Begin at this seed instead of the first that a claim has not explored.",
    )
    group.addoption(
        "--harness-against",
        metavar="REF",
        action="append",
        default=[],
        help="Exit with 1 if something differs from REF: a record (a folder; @NAME), or a commit"
        " (repeatable). A claim fails by that, and not by what is unexpected.",
    )
    group.addoption(
        "--harness-within",
        metavar="MARGIN",
        action="append",
        default=[],
        help="How far quantities may differ from REF: 5%% (default) for ratios, 0.01 for differences"
        " (repeatable).",
    )
    group.addoption(
        "--harness-confirm",
        action="store_true",
        default=None,
        help="Measure unexpected verdicts again, on fresh seeds; only confirmed ones fail the run.",
    )
    group.addoption(
        "--harness-workers",
        metavar="N",
        type=int,
        help="Worker processes that measure (default: one per core; one per process of pytest-xdist).",
    )
    group.addoption(
        "--harness-workers-per-device",
        metavar="N",
        type=int,
        help="Workers that share an accelerator (default: 4), if there is one.",
    )
    group.addoption(
        "--harness-block",
        metavar="N",
        help="Seeds of a point to compute abreast, in one program; 1: one by one, auto: as fits the device.",
    )
    group.addoption(
        "--harness-memory-limit",
        metavar="SIZE",
        help="End a trial that takes more memory, as in 4GiB; replaces the claims' own limits.",
    )
    group.addoption(
        "--harness-override",
        "--harness-with",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="A value that replaces the suite's for a parameter (repeatable), e.g."
        " subject=my.module:kernel. Old spelling: --harness-with.",
    )
    group.addoption(
        "--harness-recheck",
        metavar="SHARE",
        help="Measure this share of the stored trials again, as in 1%%, and compare, for each claim; 'no'"
        " measures no trial twice (default: one trial of each experiment that has not passed yet).",
    )
    parser.addini(
        "harness_suites",
        "Globs, from the root directory, of suites (or folders of them) to collect without being named on the"
        " command line. A glob that matches none is an error.",
        type="args",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Find the files that `harness_suites` matches; refuse options that cannot be meant."""
    _name_shipped(config)
    config.stash[SUITES] = _matched(config) | _in_named_folders(config)
    asked = [value for name, value in vars(config.option).items() if name.startswith("harness_")]
    if any(value not in (None, []) for value in asked):
        from harness.pytest_plugin.settings import options_of

        options_of(config)
    against = config.getoption("harness_against")
    if against:
        from harness.errors import UserError
        from harness.history.against import read_references
        from harness.pytest_plugin.settings import PytestSettings

        try:
            config.stash[AGAINST] = read_references(PytestSettings.of(config).options.against)
        except UserError as error:
            raise pytest.UsageError(f"--harness-against: {error}") from None


def pytest_report_header(config: pytest.Config) -> list[str] | None:
    """The version, in a session that may be about suites, and whether claims are to read explored seeds."""
    named = any(str(argument).partition("::")[0].endswith(".toml") for argument in config.args)
    if not named and not config.stash[SUITES]:
        return None
    from harness import __version__

    return [f"harness: {__version__}", *_explored(config)]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SuiteFile | None:
    """A suite, where the file was asked for; None, without reading it, for any other file."""
    if file_path.suffix != ".toml":
        return None
    if not parent.session.isinitpath(file_path) and file_path.resolve() not in parent.config.stash[SUITES]:
        return None
    from harness.pytest_plugin.items import SuiteFile
    from harness.shipped import packaged_name

    if called := packaged_name(file_path):  # alike, wherever the package is installed
        return SuiteFile.from_parent(parent, path=file_path, nodeid=called)
    return SuiteFile.from_parent(parent, path=file_path)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the workers."""
    laboratory = session.config.stash.get(LABORATORY, None)
    if laboratory is not None:
        laboratory.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """How many claims came out how, if any ran: read from the reports, which xdist's processes send."""
    from harness.shipped import is_name

    outcomes: dict[str, str] = {}
    for category in terminalreporter.stats:
        for report in terminalreporter.getreports(category):
            if isinstance(report, pytest.TestReport):
                outcome = dict(report.user_properties).get("outcome")
                file = report.nodeid.partition("::")[0]
                if outcome and (file.endswith(".toml") or is_name(file)):
                    outcomes[report.nodeid] = str(outcome)
    if not outcomes:
        return
    from harness.pytest_plugin.settings import PytestSettings
    from harness.report.words import few_covered, tally

    files = dict.fromkeys(node_id.partition("::")[0] for node_id in outcomes)
    settings = PytestSettings.of(config)
    command = settings.command(
        *(file if is_name(file) else os.path.relpath(config.rootpath / file) for file in files)
    )
    terminalreporter.section("claims")
    for line in filter(None, (few_covered(list(outcomes.values())), tally(list(outcomes.values())))):
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"Trials are in {settings.shown_store}; a report from them: {command}")


def _name_shipped(config: pytest.Config) -> None:
    """Put the files of `--harness-suite` among what the command line names."""
    asked = config.getoption("harness_suite")
    if not asked or hasattr(config, "workerinput"):  # a process of pytest-xdist is given the files
        return
    from harness.errors import UserError
    from harness.shipped import located

    try:
        files = [str(located(f"@{name.removeprefix('@')}")) for name in asked]
    except UserError as error:
        raise pytest.UsageError(f"--harness-suite: {error}") from None
    named = config.args if config.args_source is config.ArgsSource.ARGS else []
    config.args = list(dict.fromkeys([*named, *files]))
    config.args_source = config.ArgsSource.ARGS


def _explored(config: pytest.Config) -> list[str]:
    """A line for each suite whose claims would read explored seeds from the first seed that was asked for."""
    first_seed, seeds = config.getoption("harness_first_seed"), config.getoption("harness_seeds")
    if first_seed is None:
        return []
    from harness.errors import UserError
    from harness.pytest_plugin.words import explored
    from harness.suite import load

    named = [config.invocation_params.dir / str(argument).partition("::")[0] for argument in config.args]
    listed = config.stash[SUITES]
    lines: list[str] = []
    for path in dict.fromkeys([*(p for p in named if p.suffix == ".toml"), *sorted(listed)]):
        try:
            suite = load(path)
        except UserError:  # collecting it says what is wrong
            continue
        if said := explored(suite, first_seed, seeds):
            lines.append(said)
    return list(dict.fromkeys(lines))


def _matched(config: pytest.Config) -> frozenset[Path]:
    """The suites that the globs of `harness_suites` match. A glob without one would be silently green."""
    found: set[Path] = set()
    for glob in config.getini("harness_suites"):
        expected = f"harness_suites: expected a glob of suites from {config.rootpath}, found {glob!r}"
        try:
            matched = list(config.rootpath.glob(glob))
        except (NotImplementedError, ValueError, IndexError) as error:
            raise pytest.UsageError(f"{expected}: {error}") from None
        suites = [suite for path in matched for suite in _suites_at(path)]
        if not suites and not config.getoption("help"):
            why = f"none of the {len(matched)} that it matches is one" if matched else "it matches nothing"
            raise pytest.UsageError(f"{expected}: {why}")
        found.update(suites)
    return frozenset(found)


def _in_named_folders(config: pytest.Config) -> frozenset[Path]:
    """The suites in folders that the command line, or `testpaths`, names.

    The current folder does not count: `pytest .` means all tests, as `pytest` does, and claims take long.
    """
    here = config.invocation_params.dir
    folders = {(here / argument.partition("::")[0]).resolve() for argument in config.args}
    folders.discard(here.resolve())
    return frozenset(suite for folder in folders if folder.is_dir() for suite in _suites_at(folder))


def _suites_at(path: Path) -> list[Path]:
    """A suite, or those in a folder; nothing of any other file."""
    from harness.folders import is_suite, suites_in

    if path.is_dir():
        return [suite.resolve() for suite in suites_in(path)]
    return [path.resolve()] if path.suffix == ".toml" and is_suite(path) else []
