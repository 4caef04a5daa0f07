"""What a trial reads, runs and loads beside its source is declared, or its result is not stored."""

from __future__ import annotations

import os
import sqlite3
import sys
import textwrap
from pathlib import Path

import pytest

from harness.declare import Inputs
from harness.measure import Laboratory, Measurement
from harness.questions import Trial

HEAD = """
import os, sys
from harness.declare import Quantity, experiment

{top}

@experiment("reader", version=1, quantities={{"x": Quantity("a number", scale="linear")}}{more})
def reader(*, seed: int) -> dict[str, float]:
{body}
    return {{"x": float(x)}}
"""


class Bench:
    """A project that reads files, measured in one laboratory."""

    def __init__(self, project, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project, self.store = project, store
        self.data = project.folder.parent / "data"
        self.data.mkdir()
        self.data.joinpath("a.csv").write_text("1.5")
        monkeypatch.chdir(self.data)
        monkeypatch.setenv("DATA", str(self.data))

    def write(self, body: str, *, top: str = "", more: str = "", name: str = "reads") -> None:
        body = textwrap.indent(textwrap.dedent(body).strip(), "    ")
        self.project.write(f"{name}.py", HEAD.format(body=body, top=textwrap.dedent(top), more=more))
        sys.modules.pop(name, None)

    def trial(self, *patterns: str, seed: int = 0, name: str = "reads") -> Trial:
        inputs = Inputs(str(self.data), patterns) if patterns else None
        return Trial(f"{name}:reader", (), seed, inputs)

    def measure(self, *trials: Trial) -> list[Measurement]:
        with Laboratory(self.store, workers=1) as laboratory:
            known = laboratory.recall(trials)
            for trial in trials:
                if trial not in known:
                    laboratory.request(trial, 60.0)
            while laboratory.pending:
                known.update({m.trial: m for m in laboratory.collect(5.0)})
        for trial in trials:
            assert known[trial].status == "ok", known[trial].error
        return [known[trial] for trial in trials]


@pytest.fixture
def bench(project, store, monkeypatch) -> Bench:
    return Bench(project, store, monkeypatch)


READ = 'x = open("a.csv").read()'


def test_a_declared_file_is_read_and_stored_until_its_bytes_change(bench):
    bench.write(READ)
    (first,) = bench.measure(bench.trial("*.csv"))
    assert (first.stored, first.note, first.value("x")) == (True, "", 1.5)
    (again,) = bench.measure(bench.trial("*.csv"))
    assert again.reused
    bench.data.joinpath("a.csv").write_text("2.5")
    (changed,) = bench.measure(bench.trial("*.csv"))
    assert (changed.reused, changed.stored, changed.value("x")) == (False, True, 2.5)
    bench.data.joinpath("a.csv").write_text("1.5")
    (back,) = bench.measure(bench.trial("*.csv"))
    assert (back.reused, back.value("x")) == (True, 1.5), "its bytes count, not its times"


def test_an_undeclared_file_is_named_with_what_to_write(bench):
    bench.write(READ)
    first, second = bench.measure(bench.trial(), bench.trial(seed=1))
    assert [first.stored, second.stored] == [False, False]
    assert first.note == (
        "reads:reader: not stored, because it read a.csv, which no `inputs` declare, so that a change there"
        " would go unnoticed; each such trial costs a new worker; write inputs ="
        f' ["{bench.data}/a.csv"] in the'
        " experiment's table, or inputs=(...) in its decorator, relative to its module"
    )
    assert [m.ordinal for m in (first, second)] == [0, 0], "the second has a new worker"
    (again,) = bench.measure(bench.trial())
    assert not again.reused


def test_the_pattern_that_is_said_works(bench):
    bench.data.joinpath("b.csv").write_text("0.25")
    bench.write('x = float(open("a.csv").read()) + float(open("b.csv").read())')
    (other,) = bench.measure(bench.trial("a.csv"))
    assert not other.stored
    assert 'write inputs = ["b.csv"] in' in other.note
    assert bench.measure(bench.trial("a.csv", "b.csv"))[0].stored


def test_a_decorator_declares_relative_to_its_module(bench):
    bench.project.write("tables/one.csv", "3.5")
    bench.write(
        'x = open(os.path.join(os.path.dirname(__file__), "tables", "one.csv")).read()',
        more=', inputs=("tables/*.csv",)',
    )
    assert bench.measure(bench.trial())[0].stored
    bench.project.write("tables/one.csv", "4.5")
    (changed,) = bench.measure(bench.trial())
    assert (changed.reused, changed.value("x")) == (False, 4.5)
    bench.project.write("tables/two.csv", "5.5")
    assert not bench.measure(bench.trial())[0].reused, "a new file that the pattern matches"


USES = {
    "read through a library": 'import json; x = json.load(open("a.csv"))',
    "read by number": 'f = os.open("a.csv", os.O_RDONLY); x = os.read(f, 9); os.close(f)',
    "read as bytes": 'x = open(b"a.csv", "rb").read()',
    "read by pathlib": 'import pathlib; x = pathlib.Path("a.csv").read_text()',
    "read through a link": 'x = open("link.csv").read()',
    "read and written": 'f = open("a.csv", "r+"); x = f.read(); f.close()',
    "read, then written": 'x = open("a.csv").read(); open("a.csv", "w").write(x)',
    "read after appending": 'open("log.txt", "a").write("1"); x = len(open("log.txt").read())',
    "read by NumPy": 'import numpy; x = numpy.loadtxt("a.csv")',
    "read by a copy": 'import shutil, tempfile; x = shutil.copy("a.csv", tempfile.mkdtemp()) and 1',
    "read from a database": 'import sqlite3; x = sqlite3.connect("t.db").execute("select 1").fetchone()[0]',
    "executed": 'exec(open("code.py").read(), globals()); x = VALUE',
    "executed as compiled": 'import marshal; exec(marshal.load(open("code.bin", "rb")), globals()); x = 1',
    "run by path": 'import runpy; x = runpy.run_path("code.py")["VALUE"]',
    "imported by path": (
        'from importlib.util import spec_from_file_location as s, module_from_spec; spec = s("m", "code.py");'
        ' m = module_from_spec(spec); spec.loader.exec_module(m); x = m.VALUE'
    ),
    "a program": 'import subprocess; x = subprocess.run(["./tool"], capture_output=True).stdout',
    "a script": 'import subprocess; x = subprocess.check_output(["sh", "tool"])',
    "a script of Python": 'import subprocess; x = subprocess.run([sys.executable, "code.py"]).returncode',
    "a module of Python": 'import subprocess; x = subprocess.run([sys.executable, "-m", "tools"]).returncode',
    "a shell's command": 'import subprocess; x = subprocess.check_output("cat <a.csv", shell=True)',
    "a call of the shell": 'x = os.system("./tool > out.txt")',
    "a program on the path": (
        'import subprocess; x = subprocess.check_output(["tool"], env={"PATH": os.environ["DATA"] + ":/bin"})'
    ),
    "a program instead of a fork": (
        'x = os.waitpid(os.posix_spawn("./tool", ["./tool"], dict(os.environ)), 0)[1]'
    ),
    "a library": 'import ctypes; ctypes.CDLL("./libcopy.so"); x = 1',
    "a list of names": 'x = len(os.listdir("."))',
    "a search for names": 'import glob; x = len(glob.glob("*.csv"))',
    "a walk": 'x = len(list(os.walk(".")))',
    "a machine": (
        'import socket; s = socket.socket(); x = s.connect_ex(("127.0.0.1", 9)) * 0'
    ),
}  # fmt: skip
SAID = {
    "read through a link": "link.csv",
    "read after appending": "log.txt",
    "read from a database": "t.db",
    "executed as compiled": "code.bin",
    "a module of Python": "tools.py",
    "a library": "libcopy.so",
    "a list of names": "listed .",
    "a search for names": "listed .",
    "a walk": "listed .",
    "a machine": "connected to 127.0.0.1:9, which",
    "a shell's command": "ran a.csv",
}


SLOW = {
    "read by number", "read as bytes", "read by pathlib", "read by NumPy", "read by a copy",
    "read and written", "run by path", "a script", "a script of Python", "a shell's command",
    "a program on the path", "a search for names", "executed as compiled", "read through a library", "a walk",
}  # fmt: skip
"""Kinds that go through the same event as another, or a second way to it: each takes a new worker."""


@pytest.fixture(scope="module", params=[False, pytest.param(True, marks=pytest.mark.slow)])
def undeclared(request, tmp_path_factory) -> dict[str, Measurement]:
    """What each kind of use gives, measured in one laboratory."""
    folder = tmp_path_factory.mktemp("uses")
    data = folder / "data"
    data.mkdir()
    data.joinpath("a.csv").write_text("1")
    data.joinpath("link.csv").symlink_to("a.csv")
    data.joinpath("log.txt").write_text("1")
    data.joinpath("code.py").write_text("VALUE = 1.0\n")
    import marshal
    import shutil

    data.joinpath("code.bin").write_bytes(marshal.dumps(compile("VALUE = 1.0", "<made>", "exec")))
    data.joinpath("tool").write_text("#!/bin/sh\necho 1\n")
    data.joinpath("tool").chmod(0o755)
    (library,) = [f for f in map(Path, _libraries()) if f.exists()][:1]
    shutil.copy(library, data / "libcopy.so")
    sqlite3.connect(data / "t.db").execute("create table t (x)").connection.close()
    (folder / "tools.py").write_text("import sys; sys.exit(1)\n")
    trials = {}
    for place, (kind, body) in enumerate(USES.items()):
        if (kind in SLOW) == request.param:
            text = HEAD.format(body=f"    {body}", top="", more="")
            (folder / f"uses_{place}.py").write_text(text)
            trials[kind] = Trial(f"uses_{place}:reader", (), 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.chdir(data)
        patch.setenv("DATA", str(data))
        with Laboratory(folder / "store.sqlite", workers=2) as laboratory:
            for trial in trials.values():
                laboratory.request(trial, 60.0)
            found = {}
            while laboratory.pending:
                found.update({m.trial: m for m in laboratory.collect(5.0)})
    for name in [name for name in sys.modules if name.startswith("uses_")]:
        del sys.modules[name]
    return {kind: found[trial] for kind, trial in trials.items()}


def _libraries() -> list[str]:
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps}
    return sorted(path for path in paths if "/libm" in path or "/libz" in path or "/libc.so" in path)


def test_what_a_trial_uses_undeclared_is_not_stored(undeclared):
    wrong = []
    for kind, found in undeclared.items():
        body = USES[kind]
        said = SAID.get(kind, "tool" if "tool" in body else "code.py" if "code.py" in body else "a.csv")
        kept = found.stored or "not stored, because it" not in found.note or said not in found.note
        if kept or found.status != "ok":
            wrong.append((kind, found.stored, found.note, found.error))
    assert wrong == []


INNOCENT = {
    "nothing": "x = 0",
    "a temporary file": (
        "import tempfile; f = tempfile.NamedTemporaryFile('w+'); f.write('1'); f.seek(0); x = f.read()"
    ),
    "a file that it has made": (
        "open('made.txt', 'w').write('1'); x = open('made.txt').read(); os.remove('made.txt')"
    ),
    "a file that it has written anew": "open('again.txt', 'w').write('1'); x = open('again.txt').read()",
    "a file that it has renamed": (
        "open('new.txt', 'w').write('1'); os.replace('new.txt', 'named.txt'); x = open('named.txt').read()"
    ),
    "a folder that it has made": (
        "import shutil; os.mkdir('sub'); os.system('echo 1 > sub/x'); x = open('sub/x').read();"
        " os.listdir('sub'); shutil.rmtree('sub')"
    ),
    "a log": "open('log.txt', 'a').write('1'); x = 0",
    "what is not there": "x = 0\n    try: open('nowhere.txt')\n    except OSError: x = 1",
    "the system": "x = len(open('/proc/self/status').read()) * 0 + len(os.listdir('/usr')) * 0",
    "a link to a file of the system": "x = len(open('linked').read()) * 0",
    "a link in a cache of figures": "x = len(open(os.environ['MPLCONFIGDIR'] + '/style').read()) * 0",
    "a program of the system": "import subprocess; x = subprocess.check_output(['uname']) and 1",
    "Python": "import subprocess; x = subprocess.check_output([sys.executable, '-c', 'print(1)'])",
    "its own source": "x = len(open(__file__).read())",
    "a lazy import": "import mime_types_of_mine, xml.dom.minidom; x = mime_types_of_mine.X",
    "the C library": "import ctypes; ctypes.CDLL('libm.so.6'); ctypes.CDLL(None); x = 0",
    "data of a library": "import msgspec, importlib.metadata; x = len(importlib.metadata.version('msgspec'))",
    "a warning": "import warnings; warnings.warn('careful'); x = 0",
    "a pipe": "a, b = os.pipe(); os.close(a); os.close(b); x = 0",
    "a class": "import dataclasses, collections; collections.namedtuple('P', 'x')(1); x = 0",
}


def test_what_needs_no_declaration(project, store, tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    data.joinpath("again.txt").write_text("old")
    data.joinpath("log.txt").write_text("old")
    data.joinpath("linked").symlink_to("/proc/self/status")
    figures = tmp_path / "figures"
    figures.mkdir()
    data.joinpath("style.txt").write_text("old")
    figures.joinpath("style").symlink_to(data / "style.txt")
    monkeypatch.setenv("MPLCONFIGDIR", str(figures))
    monkeypatch.chdir(data)
    project.write("mime_types_of_mine.py", "X = 1\n")
    trials = {}
    for place, (kind, body) in enumerate(INNOCENT.items()):
        project.write(f"innocent_{place}.py", HEAD.format(body=f"    {body}", top="", more=""))
        trials[kind] = [Trial(f"innocent_{place}:reader", (), seed) for seed in range(2)]
    found = {}
    with Laboratory(store, workers=1) as laboratory:
        for pair in trials.values():
            for trial in pair:
                laboratory.request(trial, 60.0)
        while laboratory.pending:
            found.update({m.trial: m for m in laboratory.collect(5.0)})
    said = {
        kind: [found[trial].note or found[trial].error for trial in pair] for kind, pair in trials.items()
    }
    assert said == {kind: ["", ""] for kind in trials}


@pytest.mark.parametrize("top", ["", "VALUE = float(open('a.csv').read())"])
def test_what_is_read_once_in_a_process_counts_for_every_trial(bench, top):
    cached = """
        global VALUE
        if "VALUE" not in globals():
            VALUE = object.__new__(type("Held", (), {"x": float(open("a.csv").read())}))
        x = VALUE.x
    """
    bench.write("x = VALUE" if top else cached, top=top)
    found = bench.measure(*(bench.trial(seed=seed) for seed in range(3)))
    assert [m.stored for m in found] == [False, False, False]
    found = bench.measure(*(bench.trial("a.csv", seed=seed) for seed in range(3)))
    assert [m.stored for m in found] == [True, True, True]
    assert [m.ordinal for m in found] == [0, 1, 2], "they share a worker"
    mixed = bench.measure(bench.trial("a.csv", seed=7), bench.trial(seed=7), bench.trial("a.csv", seed=8))
    assert [m.stored for m in mixed] == [True, False, True], "what one has read is not lent to another"


def test_inputs_that_change_during_a_run_are_not_stored(bench):
    bench.write('x = open("a.csv").read(); open("a.csv", "a").write("0")')
    (found,) = bench.measure(bench.trial("a.csv"))
    assert not found.stored
    assert (
        found.note == "reads:reader: not stored, because its source or its inputs were edited during the run"
    )


def test_a_folder_that_is_listed_is_declared_by_a_pattern(bench):
    bench.write("x = len([n for n in os.listdir('.') if n.endswith('.csv')])")
    assert bench.measure(bench.trial("*.csv"))[0].stored
    bench.data.joinpath("b.csv").write_text("1")
    (more,) = bench.measure(bench.trial("*.csv"))
    assert (more.reused, more.value("x")) == (False, 2.0)
    (alone,) = bench.measure(bench.trial("a.csv"))
    assert "it listed ., which" in alone.note
    assert 'write inputs = ["./*"] in' in alone.note


def test_a_folder_stands_for_all_that_is_in_it(bench):
    deep = bench.data / "deep" / "er"
    deep.mkdir(parents=True)
    deep.joinpath("b.csv").write_text("1")
    bench.write("x = sum(len(names) for _, _, names in os.walk('deep')) + len(open('deep/er/b.csv').read())")
    assert bench.measure(bench.trial("deep"))[0].stored
    deep.joinpath("c.csv").write_text("1")
    assert bench.measure(bench.trial("deep"))[0].value("x") == 3.0


def test_other_inputs_are_another_trial(bench):
    bench.write("x = 0")
    first, second = bench.measure(bench.trial("a.csv"), bench.trial())
    assert first.fingerprint != second.fingerprint
    assert first.trial != second.trial
    assert (first.trial.inputs, second.trial.inputs) == (bench.trial("a.csv").inputs, None)
    assert bench.measure(bench.trial("a.csv"))[0].trial == bench.trial("a.csv"), (
        "recalled as it was asked for"
    )


def test_a_library_that_source_asks_for_by_a_computed_name(bench):
    bench.write("""
        import importlib
        name = "wadler" + "_lindig"
        x = len((sys.modules.get(name) or importlib.import_module(name)).__name__)
    """)
    first, second = bench.measure(bench.trial(), bench.trial(seed=1))
    assert [first.stored, second.stored] == [False, False], "it stays in the worker"
    assert first.note.startswith("reads:reader: not stored, because it used wadler_lindig-")
    bench.write("import importlib, wadler_lindig; m = importlib.import_module('wadler' + '_lindig'); x = 0")
    assert bench.measure(bench.trial())[0].stored


def test_a_file_that_no_distribution_has_installed(bench, tmp_path, monkeypatch):
    site = tmp_path / "lib" / "site-packages"
    site.mkdir(parents=True)
    site.joinpath("dropped.csv").write_text("1")
    monkeypatch.setenv("DROPPED", str(site / "dropped.csv"))
    bench.write('x = open(os.environ["DROPPED"]).read()')
    (found,) = bench.measure(bench.trial())
    assert not found.stored
    assert "dropped.csv" in found.note


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="libraries that are mapped are read from /proc")
def test_a_library_that_the_linker_finds_elsewhere(bench, monkeypatch):
    import shutil

    shutil.copy(_libraries()[0], bench.data / "libfound.so")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(bench.data))
    bench.write("import ctypes; ctypes.CDLL('libfound.so'); x = 0")
    (found,) = bench.measure(bench.trial())
    assert not found.stored
    assert "loaded libfound.so" in found.note
