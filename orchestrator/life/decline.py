"""A node cannot send what it was given, in whole or in part, and what waits is sourced again."""

from collections.abc import Iterable, Mapping

from omnisource.models.lifecycle import WAITING, Goods, OrderState, Piece
from omnisource.models.told import Denied, Told
from omnisource.orchestrator.life.bundles import with_the_rest
from omnisource.orchestrator.life.doing import Doing, Life, act
from omnisource.orchestrator.life.resourcing import resource
from omnisource.orchestrator.life.story import Story, first, moves


def decline(
    life: Life, doing: Doing, shipment: str, *, lines: Mapping[str, int] | None = None,
    missing: bool = False,
) -> Told | Denied:  # fmt: skip
    """A node cannot send: its units go back, and the rest is sourced again without it.

    Args:
        life: where.
        doing: by whom, when, and why.
        shipment: which.
        lines: units of each line that are declined; all of it, where none is named.
        missing: they are not there at all: the stock is corrected.
    """

    def decide(story: Story) -> Denied | None:
        return _declined(story, life, doing, shipment, lines=lines, missing=missing)

    body = f"{shipment} {sorted((lines or {}).items())} {missing}"
    return act(life, doing, "decline", decide, body=body)


def _declined(
    story: Story, life: Life, doing: Doing, shipment: str, *,
    lines: Mapping[str, int] | None, missing: bool,
) -> Denied | None:  # fmt: skip
    state = story.state
    held = [piece for piece in state.of_shipment(shipment) if piece.is_held]
    gone = held if lines is None else _first_of(held, lines)
    wanted = sum(piece.units for piece in held) if lines is None else sum(lines.values())
    some = gone if lines is None else _first_of(held, _with_bundles(state, life, held, lines))
    if not gone or sum(piece.units for piece in gone) < wanted:
        reason = f"shipment {shipment} has fewer units that could still be declined"
        return doing.no(state, "decline", reason)
    node = state.shipments[shipment].node
    lost = goods_of(state, gone, node) if missing else ()
    story.add("declined", moves=moves(some, "declined"), node=node, excluded=(node,), lost=lost)
    resource(story, life.source, life.rules.declines, doing.cause or "declined")
    return None


def _with_bundles(
    state: OrderState, life: Life, held: Iterable[Piece], lines: Mapping[str, int]
) -> Mapping[str, int]:
    """Return what goes with some units of a shipment, where its bundles stay together."""
    if life.source.world.policy.bundles != "together" or set(lines) - set(state.lines):
        return lines
    there = {piece.line for piece in held}
    more = with_the_rest(state, lines, life.source.parts)
    return {line: units for line, units in more.items() if line in there}


def _first_of(pieces: Iterable[Piece], lines: Mapping[str, int]) -> list[Piece]:
    """Return the first units of each line."""
    held = list(pieces)
    return [p for line, n in lines.items() for p in first((q for q in held if q.line == line), n)]


def goods_of(state: OrderState, pieces: Iterable[Piece], node: str) -> tuple[Goods, ...]:
    """Return the goods at a node that some units are."""
    units: dict[str, int] = {}
    for piece in pieces:
        sku = state.lines[piece.line].sku
        units[sku] = units.get(sku, 0) + piece.units
    return tuple(Goods(node=node, sku=sku, units=many) for sku, many in units.items())


def pack_short(life: Life, doing: Doing, shipment: str, short: Mapping[str, int]) -> Told | Denied:
    """A short pick: what was found is packed, the stock corrected, and the rest sourced again."""

    def decide(story: Story) -> Denied | None:
        found = _declined(story, life, doing, shipment, lines=short, missing=True)
        if found is not None:
            return found
        rest = [p for p in story.state.of_shipment(shipment) if p.state == "picking"]
        if rest:
            node = story.state.shipments[shipment].node
            story.add("packed", moves=moves(rest, "packed", keep=True), node=node)
        return None

    return act(life, doing, "pack", decide, body=f"{shipment} {sorted(short.items())}")


def source(life: Life, doing: Doing, *, forget: bool = False) -> Told | Denied:
    """Look again who can send what waits; `forget` who has declined: a person has seen to it."""

    def decide(story: Story) -> Denied | None:
        if not any(piece.state in WAITING for piece in story.state.pieces):
            return doing.no(story.state, "source", f"nothing of order {doing.order} waits")
        most = 10**6 if forget else life.rules.declines
        if forget:
            story.add("changed", cause="a person has seen to it", forget=True)
        resource(story, life.source, most, doing.cause or "sourced again")
        return None

    return act(life, doing, "source", decide, body=str(forget))
