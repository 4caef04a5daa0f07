"""The suites beside this file, as asv sees them: a class for each of their benchmarks and claims.

asv runs today's copy of this file at every commit that it measures, where `import harness` finds that
commit's package. So today's `harness/export/asv_suites.py`, which makes the classes, is loaded by its path:
beside this folder, else where harness is installed.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent


def _maker() -> ModuleType:
    installed = importlib.util.find_spec("harness")
    packages = (installed.submodule_search_locations if installed else None) or []
    folders = [HERE.parent / "harness", *map(Path, packages)]
    files = [folder / "export/asv_suites.py" for folder in folders]
    file = next((each for each in files if each.is_file()), files[-1])
    spec = importlib.util.spec_from_file_location("harness_asv_suites", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be imported")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if "asv_runner" in sys.modules and __name__ == HERE.name:  # asv is looking: for pytest there is nothing here
    globals().update(_maker().classes(HERE))
