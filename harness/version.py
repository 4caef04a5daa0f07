"""The version of this package, read by whatever names it: no metadata of an installation is needed.

`pyproject.toml` and `CITATION.cff` repeat it, and a test compares them. It has a module of its own because
every trial depends on `harness/__init__.py`, and a release must not make everything be measured again.
"""

__version__ = "0.2.0.dev0"
