"""Predicates: how quantities must relate for a claim to hold. One module for each kind.

A kind declares its keys, and makes the questions that decide an instance. The reader of suites, the JSON
Schema and the reference are made from the kinds that `predicates` lists. To add a kind, add a module with a
subclass of `Predicate` that has a `NAME`.
"""

from harness.predicates.base import Asking, Known, Mistaken, Predicate
from harness.predicates.keys import Key, Unreadable, Written
from harness.predicates.registry import PredicateKind, kinds, predicates

__all__ = [
    "Asking",
    "Key",
    "Known",
    "Mistaken",
    "Predicate",
    "PredicateKind",
    "Unreadable",
    "Written",
    "kinds",
    "predicates",
]
