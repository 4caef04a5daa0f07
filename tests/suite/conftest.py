"""Fixtures of the suite's tests."""

from good_suite import read, write

__all__ = ["read", "write"]
