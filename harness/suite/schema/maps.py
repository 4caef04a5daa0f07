"""The schema of `[maps.ID]`."""

from __future__ import annotations

from harness.suite.maps import MOST_CLAIMS
from harness.suite.schema.parts import Schema, of_type, table


def boundary_map() -> Schema:
    """The schema of one `[maps.ID]` table. That the claims are of boundaries only the reader sees."""
    id_ = {"description": "The id of a claim with `boundary`.", "type": "string"}
    ids = {
        "description": "Several, whose boundaries lie along one axis.",
        "type": "array",
        "items": id_,
        "minItems": 1,
        "maxItems": MOST_CLAIMS,
    }
    axes = of_type(
        list[str],
        "The axis along which the boundaries lie, then one or two that the claims sweep.",
        minItems=2,
        maxItems=3,
        examples=[["width", "hidden"]],
    )
    return table(
        "A map: boundaries that are searched for together, in an order that time only cuts off.",
        {
            "title": of_type(str, "What the map shows, for its figure."),
            "claim": {
                "description": "The claim whose boundaries it shows, or a list of several; each in one map.",
                "anyOf": [id_, ids],
            },
            "axes": axes,
            "time-budget": of_type(
                str,
                "How long measuring it may take. What was not visited by then is not run. Default: any time.",
                examples=["50 min"],
            ),
        },
        ["title", "claim", "axes"],
    )
