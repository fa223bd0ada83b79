"""What the verbs of an order's life share: options, and how what came of one is said."""

from collections.abc import Callable
from inspect import Signature, signature
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnisource.commands.options import Db, Json, Quiet, Strict, leave
from omnisource.commands.reserve import clock

if TYPE_CHECKING:
    from omnisource.models.told import Denied, Told
    from omnisource.orchestrator.life.doing import Doing, Life

Ask = Callable[["Life", "Doing"], "Told | Denied"]

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


def of_order(verb: Callable[..., Ask]) -> Callable[..., None]:
    """Make the command of a verb: its own options stand among those that every verb has.

    `verb` takes its own options, and returns what is asked of a life by who does it.
    """

    def command(
        *,
        db: Db,
        name: Order,
        key: Key,
        now: Now = None,
        actor: Actor = "",
        strict: Strict = False,
        json: Json = False,
        quiet: Quiet = False,
        **own: Any,
    ) -> None:
        ask, doing = verb(**own), doing_of(name, key, now, actor=actor)
        do(db, lambda life: ask(life, doing), json=json, quiet=quiet, strict=strict)

    shared, mine = (list(signature(each).parameters.values()) for each in (command, verb))
    options = [*shared[:3], *mine, *shared[3:-1]]
    command.__name__, command.__doc__ = verb.__name__, verb.__doc__
    command.__annotations__ = {option.name: option.annotation for option in options}
    command.__signature__ = Signature(options)  # type: ignore[attr-defined]
    return command


def do(db: str, ask: Any, *, json: bool, quiet: bool, strict: bool = False) -> None:
    """Do something to an order, and say what came of it."""
    from omnisource.models.told import Denied
    from omnisource.orchestrator.life.doing import open_life
    from omnisource.orchestrator.report.life import told_report
    from omnisource.orchestrator.report.screen import Screen

    with open_life(db) as life:
        said = ask(life)
    Screen(json, quiet).show(said.model_dump(mode="json"), told_report(said))
    leave(strict and isinstance(said, Denied))


def doing_of(name: str, key: str, now: str | None, *, actor: str, cause: str = "") -> "Doing":
    """Return who does what, when, and why."""
    from omnisource.orchestrator.life.doing import Doing

    return Doing(name, key, clock(now), actor, cause)
