"""`omnisource simulate`: days of demand under several policies, with intervals."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from omnisource.commands.options import Folder, Format, Gap, Json, Quiet, Seed, Time


def simulate(
    folder: Folder,
    *,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=3_650, help="[default: 28; with --history, all of its days]"),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            "-p",
            metavar="NAME",
            help="click, bid-prices, bid-prices-resolved, nightly, rolling; several times: the "
            "others are compared with the first. [default: click and nightly]",
        ),
    ] = None,
    replications: Annotated[int, typer.Option(min=1, max=10_000, help="At the most.")] = 10,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Stop when differences of cost are known to ± this share of it: 0.5%.",
        ),
    ] = None,
    seed: Seed = None,
    setup: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML. [default: DIR/simulation.toml]")
    ] = None,
    warm_up: Annotated[
        int | None, typer.Option(min=0, max=365, help="First days that no figure counts.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="The folder's own orders, as they came.")
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="First day of the history."),
    ] = None,
    clairvoyant: Annotated[
        bool, typer.Option("--clairvoyant", help="Hold each run against perfect foresight.")
    ] = False,
    lead_times: Annotated[
        Path | None,
        typer.Option(
            "--lead-times", metavar="FILE", help="Learned. [default: DIR/leadtimes.json if there]"
        ),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="At a time. [default: the cores]")
    ] = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Where replications run.")
    ] = "local",
    ray_address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Of a cluster that runs.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write all measures by day.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page that loads nothing.")
    ] = None,
    format: Format = "csv",
    gap: Gap = 0.005,
    time: Time = 600.0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Simulate days of demand under several policies, side by side and with intervals."""
    from omnisource.orchestrator.batch import open_folder
    from omnisource.orchestrator.learn import learned
    from omnisource.orchestrator.report.page import need_libraries
    from omnisource.orchestrator.report.page_simulate import write_simulated_page
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.report.simulate import simulation_report
    from omnisource.orchestrator.simulate.replicate import DEFAULT
    from omnisource.orchestrator.simulate.replicate import simulate as simulated
    from omnisource.orchestrator.simulate.setup import begin_of, read_setup, share_of
    from omnisource.orchestrator.simulate.workers import Workers, cores
    from omnisource.orchestrator.simulate.write import write_simulation
    from omnisource.solvers.problem import Limits

    screen = Screen(json, quiet)
    if report is not None:
        need_libraries()
    supposed = read_setup(folder, setup, warm_up=warm_up)
    narrow = None if until is None else share_of(until)
    with screen.progress() as tell:
        limits = Limits(gap=gap, seconds=time, report=tell)
        opened = open_folder(folder, None, limits)
        found = simulated(
            opened.world, days=days, policies=policy or DEFAULT, replications=replications,
            seed=seed, setup=supposed, history=history, since=begin_of(opened.world, since),
            until=narrow, clairvoyant=clairvoyant,
            lead_times=learned(opened.world, folder, lead_times), limits=limits,
            workers=Workers(processes or cores(), engine, ray_address),
        )  # fmt: skip
        files = [] if out is None else write_simulation(found, out, format=format)
    if report is not None:
        files.append(write_simulated_page(found, report))
    screen.warn(*opened.remarks())
    screen.show(found.document(), simulation_report(found, files))
