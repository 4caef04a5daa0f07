"""Standard errors that a subject states are judged by its deviations."""

from pathlib import Path

import in_process
import numpy as np
import pytest

import harness
from harness.declare import NotCovered, StageError
from harness.ntk import closed_form
from harness.ntk.architecture import Architecture
from harness.ntk.conformance import WORST, KernelCase
from harness.ntk.noise_checks import ANSWERS, CHECKS, FEWEST
from harness.ntk.subjects import Kernels

SEEDS = 120


def sampling(*, shift=0.0, states=1.0, replicates=16, entries=slice(None)):
    """A subject of 2% noise, the mean of `replicates` draws, off by `shift` standard errors; it states
    `states` times its standard errors (of 0 replicates: the true ones)."""

    def subject(x1, x2, architecture, seed):
        random = np.random.default_rng(seed)
        found, stated = [], []
        for kernel in closed_form.nngp_ntk(architecture, x1, x2):
            sigma = np.zeros_like(kernel)
            sigma[:, entries] = 0.02 * np.abs(kernel)[:, entries]
            many = replicates or 16
            draws = kernel + sigma * random.standard_normal((many, *kernel.shape))
            error = draws.std(axis=0, ddof=1) / np.sqrt(many) if replicates else sigma / np.sqrt(many)
            found.append(draws.mean(axis=0) + shift * sigma / np.sqrt(many))
            stated.append(states * error)
        return Kernels(*found, *stated, replicates=replicates)

    return subject


def case(subject, seed=0):
    points = np.random.default_rng(seed).standard_normal((9, 4))
    return KernelCase(subject, closed_form_subject, Architecture(1, 8), points[:5], points[5:], seed)


def closed_form_subject(x1, x2, architecture):
    return closed_form.nngp_ntk(architecture, x1, x2)


def means(check, **how):
    """The mean over seeds of a check and of its control, with the standard error of the former."""
    found = np.array([CHECKS[check](case(sampling(**how), seed), "ntk", 0.0) for seed in range(SEEDS)])
    return *found.mean(axis=0), found[:, 0].std(ddof=1) / np.sqrt(SEEDS)


@pytest.mark.parametrize("replicates", [0, 16])
def test_z_scores_of_a_right_subject(replicates):
    """Within 4.5 standard errors, which a right one leaves once in 1e5."""
    for check, right, control in (("z-mean", 0.0, 1.0), ("z-square", 1.0, 4.0)):
        found, flawed, error = means(check, replicates=replicates)
        assert abs(found - right) < 4.5 * error < 0.5
        assert flawed == pytest.approx(control + (found - right) * (4 if check == "z-square" else 1))


def test_z_scores_of_wrong_ones():
    """Off by a standard error; errors half of what they are."""
    found, _, error = means("z-mean", shift=1.0)
    assert found == pytest.approx(1, abs=4.5 * error + 0.1)  # E[1/s] of 16 draws is 5% above 1/σ
    found, _, error = means("z-square", states=0.5)
    assert found == pytest.approx(4, abs=4.5 * error)


def test_entries_that_are_exact_are_left_out_and_must_be():
    found = CHECKS["z-mean"](case(sampling(entries=slice(0, 1))), "ntk", 0.0)[0]
    assert 0 < abs(found) < 5

    def nearly(x1, x2, architecture, seed):
        answer = sampling(entries=slice(0, 1))(x1, x2, architecture, seed)
        return Kernels(answer.nngp, answer.ntk * 1.001, answer.nngp_error, answer.ntk_error, 16)

    assert CHECKS["z-mean"](case(nearly), "nngp", 0.0)[0] < 5
    assert CHECKS["z-mean"](case(nearly), "ntk", 0.0)[0] > 1e90
    assert 1e90 < CHECKS["z-square"](case(nearly), "ntk", 0.0)[0] <= WORST


def test_answers_are_to_other_seeds_and_points():
    asked = []

    def subject(x1, x2, architecture, seed):
        asked.append((seed, x1[0, 0]))
        return sampling()(x1, x2, architecture, seed)

    for check in CHECKS.values():
        check(it := case(subject), "ntk", 0.0)
        check(it, "nngp", 0.0)
    assert len(set(asked)) == len({points for _, points in asked}) == ANSWERS


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_a_subject_that_states_no_errors_is_not_covered(check):
    with pytest.raises(NotCovered, match="states no standard errors"):
        CHECKS[check](case(closed_form_subject), "ntk", 0.0)


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_few_replicates_are_an_error(check):
    CHECKS[check](case(sampling(replicates=FEWEST)), "ntk", 0.0)
    with pytest.raises(StageError, match="expected 0, or at least 6, found 5") as caught:
        CHECKS[check](case(sampling(replicates=FEWEST - 1)), "ntk", 0.0)
    assert not isinstance(caught.value, NotCovered)


right, half, off = sampling(), sampling(states=0.5), sampling(shift=1.0)
"""Subjects for the suite."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "refuted"),
    [("right", set()), ("half", {"noise-of-its-size"}), ("off", {"noise-centred", "noise-of-its-size"})],
)
def test_the_suite_judges_stated_errors(name, refuted, monkeypatch, tmp_path):
    (tmp_path / "noisy_subjects.py").write_text(Path(__file__).read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{in_process.SUITE.parents[1] / 'tests/support'}")
    given = {"subject": f"noisy_subjects:{name}"}
    how = {"store": None, "recheck": False, "workers": 1}
    record = harness.run(in_process.SUITE, keyword="noise-", overrides=given, **how)
    assert len(record.instances) == 12
    found = {i.claim.partition("-")[2]: i.verdict for i in record.instances}
    assert {claim for claim, verdict in found.items() if verdict == "refuted"} == refuted
    assert set(found.values()) <= {"refuted", "supported"}
