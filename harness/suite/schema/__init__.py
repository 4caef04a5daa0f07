"""The JSON Schema of the suite format: what an editor completes, explains and underlines.

It is made from the reader's own types and from what the experiments declare. The keys of each table, which
the reader takes one by one, are said again here; tests/suite/test_schema.py holds the two together. The
schema accepts every suite that the reader accepts. It refuses less: what needs a cross-reference (`cite`,
`experiment`, the axes in `at`, a missing control) only `harness check` sees.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import get_args

from harness.declare import Declaration, Kind, benchmark_names, experiment_names, find, model_names
from harness.suite.claims import Alpha
from harness.suite.formats import FORMAT, Format
from harness.suite.reader import ID
from harness.suite.schema.claims import claim, defaults, of_default_budget, shared_parts
from harness.suite.schema.experiments import benchmark, experiment, parameters
from harness.suite.schema.maps import boundary_map
from harness.suite.schema.parts import Schema, any_table, explored, of_type, partly, table, tables
from harness.suite.schema.predicates import only_known_quantities

__all__ = ["schema", "schema_text"]

DRAFT = "http://json-schema.org/draft-07/schema#"


def schema(declarations: Sequence[Declaration]) -> Schema:
    """The JSON Schema of a suite; of other experiments and benchmarks than these nothing is known, nor of
    other models than these and the package's."""
    quantities = list(dict.fromkeys(name for d in declarations for name in d.quantities))
    of_kind: dict[Kind, list[Declaration]] = {"experiment": [], "benchmark": [], "model": []}
    of_kind["model"] += map(find, model_names())
    for declaration in declarations:
        of_kind[declaration.kind].append(declaration)
    known = partly({"run": {"enum": [d.name for d in of_kind["experiment"]]}})
    return {
        "$schema": DRAFT,
        "title": "A suite of claims, for harness",
        **table(
            "Sources, experiments, and claims about what the experiments measure.",
            {
                "suite": _head(),
                "sources": tables("Papers and books that claims cite, by id.", _source()),
                "defaults": defaults(),
                "experiments": tables(
                    "What is measured, by id.", experiment(of_kind["experiment"], of_kind["model"])
                ),
                "benchmarks": tables("What is timed, by id.", benchmark(of_kind["benchmark"])),
                "claims": tables("What is claimed, by id.", claim()),
                "maps": tables("Boundaries that are measured in one order, by id.", boundary_map()),
            },
            ["suite"],
            anyOf=[partly({key: {"minProperties": 1}}, [key]) for key in ("claims", "benchmarks")],
            allOf=[of_default_budget()],
        ),
        "if": partly({"experiments": any_table(known)}),
        "then": partly({"claims": any_table(only_known_quantities())}),
        "definitions": shared_parts(quantities)
        | parameters([*of_kind["experiment"], *of_kind["benchmark"]], of_kind["model"]),
    }


def schema_text() -> str:
    """The schema for this package's experiments, as a JSON file; their libraries are not imported."""
    declarations = [find(name) for name in (*experiment_names(), *benchmark_names())]
    return json.dumps(schema(declarations), indent=1, ensure_ascii=False) + "\n"


def _head() -> Schema:
    return table(
        "What this suite is.",
        {
            "format": {
                "description": f"The version of the format: {FORMAT}. An older suite is read where nothing "
                "in it changed its meaning; else `harness check` names the lines to change.",
                "type": "integer",
                "enum": list(get_args(Format)),
            },
            "title": of_type(str, "The suite's title, for reports."),
            "about": of_type(str, "What the suite is about, in a few sentences."),
            "name": of_type(
                str,
                "The first part of every id; without it, the file's name before .toml.",
                pattern=f"^{ID.pattern}$",
                maxLength=100,
            ),
            "explored": explored(
                "The seeds on which expectations were formed, `[[0, 242]]`: a run begins beyond them."
            ),
            "family": of_type(
                Alpha,
                "Say besides which claims hold jointly: any of these is wrong with at most this chance.",
                examples=[0.01],
            ),
        },
        ["format", "title"],
    )


def _source() -> Schema:
    return table(
        "A paper or book.",
        {
            "title": of_type(str, "Its title."),
            "authors": of_type(list[str], "Its authors, a string for each."),
            "year": {"description": "The year.", "type": "integer", "minimum": 1600, "maximum": 2200},
            "arxiv": {
                "description": "The arXiv id, without version.",
                "type": "string",
                "pattern": r"^(\d{4}\.\d{4,5}|[a-z-]+/\d{7})$",
                "examples": ["2501.10929"],
            },
            "doi": of_type(str, "The DOI."),
            "url": of_type(str, "Where to read it."),
            "venue": of_type(str, "The journal, conference or publisher."),
        },
        ["title", "authors"],
    )
