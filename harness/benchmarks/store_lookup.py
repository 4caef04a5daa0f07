"""The benchmark `engine.store-lookup`: measurements recalled from a store."""

from __future__ import annotations

from harness.benchmarks._parameters import TrialCount
from harness.declare import Timed, benchmark


@benchmark(
    "engine.store-lookup",
    version=1,
    about={"kept": "measurements in the store", "wanted": "how many of them are looked up, in one call"},
)
def store_lookup(*, kept: TrialCount = 2000, wanted: TrialCount = 500) -> Timed:
    """Measurements by their fingerprints, as records, from an open store."""
    import hashlib
    import shutil
    import weakref

    from harness.benchmarks._toy import RUN
    from harness.benchmarks.support.folder import fresh_folder
    from harness.measure import Measurement, Store
    from harness.plan import Trial

    if wanted > kept:
        raise ValueError(f"wanted: expected at most the {kept} that are kept, found {wanted}")
    folder = fresh_folder()
    store = Store(folder / "store.sqlite")
    prints = [hashlib.sha256(f"{seed}".encode()).hexdigest() for seed in range(kept)]
    quantities = [f"quantity-{number}" for number in range(40)]  # as many as a trial of ntk.regression has
    for seed, fingerprint in enumerate(prints):
        values = {name: (seed + 1) / (number + 3) for number, name in enumerate(quantities)}
        store.keep(Measurement(Trial(RUN, (("shift", 0.0),), seed), fingerprint, "ok", values))
    asked = prints[:: kept // wanted][:wanted]

    def timed() -> dict[str, Measurement]:
        return store.recall(asked)

    weakref.finalize(timed, shutil.rmtree, folder, ignore_errors=True)
    weakref.finalize(timed, store.close)
    found = timed()
    last = found[asked[-1]]
    if len(found) != wanted or last.values[quantities[-1]] != (last.trial.seed + 1) / (len(quantities) + 2):
        raise ValueError(f"store: expected the {wanted} measurements that were kept, found others")
    return timed
