"""What is sent instead of what nobody has, where the policy names it.

(1)  of a line that still waits after it was sourced, each substitute of its product is tried in the
     policy's order, for as many units as are left; parts of bundles have none
(2)  the units are cancelled, and a line of the substitute is put in for the same cents: what they
     came to, to the cent. The customer pays what was agreed.
"""

from dataclasses import replace

from omnisource.models.lifecycle import OrderState, Piece
from omnisource.models.money import Amount
from omnisource.orchestrator.life.record import recorded
from omnisource.orchestrator.life.sourcing import Sent, Sourcer, Wants
from omnisource.orchestrator.life.story import Story, first, moves
from omnisource.solvers.proration import invoice


def substituted(story: Story, source: Sourcer, wants: Wants) -> tuple[Sent, ...]:
    """Put in lines of substitutes for what waits, (1) and (2); return what is sent of them.

    Args:
        story: of the order.
        source: who can send.
        wants: what was sourced; what of it still waits is looked at.
    """
    found: list[Sent] = []
    instead = source.world.policy.substitutes
    for line, (sku, _) in wants.lines.items():
        for other in () if line in wants.bundles else instead.get(sku, ()):
            waits = _waits(story.state, line)
            units = sum(piece.units for piece in waits)
            if not units or other not in source.rows["sku"]:
                continue
            name = _new(story.state, f"{line}~{other}")
            asked = replace(wants, lines={name: (other, units)}, bundles={})
            free = source.free(asked)
            sent = source.over(asked, free)
            if many := sum(each.units[name] for each in sent):
                _put_in(story, line, name, (other, first(waits, many)))
                what = f"{other} instead of {sku}"
                story.record(story.state.sequence, recorded(source, asked, free, sent, what=what))
                found += sent
    return tuple(found)


def _waits(state: OrderState, line: str) -> list[Piece]:
    known = ("placed", "declined", "backordered")
    return [piece for piece in state.pieces if piece.line == line and piece.state in known]


def _new(state: OrderState, name: str) -> str:
    """Return a name that no line of the order has."""
    while name in state.lines:
        name += "~"
    return name


def _put_in(story: Story, line: str, name: str, what: tuple[str, list[Piece]]) -> None:
    """Cancel units of a line, and put in a line of as many units of another product, (2)."""
    (sku, some), state = what, story.state
    asked = invoice(state, some)
    amount = sum((each.amount for each in asked.lines), Amount())
    cause = f"{sku} instead of {state.lines[line].sku}"
    units = sum(piece.units for piece in some)
    new = state.lines[line].model_copy(update={"line": name, "sku": sku, "units": units})
    story.add("cancelled", moves=moves(some, "cancelled"), cents=asked.cents, cause=cause)
    story.add("changed", lines=(new,), amounts={name: amount}, cause=cause)
