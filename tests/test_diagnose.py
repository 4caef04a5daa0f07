"""`harness diagnose`: the right answer for networks of which theory tells it, and for wrong ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from six_networks import EXPECTED

from harness.report import read_record

SUPPORT = Path(__file__).parent / "support"
FRESH = 1000
"""Seeds from here on: sizes and steps were chosen on those before."""

QUICK = ["train=16", "test=20", "steps=64", "width=32"]


def diagnose(folder, *arguments):
    path = os.pathsep.join(filter(None, [str(SUPPORT), os.environ.get("PYTHONPATH", "")]))
    return subprocess.run(
        [sys.executable, "-m", "harness", "diagnose", *arguments],
        capture_output=True, text=True, check=False, cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "HARNESS_STORE": str(folder / "store.sqlite")},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_it_names_the_regime_that_theory_tells(name, tmp_path):
    if name == "flax":
        pytest.importorskip("flax", reason="flax is no dependency: install it to run this")
    word, arguments = EXPECTED[name]
    done = diagnose(tmp_path, *arguments, f"--first-seed={FRESH}")
    lines = done.stdout.splitlines()
    assert f": {word}: " in "".join(lines[:1]), done.stdout + done.stderr
    assert done.returncode == 0
    assert len(lines) == 6  # and where the record is
    record = read_record(tmp_path / "reports/network.json")
    assert record.first_seed == FRESH


@pytest.mark.slow
def test_it_says_how_long_it_takes_and_writes_a_page_that_begins_with_the_same_lines(tmp_path):
    done = diagnose(tmp_path, "six_networks:one_hidden", "sphere", *QUICK, "--quick", "--html", "page.html")
    assert done.returncode == 0, done.stderr
    assert "A seed takes" in done.stderr
    assert "workers" in done.stderr
    page, first = (tmp_path / "page.html").read_text(), done.stdout.splitlines()[0]
    assert first.partition(":")[0] in page
    assert page.index("a table of ours") < page.index("kernel-stands-still")
    again = diagnose(tmp_path, "six_networks:one_hidden", "sphere", *QUICK, "--quick")
    assert again.stdout.splitlines()[0] == first


@pytest.mark.slow
def test_a_checkpoint_is_described_and_not_judged(tmp_path):
    (tmp_path / "saved.py").write_text(
        "import jax\nimport six_networks\n\n\ndef net(width: int = 32):\n"
        "    init, apply = six_networks.one_hidden(width)\n"
        "    return (lambda key, shape: init(jax.random.key(7), shape)), apply\n"
    )
    done = diagnose(tmp_path, "saved:net", "sphere", *QUICK)
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, 5), done.stderr
    assert "DESCRIBED, NOT JUDGED" in lines[0]
    assert not (tmp_path / "reports").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ["impure_nets:normalised", "sphere"],
            1,
            "outputs that depend on the other rows: batch normalisation?",
        ),
        (["six_networks:one_hidden", "sphere", "learning-rate=1e6"], 1, "diverged"),
        (["six_networks:nothing", "sphere"], 4, "nothing of that name"),
        (["six_networks:one_hidden", "sphere", "widht=3"], 4, "widht"),
        (["six_networks:one_hidden", "sphere", "--quick", "--seeds=21"], 4, "found both"),
    ],
)
def test_what_cannot_be_diagnosed_says_why(tmp_path, arguments, code, said):
    (tmp_path / "impure_nets.py").write_text(
        "import jax.numpy as jnp\n\n\ndef normalised():\n"
        "    return (lambda key, shape: ((-1, 1), jnp.ones(shape[-1]))), (lambda p, x: (x - x.mean(0)) @ p)\n"
    )
    done = diagnose(tmp_path, *arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
