"""Options, arguments and the exit code that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

KNOWN = (
    "joint, sharded, exact, monolith-highs, monolith-scip, monolith-cpsat, "
    "nearest, priority, fewest-splits, cheapest, rated"
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Scenario folder.")]
Db = Annotated[
    str, typer.Option("--db", metavar="URL", help="A file, sqlite:///FILE, postgresql://…")
]
OrDb = Annotated[
    str | None,
    typer.Option("--db", metavar="URL", help="Instead of DIR: a database, see `load`."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document to stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No report, progress or warnings.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 3 if not all is as it should be.")]
Gap = Annotated[float, typer.Option(min=0.0, help="Stop at this gap, a share of the cost.")]
Time = Annotated[float, typer.Option(min=0.0, metavar="SECONDS", help="Stop after so long.")]
Threads = Annotated[int, typer.Option(min=0, help="0: as many as there are cores.")]
Policy = Annotated[Path | None, typer.Option(help="TOML; its keys replace the scenario's.")]
Prices = Annotated[
    Path | None, typer.Option(metavar="RUN", help="Run folder whose prices to begin with.")
]
Seed = Annotated[int | None, typer.Option(min=0, help="Instead of the scenario's.")]
Format = Annotated[Literal["csv", "parquet"], typer.Option(help="Of the tables written.")]


def just_one(folder: Path | None, db: str | None) -> None:
    """Refuse a command that is given neither a folder nor a database, or both."""
    if (folder is None) == (db is None):
        raise typer.BadParameter("give a scenario folder DIR, or --db URL: one of the two")


def leave(wanting: bool) -> None:
    """Leave with 3 where --strict finds something wanting."""
    if wanting:
        raise typer.Exit(3)
