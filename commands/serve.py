"""The HTTP service, and the keys of those who may call it."""

from pathlib import Path
from typing import Annotated

import typer

from omnisource.commands.options import Db, Json, Quiet

keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Keys of the HTTP service.")


@keys.callback()
def door() -> None:
    """Say who may call the HTTP service, and for what."""


def serve(
    *,
    db: Db,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8000,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes; several take PostgreSQL.")
    ] = 1,
    now: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When its clock starts. [default: the machine's]"),
    ] = None,
    lead_times: Annotated[
        Path | None,
        typer.Option("--lead-times", metavar="FILE", help="Learned, to date promises by."),
    ] = None,
    scenarios: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Scenario folders; opens the planner's page, /plan."),
    ] = None,
    runs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where its runs are kept. [default: out/planner]"),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Serve promises, reservations, orders and feeds over HTTP, until SIGTERM or Ctrl-C.

    `omnisource db key add` makes the keys that it asks for. --quiet leaves out the line a request.
    More is set by OMNISOURCE_… in the environment: docs/http.md lists it.
    """
    import os

    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.serve.app import serve as run
    from omnisource.orchestrator.settings import PREFIX, settings_of

    given = {"NOW": now, "LOG": "faults" if quiet else None, "LEAD_TIMES": lead_times,
             "SCENARIOS": scenarios, "RUNS": runs}  # fmt: skip
    said = {"DB": db} | {name: str(value) for name, value in given.items() if value}
    settings = settings_of({**os.environ, **{PREFIX + name: text for name, text in said.items()}})
    if workers > 1 and not db.startswith("postgresql"):
        typer.echo(
            "warning: several workers write to SQLite in turns; PostgreSQL lets them", err=True
        )
    Screen(json, quiet=True).show({"url": f"http://{host}:{port}", "workers": workers}, "")
    run(settings, host=host, port=port, workers=workers)


@keys.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of whoever shall have it.")],
    *,
    db: Db,
    scope: Annotated[
        list[str],
        typer.Option(
            help="checkout, store, dropshipper, carrier, planner, admin; may be repeated."
        ),
    ],
    node: Annotated[
        str | None, typer.Option(help="For a store or a dropshipper: whose affairs it sees.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a key. It is shown this once: only a digest of it is kept."""
    from datetime import UTC, datetime

    from omnisource.orchestrator.report.plans import sentences
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.serve.api_keys import add_key

    key, token = add_key(db, name, scope, node=node, now=datetime.now(UTC))
    said = sentences(f"Key {key.key} for {name}: {', '.join(key.scopes)}.", token)
    document = {"key": key.key, "name": name, "scopes": key.scopes, "node": node, "token": token}
    Screen(json, quiet).show(document, said)


@keys.command("list")
def list_(*, db: Db, json: Json = False, quiet: Quiet = False) -> None:
    """List all keys, revoked ones too."""
    from omnisource.orchestrator.report.plans import grid
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.serve.api_keys import list_keys

    found = list_keys(db)
    table = grid("Keys", "key", "name", "scopes", "node", "added", "revoked", left=6)
    for key in found:
        table.add_row(
            key.key, key.name, ", ".join(key.scopes), key.node or "", f"{key.added:%Y-%m-%d %H:%M}",
            f"{key.revoked:%Y-%m-%d %H:%M}" if key.revoked else "",
        )  # fmt: skip
    Screen(json, quiet).show(
        [key.model_dump(mode="json", exclude={"digest"}) for key in found], table
    )


@keys.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its public half, as `list` shows it.")],
    *,
    db: Db,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Revoke a key: within five seconds no service lets it in."""
    from datetime import UTC, datetime

    from omnisource.orchestrator.report.plans import sentences
    from omnisource.orchestrator.report.screen import Screen
    from omnisource.orchestrator.serve.api_keys import revoke_key

    revoke_key(db, key, now=datetime.now(UTC))
    Screen(json, quiet).show({"revoked": key}, sentences(f"Key {key} holds no more."))
