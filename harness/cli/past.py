"""Commands about many runs: history, diff, bisect."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.complete import complete_targets
from harness.cli.options import (
    end_with_nothing_selected,
    going_on,
    history_option,
    keyword_option,
    machine_option,
    painter,
    run_option,
    run_options,
)
from harness.cli.say import echo, note
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.history.bisect import Bisection, Step, When
    from harness.options import RunOptions


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@keyword_option
@run_option("overrides")
@history_option
@machine_option
@run_option("track")
@click.option(
    "--last", type=click.IntRange(min=1), default=20, show_default=True, help="Show only the last commits."
)
@click.option("--all", "everything", is_flag=True, help="Show all commits.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write Markdown instead of printing.")
def history(
    ids: Sequence[str],
    keyword: str,
    overrides: Sequence[str],
    history: Path,
    machine: str,
    track: Path | None,
    last: int,
    everything: bool,
    markdown: Path | None,
) -> None:
    """Show claims × commits: verdicts, distances from the claim, and what changed when.

    ID is the id of an instance or of a claim (SUITE/CLAIM), or the name, file or @NAME of a suite. Without an
    ID, it shows all instances. The distance is in units of the margin: it is at most 1 if the estimate
    satisfies the claim.
    """
    from harness.history import Chosen, past
    from harness.history.text import history_markdown, history_text
    from harness.history.timeline import timeline
    from harness.history.wanted import wanted
    from harness.report import write_whole

    chosen = Chosen(history, track or Path(), _overrides(overrides), machine, track is not None)
    found = past(chosen, last=None if everything else last)
    for problem in found.problems:
        note(f"note: {problem}")
    if not found.states:
        raise _nothing_in(history)
    those = wanted(ids, keyword, found)
    if not those:
        end_with_nothing_selected()
    line = timeline(found.states, those.__contains__)
    if markdown is not None:
        write_whole(markdown, history_markdown(line).encode())
    else:
        echo(history_text(line, painter()), nl=False)


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B", default="HEAD")
@run_option("overrides")
@history_option
@machine_option
@run_option("track")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also write Markdown.")
@click.option("--html", type=click.Path(path_type=Path), help="Also write a page of HTML.")
def diff(
    before: str,
    after: str,
    overrides: Sequence[str],
    history: Path,
    machine: str,
    track: Path | None,
    markdown: Path | None,
    html: Path | None,
) -> None:
    """Show what changed between two records or commits.

    A and B are files of records, @NAME for a record published with harness, or commits that the history has
    records of. The exit code is 1 if a verdict flipped or weakened, or a boundary moved.
    """
    from harness.history import Chosen, compare, states_of
    from harness.history.text import agreements, diff_markdown, diff_text
    from harness.report import write_whole

    chosen = Chosen(history, track or Path(), _overrides(overrides), machine, track is not None)
    states, problems = states_of((before, after), chosen)
    comparison = compare(*states)
    notes = tuple(dict.fromkeys((*problems, *comparison.notes)))
    for said in notes:
        note(f"note: {said}")
    echo(diff_text(comparison, painter()), nl=False)  # first, even if a file cannot be written
    if markdown is not None:
        write_whole(markdown, diff_markdown(comparison).encode())
    if html is not None:
        from harness.report.html import comparison_page

        write_whole(
            html,
            comparison_page(
                comparison.changes,
                before=comparison.before.short,
                after=comparison.after.short,
                environment=comparison.environment,
                notes=notes,
                agreements=agreements(comparison),
            ).encode(),
        )
    sys.exit(comparison.exit_code)


@click.command()
@click.argument("target", metavar="FILE::ID", shell_complete=complete_targets)
@click.option("--good", required=True, metavar="COMMIT", help="Before the change.")
@click.option("--bad", default="HEAD", show_default=True, metavar="COMMIT", help="After it.")
@click.option(
    "--when",
    type=click.Choice(("verdict", "effect", "error")),
    default="verdict",
    show_default=True,
    help="What changed: the verdict; the effect, whatever the verdict; or whether there is a verdict at all.",
)
@run_options("overrides", "store", "track")
@history_option
@click.option("--this-suite", is_flag=True, help="Use the suite as it is now, not as it was at each commit.")
def bisect(
    target: str,
    good: str,
    bad: str,
    when: When,
    options: RunOptions,
    history: Path,
    this_suite: bool,
) -> None:
    """Find the first commit at which a claim's verdict, or its effect, changed.

    Both ends need a verdict: it refuses a commit at which the claim is an error, unless --when error searches
    for the commit at which it became one.

    It judges each commit from its record, or runs it with its own code in a temporary worktree; your checkout
    stays as it is. With --track PATH the commits are those of that repository, and the suite is today's; so
    for @NAME, a suite of an installed package.
    """
    from harness.history.bisect import Search
    from harness.history.bisect import bisect as search_for
    from harness.shipped import located

    file, separator, id_ = target.partition("::")
    if not separator or not id_:
        raise click.UsageError(f"expected FILE::ID, the id of one instance, found {target!r}")
    search = Search(
        located(file),
        id_,
        good,
        bad,
        when,
        options,
        this_suite=this_suite or options.track is not None,
        history=history,
    )
    with going_on():
        found = search_for(search, on_step=_say)
    echo(_found(found))


def _say(step: Step) -> None:
    from harness.text import printable

    judged = f"{step.instance.verdict} ({step.why})" if step.instance and step.term != "skip" else ""
    judged = judged or f"skipped: {step.why}"
    echo(printable(f"{step.term:5} {step.commit.short} {step.commit.subject}: {judged}"), err=True)


def _found(found: Bisection) -> str:
    from harness.text import printable

    commit = found.after.commit
    if len(found.candidates) > 1:
        names = ", ".join(candidate.short for candidate in found.candidates)
        lines = [f"The first changed commit is one of {names}: those between could not be judged."]
        lines += [f"  {each.short}  {each.subject}: {found.why(each)}" for each in found.candidates]
    else:
        lines = [f"{commit.hash} is the first changed commit"]
        lines += [f"  author  {commit.author}", f"  date    {commit.date}", f"  subject {commit.subject}"]
    if found.before and found.before.instance and found.after.instance:
        lines += [f"  before  {found.before.commit.short}: {found.before.instance.verdict}"]
        lines += [f"  after   {commit.short}: {found.after.instance.verdict}", f"  effect  {found.effects}"]
    return "\n".join(map(printable, lines))


def _overrides(assignments: Sequence[str]) -> dict[str, object] | None:
    from harness.targets import assigned

    return assigned(assignments) if assignments else None


def _nothing_in(folder: Path) -> UserError:
    from harness.history import NoRecordError

    return NoRecordError(f"{folder}: expected records of runs, found none: `harness run` writes them there")
