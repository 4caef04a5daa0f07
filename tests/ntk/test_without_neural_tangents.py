"""Where neural-tangents or JAX is missing: what is not about it is measured; what is says how to get it."""

import subprocess
import sys
from pathlib import Path

import pytest
from missing_packages import LIGHT, hide_from_children

import harness
from harness.declare.libraries import NEURAL_TANGENTS, NTK

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "suites" / "kernels.toml"
SMALL = {"networks": 2, "width": 8, "points": 4}
LIGHT_PARTS = """
import sys
import harness.api, harness.cli, harness.pytest_plugin, harness.export.asv_suites, harness.report.html.page
import harness.ntk.alternatives, harness.ntk.architecture, harness.ntk.block_checks, harness.ntk.conformance
import harness.ntk.data, harness.ntk.empirical_checks, harness.ntk.iterative, harness.ntk.kernel_relations
import harness.ntk.kernels, harness.ntk.layers, harness.ntk.monte_carlo, harness.ntk.named_subjects
import harness.ntk.noise_checks, harness.ntk.rounding, harness.ntk.scale_checks, harness.ntk.solve
from harness.declare import benchmark_names, experiment_names, find
from harness.measure import source_of
names = [*experiment_names(), *benchmark_names()]
assert all(find(name).version and source_of(name, ()).modules for name in names)
assert not {"jax", "sklearn", "neural_tangents", "optax"} & set(sys.modules)
"""

TOY = """
from harness import Quantity, experiment

@experiment("toy", version=1, quantities={"x": Quantity("a number", scale="linear")})
def toy(*, seed: int) -> dict[str, float]:
    return {"x": float(seed)}
"""


TOY_SUITE = """
[suite]
format = 2
title = "Toy"
[experiments.e]
run = "toy:toy"
[claims.c]
says = "x is below a million."
expect = "open"
experiment = "e"
at-most = { of = "x", bound = 1e6 }
"""


@pytest.fixture
def without(tmp_path, monkeypatch):
    """Processes that are started find no neural-tangents."""
    hide_from_children(monkeypatch, tmp_path, "neural_tangents", "frozendict")


@pytest.fixture
def light(tmp_path, monkeypatch):
    """Processes that are started find nothing that the light core lacks."""
    hide_from_children(monkeypatch, tmp_path, *LIGHT)


def python(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def trial(**given):
    code = (
        "from harness.ntk.experiments.initialisation import initialisation\n"
        f"print(initialisation(seed=0, **{given | SMALL!r}))"
    )
    return python("-c", code)


def test_the_suite_of_kernels_needs_it_for_no_subject_but_itself(without):
    """It is the default subject and nothing else, and experiments without a subject run."""
    for name, experiment in harness.load(SUITE).experiments.items():
        if "subject" not in experiment.fixed:
            fixed = {key.replace("-", "_"): value for key, value in experiment.fixed.items()}
            run = trial(**fixed)
            assert run.returncode == 0, f"{name}: {run.stderr}"
        else:
            assert experiment.fixed.get("reference", "closed-form") == "closed-form"


def test_what_is_about_it_is_not_covered_and_names_the_command_that_installs_it(without):
    record = harness.run(SUITE, keyword="nngp-width and linear or nngp-width and relu-1", store=None)
    assert {i.verdict for i in record.instances} == {"not-covered"}
    assert all(NEURAL_TANGENTS in i.reason for i in record.instances)
    assert record.exit_code == 5
    run = trial(reference="neural-tangents")
    assert run.returncode == 1
    assert NEURAL_TANGENTS in run.stderr


def test_a_numpy_kernel_is_judged_without_jax(light):
    """The exit code is 0; what draws random networks is not covered. The workers have no JAX."""
    record = harness.run(
        SUITE,
        keyword="monte-carlo-converges-to-nngp or nngp-width",
        overrides={"subject": "wrong_kernels:adapter"},
        store=None,
        seeds=14,
    )
    verdicts = {i.claim: i.verdict for i in record.instances}
    assert verdicts == {"nngp-width": "supported", "monte-carlo-converges-to-nngp": "not-covered"}
    (reason,) = {i.reason for i in record.instances if i.verdict == "not-covered"}
    assert f"JAX is not installed: run `{NTK}`" in reason
    assert record.exit_code == 0


def test_the_light_parts_import_without_jax(light):
    """The conformance suite, the closed form, the engine; declarations and closures of all experiments."""
    run = python("-c", LIGHT_PARTS)
    assert run.returncode == 0, run.stderr


def test_what_trains_networks_is_an_error_of_one_sentence(light, tmp_path):
    run = python("-m", "harness", "trial", "ntk.regression", "--seed", "0")
    assert run.returncode == 1
    assert run.stdout.rstrip().splitlines()[-1] == f"JAX is not installed: run `{NTK}`"
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.slow
def test_a_fresh_environment_has_the_light_core(tmp_path):
    """A real one, with what the package requires: its size, and a kernel that is judged."""
    site, bin_ = tmp_path / "site", tmp_path / "site" / "bin"
    assert python("-m", "venv", str(site)).returncode == 0
    quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(ROOT)]
    installed = subprocess.run([bin_ / "python", *quiet], capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stderr
    (packages,) = site.glob("lib/python*/site-packages")
    there = {path.name.partition("-")[0] for path in packages.glob("*.dist-info")}
    assert not there & {"jax", "jaxlib", "scikit_learn", "neural_tangents", "rich", "tomli_w"}
    own = [
        path
        for path in packages.rglob("*")
        if path.relative_to(packages).parts[0] not in ("pip", "setuptools")
    ]
    assert sum(path.stat().st_blocks * 512 for path in own if path.is_file()) < 250e6
    (tmp_path / "mine.py").write_text((ROOT / "tests/support/wrong_kernels.py").read_text())
    words = [
        "run",
        str(SUITE),
        "-k",
        "nngp-width",
        "--override",
        "subject=mine:adapter",
        "--store",
        "s.sqlite",
    ]
    run = subprocess.run(
        [bin_ / "harness", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    (tmp_path / "toy.py").write_text(
        TOY
    )  # it imports from `harness` itself, which finds its parts when asked
    (tmp_path / "toy.toml").write_text(TOY_SUITE)
    toy = [bin_ / "harness", "run", "toy.toml", "--store", "s.sqlite"]
    subprocess.run(toy, cwd=tmp_path, capture_output=True, check=True)
    again = subprocess.run(toy, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "· 0 trials measured, " in " ".join(again.split()), "trials were not stored"


def test_both_references_agree():
    """Beside RESOLUTION, 1e-6: neural-tangents is off by 1e-8 on the diagonal of ReLU's NTK."""
    from harness.ntk.experiments.initialisation import initialisation

    ours, theirs = (initialisation(seed=0, reference=r, **SMALL) for r in ("closed-form", "neural-tangents"))
    assert ours == pytest.approx(theirs, rel=1e-6)
    assert ours["mean-ntk.distance"] > 0.01
