"""What an input may not do while a target reads it: an audit hook, a clock and a look at memory.

An *offence* is a file written or removed outside the folder, a module imported or code run that is none of
the program's own, an unpickling, a connection, a process that is not git or a worker. Offences are gathered,
not raised: code that catches every exception would hide them.
"""

from __future__ import annotations

import os
import resource
import signal
import site
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).parents[2]
SECONDS = 10.0
MEGABYTES = 600

_LIBRARIES = tuple(
    {*site.getsitepackages()}
    | {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
_OURS = (*_LIBRARIES, *(str(ROOT / name) for name in ("harness", "tests", "suites")))
_MODULES = {*sys.stdlib_module_names, *packages_distributions(), "harness", "fuzz", "tests"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.rename": (0, 1), "os.remove": (0,), "os.mkdir": (0,), "os.rmdir": (0,), "os.link": (1,),
    "os.symlink": (1,), "os.truncate": (0,), "os.chmod": (0,), "sqlite3.connect": (0,),
}  # fmt: skip
_NEVER = ("pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "socket.connect", "ctypes.dlopen")


class Hang(BaseException):
    """An input took longer than it may."""


class Watch:
    """The hook, which is added once and cannot be removed, and what it saw of the current input."""

    def __init__(self) -> None:
        self.offences: list[str] = []
        self._folders: tuple[str, ...] | None = None
        self._modules: frozenset[str] = frozenset()
        sys.addaudithook(self._hear)

    @contextmanager
    def over(self, *folders: Path, modules: frozenset[str] = frozenset()) -> Iterator[None]:
        """Watch the block: it may write into `folders` only, and import `modules` beside the program's."""
        self.offences = []
        before = _megabytes()
        self._modules = modules
        self._folders = tuple(os.path.realpath(folder) for folder in folders)
        signal.signal(signal.SIGALRM, _raise_hang)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._folders = None
            grown = _megabytes() - before
            if grown > MEGABYTES:
                self.offences.append(f"memory grew by {grown:.0f} MB")

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        folders, self._folders = self._folders, None  # what the hook does itself is not looked at
        if folders is None:
            return
        try:
            said = self._judge(event, arguments, folders)
            if said:
                self.offences.append(said)
        finally:
            self._folders = folders

    def _judge(self, event: str, arguments: tuple[object, ...], folders: tuple[str, ...]) -> str:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, str | bytes) and isinstance(flags, int) and flags & _WRITING:
                return _outside(event, path, folders)
        elif event in _CHANGES:
            paths = [arguments[index] for index in _CHANGES[event]]
            above = _folder(arguments) if event in ("os.remove", "os.rmdir") else ""
            said = [
                _outside(event, os.path.join(above, os.fsdecode(p)), folders)
                for p in paths
                if isinstance(p, str | bytes | os.PathLike)
            ]
            return next(filter(None, said), "")
        elif event == "import":
            name = str(arguments[0]).partition(".")[0]
            if name not in _MODULES | self._modules and not _importer().startswith(_LIBRARIES):
                return f"import {arguments[0]}"
        elif event == "exec":
            code = arguments[0]
            if isinstance(code, CodeType) and not self._known(code.co_filename):
                return f"exec {code.co_filename}"
        elif event == "subprocess.Popen":
            program = os.path.basename(os.fsdecode(arguments[0]))  # type: ignore[arg-type]
            if program != "git" and not program.startswith("python"):
                return f"process {program}"
        elif event in _NEVER and arguments != (None,):  # (None,): what importing ctypes loads
            return f"{event} {arguments[:2]}"
        return ""

    def _known(self, file: str) -> bool:
        if file.startswith("<frozen") or os.path.abspath(file).startswith(_OURS):
            return True
        if Path(file).stem in self._modules:
            return True
        return sys._getframe(3).f_code.co_filename.startswith(_LIBRARIES)  # as dataclasses do


def _importer() -> str:
    """The file that has something imported: libraries look for what they can do without."""
    frame = sys._getframe(3)
    while frame.f_back is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return frame.f_code.co_filename


def _folder(arguments: tuple[object, ...]) -> str:
    """The folder that a removal's `dir_fd` stands for, as shutil.rmtree gives it; '' if there is none."""
    descriptor = arguments[1] if len(arguments) > 1 else None
    given = isinstance(descriptor, int) and descriptor >= 0
    return os.readlink(f"/proc/self/fd/{descriptor}") if given else ""


def _outside(event: str, path: str | bytes | os.PathLike[str], folders: tuple[str, ...]) -> str:
    text = os.fsdecode(path)
    if text in ("/dev/null", ":memory:") or (event == "os.mkdir" and os.path.isdir(text)):
        return ""
    real = os.path.realpath(text)
    if event in ("os.rename", "os.remove"):  # of a link, itself
        real = os.path.join(os.path.realpath(os.path.dirname(text)), os.path.basename(text))
    if any(real == folder or real.startswith(folder + os.sep) for folder in folders):
        return ""
    return f"{event} {text}"


def _raise_hang(number: int, frame: object) -> None:
    raise Hang


def _megabytes() -> float:
    """The most memory that this process has used so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
