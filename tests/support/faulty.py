"""An experiment that does what no experiment should; named `faulty:fault` by tests, run by workers."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.declare import Quantity, StageError, experiment, stage


class Endless(Mapping[str, float]):
    """A mapping that never ends."""

    def __getitem__(self, name: str) -> float:
        return 1.0

    def __iter__(self) -> Iterator[str]:
        while True:
            yield "x"

    def __len__(self) -> int:
        return 1


class Lying(float):
    """A number that cannot be read."""

    def __float__(self) -> float:
        raise RuntimeError("no number")


class Unwritable(Exception):  # noqa: N818 (its name is not the point)
    """An error that can be neither shown nor pickled."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    def __reduce__(self) -> str:
        raise RuntimeError("no pickle")


def _act(act: str) -> Any:
    """Do it; what is returned, if anything is, is what the experiment returns."""
    match act:
        case "power":
            pow(3, 10**9)
        case "regex":
            re.match("(a+)+$", "a" * 60 + "b")
        case "c-loop":
            ctypes.PyDLL(None).sleep(60)  # holds the interpreter's lock
        case "ignores-sigterm":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(60)
        case "endless":
            return Endless()
        case "segfault":
            ctypes.string_at(0)
        case "abort":
            os.abort()
        case "exit":
            os._exit(0)
        case "numpy":
            import numpy as np

            np.linalg.cholesky(-np.eye(2))
        case "prints":
            for _ in range(200):
                print("x" * 100_000)
            time.sleep(1.0)
            print("the last line", flush=True)
            os._exit(9)
        case "long-error":
            raise ValueError("y" * 50_000_000)
        case "long-stage":
            raise StageError("z" * 50_000_000)
        case "huge":
            return {f"name-{number}": 1.0 for number in range(200_000)}
        case "lying":
            return {"x": Lying(1.0)}
        case "complex":
            return {"x": 1j}
        case "too-large":
            return {"x": 10**400}
        case "unwritable":
            raise Unwritable
        case "generator-exit":
            raise GeneratorExit
        case "recursion":
            return _act(act)
        case "memory":
            return {"x": float(len(bytearray(2**60)))}
        case "closes-all":
            os.closerange(3, 256)
        case "garbage":
            for number in range(3, 64):
                try:
                    socket.socket(fileno=os.dup(number)).send(b"\0\0\0\4garb")
                except OSError:
                    continue
        case "forks":
            os.fork()
    return {"x": 2.0}


@experiment("faulty", version=1, quantities={"x": Quantity("a number", scale="linear", stage="main")})
def fault(*, seed: int, act: str = "", log: str = "", sleep: float = 0.0) -> dict[str, float]:
    """Whatever `act` says."""
    if log:
        with Path(log).open("a") as file:
            file.write(f"{seed}\n")
    time.sleep(sleep)
    sys.setrecursionlimit(1000)
    with stage("main"):
        values: dict[str, float] = _act(act)
        if act:
            return values
    return {"x": seed / 7}
