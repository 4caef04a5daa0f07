"""docs/published.py: what of the published is out of date, and what it makes again."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
from edits import edited
from good_suite import GOOD
from msgspec.structs import replace

import harness

EXPERIMENT = '''\
from harness import Quantity, experiment

ERROR = Quantity("an error", unit="1", resolution=1e-9)


@experiment("published-pair", version=1, quantities={"a.error": ERROR, "b.error": ERROR})
def pair(*, seed: int, shift: float = 0.0, size: int = 1, sd: float = 0.1):
    """Two numbers."""
    return {"a.error": 1.0 + sd * (seed % 7), "b.error": 1.0 + shift + sd * (seed % 5)}
'''
SCRIPT = "import shutil; shutil.copyfile('reports/published/toys.json', 'drawn.txt')"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, for a project with one suite and one file that is drawn from its record."""
    path = Path(__file__).parents[2] / "docs" / "published.py"
    spec = importlib.util.spec_from_file_location("docs_published", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "docs_published", module)
    spec.loader.exec_module(module)
    for folder in ("suites", "reports/published", "docs", ".venv"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "suites/toys.toml").write_text(edited(GOOD, {"toys:pair": "published_toys:pair"}))
    (tmp_path / "suites/published_toys.py").write_text(EXPERIMENT)
    (tmp_path / "draw.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "suites"))
    monkeypatch.setattr(module, "ROOT", tmp_path)
    drawn = module.Drawn(("drawn.txt",), ("draw.py",), ("reports/published/toys.json",))
    monkeypatch.setattr(module, "DRAWN", (drawn,))
    return module


@pytest.fixture
def published(script: ModuleType, tmp_path: Path) -> Path:
    """The record, measured; nothing has been drawn from it."""
    record = harness.run(str(tmp_path / "suites/toys.toml"), store=None, recheck=False)
    path = tmp_path / "reports/published/toys.json"
    script.write_whole(path, harness.report.to_json(record))
    return path


def test_a_record_of_todays_code_is_up_to_date(script: ModuleType, published: Path) -> None:
    assert script.record_reasons("toys") == []


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(edited(path.read_text(), {old: new}))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seeds = 21", "seeds = 14", []),
        ("[1, 2, 4]", "[1, 2, 8]", ["1 instances are not in it, toys/same[shift=0,size=8] among them"]),
    ],
)
def test_another_suite_is_named(
    script: ModuleType, published: Path, tmp_path: Path, old: str, new: str, said: list[str]
) -> None:
    edit(tmp_path / "suites/toys.toml", old, new)
    assert script.record_reasons("toys") == ["the suite's file is another one", *said]


def test_other_code_is_named_by_the_points_that_it_changes(
    script: ModuleType, published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(tmp_path / "suites/published_toys.py", "1.0 + sd", "1.1 + sd")
    (reason,) = script.record_reasons("toys")
    assert reason.startswith(
        "6 of 6 points have another fingerprint today: published_toys:pair at toys/same["
    )
    assert reason.endswith("and 3 more")
    assert script.main(["--check"]) == 1
    assert "2 of 2 are out of date." in capsys.readouterr().out


def test_a_parameter_that_the_record_does_not_know_makes_another_trial(
    script: ModuleType, published: Path
) -> None:
    """As where an experiment has got a parameter since; the control's points are not looked for."""
    record = harness.read_record(published)
    instances = tuple(
        replace(each, trials=tuple(replace(t, params=without(t.params, "sd")) for t in each.trials))
        for each in record.instances
    )
    script.write_whole(published, harness.report.to_json(replace(record, instances=instances)))
    (reason,) = script.record_reasons("toys")
    assert reason.startswith(
        "3 of 3 points have another fingerprint today: published_toys:pair at toys/same["
    )


def without(params: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in params.items() if key != name}


def test_a_comment_changes_no_number(script: ModuleType, published: Path, tmp_path: Path) -> None:
    edit(tmp_path / "suites/published_toys.py", "ERROR =", "# a remark\nERROR =")
    assert script.record_reasons("toys") == []


def test_publishing_makes_what_is_out_of_date_and_no_more(
    script: ModuleType, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []
    run = script.run
    monkeypatch.setattr(script, "run", lambda command: ran.append(command[:2]) or run(command))
    assert script.main([]) == 0
    assert ran == [[sys.executable, "draw.py"]]
    assert (tmp_path / "drawn.txt").read_text() == published.read_text()
    assert list(published.parent.glob("*.json")) == [published], (
        "`--against reports/published` reads them all"
    )
    assert script.main([]) == 0
    assert len(ran) == 1
    assert script.main(["--check"]) == 0
    (tmp_path / "drawn.txt").unlink()
    assert script.drawn_reasons(script.DRAWN[0]) == ["drawn.txt is missing"]


def test_an_interrupted_run_leaves_the_published_record(
    script: ModuleType, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = published.read_bytes()
    edit(tmp_path / "suites/toys.toml", "seeds = 21", "seeds = 14")
    monkeypatch.setattr(script, "run", lambda command: 2)
    assert script.main([]) == 2
    assert published.read_bytes() == before


@pytest.mark.parametrize("last", [0, 2])
def test_records_are_replaced_when_all_are_measured_or_the_run_ends(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    """One that is replaced earlier would make the checkout of the next run differ from its commit."""
    suites = tmp_path / "suites"
    (suites / "zoo.toml").write_text((suites / "toys.toml").read_text())
    folder = tmp_path / "reports/published"
    seen = []

    def measured(command: list[str]) -> int:
        seen.append(sorted(path.name for path in folder.iterdir()))
        if "suites/zoo.toml" in command and last:
            return last
        for kind in ("--json", "--markdown"):
            Path(command[command.index(kind) + 1]).write_text("measured")
        return 1

    monkeypatch.setattr(script, "run", measured)
    monkeypatch.setattr(script, "DRAWN", ())
    assert script.main([]) == last
    assert seen == [[], []]
    names = ["toys"] if last else ["toys", "zoo"]
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{name}.{kind}" for name in names for kind in ("json", "md")
    ]


def test_what_is_prepared_for_a_device_is_neither_missed_nor_measured(
    script: ModuleType, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(tmp_path / "suites/toys.toml", "[1, 2, 4]", "[1, 2, 4, 8]")
    with (tmp_path / "suites/toys.toml").open("a") as suite:
        suite.write('[[claims.same.where]]\nat = { size = 8 }\nmarks = ["device"]\n')
    assert script.record_reasons("toys") == ["the suite's file is another one"]
    commands = []
    monkeypatch.setattr(script, "run", lambda command: commands.append(command) or 2)
    assert script.main([]) == 2
    assert commands[0][commands[0].index("run") + 2 :][:2] == ["-m", "not device"]
    assert str(tmp_path) not in " ".join(commands[0]), "the record says how it was made, not on whose machine"


def test_an_unknown_suite_is_an_error(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        script.main(["toy"])
    assert "expected suites among toys, found toy" in capsys.readouterr().err


def test_a_suite_without_a_record_is_out_of_date(script: ModuleType) -> None:
    assert script.record_reasons("toys") == ["it has never been published"]
