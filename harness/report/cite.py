"""What a paper says about a record: a few sentences for its methods section, and BibTeX of what it cites."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from harness.questions import LOOKS
from harness.report.dates import moment
from harness.report.explored import first_seeds
from harness.report.record import Record, SourceRecord
from harness.report.words import by_claim, number, short_of
from harness.shipped import DISTRIBUTION
from harness.text import printable

SOFTWARE_TITLE = "ntk-harness: claims about neural networks and their tangent kernels, measured"
SOFTWARE_AUTHOR = "The ntk-harness maintainers"
"""The author and title, as in CITATION.cff; a test compares them."""

_INTERVALS: Mapping[str, str] = {
    "mean": "Student's t interval of the mean",
    "pseudomedian": "the Hodges–Lehmann interval of the pseudomedian",
    "median": "the order-statistic interval of the median",
}


def methods(record: Record) -> str:
    """How the claims were judged, in sentences for a methods section.

    They name an older rule if it judged.
    """
    sampled = [instance for instance in record.instances if not instance.computed]
    claims, total = len(by_claim(record.instances)), len(record.instances)
    software = f"{DISTRIBUTION} {record.harness_version}"
    at = (
        f" (commit {short_of(record.commit)}{', modified' if record.commit.dirty else ''})"
        if record.commit
        else ""
    )
    said = [
        f"We measured {_counted(claims, 'claim')} in {_counted(total, 'instance')} with {software}{at}."
    ]  # fmt: skip
    if sampled:
        said += _sampled(record)
    computed = total - len(sampled)
    if computed:
        said.append(
            f"{_counted(computed, 'instance')} read numbers that no seed changes, and need no statistics."
        )
    return printable(" ".join(said))


def _sampled(record: Record) -> list[str]:
    sampled = [instance for instance in record.instances if not instance.computed]
    alphas = sorted({instance.alpha for instance in sampled})
    budgets = sorted({instance.budget for instance in sampled})
    centres = sorted({instance.centre for instance in sampled if instance.unit != "violation"})
    rules = {instance.rule for instance in sampled}
    alpha = " or ".join(number(each) for each in alphas)
    looks = f"{', '.join(map(str, LOOKS[:-1]))} or {LOOKS[-1]}" if max(rules) > 1 else "6, 9, 14, … or 108"
    kinds = " or ".join(_INTERVALS[centre] for centre in centres)
    budget = f"{budgets[0]}" if len(budgets) == 1 else f"{budgets[0]} to {budgets[-1]}"
    said = [
        f"Each instance was measured on consecutive seeds, from seed {first_seeds(record)}, with a budget of "
        f"{budget} seeds, and read up to {max(instance.n for instance in sampled)}."
    ]
    if kinds:
        said.append(
            f"Their numbers were looked at when there were {looks} of them, up to the budget: an instance is "
            f"supported if {kinds} lies inside the region that the claim states, and refuted if it lies "
            "outside; otherwise more seeds are drawn, and at the budget it is undecided."
        )
        said.append(
            f"A verdict on an instance is wrong with a chance of at most α = {alpha} on each side, over all "
            "looks (Bonferroni), if seeds are independent and means of this many numbers are near Gaussian; "
            f"the expected number of wrong verdicts is at most {number(record.wrong_verdicts_bound)}."
        )
    if any(instance.unit == "violation" for instance in sampled):
        said.append("Claims of exact agreement were checked on each seed, within their tolerances.")
    return said


def bibtex(record: Record) -> str:
    """BibTeX entries of the sources that the claims cite, and of the software."""
    sources: dict[str, SourceRecord] = {}
    for instance in record.instances:
        if instance.source is not None:
            sources.setdefault(instance.source.cite, instance.source)
    began = moment(record.started)
    software = {
        "title": f"{{{SOFTWARE_TITLE}}}",
        "author": f"{{{SOFTWARE_AUTHOR}}}",
        "version": record.harness_version,
        "year": f"{began:%Y}" if began else "",
        "note": f"commit {short_of(record.commit)}" if record.commit else "",
    }
    entries = [_entry("software", DISTRIBUTION, software)]
    taken = {DISTRIBUTION}
    for cite, source in sources.items():
        key = _key(cite, taken)
        taken.add(key)
        entries.append(_entry(_kind(source), key, _fields(source)))
    return "\n".join(entries)


def _kind(source: SourceRecord) -> str:
    return "article" if source.doi and not source.arxiv else "misc"


def _fields(source: SourceRecord) -> dict[str, str]:
    return {
        "title": f"{{{_latex(source.title)}}}",
        "author": " and ".join(_author(name) for name in source.authors),
        "year": str(source.year) if source.year else _year(source.arxiv),
        "eprint": source.arxiv or "",
        "archivePrefix": "arXiv" if source.arxiv else "",
        "doi": source.doi or "",
        "url": source.url or "",
    }


def _year(arxiv: str | None) -> str:
    """The year in an arXiv number, `2501.10929`; '' if it has none."""
    found = re.match(r"(\d{2})(\d{2})\.\d{4,5}", arxiv or "")
    return f"20{found[1]}" if found else ""


def _author(name: str) -> str:
    """A name as BibTeX reads it. `et al.` becomes its `others`."""
    return "others" if name.strip().rstrip(".").lower() in ("et al", "others") else _latex(name)


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {{{_balanced(printable(value))}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def _latex(text: str) -> str:
    """Text escaped so that TeX finds no commands in it."""
    return "".join(_TEX.get(c, c) for c in " ".join(text.split()))


def _balanced(value: str) -> str:
    """A value whose braces match, or one without braces: unmatched braces would end its entry early."""
    depth = 0
    for brace in re.findall(r"[{}]", value):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    return value if depth == 0 else re.sub(r"[{}]", "", value)


def _key(cite: str, taken: Iterable[str]) -> str:
    """A key that BibTeX accepts, and that no other entry has."""
    key = re.sub(r"[^A-Za-z0-9:.-]", "", cite) or "source"
    while key in taken:
        key += "a"
    return key


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
