"""One measured trial, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tabulate import tabulate

from harness.measure import Measurement


def trial_text(measurement: Measurement) -> str:
    """Parameters, stages and every quantity, with all digits."""
    trial = measurement.trial
    lines = [f"{trial.experiment}, seed {trial.seed} ({measurement.device}, {measurement.seconds:.2f} s)", ""]
    lines.append(_table([(name, _shown(value)) for name, value in trial.params]))
    if measurement.stages:
        stages = [(s.name, f"{s.seconds:.2f} s", s.failure or "ok") for s in measurement.stages]
        lines += ["", _table(stages)]
    if measurement.status == "error":
        trace = ["", measurement.trace] if measurement.trace else []
        return "\n".join([*lines, "", measurement.error, *trace])
    values = [(name, repr(value)) for name, value in measurement.values.items()]
    values += [(name, f"missing: {why}") for name, why in measurement.missing.items()]
    return "\n".join([*lines, "", _table(values)])


def trials_json(measurements: Sequence[Measurement]) -> str:
    """A JSON array with an object per trial."""
    return json.dumps(
        [
            {
                "experiment": m.trial.experiment,
                "params": dict(m.trial.params),
                "seed": m.trial.seed,
                "fingerprint": m.fingerprint,
                "status": m.status,
                "values": m.values,
                "missing": {name: str(why) for name, why in m.missing.items()},
                "stages": [{"name": s.name, "seconds": s.seconds, "failure": s.failure} for s in m.stages],
                "error": m.error,
                "trace": m.trace,
                "seconds": m.seconds,
                "device": m.device,
            }
            for m in measurements
        ],
        indent=1,
    )


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    return str(tabulate(rows, tablefmt="plain", disable_numparse=True))


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
