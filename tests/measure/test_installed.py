"""Bytes of installed libraries count, also where no RECORD says so or it is not true any more."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import zipfile
from pathlib import Path

import pytest
from edits import edited

from harness.measure import Laboratory, source_of
from harness.measure import digests as digests_module
from harness.measure.digests import beside_store, digest_of, keep_digests, recall_digests, stamp_of
from harness.measure.installed import Distributions, foreign
from harness.questions import Trial

TOY = """
from harness.declare import Quantity, experiment

@experiment("uses", version=1, quantities={"x": Quantity("a number", scale="linear")})
def uses(*, seed: int) -> dict[str, float]:
    import library
    return {"x": float(library.value())}
"""


def record(site: Path, *names: str) -> None:
    """Write a RECORD for the files, as an installer does when they are there."""
    lines = []
    for name in names:
        data = site.joinpath(name).read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}")
    info = site / "library-1.0.dist-info"
    info.mkdir(exist_ok=True)
    info.joinpath("METADATA").write_text("Name: library\nVersion: 1.0\n")
    info.joinpath("RECORD").write_text("\n".join([*lines, "library-1.0.dist-info/RECORD,,"]) + "\n")


@pytest.fixture
def site(project, tmp_path, monkeypatch) -> Path:
    """A folder of installed libraries on the path, and an experiment that uses one."""
    folder = tmp_path / "lib" / "site-packages"
    folder.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(folder))
    project.write("uses.py", TOY)
    (folder / "library").mkdir()
    (folder / "library" / "__init__.py").write_text("from library.inner import value\n")
    (folder / "library" / "inner.py").write_text("def value():\n    return 1.5\n")
    (folder / "library" / "table.txt").write_text("1.5\n")
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "library"]:
        del sys.modules[name]


OURS = ("msgspec",)
"""What `harness.declare`, which every experiment imports, imports itself."""
FILES = ("library/__init__.py", "library/inner.py", "library/table.txt")


def digest() -> str:
    return source_of("uses:uses", ()).digest


def edit(path: Path, text: str, *, times: os.stat_result | None = None) -> None:
    path.write_text(text)
    if times is not None:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("name", ["inner.py", "table.txt"])
@pytest.mark.parametrize("hidden", [False, True])
def test_an_edited_file_of_a_library_counts(site, recorded, name, hidden):
    if recorded:
        record(site, *FILES)
    before = digest()
    file = site / "library" / name
    text = file.read_text()
    # A hidden edit keeps size and time of the content; the time of the entry cannot be set.
    edit(
        file,
        edited(text, {"1.5": "2.5"}) if hidden else text + "# longer\n",
        times=file.stat() if hidden else None,
    )
    assert digest() != before
    edit(file, text)
    assert digest() == before, "the bytes are as they were"


def test_what_was_never_edited_counts_by_its_record(site, monkeypatch):
    record(site, *FILES)
    read = []
    monkeypatch.setattr("harness.measure.record_files.digest_of", lambda path: read.append(path) or "")
    assert digest()
    assert read == [], "no library's file is read"


def test_a_file_that_is_gone_counts(site):
    record(site, *FILES)
    before = digest()
    (site / "library" / "table.txt").unlink()
    assert digest() != before


@pytest.mark.parametrize("lacks", ["digests", "sizes"])
def test_a_record_without_digests_or_sizes_is_not_believed(site, lacks):
    names = [*FILES, "library/one.txt"]
    (site / "library" / "one.txt").write_text("1")
    record(site, *names)
    path = site / "library-1.0.dist-info" / "RECORD"
    rows = [row.split(",") for row in path.read_text().splitlines() if row.startswith("library/")]
    text = "".join(f"{n},,{size}\n" if lacks == "digests" else f"{n},{sha},\n" for n, sha, size in rows)
    path.write_text(text)
    seen = {digest()}
    for name, edited_text in (("inner.py", "def value():\n    return 2.5\n"), ("one.txt", "2")):
        edit(site / "library" / name, edited_text)
        path.write_text(text)  # so that it is later than the edit
        seen.add(digest())
    assert len(seen) == 3


@pytest.mark.parametrize("metadata", ["dist-info", "egg-info"])
def test_a_library_without_a_record_that_another_requires(site, metadata):
    """As the packages of some systems are installed."""
    record(site, *FILES)
    (site / "library-1.0.dist-info" / "METADATA").write_text("Name: library\nRequires-Dist: Under.Neath\n")
    (site / "under_neath").mkdir()
    (site / "under_neath" / "__init__.py").write_text("X = 1\n")
    info = site / f"under_neath-2.0.{metadata}"
    info.mkdir()
    (info / "METADATA").write_text("Name: under-neath\nVersion: 2.0\n")
    before = source_of("uses:uses", ())
    assert {d.name for d in before.distributions} == {"library", "under_neath", *OURS}
    (site / "under_neath" / "__init__.py").write_text("X = 2\n")
    assert digest() != before.digest


def test_what_a_plugin_of_jax_computes_with_counts(site):
    record(site, *FILES)
    (site / "library-1.0.dist-info" / "METADATA").write_text("Name: library\nRequires-Dist: jax\n")
    for name, requires in (
        ("jax_cuda99_plugin", 'vendor_blas>1; extra == "with-cuda"'),
        ("vendor_blas", "library"),
    ):
        (site / name).mkdir()
        (site / name / "__init__.py").write_text("X = 1\n")
        (site / f"{name}-2.0.dist-info").mkdir()
        (site / f"{name}-2.0.dist-info" / "METADATA").write_text(f"Name: {name}\nRequires-Dist: {requires}\n")
    before = source_of("uses:uses", ())
    assert {"jax", "jax_cuda99_plugin", "vendor_blas"} <= {d.name for d in before.distributions}
    (site / "vendor_blas" / "__init__.py").write_text("X = 2\n")
    assert digest() != before.digest


def test_what_a_library_without_metadata_imports_counts(site):
    (site / "library" / "inner.py").write_text(
        "def value():\n    import beneath, os.path as p\n    return beneath.X\n"
    )
    (site / "beneath.py").write_text("X = 1.0\n")
    before = source_of("uses:uses", ())
    assert {d.name for d in before.distributions} == {"library", "beneath.py", *OURS}
    (site / "beneath.py").write_text("X = 2.0\n")
    assert digest() != before.digest


@pytest.mark.parametrize("place", ["on the path", "site-packages"])
def test_a_module_in_an_archive_counts_with_its_bytes(project, site, store, tmp_path, monkeypatch, place):
    for name in FILES:
        (site / name).unlink()
    (site / "library").rmdir()
    archive = (site if place == "site-packages" else tmp_path) / "bundle.egg"
    monkeypatch.syspath_prepend(str(archive))
    trial, values = Trial("uses:uses", (), 0), []
    for number in (1.5, 2.5):
        with zipfile.ZipFile(archive, "w") as opened:
            opened.writestr(
                "library/__init__.py", f"import wadler_lindig\ndef value():\n    return {number}\n"
            )
        sys.path_importer_cache.clear()
        assert "wadler_lindig" in {d.name for d in source_of("uses:uses", ()).distributions}
        with Laboratory(store, workers=1) as laboratory:
            known = laboratory.recall([trial])
            if not known:
                laboratory.request(trial, 60.0)
                while laboratory.pending:
                    known.update({m.trial: m for m in laboratory.collect(5.0)})
        assert known[trial].stored, known[trial].note or known[trial].error
        values.append(known[trial].value("x"))
    assert values == [1.5, 2.5]


def test_what_runs_whenever_python_starts_counts(project, site):
    before = [digest()]
    project.write("sitecustomize.py", "import os\nos.environ['X'] = '1'\n")
    before.append(digest())
    (site / "late.pth").write_text("import started\n")
    before.append(digest())
    (site / "started.py").write_text("X = 1\n")
    before.append(digest())
    (site / "started.py").write_text("X = 2\n")
    before.append(digest())
    assert len(set(before)) == 5
    (site / "folder.pth").write_text("/somewhere/else\n")
    (site / "__editable___x.pth").write_text("import __editable___x_finder\n")
    assert digest() == before[-1], "the path says what these do"


def test_what_is_foreign_is_named(site):
    record(site, *FILES)
    (site / "dropped.csv").write_text("1")
    owners = source_of("uses:uses", ()).owners
    assert foreign(owners, [str(site / name) for name in FILES]) == []
    assert foreign((), [str(site / "library" / "table.txt")]) == ["library-1.0"]
    assert foreign(owners, [str(site / "dropped.csv")]) == [str(site / "dropped.csv")]


def test_each_library_is_looked_at_once(site, monkeypatch):
    record(site, *FILES)
    looked = []
    monkeypatch.setattr(
        "harness.measure.record_files.stamp_of", lambda path: looked.append(path) or stamp_of(path)
    )
    seen = Distributions()
    source_of("uses:uses", (), seen)
    count = len(looked)
    assert sum(Path(path).is_relative_to(site) for path in looked) == len(FILES)
    source_of("uses:uses", (), seen)
    assert len(looked) == count


@pytest.fixture
def forgetful(monkeypatch):
    """As a new process, which knows no digests."""
    known: dict[str, object] = {}
    monkeypatch.setattr(digests_module, "known_digests", known)
    monkeypatch.setattr(digests_module, "unsaved_digests", set())
    monkeypatch.setattr(digests_module, "SETTLED", 0)
    return known


def test_digests_are_kept_for_the_next_process(tmp_path, store, forgetful, monkeypatch):
    store.parent.mkdir()
    file, kept = tmp_path / "big.bin", beside_store(store)
    file.write_bytes(b"1" * 1000)
    first = digest_of(str(file))
    assert first == hashlib.sha256(b"1" * 1000).hexdigest()
    keep_digests(kept)
    forgetful.clear()
    recall_digests(kept)
    monkeypatch.setattr("builtins.open", lambda *arguments, **options: pytest.fail("it is not read again"))
    assert digest_of(str(file)) == first


@pytest.mark.parametrize("how", ["size", "time", "inode", "nothing but the entry"])
def test_a_digest_is_taken_again_where_the_file_has_changed(tmp_path, forgetful, how):
    file = tmp_path / "file"
    file.write_bytes(b"11")
    before, times = digest_of(str(file)), file.stat()
    if how == "inode":
        other = tmp_path / "other"
        other.write_bytes(b"22")
        os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
        other.replace(file)
    else:
        file.write_bytes(b"222" if how == "size" else b"22")
        if how != "time":
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert digest_of(str(file)) != before


def test_a_file_that_was_just_touched_is_not_kept(tmp_path, forgetful, monkeypatch):
    monkeypatch.setattr(digests_module, "SETTLED", 2 * 10**9)
    file = tmp_path / "file"
    file.write_bytes(b"1")
    assert digest_of(str(file))
    assert not forgetful
    os.utime(file, ns=(0, 0))
    assert digest_of(str(file))
    assert not forgetful, "the time of its entry is now"


SETTLED = digests_module.SETTLED


@pytest.mark.parametrize(("nanoseconds", "kept"), [(2 * 10**9, False), (2 * 10**9 + 1, True)])
def test_a_file_is_kept_two_seconds_after_a_change(tmp_path, forgetful, monkeypatch, nanoseconds, kept):
    """FAT's clock has ticks of 2 s: a change within them may leave the stamp as it was."""
    monkeypatch.setattr(digests_module, "SETTLED", SETTLED)
    file = tmp_path / "file"
    file.write_bytes(b"1")
    status = file.stat()
    now = max(status.st_mtime_ns, status.st_ctime_ns) + nanoseconds
    monkeypatch.setattr("harness.measure.digests.time.time_ns", lambda: now)
    assert digest_of(str(file))
    assert bool(forgetful) is kept


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"version": 2, "files": {}}', '{"version": 1, "files": {"a": [1, 2]}}', "[" * 10**5],
)
def test_kept_digests_that_cannot_be_read_count_for_nothing(tmp_path, forgetful, text):
    kept = tmp_path / "kept"
    kept.write_text(text)
    recall_digests(kept)
    recall_digests(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    recall_digests(tmp_path / "pipe")
    assert forgetful == {}


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path, forgetful):
    file = tmp_path / "file"
    file.write_bytes(b"1")
    digest_of(str(file))
    keep_digests(tmp_path / "nowhere" / "kept")
    keep_digests(tmp_path / "kept")
    assert (tmp_path / "kept").exists()


@pytest.mark.parametrize(("asked", "counts"), [("", False), ("[fast]", True), ("[slow, Fast]", True)])
def test_what_an_extra_requires_counts_where_it_is_asked_for(site, asked, counts):
    """As `ntk-harness[ntk]` of a package of somebody's, whose experiments use JAX."""
    record(site, *FILES)
    (site / "library-1.0.dist-info" / "METADATA").write_text(
        f"Name: library\nRequires-Dist: middle{asked}>=1\n"
    )
    for name, requires in (("middle", "beneath>2 ; extra == 'fast'"), ("beneath", "library")):
        (site / name).mkdir()
        (site / name / "__init__.py").write_text("X = 1\n")
        (site / f"{name}-2.0.dist-info").mkdir()
        (site / f"{name}-2.0.dist-info" / "METADATA").write_text(f"Name: {name}\nRequires-Dist: {requires}\n")
    assert ("beneath" in {d.name for d in source_of("uses:uses", ()).distributions}) is counts
