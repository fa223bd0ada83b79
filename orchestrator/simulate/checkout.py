"""An order at the checkout: what it is promised, what its customer takes, what is held for it.

    (1)  the desk answers the cart at the policy's prices, from what is free
    (2)  for each fee the best priced plan is offered, if it comes before what is offered for less:
         who pays no more gets what costs the least, with its date
    (3)  the customer takes one, or walks away (choice.py)
    (4)  all of its plan is held (books.py); nobody who has seen an offer finds it gone

A cart that the desk has no plan for is refused: its customer has been shown nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from omnisource.orchestrator.simulate.books import NO_DAY, Books
from omnisource.orchestrator.simulate.choice import chooses
from omnisource.orchestrator.simulate.demand import DAY
from omnisource.orchestrator.simulate.held import Cart, Held
from omnisource.orchestrator.simulate.scene import Scene
from omnisource.orchestrator.simulate.tally import ACCEPTED, REFUSED, WALKED
from omnisource.solvers.problem import MENU_LIMIT
from omnisource.solvers.quote.asked import TO_STORE, Ask, cuts
from omnisource.solvers.quote.desk import Desk
from omnisource.solvers.quote.plans import Quotes


class Offers(NamedTuple):
    """What a customer may choose from, the lowest fee first."""

    plan: list[int]  # of `Quotes`
    arrives: list[int]  # minutes
    fee: list[int]  # cents


def checked_out(scene: Scene, cart: Cart, at: int, level: float) -> list[Held] | None:
    """Let an order be placed, (1) to (4); return what is held for it, None if nothing is.

    Args:
        scene: as it is.
        cart: the order.
        at: the minute at which nodes would be asked for it.
        level: the customer's draw.
    """
    order, ledger, books = cart.order, scene.ledger, scene.books
    ask = cart.ask if at == cart.ask.now else replace(cart.ask, now=at)
    found = answer(books, books.desk, ask)  # (1)
    if found is None or not len(found.group):
        ledger.state[order] = REFUSED
        return None
    offers = offered(found, scene.fees)  # (2)
    days = [(minute - cart.ask.now) / DAY for minute in offers.arrives]
    taken = chooses(scene.model, days, offers.fee, level)  # (3)
    if taken < 0:
        ledger.state[order] = WALKED
        return None
    parcels = held_of(scene, cart.order, ask, (found, offers.plan[taken]))
    if not books.hold(parcels):  # (4)
        ledger.state[order] = REFUSED
        return None
    ledger.state[order] = ACCEPTED
    ledger.promised[order] = offers.arrives[taken]
    ledger.fee[order] = offers.fee[taken]
    return parcels


def answer(books: Books, desk: Desk, ask: Ask) -> Quotes | None:
    """Return the plans for a cart; None if it can be cut in too many ways."""
    books.ask_at(ask.now)
    return None if cuts(ask.units) > MENU_LIMIT else desk.answer(ask)[1]


def offered(found: Quotes, fees: Sequence[int]) -> Offers:
    """Return what is offered of the plans found, (2)."""
    service, start = found.service.tolist(), found.start.tolist()
    arrives, priced = found.arrives.tolist(), found.priced.tolist()
    best: dict[int, tuple[float, int, int]] = {}
    for q, at in enumerate(arrives):
        fee = max([fees[v] for v in service[start[q] : start[q + 1]]])
        plan = (priced[q], at, q)
        if fee not in best or plan < best[fee]:
            best[fee] = plan
    offers, first = Offers([], [], []), 1 << 60
    for fee, (_, at, q) in sorted(best.items()):
        if at < first:
            first = at
            offers.plan.append(q)
            offers.arrives.append(at)
            offers.fee.append(fee)
    return offers


def held_of(scene: Scene, order: int, ask: Ask, plan: tuple[Quotes, int]) -> list[Held]:
    """Return the shipments of a plan, (`Quotes`, q)."""
    found, q = plan
    books, begin = scene.books, int(scene.carts.start[order])
    lines = _lines(scene, order, ask, begin)
    shipments = []
    for s in range(int(found.start[q]), int(found.start[q + 1])):
        node, service = int(found.node[s]), int(found.service[s])
        content, inside = int(found.content[s]), []
        for line, sku, asked in lines:
            content, units = divmod(content, asked + 1)
            if units:
                inside.append((line, books.cell(node, sku), units))
        due, path = int(found.due[s]), int(found.path[s])
        told = books.limited[node] or service < 0 or path >= 0
        day = books.day_of(node, service, due) if told else NO_DAY
        shipments.append(
            Held(order, node, service, int(found.rule[s]), path, ask.now, day, due,
                 int(found.bill[s]), tuple(inside))
        )  # fmt: skip
        if found.row[s] == TO_STORE:
            scene.ledger.to_store[order] = True
    return shipments


def _lines(scene: Scene, order: int, ask: Ask, begin: int) -> list[tuple[int, int, int]]:
    """Return line, product and units of what is asked for, in the order of the question."""
    sku = scene.carts.world.lines["sku"]
    if len(ask.sku) == scene.carts.start[order + 1] - begin:
        rows = range(begin, begin + len(ask.sku))
    else:
        own = {int(sku[row]): row for row in range(begin, int(scene.carts.start[order + 1]))}
        rows = [own[each] for each in ask.sku]  # type: ignore[assignment]
    return list(zip(rows, ask.sku, ask.units, strict=True))
