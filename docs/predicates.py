"""Write the table of predicates into docs/suites.md, between its markers, from their modules.

Usage:

    python docs/predicates.py
"""

from __future__ import annotations

from pathlib import Path

from harness.predicates import predicates

PAGE = Path(__file__).parent / "suites.md"
BEGIN, END = "<!-- predicates: python docs/predicates.py -->\n", "<!-- end of predicates -->\n"


def table() -> str:
    """A row for each example: what a suite states, when it holds, and whether the kind needs a control."""
    lines = ["| predicate | holds when | control |", "|---|---|---|"]
    for name, kind in predicates().items():
        needs = {text: kind.NEEDS_CONTROL and "baseline" not in text for text in kind.EXAMPLES}
        lines += [
            f"| `{name} = {text}` | {holds} | {'needed' if needs[text] else ''} |"
            for text, holds in kind.EXAMPLES.items()
        ]
    return "\n".join(lines) + "\n"


def written(page: str) -> str:
    """The text with the table between its markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
