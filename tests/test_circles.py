"""No module of the package imports another that imports it, directly or by way of others.

Imports inside functions count: they run. Those under `if TYPE_CHECKING` do not: they never do.
"""

import graphlib

import grimp
import pytest


def require_no_circle(package):
    graph = grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)
    graphlib.TopologicalSorter(
        {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    ).prepare()


def test_no_module_imports_itself_by_way_of_others():
    require_no_circle("harness")


def test_a_circle_is_found_where_one_import_is_lazy(tmp_path, monkeypatch):
    (tmp_path / "round").mkdir()
    (tmp_path / "round" / "__init__.py").write_text("")
    (tmp_path / "round" / "first.py").write_text("from round import second")
    (tmp_path / "round" / "second.py").write_text("def late():\n    import round.third")
    (tmp_path / "round" / "third.py").write_text("from round.first import second")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(graphlib.CycleError, match=r"round\.first.*round\.third|round\.third.*round\.first"):
        require_no_circle("round")
