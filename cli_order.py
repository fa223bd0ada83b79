"""`omnisource order …`: an order's life, from the click to the return."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnisource.cli_options import Json, Quiet, Strict, leave
from omnisource.cli_reserve import Db, clock

if TYPE_CHECKING:
    from omnisource.models.lifecycle import ChangeQuote, Denied, Told
    from omnisource.orchestrator.life import Doing, Life

order = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="See to an order.")

Order = Annotated[str, typer.Argument(help="The order's name.")]
Key = Annotated[str, typer.Option(help="Of this request; the same again changes nothing.")]
Now = Annotated[
    str | None, typer.Option(metavar="TIME", help="Instead of the clock, with a time zone.")
]
Actor = Annotated[str, typer.Option(help="Who does it.")]
Cause = Annotated[str, typer.Option(help="Why.")]
Shipment = Annotated[str | None, typer.Option(help="Which. [default: all that can be]")]
LineName = Annotated[str | None, typer.Option(help="Which line. [default: the whole order]")]
Units = Annotated[int | None, typer.Option(min=1, help="How many. [default: all]")]


@order.callback()
def door() -> None:
    """See to an order: place it, take it on, change or cancel it, take goods back."""


def _do(db: str, ask: Any, *, json: bool, quiet: bool, strict: bool = False) -> None:
    """Do something to an order, and say what came of it."""
    from omnisource.models.lifecycle import Denied
    from omnisource.orchestrator.life import open_life
    from omnisource.orchestrator.report_life import told_report
    from omnisource.orchestrator.screen import Screen

    with open_life(db) as life:
        said = ask(life)
    Screen(json, quiet).show(said.model_dump(mode="json"), told_report(said))
    leave(strict and isinstance(said, Denied))


def _doing(name: str, key: str, now: str | None, actor: str, cause: str = "") -> "Doing":
    from omnisource.orchestrator.life import Doing

    return Doing(name, key, clock(now), actor, cause)


@order.command()
def place(
    *,
    db: Db,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON: order, lines, terms.")],
    key: Key,
    reservation: Annotated[str | None, typer.Option(help="What is held for it.")] = None,
    now: Now = None,
    actor: Actor = "",
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Place an order: on what is reserved for it, or allocated at once."""
    from omnisource.orchestrator.life_form import placed_of_file
    from omnisource.orchestrator.lifecycle import place as verb

    placed, terms = placed_of_file(file)
    doing = _doing(placed.order.order, key, now, actor)
    _do(
        db,
        lambda life: verb(life, doing, placed, terms=terms, reservation=reservation),
        json=json,
        quiet=quiet,
        strict=strict,
    )


@order.command()
def show(*, db: Db, name: Order, json: Json = False, quiet: Quiet = False) -> None:
    """Show how an order stands."""
    from omnisource.models.base import UnusableInput
    from omnisource.orchestrator.life import open_life
    from omnisource.orchestrator.lifecycle import show as verb
    from omnisource.orchestrator.report_life import state_document, state_report
    from omnisource.orchestrator.screen import Screen

    with open_life(db) as life:
        state = verb(life, name)
    if state is None:
        raise UnusableInput(f"there is no order {name}")
    Screen(json, quiet).show(state_document(state), state_report(state))


def _step(what: Any, text: str) -> None:
    """Make the command that takes a shipment one step further."""

    def command(
        *,
        db: Db,
        name: Order,
        key: Key,
        shipment: Shipment = None,
        now: Now = None,
        actor: Actor = "",
        strict: Strict = False,
        json: Json = False,
        quiet: Quiet = False,
    ) -> None:
        from omnisource.orchestrator.lifecycle import step

        doing = _doing(name, key, now, actor)
        ask = lambda life: step(life, doing, what, shipment)  # noqa: E731
        _do(db, ask, json=json, quiet=quiet, strict=strict)

    command.__doc__ = text
    order.command(what)(command)


for _what, _text in {
    "release": "A node begins with what it has been given.",
    "pick": "A node picks.",
    "ship": "A parcel leaves its node.",
    "ready": "Goods lie ready to be collected.",
    "deliver": "A parcel has arrived.",
    "collect": "Goods have been collected.",
}.items():
    _step(_what, _text)


@order.command()
def pack(
    *,
    db: Db,
    name: Order,
    key: Key,
    shipment: Shipment = None,
    short: Annotated[
        list[str] | None, typer.Option(metavar="LINE:UNITS", help="With --shipment: not found.")
    ] = None,
    now: Now = None,
    actor: Actor = "",
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """A node packs what it has picked; what it has not found is sourced again."""
    from omnisource.orchestrator.life_form import units_by_line
    from omnisource.orchestrator.lifecycle import pack_short, step

    doing, missing = _doing(name, key, now, actor), units_by_line(short or [])
    if missing and shipment is None:
        raise typer.BadParameter("--short needs --shipment")

    def ask(life: "Life") -> "Told | Denied":
        if shipment is not None and missing:
            return pack_short(life, doing, shipment, missing)
        return step(life, doing, "pack", shipment)

    _do(db, ask, json=json, quiet=quiet, strict=strict)


@order.command()
def decline(
    *,
    db: Db,
    name: Order,
    key: Key,
    shipment: Annotated[str, typer.Option(help="Which.")],
    line: Annotated[
        list[str] | None, typer.Option(metavar="LINE:UNITS", help="[default: all of it]")
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="It is not there: correct the stock.")
    ] = False,
    cause: Cause = "",
    now: Now = None,
    actor: Actor = "",
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """A node cannot send: source it again without that node."""
    from omnisource.orchestrator.life_form import units_by_line
    from omnisource.orchestrator.lifecycle import decline as verb

    doing, lines = _doing(name, key, now, actor, cause), units_by_line(line or []) or None
    _do(
        db,
        lambda life: verb(life, doing, shipment, lines=lines, missing=missing),
        json=json,
        quiet=quiet,
        strict=strict,
    )


@order.command()
def source(
    *,
    db: Db,
    name: Order,
    key: Key,
    forget: Annotated[bool, typer.Option("--forget", help="Ask also who has declined.")] = False,
    now: Now = None,
    actor: Actor = "",
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look again who can send what waits."""
    from omnisource.orchestrator.lifecycle import source as verb

    doing = _doing(name, key, now, actor)
    ask = lambda life: verb(life, doing, forget=forget)  # noqa: E731
    _do(db, ask, json=json, quiet=quiet, strict=strict)


@order.command()
def cancel(
    *,
    db: Db,
    name: Order,
    key: Key,
    line: LineName = None,
    units: Units = None,
    now: Now = None,
    actor: Actor = "",
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Cancel an order, a line or some units of it, before they are released."""
    from omnisource.orchestrator.lifecycle import cancel as verb

    doing = _doing(name, key, now, actor)
    ask = lambda life: verb(life, doing, line=line, units=units)  # noqa: E731
    _do(db, ask, json=json, quiet=quiet, strict=strict)


@order.command()
def change(
    *,
    db: Db,
    name: Order,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON: what shall be changed.")],
    accept: Annotated[
        str | None, typer.Option(metavar="QUOTE", help="Do it, as quoted before.")
    ] = None,
    key: Annotated[str, typer.Option(help="With --accept: of this request.")] = "",
    now: Now = None,
    actor: Actor = "",
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what a change would come to; with --accept, change the order so."""
    from omnisource.orchestrator.change import accept_change, quote_change
    from omnisource.orchestrator.life_form import change_of_file

    if accept is not None and not key:
        raise typer.BadParameter("--accept needs --key")
    wish, doing = change_of_file(file), _doing(name, key, now, actor)

    def ask(life: "Life") -> "Told | Denied | ChangeQuote":
        if accept is None:
            return quote_change(life, doing, wish)
        return accept_change(life, doing, wish, accept)

    _do(db, ask, json=json, quiet=quiet, strict=strict)


@order.command("return")
def give_back(
    *,
    db: Db,
    name: Order,
    key: Key,
    line: Annotated[str, typer.Option(help="Which line.")],
    units: Annotated[int, typer.Option(min=1, help="How many.")],
    node: Annotated[str, typer.Option(help="Where they are, or arrive.")],
    grade: Annotated[str, typer.Option(help="new, opened or broken.")] = "new",
    now: Now = None,
    actor: Actor = "",
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take goods back: refund them, and say where they go."""
    from omnisource.orchestrator.life_form import grade_of
    from omnisource.orchestrator.lifecycle import give_back as verb

    doing, known = _doing(name, key, now, actor), grade_of(grade)
    _do(
        db,
        lambda life: verb(life, doing, line, units, node=node, grade=known),
        json=json,
        quiet=quiet,
        strict=strict,
    )


@order.command()
def events(
    *,
    db: Db,
    after: Annotated[int, typer.Option(min=0, help="The place of the last one seen.")] = 0,
    most: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 1_000,
) -> None:
    """Write events to stdout, one JSON document a line, each with its place."""
    from omnisource.orchestrator.life import open_life
    from omnisource.orchestrator.lifecycle import events as verb

    with open_life(db) as life:
        for place_, document in verb(life, after, most):
            typer.echo(f'{{"place": {place_}, "event": {document}}}')


@order.command()
def trouble(
    *,
    db: Db,
    key: Key,
    silent: Annotated[
        int | None, typer.Option(metavar="MINUTES", help="That a dropshipper may be silent.")
    ] = None,
    down: Annotated[str | None, typer.Option(metavar="NODE", help="A node that is down.")] = None,
    now: Now = None,
    actor: Actor = "",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Source again what is stuck; list the orders that a person is to see to."""
    from omnisource.orchestrator.life import open_life
    from omnisource.orchestrator.report import sentences
    from omnisource.orchestrator.screen import Screen
    from omnisource.orchestrator.trouble import drop_silent, node_down, with_person

    doing = _doing("", key, now, actor)
    with open_life(db) as life:
        done = drop_silent(life, doing, silent) if silent is not None else []
        done += node_down(life, doing, down) if down is not None else []
        persons = with_person(life)
    document = {"sourced": [said.model_dump(mode="json") for said in done], "persons": persons}
    first = f"{len(done)} shipments were sourced again."
    listed = [f"order {each} is for a person" for each in persons[:20]]
    Screen(json, quiet).show(document, sentences(first, *listed))
