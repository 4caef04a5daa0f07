"""Where a row's claim comes from and how to repeat it: links, the command, the TOML."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from harness.report.record import InstanceRecord, Record, SourceRecord, TrialsRecord
from harness.toml import toml_table

_ARXIV = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]{2,20}(\.[A-Z]{2})?/\d{7})(v\d{1,2})?", re.ASCII)
_DOI = re.compile(r"10\.\d{4,9}/[!-~]{1,200}")
_URL = re.compile(r"https?://[!-~]{1,500}")


@dataclass(frozen=True)
class Link:
    """A text and its address; '' if the address may not be followed."""

    text: str
    href: str = ""


def links(source: SourceRecord) -> tuple[Link, ...]:
    """arXiv, DOI and URL of a source. Malformed ones stay text."""
    found = []
    if source.arxiv:
        known = _ARXIV.fullmatch(source.arxiv)
        found.append(Link(f"arXiv:{source.arxiv}", f"https://arxiv.org/abs/{source.arxiv}" if known else ""))
    if source.doi:
        known = _DOI.fullmatch(source.doi)
        found.append(Link(f"doi:{source.doi}", f"https://doi.org/{quote(source.doi)}" if known else ""))
    if source.url:
        found.append(Link(source.url, source.url if _is_address(source.url) else ""))
    return tuple(found)


def _is_address(url: str) -> bool:
    if not _URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


def rerun_command(record: Record, instance: InstanceRecord) -> str:
    """The command that judges the instance again."""
    suite = next((s for s in record.suites if s.name == instance.suite), None)
    file = suite.path if suite else f"{instance.suite}.toml"
    words = ["harness", "run", f"{file}::{instance.local_id}"]
    for parameter, value in (suite.overrides if suite else {}).items():
        words += ["--override", f"{parameter}={_literal(value)}"]
    first = record.first_seed if instance.first_seed is None else instance.first_seed
    if first or instance.explored:  # the suite may call more seeds explored by then
        words += ["--first-seed", str(first)]
    if any(word.partition("=")[0] == "--seeds" for word in record.command):
        words += ["--seeds", str(instance.budget)]
    return shlex.join(words)


def readings(trials: Sequence[TrialsRecord]) -> tuple[str, ...]:
    """The trials that were read, in words, those of one experiment together."""
    points = Counter((t.experiment, t.quantities, t.first_seed, t.first_seed + t.n - 1) for t in trials)
    return tuple(
        f"{experiment}: {', '.join(quantities)}, {f'{n} points, ' if n > 1 else ''}seeds {first} to {last}"
        for (experiment, quantities, first, last), n in points.items()
    )


def _literal(value: object) -> str:
    """A value as `--override` reads it: a TOML scalar, or a bare string if that is not another value."""
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        return value
    return json.dumps(value)


def claim_toml(instance: InstanceRecord) -> str:
    """The claim as its suite states it, except for comments and layout."""
    try:
        return toml_table(("claims", instance.claim), instance.toml)
    except (TypeError, ValueError):  # a record made by hand can hold values that TOML lacks
        return json.dumps(instance.toml, indent=1, ensure_ascii=False)
