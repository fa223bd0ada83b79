"""An order is placed, and given what was reserved for it: (2.2) and (2.3) of confirm.py."""

from collections.abc import Sequence
from typing import Final

from omnisource.models.order import Line, Order
from omnisource.models.reservation import Claim, Refused
from omnisource.models.tables import ALLOCATED, OPEN
from omnisource.orchestrator.store.give import STOCK
from omnisource.orchestrator.store.session import LOCK, ONE_AT_A_TIME, Session, Statement, Values

DROP_KINDS: Final = Statement(
    "DELETE FROM holds WHERE reservation = :reservation AND kind IN (:kinds)"
)
NEW_SHIPMENT: Final = Statement(
    'INSERT INTO shipments (run, shipment, "order", node, service, day, units, cost_cents, '
    "document) VALUES (:run, :shipment, :order, :node, :service, :day, :units, :cents, '{}')"
)
NEW_ALLOCATION: Final = Statement(
    'INSERT INTO allocations (run, shipment, line, "order", node, sku, units) '
    "VALUES (:run, :shipment, :line, :order, :node, :sku, :units)"
)
LINES: Final = Statement(
    f'SELECT line, sku, units - allocated FROM lines WHERE "order" = :order ORDER BY row{LOCK}'
)
ADD_TO_LINE: Final = Statement(
    'UPDATE lines SET allocated = allocated + :units WHERE "order" = :order AND line = :line'
)
SET_ORDER: Final = Statement(
    'UPDATE orders SET status = :status, version = version + 1 WHERE "order" = :order'
)
LAST_ORDER: Final = Statement("SELECT COALESCE(MAX(row), -1) FROM orders")
LAST_LINE: Final = Statement("SELECT COALESCE(MAX(row), -1) FROM lines")
NEW_ORDER: Final = Statement(
    'INSERT INTO orders (row, "order", status, version, document) '
    "VALUES (:row, :order, 'open', 0, :document)"
)
NEW_LINE: Final = Statement(
    'INSERT INTO lines (row, "order", line, sku, units, allocated, document) '
    "VALUES (:row, :order, :line, :sku, :units, 0, :document)"
)
DAYS: Final = ("orders", "units")


def run_of(name: str) -> str:
    """Return the run under which the shipments of a reservation stand."""
    return f"reservation {name}"


def unwanted(claim: Claim, order: str, lines: dict[str, tuple[str, int]]) -> Refused | None:
    """Return which units are reserved that the order does not want."""
    wanted: dict[tuple[str, str], int] = {}
    for shipment in claim.shipments:
        for held in shipment.lines:
            key = held.line, held.sku
            wanted[key] = wanted.get(key, 0) + held.units
    reasons = [
        f"order {order} has no line {line} that wants {units} units of {sku}"
        for (line, sku), units in wanted.items()
        if lines.get(line, ("", 0))[0] != sku or lines[line][1] < units
    ]
    return Refused(why="unknown", reasons=tuple(reasons)) if reasons else None


def place(session: Session, order: Order, lines: Sequence[Line]) -> None:
    """Put in an order with its lines, at the end of those that are there."""
    session.rows(ONE_AT_A_TIME)
    [[last]] = session.rows(LAST_ORDER)
    new = {"row": last + 1, "order": order.order, "document": order_document(order)}
    session.put([(NEW_ORDER, new)])
    place_lines(session, lines)


def place_lines(session: Session, lines: Sequence[Line]) -> None:
    """Put in lines of orders that are there, at the end."""
    session.rows(ONE_AT_A_TIME)
    [[last]] = session.rows(LAST_LINE)
    put: list[tuple[Statement, Values]] = []
    for row, line in enumerate(lines, start=last + 1):
        besides = line.model_dump_json(exclude={"order", "line", "sku", "units"}, exclude_none=True)
        put.append(
            (NEW_LINE, {"row": row, "order": line.order, "line": line.line, "sku": line.sku,
                        "units": line.units, "document": besides})
        )  # fmt: skip
    session.put(put)


def order_document(order: Order) -> str:
    """Return what a database keeps of an order besides its name."""
    return order.model_dump_json(exclude={"order"}, exclude_none=True)


def allocations(name: str, claim: Claim, order: str) -> list[tuple[Statement, Values]]:
    """Return what makes allocations of holds, (2.2) and (2.3)."""
    run = run_of(name)
    kinds = [*STOCK, *DAYS]
    work: list[tuple[Statement, Values]] = [(DROP_KINDS, {"reservation": name, "kinds": kinds})]
    for number, shipment in enumerate(claim.shipments):
        key = {"run": run, "shipment": number, "order": order, "node": shipment.node}
        sent = {"service": shipment.service, "day": str(shipment.day), "units": shipment.units,
                "cents": shipment.cost_cents}  # fmt: skip
        work.append((NEW_SHIPMENT, key | sent))
        by_line: dict[tuple[str, str], int] = {}
        for held in shipment.lines:
            by_line[held.line, held.sku] = by_line.get((held.line, held.sku), 0) + held.units
        for (line, sku), units in by_line.items():
            one = {"line": line, "sku": sku, "units": units}
            work.append((NEW_ALLOCATION, key | one))
            work.append((ADD_TO_LINE, {"order": order, "line": line, "units": units}))
    return work


def close_order(session: Session, order: str) -> None:
    """Say of an order whether it is served by now."""
    left = sum(units for *_, units in session.rows(LINES, order=order))
    session.put([(SET_ORDER, {"order": order, "status": OPEN if left else ALLOCATED})])
