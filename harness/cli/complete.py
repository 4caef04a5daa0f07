"""What the shell may complete: suites and their ids, names of experiments and models, records.

Nothing that a suite names is imported. A file that cannot be read completes to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

FILES = CompletionItem("", type="file")
"""Asks the shell for the names of files."""


def complete_targets(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """`FILE`, `@NAME`, and `FILE::ID`: claims and instances of the file.

    bash takes `::` for a word of its own by default: what follows it is then completed.
    """
    before = context.params.get(parameter.name or "") or ()
    words = [before] if isinstance(before, str) else list(before)
    file, separator, begun = incomplete.partition("::")
    if separator:
        own = file or (words[-1] if words else "")
        return _items((f"{file}::{name}" for name in _ids(own)), incomplete)
    if len(words) > 1 and words[-1] == "::":
        return _items(_ids(words[-2]), incomplete)
    return [*_items(_suites(), incomplete), *([] if begun or incomplete.startswith("@") else [FILES])]


def complete_experiments(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of experiments, benchmarks and models of this package; of a file also its ids."""
    from harness.declare import benchmark_names, experiment_names, model_names

    if "::" in incomplete or incomplete.startswith("@"):
        return complete_targets(context, parameter, incomplete)
    names = [*experiment_names(), *benchmark_names(), *model_names()]
    return [*_items(names, incomplete), *([FILES] if parameter.name == "what" else [])]


def complete_records(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Files, and `@NAME` of a record that was published with this package."""
    from harness.shipped import UnknownSuiteError, record_names

    try:
        names = [f"@{name}" for name in record_names()]
    except UnknownSuiteError:
        names = []
    return [*_items(names, incomplete), *([] if incomplete.startswith("@") else [FILES])]


def _suites() -> list[str]:
    from harness.shipped import UnknownSuiteError, suite_names

    try:
        return [f"@{name}" for name in suite_names()]
    except UnknownSuiteError:
        return []


def _ids(file: str) -> list[str]:
    """The claims of a suite, then its instances."""
    from harness.errors import UserError
    from harness.suite import load

    try:
        suite = load(file)
    except (UserError, OSError, ValueError):
        return []
    return list(dict.fromkeys([*suite.claims, *(instance.local_id for instance in suite.instances)]))


def _items(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
