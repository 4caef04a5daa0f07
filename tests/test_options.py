"""The options of a run: stated once, and passed on by each interface that shows them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner
from good_suite import GOOD, write
from hypothesis import example
from hypothesis import given as given_by
from hypothesis import strategies as st

import harness.api
import harness.session
from harness.cli import cli
from harness.cli.options import run_options
from harness.errors import OptionError
from harness.history.bisect import Search
from harness.options import OPTIONS, RunOptions, spelled
from harness.pytest_plugin import pytest_addoption
from harness.pytest_plugin.keys import SHOWN
from harness.pytest_plugin.settings import PytestSettings
from harness.questions import LOOKS

__all__ = ["write"]
LOOKS_OR_NONE = st.none() | st.sampled_from(LOOKS)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXTS


class Caught(Exception):  # noqa: N818  # it is no error
    """What reached the session, raised to end the run there."""


@pytest.fixture
def caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def catch(selected: object, options: RunOptions, *_: object, **__: object) -> None:
        raise Caught(options)

    monkeypatch.setattr(harness.session, "run", catch)
    monkeypatch.setattr(harness.api, "run_session", catch)


def options_of(run: Callable[[], object]) -> RunOptions:
    with pytest.raises(Caught) as found:
        run()
    options: RunOptions = found.value.args[0]
    return options


def by_command(suite: Path, arguments: list[str]) -> RunOptions:
    done = CliRunner().invoke(cli, ["run", str(suite), *arguments])
    assert isinstance(done.exception, Caught), done.output
    options: RunOptions = done.exception.args[0]
    return options


EXAMPLES: dict[str, tuple[list[str], Any]] = {
    "overrides": (["--override=sd=0.5"], {"sd": 0.5}),
    "seeds": (["--seeds=21"], 21),
    "first_seed": (["--first-seed=0"], 0),
    "fresh": (["--fresh"], True),
    "workers": (["--workers=3"], 3),
    "workers_per_device": (["--workers-per-device=2"], 2),
    "block": (["--block=16"], 16),
    "cluster": (["--cluster=local:2"], "local:2"),
    "memory_limit": (["--memory-limit=4GiB"], 4 * 2**30),
    "time_budget": (["--time-budget=90s"], 90.0),
    "shard": (["--shard=2/5"], (2, 5)),
    "recheck": (["--recheck=2%"], 0.02),
    "confirm": (["--confirm"], True),
    "against": (["--against=v1"], ("v1",)),
    "within": (["--within=5%"], ("5%",)),
    "quantities": (["--quantities"], True),
    "store": (["--store=kept.sqlite"], Path("kept.sqlite")),
    "track": (["--track=."], Path(".")),
}
"""Each option as the command line has it, and its value. It also stands for "an option was added here"."""

LEFT_OUT = {
    "api": {"command"},
    "command line": {"command"},
    "pytest": {"command", "cluster", "fresh", "quantities", "shard", "time_budget", "track"},
    "bisect": {
        "command", "seeds", "first_seed", "fresh", "workers", "workers_per_device", "block", "cluster",
        "memory_limit", "time_budget", "shard", "recheck", "confirm", "against", "within", "quantities",
    },
}  # fmt: skip
"""What an interface leaves out on purpose. Each fills `command`; pytest has plugins for time and shards,
and writes no record; bisection judges commits on the seeds of the good end."""

FIELDS = [field.name for field in fields(RunOptions)]


def test_each_option_has_an_example_and_a_help_text() -> None:
    assert EXAMPLES.keys() == OPTIONS.keys() == {*FIELDS} - {"command"}
    assert all(shown.help.endswith(".") for shown in OPTIONS.values())


@pytest.mark.parametrize("name", FIELDS)
def test_the_command_line_passes_on(
    name: str, caught: None, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = write(GOOD)
    monkeypatch.chdir(suite.parent)
    if name in LEFT_OUT["command line"]:
        monkeypatch.setattr(sys, "argv", ["harness", "run", "toys.toml"])
        assert by_command(suite, []).command == ("harness", "run", "toys.toml")
        return
    arguments, value = EXAMPLES[name]
    monkeypatch.setattr("harness.cli.runs.make_importable", None, raising=False)
    monkeypatch.setattr("harness.session.make_importable", lambda repository: None)
    found, plain = by_command(suite, arguments), by_command(suite, [])
    assert getattr(found, name) == value != getattr(plain, name)
    assert replace(found, **{name: getattr(plain, name)}) == plain
    assert found.arguments(without=() if name == "store" else ("store",)) == tuple(arguments)
    shown = [p for p in cli.commands["run"].params if isinstance(p, click.Option)]
    assert {p.help for p in shown if f"--{spelled(name)}" in p.opts} == {OPTIONS[name].help}


@pytest.mark.parametrize("name", FIELDS)
def test_python_passes_on(
    name: str, caught: None, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = write(GOOD)
    monkeypatch.chdir(suite.parent)
    if name in LEFT_OUT["api"]:
        assert options_of(lambda: harness.api.run(suite)).command == ("harness.run", str(suite))
        return
    assert name in inspect.signature(harness.api.run).parameters
    value = EXAMPLES[name][1]
    monkeypatch.setattr(harness.api, "make_importable", lambda repository: None)
    assert getattr(options_of(lambda: harness.api.run(suite, **{name: value})), name) == value
    assert options_of(lambda: harness.api.run(suite, **{name: getattr(RunOptions(), name)})) == replace(
        options_of(lambda: harness.api.run(suite)), **{name: getattr(RunOptions(), name)}
    )


def pytest_config(tmp_path: Path, arguments: list[str]) -> Any:
    """The part of pytest's configuration that the plugin reads."""
    import argparse

    parser = argparse.ArgumentParser()
    group = SimpleNamespace(addoption=parser.add_argument)
    pytest_addoption(SimpleNamespace(getgroup=lambda *_: group, addini=lambda *_, **__: None))  # type: ignore[arg-type]
    asked = parser.parse_args(arguments)
    place = SimpleNamespace(dir=tmp_path)
    named = {action.dest: action for action in parser._actions}
    return SimpleNamespace(
        getoption=lambda name: getattr(asked, name.removeprefix("--").replace("-", "_")),
        invocation_params=place,
        actions=named,
    )


@pytest.mark.parametrize("name", FIELDS)
def test_pytest_passes_on(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (name in SHOWN) == (name not in LEFT_OUT["pytest"])
    if name not in SHOWN:
        return
    (argument,), value = EXAMPLES[name]
    config = pytest_config(tmp_path, [argument.replace("--", "--harness-", 1)])
    settings = PytestSettings.of(config)
    assert getattr(settings.options, name) == (tmp_path / value if name == "store" else value)
    assert settings.arguments == (() if name.startswith("workers") else (argument,))


@pytest.mark.parametrize("name", FIELDS)
def test_bisection_passes_on(
    name: str, tmp_path: Path, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = write(GOOD)
    monkeypatch.chdir(suite.parent)
    shown = {p.name for p in cli.commands["bisect"].params}
    assert (name in shown) == (name not in LEFT_OUT["bisect"])
    if name not in shown:
        return

    def catch(search: Search, on_step: object) -> None:
        raise Caught(search.options)

    monkeypatch.setattr("harness.history.bisect.bisect", catch)
    arguments, value = EXAMPLES[name]
    done = CliRunner().invoke(cli, ["bisect", "toys.toml::same", "--good=a", *arguments])
    assert isinstance(done.exception, Caught), done.output
    assert getattr(done.exception.args[0], name) == value


@given_by(
    st.builds(
        RunOptions,
        overrides=st.dictionaries(NAMES, VALUES, max_size=3),
        seeds=LOOKS_OR_NONE,
        first_seed=st.none() | st.integers(0, 2**31),
        workers=st.none() | st.integers(1, 99),
        workers_per_device=st.none() | st.integers(1, 99),
        block=st.none() | st.integers(0, 99),
        memory_limit=st.none() | st.integers(1, 2**48),
        time_budget=st.none() | st.floats(1e-6, 1e9),
        shard=st.none() | st.integers(1, 999).map(lambda n: (n, 999)),
        recheck=st.booleans() | st.integers(1, 10**9).map(lambda n: n / 10**9),
        against=st.lists(NAMES, max_size=2).map(tuple),
        within=st.sampled_from([(), ("5%",), ("2%", "0.01"), ("0.5",)]),
        store=st.none() | NAMES.map(Path),
    )
)
@example(RunOptions(memory_limit=1001, overrides={"a": "1", "b": "true", "c": "x", "d": [1, "y"]}))
def test_arguments_are_read_as_the_options_that_they_were_made_of(options: RunOptions) -> None:
    """Of what bisection hands to a run, and what pytest says to repeat, nothing is lost or rounded."""
    read: list[RunOptions] = []

    @click.command()
    @run_options(*OPTIONS, "no_store", "no_recheck")
    def command(options: RunOptions) -> None:
        read.append(options)

    command.main(list(options.arguments()), standalone_mode=False)
    (found,) = read
    assert replace(found, command=(), recheck=options.recheck) == options
    assert found.recheck == pytest.approx(options.recheck, rel=1e-9)  # nine decimals of a per cent


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"seeds": 20}, f"seeds: expected one of {', '.join(map(str, LOOKS))}, found 20"),
        ({"workers": 0}, "workers: expected at least 1, found 0"),
        ({"workers_per_device": 0}, "workers_per_device: expected at least 1, found 0"),
        ({"block": -1}, "block: expected at least 0, found -1"),
        ({"first_seed": -1}, "first_seed: expected at least 0, found -1"),
        ({"memory_limit": 0}, "memory_limit: expected at least 1, found 0"),
        ({"time_budget": -1.0}, "time_budget: expected at least 0, found -1.0"),
        ({"time_budget": float("nan")}, "time_budget: expected at least 0, found nan"),
        ({"shard": (3, 2)}, "shard: expected NUMBER/OF such as 2/5, found '3/2'"),
        ({"recheck": 1.5}, "recheck: expected True, False or a share from 0 to 1, found 1.5"),
        (
            {"within": ("much",)},
            "within: expected a margin above 0: \"5%\" of the ratio, or 0.05 of the difference, found 'much'",
        ),
        (
            {"within": ("0%",)},
            "within: expected a margin above 0: \"5%\" of the ratio, or 0.05 of the difference, found '0%'",
        ),
        (
            {"within": ("5%", "2%")},
            "within: expected one share such as 5% and one number such as 0.01, found 5% and 2%",
        ),
        ({"fresh": True, "first_seed": 3}, "expected fresh or first_seed, found both"),
        (
            {"workers_per_device": 1, "cluster": "local:2"},
            "expected workers_per_device or cluster, found both;"
            " each worker of a cluster has an accelerator of its own",
        ),
        (
            {"workers": 1, "cluster": "local:2"},
            "expected workers or cluster, found both; local:N has N workers",
        ),
    ],
)
def test_values_that_cannot_be_meant_are_refused_in_the_words_of_each_interface(
    values: dict[str, Any], said: str
) -> None:
    with pytest.raises(OptionError) as found:
        RunOptions(**values)
    assert str(found.value) == said
    with pytest.raises(OptionError, match=f"^{said[:8]}"):
        harness.api.run("none.toml", **values)
    flags = found.value.spelled(lambda name: f"--{spelled(name)}")
    assert all(f"--{name.replace('_', '-')}" in flags for name in found.value.names)


def test_a_block_is_a_number_or_auto() -> None:
    read = OPTIONS["block"].read
    assert read is not None
    assert [read(text) for text in ("auto", "0", "1", "16")] == [0, 0, 1, 16]
    for text in ("-1", "many", "1.5", ""):
        with pytest.raises(ValueError, match="expected a number of seeds, or auto"):
            read(text)


def test_help_texts_name_the_looks_that_there_are() -> None:
    *most, last = map(str, LOOKS)
    assert f"{', '.join(most)} or {last}" in OPTIONS["seeds"].help
    parser = SimpleNamespace(getgroup=lambda *_: group, addini=lambda *_, **__: None)
    helps: dict[str, str] = {}
    group = SimpleNamespace(addoption=lambda flag, *_, **how: helps.update({flag: how["help"]}))
    pytest_addoption(parser)  # type: ignore[arg-type]
    for name in SHOWN:  # pytest loads them in every run, so the plugin has them as its own texts
        begin = OPTIONS[name].help.rstrip(".").partition(" (")[0]
        assert helps[f"--harness-{spelled(name)}"].replace("%%", "%").startswith(begin), name
