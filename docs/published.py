"""Make what is published again from the code as it stands, or say what of it is out of date.

    make published                            # everything that is out of date, in order
    python docs/published.py depth issues     # only these suites, and what is drawn from their records
    python docs/published.py --check          # list what is out of date, and why; 1 if something is

A record is out of date where its suite's file is another one, where an instance is missing, or where the
fingerprint of a trial is another one today: the code, an input or a library that the numbers depend on has
changed. Figures and tables are out of date where a file that they are made from is not the one that
`docs/made.json` names. `--check` measures nothing, but it imports the experiments.

A suite is measured into a temporary file, which replaces the published record when all suites are measured.
An interrupted run publishes the suites that it has finished, and another goes on from the store. Seeds begin
beyond those that formed an expectation, as in any run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import harness
from harness.measure import Laboratory
from harness.report import Record, write_whole
from harness.session import cases_of
from harness.targets import Selected, gather

ROOT = Path(__file__).parents[1]
FOLDER = Path("reports/published")
MADE = Path("docs") / "made.json"
UNPUBLISHED = ("map-device", "network")
"""A suite for a device, and one whose claims are about what the user names."""
MEASURED = "not device"
"""Which claims of a suite are published: those marked `device` are prepared for an accelerator."""
NAMED = 3
"""How many points that differ are named of a record."""


@dataclass(frozen=True)
class Drawn:
    """Files that a script makes from others. Brackets after a name say what part."""

    files: tuple[str, ...]
    command: tuple[str, ...]
    of: tuple[str, ...]

    @property
    def name(self) -> str:
        return ", ".join(self.files)

    def inputs(self) -> dict[str, str]:
        """The digest of each file that it is made from, the script among them; '' where there is none."""
        return {path: digest(ROOT / path) for path in (self.command[0], *self.of)}


ISSUES = "reports/published/issues.json"
DRAWN = (
    Drawn(
        tuple(f"docs/figures/{name}.svg" for name in ("predictions", "layers", "everyday")),
        ("docs/findings.py", ISSUES),
        (ISSUES,),
    ),
    Drawn(
        ("docs/figures/map.svg",),
        ("docs/map_figure.py", "reports/published/map.json"),
        ("reports/published/map.json", "harness/report/html/templates/map.svg"),
    ),
    Drawn(("docs/figures/looks.svg",), ("docs/looks.py",), (ISSUES,)),
    Drawn(
        ("docs/figures/report.png",),
        ("docs/screens.py", ISSUES),
        (
            ISSUES,
            *(f"harness/report/html/templates/{name}" for name in ("page.html", "claims.html", "style.css")),
        ),
    ),
    Drawn(("docs/notebooks/record-to-table.ipynb",), ("docs/notebooks.py",), (ISSUES,)),
    Drawn(("docs/findings.md (claims)",), ("docs/state.py",), (ISSUES,)),
    Drawn(
        ("docs/findings.md (chapters)",),
        ("docs/chapters.py",),
        tuple(
            f"reports/published/{name}.json"
            for name in ("depth", "finite-width", "generalisation", "map", "other-kernels")
        ),
    ),
    Drawn(
        ("docs/figures/catapult.svg", "docs/figures/richness.svg"),
        ("docs/finite_width.py",),
        ("harness/ntk/experiments/scale.py", "harness/ntk/scaled_training.py", "harness/ntk/drawn_points.py"),
    ),
    Drawn(
        ("docs/verdicts.md (predictions of plans)",),
        ("docs/predicted.py",),
        tuple(str(path.relative_to(ROOT)) for path in sorted((ROOT / FOLDER).glob("*.json"))),
    ),
    Drawn(
        ("docs/findings.md (expectations)",),
        ("docs/expectations.py",),
        tuple(f"suites/{name}.toml" for name in ("issues", "derivation", "kernels", "speed")),
    ),
)


def digest(path: Path) -> str:
    """SHA-256 of a file; '' where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def suites() -> list[str]:
    """The suites of which there is a record to publish."""
    return sorted(path.stem for path in (ROOT / "suites").glob("*.toml") if path.stem not in UNPUBLISHED)


def record_reasons(name: str) -> list[str]:
    """Why the record of a suite is out of date; [] where it is not."""
    path = ROOT / FOLDER / f"{name}.json"
    if not path.is_file():
        return ["it has never been published"]
    record = harness.read_record(path)
    selected = gather([str(ROOT / "suites" / f"{name}.toml")], marks=MEASURED)
    (chosen,) = selected
    found = []
    if record.suites[0].sha256 != digest(ROOT / "suites" / f"{name}.toml"):
        found.append("the suite's file is another one")
    lacking = {i.id for i in chosen.instances} - {i.id for i in record.instances}
    if lacking:
        found.append(f"{len(lacking)} instances are not in it, {min(lacking)} among them")
    return found + list(_other_numbers(record, selected))


def _other_numbers(record: Record, selected: Sequence[Selected]) -> Iterator[str]:
    """Points whose first trial would be another one today, or has parameters that the record does not know.

    Of a boundary, the record has only the points that its search visited.
    """
    published = {
        (trials.experiment, _text(trials.params), trials.first_seed): trials.fingerprints[0]
        for instance in record.instances
        for trials in instance.trials
        if trials.fingerprints
    }
    whole = {i.id for i in record.instances if i.trials and i.boundary is None}
    seen: dict[tuple[str, str, int], str] = {}
    with Laboratory(None) as laboratory:
        for case in cases_of(selected):
            for number, question in enumerate((*case.questions, *case.control)):
                measured = case.instance.id in whole and number < len(case.questions)
                for reading in question.effect.readings:
                    trial = reading.trial(question.first_seed)
                    key = (trial.experiment, _text(dict(trial.params)), trial.seed)
                    if key in seen or not (key in published or measured):
                        continue
                    same = key in published and laboratory.fingerprint(trial).startswith(published[key])
                    seen[key] = "" if same else f"{trial.experiment} at {case.instance.id}"
    other = [name for name in seen.values() if name]
    if other:
        more = f" and {len(other) - NAMED} more" if len(other) > NAMED else ""
        named = "; ".join(other[:NAMED])
        yield f"{len(other)} of {len(seen)} points have another fingerprint today: {named}{more}"


def _text(params: object) -> str:
    return json.dumps(params, sort_keys=True, default=list)


def made() -> dict[str, dict[str, str]]:
    """What `made.json` says: by name, the digests of the files that each was made from."""
    path = ROOT / MADE
    return json.loads(path.read_text()) if path.is_file() else {}


def drawn_reasons(drawn: Drawn) -> list[str]:
    """Why what a script makes is out of date."""
    was, now = made().get(drawn.name, {}), drawn.inputs()
    found = [f"{path} is another one" for path in now if was.get(path) != now[path]]
    return found + [
        f"{path} is missing" for path in drawn.files if not (ROOT / path.partition(" ")[0]).is_file()
    ]


def check(wanted: Sequence[str]) -> int:
    """Print what is out of date; the exit code."""
    old = 0
    for name in wanted:
        old += _say(str(FOLDER / f"{name}.json"), record_reasons(name))
    for drawn in DRAWN:
        old += _say(drawn.name, drawn_reasons(drawn))
    print(f"{old} of {len(wanted) + len(DRAWN)} are out of date.")
    return int(old > 0)


def _say(name: str, reasons: Sequence[str]) -> bool:
    if reasons:
        print(f"{name}: {'; '.join(reasons)}", flush=True)
    return bool(reasons)


def publish(wanted: Sequence[str]) -> int:
    """Measure the suites whose record is out of date, and draw again what follows; the exit code."""
    measured: list[Path] = []
    try:
        code = _measure(wanted, measured)
    finally:
        for output in measured:
            suite = output.name.removeprefix("published-")
            (ROOT / output).replace(ROOT / FOLDER / suite)
    if code > 1:
        return code
    for drawn in DRAWN:
        if not _say(drawn.name, drawn_reasons(drawn)):
            continue
        code = run([sys.executable, *drawn.command])
        if code:
            return code
        write_whole(ROOT / MADE, _manifest({**made(), drawn.name: drawn.inputs()}))
    return 0


def _measure(wanted: Sequence[str], measured: list[Path]) -> int:
    """Run the suites that are out of date, and add to `measured` what each wrote; the first code above 1.

    Published records stay until all are measured: once one is replaced, the next run would note that its
    checkout differs from its commit.
    """
    for name in wanted:
        if not _say(name, record_reasons(name)):
            continue
        outputs = [Path(".venv") / f"published-{name}.{kind}" for kind in ("json", "md")]
        command = [sys.executable, "-m", "harness", "run", f"suites/{name}.toml", "-m", MEASURED]
        command += ["--json", str(outputs[0]), "--markdown", str(outputs[1])]
        code = run(command)
        if code > 1:
            return code
        measured += outputs
    return 0


def _manifest(entries: dict[str, dict[str, str]]) -> bytes:
    return json.dumps(entries, indent=1, sort_keys=True).encode() + b"\n"


def run(command: Sequence[str]) -> int:
    print("$", *command, flush=True)
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("suites", nargs="*", help="names of suites (default: all)")
    parser.add_argument("--check", action="store_true", help="list what is out of date; measure nothing")
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.suites) - set(suites()))
    if unknown:
        parser.error(f"expected suites among {', '.join(suites())}, found {', '.join(unknown)}")
    wanted = given.suites or suites()
    return check(wanted) if given.check else publish(wanted)


if __name__ == "__main__":
    sys.exit(main())
