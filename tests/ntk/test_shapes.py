"""The shapes in annotations are checked, by a process of its own, and hold."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.declare.registry import experiment_names

SCRIPT = Path(__file__).parents[1] / "support/checked_shapes.py"
QUICK = ("ntk.kernel-at-scale",)
EXPERIMENTS = [name for name in experiment_names() if name.startswith("ntk.")]


def run(what):
    done = subprocess.run([sys.executable, SCRIPT, what], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_wrong_shape_is_found():
    run("wrong")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in EXPERIMENTS]
)
def test_a_trial_has_the_shapes_that_annotations_say(name):
    run(name)
