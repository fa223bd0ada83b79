"""Explain a decision from its record: as it was, whatever has become of stock, orders and network.

A night keeps the world that it read with the plan and the prices (seen.py); every other decision
keeps what it was asked and what was left (life/record.py). The order is put back into that world,
the plan is judged anew, and the alternatives are the oracle's over the stock and at the prices of
then.
"""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import numpy as np

from omnisource.models.base import BrokenPlan, UnusableInput
from omnisource.models.explanation import Decision, Explanation, WhyNot
from omnisource.models.plan import Plan
from omnisource.models.policy import Policy
from omnisource.models.world import World
from omnisource.orchestrator.explain import explain, row_of
from omnisource.orchestrator.explain_promised import as_promised
from omnisource.orchestrator.life.record import Recorded, read_back
from omnisource.orchestrator.life.sourcing import Sourcer, sourcer_of
from omnisource.orchestrator.seen import Seen, unpack
from omnisource.orchestrator.sharing import judged
from omnisource.orchestrator.store.database import Database, loaded_database
from omnisource.orchestrator.store.events import read_order
from omnisource.orchestrator.store.plan import find_run
from omnisource.orchestrator.store.records import Record, find_record, nights_of, records_of
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.explain.order import explain as explained
from omnisource.solvers.judge.evaluate import evaluate


def explain_decision(
    database: Database,
    order: str,
    *,
    event: int | None = None,
    run: str | None = None,
    why_not: str | None = None,
) -> Explanation:
    """Explain a decision on an order: its bill, alternatives, verdicts and prices of then.

    Args:
        database: where it was taken.
        order: the order's name.
        event: the number of the order's event that tells it.
        run: or the night; the latest decision, where neither is named.
        why_not: a node's name; adds what it would have taken to use that node.

    Raises:
        UnusableInput: there is no such order, decision or node.
    """
    known = decisions_of(database, order)
    if not known:
        raise UnusableInput(
            f"no decision on order {order} is recorded; those from before records were kept "
            "cannot be explained"
        )
    named = [
        each for each in known
        if (event is None or each.event == event) and (run is None or each.run == run)
    ]  # fmt: skip
    if not named:
        said = ", ".join(_named(each) for each in known)
        raise UnusableInput(f"order {order} has no such decision; recorded are {said}")
    chosen = named[-1]
    why = (
        _of_night(database, order, chosen, why_not)
        if chosen.run
        else _of_order(database, order, chosen, why_not)
    )
    return why.model_copy(update={"decisions": tuple(known)})


def explain_in(url: str, order: str, **asked: Any) -> Explanation:
    """Explain a decision that a database has the record of; see `explain_decision`."""
    database = loaded_database(url)
    try:
        return explain_decision(database, order, **asked)
    finally:
        database.close()


def decisions_of(database: Database, order: str) -> list[Decision]:
    """Return the decisions on an order that were recorded, oldest first."""
    seen = read_order(database, order)
    if seen.version is None:
        raise UnusableInput(f"there is no order {order}")
    runs = {shipment.run for shipment in seen.given}
    runs |= {shipment.run for told in seen.events for shipment in told.shipments}
    found = [
        Decision(at=_time(at), what="night", run=run)
        for run, at in nights_of(database, sorted(runs))
    ]
    told = {each.sequence: each for each in seen.events}
    for event, at in records_of(database, order):
        what = told[event].cause if event in told else ""
        found.append(Decision(at=_time(at), what=what or "placed", event=event))
    return sorted(found, key=lambda each: (each.at, each.event or 0))


def _named(decision: Decision) -> str:
    return f"run {decision.run}" if decision.run else f"event {decision.event} ({decision.what})"


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def digest_of(policy: Policy) -> str:
    """Return characters that stand for a policy: equal where, and only where, it says the same."""
    return blake2b(policy.model_dump_json().encode(), digest_size=6).hexdigest()


def _under(decision: Decision, policy: Policy, **more: Any) -> Decision:
    said = {"policy": digest_of(policy), "version": policy.version, "comment": policy.comment}
    return decision.model_copy(update=said | more)


def _kept(database: Database, kind: str, name: str, event: int = 0) -> Record:
    found = find_record(database, kind, name, event)
    if found is None:
        raise UnusableInput(f"{database.name}: the record of {kind} {name} is not there any more")
    return found


def _of_night(
    database: Database, order: str, decision: Decision, why_not: str | None
) -> Explanation:
    """Explain what a night decided."""
    seen = unpack(_kept(database, "night", decision.run).document)
    night = find_run(database, decision.run)
    measures = {} if night is None else night.document["measures"]
    why = explain_seen(seen, order, why_not)
    figures = {name: measures.get(name) for name in ("cost_cents", "bound_cents", "gap")}
    return why.model_copy(update={"decision": _under(decision, seen.world.policy, **figures)})


def explain_seen(seen: Seen, order: str, why_not: str | None = None) -> Explanation:
    """Explain an order of a night from what was packed of it.

    Raises:
        UnusableInput: there was no such order or node.
    """
    row = row_of(seen.world.orders["order"], order, "order")
    alone, sent = _alone(seen, row)
    if why_not is not None:
        row_of(seen.world.nodes["node"], why_not, "node")
    if "parcel" in seen.shipments:
        plan = replace(_whole(seen), prices=seen.prices)
        return explain(seen.world, plan, order, why_not=why_not)
    plan = replace(evaluate(alone, sent), prices=seen.prices)
    return explain(alone, plan, order, why_not=why_not)


def _whole(seen: Seen) -> Plan:
    """Return the plan of the whole night, in which orders share parcels and what these cost."""
    sent, held = seen.shipments, seen.allocations
    columns = {name: sent[name].astype(np.int64) for name in ("order", "node", "service")}
    content = {name: held[name].astype(np.int64) for name in ("line", "units")}
    start = np.searchsorted(held["shipment"], np.arange(sent.rows + 1)).astype(np.int64)
    shipped = Shipped(**columns, start=start, **content)
    return judged(seen.world, shipped, sent["parcel"].astype(np.int64))


def _alone(seen: Seen, row: int) -> tuple[World, Shipped]:
    """Return the world of one order, in the rows of the whole, and what it was sent."""
    world = seen.world
    lines = np.flatnonzero(world.lines["order"] == row)
    alone = world.replace(
        orders=world.orders.take(np.array([row])),
        lines=world.lines.take(lines).replace(order=np.zeros(len(lines), np.int32)),
    )
    mine = np.flatnonzero(seen.shipments["order"] == row)
    held = np.flatnonzero(np.isin(seen.allocations["shipment"], mine))
    at = np.searchsorted(mine, seen.allocations["shipment"][held])
    sent = Shipped(
        order=np.zeros(len(mine), np.int64),
        node=seen.shipments["node"][mine].astype(np.int64),
        service=seen.shipments["service"][mine].astype(np.int64),
        start=np.searchsorted(at, np.arange(len(mine) + 1)).astype(np.int64),
        line=np.searchsorted(lines, seen.allocations["line"][held]).astype(np.int64),
        units=seen.allocations["units"][held].astype(np.int64),
    )
    return alone, sent


def _of_order(
    database: Database, order: str, decision: Decision, why_not: str | None
) -> Explanation:
    """Explain what was decided on one order alone."""
    assert decision.event is not None
    known = read_back(_kept(database, "order", order, decision.event).document)
    network = unpack(_kept(database, "network", known.network).document).world
    source = sourcer_of(database, network, known.prices)
    decision = _under(decision, network.policy).model_copy(update={"what": known.what})
    why = _told(source, known, why_not)
    return why.model_copy(update={"decision": decision})


def _told(source: Sourcer, known: Recorded, why_not: str | None) -> Explanation:
    also = () if why_not is None else (why_not,)
    if why_not is not None:
        row_of(source.world.nodes["node"], why_not, "node")
    world, names = source.alone(known.wants, known.free, also)
    problem, legend = compile_world(world, threads=1)
    is_parcels = True
    try:
        plan = evaluate(world, _shipped(world, names, known))
    except BrokenPlan:
        is_parcels, plan = False, evaluate(world, _shipped(world, names, replace(known, sent=())))
    node = None if why_not is None else row_of(world.nodes["node"], why_not, "node")
    why = explained(
        world, problem, legend, plan,
        order=0, prices=source.priced(problem, world), why_not=node,
    )  # fmt: skip
    why = why if is_parcels else as_promised(known, why)
    if why_not in known.wants.excluded:
        assert why.why_not is not None
        why = why.model_copy(update={"why_not": _declined(why.why_not)})
    return why


def _declined(asked: WhyNot) -> WhyNot:
    said = f"{asked.node} had declined the order"
    return asked.model_copy(update={"reason": said, "rules": ("it had declined",)})


def _shipped(world: World, names: Any, known: Recorded) -> Shipped:
    """Return what was decided, in the rows of the world."""
    lines = {name: row for row, name in enumerate(names)}
    services = {name: row for row, name in enumerate(world.services["service"])}
    inside = [(lines[line], units) for each in known.sent for line, units in each.units.items()]
    sizes = [len(each.units) for each in known.sent]
    return Shipped(
        order=np.zeros(len(sizes), np.int64),
        node=np.array([row_of(world.nodes["node"], s.node, "node") for s in known.sent], np.int64),
        service=np.array(
            [-1 if each.service is None else services[each.service] for each in known.sent],
            np.int64,
        ),
        start=np.cumsum([0, *sizes]).astype(np.int64),
        line=np.array([line for line, _ in inside], np.int64),
        units=np.array([units for _, units in inside], np.int64),
    )
