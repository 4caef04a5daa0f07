"""What `harness check` finds: printed as it goes, then left as annotations and SARIF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.annotate import annotate, annotations_wanted
from harness.cli.say import echo

if TYPE_CHECKING:
    from harness.export.sarif import CheckResult
    from harness.suite import Suite, SuiteError


class CheckLog:
    """Everything that was found in the suites that were checked."""

    def __init__(self) -> None:
        self.failed = False
        self._mistaken: list[SuiteError] = []
        self._others: list[CheckResult] = []

    def mistakes(self, error: SuiteError) -> None:
        """A suite with mistakes."""
        self.failed = True
        self._mistaken.append(error)
        echo(str(error), err=True)

    def namesakes(self, file: str, said: str) -> None:
        """A suite that has the name of another."""
        from harness.export.sarif import CheckResult

        self.failed = True
        self._others.append(CheckResult("namesakes", file, said))
        echo(said, err=True)

    def suite(self, file: str, suite: Suite, *, imported: bool) -> None:
        """A suite that was read: what it has, and what may be better in it."""
        from harness.export.sarif import CheckResult
        from harness.questions import COMPUTED
        from harness.suite.formats import format_advice
        from harness.suite.idle_controls import control_remarks
        from harness.suite.references import named_functions
        from harness.suite.spellings import with_lines

        unseen = sorted({e.run for e in suite.experiments.values() if e.declaration is None})
        unseen += [] if imported else named_functions(suite)
        note = f"; not imported, so not checked: {', '.join(unseen)}" if unseen else ""
        computed = sum(instance.claim.computed for instance in suite.instances)
        some = f" ({computed} {COMPUTED})" if computed else ""
        echo(f"{file}: {len(suite.claims)} claims, {len(suite.instances)} instances{some}{note}")
        if said := format_advice(suite.format):
            self._others.append(CheckResult("older-format", file, said))
            echo(f"{file}: {said}")
        for spelling in with_lines(suite.old_spellings, suite.file):
            self._others.append(CheckResult("old-spelling", file, spelling.says, spelling.line))
            echo(f"{file}:{spelling.line}: {spelling.says}")
        for remark in control_remarks(file, suite):
            self._others.append(CheckResult("control-excludes-nothing", file, remark.says, remark.line))
            echo(remark.describe())

    def leave(self, sarif: Path | None) -> None:
        """Annotate what fails, and write the SARIF log where one is wanted. Raises `OutputError`."""
        if annotations_wanted():
            from harness.export.annotations import Annotation, of_mistakes
            from harness.export.locations import FilePlace, named_file

            found = [each for error in self._mistaken for each in of_mistakes(error)]
            found += [
                Annotation(each.message, "two suites of one name", FilePlace(named_file(each.file)))
                for each in self._others
                if each.rule == "namesakes"
            ]
            annotate(found)
        if sarif is not None:
            from harness.export.sarif import results_of
            from harness.export.sarif import sarif as text
            from harness.report.files import write_whole

            results = [each for error in self._mistaken for each in results_of(error)]
            write_whole(sarif, text([*results, *self._others]).encode())
            echo(f"SARIF: {sarif}")
