"""Kill runs at random moments, again and again, and count what was lost.

    python tests/kills.py --kills 1000

The fast tests kill one run ten times; this goes on with run after run. SIGKILL goes by turns to the command
alone and to all of its processes; every third comes at any moment from the start, the others when trials run.
A run that was killed is started again until it ends; its record must then be that of an undisturbed run, no
trial that was in the store may have been measured again, and no process may be left. Prints a line for each
run; ends with 1 where anything was lost, or where no kill found a trial in the store.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "support")]

from test_interruption import Run, values_of  # noqa: E402 (the path must stand first)

CALM = ("--workers", "2", "--no-recheck")
"""Without the recheck, which measures a stored trial again on purpose."""


@dataclass
class Tally:
    """What came of the kills so far."""

    kills: int = 0
    stored: int = 0
    """Trials that were in a store at the moment of a kill, each run's counted once."""
    again: int = 0
    """Of these, measured again."""
    vanished: int = 0
    """Of these, no longer in the store."""
    left: int = 0
    """Kills after which a process stayed."""
    differing: int = 0
    """Runs whose record is not that of an undisturbed one, or that did not end with 0."""

    @property
    def lost(self) -> int:
        return self.again + self.vanished + self.left + self.differing


def main() -> int:
    """Run the loop; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the moments; any will do")
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        calm = Run(_folder(Path(name), "calm"), sleep=0.0)
        assert calm.finish(*CALM) == 0
        expected = values_of(calm.instances())
        runs = 0
        while tally.kills < arguments.kills:
            runs += 1
            run = Run(_folder(Path(name), f"run-{runs}"), sleep=0.05)
            _one(run, tally, generator, arguments.kills, expected)
            print(f"{runs} runs: {tally}", flush=True)
    return int(tally.lost > 0 or not tally.stored)


def _folder(above: Path, name: str) -> Path:
    folder = above / name
    folder.mkdir()
    return folder


def _one(run: Run, tally: Tally, generator: random.Random, kills: int, expected: object) -> None:
    """Start one run until it ends, killing it each time."""
    done: dict[str, int] = {}
    while tally.kills < kills:
        process = run.start(*CALM)
        if tally.kills % 3:
            before = sum(run.executions().values())
            while process.poll() is None and sum(run.executions().values()) == before:
                time.sleep(0.01)
            time.sleep(generator.uniform(0.0, 0.6))
        else:
            time.sleep(generator.uniform(0.0, 2.0))  # from before the first import to some trials later
        if process.poll() is not None:
            process.communicate()
            break
        others = [pid for pid in run.alive() if pid != process.pid] if tally.kills % 2 else []
        for pid in (process.pid, *others):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.communicate()
        tally.kills += 1
        tally.left += not run.nobody_is_left()
        begun, stored = run.executions(), run.stored()
        tally.vanished += len(done.keys() - stored)
        done |= {name: begun[name] for name in stored if name not in done}
    code = run.finish(*CALM)
    tally.differing += code != 0 or values_of(run.instances()) != expected
    executions = run.executions()
    tally.stored += len(done)
    tally.again += sum(executions[name] != count for name, count in done.items())


if __name__ == "__main__":
    sys.exit(main())
