"""`omnisource order …`: an order's life, from the click to the return."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from omnisource.commands.options import Db, Json, Quiet, Strict
from omnisource.commands.order_options import (
    Actor,
    Ask,
    Key,
    LineName,
    Now,
    Order,
    Shipment,
    Units,
    do,
    doing_of,
    of_order,
)
from omnisource.commands.track import link, parcel, story, track, work
from omnisource.commands.trouble import backorders, decline, pack, source, trouble

if TYPE_CHECKING:
    from omnisource.models.told import ChangeQuote, Denied, Told
    from omnisource.orchestrator.life.doing import Life

order = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="See to an order.")


@order.callback()
def door() -> None:
    """See to an order: place it, take it on, change or cancel it, take goods back."""


@order.command()
def place(
    *,
    db: Db,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON: order, lines, terms.")],
    key: Key,
    reservation: Annotated[str | None, typer.Option(help="What is held for it.")] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="Leave it to the next night or rolling run.")
    ] = False,
    now: Now = None,
    actor: Actor = "",
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Place an order: on what is reserved for it, allocated at once, or held."""
    from omnisource.orchestrator.life.form import placed_of_file
    from omnisource.orchestrator.life.verbs import place as verb

    placed, terms = placed_of_file(file)
    doing = doing_of(placed.order.order, key, now, actor=actor)
    if hold and reservation is not None:
        raise typer.BadParameter("--hold leaves an order undecided; --reservation decides it")
    do(
        db,
        lambda life: verb(life, doing, placed, terms=terms, reservation=reservation, hold=hold),
        json=json,
        quiet=quiet,
        strict=strict,
    )


@order.command()
def show(*, db: Db, name: Order, json: Json = False, quiet: Quiet = False) -> None:
    """Show how an order stands."""
    from omnisource.models.base import UnusableInput
    from omnisource.orchestrator.life.doing import open_life
    from omnisource.orchestrator.life.verbs import show as verb
    from omnisource.orchestrator.report.life import state_document, state_report
    from omnisource.orchestrator.report.screen import Screen

    with open_life(db) as life:
        state = verb(life, name)
    if state is None:
        raise UnusableInput(f"there is no order {name}")
    Screen(json, quiet).show(state_document(state), state_report(state))


@order.command()
def explain(
    *,
    db: Db,
    name: Order,
    event: Annotated[int | None, typer.Option(help="That tells the decision.")] = None,
    run: Annotated[str | None, typer.Option(metavar="NAME", help="The night that took it.")] = None,
    why_not: Annotated[
        str | None,
        typer.Option("--why-not", metavar="NODE", help="What using it would have taken."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say why an order was decided as it was, the last time or another, from the record."""
    from datetime import UTC

    from omnisource.orchestrator.explain_record import explain_in
    from omnisource.orchestrator.report.order import explanation_report
    from omnisource.orchestrator.report.screen import Screen

    why = explain_in(db, name, event=event, run=run, why_not=why_not)
    Screen(json, quiet).show(why.model_dump(mode="json"), explanation_report(why, UTC))


def _step(what: Any, text: str) -> None:
    """Make the command that takes a shipment one step further."""

    def verb(*, shipment: Shipment = None) -> Ask:
        from omnisource.orchestrator.life.verbs import step

        return lambda life, doing: step(life, doing, what, shipment)

    verb.__doc__ = text
    order.command(what)(of_order(verb))


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
@of_order
def cancel(*, line: LineName = None, units: Units = None) -> Ask:
    """Cancel an order, a line or some units of it, before they are released."""
    from omnisource.orchestrator.life.verbs import cancel as verb

    return lambda life, doing: verb(life, doing, line=line, units=units)


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
    from omnisource.orchestrator.life.change import accept_change, quote_change
    from omnisource.orchestrator.life.form import change_of_file

    if accept is not None and not key:
        raise typer.BadParameter("--accept needs --key")
    wish, doing = change_of_file(file), doing_of(name, key, now, actor=actor)

    def ask(life: "Life") -> "Told | Denied | ChangeQuote":
        if accept is None:
            return quote_change(life, doing, wish)
        return accept_change(life, doing, wish, accept)

    do(db, ask, json=json, quiet=quiet, strict=strict)


@order.command("return")
@of_order
def give_back(
    *,
    line: Annotated[str, typer.Option(help="Which line.")],
    units: Annotated[int, typer.Option(min=1, help="How many.")],
    node: Annotated[str, typer.Option(help="Where they are, or arrive.")],
    grade: Annotated[Literal["new", "opened", "broken"], typer.Option(help="As they are.")] = "new",
) -> Ask:
    """Take goods back: refund them, and say where they go."""
    from omnisource.orchestrator.life.verbs import give_back as verb

    return lambda life, doing: verb(life, doing, line, units, node=node, grade=grade)


@order.command()
def events(
    *,
    db: Db,
    after: Annotated[int, typer.Option(min=0, help="The place of the last one seen.")] = 0,
    most: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 1_000,
) -> None:
    """Write events to stdout, one JSON document a line, each with its place."""
    from omnisource.orchestrator.life.doing import open_life
    from omnisource.orchestrator.life.verbs import events as verb

    with open_life(db) as life:
        for place_, document in verb(life, after, most):
            typer.echo(f'{{"place": {place_}, "event": {document}}}')


for _verb in (
    pack, decline, source, trouble, backorders, track, story, work, parcel, link,
):  # fmt: skip
    order.command()(_verb)
