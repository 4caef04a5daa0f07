"""Fixtures of the predicates' tests."""

from good_suite import read, write

__all__ = ["read", "write"]
