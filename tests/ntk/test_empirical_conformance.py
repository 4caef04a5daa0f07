"""The conformance suite of empirical NTKs tells wrong ones from right ones; its networks and reference."""

from pathlib import Path

import numpy as np
import pytest
import wrong_empirical

import harness
from harness.declare import collect_stages, find
from harness.ntk import sample_networks
from harness.ntk.empirical_checks import CHECKS, FACTORS, HALF, case_of, measured
from harness.ntk.empirical_subjects import resolve
from harness.ntk.sample_networks import NAMES, draw_params, jacobian, leaves, mapped, network

SUITE = Path(__file__).parents[2] / "suites" / "empirical-kernels.toml"
SEED = 7
FLAW = 6e-8
"""Of the suite: float32's roundoff."""
TOLERANCE = dict.fromkeys(CHECKS, 1e-9) | {"float32-error": 1e-5}
"""Those of the suite, which `test_the_suite_claims_every_check` holds against it."""


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Workers import `wrong_empirical` too."""
    monkeypatch.setenv("PYTHONPATH", str(Path(wrong_empirical.__file__).parent))


def errors(subject, name, checks=CHECKS):
    """What the experiment measures in-process, and why the rest is missing."""
    with collect_stages() as stages:
        found = measured(case_of(subject, name, SEED), FLAW, checks)
    return found, {stage.name: stage for stage in stages if not stage.ok}


def failing(found):
    return {check for check in CHECKS if found.get(f"ntk.{check}", 0) > TOLERANCE[check]}


QUICK = ("one-output", "skip", "scalars")
"""One output and several; a matrix, nested parameters, and numbers without axes."""


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
)
def test_the_textbook_passes_and_every_control_fails(name):
    found, missing = errors(wrong_empirical.textbook, name)
    assert not missing
    assert not failing(found)
    for check in CHECKS:
        flaw = HALF if check == "float32-error" else FLAW
        assert found[f"ntk-flawed.{check}"] > max(TOLERANCE[check], 0.9 * flaw)


@pytest.mark.parametrize("name", sorted(wrong_empirical.WRONG))
def test_a_wrong_kernel_is_refuted(name):
    check, where = wrong_empirical.WRONG[name]
    found, missing = errors(getattr(wrong_empirical, name), where, [check])
    assert check in failing(found)
    assert not missing


@pytest.mark.parametrize("name", sorted(wrong_empirical.MALFORMED))
def test_an_answer_that_is_no_kernel_is_an_error_that_says_why(name):
    found, missing = errors(getattr(wrong_empirical, name), "one-output")
    assert "ntk.error" not in found
    assert wrong_empirical.MALFORMED[name] in missing["error"].failure
    assert missing["error"].missing.kind == "failed"


def test_what_needs_a_keyword_that_a_subject_does_not_take_is_not_covered():
    _, missing = errors(wrong_empirical.clipped, "linear")
    assert set(missing) == {"trace-error", "diagonal-error", "batch-error"}
    assert {stage.missing.kind for stage in missing.values()} == {"not-covered"}
    assert "`batch_size`" in missing["batch-error"].failure


def test_not_covered_depends_on_the_network_and_not_on_the_points():
    found, missing = errors(wrong_empirical.small_networks_alone, "deep-standard")
    assert not found
    assert {stage.missing.kind for stage in missing.values()} == {"not-covered"}
    found, missing = errors(wrong_empirical.few_points_alone, "linear")
    assert "ntk.error" in found
    assert missing["shape-error"].missing.kind == "failed"
    assert "more than eight points" in missing["shape-error"].failure


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_is_the_derivative_of_the_function(name):
    """By central differences of 1e-5: their error is 1e-10 of the third derivative, and rounding's 1e-11 of
    the function; either is at most some hundred."""
    apply, params = network(name), draw_params(name, SEED)
    x = np.random.default_rng(SEED).standard_normal((4, sample_networks.INPUTS))
    found, held, columns, step = jacobian(apply, params, x), mapped(np.array, params), [], 1e-5
    for leaf in leaves(held):
        for index in np.ndindex(leaf.shape):
            before, sides = leaf[index], []
            for side in (step, -step):
                leaf[index] = before + side
                sides.append(apply(held, x).reshape(len(x), -1))
            leaf[index] = before
            columns.append((sides[0] - sides[1]) / (2 * step))
    np.testing.assert_allclose(found, np.stack(columns, axis=-1), rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", ["linear", "one-output", "three-outputs", "deep-standard"])
def test_fully_connected_networks_are_those_of_the_package(name):
    import jax.numpy as jnp

    from harness.ntk import network as package

    apply, params = network(name), draw_params(name, SEED)
    x = np.random.default_rng(SEED).standard_normal((4, sample_networks.INPUTS))
    as_jax = [tuple(jnp.asarray(each) for each in layer) for layer in params]
    np.testing.assert_allclose(
        apply(params, x), package.apply(as_jax, apply.architecture, jnp.asarray(x)), rtol=1e-12, atol=1e-12
    )


LACKING = {
    "layers": {"batch-error", "function-error"},
    "jacobians": set(),
    "neural-tangents": {"diagonal-error", "batch-error"},
}
"""What the package's own subjects do not cover: `layers` takes no batches, and another function than a fully
connected network has no layers; neural-tangents has no kernel of each point alone."""


@pytest.mark.parametrize(
    "subject",
    [
        "jacobians",
        pytest.param("layers", marks=pytest.mark.slow),
        pytest.param("neural-tangents", marks=pytest.mark.slow),
    ],
)
def test_the_packages_own_subjects_are_right_in_every_mode(subject):
    """JAX compiles each shape anew, and without jit each operation of it: all checks take a minute."""
    found, missing = errors(resolve(subject), "three-outputs", ["error", "trace-error", "diagonal-error"])
    assert not failing(found)
    assert set(missing) == LACKING[subject] & {"diagonal-error"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shared", "three-outputs"])
@pytest.mark.parametrize("subject", LACKING)
def test_the_packages_own_subjects_pass(subject, name):
    found, missing = errors(resolve(subject), name)
    assert not failing(found)
    assert set(missing) == (set(CHECKS) if (subject, name) == ("layers", "shared") else LACKING[subject])
    assert all(stage.missing.kind == "not-covered" for stage in missing.values())


def test_gram_matrices_of_layers_cover_fully_connected_networks_alone():
    found, missing = errors(resolve("layers"), "convolution", ["error"])
    assert not found
    assert "fully connected" in missing["error"].failure


def test_factors_show_an_absolute_tolerance():
    """1e-9 beside a kernel of size 1 is at the tolerance; beside the square of the least factor it is 0.1."""
    assert min(FACTORS) ** 2 * TOLERANCE["error"] < 1e-16


def test_the_suite_claims_every_check():
    suite = harness.load(SUITE)
    claimed = {claim.predicate.of[0]: claim for claim in suite.claims.values()}
    assert set(claimed) == {f"ntk.{check}" for check in CHECKS}
    for check, tolerance in TOLERANCE.items():
        assert claimed[f"ntk.{check}"].predicate.atol == tolerance
    for instance in suite.instances:
        assert instance.control is not None
        assert instance.control.predicate.of[0].startswith("ntk-flawed.")
    networks = {dict(instance.point)["network"] for instance in suite.instances}
    assert networks == set(NAMES)


def test_the_experiment_declares_what_it_measures():
    declared = find("ntk.empirical-ntk")
    assert set(declared.quantities) == {f"{a}.{check}" for a in ("ntk", "ntk-flawed") for check in CHECKS}


def test_a_wrong_kernel_fails_a_run():
    record = harness.run(
        f"{SUITE}::trace", keyword="network=skip", overrides={"subject": "wrong_empirical:trace_is_a_mean"},
        store=None, recheck=False, workers=1,
    )  # fmt: skip
    assert [i.verdict for i in record.instances] == ["refuted"]
    assert record.exit_code == 1
