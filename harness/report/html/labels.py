"""The labels beside the axes of a figure: which quantities, in which unit."""

from __future__ import annotations

from harness.report.record import InstanceRecord

_PER_UNIT = {
    "ratio": "{0} over {1}, difference in %",
    "log-value": "{0}",
    "value": "{0}",
    "difference": "{0} − {1}",
    "speed-up": "how many times as fast {0} is as {1}",
    "exponent": "exponent of {0}",
    "violation": "deviation of {0} from {1}, in tolerances",
    "boundary": "where it begins to hold",
}


def effect_label(instance: InstanceRecord) -> str:
    """The effect of an instance: `single.error over ntk.error, difference in %`."""
    stated = instance.toml.get(instance.kind)
    of = stated.get("of") if isinstance(stated, dict) else None
    names = [of] if isinstance(of, str) else list(of) if isinstance(of, list | tuple) else []
    text = _PER_UNIT.get(instance.unit, "{0}")
    wanted = text.count("{")
    if len(names) < wanted or not all(isinstance(name, str) for name in names[:wanted]):
        return "effect" if wanted else text
    return text.format(*names)


def quantity(instance: InstanceRecord) -> str:
    """The quantities that the claim reads, which are drawn before they become an effect."""
    return ", ".join(dict.fromkeys(name for trial in instance.trials for name in trial.quantities))
