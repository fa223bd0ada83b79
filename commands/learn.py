"""Lead times: learn them from deliveries, replay the past with them."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from omnisource.commands.options import Folder, Json, Policy, Quiet


def learn(
    folder: Folder,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="[default: DIR/leadtimes.json]")
    ] = None,
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Replay history day by day; write nothing.")
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="First day of the replay."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Last one. [default: of orders]"),
    ] = None,
    target: Annotated[
        float | None, typer.Option(help="Share of promises to keep. [default: the policy's]")
    ] = None,
    rule: Annotated[
        Literal["quantile", "fine"] | None,
        typer.Option(help="All dates as sure, or days against being late. [default: the policy's]"),
    ] = None,
    fine: Annotated[
        float | None,
        typer.Option(metavar="DAYS", help="Days that a late order weighs. [default: by --target]"),
    ] = None,
    method: Annotated[
        Literal["adaptive", "rolling", "frozen"], typer.Option(help="Rivals, to compare with.")
    ] = "adaptive",
    policy: Policy = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn lead times from past deliveries, or replay how promises would have been kept."""
    from omnisource.models.base import UnusableInput
    from omnisource.orchestrator import learn as learning
    from omnisource.orchestrator.batch import open_folder
    from omnisource.orchestrator.report.learn import lead_times_report, replay_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.solvers.problem import Limits

    if evaluate and since is None:
        raise UnusableInput("--evaluate needs --since DATE: the first day to promise on")
    asked = (since, until, target, rule, fine)
    if not evaluate and (any(one is not None for one in asked) or method != "adaptive"):
        raise UnusableInput(
            "--since, --until, --target, --rule, --fine and --method go with --evaluate"
        )
    screen = Screen(json, quiet)
    with screen.progress() as tell:
        opened = open_folder(folder, policy, Limits(report=tell))
        world = opened.world
        if evaluate and since is not None:
            last = until and until.date()
            aim = learning.aim_with(world.policy, target=target, rule=rule, fine=fine)
            done = learning.evaluate_promises(world, since.date(), last, aim=aim, method=method)
        else:
            file = out or folder / learning.FILE
            found = learning.learn(world)
            learning.save_lead_times(world, found, file)
    screen.warn(*opened.remarks())
    if evaluate:
        screen.show(done.document(), replay_report(done))
    else:
        document = {"folder": folder, "file": file, "regions": len(found.region)}
        document |= {"deliveries": world.deliveries.rows, "nodes": len(found.node_factor)}
        screen.show(document, lead_times_report(world, found, file))
