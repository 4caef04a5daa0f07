"""Records made by hand, for tests of what is shown of them."""

from __future__ import annotations

from msgspec.structs import replace

from harness.report.record import (
    SCHEMA_VERSION,
    CommitRecord,
    ControlRecord,
    CountsRecord,
    EnvironmentRecord,
    FitRecord,
    InstanceRecord,
    PartRecord,
    Record,
    SourceRecord,
    SuiteRecord,
    TimingRecord,
    TrialsRecord,
)

PART = PartRecord(
    name="small below large",
    verdict="refuted",
    n=6,
    budget=48,
    estimate=0.2,
    interval=(0.15, 0.25),
    region=(-0.05, 0.05),
    values=(0.19, 0.2, 0.21),
    looks=((6, 0.15, 0.25),),
    smallest_margin=0.25,
    seeds_to_decision=None,
    reason="the seeds agree",
)
INSTANCE = InstanceRecord(
    id="toys/same[size=1]",
    suite="toys",
    claim="same",
    point={"size": 1},
    says="a equals b at size 1.",
    claim_says="a equals b at size {size}.",
    source=SourceRecord(
        cite="someone",
        stance="asserts",
        where="p. 3",
        title="On toys",
        authors=("A. Someone",),
        arxiv="2501.10929",
        doi="10.1000/182",
        url="https://example.org/toys",
        year=2025,
    ),
    expect="supported",
    because="the source says so",
    predicate="a and b equal within 5%",
    kind="equal",
    toml={"says": "a equals b at size {size}.", "equal": {"of": ["a", "b"], "within": "5%"}},
    alpha=0.001,
    centre="mean",
    marks=("quick",),
    verdict="supported",
    outcome="as-expected",
    agreement="agrees",
    unit="ratio",
    n=9,
    budget=48,
    estimate=0.01,
    interval=(-0.02, 0.04),
    region=(-0.05, 0.05),
    values=(0.0, 0.01, 0.02, 0.01, 0.01, 0.0, 0.02, 0.01, 0.01),
    smallest_margin=0.04,
    seeds_to_decision=None,
    hours_to_decision=None,
    reason="",
    parts=(),
    control=ControlRecord(predicate="a and c equal", at={"shift": 0.5}, verdict="refuted", parts=(PART,)),
    seconds=1.5,
    trials=(
        TrialsRecord(
            experiment="toys:pair", params={"size": 1}, quantities=("a",), first_seed=0, n=9, fingerprints=()
        ),
    ),
    looks=((6, -0.06, 0.08), (9, -0.02, 0.04)),
    reproducibility=0.995,
)
LAW = replace(
    INSTANCE,
    id="toys/law",
    claim="law",
    point={},
    unit="exponent",
    estimate=-0.5,
    interval=(-0.52, -0.48),
    region=(-0.6, -0.4),
    fit=FitRecord(
        axis="width",
        at=(64.0, 256.0, 1024.0, 4096.0),
        mean=(0.0, -0.7, -1.4, -2.1),
        sd=(0.1, 0.1, 0.1, 0.1),
        without_smallest=-0.505,
        curvature=0.001,
    ),
    parts=(PART, replace(PART, name="other")),
    timings=(TimingRecord(benchmark="slow", seconds=(0.2, 0.3)), TimingRecord(benchmark="fast", seconds=())),
)
RECORD = Record(
    schema_version=SCHEMA_VERSION,
    harness_version="0.1.0",
    started="2026-01-01T00:00:00+00:00",
    duration=12.0,
    command=("harness", "run", "toys.toml"),
    suites=(SuiteRecord(name="toys", path="suites/toys.toml", title="Toys", sha256="0" * 64),),
    commit=CommitRecord(hash="0123456789abcdef", dirty=False),
    environment=EnvironmentRecord(
        python="3.11",
        platform="Linux",
        cpu="a CPU",
        cores=2,
        workers=2,
        threads_per_worker=1,
        device="cpu",
        precision={"toys:pair": "float64"},
        libraries={"numpy": "2.4"},
    ),
    first_seed=0,
    fresh=False,
    trials=CountsRecord(measured=9, reused=0, failed=0),
    wrong_verdicts_bound=0.002,
    exit_code=0,
    notes=("a note",),
    instances=(INSTANCE, LAW),
)


def record(*instances: InstanceRecord, **changes: object) -> Record:
    """RECORD with these instances."""
    return replace(RECORD, instances=instances, **changes)


def unmeasured(outcome: str, **changes: object) -> InstanceRecord:
    """An instance of which there are no numbers."""
    found = {"verdict": outcome, "outcome": outcome, "agreement": "", "n": 0, "estimate": None}
    nothing = {"interval": (None, None), "values": (), "looks": (), "reproducibility": None}
    return replace(INSTANCE, **{**found, **nothing, "smallest_margin": None, **changes})


def at_sizes(sizes: int, **changes: object) -> tuple[InstanceRecord, ...]:
    """INSTANCE at sizes 1, 2, …"""
    made = [replace(INSTANCE, id=f"toys/same[size={k}]", point={"size": k}) for k in range(1, sizes + 1)]
    return tuple(replace(i, **changes) for i in made)
