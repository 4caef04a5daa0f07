"""Where neural-tangents is missing: what is not about it is measured, and what is says how to get it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.ntk.compat import INSTALL
from harness.ntk.experiments.initialization import initialization

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "suites" / "kernels.toml"
BLOCKER = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("neural_tangents", "frozendict"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

sys.meta_path.insert(0, Missing())
"""
SMALL = {"networks": 2, "width": 8, "points": 4}


@pytest.fixture
def without(tmp_path, monkeypatch):
    """Processes that are started find no neural-tangents."""
    (tmp_path / "sitecustomize.py").write_text(BLOCKER)
    path = os.pathsep.join([str(tmp_path), str(ROOT / "tests" / "support")])
    monkeypatch.setenv("PYTHONPATH", path)


def trial(**given):
    code = (
        "from harness.ntk.experiments.initialization import initialization\n"
        f"print(initialization(seed=0, **{given | SMALL!r}))"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_suite_of_kernels_needs_it_for_no_subject_but_itself(without):
    """It is the default subject and nothing else, and experiments without a subject run."""
    for name, experiment in harness.load(SUITE).experiments.items():
        if "subject" not in experiment.fixed:
            fixed = {key.replace("-", "_"): value for key, value in experiment.fixed.items()}
            run = trial(**fixed)
            assert run.returncode == 0, f"{name}: {run.stderr}"
        else:
            assert experiment.fixed.get("reference", "closed-form") == "closed-form"


def test_a_subject_is_judged_without_it(without):
    """The exit code is 0: nothing is an error, or left out."""
    record = harness.run(
        SUITE,
        keyword="monte-carlo-converges-to-nngp or nngp-width",
        given={"subject": "wrong_kernels:adapter"},
        store=None,
        seeds=14,
    )
    verdicts = {i.claim: i.verdict for i in record.instances}
    assert verdicts["nngp-width"] == "supported"
    assert verdicts["monte-carlo-converges-to-nngp"] in ("supported", "inconclusive")  # few seeds


def test_what_is_about_it_names_the_command_that_installs_it(without):
    record = harness.run(SUITE, keyword="nngp-width and linear or nngp-width and relu-1", store=None)
    assert {i.verdict for i in record.instances} == {"error"}
    assert all(INSTALL in i.reason for i in record.instances)
    assert record.exit_code == 1
    run = trial(reference="neural-tangents")
    assert run.returncode == 1
    assert INSTALL in run.stderr


def test_both_references_agree():
    """Beside RESOLUTION, 1e-6: neural-tangents is off by 1e-8 on the diagonal of ReLU's NTK."""
    ours, theirs = (initialization(seed=0, reference=r, **SMALL) for r in ("closed-form", "neural-tangents"))
    assert ours == pytest.approx(theirs, rel=1e-6)
    assert ours["mean-ntk.distance"] > 0.01
