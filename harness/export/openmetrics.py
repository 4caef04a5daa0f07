"""A record as OpenMetrics text, which Prometheus and what reads its format scrape.

Every family is a gauge but `harness`, which is an info: a record is a state, and no counter that goes on.
Numbers of instances are as reports print them (percent of a ratio); `unit` says of what kind they are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.export.failing import failing
from harness.report.dates import moment
from harness.report.distance import how_far
from harness.report.record import InstanceRecord, Record, Side
from harness.report.words import ORDER, commit_text
from harness.text import printable

SampleLabels = Mapping[str, str]


@dataclass(frozen=True)
class MetricFamily:
    """Samples of one name, with their labels; `unit` is a unit that the name ends with."""

    name: str
    about: str
    samples: tuple[tuple[SampleLabels, float], ...]
    unit: str = ""
    kind: str = "gauge"

    def lines(self) -> Iterator[str]:
        """The lines of the text format; nothing without samples."""
        if not self.samples:
            return
        yield f"# TYPE {self.name} {self.kind}"
        if self.unit:
            yield f"# UNIT {self.name} {self.unit}"
        yield f"# HELP {self.name} {_escaped(self.about)}"
        name = f"{self.name}_info" if self.kind == "info" else self.name
        for labels, value in self.samples:
            shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            yield f"{name}{{{shown}}} {_number(value)}" if shown else f"{name} {_number(value)}"


def openmetrics(record: Record, differs: Mapping[str, str] | None = None) -> str:
    """The record as OpenMetrics text. `differs` as `failing` takes it."""
    families = [*_of_run(record), *_of_instances(record, failing(record, differs))]
    return "\n".join([*(line for family in families for line in family.lines()), "# EOF"]) + "\n"


def _of_run(record: Record) -> Iterator[MetricFamily]:
    began = moment(record.started)
    about = {
        "version": record.harness_version,
        "commit": commit_text(record.commit),
        "device": record.environment.device,
        "python": record.environment.python,
    }
    yield MetricFamily("harness", "What ran, and where.", ((about, 1.0),), kind="info")
    if began is not None:
        yield _single("harness_run_start_seconds", "When the run began.", began.timestamp(), "seconds")
    yield _single("harness_run_duration_seconds", "Wall time of the run.", record.duration, "seconds")
    yield _single("harness_run_exit_code", "The exit code of the run.", record.exit_code)
    trials = {
        "measured": record.trials.measured,
        "reused": record.trials.reused,
        "failed": record.trials.failed,
    }
    samples = tuple(({"how": how}, float(count)) for how, count in trials.items())
    yield MetricFamily("harness_trials", "Trials of the run.", samples)
    counts = Counter((instance.suite, instance.outcome) for instance in record.instances)
    outcomes = tuple(
        ({"suite": suite.name, "outcome": outcome}, float(counts[suite.name, outcome]))
        for suite in record.suites
        for outcome in ORDER
    )
    yield MetricFamily("harness_instances", "Instances of each outcome.", outcomes)
    bound = record.wrong_verdicts_bound
    yield _single("harness_wrong_verdicts_bound", "Bound on the expected number of wrong verdicts.", bound)


def _of_instances(record: Record, why: Mapping[str, str]) -> Iterator[MetricFamily]:
    instances = record.instances

    def family(name: str, about: str, numbers: Mapping[str, Side], unit: str = "") -> MetricFamily:
        samples = tuple((_labels(i), x) for i in instances if (x := numbers[i.id]) is not None)
        return MetricFamily(f"harness_instance_{name}", about, samples, unit)

    shown = {i.id: i.printed for i in instances}
    yield family("failing", "1 if the instance fails the run.", {i.id: float(i.id in why) for i in instances})
    yield family("estimate", "The estimate, as reports print it.", {k: p.estimate for k, p in shown.items()})
    yield family("low", "The lower end of the interval.", {k: p.low for k, p in shown.items()})
    yield family("high", "The upper end of the interval.", {k: p.high for k, p in shown.items()})
    yield family(
        "distance", "In margins; at most 1 if the claim holds.", {i.id: how_far(i) for i in instances}
    )
    yield family("seeds", "Seeds that were read.", {i.id: float(i.n) for i in instances})
    times: dict[str, Side] = {i.id: i.seconds for i in instances}
    yield family("cpu_seconds", "Core time of the trials that were read.", times, "seconds")


def _single(name: str, about: str, value: float, unit: str = "") -> MetricFamily:
    return MetricFamily(name, about, (({}, float(value)),), unit)


def _labels(instance: InstanceRecord) -> dict[str, str]:
    """Suite, claim, id and unit; an axis is `axis_NAME`, with `_` for what a label's name cannot have."""
    labels = {
        "suite": instance.suite,
        "claim": instance.claim,
        "instance": instance.local_id,
        "unit": instance.printed.unit or instance.unit,
    }
    for axis, label in sorted(instance.labels.items()):
        safe = "".join(c if c.isascii() and c.isalnum() else "_" for c in axis)
        labels.setdefault(f"axis_{safe}", label)
    return labels


def _escaped(text: str) -> str:
    return printable(" ".join(text.split("\n"))).replace("\\", "\\\\").replace('"', '\\"')


def _number(x: float) -> str:
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "+Inf" if x > 0 else "-Inf"
    return repr(float(x))
