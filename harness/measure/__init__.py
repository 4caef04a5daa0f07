"""Measuring trials: each once, in worker processes, kept in a store.

A *trial* is one experiment at one point with one seed (`harness.plan`). Its *fingerprint* is the digest of
all that its numbers depend on: parameters, seed, the *source* that can come to run (its static import
*closure*), the libraries beneath, the device. The *store* keeps one *measurement* per fingerprint. A
*worker* is a process that runs one *job* at a time: a trial, or several of one *block*. The *laboratory*
gives them out, so that a trial is measured once, by whichever process gets to it first, and a worker that
dies costs only its own. A *recheck* measures one trial of an experiment a second time, in a worker that has
run nothing (`measure.recheck`). `Measurer` is what others need of a laboratory.

In: trials. Out: measurements. This room knows nothing of claims or verdicts, and imports no JAX or NumPy:
only its workers do.

Errors:
    StoreError             the store cannot be used (a directory, another program's file, a newer schema)
    ClusterError           the cluster cannot be used, or its workers have other code (measure.cluster)
    DeviceError            JAX could not say what it computes on, or the device lacks what a trial asks for
    MissingValueError      a measurement has no such quantity, and why (a stage or the trial failed)
"""

from harness.measure.cpu import processor
from harness.measure.devices import PER_DEVICE, DeviceError
from harness.measure.digests import recall_store_digests
from harness.measure.fingerprint import SourceClosure, fingerprint, roots, source_of
from harness.measure.here import measure_here, measure_in_turn
from harness.measure.installed import Distributions
from harness.measure.laboratory import Laboratory
from harness.measure.protocol import Measurer
from harness.measure.recheck import FAILED, Group, Recheck, RecheckResult
from harness.measure.rechecker import Rechecker
from harness.measure.records import Measurement, MissingValueError, Stage
from harness.measure.remarks import remarks
from harness.measure.running import RunningTrial
from harness.measure.store import Store, StoreError
from harness.measure.upkeep import Contents, Pruned, clean, contents, merge_stores, prune

__all__ = [
    "FAILED",
    "PER_DEVICE",
    "Contents",
    "DeviceError",
    "Distributions",
    "Group",
    "Laboratory",
    "Measurement",
    "Measurer",
    "MissingValueError",
    "Pruned",
    "Recheck",
    "RecheckResult",
    "Rechecker",
    "RunningTrial",
    "SourceClosure",
    "Stage",
    "Store",
    "StoreError",
    "clean",
    "contents",
    "fingerprint",
    "measure_here",
    "measure_in_turn",
    "merge_stores",
    "processor",
    "prune",
    "recall_store_digests",
    "remarks",
    "roots",
    "source_of",
]
