"""Quotes over lanes against every route, departure and way to merge that tiny networks have."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement, product
from math import floor
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import pytest

from omnisource.models.network import Lane, Node, Service, TariffStep, ZoneRule
from omnisource.models.policy import Fence, Policy
from omnisource.models.product import Product
from omnisource.models.scenario import Scenario
from omnisource.models.stock import StockCell
from omnisource.models.week import departure_of
from omnisource.orchestrator.folder.load import world_of
from omnisource.solvers.compile.costs import great_circle_km
from omnisource.solvers.problem import Prices
from omnisource.solvers.quote.asked import HOME, TO_STORE, Ask
from omnisource.solvers.quote.desk import desk
from omnisource.solvers.routes import clocks
from omnisource.solvers.routes.direct import fitting, zone_rule

KINDS = {"W": "warehouse", "V": "warehouse", "U": "store", "H": "hub", "I": "hub", "S": "store"}
NAMES = list(KINDS)
STORE = NAMES.index("S")
GERMANY = holidays.country_holidays("DE", years=(2027, 2028))
NIGHTS = ("2027-03-25", "2027-10-29", "2027-12-23", "2027-06-01")  # clocks change, holidays


def network(seed):
    """Two warehouses and a store with stock, two hubs, a store to collect at; all drawn."""
    rng = np.random.default_rng(seed)
    pick = lambda *values: values[rng.integers(len(values))]  # noqa: E731
    now = datetime.fromisoformat(pick(*NIGHTS)).replace(tzinfo=UTC)
    now += timedelta(minutes=int(rng.integers(3_000)))
    ends = [(a, b) for a in "WVUH" for b in "HIS" if a != b]
    lanes = {}
    for i in rng.permutation(len(ends))[: rng.integers(4, 9)]:
        a, b = ends[i]
        lanes[a, b] = Lane(
            from_node=a, to_node=b, service="truck", transit_minutes=pick(30, 600, 2_000),
            departs=pick("daily 18:00", "Mon-Fri 02:30", "daily 12:00"),
            cutoff=pick(None, "02:00", "11:00"), cents_per_kg=pick(0, 10, 25),
            cents_per_departure=pick(0, 1_024), kg_per_departure=pick(None, 128),
        )  # fmt: skip
    skus = "ab"
    fence = Fence(name="no a by truck at V", nodes=("V",), skus=("a",), services=("truck",))
    policy = Policy(co2_cents_per_kg=pick(0, 200), fences=(fence,) if rng.random() < 0.3 else ())
    world = world_of(
        Scenario(name="lanes", now=now, policy=policy),
        nodes=[
            Node.model_validate({
                "node": n, "kind": kind, "lat": 50 + i, "lon": 10, "country": "DE",
                "postcode": "10115", "pickup": n == "S", "ships": n in "WVU" and rng.random() < 0.8,
                "timezone": pick("Europe/Berlin", "America/New_York"), "calendar": pick("", "DE"),
                "hours": pick("", "Mon-Sat 08:00-20:00"), "processing_minutes": pick(0, 30, 300),
                "cents_per_shipment": pick(20, 150), "cents_per_unit": pick(0, 7),
                "cutoff": pick(None, "15:00"),
                "orders_per_day": pick(None, 1, 2) if n in "WVU" else None,
                "units_per_day": pick(None, 3, 2) if n in "WVU" else None,
            })
            for i, (n, kind) in enumerate(KINDS.items())
        ],
        services=[
            Service(service="truck", kind="transfer", grams_co2_per_kg_km=0.125),
            Service(service="post", kind="parcel", grams_co2_per_kg_km=0.25),
            Service(service="fast", kind="express", grams_co2_per_kg_km=0.5),
        ],
        zones=[
            ZoneRule(service="post", node=pick("H", "I"), zone="near", transit_days=pick(0, 1)),
            ZoneRule(service="post", zone="far", transit_days=2),
            ZoneRule(service="fast", node=pick("H", "W"), zone="fast", transit_days=0),
        ],
        tariffs=[
            TariffStep(service=service, zone=zone, up_to_grams=grams, cents=cents)
            for service, zone, grams, cents in (
                ("post", "far", 1_500, 600), ("post", "far", 5_000, 900),
                ("post", "near", 2_500, 200), ("post", "near", 5_000, 450),
                ("fast", "fast", 5_000, 800),
            )
        ],
        products=[Product(sku=s, grams=pick(500, 1_000)) for s in skus],
        stock=[
            StockCell(node=n, sku=s, on_hand=pick(0, 1, 3), unit_cost_cents=pick(0, -5))
            for n in ("W", "V", "U", "S") for s in skus
        ],
        lanes=list(lanes.values()),
    )  # fmt: skip
    units = pick((1, 1), (2, 1), (1, 2), (3, 0), (2, 0))
    basket = [(i, u) for i, u in enumerate(units) if u]
    ask = Ask(
        sku=tuple(i for i, _ in basket), units=tuple(u for _, u in basket), now=world.now,
        country="DE", postcode="10115", lat=52.5, lon=13.4, store=STORE,
    )  # fmt: skip
    return world, ask, rng


class Brute:
    """All parcels, consignments and plans of one cart in one row, in plain Python."""

    def __init__(self, world, ask, row, prices):
        self.world, self.ask, self.row, self.prices = world, ask, row, prices
        self.ready = desk(world)
        self.data, self.c = self.ready.inputs(ask), self.ready.at(ask.now).clocks
        self.gram = [int(world.products["grams"][s]) for s in ask.sku]
        place = (52.5, 13.4) if row == HOME else (50.0 + STORE, 10.0)
        self.km = [great_circle_km(50 + n, 10, *place) for n in range(len(NAMES))]
        self.co2 = float(world.policy.co2_cents_per_kg)
        self.stock = {
            (int(n), int(s)): int(u)
            for n, s, u in zip(*(world.stock[c] for c in ("node", "sku", "on_hand")), strict=True)
        }  # fmt: skip

    def contents(self):
        return [x for x in product(*(range(u + 1) for u in self.ask.units)) if any(x)]

    def grams(self, x):
        return sum(u * g for u, g in zip(x, self.gram, strict=True))

    def handling(self, n, x):
        """Cents that a node itself takes, priced cents included."""
        cents = int(self.world.nodes["cents_per_shipment"][n]) + self.prices.node_order[n]
        cells = list(zip(self.world.stock["node"], self.world.stock["sku"], strict=True))
        for units, sku in zip(x, self.ask.sku, strict=True):
            if not units:
                continue
            at = cells.index((n, sku))
            each = int(self.world.nodes["cents_per_unit"][n]) + self.prices.node_unit[n]
            each += int(self.world.stock["unit_cost_cents"][at]) + self.prices.cell[at]
            cents += units * each
        return cents

    def departures(self, lane, since):
        """The first departures of a lane that take goods ready at `since`: their arrivals."""
        world = self.world
        tail = int(world.lanes["from_node"][lane])
        zone, calendar = ZoneInfo(world.nodes["timezone"][tail]), world.nodes["calendar"][tail]
        named, at = departure_of(world.lanes["departs"][lane])
        cutoff = int(world.lanes["cutoff"][lane])
        taken, found = at if cutoff < 0 else min(at, cutoff), []
        first = datetime.fromtimestamp(since * 60, UTC).date() - timedelta(1)
        for day in (first + timedelta(i) for i in range(9)):
            if day.weekday() not in named or (calendar and day in GERMANY):
                continue
            walls = (datetime(day.year, day.month, day.day, m // 60, m % 60) for m in (taken, at))
            last, leaves = (int(w.replace(tzinfo=zone).timestamp()) // 60 for w in walls)
            if last >= since:
                found.append(leaves + int(world.lanes["transit_minutes"][lane]))
        return found[:3]

    def every_way(self, node, target, since, seen=()):
        """(arrival, handling on the way, cents a kg, g CO2 a kg, barred for a) of each way."""
        world = self.world
        for lane in np.flatnonzero(world.lanes["from_node"] == node).tolist():
            head = int(world.lanes["to_node"][lane])
            if head in seen or head == node:
                continue
            kg = int(world.lanes["kg_per_departure"][lane])
            cost = int(world.lanes["cents_per_kg"][lane])
            cost += int(world.lanes["cents_per_departure"][lane]) / kg if kg > 0 else 0.0
            co2 = 0.125 * great_circle_km(50 + node, 10, 50 + head, 10)
            barred = bool(world.policy.fences) and NAMES[node] == "V"
            for there in self.departures(lane, since):
                if head == target:
                    yield there, 0, cost, co2, barred
                elif NAMES[head] in "HI":
                    onward = int(clocks.ready(self.c, head, there))
                    fee = int(world.nodes["cents_per_shipment"][head])
                    rest = self.every_way(head, target, onward, (*seen, node))
                    for at, fixed, more, grams, no in rest:
                        yield at, fixed + fee, cost + more, co2 + grams, barred or no

    def sent(self, node, target):
        """Consignments of a node: (units, arrival, priced cents, grams of CO2)."""
        since = int(clocks.ready(self.c, node, self.ask.now))
        found = {}
        for at, fixed, per_kg, co2, barred in set(self.every_way(node, target, since)):
            for x in self.contents():
                if not self.has(node, x) or (barred and x[0] and self.ask.sku[0] == 0):
                    continue
                g = self.grams(x)
                cents = fixed + floor(per_kg * g / 1_000 + 0.5)
                cents += floor(g * (co2 / 1_000 * self.co2 / 1_000) + 0.5)
                figure = at, cents + self.handling(node, x), floor(g * (co2 / 1_000) + 0.5)
                found.setdefault(x, set()).add(figure)
        return {x: front(figures) for x, figures in found.items()}

    def has(self, node, x):
        held = zip(x, self.ask.sku, strict=True)
        return all(not units or self.stock.get((node, s), 0) >= units for units, s in held)

    def parcels(self, node, since, x):
        """Parcels of x from a node, ready at `since`: (arrival, cents, grams of CO2)."""
        fits = fitting(self.ready.zones, [("DE", "10115")])
        d, g, km = self.data, self.grams(x), self.km[node]
        for v in (1, 2):
            z = zone_rule(d.rule_start, d.rule_node, d.up_to_km, fits, v, node, 0, km)
            if z < 0:
                continue
            at = int(clocks.delivered(self.c, node, v, z, since))
            step = int(d.rule_steps[z])
            while d.step_grams[step] < g:
                step += 1
            rate = (0.25, 0.5)[v - 1]
            cents = int(d.step_cents[step]) + floor(g * (rate * km * self.co2 * 1e-6) + 0.5)
            yield at, cents, floor(g * (rate * km / 1_000) + 0.5)

    def pieces(self):
        """All that can be one parcel: (what it takes, units, arrival, cents, grams, merged)."""
        for n in (0, 1, 2, STORE):
            yield from self.alone(n)
        for h in (3, 4):
            sent = [(n, self.sent(n, h)) for n in (0, 1, 2, STORE)]
            every = [(n, x, *f) for n, found in sent for x, fs in found.items() for f in fs]
            for many in range(1, sum(self.ask.units) + 1):
                for group in combinations_with_replacement(every, many):
                    x = tuple(map(sum, zip(*(one[1] for one in group), strict=True)))
                    if all(a <= b for a, b in zip(x, self.ask.units, strict=True)):
                        yield from self.merged(h, group, x)

    def alone(self, n):
        """Parcels of a node, and what it hands over or sends to the store."""
        for x in filter(lambda x: self.has(n, x), self.contents()):
            if n == STORE and self.row == TO_STORE:
                at = int(clocks.collect(self.c, n, self.ask.now))
                yield ((n, x),), x, at, self.handling(n, x), 0, False
            elif self.world.nodes["ships"][n]:
                since = int(clocks.ready(self.c, n, self.ask.now))
                for at, cents, grams in self.parcels(n, since, x):
                    yield ((n, x),), x, at, cents + self.handling(n, x), grams, False
        if self.row == TO_STORE and n != STORE:
            for x, figures in self.sent(n, STORE).items():
                for at, cents, grams in figures:
                    yield ((n, x),), x, int(clocks.slot(self.c, STORE, at)), cents, grams, False

    def merged(self, h, group, x):
        since = int(clocks.ready(self.c, h, max(one[2] for one in group)))
        fee = int(self.world.nodes["cents_per_shipment"][h])
        for at, cents, grams in self.parcels(h, since, x):
            all_cents = cents + fee + sum(one[3] for one in group)
            takes = tuple((one[0], one[1]) for one in group)
            yield takes, x, at, all_cents, grams + sum(one[4] for one in group), len(group) > 1

    def plans(self):
        """(arrival, cents, grams, parcels) of each plan of the whole cart."""
        best = {}
        for takes, x, *figure, merged in self.pieces():
            best.setdefault((tuple(sorted(takes)), x, merged), set()).add(tuple(figure))
        every = [(*key, *f) for key, figures in best.items() for f in front(figures)]
        found = set()

        def extend(at, rest, used):
            if not any(rest):
                if self.fits([one for piece in used for one in piece[0]]):
                    found.add((max(p[3] for p in used), float(sum(p[4] for p in used)),
                               sum(p[5] for p in used), len(used)))  # fmt: skip
                return
            for i in range(at, len(every)):
                left = tuple(r - u for r, u in zip(rest, every[i][1], strict=True))
                if min(left) >= 0 and not (every[i][2] and any(p[2] for p in used)):
                    extend(i, left, (*used, every[i]))

        extend(0, self.ask.units, ())
        return found

    def fits(self, takes):
        for n in {n for n, _ in takes}:
            mine = [x for m, x in takes if m == n]
            most = [int(self.world.nodes[name][n]) for name in ("orders_per_day", "units_per_day")]
            if (0 <= most[0] < len(mine)) or (0 <= most[1] < sum(map(sum, mine))):
                return False
            for j, sku in enumerate(self.ask.sku):
                if sum(x[j] for x in mine) > self.stock.get((n, sku), 0):
                    return False
        return True


def front(figures):
    """Those that no other is no worse than."""
    return {
        a for a in figures
        if not any(b != a and all(x <= y for x, y in zip(b, a, strict=True)) for b in figures)
    }  # fmt: skip


def quoted(found):
    rows = zip(found.arrives, found.priced, found.grams, found.parcels, strict=True)
    return {(int(a), float(p), int(g), int(n)) for a, p, g, n in rows}


def assert_best(offered, plans):
    """Every quote is a plan that no other beats, and the fronts that are exact are whole."""
    assert offered <= plans
    assert not any(
        all(x <= y for x, y in zip(a, b, strict=True)) for a in plans for b in offered if a != b
    )
    for columns in ((0, 1, 3), (0, 2)):
        shown = {tuple(p[c] for c in columns) for p in offered}
        for point in {tuple(p[c] for c in columns) for p in plans}:
            assert any(all(x <= y for x, y in zip(s, point, strict=True)) for s in shown)


@pytest.mark.parametrize("group", ["home", "ship_to_store"])
@pytest.mark.parametrize("seed", range(30))
def test_quotes_over_lanes_are_the_best_of_every_plan_there_is(seed, group):
    world, ask, rng = network(seed)

    def drawn(problem):
        zero = Prices.zero(problem)
        return zero._replace(**{
            name: rng.integers(0, 40, len(getattr(zero, name))).astype(float)
            for name in ("cell", "node_order", "node_unit")
        })  # fmt: skip

    ready = desk(world, drawn if seed % 2 else Prices.zero)
    row = HOME if group == "home" else TO_STORE
    if row == HOME and seed % 3:
        ask = replace(ask, store=-1)
    prices = Prices(*ready.prices, np.zeros(1))
    plans = Brute(world, ask, row, prices).plans()
    assert_best(quoted(ready.answer(ask, [group])[1]), plans)
