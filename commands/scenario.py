"""Scenario folders: make one, check one, load one into a database."""

from pathlib import Path
from typing import Annotated

import typer

from omnisource.commands.options import Db, Folder, Format, Json, Quiet, Strict, leave


def generate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write.")],
    *,
    orders: Annotated[int, typer.Option(min=1, help="Open orders.")],
    nodes: Annotated[int, typer.Option(min=3, help="Warehouses, stores, dropshippers.")] = 225,
    skus: Annotated[
        int | None, typer.Option(min=1, help="Products. [default: one a five orders]")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="Over which the orders were placed.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another scenario.")] = 0,
    scarcity: Annotated[
        float, typer.Option(min=0.1, help="Units in stock a unit ordered, of contested products.")
    ] = 1.1,
    format: Format = "csv",
    force: Annotated[bool, typer.Option("--force", help="Replace a scenario there.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a synthetic scenario folder, seeded."""
    from omnisource.orchestrator.report.plans import generated_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.runs import free_folder
    from omnisource.orchestrator.synthetic.generate import generate as write_scenario
    from omnisource.solvers.problem import Round

    screen = Screen(json, quiet)
    free_folder(folder, force=force)
    with screen.progress() as tell:
        tell(Round("generate", 0))
        made = write_scenario(
            folder, orders=orders, nodes=nodes, skus=skus, days=days, seed=seed,
            scarcity=scarcity, format=format,
        )  # fmt: skip
    rows = {name: table.height for name, table in made.tables.items()}
    document = {"folder": str(folder), "seed": seed, "rows": rows}
    screen.show(document, generated_report(folder, rows))


def validate(
    folder: Folder,
    *,
    rejects: Annotated[Path | None, typer.Option(help="File for every bad row.")] = None,
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check a scenario folder and list every bad row."""
    from omnisource.orchestrator.batch import open_folder, validation_document
    from omnisource.orchestrator.folder.load import write_rejects
    from omnisource.orchestrator.report.plans import validation_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.runs import usable_folder
    from omnisource.solvers.problem import Limits

    screen = Screen(json, quiet)
    with screen.progress() as tell:
        opened = open_folder(folder, None, Limits(report=tell))
    if rejects is not None:
        usable_folder(rejects.parent)
        write_rejects(opened.loaded, rejects)
    screen.show(validation_document(opened), validation_report(opened))
    leave(strict and opened.loaded.rejected > 0)


def load(
    folder: Folder,
    *,
    db: Db,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a scenario and its runs.")
    ] = False,
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Load a scenario folder into a database."""
    from omnisource.orchestrator.batch import open_folder, validation_document
    from omnisource.orchestrator.report.plans import loaded_report
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.stored import load_into
    from omnisource.solvers.problem import Limits

    screen = Screen(json, quiet)
    with screen.progress() as tell:
        opened = open_folder(folder, None, Limits(report=tell))
        database = load_into(opened.world, db, replace=force)
    document = validation_document(opened) | {"database": database}
    screen.show(document, loaded_report(opened, database))
    leave(strict and opened.loaded.rejected > 0)
