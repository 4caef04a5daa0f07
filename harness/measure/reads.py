"""Files that a trial reads or runs, noticed by an audit hook (PEP 578) while it runs.

What a trial *uses* beside its source: files that it reads, programs that it runs, libraries that it loads,
folders whose names it lists, machines that it connects to. A worker compares these with what is declared
(`Job.readable`); what is left is *undeclared*, and the result is not stored.

Left out are paths of the system, the Python installation, caches, and what the trial itself has made. Of
site-packages, what libraries do there is their own affair; what source uses there is given back apart:
whoever runs the worker knows which distributions the closure has.

A hook cannot be removed, and is called for every event of the interpreter: it is added once, and does nothing
but note what happened. It sees what Python opens, not what C code opens by itself (HDF5, Arrow), nor what
happens in a process that a trial starts.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import shlex
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from types import FrameType
from typing import Any

from harness.measure.modules import Finder, kind_of
from harness.measure.records import FileUse, How
from harness.whose import site_root, standard_folders

_Event = Callable[["TrialNotes", tuple[Any, ...]], None]


class TrialNotes:
    """What happens while a trial runs; `noticed` fills it."""

    def __init__(self) -> None:
        self.used: dict[FileUse, None] = {}
        self.made: set[str] = set()

    def use(self, how: How, path: str) -> None:
        """Note a use, once; not of what the trial has made by now, nor what libraries use of their own."""
        if not self.has_made(path) and ("-packages" not in path or _is_asked_for_by_source()):
            self.used[FileUse(how, path)] = None

    def make(self, path: str) -> None:
        """Note that the trial makes a file or folder, if it was not there before."""
        if not os.path.lexists(path):
            self.made.add(_absolute(path))

    def has_made(self, path: str) -> bool:
        """Whether the trial has made the path, or a folder above it."""
        if not self.made:
            return False
        while path not in self.made:
            path, last = os.path.dirname(path), path
            if path == last:
                return False
        return True


_notes: list[TrialNotes] = []  # of the trial that runs, or none
_has_hook: list[bool] = []


def watch() -> None:
    """Add the hook to this process, if it is not there. For workers: a hook stays as long as its process."""
    if not _has_hook:
        sys.addaudithook(_hook)
        _has_hook.append(True)


class noticed:  # noqa: N801  # a context manager, used as a function
    """Note what happens inside the block, if this process watches."""

    def __enter__(self) -> TrialNotes:
        notes = TrialNotes()
        _notes[:] = [notes]
        return notes

    def __exit__(self, *exception: object) -> None:
        _notes.clear()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    handler = _EVENTS.get(event)
    if handler is not None and _notes:
        try:
            handler(_notes[0], arguments)
        except Exception:  # nothing that is noticed may change what the trial does
            return


def _is_asked_for_by_source() -> bool:
    """Whether somebody's source has this done, and not the import of a library."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("<frozen importlib"):
            return False
        if not file.startswith(("<", _ENGINE)) and kind_of("", file) == "source":
            return True
        frame = frame.f_back
    return False


_ENGINE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def _opened(notes: TrialNotes, arguments: tuple[Any, ...]) -> None:
    path, _, flags = arguments[:3]
    if isinstance(path, int) or path is None:
        return
    name = os.fsdecode(path)
    if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        if flags & getattr(os, "O_TMPFILE", 0) == getattr(os, "O_TMPFILE", -1):
            return
        if flags & os.O_TRUNC:
            notes.made.add(_absolute(name))
        else:
            notes.make(name)
        if flags & os.O_WRONLY:
            return
    notes.use("read", _absolute(name))


def _connected_to_database(notes: TrialNotes, arguments: tuple[Any, ...]) -> None:
    name = os.fsdecode(arguments[0]).removeprefix("file:").partition("?")[0]
    if name and not name.startswith(":memory:"):
        notes.make(name)
        notes.use("read", _absolute(name))


def _listed(notes: TrialNotes, arguments: tuple[Any, ...]) -> None:
    path = "." if arguments[0] is None else arguments[0]
    if not isinstance(path, int) and not _is_import(sys._getframe(2).f_code.co_filename):
        notes.use("listed", _absolute(os.fsdecode(path)))


def _made_folder(notes: TrialNotes, arguments: tuple[Any, ...]) -> None:
    notes.make(os.fsdecode(arguments[0]))


def _renamed(notes: TrialNotes, arguments: tuple[Any, ...]) -> None:
    source, target = (_absolute(os.fsdecode(path)) for path in arguments[:2])
    if notes.has_made(source):
        notes.made.add(target)


def _imported(notes: TrialNotes, arguments: tuple[Any, ...]) -> None:
    if isinstance(arguments[1], str):  # an extension module; others are opened
        notes.use("loaded", _absolute(arguments[1]))


def note_import(name: str) -> None:
    """Note that source asks for a module in site-packages by a name that it may have computed."""
    file = getattr(sys.modules.get(name), "__file__", None)
    if _notes and isinstance(file, str) and site_root(file) and _is_asked_for_by_source():
        _notes[0].used[FileUse("loaded", file)] = None


def _executed(notes: TrialNotes, arguments: tuple[Any, ...]) -> None:
    name = getattr(arguments[0], "co_filename", "<")
    if not name.startswith("<") and os.path.isabs(name):
        notes.use("ran", name)


def _loaded_library(notes: TrialNotes, arguments: tuple[Any, ...]) -> None:
    name = arguments[0]
    if name is not None:
        notes.use("loaded", os.fsdecode(name))


def _started(notes: TrialNotes, arguments: tuple[Any, ...]) -> None:
    """Note the arguments of `subprocess.Popen`: executable, args, cwd, env."""
    program, words, folder, environment = arguments
    _ran(notes, program, words, folder, environment)


def _replaced(notes: TrialNotes, arguments: tuple[Any, ...]) -> None:
    """Note what `os.exec`, `os.posix_spawn` take: path, args, env; `os.spawn` takes a mode before these."""
    program, words = arguments[-3:-1]
    _ran(notes, program, words, None, arguments[-1])


def _called_shell(notes: TrialNotes, arguments: tuple[Any, ...]) -> None:
    _ran(notes, None, [os.fsdecode(arguments[0])], None, None)


def _connected(notes: TrialNotes, arguments: tuple[Any, ...]) -> None:
    address = arguments[1]
    if isinstance(address, tuple) and len(address) >= 2 and address[0] not in _INSTANCE:
        notes.use("connected to", f"{address[0]}:{address[1]}")


_INSTANCE = ("169.254.169.254", "metadata.google.internal")
"""Where a virtual machine asks what it is, as JAX does on some accelerators."""


def _ran(notes: TrialNotes, program: Any, words: Any, folder: Any, environment: Any) -> None:
    """Note the program and every argument that is a file; of a shell's command, every word that is one."""
    given = [words] if isinstance(words, str | bytes) or hasattr(words, "__fspath__") else list(words)
    texts = [os.fsdecode(word) for word in given]
    base = "." if folder is None else os.fsdecode(folder)
    search = (environment if isinstance(environment, Mapping) else os.environ).get("PATH")
    first = os.fsdecode(program) if program else (texts[0] if texts and len(texts) > 1 else "")
    candidates = [first, *texts[1:]]
    for text in texts:
        try:
            candidates += [word.lstrip("<>|&;(") for word in shlex.split(text)]
        except ValueError:
            candidates += text.split()
    for option, module in itertools.pairwise(texts):
        located = Finder().find(module) if option == "-m" else None
        candidates += [located.file] if located else []
    for place, word in enumerate(filter(None, candidates)):
        path = os.path.join(base, word)
        if os.sep not in word and (place == 0 or not os.path.isfile(path)):
            path = shutil.which(word, path=search) or path
        if os.path.isfile(path):
            notes.use("ran", _absolute(path))


_EVENTS: dict[str, _Event] = {
    "open": _opened,
    "sqlite3.connect": _connected_to_database,
    "os.listdir": _listed,
    "os.scandir": _listed,
    "os.mkdir": _made_folder,
    "os.rename": _renamed,
    "os.link": _renamed,
    "import": _imported,
    "exec": _executed,
    "ctypes.dlopen": _loaded_library,
    "subprocess.Popen": _started,
    "os.exec": _replaced,
    "os.posix_spawn": _replaced,
    "os.spawn": _replaced,
    "os.system": _called_shell,
    "socket.connect": _connected,
}
"""What is noticed, by the names that Python gives to events."""


class Allowances:
    """What every trial of this process may use: made once, as its environment does not change."""

    def __init__(self, scratch: str = "") -> None:
        caches = [os.environ.get(name, "") for name in _CACHES]
        prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix}
        python = [os.path.join(prefix, part) for prefix in prefixes for part in _PARTS]
        homes = map(os.path.expanduser, _HOMES)
        folders = {*_SYSTEM, *python, *standard_folders(), *homes}
        folders |= {os.path.abspath(path) for path in (*caches, scratch) if path}
        folders |= set(map(os.path.realpath, folders))
        self._folders = tuple(folder.rstrip(os.sep) + os.sep for folder in sorted(folders))
        self._own = os.path.dirname(os.path.realpath(_ENGINE)) + os.sep
        self._free: dict[str, bool] = {}

    def undeclared(
        self, notes: TrialNotes, readable: frozenset[str]
    ) -> tuple[tuple[FileUse, ...], tuple[str, ...]]:
        """Of what was used, what is neither readable nor free; and the files in site-packages, which others
        must judge."""
        found: dict[FileUse, None] = {}
        installed: dict[str, None] = {}
        for use in notes.used:
            if use.how == "connected to":
                found[use] = None
                continue
            for name in [use.path] if os.sep in use.path else _mapped(use.path):
                path = _source_of_bytecode(name)
                real = os.path.realpath(path)
                if self._is_free(path, real, folder=use.how == "listed") or real in readable:
                    continue
                if site_root(path) or site_root(real):
                    if use.how != "listed":
                        installed[path if site_root(path) else real] = None
                else:
                    found[FileUse(use.how, path)] = None
        return tuple(found), tuple(installed)

    def _is_free(self, path: str, real: str, *, folder: bool) -> bool:
        if path not in self._free:
            self._free[path] = self._look(path, real, folder)
        return self._free[path]

    def _look(self, path: str, real: str, folder: bool) -> bool:
        try:
            mode = os.stat(real).st_mode
        except (OSError, ValueError):
            return True  # it was not there, or is not any more
        if not (stat.S_ISDIR(mode) if folder else stat.S_ISREG(mode)):
            return True
        if _METADATA.search(path) or (f"{os.sep}__pycache__{os.sep}" in path and not path.endswith(".pyc")):
            return True
        if real.startswith(self._own) and (folder or real.endswith(".py")):
            return True  # of this package, wherever it is installed
        if site_root(path) or site_root(real):
            return False
        return any(f"{name}{os.sep}".startswith(self._folders) for name in (path, real))


_METADATA = re.compile(r"\.(dist|egg)-info(/|$)|/pyvenv\.cfg$")
"""What says which distributions are installed: the closure has them."""

_SYSTEM = (
    "/proc", "/sys", "/dev", "/run", "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
    "/nix/store", "/gnu/store", "/opt/rocm", "/System", "/Library", "/opt/homebrew",
)  # fmt: skip
"""Folders of the system: what is there comes with it, and is updated with it."""

_PARTS = ("bin", "lib", "lib64", "include", "share")
"""Folders of a Python installation; a virtual environment may be a project's own folder."""

_CACHES = (
    "CUDA_CACHE_PATH", "JAX_COMPILATION_CACHE_DIR", "MPLCONFIGDIR", "NUMBA_CACHE_DIR", "PYTHONPYCACHEPREFIX",
    "TRITON_CACHE_DIR",
)  # fmt: skip
_HOMES = ("~/.cache/fontconfig", "~/.cache/matplotlib", "~/.config/matplotlib", "~/.nv", "~/.triton")
"""Caches and settings of figures, which change no numbers."""


def _is_import(file: str) -> bool:
    """Whether a call from code of this file looks for modules."""
    return file.startswith(("<frozen importlib", "<frozen zipimport")) or file.endswith(_FINDERS)


_FINDERS = ("/pkgutil.py", "/importlib/metadata/__init__.py", "/importlib_metadata/__init__.py")


def _source_of_bytecode(path: str) -> str:
    if not path.endswith(".pyc"):
        return path
    try:
        source = importlib.util.source_from_cache(path)
    except (ValueError, NotImplementedError):
        return path
    return source if os.path.isfile(source) else path


def _mapped(name: str) -> Iterable[str]:
    """The files of that name that this process has mapped: a linker has looked for them by itself."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as file:
            paths = {line.split(maxsplit=5)[5].rstrip("\n") for line in file if os.sep in line}
    except OSError:
        return ()
    return sorted(path for path in paths if os.path.basename(path).startswith(name))


def _absolute(path: str) -> str:
    return os.path.abspath(path)
