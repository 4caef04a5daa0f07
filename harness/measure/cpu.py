"""The model of the processor: numbers are expected to come again to the bit on the same one only."""

from __future__ import annotations

import functools
import platform
from pathlib import Path

_ARM = ("CPU implementer", "CPU variant", "CPU part", "CPU revision")
"""What Linux says of an ARM core, which has no name there."""


@functools.cache
def processor() -> str:
    """The model of this machine's processor, as far as the system names it; never empty."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    facts: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    if facts.get("model name"):
        return facts["model name"]
    cores = [facts[name] for name in _ARM if name in facts]
    if cores:
        return f"{platform.machine()} {' '.join(cores)}"
    return platform.processor() or platform.machine() or "unknown"
