"""What documentation is made from code or records is as they would make it today."""

from __future__ import annotations

import functools
import importlib.util
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from map_suite import COMPUTED_MAP
from msgspec.structs import replace

import harness
from harness.declare import benchmark_names, experiment_names, find, model_names
from harness.predicates import predicates
from harness.report.maps import map_rows
from harness.report.markdown import escape

DOCS = Path(__file__).parents[2] / "docs"


def module(name: str) -> ModuleType:
    """A program of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)  # as of a program that is run
        spec.loader.exec_module(found)
    return found


@functools.cache
def reference_pages() -> dict[Path, str]:
    return module("reference").pages()


PAGES = ["suite-format.md", "experiments.md", "models.md", "predicates.md", "commands.md", "api.md"]


@pytest.mark.parametrize("page", PAGES)
def test_the_reference_is_what_make_reference_writes(page: str) -> None:
    path = DOCS / "reference" / page
    assert path.read_text() == reference_pages()[path], "make reference writes it again"


def test_the_table_of_predicates_is_what_make_reference_writes() -> None:
    predicates = module("predicates")
    page = predicates.PAGE.read_text()
    assert page == predicates.written(page), "make reference writes it again"
    assert page.count(predicates.BEGIN) == page.count(predicates.END) == 1


def test_the_reference_names_every_key_parameter_and_quantity() -> None:
    from harness.suite.schema import schema_text

    text = (DOCS / "reference/suite-format.md").read_text()
    keys = set(re.findall(r"^\| `([a-z-]+)`", text, re.MULTILINE))
    top = json.loads(schema_text())["properties"]
    (claim,) = top["claims"]["patternProperties"].values()
    assert {*top["suite"]["properties"], *top["defaults"]["properties"]} <= keys
    predicates = {f"`{key} = {{ … }}`" for key in ("equal", "faster", "exact", "power-law")}
    assert all(f"### {predicate}" in text for predicate in predicates)
    assert set(claim["properties"]) - keys <= set(re.findall(r"`([a-z-]+)`", text))
    declared = (DOCS / "reference/experiments.md").read_text()
    for name in (*experiment_names(), *benchmark_names()):
        declaration = find(name)
        assert f"### `{name}`, version {declaration.version}" in declared
        entries = (*declaration.parameters, *declaration.quantities)
        assert all(f"| `{entry}` |" in declared for entry in entries)
    models = (DOCS / "reference/models.md").read_text()
    for name in model_names():
        assert f"## `{name}`, a model" in models
        assert all(f"| `{parameter}` |" in models for parameter in find(name).parameters)


def test_every_command_option_and_public_name_has_its_place() -> None:
    import click

    from harness.cli import cli

    pages = {
        name: (DOCS / "reference" / f"{name}.md").read_text() for name in ("commands", "api", "predicates")
    }
    for name, command in module("reference_commands").commands(cli, "harness"):
        section = pages["commands"].partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
        assert section.strip(), name
        assert [each.opts[-1] for each in options if f"`{each.opts[0]}" not in section] == []
    assert re.findall(r"^## harness\.(\w+)$", pages["api"], re.MULTILINE) == harness.__all__
    assert re.findall(r"^## (\S+)$", pages["predicates"], re.MULTILINE) == list(predicates())


def test_the_reference_is_made_without_the_libraries_of_experiments() -> None:
    heavy = ["jax", "numpy", "scipy", "sklearn", "matplotlib"]
    program = f"import reference, sys; reference.pages(); print([m for m in {heavy} if m in sys.modules])"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=DOCS, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_findings_show_the_published_record() -> None:
    state = module("state")
    readme = state.FINDINGS.read_text()
    record = harness.read_record(state.RECORD)
    assert readme == state.written(readme, record), "python docs/state.py writes it again"
    table = readme.partition(state.BEGIN)[2].partition(state.END)[0]
    assert table.count("\n| ") == 1 + len({i.claim for i in record.instances})


def test_the_chapters_show_what_is_published() -> None:
    chapters = module("chapters")
    text = chapters.FINDINGS.read_text()
    assert text == chapters.written(text), "python docs/chapters.py writes it again"
    assert chapters.suites(text) == ["depth", "generalisation", "other-kernels", "finite-width", "map"]


def test_the_figure_of_the_map_is_that_of_the_published_record() -> None:
    map_figure = module("map_figure")
    drawn = map_figure.drawn(DOCS.parent / "reports/published/map.json")
    assert map_figure.FIGURE.read_bytes() == drawn, "python docs/map_figure.py writes it again"


def test_a_chapter_is_made_of_the_record_and_says_where_there_is_none(tmp_path: Path) -> None:
    """Of a part of a record: the numbers of its instances, nothing else."""
    chapters = module("chapters")
    record = harness.read_record(DOCS.parent / "reports/published/depth.json")
    chosen = ("relu-tends-to-a-quarter", "matrix-of-ones", "the-second-moment-grows-with-depth-over-width")
    kept = [instance for instance in record.instances if instance.claim in chosen]
    record = replace(record, instances=tuple(kept), claims=())
    text = chapters.chapter(record)
    counts = f"3 claims from 2 sources, {len(kept)} instances ({len(kept)} with at most 6 of a claim)"
    assert counts in text
    assert text.count("\n| `") == 3
    estimates = [i.estimate for i in kept if i.claim == chosen[0]]
    assert f"| ≤ 1 | {min(estimates):.3g} to {max(estimates):.3g} of the tolerance | 4 of 4 |" in text
    again = [f"{math.expm1(i.estimate) * 100:+.3g}%" for i in kept if i.claim == chosen[2]]
    assert any(f"| ±5% | {low} to {high} |" in text for low in again for high in again)
    many = replace(record, instances=tuple(kept[:4] * 2), claims=())
    assert "1 claims from 1 sources, 8 instances (6 with" in chapters.paragraph(many)
    begin, end = chapters.BEGIN.format("nothing"), chapters.END.format("nothing")
    assert chapters.UNPUBLISHED in chapters.written(f"a\n{begin}old\n{end}b\n", tmp_path)
    assert "old" not in chapters.written(f"a\n{begin}old\n{end}b\n", tmp_path)
    with pytest.raises(ValueError, match="expected the line"):
        chapters.written(begin, tmp_path)


def test_a_chapter_on_a_map_says_where_its_boundaries_lie(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(COMPUTED_MAP)
    chapters = module("chapters")
    record = harness.run(tmp_path / "map.toml", store=None, recheck=False)
    text = chapters.chapter(record)
    (found,) = record.maps
    assert f"**{found.title}.** 6 of 6 boundaries found, " in text
    assert "**Nothing was expected of them**. Measured" in text
    head, *rows = map_rows(found, record.instances)
    assert f"| {' | '.join(head)} |\n|---|---|---|\n" in text
    assert len(rows) == 3
    assert all(f"\n| {' | '.join(map(escape, row))} |\n" in text for row in rows)
    flat = replace(found, claims=("edge",))
    assert "earlier |" not in chapters.map_text(flat, record.instances)


def test_the_findings_quote_what_the_spectra_say() -> None:
    """The ratios of risks on the teacher are computed, on any seed."""
    text = " ".join((DOCS / "findings.md").read_text().split())
    for hidden in (1, 3):
        ratios = [
            find("ntk.ridge-theory").function(
                seed=0,
                stages=frozenset({"nngp risk theory and ntk risk theory"}),
                inputs=10,
                train=64,
                target="teacher",
                noise=noise,
                hidden=hidden,
                w_std=1.5,
                b_std=0.1,
            )["nngp-over-ntk.clean-risk-theory"]
            for noise in (0.0, 0.25, 0.5, 1.0)
        ]
        assert ", ".join(f"{ratio:.2f}" for ratio in ratios) in text
        if hidden == 1:
            better, worse = 1 - math.sqrt(ratios[0]), math.sqrt(ratios[-1]) - 1
            assert f"the NNGP is {better:.0%} better without noise and {worse:.0%} worse at 1" in text


def test_the_example_of_reading_is_the_records() -> None:
    """What the judge saw at each look is made again from the record's values; the last is the record's."""
    looks = module("looks")
    instance = looks.example()
    seen = looks.looks(instance)
    assert (seen[-1][0], instance.verdict) == (instance.n, "supported")
    expected = [math.exp(x) for x in (instance.estimate, *instance.interval)]
    assert seen[-1][1:] == pytest.approx(expected, rel=1e-12)
    text = (DOCS / "reading.md").read_text()
    assert looks.table(instance) in text, "python docs/looks.py prints it"
    control = math.exp(instance.control.parts[0].estimate)
    assert f"Its distance was {control:.2f}" in text
