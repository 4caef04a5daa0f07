"""A short part of the tests on another Python, with the pins that it takes there; `.ci/run` runs it on 3.13.

    python tests/elsewhere.py 3.13

The interpreter is `python3.13` of the path, or pyenv's. Its environment is made in a temporary folder.
Where there is no such interpreter, the script says so and exits with 0: nothing is wrong with the code. Else
it exits with 1 as soon as one of `PARTS` fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

RUN = ("harness", "run", "--no-store", "--no-history", "--no-recheck", "--quiet")
"""A run that keeps nothing. It exits with 1 where a verdict is not as expected."""

PARTS = {
    "declarations, fingerprints and neural-tangents' import": (
        *("pytest", "-p", "no:xdist", "-p", "no:cacheprovider", "-m", "not slow"),
        *("tests/declare", "tests/measure/test_fingerprint.py", "tests/ntk/test_compat.py"),
    ),
    "kernel conformance": (
        *RUN,
        "suites/kernels.toml::relu-nngp-values[network=relu-3]",
        "suites/kernels.toml::erf-nngp-values",
        "suites/kernels.toml::ntk-values[network=relu-1]",
    ),
    "a trained network": (
        *RUN,
        *("--seeds", "14"),  # the fewest that a claim is judged by: they refute this one
        "suites/issues.toml::single-error-is-ntk-error[data=digits,hidden=1,width=64]",
    ),
}
"""What is run, in this order, by the name that is printed."""


def interpreter(version: str) -> str:
    """The path of `pythonVERSION`; '' if there is none that starts. A shim of pyenv may lead nowhere."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    found = shutil.which(f"python{version}")
    candidates = [found, *map(str, sorted(pyenv.glob(f"{version}*/bin/python{version}")))]
    for path in filter(None, candidates):
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return path
    return ""


def install(python: str, folder: Path) -> Path:
    """An environment with the pins and this checkout; the folder of its commands."""
    bin_ = folder / "environment/bin"
    subprocess.run([python, "-m", "venv", bin_.parent], check=True)
    pip = [bin_ / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--require-hashes", "--requirement", ROOT / "requirements.txt"], check=True)
    subprocess.run([*pip, "--no-build-isolation", "--editable", ROOT], check=True)
    return bin_


def main(version: str) -> int:
    """Run the parts; the exit code."""
    python = interpreter(version)
    if not python:
        print(f"Python {version}: found no interpreter; the short part was not run there")
        return 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        bin_ = install(python, Path(temporary))
        packages = "import jax, numpy; print(f'JAX {jax.__version__}, NumPy {numpy.__version__}')"
        said = subprocess.run([bin_ / "python", "-c", packages], capture_output=True, text=True, check=True)
        where = f"Python {version}, {said.stdout.strip()}"
        print(f"{where}: set up in {time.monotonic() - start:.0f} s", flush=True)
        for name, (command, *words) in PARTS.items():
            begun = time.monotonic()
            if command == "harness":
                words += ["--json", f"{temporary}/record.json"]
            failed = subprocess.run([bin_ / command, *words], cwd=ROOT, check=False).returncode != 0
            outcome = f"{'failed' if failed else 'passed'} in {time.monotonic() - begun:.0f} s"
            print(f"{where}: {name} {outcome}", flush=True)
            if failed:
                return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
