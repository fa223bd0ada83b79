"""Commands: parse, call one verb, print one report.

Imports stand inside the commands, so that `--help` loads none of the libraries that they need. This
file is the door; a group of verbs has a file of its own beside it: commands/scenario.py,
commands/night.py, commands/availability.py, commands/promise.py, commands/reserve.py,
commands/order.py, commands/trouble.py, commands/serve.py, commands/learn.py, commands/bench.py,
commands/bench_streams.py, commands/jasin_sinha.py, commands/lab.py, commands/recommend.py,
commands/simulate.py.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

from omnisource.commands.availability import availability
from omnisource.commands.bench import bench
from omnisource.commands.bench_streams import life, rolling
from omnisource.commands.bench_streams import simulate as bench_simulate
from omnisource.commands.jasin_sinha import jasin_sinha
from omnisource.commands.lab import report, scenario
from omnisource.commands.learn import learn
from omnisource.commands.night import allocate, compare, demo, explain
from omnisource.commands.order import order
from omnisource.commands.promise import promise
from omnisource.commands.recommend import recommend
from omnisource.commands.reserve import database, reserve
from omnisource.commands.scenario import generate, load, validate
from omnisource.commands.serve import keys, serve
from omnisource.commands.simulate import simulate

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help takes half the time
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

VERBS = (
    demo,
    generate,
    validate,
    load,
    allocate,
    compare,
    explain,
    availability,
    reserve,
    report,
    recommend,
    learn,
    promise,
    serve,
    simulate,
)
bench.command()(life)
bench.command()(rolling)
bench.command("simulate")(bench_simulate)
bench.command("jasin-sinha")(jasin_sinha)
for verb in VERBS:
    app.command()(verb)
database.add_typer(keys, name="key")
app.add_typer(order, name="order")
app.add_typer(scenario, name="scenario")
app.add_typer(database, name="db")
app.add_typer(bench, name="bench")


def _version(asked: bool) -> None:
    if asked:
        from omnisource import __version__

        typer.echo(f"omnisource {__version__}")
        raise typer.Exit


@app.callback()
def door(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which it is.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where a fault of ours is.")] = False,
) -> None:
    """Decide which node ships which units of every order, by which service.

    Start with `omnisource demo`. Exit codes: 0 done; 2 wrong usage or unusable input; 3 done,
    but rows were rejected or units are short (only with --strict); 1 a fault of ours.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; leaves with SystemExit.

    Args:
        arguments: instead of the process's own.
    """
    _keep_stdout()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console without € prints the rest
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        app(args=given, prog_name="omnisource")
    except Exception as error:
        raise SystemExit(_told(error, debug="--debug" in given)) from None


def _keep_stdout() -> None:
    """Keep stdout for what we print: solvers' own libraries, which write to it, get stderr."""
    if sys.stdout is not sys.__stdout__ or sys.stdout is None or sys.stdout.fileno() != 1:
        return
    sys.stdout.flush()
    ours = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = open(ours, "w", encoding=sys.stdout.encoding, buffering=1)  # noqa: SIM115


def _told(error: Exception, *, debug: bool) -> int:
    """Say on stderr what went wrong; return the exit code."""
    from omnisource.models.base import UnusableInput

    if debug:
        traceback.print_exception(error)
    if isinstance(error, UnusableInput):
        typer.echo(f"error: {error}", err=True)
        return 2
    hint = "" if debug else "; `omnisource --debug VERB …` shows where"
    typer.echo(f"a fault of ours: {type(error).__name__}: {error}{hint}", err=True)
    return 1
