"""Trials of `benchmark.normal` for engines to run, and what a script would keep of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from harness.benchmarks._toy import normal


class Rows:
    """A SQLite file with a row for each trial: its seed, and its quantities as JSON.

    All that a loop over seeds keeps: no fingerprint, no lock, no trial that failed.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path)
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS trials (seed INTEGER PRIMARY KEY, quantities TEXT)"
        )

    def keep(self, results: Iterable[tuple[int, dict[str, float]]]) -> int:
        """Add rows in one transaction; how many."""
        with self._database:
            rows = ((seed, json.dumps(quantities)) for seed, quantities in results)
            return self._database.executemany("INSERT INTO trials VALUES (?, ?)", rows).rowcount

    def read(self) -> dict[int, dict[str, float]]:
        """What is kept, by seed."""
        return {seed: json.loads(text) for seed, text in self._database.execute("SELECT * FROM trials")}

    def close(self) -> None:
        self._database.close()


def measure_toy(seed: int) -> tuple[int, dict[str, float]]:
    """One trial, as a function that others' workers can be sent."""
    return seed, normal(seed=seed)


def require_trials(engine: str, found: dict[int, dict[str, float]], seeds: Iterable[int]) -> None:
    """Raise `ValueError` unless these are the trials of those seeds."""
    expected = dict(map(measure_toy, seeds))
    if found != expected:
        wrong = sorted(seed for seed in expected | found if found.get(seed) != expected.get(seed))
        raise ValueError(
            f"{engine}: expected the numbers of {len(expected)} trials, found others for {wrong[:3]}"
        )
