"""Which variables of the environment are part of a fingerprint, as a worker has them."""

from __future__ import annotations

import re

import pytest

from harness.measure import Laboratory
from harness.measure.environment import worker_environment
from harness.measure.settings import COUNTED, FREE, differing_settings, settings

CHANGES = {
    "JAX_DEFAULT_PRNG_IMPL": "rbg",
    "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
    "JAX_RANDOM_SEED_OFFSET": "1",
    "JAX_SOMETHING_NEW": "1",
    "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
    "XLA_SOMETHING_NEW": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "NVIDIA_TF32_OVERRIDE": "0",
    "PYTHONOPTIMIZE": "1",  # asserts do not run
    "PYTHONWARNINGS": "error",
    "PYTHONUTF8": "0",
    "PYTHON_GIL": "0",
    "OMP_SCHEDULE": "dynamic",
    "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_CORETYPE": "Haswell",
    "NUMEXPR_NUM_THREADS": "2",
    "VECLIB_MAXIMUM_THREADS": "2",
    "BLIS_NUM_THREADS": "2",
    "NPY_DISABLE_CPU_FEATURES": "AVX2",
    "SCIPY_ARRAY_API": "1",
    "LD_PRELOAD": "/nowhere/libm.so",
    "LD_LIBRARY_PATH": "/nowhere",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2",
}
CHANGES_NOTHING = {
    "JAX_COMPILATION_CACHE_DIR": "/nowhere",
    "JAX_LOG_COMPILES": "1",
    "TF_CPP_MIN_LOG_LEVEL": "0",
    "JAX_PLATFORMS": "cpu",
    "CUDA_VISIBLE_DEVICES": "1",
    "PYTHONUNBUFFERED": "",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": "/nowhere",
    "PYTHONHASHSEED": "7",  # the worker has another
    "OMP_NUM_THREADS": "8",
    "MKL_NUM_THREADS": "8",
    "OPENBLAS_NUM_THREADS": "8",
    "NPROC": "8",
    "JAX_ENABLE_X64": "0",
    "TZ": "Asia/Tokyo",
    "LANG": "tr_TR.UTF-8",
    "LC_NUMERIC": "de_DE.UTF-8",
    "HOME": "/nowhere",
    "MODE": "fast",
}


@pytest.mark.parametrize("name", [*CHANGES, *CHANGES_NOTHING])
def test_which_variables_change_a_fingerprint(project, monkeypatch, name):
    prints = []
    for text in (None, {**CHANGES, **CHANGES_NOTHING}[name]):
        monkeypatch.delenv(name, raising=False)
        if text is not None:
            monkeypatch.setenv(name, text)
        with Laboratory(None, workers=1) as laboratory:
            prints.append((laboratory.fingerprint(project.trial()), laboratory.program(project.trial())))
    assert (prints[0][0] != prints[1][0]) == (name in CHANGES)
    assert (prints[0][1] != prints[1][1]) == (name in CHANGES), "so is a recheck that it has passed"


def test_every_exception_has_a_reason_and_would_count_without_it():
    for name, reason in FREE.items():
        assert re.fullmatch(r"[a-z].{10,}", reason), name
        assert name.startswith(COUNTED), f"{name} would not count anyway"
        assert settings({name: "1"}) == ()


def test_a_file_of_flags_counts_with_its_bytes(tmp_path):
    flags = tmp_path / "flags"
    flags.write_text("--xla_cpu_enable_fast_math=false")
    before = settings({"XLA_FLAGS": str(flags)})
    flags.write_text("--xla_cpu_enable_fast_math=true")
    assert settings({"XLA_FLAGS": str(flags)}) != before


def test_the_time_zone_and_the_locale_of_a_worker_are_always_the_same(project, store, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("LC_ALL", "POSIX")
    assert (worker_environment(None)["TZ"], worker_environment(None)["LC_ALL"]) == ("UTC", "C.UTF-8")


def test_what_differs_is_named():
    ours, theirs = settings({"XLA_FLAGS": "--a", "MKL_CBWR": "AVX2"}), settings({"XLA_FLAGS": "--b"})
    expected = "MKL_CBWR=(unset) (here AVX2), XLA_FLAGS=--b (here --a)"
    assert differing_settings(ours, theirs) == expected
    assert differing_settings(ours, ours) == ""


@pytest.mark.slow  # JAX starts twice
def test_another_generator_of_random_numbers_is_measured_again(project, store, monkeypatch):
    project.write(
        "draws.py",
        """
        from harness.declare import Quantity, experiment

        @experiment("draws", version=1, quantities={"x": Quantity("a number", scale="linear")})
        def draws(*, seed: int) -> dict[str, float]:
            import jax
            return {"x": float(jax.random.normal(jax.random.key(seed)))}
        """,
    )
    from harness.questions import Trial

    trial, numbers = Trial("draws:draws", (), 0), []
    for kind in (None, "rbg", None):
        monkeypatch.delenv("JAX_DEFAULT_PRNG_IMPL", raising=False)
        if kind:
            monkeypatch.setenv("JAX_DEFAULT_PRNG_IMPL", kind)
        with Laboratory(store, workers=1) as laboratory:
            known = laboratory.recall([trial])
            if not known:
                laboratory.request(trial, 60.0)
                while laboratory.pending:
                    known.update({m.trial: m for m in laboratory.collect(5.0)})
        numbers.append((known[trial].value("x"), known[trial].reused))
    assert numbers[0][0] != numbers[1][0]
    assert [reused for _, reused in numbers] == [False, False, True]
    assert numbers[2][0] == numbers[0][0]
