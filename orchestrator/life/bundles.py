"""Bundles in the life of an order: what happens to a part happens to its bundle.

With q_l the units of line l in one bundle, and n_l units of it that are declined or cancelled,

    (1)  b  =  max over the lines of the bundle of ⌈ n_l / q_l ⌉        bundles are broken
    (2)  b q_l units of every line of the bundle are declined, or cancelled

A line whose units are no whole number of bundles is one piece with its bundle: q_l is all of it.
"""

from collections.abc import Iterable, Mapping

from omnisource.models.lifecycle import OrderState, Piece

Parts = Mapping[str, Mapping[str, int]]
"""Units of each product in one bundle, by bundle."""


def with_the_rest(state: OrderState, units: Mapping[str, int], parts: Parts) -> dict[str, int]:
    """Return units by line with those of the rest of their bundles, (2).

    Args:
        state: of the order.
        units: of some lines.
        parts: of the bundles.
    """
    found = dict(units)
    for name in {state.lines[line].bundle for line in units} - {None}:
        assert name is not None
        one = in_one(state, name, parts)
        broken = max(-(-units.get(line, 0) // each) for line, each in one.items())  # (1)
        found |= {line: broken * each for line, each in one.items()}
    return found


def in_one(state: OrderState, name: str, parts: Parts) -> dict[str, int]:
    """Return the units of each line in one bundle of an order."""
    mine = {line: each for line, each in state.lines.items() if each.bundle == name}
    known = parts.get(name, {})
    one = {line: known.get(each.sku, 0) for line, each in mine.items()}
    asked = {line: each.units for line, each in mine.items()}
    if not all(one.values()) or {each.sku for each in mine.values()} != set(known):
        return asked
    many = {asked[line] / one[line] for line in mine}
    return one if len(many) == 1 and not min(many) % 1 else asked


def halves(state: OrderState, parts: Parts) -> dict[str, dict[str, int]]:
    """Return the bundles of which some units wait and others do not: units of each line to wait."""
    found: dict[str, dict[str, int]] = {}
    waiting = _by_line(p for p in state.pieces if p.shipment is None and p.state != "cancelled")
    for name in {each.bundle for each in state.lines.values()} - {None}:
        assert name is not None
        one = in_one(state, name, parts)
        broken = max(-(-waiting.get(line, 0) // each) for line, each in one.items())
        more = {line: broken * each - waiting.get(line, 0) for line, each in one.items()}
        if any(more.values()):
            found[name] = {line: units for line, units in more.items() if units}
    return found


def whole_only(state: OrderState, units: Mapping[str, int], parts: Parts) -> dict[str, int]:
    """Return units by line without those of which the rest of their bundle is not there."""
    found = dict(units)
    for name in {state.lines[line].bundle for line in units} - {None}:
        assert name is not None
        one = in_one(state, name, parts)
        whole = min(units.get(line, 0) // each for line, each in one.items())
        found |= {line: whole * each for line, each in one.items()}
    return {line: many for line, many in found.items() if many}


def _by_line(pieces: Iterable[Piece]) -> dict[str, int]:
    units: dict[str, int] = {}
    for piece in pieces:
        units[piece.line] = units.get(piece.line, 0) + piece.units
    return units
