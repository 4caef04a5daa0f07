"""The controls of the suites that come with the package can pass, and are the nearest alternatives."""

from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from edits import edited

from harness.cli import cli
from harness.suite import load
from harness.suite.idle_controls import own_numbers

SUITES = Path(__file__).parents[2] / "suites"
NAMES = (
    "architectures",
    "issues",
    "derivation",
    "kernels",
    "empirical-kernels",
    "speed",
    "generalisation",
    "other-kernels",
    "finite-width",
)


def instances(name):
    return loaded(name).instances


@cache
def loaded(name):
    return load(SUITES / f"{name}.toml")


@pytest.mark.parametrize("name", NAMES)
def test_no_control_is_the_claims_own_numbers(name):
    """A law held against another exponent on its own numbers fails whenever it holds: nothing is excluded."""
    assert not own_numbers(loaded(name))


def test_a_control_that_is_the_claims_own_numbers_is_found(tmp_path):
    """The test above sees what it is there for: the controls of 0.1."""
    text = (SUITES / "derivation.toml").read_text()
    old, new = 'control = { of = "nngp.distance" }', "control = { exponent = -0.5 }"
    (tmp_path / "old.toml").write_text(edited(text, {old: new}, times=2))
    found = own_numbers(load(tmp_path / "old.toml"))
    assert set(found) == {"outputs-become-gaussian", "deep-outputs-become-gaussian"}


def test_check_says_which_control_reads_the_claims_own_numbers_and_where(tmp_path):
    text = (SUITES / "derivation.toml").read_text()
    path = tmp_path / "old.toml"
    old, new = 'control = { of = "nngp.distance" }', "control = { exponent = -0.5 }"
    path.write_text(edited(text, {old: new}, times=2))
    done = CliRunner().invoke(cli, ["check", str(path)])
    assert done.exit_code == 0
    said = [line for line in done.output.splitlines() if "excludes nothing" in line]
    places = [n for n, line in enumerate(path.read_text().splitlines(), 1) if new in line]
    assert [line.split(": ")[:2] for line in said] == [
        [f"{path}:{places[0]}", "claims.outputs-become-gaussian"],
        [f"{path}:{places[1]}", "claims.deep-outputs-become-gaussian"],
    ]
    assert not CliRunner().invoke(cli, ["check", str(SUITES / "derivation.toml")]).output.count("control")


@pytest.mark.parametrize("name", NAMES)
def test_what_may_hold_by_itself_says_what_it_excludes(name):
    """What is expected supported, of a kind that standing still satisfies, has a control or a reason."""
    silent = {
        instance.claim.id
        for instance in instances(name)
        if instance.claim.predicate.NEEDS_CONTROL
        and instance.control is None
        and instance.expect == "supported"
    }
    assert not silent
    reasons = [
        instance.control.none_because
        for instance in instances(name)
        if instance.control is not None and instance.control.predicate is None
    ]
    assert all(len(reason.split()) > 5 for reason in reasons)


def test_nearer_means_by_a_margin_and_not_by_a_hair():
    """A network is nearer to one kernel than to another: distances compared, with margin and control."""
    nearer = [
        instance
        for instance in instances("issues")
        if instance.claim.predicate.kind == "less"
        and all(quantity.endswith(".distance") for quantity in instance.claim.predicate.of)
    ]
    assert len({instance.claim.id for instance in nearer}) >= 5
    assert all(instance.claim.predicate.margin and instance.control for instance in nearer)


def test_a_network_is_told_from_the_nearest_alternative():
    """Distances from a network to its NTK stand against the nearest alternative, not against a far one."""
    controls = {
        (instance.claim.predicate.of, instance.control.predicate.of)
        for instance in instances("issues")
        if instance.claim.predicate.kind == "at-most" and instance.control and instance.control.predicate
    }
    against_ntk = {
        (of, control)
        for of, control in controls
        if of.endswith(("-vs-ntk.distance", "-ntk-given-f0.distance"))
    }
    assert len(against_ntk) == 3
    assert all("-vs-nearest-alternative" in control for _, control in against_ntk)
    assert all(of.split("-vs-")[0] == control.split("-vs-")[0] for of, control in against_ntk)


def test_controls_of_less_are_judged():
    """`less` may name a control, and its control is judged by the claim's own margin."""
    (found,) = {
        (instance.control.predicate, instance.claim.predicate.margin)
        for instance in instances("issues")
        if instance.claim.id == "centred-is-nearer-to-ntk-than-to-nngp"
    }
    control, margin = found
    assert (control.kind, control.margin, margin.text) == ("less", margin, "25%")
    assert control.of == ("centred-vs-nearest-alternative.distance", "centred-vs-nngp.distance")
