"""What one trial leaves in its worker does not reach the next: the number that is kept is the clean one."""

from __future__ import annotations

import locale
import os
import platform
import time
from collections.abc import Iterator

import pytest
from edits import edited

from harness.declare import find, find_model
from harness.measure import Laboratory, Measurement, remarks
from harness.measure.fingerprint import source_of
from harness.measure.probes import scratch
from harness.measure.records import Job, Traces
from harness.measure.traces import Watcher
from harness.measure.worker import run_job
from harness.questions import Trial

HEAD = """
import os, sys
from harness.declare import Quantity, experiment

COUNT, SEEN, TABLE, MEMO = 0, [], {"nested": {"x": 1.0}}, {}

class State:
    rate = 1.0

def helper():
    return 1.0

"""
BODY = """
@experiment("spoil", version=1, quantities={"x": Quantity("nothing", scale="linear")})
def spoil(*, seed: int) -> dict[str, float]:
    $SPOIL
    return {"x": 0.0}

@experiment("read", version=1, quantities={"x": Quantity("what a trial finds", scale="linear")})
def read(*, seed: int) -> dict[str, float]:
    $READ
    return {"x": float(x)}
"""

KINDS = {
    "environment": (
        "os.environ['MODE'] = 'fast'",
        "x = len(os.environ.get('MODE', ''))",
        0.0,
        "os.environ: MODE",
    ),
    "folder": ("os.chdir('/')", "x = os.getcwd() == '/'", 0.0, "the current folder"),
    "umask": ("os.umask(0o077)", "x = os.umask(0o022)", 0o022, "the umask"),
    "locale": (
        "import locale; locale.setlocale(locale.LC_ALL, 'C.UTF-8'); locale.setlocale(locale.LC_NUMERIC, 'C');"
        " locale.setlocale(locale.LC_COLLATE, 'POSIX')",
        "import locale; x = locale.setlocale(locale.LC_COLLATE) != LOCALE",
        0.0,
        "the locale",
    ),
    "decimal": (
        "import decimal; decimal.getcontext().prec = 3",
        "import decimal; x = decimal.Decimal(1) / 3 * 3",
        0.9999999999999999999999999999,
        "the decimal context",
    ),
    "rounding": (
        "import ctypes; ctypes.CDLL(None).fesetround(ROUND_UP)",
        "import numpy as np; x = np.float64(1.0) / np.float64(3.0) + np.float64(0.1) * np.float64(0.1)",
        1 / 3 + 0.1 * 0.1,
        "floating-point control (rounding, denormal numbers)",
    ),
    "denormals": (
        "FLUSH",
        "import numpy as np; x = np.float64(1e-310) * np.float64(0.5) * np.float64(1e300)",
        1e-310 * 0.5 * 1e300,
        "floating-point control (rounding, denormal numbers)",
    ),
    "warnings": (
        "import warnings; warnings.simplefilter('error')",
        "import warnings; x = any(f[0] == 'error' for f in warnings.filters)",
        0.0,
        "warnings.filters",
    ),
    "numpy-errors": (
        "import numpy as np; np.seterr(divide='raise')",
        "import numpy as np; x = np.geterr()['divide'] == 'raise'",
        0.0,
        "NumPy's error state",
    ),
    "numpy-printing": (
        "import numpy as np; np.set_printoptions(precision=2)",
        "import numpy as np; x = float(str(np.array(1 / 3)[None])[1:-1])",
        0.33333333,
        "NumPy's print options",
    ),
    "numpy-patched": (
        "import numpy as np; np.mean = lambda values: 7.0",
        "import numpy as np; x = np.mean([1.0, 2.0])",
        1.5,
        "numpy: mean",
    ),
    "numpy-extended": (
        "import numpy as np; np.extra = 7.0",
        "import numpy as np; x = getattr(np, 'extra', 0.0)",
        0.0,
        "numpy: extra",
    ),
    "scipy-patched": (
        "import scipy.linalg; scipy.linalg.norm = len",
        "import scipy.linalg; x = scipy.linalg.norm([3.0, 4.0])",
        5.0,
        "scipy.linalg: norm",
    ),
    "builtin-patched": ("import builtins; builtins.sum = max", "x = sum([1, 2])", 3.0, "builtins: sum"),
    "count": ("global COUNT; COUNT += 1", "x = COUNT", 0.0, "leak: COUNT"),
    "list": ("SEEN.append(seed)", "x = len(SEEN)", 0.0, "leak: SEEN"),
    "nested": ("TABLE['nested']['x'] = 2.0", "x = TABLE['nested']['x']", 1.0, "leak: TABLE"),
    "new-name": ("globals()['NEW'] = 3.0", "x = globals().get('NEW', 0.0)", 0.0, "leak: NEW"),
    "class": ("State.rate = 2.0", "x = State.rate", 1.0, "leak: State.rate"),
    "function": ("global helper; helper = lambda: 2.0", "x = helper()", 1.0, "leak: helper"),
    "module": (
        "import types; sys.modules['json'] = types.SimpleNamespace(loads=lambda text: 7.0)",
        "import json; x = json.loads('1.5')",
        1.5,
        "sys.modules: json",
    ),
    "path": ("sys.path.insert(0, '/nowhere')", "x = '/nowhere' in sys.path", 0.0, "sys.path"),
    "recursion": (
        "sys.setrecursionlimit(5000)",
        "x = sys.getrecursionlimit() == 5000",
        0.0,
        "settings of the interpreter (sys, gc)",
    ),
    "signal": (
        "import signal; signal.signal(signal.SIGUSR1, signal.SIG_IGN)",
        "import signal; x = signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN",
        0.0,
        "signal handlers",
    ),
    "alarm": (
        "import signal; signal.setitimer(signal.ITIMER_REAL, 100.0)",
        "import signal; x = signal.getitimer(signal.ITIMER_REAL)[0] > 0",
        0.0,
        "signal handlers",
    ),
    "limits": (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))",
        "import resource; x = resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 100",
        0.0,
        "limits of the process",
    ),
    "threads": (
        "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "import threading; x = threading.active_count() > 2",
        0.0,
        "threads that still run: 1 more",
    ),
    "files": (
        "held = [os.dup(2) for _ in range(200)]",
        "x = os.dup(2) > 100",
        0.0,
        "open files: many more",
    ),
    "temporary": (
        "import tempfile; os.mkdir(os.path.join(tempfile.gettempdir(), 'results'))",
        "import tempfile; x = os.path.exists(os.path.join(tempfile.gettempdir(), 'results'))",
        0.0,
        "temporary files: 1 left behind",
    ),
}
"""For each kind: what changes it, what reads it, the number of a clean process, and its sentence."""

FLUSH = """
    import ctypes, mmap
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    # push 0x9fc0; ldmxcsr [rsp]; pop rax; ret: flush to zero, and take denormal numbers for zero
    code.write(bytes.fromhex("68c09f00000fae142458c3"))
    ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
    globals().setdefault("__code__", code)
"""
ROUND_UP = {"x86_64": "0x800", "aarch64": "0x400000"}
"""FE_UPWARD of fenv.h."""


def source(kind: str) -> str:
    """A module whose experiments are the culprit and the victim of one kind."""
    spoil, read = KINDS[kind][:2]
    spoil = spoil.replace("ROUND_UP", ROUND_UP.get(platform.machine(), ""))
    read = read.replace("LOCALE", repr(locale.setlocale(locale.LC_COLLATE)))
    body = edited(BODY, {"    $SPOIL": FLUSH if spoil == "FLUSH" else f"    {spoil}", "$READ": read})
    return HEAD + body


def known(kind: str) -> bool:
    """Whether the test knows how to set this processor's modes."""
    if kind == "denormals":
        return platform.machine() == "x86_64"
    return kind != "rounding" or platform.machine() in ROUND_UP


def write(project, kind: str) -> None:
    project.write("leak.py", source(kind))


def trial(name: str, seed: int = 0) -> Trial:
    return Trial(f"leak:{name}", (), seed)


def measured(laboratory: Laboratory, trials: list[Trial]) -> dict[Trial, Measurement]:
    found = {}
    for each in trials:
        laboratory.request(each, 60.0)
    while laboratory.pending:
        found.update({m.trial: m for m in laboratory.collect(5.0)})
    return found


@pytest.fixture(scope="module", params=[1, pytest.param(2, marks=pytest.mark.slow)])
def everything(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[Trial, Measurement], dict[Trial, Measurement]]]:
    """For every kind its culprit and then its victim, in one laboratory: what was measured, what was kept."""
    folder = tmp_path_factory.mktemp("kinds")
    kinds = [kind for kind in KINDS if known(kind)]
    for kind in kinds:
        name = "leak_" + kind.replace("-", "_")
        (folder / f"{name}.py").write_text(source(kind))
    trials = [Trial(f"leak_{k.replace('-', '_')}:{name}", (), 0) for k in kinds for name in ("spoil", "read")]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        with Laboratory(folder / "store.sqlite", workers=request.param) as laboratory:
            yield measured(laboratory, trials), laboratory.recall(trials)


@pytest.mark.parametrize("kind", KINDS)
def test_the_victim_after_the_culprit_gets_its_clean_number(everything, kind):
    if not known(kind):
        pytest.skip("the test knows no instruction of this processor")
    clean, said = KINDS[kind][2:]
    found, kept = everything
    name = "leak_" + kind.replace("-", "_")
    culprit, victim = (Trial(f"{name}:{which}", (), 0) for which in ("spoil", "read"))
    said = said.replace("leak:", f"{name}:")
    assert found[culprit].traces.changed == (said,), found[culprit]
    assert found[victim].error == ""
    assert kept[victim].value("x") == clean
    assert remarks([found[culprit], found[victim]])[0] == (
        f"{name}:spoil: its trials changed what later trials in the same process would see ({said}),"
        " so that each cost a new worker"
    )


def test_two_workers_and_many_trials(project, store):
    write(project, "environment")
    trials = [trial(name, seed) for seed in range(6) for name in ("spoil", "read")]
    with Laboratory(store, workers=2) as laboratory:
        found = measured(laboratory, trials)
        kept = laboratory.recall(trials)
    assert [kept[each].value("x") for each in trials] == [0.0] * 12
    assert len(remarks(found.values())) == 1, "one note for an experiment, not for each trial"


INNOCENT = [
    "MEMO[seed] = object()",  # a cache of objects
    "import fractions, sched",
    "import multiprocessing as m\n    assert m.get_start_method(allow_none=True) is None; m.get_context()",
    "import xml.dom.minidom",
    "import random; random.Random(seed).random()",
    "import threading; threading.Thread(target=len, args=((),)).start()",  # ends by itself
    "import tempfile; tempfile.TemporaryFile().close()",
    "import warnings\n    with warnings.catch_warnings(): warnings.simplefilter('error')",
    "import numpy as np\n    with np.errstate(all='raise'): np.ones(3) / 2",
    "import numpy.testing, scipy.linalg, scipy.special",  # bound lazily
]


def test_what_is_no_trace(project, store):
    trials = []
    for place, innocent in enumerate(INNOCENT):
        project.write(f"innocent_{place}.py", HEAD + edited(BODY, {"$SPOIL": innocent, "$READ": "x = 0"}))
        trials += [Trial(f"innocent_{place}:spoil", (), seed) for seed in range(2)]
    with Laboratory(store, workers=1) as laboratory:
        found = measured(laboratory, trials)
    assert {each.experiment: m.traces for each, m in found.items()} == {
        each.experiment: Traces() for each in trials
    }
    assert [m.error for m in found.values()] == [""] * len(trials)


@pytest.mark.parametrize("library", ["random", "numpy.random"])
def test_generators_are_seeded_anew(project, store, library):
    spoil = f"import {library} as generator; generator.seed(1)"
    read = f"import {library} as g; a = g.random(); g.seed(1); x = a == g.random()"
    project.write("leak.py", HEAD + edited(BODY, {"$SPOIL": spoil, "$READ": read}))
    with Laboratory(store, workers=1) as laboratory:
        found = measured(laboratory, [trial("spoil"), trial("read")])
    assert found[trial("spoil")].traces == Traces(reseeded=(f"the state of {library}",))
    assert found[trial("read")].value("x") == 0.0
    assert remarks(found.values())[0] == (
        f"leak:spoil: its trials changed the state of {library}, which was seeded anew after each"
    )


def test_what_an_import_changes_stays_with_those_that_import_it(project, store):
    write(project, "environment")
    project.write(
        "setup_module.py",
        "import os\nos.environ['MODE'] = 'set'\n"
        + HEAD
        + edited(BODY, {"$SPOIL": "pass", "$READ": "x = len(os.environ['MODE']) + os.getpid() * 10"}),
    )
    first = [Trial("setup_module:read", (), seed) for seed in range(3)]
    with Laboratory(store, workers=1) as laboratory:
        found = measured(laboratory, [*first, trial("read")])
        assert laboratory.recall([trial("read")])[trial("read")].value("x") == 0.0
    assert len({found[each].value("x") for each in first}) == 1, "they are alike, and share a worker"
    assert found[first[0]].traces == Traces(imported=("os.environ: MODE",))
    assert remarks(found.values()) == (
        "setup_module:read: importing its modules changed the process (os.environ: MODE), so that its workers"
        " ran nothing else",
    )


def test_what_an_installed_library_sets_up_is_no_trace(project, store, tmp_path, monkeypatch):
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "polite_library.py").write_text(
        "import os, warnings\nos.environ['POLITE'] = '1'\nwarnings.filterwarnings('ignore', module='p')\n"
    )
    (site / "rude_library.py").write_text("import decimal\ndecimal.getcontext().prec = 3\n")
    monkeypatch.syspath_prepend(str(site))
    for library, changed in (("polite", ()), ("rude", ("the decimal context",))):
        spoil = f"import decimal; os.environ['MINE'] = '1'; import {library}_library"
        project.write("leak.py", HEAD + edited(BODY, {"$SPOIL": spoil, "$READ": "x = 0.0"}))
        with Laboratory(None, workers=1) as laboratory:
            (found,) = measured(laboratory, [trial("spoil")]).values()
        assert sorted(found.traces.changed) == sorted(("os.environ: MINE", *changed))


def test_a_timing_keeps_what_it_has_prepared(project):
    write(project, "threads")
    declared = frozenset(source_of("leak:spoil", ()).modules)
    watcher = Watcher()
    job = Job((trial("spoil"),), declared, 60.0, timed=True)
    assert run_job(job, frozenset(), watcher).traces == Traces()
    assert run_job(job, frozenset(), Watcher()).traces == Traces()


def test_worker_folders_of_killed_runs_are_removed(project, store, tmp_path, monkeypatch, counted):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    log = tmp_path / "log"
    run = project.drive(store, log, count=1, sleep=60.0, workers=1)
    while not counted(log):
        pass
    (left,) = tmp_path.glob("harness-workers-*")
    run.kill()
    run.communicate()
    while project.processes():
        pass
    assert left.is_dir()
    with Laboratory(None, workers=1) as laboratory:
        measured(laboratory, [project.trial()])
        (mine,) = tmp_path.glob("harness-workers-*")
        assert mine != left
    assert not list(tmp_path.glob("harness-workers-*"))


@pytest.mark.slow  # JAX starts in three processes
def test_an_import_that_turns_double_precision_off_does_not_reach_the_package_s_own_trials(project, store):
    project.write(
        "single.py",
        """
        import jax
        jax.config.update("jax_enable_x64", False)
        from harness.declare import Quantity, experiment

        @experiment("single", version=1, quantities={"x": Quantity("bits", scale="linear")})
        def single(*, seed: int) -> dict[str, float]:
            return {"x": float(jax.numpy.ones(1).dtype.itemsize * 8)}

        def data(*, seed: int):
            import numpy as np
            x = np.random.default_rng(seed).normal(size=(16, 3))
            return x[:8], x[:8, 0], x[8:], x[8:, 0]

        @experiment("late", version=1, quantities={"x": Quantity("bits", scale="linear")})
        def late(*, seed: int) -> dict[str, float]:
            jax.config.update("jax_enable_x64", True)
            jax.config.update("jax_default_matmul_precision", "bfloat16")
            return {"x": float(jax.numpy.ones(1).dtype.itemsize * 8)}
        """,
    )
    small = {"networks": 2, "test": 8, "train": 8, "width": 16}
    defaults = {**find("ntk.regression").defaults(), **find_model("fully-connected").defaults()}
    params = tuple(sorted({**defaults, **small}.items()))
    before, after = (Trial("ntk.regression", params, seed) for seed in (0, 0))
    culprit, late = Trial("single:single", (), 0), Trial("single:late", (), 0)
    numbers = []
    for trials in ([before], [culprit, late, after], [late, after]):
        with Laboratory(None, workers=1) as laboratory:
            found = measured(laboratory, trials)
        numbers.append({name: value.hex() for name, value in found[after].values.items()})
        if culprit in found:
            assert found[culprit].value("x") == 32.0
            assert found[culprit].traces.imported == ("jax.config: jax_enable_x64",)
            changed = "jax.config: jax_default_matmul_precision, jax_enable_x64"
            assert found[late].traces.changed == (changed,)
        assert found[after].traces == Traces()
    assert len(numbers[0]) > 40
    assert numbers[0] == numbers[1] == numbers[2]


def test_a_folder_is_listed_wherever_its_time_may_hide_a_change(tmp_path, monkeypatch):
    """Several changes may have one time: of these each is seen; a folder at rest is not listed."""
    probe, tick = scratch(str(tmp_path)), time.time_ns()
    for count in range(3):
        (tmp_path / str(count)).touch()
        os.utime(tmp_path, ns=(tick, tick))  # as a file system whose clock has not moved on
        assert len(probe.read()) == count + 1
    os.utime(tmp_path, (1.0, 1.0))
    names = probe.read()
    listed = []
    monkeypatch.setattr(os, "listdir", lambda folder: listed.append(folder) or sorted(names))
    assert probe.read() == names
    assert not listed
    (tmp_path / "another").touch()
    probe.read()
    assert listed == [str(tmp_path)]
