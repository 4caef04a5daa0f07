"""The wheel, installed into a folder of its own: what is in it, and that its suites run from there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.report import read_record
from harness.version import __version__

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow
SELECTION = ("@empirical-kernels", "-k", "linear and shapes or linear and symmetric")
OWN = ("model=my_nets:one_hidden", "data=my_data:load", "train=16", "test=20", "steps=64", "width=32")
OWN_DATA = """
import numpy as np


def load():
    x = np.random.default_rng(0).standard_normal((200, 5))
    return x, np.sin(x[:, 0])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment") / "site-packages"
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-compile", "--quiet"]
    subprocess.run([*pip, "--target", str(folder), str(wheel)], check=True)
    return folder


def run(site: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"PYTEST_ADDOPTS": "-p no:jaxtyping -p no:xdist"}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_it_has_the_suites_and_their_records_inside_the_package_and_nothing_beside_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for path in [*ROOT.glob("suites/*.toml"), *ROOT.glob("reports/published/*.json")]:
            inside = "_suites" if path.suffix == ".toml" else "_published"
            assert archive.read(f"harness/{inside}/{path.name}") == path.read_bytes()
    assert {name.split("/")[0] for name in names} == {"harness", f"ntk_harness-{__version__}.dist-info"}
    suites = len(list(ROOT.glob("suites/*.toml")))
    assert suites >= 10
    assert len([name for name in names if name.startswith("harness/_suites/")]) == suites
    # Records are 0.8 MB and all else 1.2: a store or figures would add many more.
    assert wheel.stat().st_size < 3_000_000


def test_its_suites_are_listed_and_run_in_an_empty_folder(site: Path, tmp_path: Path) -> None:
    before = sorted(site.rglob("*"))
    done = run(site, tmp_path, "harness", "suites")
    assert "@kernels " in done.stdout, done.stderr
    assert str(site / "harness/_suites") in done.stdout
    done = run(site, tmp_path, "harness", "list", "@kernels")
    assert len(done.stdout.splitlines()) == 853
    done = run(site, tmp_path, "harness", "run", "-q", *SELECTION, "--against", "@empirical-kernels")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Against @empirical-kernels (seeds from 0): " in done.stdout
    record = read_record(tmp_path / "reports/empirical-kernels.json")
    assert record.commit is not None
    assert (record.commit.version, record.commit.dirty) == (__version__, False)
    assert record.suites[0].place == "@empirical-kernels"
    assert (tmp_path / ".harness/store.sqlite").exists()
    assert len(list((tmp_path / "reports/history").glob("*.json"))) == 1
    done = run(site, tmp_path, "harness", "history", "@empirical-kernels")
    assert f"{__version__}+{record.commit.hash[:7]}" in done.stdout, done.stdout + done.stderr
    done = run(site, tmp_path, "pytest", "--harness-suite", "empirical-kernels", *SELECTION[1:])
    assert done.returncode == 0, done.stdout
    assert f"{len(record.instances)} passed" in done.stdout
    assert sorted(site.rglob("*")) == before, "nothing is written beside the package"


def test_a_network_of_ones_own_is_measured_and_diagnosed_from_it(site: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/support/six_networks.py", tmp_path / "my_nets.py")
    (tmp_path / "my_data.py").write_text(OWN_DATA)
    given = [word for value in OWN for word in ("--override", value)]
    done = run(site, tmp_path, "harness", "run", "-q", "@network", *given, "--seeds", "14")
    assert done.returncode in (0, 1), done.stdout + done.stderr  # 1: a claim is undecided after 14 seeds
    record = read_record(tmp_path / "reports/network.json")
    assert record.suites[0].place == "@network"
    of = {dict(trial.params)["model"] for instance in record.instances for trial in instance.trials}
    assert of == {"my_nets:one_hidden"}
    assert not [instance.id for instance in record.instances if instance.verdict in ("error", "not-run")]
    model, data, *values = OWN
    named = model.removeprefix("model="), data.removeprefix("data=")
    again = run(site, tmp_path, "harness", "diagnose", *named, *values, "--quick")
    assert again.stdout.startswith("my_nets:one_hidden on my_data:load, 16 points, "), again.stderr
    assert len(again.stdout.splitlines()) == 6  # and where the record is


def test_shards_of_one_wheel_are_merged(site: Path, tmp_path: Path) -> None:
    for part in ("1/2", "2/2"):
        name = f"{part[0]}.json"
        done = run(
            site,
            tmp_path,
            "harness",
            "run",
            "-q",
            *SELECTION,
            "--shard",
            part,
            "--json",
            name,
            "--no-history",
        )
        assert done.returncode in (0, 5), done.stderr
    done = run(site, tmp_path, "harness", "merge", "1.json", "2.json")
    assert done.returncode == 0, done.stderr


def test_from_an_archive_it_says_what_to_do(wheel: Path, tmp_path: Path) -> None:
    done = run(wheel, tmp_path, "harness", "suites")
    assert done.returncode == 4
    assert "install its wheel, and do not import it from an archive" in done.stderr


def test_the_source_distribution_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    subprocess.run([*build, "-t", "sdist"], cwd=ROOT, check=True, capture_output=True)
    (packed,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(packed, tmp_path, filter="data")
    source = tmp_path / packed.name.removesuffix(".tar.gz")
    subprocess.run([*build, "-t", "wheel"], cwd=source, check=True, capture_output=True)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_pytest_refuses_a_suite_that_it_does_not_have(site: Path, tmp_path: Path) -> None:
    done = run(site, tmp_path, "pytest", "--harness-suite", "kernel")
    assert done.returncode == 4
    assert "--harness-suite: expected a suite of this package, one of @architectures, " in done.stderr
    assert "(did you mean @kernels?)" in done.stderr
