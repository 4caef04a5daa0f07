"""Fuzz by hand: python tests/fuzz/run.py [--seconds N] [--seed N] [--out FOLDER] [--plain] TARGET

Prints each finding as it is made and a line of totals; keeps the inputs in FOLDER/TARGET-*.bin. With
--again FILE it reads one such input again. Exits with 1 where something was found.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fuzz.engine import Session

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/support")]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "harness-fuzz")
    parser.add_argument("--plain", action="store_true", help="without atheris")
    parser.add_argument("--again", type=Path, help="read this input only")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    guided = not given.plain and not given.again and _instrumented()
    from fuzz.engine import Session
    from fuzz.targets import TARGETS

    given.out.mkdir(parents=True, exist_ok=True)
    session = Session(TARGETS[given.target], given.out / f"{given.target}-folder")

    def show(kind: str) -> None:
        name = given.out / f"{given.target}-{len(session.findings)}.bin"
        name.write_bytes(session.findings[kind])
        print(f"FINDING {kind}\n  {name}\n{session.said[kind]}", flush=True)

    session.on_finding = show
    start = time.process_time()
    if given.again:
        session.read(given.again.read_bytes())
    elif guided:
        _guided(session, given.seconds, given.seed)
    else:
        session.plain(given.seconds, seed=given.seed)
    sys.exit(_total(session, time.process_time() - start))


def _instrumented() -> bool:
    try:
        import atheris
    except ImportError:
        return False
    with atheris.instrument_imports(include=["harness"]):
        import harness.cli
        import harness.export.asv
        import harness.report.markdown
        import harness.report.terminal
        import harness.session
        import harness.suite.schema
    return bool(harness)


def _guided(session: Session, seconds: float, seed: int) -> None:
    """libFuzzer's loop, which never returns: the last input ends the process."""
    import atheris

    target, pool = session.target, session.target.seeds()
    start, end = time.process_time(), time.monotonic() + seconds

    def once(data: bytes) -> None:
        if time.monotonic() < end:
            session.read(data)
        else:
            os._exit(_total(session, time.process_time() - start))

    def change(data: bytes, most: int, number: int) -> bytes:
        choice = random.Random(number)
        begin = choice.choice(pool) if choice.random() < 0.1 or len(data) < 2 else data
        return target.change(begin, choice)[:most]

    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(pool):
            (Path(corpus) / str(number)).write_bytes(data)
        slow = f"-artifact_prefix={session.folder}-"
        options = [f"-seed={seed + 1}", "-max_len=65536", "-rss_limit_mb=4096", "-timeout=60", slow]
        atheris.Setup([sys.argv[0], *options, corpus], once, custom_mutator=change)
        atheris.Fuzz()


def _total(session: Session, spent: float) -> int:
    """Print what was done; the exit code."""
    print(
        f"TOTAL {session.target.name}: {session.tried} inputs, {session.accepted} accepted,"
        f" {spent:.0f} CPU s, {len(session.findings)} kinds of finding",
        flush=True,
    )
    return 1 if session.findings else 0


if __name__ == "__main__":
    main()
