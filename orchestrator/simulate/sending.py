"""Shipments leave: what that costs, what lies where, what arrives when."""

from collections.abc import Sequence

import numpy as np

from omnisource.orchestrator.simulate.demand import DAY
from omnisource.orchestrator.simulate.restock import back_to
from omnisource.orchestrator.simulate.scene import Missing, Scene, Waiting
from omnisource.orchestrator.simulate.travel import arrived, come_back, lost
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.judge.parcels import Parcels
from omnisource.solvers.problem import Flags, Ints
from omnisource.solvers.shards.cut import runs


def sent_off(scene: Scene, picked: Sequence[Waiting], today: int) -> None:
    """Let shipments leave on a day."""
    if not picked:
        return
    sent, inside = columns(picked)
    scene.books.send(inside["cell"], inside["units"])
    arrives, never = arrived(scene, sent), lost(scene, sent, inside)
    there = ~never
    _paid(scene, sent, inside)
    _late(scene, sent, arrives, there)
    _counted(scene, sent, today)
    np.maximum.at(scene.ledger.delivered, sent["order"][there], arrives[there])
    _again(scene, picked, never, arrives)
    _returned(scene, inside, there, arrives)


def columns(picked: Sequence[Waiting]) -> tuple[dict[str, Ints], dict[str, Ints]]:
    """Return shipments, (S,), and what is in them, (X,), as columns."""
    names = ("order", "node", "service", "asked", "due", "cents", "path")
    held = [each.held for each in picked]
    sent = {name: np.array([getattr(h, name) for h in held], np.int64) for name in names}
    sent["arrives"] = np.array([each.arrives for each in picked], np.int64)
    size = np.array([len(h.lines) for h in held], np.int64)
    rows = np.array([row for h in held for row in h.lines], np.int64).reshape(-1, 3)
    inside = dict(zip(("line", "cell", "units"), rows.T, strict=True))
    inside["parcel"] = np.repeat(np.arange(len(held)), size)
    sent["start"] = np.append(0, np.cumsum(size)).astype(np.int64)
    sent["units"] = np.bincount(inside["parcel"], inside["units"], len(held)).astype(np.int64)
    return sent, inside


def _paid(scene: Scene, sent: dict[str, Ints], inside: dict[str, Ints]) -> None:
    """Book what shipments cost, whether they arrive or not."""
    for term, cents in terms(scene, sent, inside).items():
        scene.ledger.add(term, sent["order"], cents)


def _late(scene: Scene, sent: dict[str, Ints], arrives: Ints, there: Flags) -> None:
    """Book the days that units come late; those of a lost parcel once, when they do come."""
    ledger, order = scene.ledger, sent["order"]
    days = np.where(there, np.maximum(0, -((ledger.promised[order] - arrives) // DAY)), 0)
    ledger.add("late", order, days * sent["units"] * ledger.late_cents[order])


def terms(scene: Scene, sent: dict[str, Ints], inside: dict[str, Ints]) -> dict[str, Ints]:
    """Return, (S,) each, what the judge says that shipments cost, term by term."""
    carts, cost = scene.carts, scene.books.world.stock["unit_cost_cents"]
    world = carts.world
    orders, row = np.unique(sent["order"], return_inverse=True)
    first, lines = runs(carts.start, orders)
    owner = np.repeat(np.arange(len(orders), dtype=np.int32), np.diff(first))
    small = world.replace(
        orders=world.orders.take(orders), lines=world.lines.take(lines).replace(order=owner)
    )
    at = row.reshape(-1)[inside["parcel"]]
    line = first[at] + inside["line"] - carts.start[orders[at]]
    shipped = Shipped(
        row.reshape(-1), sent["node"], sent["service"], sent["start"], line, inside["units"]
    )
    parcels = Parcels(small, shipped)
    stock = np.zeros(len(row), np.int64)
    np.add.at(stock, inside["parcel"], cost[inside["cell"]] * inside["units"])
    over = sent["path"] >= 0
    _, freight, co2 = parcels.tariff
    plain = {"freight": freight, "handling": parcels.handling, "stock": stock, "co2": co2}
    return {
        name: np.where(over, sent["cents"] if name == "freight" else 0, cents)
        for name, cents in plain.items()
    }


def _counted(scene: Scene, sent: dict[str, Ints], today: int) -> None:
    ledger, order = scene.ledger, sent["order"]
    ledger.add("shipments", order, np.ones(len(order), np.int64))
    ledger.add("units", order, sent["units"])
    np.add.at(ledger.parcels, order, 1)
    day = min(today - scene.date(scene.stream.first), len(ledger.load["units"]) - 1)
    np.add.at(ledger.load["shipments"][day], sent["node"], 1)
    np.add.at(ledger.load["units"][day], sent["node"], sent["units"])


def _again(scene: Scene, picked: Sequence[Waiting], never: Flags, arrives: Ints) -> None:
    """Plan to send anew what is lost, on the day when it should have been there."""
    for i in np.flatnonzero(never).tolist():
        held = picked[i].held
        scene.ledger.count("lost", held.order)
        lines = tuple((line, units) for line, _, units in held.lines)
        scene.lost[[line for line, _ in lines]] = True
        scene.again[scene.day(int(arrives[i]))].append(Missing(held.order, lines))


def _returned(scene: Scene, inside: dict[str, Ints], there: Flags, arrives: Ints) -> None:
    """Plan what comes back, and where to."""
    rows = np.flatnonzero(there[inside["parcel"]])
    line, cell = inside["line"][rows], inside["cell"][rows]
    back = come_back(scene, line, inside["units"][rows])
    some = np.flatnonzero(back)
    if not len(some):
        return
    order = scene.carts.world.lines["order"][line[some]].astype(np.int64)
    scene.ledger.add("returned_units", order, back[some])
    days = scene.setup.chances.return_days
    day = (arrives[inside["parcel"][rows[some]]] - scene.stream.first) // DAY + days
    to = np.array([back_to(scene, int(c)) for c in cell[some]], np.int64)
    for d in np.unique(day).tolist():
        mine = (day == d) & (to >= 0)
        scene.back[d].append((order[mine], to[mine], back[some][mine]))
