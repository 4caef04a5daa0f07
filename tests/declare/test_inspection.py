"""Functions that suites name are looked at in a process of their own, whatever their modules do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.declare import Problem
from harness.declare.inspection import Answer, Asked, inspect_references

MODULES = {
    "good": "def load(): return 1\nvalue = 3\n",
    "noisy": "import sys\nprint('out', flush=True)\nprint('err', file=sys.stderr)\ndef load(): pass\n",
    "ends": "import os\nos._exit(7)\n",
    "exits": "import sys\nsys.exit('no data here')\n",
    "raises": "x = 1\nraise RuntimeError('no device')\n",
    "intrudes": "import sys, os\nsys.path.insert(0, '/intruder')\nos.environ['INTRUDER'] = '1'\n"
    "def load(): pass\n",
    "hangs": "import time\ntime.sleep(60)\n",
    "leaves": "import atexit, pathlib\natexit.register(pathlib.Path(__file__).with_name('left').touch)\n"
    "def load(): pass\n",
    "threads": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
    "def load(): pass\n",
    "checks": "from harness.declare import Problem\n"
    "def check(name, function, points):\n"
    "    return [None if p['n'] < 2 else Problem('less', str(p['n']), ('n',)) for p in points]\n"
    "def fails(name, function, points):\n    raise OSError('disk')\n",
}


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in MODULES.items():
        (tmp_path / f"{name}_of_user.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)


def test_each_reference_has_its_answer(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One process ends (os._exit), so the rest are asked of another; none of it reaches this one."""
    names = ["good", "noisy", "ends", "exits", "raises", "intrudes", "leaves", "threads"]
    asked = [Asked(f"{name}_of_user:load") for name in names]
    asked += [Asked("good_of_user:laod"), Asked("good_of_user:value"), Asked("nowhere_of_user:load")]
    path = list(sys.path)
    answers = inspect_references(asked)
    said = {one.reference: answer.problem for one, answer in zip(asked, answers, strict=True)}
    for name in ("good", "noisy", "intrudes", "leaves", "threads"):
        assert said[f"{name}_of_user:load"] is None
    assert _found(said["ends_of_user:load"]) == "a process that ended with code 7 while it was looked at"
    assert _found(said["exits_of_user:load"]).startswith("SystemExit: no data here")
    assert _found(said["raises_of_user:load"]).startswith("RuntimeError: no device (")
    assert "raises_of_user.py, line 2" in _found(said["raises_of_user:load"])
    assert _found(said["good_of_user:laod"]) == "nothing of that name; did you mean load?"
    assert _found(said["good_of_user:value"]) == "a int"
    assert "No module named 'nowhere_of_user'" in _found(said["nowhere_of_user:load"])
    where = {one.reference: answer.where for one, answer in zip(asked, answers, strict=True)}
    assert where["nowhere_of_user:load"] == where["raises_of_user:load"] == "module"
    assert where["good_of_user:laod"] == "function"
    assert sys.path == path
    assert not (tmp_path / "left").exists()  # no exit handler, so no thread either, is waited for
    assert "INTRUDER" not in os.environ
    assert not {f"{name}_of_user" for name in MODULES} & set(sys.modules)
    assert capfd.readouterr() == ("", "")


def test_a_module_that_holds_it_up_costs_its_own_reference_only() -> None:
    """Five seconds: importing harness.declare and a module of a line takes a tenth of one; it took two
    and more with thirty other processes on two cores."""
    asked = [Asked("good_of_user:load"), Asked("hangs_of_user:load"), Asked("noisy_of_user:load")]
    first, hanging, last = inspect_references(asked, patience=5.0)
    assert (first, last) == (Answer(), Answer())
    assert _found(hanging.problem) == "no answer in 5 seconds"


def test_a_check_is_called_with_the_points_and_answers_for_each() -> None:
    points = ({"n": 1}, {"n": 2})
    asked = [
        Asked("good_of_user:load", "checks_of_user:check", points),
        Asked("good_of_user:load", "checks_of_user:fails", points),
    ]
    checked, failed = inspect_references(asked)
    assert checked == Answer(points=(None, Problem("less", "2", ("n",))))
    assert _found(failed.problem).startswith("OSError: disk")


def _found(problem: Problem | None) -> str:
    assert problem is not None
    return problem.found
