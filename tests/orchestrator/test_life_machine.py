"""Any sequence of what nodes, carriers and customers do, against a count in plain Python."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from omnisource.models.claims import claims_of
from omnisource.models.lifecycle import AT_NODE, MOVES, OrderState, state_of
from omnisource.models.told import Denied, OrderChange, Told
from omnisource.models.tracking import CarrierEvent
from omnisource.orchestrator.life.carrier_feed import hear_carrier
from omnisource.orchestrator.life.change import accept_change, quote_change
from omnisource.orchestrator.life.decline import decline, source
from omnisource.orchestrator.life.doing import Doing, Life
from omnisource.orchestrator.life.verbs import STEPS, cancel, give_back, place, show, step
from omnisource.orchestrator.store.check import breaches
from omnisource.orchestrator.store.events import read_order

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
STOCK = {"WA": 4, "SA": 3, "TA": 3, "DA": 2, "WB": 2, "SB": 1}
ORDERS = st.sampled_from(["o1", "o2", "o3"])
STEP = st.sampled_from(sorted(STEPS))


@pytest.mark.parametrize("examples", [12])
def test_nothing_is_lost_whatever_happens(town: Any, examples: int) -> None:
    class Machine(LifeMachine):
        life = town.life
        order = town.order
        stock = town.stock

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class LifeMachine(RuleBasedStateMachine):
    """Three orders at most, whose units are counted by hand."""

    life: Any
    order: Any
    stock: Any

    def __init__(self) -> None:
        super().__init__()
        self.at: Life = self.life(dict(STOCK), declines=3)
        self.now, self.keys = NOON, 0
        self.back: dict[str, int] = {}  # units that came back or were never there, by cell

    def doing(self, order: str) -> Doing:
        self.keys += 1
        self.now += timedelta(minutes=30)
        return Doing(order, f"k{self.keys}", self.now)

    def state(self, order: str) -> OrderState | None:
        return show(self.at, order)

    @rule(order=ORDERS, a=st.integers(1, 4), b=st.integers(0, 2))
    def place(self, order: str, a: int, b: int) -> None:
        there = self.state(order) is not None
        units = {"A": a} | ({"B": b} if b else {})
        said = place(self.at, self.doing(order), self.order(order, **units))
        assert isinstance(said, Denied) == there

    @rule(order=ORDERS, what=STEP)
    def step(self, order: str, what: Any) -> None:
        before = self.state(order)
        said = step(self.at, self.doing(order), what)
        if isinstance(said, Told):
            assert before is not None
            assert any(STEPS[what] in MOVES[piece.state] for piece in before.pieces)

    @rule(order=ORDERS, missing=st.booleans(), data=st.data())
    def decline(self, order: str, missing: bool, data: st.DataObject) -> None:
        state = self.state(order)
        held = {p.shipment for p in state.pieces if p.is_held} if state is not None else set()
        if state is None or not held:
            return
        name = data.draw(st.sampled_from(sorted(str(shipment) for shipment in held)))
        lost = [piece for piece in state.of_shipment(name) if piece.is_held]
        said = decline(self.at, self.doing(order), name, missing=missing)
        assert isinstance(said, Told)
        for piece in lost if missing else []:
            cell = f"{state.shipments[name].node}{state.lines[piece.line].sku}"
            self.back[cell] = self.back.get(cell, 0) - piece.units

    @rule(order=ORDERS, units=st.integers(1, 2))
    def cancel(self, order: str, units: int) -> None:
        cancel(self.at, self.doing(order), line="a", units=units)

    @rule(order=ORDERS, forget=st.booleans())
    def source(self, order: str, forget: bool) -> None:
        source(self.at, self.doing(order), forget=forget)

    @rule(order=ORDERS, fastest=st.booleans())
    def change(self, order: str, fastest: bool) -> None:
        wish = OrderChange(fastest=True) if fastest else OrderChange(postcode="80331")
        doing = self.doing(order)
        offer = quote_change(self.at, doing, wish)
        if not isinstance(offer, Denied):  # a day later it may come to something else
            accepting = replace(doing, key=f"{doing.key} accepted")
            said = accept_change(self.at, accepting, wish, offer.quote)
            assert isinstance(said, Told)

    @rule(order=ORDERS, kind=st.sampled_from(["in_transit", "delayed", "lost"]), data=st.data())
    def hear(self, order: str, kind: Any, data: Any) -> None:
        state = self.state(order)
        sent = sorted(state.shipments) if state is not None else []
        if not sent or state is None:
            return
        name = data.draw(st.sampled_from(sent))
        units = sum(p.units for p in state.of_shipment(name) if p.state == "shipped")
        due = self.now + timedelta(days=3) if kind == "delayed" else None
        event = CarrierEvent(order=order, shipment=name, kind=kind, due=due)
        said = hear_carrier(self.at, self.doing(order), event)
        assert isinstance(said, Told) == bool(units)
        if kind == "lost" and units:
            cell = state.shipments[name].node + "A"
            self.back[cell] = self.back.get(cell, 0) - units

    @rule(order=ORDERS, units=st.integers(1, 2))
    def give_back(self, order: str, units: int) -> None:
        said = give_back(self.at, self.doing(order), "a", units, node="S")
        if isinstance(said, Told):
            self.back["SA"] = self.back.get("SA", 0) + units

    @invariant()
    def everything_adds_up(self) -> None:
        assert breaches(self.at.desk.database) == {}
        states = [state for name in ("o1", "o2", "o3") if (state := self.state(name)) is not None]
        reserved: dict[str, int] = {}
        left: dict[str, int] = {}
        for state in states:
            seen = read_order(self.at.desk.database, state.name)
            assert state_of(seen.events) == state
            claims = claims_of(state)
            for counted, units in ((reserved, claims.reserved), (left, claims.gone)):
                for (node, sku), many in units.items():
                    counted[node + sku] = counted.get(node + sku, 0) + many
            lying = sum(p.units for p in state.pieces if p.state in AT_NODE and not p.left)
            assert sum(claims.reserved.values()) == lying
        for cell, (on_hand, held) in self.stock(self.at).items():
            begin = STOCK[cell] + self.back.get(cell, 0)
            assert on_hand == begin - left.get(cell, 0), cell
            assert held == reserved.get(cell, 0), cell
