"""What a paper says of a record: sentences with its numbers, and BibTeX that TeX can read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from commands import said
from made import INSTANCE, LAW, record
from msgspec.structs import replace

from harness.questions import LOOKS
from harness.report import to_json
from harness.report.cite import SOFTWARE_AUTHOR, SOFTWARE_TITLE, bibtex, methods

ROOT = Path(__file__).parents[2]
SOURCE = INSTANCE.source
assert SOURCE is not None


def entries(text: str) -> dict[str, dict[str, str]]:
    """A small reader of BibTeX: fields by key. Fails where braces do not match or a key is there twice."""
    found: dict[str, dict[str, str]] = {}
    for kind, key, body in re.findall(r"^@(\w+)\{([^,\s{}]+),\n(.*?)^\}\n", text, re.MULTILINE | re.DOTALL):
        assert key not in found
        fields = dict(re.findall(r"^  (\w+) = \{(.*)\},$", body, re.MULTILINE))
        assert len(fields) == body.count("\n"), body
        plain = re.sub(r"\\[{}]", "", body)
        assert plain.count("{") == plain.count("}")
        found[key] = {"kind": kind, **fields}
    return found


def test_the_methods_name_seeds_looks_alpha_interval_and_version() -> None:
    text = methods(record(replace(INSTANCE, first_seed=243, rule=2), LAW))
    for part in (
        "2 claims in 2 instances with ntk-harness 0.1.0 (commit 012345678)",
        "from seed",
        "243",
        ", ".join(map(str, LOOKS[:-1])),
        "Student's t interval of the mean",
        "α = 0.001 on each side",
        "is at most 0.002",
    ):
        assert part in text, part
    other = methods(record(replace(INSTANCE, centre="median", alpha=0.01, rule=2)))
    assert "order-statistic interval of the median" in other
    assert "α = 0.01" in other
    computed = methods(record(replace(INSTANCE, computed=True)))
    assert "no seed changes" in computed
    assert "α" not in computed


def test_bibtex_has_an_entry_for_each_source_and_the_software() -> None:
    evil = replace(
        SOURCE,
        cite="e{v}il,1",
        title="50% of {x}_y & \\input{z} \x1b",
        authors=("A_B", "et al."),
        doi=None,
        year=None,
    )
    text = bibtex(record(INSTANCE, replace(LAW, source=evil), replace(LAW, id="toys/more", source=None)))
    found = entries(text)
    assert list(found) == ["ntk-harness", "someone", "evil1"]
    assert text.isprintable() or text.replace("\n", "").isprintable()
    assert found["someone"]["eprint"] == "2501.10929"
    assert found["someone"]["year"] == "2025"
    assert found["evil1"]["year"] == "2025", "of its arXiv number"
    assert found["evil1"]["author"] == r"A\_B and others"
    assert found["evil1"]["title"].startswith(r"{50\% of \{x\}\_y \& \textbackslash{}input")
    assert found["ntk-harness"]["version"] == "0.1.0"


def test_the_software_is_cited_as_its_citation_file_says() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["title"] == SOFTWARE_TITLE
    assert [author["name"] for author in citation["authors"]] == [SOFTWARE_AUTHOR]


def test_the_command_prints_both_or_writes_the_bibtex(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = record(INSTANCE)
    (tmp_path / "r.json").write_bytes(to_json(found))
    assert said("cite", "r.json") == (0, f"{methods(found)}\n\n{bibtex(found)}")
    assert said("cite", "r.json", "--bib", "b.bib") == (0, f"{methods(found)}\nBibTeX: b.bib\n")
    assert (tmp_path / "b.bib").read_text() == bibtex(found)
