"""What to move, summed up: all of it, by pair of nodes, by product."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from omnisource.models.changes import Change, MoveStock
from omnisource.orchestrator.recommend.idea import CHANGES, Idea
from omnisource.orchestrator.recommend.seen import Seen
from omnisource.orchestrator.report.words import count
from omnisource.solvers.problem import Ints
from omnisource.solvers.rebalance import (
    Held,
    Lanes,
    Moves,
    Wants,
    departures,
    ways_between,
    worth,
)

IDEAS: Final = 25
"""Lanes, and products, that are recommended."""
VALUED: Final = 80
"""Lanes, and products, whose worth is found, those of most units."""


@dataclass(frozen=True, eq=False)
class Found:
    """What to move, and all that says what it is worth."""

    seen: Seen
    held: Held
    wants: Wants
    moves: Moves
    lanes: Lanes


def ideas_of(found: Found) -> Iterator[Idea]:
    """Recommend all moves, those between each pair of nodes, and those of each product."""
    moves = found.moves
    ways = groups(moves.source * found.seen.world.nodes.rows + moves.target)
    if len(ways) > 1:
        yield _all(found)
    yield from _best([_by_way(_some(found, rows)) for rows in _largest(moves, ways)])
    skus = _largest(moves, groups(moves.sku))
    yield from _best([_by_sku(_some(found, rows)) for rows in skus])


def groups(key: Ints) -> list[Ints]:
    """Return the rows of each different key, in the order of the keys."""
    order = np.argsort(key, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(key[order])) + 1)
    return [part for part in parts if len(part)]


def _largest(moves: Moves, parts: list[Ints]) -> list[Ints]:
    """Return the parts of most units."""
    return sorted(parts, key=lambda rows: -int(moves.units[rows].sum()))[:VALUED]


def trimmed(found: Found) -> Found:
    """Return the moves that one scenario can hold beside what the run had, those of most units."""
    what = found.seen.run.what
    most = max(1, CHANGES - (1 if what is None else len(what.changes)))
    kept = [row for rows in list(_together(found).values())[:most] for row in rows]
    return _some(found, np.array(sorted(kept), np.int64))


def _some(found: Found, rows: Ints) -> Found:
    return Found(found.seen, found.held, found.wants, found.moves.take(rows), found.lanes)


def _best(ideas: list[Idea]) -> list[Idea]:
    return sorted(ideas, key=lambda idea: -idea.net_cents)[:IDEAS]


def _all(found: Found) -> Idea:
    whole = trimmed(found)
    moves = whole.moves
    ways = len(groups(moves.source * found.seen.world.nodes.rows + moves.target))
    return _idea(whole, "transfers", f"all transfers: {_amount(moves)} on {count(ways, 'way')}")


def _by_way(found: Found) -> Idea:
    found = trimmed(found)
    moves, seen = found.moves, found.seen
    where = f"{seen.node(int(moves.source[0]))} to {seen.node(int(moves.target[0]))}"
    return _idea(found, "transfer", f"move {_amount(moves)} from {where}")


def _by_sku(found: Found) -> Idea:
    found = trimmed(found)
    moves, seen = found.moves, found.seen
    targets = np.unique(moves.target)
    to = seen.node(int(targets[0])) if len(targets) == 1 else count(len(targets), "node")
    units, sku = int(moves.units.sum()), seen.sku(int(moves.sku[0]))
    belong = "belongs" if units == 1 else "belong"
    return _idea(found, "misplaced", f"{count(units, 'unit')} of {sku} {belong} at {to}")


def _amount(moves: Moves) -> str:
    skus = len(np.unique(moves.sku))
    return f"{count(int(moves.units.sum()), 'unit')} of {count(skus, 'product')}"


def _idea(found: Found, kind: str, title: str) -> Idea:
    seen, moves = found.seen, found.moves
    trucks, haul = _haul(found)
    buyers = seen.who_ordered(moves.sku)
    rivals = seen.rivals(buyers)
    busy = [seen.senders(node) for node in np.intersect1d(moves.target, seen.dear_nodes)]
    facts: dict[str, Any] = {
        "units": int(moves.units.sum()),
        "products": len(np.unique(moves.sku)),
        "kg": round(float(moves.grams.sum()) / 1000, 1),
        "departures": trucks,
    }
    return Idea(
        kind=kind,
        name=title,
        changes=_changes(found),
        price_cents=worth(found.held, found.wants, moves),
        extra_cents=haul,
        orders=seen.fitting(buyers, rivals, np.concatenate([rivals, *busy])),
        facts=facts,
    )


def _haul(found: Found) -> tuple[int, int]:
    """Return departures and cents of all moves."""
    moves, seen = found.moves, found.seen
    nodes = seen.world.nodes.rows
    pair, at = np.unique(moves.source * nodes + moves.target, return_inverse=True)
    ways = ways_between(pair // nodes, pair % nodes, nodes=nodes, lanes=found.lanes,
                        haul=seen.terms.haul)  # fmt: skip
    trucks = departures(np.bincount(at, moves.grams).astype(np.float64), ways.load_grams)
    cents = float(trucks @ ways.departure_cents) + float(moves.haul_cents.sum())
    return int(trucks.sum()), int(np.ceil(cents - 1e-6))


def _together(found: Found) -> dict[tuple[int, int, int], list[int]]:
    """Return the rows of as many units between the same nodes, those of most units first."""
    moves = found.moves
    rows: dict[tuple[int, int, int], list[int]] = {}
    for row in np.argsort(-moves.units, kind="stable").tolist():
        key = int(moves.source[row]), int(moves.target[row]), int(moves.units[row])
        rows.setdefault(key, []).append(row)
    return dict(sorted(rows.items(), key=lambda item: -item[0][2] * len(item[1])))


def _changes(found: Found) -> tuple[Change, ...]:
    seen, moves = found.seen, found.moves
    return tuple(
        MoveStock(
            kind="move_stock", nodes=(seen.node(source),), to=seen.node(target), units=units,
            skus=tuple(seen.sku(int(moves.sku[row])) for row in rows),
        )
        for (source, target, units), rows in _together(found).items()
    )  # fmt: skip
