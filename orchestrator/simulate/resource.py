"""What a node has declined, or a carrier lost, is sent from elsewhere: the desk is asked again.

(1)  for all of it, without the nodes that have declined the order, by the date promised
(2)  else whatever the date, and whatever nodes can do a day: it then waits in a node's queue
(3)  else each line alone, likewise; what nobody has then is short
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from omnisource.models.world import ABSENT
from omnisource.orchestrator.simulate.checkout import answer, held_of
from omnisource.orchestrator.simulate.held import Held
from omnisource.orchestrator.simulate.scene import Missing, Scene
from omnisource.solvers.problem import UNLIMITED
from omnisource.solvers.quote.asked import Ask
from omnisource.solvers.quote.desk import Desk
from omnisource.solvers.quote.plans import Quotes


def resourced(scene: Scene, missing: Missing, at: int) -> list[Held]:
    """Hold what an order still wants, (1) to (3); return what is held, and tell what is short."""
    if missing.without >= 0:
        scene.declined[missing.order].add(missing.without)
    whole = _held(scene, missing.order, missing.lines, at)
    if whole is not None:
        return whole
    found: list[Held] = []
    for line in missing.lines:
        alone = _held(scene, missing.order, [line], at) if len(missing.lines) > 1 else None
        if alone is None:
            scene.ledger.lacks(missing.order, line[1])
        else:
            found += alone
    return found


def _held(scene: Scene, order: int, lines: Sequence[tuple[int, int]], at: int) -> list[Held] | None:
    ask, books = _asked(scene, order, lines, at), scene.books
    promised = int(scene.ledger.promised[order])
    by = promised if promised != ABSENT else UNLIMITED
    tries: list[tuple[Desk, int]] = [(books.desk, by), (books.unlimited(), UNLIMITED)]
    for desk, date in tries if by > at else tries[1:]:
        asked, late = replace(ask, by=date), date == UNLIMITED
        with _without(scene, order, ask.sku):
            found = answer(books, desk, asked)
        if found is not None and len(found.group):
            parcels = held_of(scene, order, asked, (found, best(found, late=late)))
            if books.hold(parcels, surely=late):
                return parcels
    return None


def best(found: Quotes, *, late: bool) -> int:
    """Return the best priced plan; where it is late already, of those that come first."""
    keys: list[Any] = [found.priced, found.arrives]
    return int(np.lexsort(keys if late else keys[::-1])[0])


def _asked(scene: Scene, order: int, lines: Iterable[tuple[int, int]], at: int) -> Ask:
    """Return the question for some of an order's lines."""
    column, ask = scene.carts.world.lines["sku"], scene.carts.cart(order).ask
    units = {int(column[line]): many for line, many in sorted(lines)}
    more: dict[str, Any] = {"kit": (), "kit_units": ()} if len(units) < len(ask.sku) else {}
    return replace(ask, sku=tuple(units), units=tuple(units.values()), now=at, **more)


@contextmanager
def _without(scene: Scene, order: int, skus: Iterable[int]) -> Iterator[None]:
    """Have the desk see nothing at the nodes that have declined an order."""
    books = scene.books
    cells = [books.cell(node, sku) for node in sorted(scene.declined[order]) for sku in skus]
    there = [cell for cell in cells if cell >= 0]
    for cell in there:
        books.desk.see(cell, 0)
    yield
    books.show_all(there)
