"""Products of float32 are of the precision that is asked for, in every program that runs networks."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import pytest

from harness.declare import StageError, abreast
from harness.measure.environment import PRECISION, worker_environment
from harness.ntk.experiments._regression_abreast import computed
from harness.ntk.experiments._regression_computed import Setting
from harness.ntk.model import Model
from harness.ntk.products import products

SETTING = Setting(
    seed=0, data="sphere", preprocess="none", targets="none", noise=0.0, train=6, test=5, validation=4,
    networks=1, optimizer="gd", batch=16, learning_rate=0.5, adam_rate=1e-3, target_loss=1e-9,
    max_steps=5, patience=2, ridge=0.0,
)  # fmt: skip


def precision_here() -> str:
    """Of a product that is traced now."""
    program = jax.make_jaxpr(lambda a: a @ a)(jnp.ones((2, 2), jnp.float32))
    (product,) = (each for each in program.eqns if each.primitive.name == "dot_general")
    return str(product.params["precision"])


@pytest.mark.slow
def test_tf32_is_what_jax_calls_high() -> None:
    """XLA computes HIGH in TF32 on a device that has it, and HIGHEST never."""
    with products("float32"):
        assert precision_here() == "None"
    with products("tf32"):
        assert "HIGH" in precision_here()
        assert "HIGHEST" not in precision_here()
    assert precision_here() == "None"


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
@pytest.mark.parametrize(("asked", "expected"), [("tf32", "HIGH"), ("float32", "None")])
def test_every_program_of_a_trial_has_the_precision_that_is_asked_for(seeds, asked, expected) -> None:
    seen: dict[int, set[str]] = {}

    def init(key, shape):
        return (-1, 1), jax.random.normal(key, (shape[1],))

    def apply(params, x):
        if params.dtype == jnp.float32:
            seen.setdefault(x.shape[0], set()).add(precision_here())
        return jnp.tanh(x @ params)

    model = Model(init, apply)
    with abreast(seeds):
        made = computed(model, replace(SETTING, precision=asked))
        assert made.f0.shape == (6, 1)
        with contextlib.suppress(StageError):  # it is not trained to its end
            made.trained("centred")
    for points in (6, 5, 4):  # training, test, validation; the model's check takes others
        assert {expected in text for text in seen[points]} == {True}


@pytest.mark.slow
def test_jax_takes_the_variable_that_workers_are_given(monkeypatch) -> None:
    monkeypatch.delenv(PRECISION, raising=False)
    command = [sys.executable, "-c", "import jax; print(jax.config.jax_default_matmul_precision)"]
    done = subprocess.run(command, env=worker_environment(None), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "highest"
