"""Whether a database adds up: what is reserved is what is held and allocated, and no more."""

from typing import Final

from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.session import Statement, session_of

RULES: Final = {
    "reserved of a stock cell = Σ holds + Σ allocations − Σ sent": Statement(
        "SELECT s.node || ' ' || s.sku || ': reserved ' || s.reserved || ', held ' || "
        "COALESCE(h.units, 0) || ', allocated ' || COALESCE(a.units, 0) || ', sent ' || "
        "COALESCE(g.units, 0) FROM stock s "
        "LEFT JOIN (SELECT target, SUM(units) AS units FROM holds WHERE kind = 'stock' "
        "GROUP BY target) h ON h.target = s.row "
        "LEFT JOIN (SELECT node, sku, SUM(units) AS units FROM allocations GROUP BY node, sku) a "
        "ON a.node = s.node AND a.sku = s.sku "
        "LEFT JOIN (SELECT node, sku, SUM(units) AS units FROM sent GROUP BY node, sku) g "
        "ON g.node = s.node AND g.sku = s.sku WHERE s.reserved <> COALESCE(h.units, 0) + "
        "COALESCE(a.units, 0) - COALESCE(g.units, 0) ORDER BY s.row"
    ),
    "used of a quota = Σ holds + what was sent that day": Statement(
        "SELECT q.kind || ' ' || q.node || ' ' || q.at || ' ' || q.sku || ': used ' || q.used "
        "|| ', held ' || COALESCE(h.units, 0) FROM quotas q "
        "LEFT JOIN (SELECT kind, target, SUM(units) AS units FROM holds GROUP BY kind, target) h "
        "ON h.kind = q.kind AND h.target = q.row "
        "LEFT JOIN (SELECT node, day, COUNT(*) AS sent, SUM(units) AS units FROM shipments "
        "GROUP BY node, day) d ON d.node = q.node AND d.day = q.at "
        "WHERE q.used <> COALESCE(h.units, 0) + COALESCE(CASE q.kind WHEN 'orders' THEN d.sent "
        "WHEN 'units' THEN d.units ELSE 0 END, 0) ORDER BY q.row"
    ),
    "no quota is used beyond its limit by reservations": Statement(
        "SELECT q.kind || ' ' || q.node || ' ' || q.at || ': used ' || q.used || ' of ' || q.most "
        "FROM quotas q WHERE q.kind IN ('slot', 'allotment') AND q.used > q.most ORDER BY q.row"
    ),
    "a hold is of a reservation that is there and not given back": Statement(
        "SELECT h.reservation || ': ' || COALESCE(r.status, 'not there') FROM holds h "
        "LEFT JOIN reservations r ON r.reservation = h.reservation "
        "WHERE r.status IS NULL OR r.status = 'released' ORDER BY h.reservation"
    ),
    "a confirmed reservation has its shipments, until its order's life changes them": Statement(
        "SELECT r.reservation FROM reservations r WHERE r.status = 'confirmed' AND NOT EXISTS "
        "(SELECT 1 FROM shipments s WHERE s.run = 'reservation ' || r.reservation) AND NOT EXISTS "
        '(SELECT 1 FROM events e WHERE e."order" = r."order")'
    ),
    "no more is sent than was allocated": Statement(
        "SELECT g.run || ' ' || g.shipment || ' ' || g.line FROM sent g LEFT JOIN allocations a "
        "ON a.run = g.run AND a.shipment = g.shipment AND a.line = g.line "
        "WHERE a.units IS NULL OR a.units < g.units"
    ),
    "allocated of a line = Σ allocations": Statement(
        "SELECT l.\"order\" || ' ' || l.line || ': allocated ' || l.allocated FROM lines l "
        'LEFT JOIN (SELECT "order", line, SUM(units) AS units FROM allocations '
        'GROUP BY "order", line) a ON a."order" = l."order" AND a.line = l.line '
        "WHERE l.allocated <> COALESCE(a.units, 0) ORDER BY l.row"
    ),
}
"""What holds at every moment, each with a query for what breaks it."""
OVERSOLD: Final = Statement(
    "SELECT s.node || ' ' || s.sku || ': reserved ' || s.reserved || ', on hand ' || s.on_hand "
    "FROM stock s WHERE s.reserved > 0 AND s.reserved > s.on_hand + COALESCE((SELECT SUM(r.units) "
    "FROM receipts r WHERE r.cell = s.row), 0) ORDER BY s.row"
)
"""Cells of which more is reserved than there is or comes: after a count that found less."""


def breaches(database: Database) -> dict[str, list[str]]:
    """Return what breaks each of the rules; of a sound database, nothing at all."""
    with database.reading() as connection:
        session = session_of(connection)
        found = {
            rule: [str(text) for (text,) in session.rows(statement)]
            for rule, statement in RULES.items()
        }
    return {rule: texts for rule, texts in found.items() if texts}


def oversold(database: Database) -> list[str]:
    """Return the cells of which more is reserved than lies there or is on its way."""
    with database.reading() as connection:
        return [str(text) for (text,) in session_of(connection).rows(OVERSOLD)]
