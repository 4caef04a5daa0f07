"""Turns templates into HTML: escaping, and the functions that templates call."""

from __future__ import annotations

import statistics
from functools import cache
from typing import TYPE_CHECKING

from harness.judge import FAILING
from harness.report import findings, remarks, words
from harness.report.data import data_used
from harness.report.html import bars, figures, labels, palette, sources, views
from harness.report.html.views import ClaimView
from harness.report.record import InstanceRecord
from harness.text import printable

if TYPE_CHECKING:
    from jinja2 import Environment

SHORT = 240
"""The characters of a text that a row shows. Its details have all of it."""


def inert(text: str) -> str:
    """`text` without control, invisible and direction characters, with its lines kept."""
    if text.isprintable():
        return text
    return "\n".join(printable(line.replace("\t", "    ")) for line in text.split("\n"))


def short(text: str, length: int = SHORT) -> str:
    """The beginning of a long text."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def advice(instance: InstanceRecord) -> str:
    """What a row says is wrong, and what it would take. A log is cut to the line that names the error."""
    said = words.advice(instance)
    if instance.verdict == "error":
        return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")
    if findings.trouble(instance):
        return "; ".join(filter(None, (findings.found(instance), said)))
    return said


def by_what_is_said(claim: ClaimView) -> list[tuple[str, list[InstanceRecord]]]:
    """What is wrong with a claim's instances that are not as expected, with equal texts together."""
    groups: dict[tuple[str, str], list[InstanceRecord]] = {}
    for instance in claim.attention:
        groups.setdefault((instance.outcome, advice(instance)), []).append(instance)
    return [(said, those) for (_, said), those in groups.items()]


def render(template: str, **given: object) -> str:
    """The page that a template makes."""
    return _environment().get_template(template).render(**given)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def finalize(value: object) -> object:
        return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=PackageLoader("harness.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["short"] = short
    environment.globals.update(
        median=statistics.median,
        failing=FAILING,
        words=words,
        findings=findings,
        remarks=remarks,
        bars=bars,
        figures=figures,
        sources=sources,
        advice=advice,
        attention=by_what_is_said,
        readings=sources.readings,
        data_used=data_used,
        glyph=views.glyph,
        verdict_glyphs=words.VERDICT_GLYPHS,
        claim_glyphs=words.CLAIM_GLYPHS,
        labels=labels,
        palette=palette,
        drawn=palette.drawn,
        canvas=palette.canvas,
        instance_chunks=views.instance_chunks,
        tokens=views.TOKENS,
    )
    return environment
