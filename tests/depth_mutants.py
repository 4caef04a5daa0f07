"""Breaks what computes deep kernels and spectra on purpose, one place at a time, and asks the suite.

    python tests/depth_mutants.py

A mutant is a line of a function written otherwise: an exponent off by one, a factor left out, a sign turned
around. It is *refuted* if an instance of suites/depth.toml comes out otherwise than with the unchanged code,
or as an error; the instances are those that take least, judged in this process by the same experiments,
questions and rule. Where no claim of the suite reads what is broken, `CHECKS` have the tests that refute it.
Prints a table, and exits with 1 if a mutant survives.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ntk")]

from harness.declare import find  # noqa: E402
from harness.judge import decide_rows  # noqa: E402
from harness.plan import Question, Trial, case  # noqa: E402
from harness.suite import Instance, load  # noqa: E402

MOST = 600
"""Hidden layers of the instances that are judged; of deeper ones `DEEP`."""
DEEP = (
    "relu-comes-near-as-log-over-depth[gap=1,hidden=2048",
    "the-diagonal-comes-near-as-one-over-depth[gap=1,hidden=2048",
    "the-predictor-has-a-limit[hidden=1024,points=5",
    "relu-condition-number[points=4",
    "the-predictor-comes-to-rest[points=5",
    "relu-tends-to-a-quarter[gap=1,",
    "smooth-comes-near-as-log-over-depth[gap=1,hidden=4096",
)
DRAWN = ("the-second-moment-grows-with-depth-over-width[shape=two-of-32",)
CHECKS = {
    "gegenbauer": ("test_gegenbauer", ("test_a_polynomial_is_its_harmonics", "test_multiplicities")),
    "radial": ("test_radial", ("test_matern_agrees_with_30_digits",)),
    "depth_width": (
        "test_depth_width",
        ("test_the_formula_is_exact_for_the_mean_and_near_for_the_second_moment",),
    ),
    "forgetting": (
        "test_forgetting",
        ("test_condition_of_equicorrelated_points", "test_a_polygon_is_solved_as_any_matrix"),
    ),
    "first_step": (
        "test_first_step",
        (
            "test_a_drawn_step_is_a_difference_of_kernels_along_the_gradient",
            "test_of_one_hidden_layer_the_formula_is_exact",
            "test_wide_networks_have_the_limit",
        ),
    ),
    "pooled": (
        "test_pooled",
        ("test_it_is_the_recursion_in_values", "test_condition_numbers_of_equal_pairs"),
    ),
    "sphere": ("test_sphere", ("test_it_is_the_closed_form_of_a_network",)),
}
"""Tests of what no claim of this suite reads, by module: it has no claim about spectra."""


@dataclass(frozen=True)
class DepthMutant:
    """A function of a module of harness.ntk, and what is written otherwise in it."""

    module: str
    function: str
    old: str
    new: str

    @property
    def name(self) -> str:
        return f"{self.module}.{self.function}: {self.old} → {self.new}"


MUTANTS = tuple(
    DepthMutant(*each)
    for each in (
        ("sphere", "_relu", "variance / 2,", "variance / 2.1,"),
        ("sphere", "_relu", "_sine_less(angle) / np.pi", "_sine_less(angle) / 2"),
        ("sphere", "_relu", "0.5, angle", "0.49, angle"),
        ("sphere", "_relu", "angle / (2 * np.pi)", "angle / np.pi"),
        ("sphere", "_leaky_relu", "(1 - slope) ** 2 / 2", "(1 - slope) / 2"),
        ("sphere", "_leaky_relu", "share / size *", "share *"),
        ("sphere", "_erf", "4 / np.pi * 4 * variance**2", "4 / np.pi * variance**2"),
        ("sphere", "_erf", "x**2 * both / below", "x * both / below"),
        ("sphere", "_erf", "float(4 / (np.pi * first))", "float(2 / (np.pi * first))"),
        ("sphere", "_sin", "np.exp(-v) * np.sinh(v)", "np.sinh(v)"),
        ("sphere", "with_one_layer_more", "(passed + own) / grown", "passed / grown"),
        ("sphere", "with_one_layer_more", "w2 * found.slope + variance * state.inverse", "w2 * found.slope"),
        ("sphere", "with_one_layer_more", "w2 * found.square + b2", "w2 * found.square"),
        ("sphere", "with_one_layer_more", "w2 * found.square / variance * found.gap", "found.gap"),
        ("sphere", "with_one_layer_more", "w2 * found.lack + kept", "found.lack + kept"),
        ("sphere", "with_one_layer_more", "kept * state.tangent + ", "kept + "),
        ("sphere", "kernels_of_inputs", "network.w_std**2 / variance *", "1.0 *"),
        ("sphere", "angle_of_gap", "2 * np.arcsin", "np.arcsin"),
        ("sphere", "_sine_less", "(-1) ** (n + 1)", "(-1) ** n"),
        ("sphere", "slope_at", "network.w_std**2", "network.w_std"),
        ("sphere", "slopes_at", "3 * steep**2", "2 * steep**2"),
        ("depth_rates", "_logarithm", "3 / 2", "1"),
        ("depth_rates", "_logarithm", "3 * second**2", "3 * second"),
        ("depth_rates", "log_slope", "each.hidden *", "each.hidden**0.5 *"),
        ("depth_rates", "condition_rate", "+ power *", "- power *"),
        ("depth_rates", "departure_rate", "(late.hidden - early.hidden)", "late.hidden"),
        ("depth_rates", "diagonal_log_slope", "- each.hidden", "- each.hidden / 2"),
        ("forgetting", "equicorrelated_condition", "(points - (points - 1) * pair.gap)", "points"),
        ("forgetting", "departure", "points * pair.value", "pair.value"),
        ("forgetting", "mean_zero_predictor", "modes[0] = np.inf", "pass"),
        ("forgetting", "predicted_constant", "test.value.sum()", "test.gap.sum()"),
        ("forgetting", "polygon_gaps", "steps - offset", "steps"),
        ("spectra", "pair_of", "(points + 3) / 3", "(points + 2) / 3"),
        ("spectra", "pair_of", "math.sqrt(gap)", "gap"),
        ("spectra", "polygon", "(hidden, 2 * hidden)", "(hidden, hidden + 1)"),
        ("gegenbauer", "_polynomials", "(2 * k + dimension - 2)", "(2 * k + dimension - 1)"),
        ("gegenbauer", "gegenbauer_coefficients", "(dimension - 2)", "(dimension - 1)"),
        ("gegenbauer", "multiplicity", "dimension - 3", "dimension - 2"),
        ("gegenbauer", "_nodes", "np.pi * np.cosh(s)", "np.pi"),
        ("radial", "matern", "(1 - nu) * np.log(2)", "-nu * np.log(2)"),
        ("depth_width", "ntk_second_moment", "math.log1p(5 / width)", "math.log1p(3 / width)"),
        ("depth_width", "ntk_second_moment", "math.log1p(1 / width)", "math.log1p(5 / width)"),
        ("depth_width", "ntk_second_moment", "2.0 * (hidden", "1.0 * (hidden"),
        ("depth_width", "_drawn", "back * masks[number]", "back"),
        ("depth_width", "_drawn", "math.sqrt(2 / fan_in)", "math.sqrt(1 / fan_in)"),
        ("depth_width", "rate", "(hidden - half)", "hidden"),
        ("first_step", "first_step", "math.log1p(5 / width)", "math.log1p(3 / width)"),
        ("first_step", "first_step", "(1 - 1 / width) ** apart", "(1 + 1 / width) ** apart"),
        ("first_step", "first_step", "2 / 3", "1"),
        ("first_step", "first_step", "(layers - apart)", "(hidden - apart)"),
        ("first_step", "first_step", "/ layers", "/ hidden"),
        ("first_step", "first_step_without_growth", "(hidden + 2)", "(hidden + 1)"),
        ("first_step", "drawn_first_step", "(np.mean(square) * ", "("),
        ("first_step", "drawn_steps", "own + _times(weights[number]", "_times(weights[number]"),
        ("first_step", "drawn_steps", "masks[-1] * (2 / width) * layers[-1]", "masks[-1] * layers[-1]"),
        ("first_step", "drawn_steps", "own + through", "through"),
        ("first_step", "_scale", "2 / vector.shape[1]", "1 / vector.shape[1]"),
        ("pooled", "_averaged", "(-step, -step)", "(-step, step)"),
        ("pooled", "_averaged", "tangent=mean(state.tangent)", "tangent=state.tangent"),
        ("pooled", "flattened", '"piqi->pq"', '"piqj->pq"'),
        ("pooled", "pooled", ".mean(axis=(1, 3))", "[:, 0].mean(axis=2)"),
        ("pooled", "before_the_last", "hidden - 1", "hidden"),
        ("pooled", "limit_of_condition", "(points - 1)", "points"),
        ("pooled", "condition_number", "values[-1] / values[0]", "values[-1] / values.mean()"),
    )
)


def put_mutant(mutant: DepthMutant) -> Callable[[], None]:
    """Put it in the place of its function; returns what puts the function back.

    The code object is exchanged, so that every module that imported the function has the mutant.
    """
    module = import_module(f"harness.ntk.{mutant.module}")
    function = inspect.unwrap(getattr(module, mutant.function))
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(mutant.old) >= 1, f"{mutant.name}: not in the source"
    scope = dict(function.__globals__)
    exec(compile(source.replace(mutant.old, mutant.new, 1), f"<{mutant.name}>", "exec"), scope)
    before = function.__code__
    function.__code__ = inspect.unwrap(scope[mutant.function]).__code__

    def back() -> None:
        function.__code__ = before

    return back


@cache
def chosen() -> tuple[Instance, ...]:
    """The instances that are judged, the cheapest first."""
    suite = load(str(ROOT / "suites" / "depth.toml"), imports=True)
    costs = [(_cost(instance), place, instance) for place, instance in enumerate(suite.instances)]
    return tuple(instance for cost, _, instance in sorted(costs, key=lambda c: c[:2]) if cost < 1e9)


def _cost(instance: Instance) -> float:
    trials = {
        reading.trial(0) for question in case(instance).questions for reading in question.effect.readings
    }
    if any(trial.experiment == "ntk.trainability" for trial in trials):
        return 1e9  # which trains networks
    if any(trial.experiment == "ntk.depth-width" for trial in trials):
        drawn = "slow" in instance.marks
        if drawn:
            return 5e3 if any(each in instance.id for each in DRAWN) else 1e9
        return 0.0
    layers = sum(int(dict(trial.params)["hidden"]) for trial in trials)
    deepest = max(int(dict(trial.params)["hidden"]) for trial in trials)
    deep = any(each in instance.id for each in DEEP)
    return float(layers) if deepest <= MOST or deep else 1e9


def outcome_of(instance: Instance, known: dict[Trial, dict[str, float]]) -> tuple[str, ...]:
    """The verdicts of its questions and of its control's, or 'error'; `known` keeps trials of one code."""
    judged = case(instance)
    try:
        return tuple(_verdict(question, known) for question in (*judged.questions, *judged.control))
    except Exception:
        return ("error",)


def _verdict(question: Question, known: dict[Trial, dict[str, float]]) -> str:
    rows = []
    for seed in question.seeds(question.budget if question.deterministic else 14):
        row = []
        for reading in question.effect.readings:
            trial, declaration = reading.trial(seed), find(reading.experiment)
            stages = frozenset({declaration.stage_of(reading.quantity)})
            values = known.setdefault(trial, {})
            if reading.quantity not in values:
                values |= declaration.function(seed=seed, stages=stages, **trial.arguments())
            row.append(values[reading.quantity])
        rows.append(row)
    return str(decide_rows(rows, question).verdict)


@cache
def expected() -> dict[str, tuple[str, ...]]:
    """The outcomes of the unchanged code."""
    known: dict[Trial, dict[str, float]] = {}
    return {instance.id: outcome_of(instance, known) for instance in chosen()}


def refuted_by(mutant: DepthMutant) -> str:
    """The id of an instance, or the name of a test, that refutes it; '' if none does."""
    unchanged = expected()  # before anything is changed
    back = put_mutant(mutant)
    try:
        known: dict[Trial, dict[str, float]] = {}
        for instance in chosen():
            if outcome_of(instance, known) != unchanged[instance.id]:
                return instance.id
        return next(_failed(mutant.module), "")
    finally:
        back()


def _failed(module: str) -> Iterator[str]:
    """Those tests of `CHECKS` that fail."""
    if module not in CHECKS:
        return
    name, tests = CHECKS[module]
    for test in tests:
        function = getattr(import_module(name), test)
        try:
            for arguments in _cases(function):
                function(**arguments)
        except AssertionError:
            yield f"{name}::{test}"


def _cases(function: Any) -> list[dict[str, Any]]:
    """The arguments of a test's parametrizations, every combination."""
    cases: list[dict[str, Any]] = [{}]
    for mark in getattr(function, "pytestmark", []):
        if mark.name == "parametrize":
            names = mark.args[0] if isinstance(mark.args[0], tuple) else (mark.args[0],)
            rows = [row if len(names) > 1 else (row,) for row in mark.args[1]]
            cases = [case | dict(zip(names, row, strict=True)) for case in cases for row in rows]
    return cases


def main() -> int:
    """Print what refutes each mutant."""
    survived = 0
    expected()
    for mutant in MUTANTS:
        start = time.monotonic()
        found = refuted_by(mutant)
        survived += not found
        print(f"{found or 'SURVIVED':75} {mutant.name}  ({time.monotonic() - start:.1f} s)", flush=True)
    print(f"{len(MUTANTS) - survived} of {len(MUTANTS)} mutants refuted")
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(main())
