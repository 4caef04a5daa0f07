"""Judges sampled claims on several sets of seeds, and lists verdicts that turn round.

    python tests/seed_sets.py FOLDER 10000 20000 30000 [--suites NAME ...] [--keyword TEXT]

Each set is a run that begins at its first seed; its record is kept in FOLDER, and is not measured again. A
verdict *turns round* if it is supported on one set and refuted on another: by the levels of the claims one in
a thousand may. Claims that are computed, not sampled, know no seeds and are left out. Prints a row for each
set, then each instance that turned round; exits with 1 if one did. Runs count in no history and keep no
trials.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from pathlib import Path

import harness
from harness.report import to_json

ROOT = Path(__file__).parents[1]
VERDICTS = ("supported", "refuted", "inconclusive")


def record_of(folder: Path, first: int, suites: list[str], marks: str, keyword: str) -> harness.Record:
    """The record of the set that begins at this seed: read, or measured and kept."""
    chosen = hashlib.sha256(repr((suites, marks, keyword)).encode()).hexdigest()[:8]
    path = folder / f"{chosen}.{first}.json"
    if path.exists():
        return harness.read_record(path)
    files = [ROOT / "suites" / f"{name}.toml" for name in suites]
    record = harness.run(files, marks=marks, keyword=keyword, first_seed=first, store=None, recheck=False)
    path.write_bytes(to_json(record))
    return record


def sampled(record: harness.Record) -> dict[str, str]:
    """The verdict of each instance that seeds decide, by its id."""
    return {each.id: each.verdict for each in record.instances if not each.computed}


def turned(sets: dict[int, dict[str, str]]) -> dict[str, dict[int, str]]:
    """The instances that are supported on one set and refuted on another, with their verdict on each."""
    by_id: dict[str, dict[int, str]] = {}
    for first, verdicts in sets.items():
        for name, verdict in verdicts.items():
            by_id.setdefault(name, {})[first] = verdict
    return {name: each for name, each in by_id.items() if {"supported", "refuted"} <= set(each.values())}


def row(first: int, verdicts: dict[str, str], around: int) -> str:
    """A row of the table."""
    counts = Counter(verdicts.values())
    others = sum(n for verdict, n in counts.items() if verdict not in VERDICTS)
    cells = (first, len(verdicts), *(counts[verdict] for verdict in VERDICTS), others, around)
    return f"| {' | '.join(map(str, cells))} |"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("first", type=int, nargs="+")
    parser.add_argument("--suites", nargs="+", default=["generalisation", "other-kernels"])
    parser.add_argument("--marks", default="not slow")
    parser.add_argument("--keyword", default="")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    sets: dict[int, dict[str, str]] = {}
    print("| seeds from | instances | supported | refuted | inconclusive | other | turned round so far |")
    print("|---|---|---|---|---|---|---|")
    for first in given.first:
        sets[first] = sampled(record_of(given.folder, first, given.suites, given.marks, given.keyword))
        print(row(first, sets[first], len(turned(sets))), flush=True)
    for name, verdicts in turned(sets).items():
        print(f"{name}: {', '.join(f'{verdict} from {first} on' for first, verdict in verdicts.items())}")
    return int(bool(turned(sets)))


if __name__ == "__main__":
    sys.exit(main())
