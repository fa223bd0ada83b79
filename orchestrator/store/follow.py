"""The ledgers follow an order from one state to another: (3) to (5) of events.py."""

from collections.abc import Iterable, Mapping, Sequence
from json import dumps
from typing import Final

from omnisource.models.claims import Claims, claims_of
from omnisource.models.lifecycle import WAITING, Event, Goods, OrderState, Shipment
from omnisource.models.tables import ALLOCATED, CANCELLED, OPEN, PERSON
from omnisource.orchestrator.store.feed import NEW_CELL
from omnisource.orchestrator.store.give import give_back, lock
from omnisource.orchestrator.store.place import order_document, place_lines
from omnisource.orchestrator.store.session import ONE_AT_A_TIME, Session, Statement, Values

Work = list[tuple[Statement, Values]]
Cell = tuple[str, str]
Load = tuple[str, str, str]
"""Kind, node and day of what is taken of a node's day."""
CELLS: Final = Statement(
    "SELECT row, node, sku FROM stock WHERE node IN (:nodes) AND sku IN (:skus)"
)
DAYS: Final = Statement(
    "SELECT row, kind, node, at FROM quotas WHERE kind IN ('orders', 'units') "
    "AND node IN (:nodes) AND at IN (:days)"
)
CHANGE_CELL: Final = Statement(
    "UPDATE stock SET on_hand = on_hand + :came, reserved = reserved + :more, "
    "version = version + 1 WHERE row = :row AND (:more <= 0 OR "
    "on_hand + :came - reserved - safety >= :more)"
)
CHANGE_DAY: Final = Statement(
    "UPDATE quotas SET used = used + :more "
    "WHERE row = :row AND (:more <= 0 OR used + :more <= most)"
)
PUT_SHIPMENT: Final = Statement(
    'INSERT INTO shipments (run, shipment, "order", node, service, day, units, cost_cents, '
    "document) VALUES (:run, :number, :order, :node, :service, :day, :units, :cents, :document) "
    "ON CONFLICT (run, shipment) DO UPDATE SET units = excluded.units"
)
PUT_ALLOCATION: Final = Statement(
    'INSERT INTO allocations (run, shipment, line, "order", node, sku, units) '
    "VALUES (:run, :number, :line, :order, :node, :sku, :units) "
    "ON CONFLICT (run, shipment, line) DO UPDATE SET units = excluded.units"
)
PUT_SENT: Final = Statement(
    "INSERT INTO sent (run, shipment, line, node, sku, units) "
    "VALUES (:run, :number, :line, :node, :sku, :units) "
    "ON CONFLICT (run, shipment, line) DO UPDATE SET units = excluded.units"
)
DROP_SHIPMENT: Final = Statement("DELETE FROM shipments WHERE run = :run AND shipment = :number")
DROP_ALLOCATION: Final = Statement(
    "DELETE FROM allocations WHERE run = :run AND shipment = :number AND line = :line"
)
DROP_SENT: Final = Statement(
    "DELETE FROM sent WHERE run = :run AND shipment = :number AND line = :line"
)
SET_LINE: Final = Statement(
    "UPDATE lines SET units = :units, allocated = :allocated "
    'WHERE "order" = :order AND line = :line'
)
SET_ORDER: Final = Statement(
    "UPDATE orders SET status = :status, version = version + 1, document = :document "
    'WHERE "order" = :order'
)
NEW_RECEIPT: Final = Statement(
    "INSERT INTO receipts (row, node, sku, cell, units, due) "
    "SELECT COALESCE(MAX(row), -1) + 1, CAST(:node AS TEXT), CAST(:sku AS TEXT), "
    "CAST(:cell AS INTEGER), CAST(:units AS INTEGER), CAST(:due AS INTEGER) FROM receipts"
)
LAST_CELL: Final = Statement("SELECT COALESCE(MAX(row), -1) FROM stock")
SLOTS: Final = Statement(
    "SELECT h.reservation, h.target FROM holds h JOIN reservations r "
    "ON r.reservation = h.reservation WHERE r.\"order\" = :order AND r.status = 'confirmed'"
)
LET_GO: Final = Statement(
    "UPDATE reservations SET status = 'released' WHERE \"order\" = :order AND status = 'confirmed'"
)


def follow(
    session: Session, before: OrderState, after: OrderState, events: Sequence[Event]
) -> bool:
    """Have the ledgers follow from one state of an order to another.

    Args:
        session: of a transaction in which the order is locked.
        before: as the ledgers have it.
        after: as they shall.
        events: that lead from one to the other.

    Returns:
        False where stock or a day is gone by now: then all must be undone.
    """
    was, now = claims_of(before), claims_of(after)
    back = [goods for event in events for goods in event.back]
    fresh = [line for event in events if event.kind != "placed" for line in event.lines]
    if fresh or any(goods.due for goods in back):
        session.rows(ONE_AT_A_TIME)  # before cells, as who places an order does; rows are numbered
    changes = changes_of(was, now, events)
    rows = cells_of(session, {*changes, *((goods.node, goods.sku) for goods in back)})
    loads = loads_of(before, was, after, now)
    days = {row: loads[key] for key, row in days_of(session, loads).items()}
    slots = session.rows(SLOTS, order=after.name) if after.state == "cancelled" else []
    lock(session, list(rows.values()), sorted({*days, *(row for _, row in slots)}))  # (3)
    work: Work = [
        (CHANGE_CELL, {"row": rows[cell], "more": more, "came": came})
        for cell, (more, came) in sorted(changes.items(), key=lambda each: rows[each[0]])
    ]
    work += [(CHANGE_DAY, {"row": row, "more": units}) for row, units in sorted(days.items())]
    if work and not session.all_change(work):  # (4)
        return False
    if slots:
        _let_go(session, after.name, slots)
    session.put(_receipts(back, rows) + rows_of(was, after, now))  # (5)
    if fresh:
        place_lines(session, fresh)
    session.put(lines_of(after, now))
    return True


def changes_of(was: Claims, now: Claims, events: Sequence[Event]) -> dict[Cell, tuple[int, int]]:
    """Return by cell how much more is reserved, and how much has come: (4)."""
    came: dict[Cell, int] = {}
    for cell in {*was.gone, *now.gone}:
        came[cell] = was.gone[cell] - now.gone[cell]
    for event in events:
        for sign, some in ((-1, event.lost), (1, event.back)):
            for goods in some:
                if goods.due is None:
                    cell = goods.node, goods.sku
                    came[cell] = came.get(cell, 0) + sign * goods.units
    cells = {*was.reserved, *now.reserved, *came}
    found = {c: (now.reserved[c] - was.reserved[c], came.get(c, 0)) for c in cells}
    return {cell: change for cell, change in found.items() if any(change)}


def cells_of(session: Session, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the rows of stock cells; those that are not there are put in."""
    cells = sorted(wanted)
    if not cells:
        return {}
    key = {"nodes": [node for node, _ in cells], "skus": [sku for _, sku in cells]}
    found = {(node, sku): row for row, node, sku in session.rows(CELLS, **key)}
    if any(cell not in found for cell in cells):
        session.rows(ONE_AT_A_TIME)  # another may have put them in meanwhile
        found = {(node, sku): row for row, node, sku in session.rows(CELLS, **key)}
        missing = [cell for cell in cells if cell not in found]
        [[last]] = session.rows(LAST_CELL)
        for row, (node, sku) in enumerate(missing, start=last + 1):
            session.put([(NEW_CELL, {"row": row, "node": node, "sku": sku, "safety": 0})])
            found[node, sku] = row
    return {cell: found[cell] for cell in cells}


def loads_of(before: OrderState, was: Claims, after: OrderState, now: Claims) -> dict[Load, int]:
    """Return what more is taken of nodes' days: kind, node, day."""
    more: dict[Load, int] = {}
    for sign, state, claims in ((-1, before, was), (1, after, now)):
        for name, shipment in state.shipments.items():
            units = sum(claims.given[name, line] for line in state.lines)
            for kind, much in (("orders", int(units > 0)), ("units", units)):
                key = kind, shipment.node, str(shipment.day)
                more[key] = more.get(key, 0) + sign * much
    return {key: much for key, much in more.items() if much}


def days_of(session: Session, loads: Iterable[Load]) -> dict[Load, int]:
    """Return the rows of quotas of days, of those that there are."""
    if not (wanted := set(loads)):
        return {}
    nodes, days = ({key[at] for key in wanted} for at in (1, 2))
    found = session.rows(DAYS, nodes=sorted(nodes), days=sorted(days))
    return {key: row for row, *rest in found if (key := (rest[0], rest[1], rest[2])) in wanted}


def _let_go(session: Session, order: str, slots: Sequence[Sequence[object]]) -> None:
    """Give back slots and allotments of an order that is no more, whose quotas are locked."""
    names, rows = ({str(name) for name, _ in slots}, {int(str(row)) for _, row in slots})
    give_back(session, sorted(names), [], sorted(rows))
    session.put([(LET_GO, {"order": order})])


def _receipts(back: Iterable[Goods], rows: Mapping[tuple[str, str], int]) -> Work:
    """Return what expects goods that are on their way back."""
    return [
        (NEW_RECEIPT, {"node": goods.node, "sku": goods.sku, "cell": rows[goods.node, goods.sku],
                       "units": goods.units, "due": int(goods.due.timestamp()) // 60})
        for goods in back if goods.due is not None
    ]  # fmt: skip


def rows_of(was: Claims, after: OrderState, now: Claims) -> Work:
    """Return what makes shipments, allocations and sent units those of a state, (5)."""
    work: Work = []
    changed = {
        key for key in {*was.given, *now.given}
        if (was.given[key], was.sent[key]) != (now.given[key], now.sent[key])
    }  # fmt: skip
    for name in sorted({name for name, _ in changed}):
        shipment = after.shipments[name]
        key = {"run": shipment.run, "number": shipment.number}
        units = sum(now.given[name, line] for line in after.lines)
        lines = [line for line in after.lines if (name, line) in changed]
        work.append(
            (PUT_SHIPMENT, _shipment(after, shipment, units)) if units else (DROP_SHIPMENT, key)
        )
        for line in lines:
            one = key | {"line": line, "node": shipment.node, "sku": after.lines[line].sku}
            given, sent = now.given[name, line], now.sent[name, line]
            put = PUT_ALLOCATION, one | {"order": after.name, "units": given}
            lost = key | {"line": line}
            work.append(put if given else (DROP_ALLOCATION, lost))
            if sent != was.sent[name, line]:
                work.append((PUT_SENT, one | {"units": sent}) if sent else (DROP_SENT, lost))
    return work


def _shipment(state: OrderState, shipment: Shipment, units: int) -> Values:
    times = {"arrives": shipment.arrives, "given_at": shipment.given_at}
    return {
        "run": shipment.run, "number": shipment.number, "order": state.name,
        "node": shipment.node, "service": shipment.service, "day": str(shipment.day),
        "units": units, "cents": shipment.cost_cents,
        "document": dumps({name: at.isoformat() for name, at in times.items() if at}),
    }  # fmt: skip


def lines_of(state: OrderState, claims: Claims) -> Work:
    """Return what makes lines and the order those of a state."""
    given = dict.fromkeys(state.lines, 0)
    for (_, line), units in claims.given.items():
        given[line] += units
    lines: Work = [
        (SET_LINE, {"order": state.name, "line": line, "units": claims.wanted[line],
                    "allocated": given[line]})
        for line in state.lines
    ]  # fmt: skip
    assert state.order is not None
    order = {"order": state.name, "status": status_of(state),
             "document": order_document(state.order)}  # fmt: skip
    return [*lines, (SET_ORDER, order)]


def status_of(state: OrderState) -> str:
    """Return the status of the row of an order: a night looks at those that are open."""
    if state.state == "cancelled":
        return CANCELLED
    if state.is_with_person:
        return PERSON
    return OPEN if any(piece.state in WAITING for piece in state.pieces) else ALLOCATED
