"""The model of the processor, as systems name it."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from harness.measure import processor

X86 = "processor\t: 0\nmodel name\t: AMD EPYC 9654\nflags\t: a b\n\nprocessor\t: 1\nmodel name\t: Other\n"
ARM = "processor\t: 0\nCPU implementer\t: 0x41\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n"


@pytest.mark.parametrize(
    ("text", "found"), [(X86, "AMD EPYC 9654"), (ARM, "aarch64 0x41 0x3 0xd0c 1"), ("", "arm"), (None, "arm")]
)
def test_the_processor_has_a_name(monkeypatch: pytest.MonkeyPatch, text: str | None, found: str) -> None:
    def read_text(path: Path, **how: object) -> str:
        if text is None:
            raise FileNotFoundError(path)
        return text

    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(platform, "processor", lambda: "arm")
    processor.cache_clear()
    try:
        assert processor() == found
    finally:
        processor.cache_clear()
