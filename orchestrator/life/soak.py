"""Orders that live at random: what can go wrong does, and at the end everything adds up.

Every order is placed, then taken on move by move until it has come to an end; some hundred are
under way at a time. Nodes decline, are silent, find less than they have; customers cancel, change,
never fetch, send back; now and then a request is sent twice. What must hold stands in check.py.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from time import perf_counter, process_time
from typing import Final

from omnisource.models.lifecycle import OrderState, Piece
from omnisource.models.money import Charge, Terms
from omnisource.models.order import Line, Order
from omnisource.models.reservation import Placed, StockMessage
from omnisource.models.returns import Grade
from omnisource.models.told import ChangeQuote, Denied, OrderChange, Told
from omnisource.models.tracking import CarrierEvent
from omnisource.models.world import World
from omnisource.orchestrator.checkout.reserve import hear_stock
from omnisource.orchestrator.folder.decode import decode_table
from omnisource.orchestrator.life.carrier_feed import hear_carrier
from omnisource.orchestrator.life.change import accept_change, quote_change
from omnisource.orchestrator.life.check import ENDS, checked, on_hand
from omnisource.orchestrator.life.decline import decline, pack_short, source
from omnisource.orchestrator.life.doing import Doing, Life
from omnisource.orchestrator.life.soaked import Chances, Living, Soaked
from omnisource.orchestrator.life.verbs import Step, cancel, give_back, place, show, step

UNDER_WAY: Final = 100
"""Orders that are under way at a time."""
MOST_MOVES: Final = 200
"""Moves of an order; one that has not come to an end by then never will."""
NEXT: Final[dict[str, Step]] = {
    "allocated": "release", "released": "pick", "picking": "pack", "packed": "ship",
    "shipped": "deliver",
}  # fmt: skip


@dataclass
class Soak:
    """Orders of a world that live at random in a database."""

    life: Life
    again: Life  # by which declines are sourced again
    random: Random
    chances: Chances
    numbers: int = 0  # of the last request
    step: int = 1  # from one to the next: others that live beside have the numbers between
    found: Soaked = field(default_factory=Soaked)

    def doing(self, one: Living, cause: str = "") -> Doing:
        """Return what every request has."""
        self.numbers += self.step
        return Doing(one.placed.order.order, f"soak-{self.numbers}", one.now, "soak", cause)

    def hit(self, chance: float) -> bool:
        """Say whether something that has a chance happens."""
        return self.random.random() < chance

    def do(self, one: Living, verb: str, ask: Callable[[Doing], Told | Denied]) -> Told | Denied:
        """Do something; now and then twice, which must be told the same."""
        doing = self.doing(one, verb)
        began, worked = perf_counter(), process_time()
        said = ask(doing)
        if verb in ("decline", "silent"):
            self.found.resourced.append((perf_counter() - began, process_time() - worked))
        if self.hit(self.chances.twice) and ask(doing) != said:
            self.found.faults.append(f"{doing.order}: key {doing.key} was told two things")
        self.found.moves[verb if isinstance(said, Told) else f"{verb} refused"] += 1
        return said

    def place(self, one: Living) -> None:
        """Place an order with some charges on it."""
        worth = sum(line.units * line.price_cents for line in one.placed.lines)
        off = self.random.randrange(worth // 4 + 1)
        charges = (Charge(kind="coupon", cents=-off), Charge(kind="fee", cents=495))
        terms = Terms(charges=charges, tax=1_900)
        said = self.do(one, "place", lambda d: place(self.life, d, one.placed, terms=terms))
        one.promised = said.promise_at if isinstance(said, Told) else None

    def move(self, one: Living) -> None:
        """Take an order one move further."""
        one.moves += 1
        one.now += timedelta(minutes=self.random.randrange(5, 240))
        state = show(self.life, one.placed.order.order)
        assert state is not None
        live = [piece for piece in state.pieces if piece.state not in ENDS]
        if not live:
            self.end(one, state)
        elif one.moves == 1 and self.hit(self.chances.cancel):
            line = self.random.choice(one.placed.lines)
            self.do(one, "cancel", lambda d: cancel(self.life, d, line=line.line, units=1))
        elif one.moves < 3 and self.hit(self.chances.change):
            self.change(one)
        elif waits := [piece for piece in live if piece.shipment is None]:
            self.wait(one, state, waits)
        else:
            self.ship(one, state, self.random.choice(live))

    def change(self, one: Living) -> None:
        """Have the customer change the order, if the price is right."""
        wishes = [
            OrderChange(fastest=True),
            OrderChange(by=one.now + timedelta(days=9)),
            OrderChange(cancel={one.placed.lines[0].line: 1}),
        ]
        wish = self.random.choice(wishes)
        offer = quote_change(self.life, self.doing(one), wish)
        if isinstance(offer, ChangeQuote):
            self.do(one, "change", lambda d: accept_change(self.life, d, wish, offer.quote))
            if wish.by or wish.fastest:
                one.promised = offer.promise_at

    def wait(self, one: Living, state: OrderState, waits: Sequence[Piece]) -> None:
        """Have stock come in for what waits, and look again; give up in the end."""
        forget = state.is_with_person
        self.found.persons += forget
        if one.moves > MOST_MOVES // 4:
            line, units = waits[0].line, waits[0].units
            self.do(one, "cancel", lambda d: cancel(self.life, d, line=line, units=units))
            return
        if one.moves > 4:
            node = self.random.choice(self.warehouses)
            self.receive(node, state.lines[waits[0].line].sku, waits[0].units)
        self.do(one, "source", lambda d: source(self.again, d, forget=forget))

    def receive(self, node: str, sku: str, units: int) -> None:
        """Have a node report units that have come."""
        self.numbers += self.step
        said = StockMessage(node=node, sku=sku, sequence=self.numbers, kind="delta", units=units)
        hear_stock(self.life.desk, said)
        self.found.came += units

    @property
    def warehouses(self) -> list[str]:
        """Nodes where stock comes in, and goods come back."""
        nodes = self.life.source.world.nodes
        return [str(name) for name in nodes["node"][nodes["returns"]][:5]]

    def ship(self, one: Living, state: OrderState, piece: Piece) -> None:
        """Have a node, or the carrier, do the next with a shipment, or fail to."""
        name, order = str(piece.shipment), state.order
        assert order is not None
        if piece.state == "allocated" and self.hit(self.chances.silent):
            self.do(one, "silent", lambda d: decline(self.again, d, name))
        elif piece.is_held and self.hit(self.chances.decline / 3):
            gone = self.hit(self.chances.missing)
            self.do(one, "decline", lambda d: decline(self.again, d, name, missing=gone))
        elif piece.state == "picking" and self.hit(self.chances.short):
            self.do(one, "short", lambda d: pack_short(self.again, d, name, {piece.line: 1}))
        else:
            self.forward(one, state, piece)

    def forward(self, one: Living, state: OrderState, piece: Piece) -> None:
        """Take a shipment one step further."""
        name = str(piece.shipment)
        verb: Step = NEXT.get(piece.state, "collect")
        collects = state.order is not None and state.order.mode != "delivery"
        if collects and (verb == "deliver" or state.shipments[name].service is None):
            verb = {"ship": "ready", "deliver": "ready"}.get(verb, verb)  # type: ignore[assignment]
        if verb == "deliver" and self.hit(self.chances.delayed + self.chances.lost):
            self.carrier(one, state, name)
        elif verb in ("deliver", "collect"):
            planned = state.shipments[name].arrives or one.now
            late = timedelta(days=1) if self.hit(self.chances.late) else timedelta()
            here = replace(one, now=max(planned + late, one.now if late else planned))
            one.arrived = max(here.now, one.arrived or here.now)
            self.do(here, verb, lambda d: step(self.life, d, verb, name))
        else:
            self.do(one, verb, lambda d: step(self.life, d, verb, name))

    def carrier(self, one: Living, state: OrderState, name: str) -> None:
        """Have a carrier be late, or lose a parcel."""
        lost = self.hit(self.chances.lost / (self.chances.lost + self.chances.delayed))
        due = (state.shipments[name].arrives or one.now) + timedelta(days=1)
        said = CarrierEvent(
            order=one.placed.order.order, shipment=name, kind="lost" if lost else "delayed",
            due=None if lost else due,
        )  # fmt: skip
        self.do(one, said.kind, lambda d: hear_carrier(self.again, d, said))

    def end(self, one: Living, state: OrderState) -> None:
        """See whether the promise was kept; now and then goods come back."""
        if not one.over:
            one.over = True
            self.found.promised += one.arrived is not None
            kept = one.arrived is not None and one.promised is not None
            self.found.kept += bool(kept and one.arrived <= one.promised)  # type: ignore[operator]
        got = [piece for piece in state.pieces if piece.state in ("delivered", "collected")]
        if got and self.hit(self.chances.back):
            piece, node = self.random.choice(got), self.random.choice(self.warehouses)
            units = self.random.randint(1, piece.units)
            grade: Grade = self.random.choice(("new", "opened", "broken"))
            self.do(
                one,
                "return",
                lambda d: give_back(self.life, d, piece.line, units, node=node, grade=grade),
            )


def soak(
    life: Life,
    placed: Sequence[Placed],
    *,
    again: Life | None = None,
    seed: int = 0,
    chances: Chances | None = None,
) -> Soaked:
    """Let orders live at random; return what came of it, and what should not have.

    Args:
        life: a database, open; nobody else writes to it.
        placed: the orders.
        again: by which declines are sourced again, where it is another.
        seed: of all chances.
        chances: how often what happens.
    """
    before = on_hand(life)
    found = live(life, placed, again=again, seed=seed, chances=chances)
    return judged(life, found, before)


def judged(life: Life, found: Soaked, before: int) -> Soaked:
    """Say of orders that have lived what should not be.

    Args:
        life: a database; nobody writes to it any more.
        found: what came of all orders.
        before: units that were on hand.
    """
    seen = checked(life, before + found.came)
    found.changed = seen.changed
    found.faults += seen.faults
    return found


def live(
    life: Life,
    placed: Sequence[Placed],
    *,
    again: Life | None = None,
    seed: int = 0,
    chances: Chances | None = None,
    part: tuple[int, int] = (0, 1),
) -> Soaked:
    """Let orders live at random, beside others of the same database.

    Args:
        life: where.
        placed: the orders, of all that live there.
        again: by which declines are sourced again, where it is another.
        seed: of all chances.
        chances: how often what happens.
        part: which of them, and of how many parts: every so manieth order.
    """
    mine, parts = part
    soak = Soak(life, again or life, Random(seed + mine), chances or Chances(), mine, parts)
    begin = life.source.world.scenario.now
    all_ = [Living(each, begin + timedelta(seconds=30 * i)) for i, each in enumerate(placed)]
    waiting = deque(all_[mine::parts])
    soak.found.orders = len(waiting)
    under_way: list[Living] = []
    while waiting or under_way:
        if waiting and len(under_way) < UNDER_WAY:
            under_way.append(waiting.popleft())
            soak.place(under_way[-1])
            continue
        at = soak.random.randrange(len(under_way))
        soak.move(under_way[at])
        if under_way[at].over or under_way[at].moves > MOST_MOVES:
            under_way[at] = under_way[-1]
            under_way.pop()
    return soak.found


def orders_of(world: World) -> list[Placed]:
    """Return the orders of a world, to be placed one by one; nothing has been promised yet."""
    heads, lines = (
        [
            {name: value for name, value in row.items() if value is not None}
            for row in decode_table(world, table).to_dicts()
        ]
        for table in ("orders", "lines")
    )
    by_order: dict[str, list[Line]] = {}
    for row in lines:
        by_order.setdefault(row["order"], []).append(Line.model_validate(row))
    promised = {"promised_by", "max_shipments", "ship_complete"}
    return [
        Placed(
            order=Order.model_validate({k: v for k, v in row.items() if k not in promised}),
            lines=tuple(by_order[row["order"]]),
        )
        for row in heads
    ]
