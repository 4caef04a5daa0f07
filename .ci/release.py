"""Whether a tag may become a release, and what the changelog says of it.

    python .ci/release.py v0.2.0      prints the section; exits with 1 where something disagrees

The tag, `pyproject.toml`, `harness/version.py` and `CITATION.cff` have to name one version, and the changelog
has to have a section of it with its date. It needs the standard library alone.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECTION = r"^## \[{version}\] - (?P<date>\S+)\n(?P<text>.*?)(?=^## |\Z)"


def problems(root: Path, tag: str) -> list[str]:
    """What is in the way of a release, a sentence each."""
    version = tag.removeprefix("v")
    found = []
    if not re.fullmatch(r"v[0-9]+\.[0-9]+\.[0-9]+", tag):
        found.append(f"expected a tag as v0.2.0, found {tag}")
    for name, stated in versions(root).items():
        if stated != version:
            found.append(f"{name}: expected version {version}, as the tag {tag} says, found {stated}")
    section = _section(root, version)
    if section is None:
        found.append(f"CHANGELOG.md: expected a section `## [{version}] - DATE`, found none")
    elif not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", section["date"]):
        found.append(f"CHANGELOG.md: expected the date of {version} as 2026-12-31, found {section['date']}")
    return found


def versions(root: Path) -> dict[str, str]:
    """The version that each file names; '' where it names none."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {"pyproject.toml": str(project["version"])}
    for name, pattern in {
        "harness/version.py": r'^__version__ = "(.*)"$',
        "CITATION.cff": r"^version: (.*)$",
    }.items():
        stated = re.search(pattern, (root / name).read_text(encoding="utf-8"), re.MULTILINE)
        found[name] = stated[1] if stated else ""
    return found


def _section(root: Path, version: str) -> re.Match[str] | None:
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    return re.search(SECTION.format(version=re.escape(version)), text, re.MULTILINE | re.DOTALL)


def main(tag: str) -> int:
    """Print the section of the changelog, or what is in the way; the exit code."""
    found = problems(ROOT, tag)
    for problem in found:
        print(problem, file=sys.stderr)
    section = _section(ROOT, tag.removeprefix("v"))
    if found or section is None:
        return 1
    print(section["text"].strip())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
