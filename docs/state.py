"""Write the state of the paper's claims into docs/findings.md, between its markers, from the record.

Usage:

    python docs/state.py
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import harness
from harness.report.agreement import agreement_line, statements
from harness.report.claim_verdicts import written_out
from harness.report.markdown import escape
from harness.report.words import by_claim, cited

ROOT = Path(__file__).parents[1]
FINDINGS = ROOT / "docs" / "findings.md"
RECORD = ROOT / "reports" / "published" / "issues.json"
BEGIN, END = "<!-- claims: python docs/state.py -->\n", "<!-- end of claims -->\n"


def table(record: harness.Record) -> str:
    """A row per claim: its sentence, what its source says of it, how its instances came out, and whether and
    where they agree."""
    lines = ["| claim | source | supported | refuted | inconclusive | as expected | agreement, and where |"]
    lines += ["|---|---|---|---|---|---|---|"]
    stated = {claim.id: claim for claim in statements(record)}
    for name, instances in by_claim(record.instances).items():
        first = instances[0]
        verdicts = Counter(i.verdict for i in instances)
        expected = Counter(i.outcome for i in instances)["as-expected"]
        definite = sum(i.expect != "open" for i in instances)
        source = cited(first.source) or "none"
        counts = [str(verdicts[v] or "") for v in ("supported", "refuted", "inconclusive")]
        as_expected = f"{expected} of {definite}" if definite else ""
        cells = [escape(written_out(instances)), escape(source), *counts, as_expected]
        cells += [escape(agreement_line(stated[name]))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def written(findings: str, record: harness.Record) -> str:
    """The text with the table between its markers."""
    before, _, rest = findings.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(record)}\n{END}{after}"


if __name__ == "__main__":
    FINDINGS.write_text(written(FINDINGS.read_text(), harness.read_record(RECORD)))
