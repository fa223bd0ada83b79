"""What each parcel of a plan weighs, where it goes, when it arrives and what it costs.

Found from the world's tables and the raw decisions alone, with the formulas of
solvers/compile/costs.py, solvers/routes/direct.py, solvers/compile/fences.py and
solvers/compile/available.py; no problem, no menu, no solver. Indices: s a parcel, 0 … S−1; x a
content row, 0 … X−1 (a parcel and a line of its order).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from omnisource.models.world import World
from omnisource.solvers.compile.available import Cells, cells, channels_of
from omnisource.solvers.compile.costs import co2_rate, penalty_cents, price_parcels
from omnisource.solvers.compile.fences import Fences, fences
from omnisource.solvers.compile.grouping import Rows
from omnisource.solvers.compile.groups import late_factor
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.compile.risk import held_at, move_cents, shipment_risk, unit_risk
from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import UNLIMITED, Floats, Ints
from omnisource.solvers.routes.clocks import BEYOND
from omnisource.solvers.routes.direct import COUNTER, Network, distances_km, network, zone_rules

Bits = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Parcels:
    """Decisions seen through the world's tables; each figure is found when it is asked for."""

    world: World
    shipped: Shipped

    @property
    def size(self) -> int:
        """The number of parcels, S."""
        return len(self.shipped.order)

    @cached_property
    def parcel(self) -> Ints:
        """(X,) which parcel a content row is in."""
        return np.repeat(np.arange(self.size), np.diff(self.shipped.start))

    @cached_property
    def sku(self) -> Ints:
        """(X,) row of world.products."""
        return self.world.lines["sku"][self.shipped.line].astype(np.int64)

    @cached_property
    def row_node(self) -> Ints:
        """(X,) the node that sends."""
        return self.shipped.node[self.parcel]

    def total(self, figures: Ints) -> Ints:
        """Add (X,) figures up by parcel, (S,)."""
        sums = np.zeros(self.size, np.int64)
        np.add.at(sums, self.parcel, figures)
        return sums

    # where and when

    @cached_property
    def network(self) -> Network:
        """Zone rules, tariffs, destinations and clocks."""
        return network(self.world)

    @cached_property
    def over_the_counter(self) -> NDArray[np.bool_]:
        """(S,) handed over where the goods lie, no service."""
        return np.asarray(self.shipped.service == COUNTER)

    @cached_property
    def km(self) -> Floats:
        """(S,) from the node to the destination, NaN where a place is not known."""
        nodes, to, order = self.world.nodes, self.network.destinations, self.shipped.order
        lat, lon = (nodes[name][self.shipped.node].astype(np.float64) for name in ("lat", "lon"))
        return np.asarray(distances_km(lat, lon, to.lat[order], to.lon[order]))

    @cached_property
    def rule(self) -> Ints:
        """(S,) the zone rule that the parcel goes by, −1 for none, or if it would never leave."""
        rules, shipped = self.network.rules, self.shipped
        place = self.network.destinations.place[shipped.order]
        tables = (rules.start, rules.node, rules.up_to_km, rules.fits)
        rule = zone_rules(*tables, shipped.service, shipped.node, place, self.km)
        known = self.network.arrivals
        if not known.rule.size:
            return np.asarray(rule)
        at = known.at[known.node[shipped.node], known.rule[np.maximum(rule, 0)]]
        return np.where(at < BEYOND, rule, -1)

    @cached_property
    def arrives(self) -> Ints:
        """(S,) minutes since 1970-01-01 UTC; goods at the counter are there when ready."""
        known = self.network.arrivals
        column = self._by_rule(known.rule)
        by_service = known.at[known.node[self.shipped.node], column] if known.at.size else 0
        collected = self.network.collected[self.shipped.node]
        return np.where(self.over_the_counter, collected, by_service)

    @cached_property
    def promised(self) -> Ints:
        """(S,) the earliest date promised to what is in it, minutes; `UNLIMITED` for none.

        Lines of orders that were joined have dates of their own (solvers/consolidate.py).
        """
        promised = self.network.destinations.promised_by[self.shipped.order]
        if (own := self.world.lines.get("promised_by")) is not None:
            promised = promised.copy()
            np.minimum.at(promised, self.parcel, own[self.shipped.line])
        return promised

    @cached_property
    def days_late(self) -> Ints:
        """(S,) whole days after the promise, each begun one counted; 0 without a promise."""
        promised = self.promised
        late = np.maximum(0, -((promised - self.arrives) // 1440))
        return np.where(promised < UNLIMITED, late, 0)

    # what it weighs

    @cached_property
    def units(self) -> Ints:
        """(S,) units in the parcel."""
        return self.total(self.shipped.units)

    @cached_property
    def grams(self) -> Ints:
        """(S,) actual weight."""
        return self.total(self.world.products["grams"][self.sku] * self.shipped.units)

    @cached_property
    def mm3(self) -> Floats:
        """(S,) volume of the goods; whole numbers, so that the order of adding is no matter."""
        products = self.world.products
        sides = [
            products[f"{side}_mm"].astype(np.float64) for side in ("length", "width", "height")
        ]
        volume = (sides[0] * sides[1] * sides[2])[self.sku] * self.shipped.units
        return np.bincount(self.parcel, volume, self.size).astype(np.float64)

    # which rules bear on it

    @cached_property
    def fences(self) -> Fences:
        """The policy's fences and the services' size limits."""
        return fences(self.world, self.network.destinations.country)

    @cached_property
    def fence_bits(self) -> Bits:
        """(X,) the rules that forbid what a content row does."""
        rules, shipped = self.fences, self.shipped
        way = rules.node[shipped.node] & rules.service[shipped.service]
        for i, limit in enumerate(rules.beyond_km.tolist()):
            if limit >= 0:
                way[~(self.km > limit)] &= ~(np.uint64(1) << np.uint64(i))
        goods = rules.order[shipped.order[self.parcel]] & rules.product[self.sku]
        return np.asarray(way[self.parcel] & goods)

    # what it costs, cents

    @cached_property
    def tariff(self) -> tuple[Ints, Ints, Ints]:
        """(S,) billable grams, freight and CO2; freight is `NEVER` beyond the last step."""
        tariffs, service = self.network.tariffs, self.shipped.service
        emits = np.append(self.world.services["grams_co2_per_kg_km"].astype(np.float64), 0.0)
        rate = _co2_rates(emits[service], self.km, self.world.policy.co2_cents_per_kg)
        billable, freight, co2 = price_parcels(
            self.grams, self.mm3, tariffs.divisor[service], self._by_rule(self.network.rules.steps),
            rate, tariffs.grams, tariffs.cents,
        )  # fmt: skip
        return billable, freight, co2

    @cached_property
    def handling(self) -> Ints:
        """(S,) the node's cents a shipment and a unit."""
        nodes, node = self.world.nodes, self.shipped.node
        a_unit = nodes["cents_per_unit"][node].astype(np.int64) * self.units
        return np.asarray(nodes["cents_per_shipment"][node] + a_unit)

    @cached_property
    def stock(self) -> Ints:
        """(S,) the extra cost of drawing from those cells; may be negative."""
        a_unit = np.append(self.cells.unit_cost, 0)[self.cell]
        return self.total(a_unit * self.shipped.units)

    @cached_property
    def risk(self) -> Ints:
        """(S,) what declines, and units that are not there, are expected to cost."""
        a_unit = np.append(unit_risk(self.world, self.cells), 0)[self.cell]
        a_shipment = shipment_risk(self.world)[self.shipped.node]
        return np.asarray(a_shipment + self.total(a_unit * self.shipped.units))

    @cached_property
    def moved(self) -> Ints:
        """(S,) units that were reserved at another node, at the policy's price."""
        held = held_at(self.world)[self.shipped.line]
        away = (held >= 0) & (held != self.row_node)
        return self.total(away * self.shipped.units * move_cents(self.world))

    @cached_property
    def late(self) -> Ints:
        """(S,) units times days late at the penalty of the order's tier."""
        penalty = penalty_cents(self.world.policy.late_cents or 0, late_factor(self.world))
        return self.units * self.days_late * penalty[self.shipped.order]

    # what it draws on

    @cached_property
    def cells(self) -> Cells:
        """What may be sold from each (node, SKU)."""
        return cells(self.world)

    @cached_property
    def cell(self) -> Rows:
        """(X,) the cell that a content row draws on for its channel, −1 if there is none."""
        channel = channels_of(self.world)[self.shipped.order][self.parcel]
        return self.cells.find_for(channel, self.row_node, self.sku)

    def _by_rule(self, figures: Ints) -> Ints:
        """Look a figure of the zone rule up, (S,); 0 where there is no rule."""
        return np.append(figures, 0)[self.rule]


@compiled
def _co2_rates(grams_per_kg_km: Floats, km: Floats, cents_per_kg: float) -> Floats:
    rates = np.empty(len(km))
    for s in range(len(km)):
        rates[s] = co2_rate(grams_per_kg_km[s], km[s], cents_per_kg)
    return rates
