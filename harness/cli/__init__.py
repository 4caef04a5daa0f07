"""The command line: options in, text and an exit code out. What it does is in `session` and the rooms.

Exit codes: 0 all as expected or measured · 1 some not · 2 interrupted · 3 internal error · 4 bad suite or
usage · 5 nothing selected.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

import click

from harness.cli.annotate import annotate_error
from harness.cli.diagnose import diagnose
from harness.cli.export import export_asv
from harness.cli.help import SectionedGroup, give_examples
from harness.cli.options import USAGE, Interrupted
from harness.cli.paper import cite, figure
from harness.cli.past import bisect, diff, history
from harness.cli.runs import merge, report, run, trial
from harness.cli.say import complain, echo
from harness.cli.shipped import suites_
from harness.cli.start import init_
from harness.cli.stores import store
from harness.cli.streams import standard_streams
from harness.cli.suites import check, describe, list_, plan, schema
from harness.errors import UserError
from harness.version import __version__

INTERRUPTED, INTERNAL = 2, 3


@click.group(cls=SectionedGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="harness")
def cli() -> None:
    """Measure scientific claims about neural networks and their tangent kernels.

    A suite is a TOML file of claims. `harness check` reads it, `harness run` measures each claim over
    random seeds and says: supported, refuted or inconclusive. `harness COMMAND --help` explains a command.
    """
    from harness.targets import make_local_modules_importable

    make_local_modules_importable()


for command in (
    init_, suites_, check, list_, describe, schema, plan,
    run, trial, report, merge, diagnose, figure, cite,
    history, diff, bisect,
    store, export_asv,
):  # fmt: skip
    cli.add_command(command)
give_examples(cli)


def main(arguments: Sequence[str] | None = None) -> None:
    """The `harness` command; ends the process with the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite end is an interruption too
    with standard_streams():
        _run(arguments)


def _run(arguments: Sequence[str] | None) -> None:
    try:
        cli.main(args=arguments, prog_name="harness", standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        complain(error)
        sys.exit(USAGE)
    except (KeyboardInterrupt, click.Abort) as error:
        cause = error.__cause__ if isinstance(error, click.Abort) else error  # click raises its own
        echo(f"Interrupted. {cause if isinstance(cause, Interrupted) else ''}".strip(), err=True)
        sys.exit(INTERRUPTED)
    except UserError as error:
        echo(str(error), err=True)
        annotate_error(error)
        sys.exit(USAGE)
    except Exception:
        import traceback

        echo(traceback.format_exc(), err=True, nl=False)
        echo("This is a fault in harness itself.", err=True)
        sys.exit(INTERNAL)
