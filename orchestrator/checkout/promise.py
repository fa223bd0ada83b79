"""The verb "promise": what a customer can be told about a cart, before there is an order.

A world and the prices of its last night are prepared once (`promiser`), then every cart is a call
of a fraction of a millisecond. Nothing is written and nothing is held: the same cart at the same
time gets the same offer, and an option carries the plan that `reserve` would hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from itertools import islice
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from omnisource.models.base import UnusableInput
from omnisource.models.plan import Plan
from omnisource.models.promise import (
    PROMISE_MODES,
    Cart,
    Offer,
    PromiseMode,
)
from omnisource.models.world import SERVICE_KINDS, World
from omnisource.orchestrator.checkout.placed import placed
from omnisource.orchestrator.checkout.refuse import refusals, too_large
from omnisource.orchestrator.checkout.room_left import days_left
from omnisource.orchestrator.checkout.telling import Telling, together
from omnisource.orchestrator.folder.rejects import nearest
from omnisource.orchestrator.report.words import count
from omnisource.orchestrator.warm import start_of
from omnisource.solvers.compile.kits import kits
from omnisource.solvers.compile.lines import joined_lines
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.problem import MENU_LIMIT, UNLIMITED, Prices, Problem
from omnisource.solvers.quote.asked import Ask, cuts
from omnisource.solvers.quote.desk import KEPT, Desk, desk
from omnisource.solvers.quote.plans import Quotes

LOOKED_AT: Final = 5_000
"""Names that a wrong one is held against."""
OF_KIND: Final[Mapping[str, PromiseMode]] = {"express": "express", "same_day": "same_day"}
"""Modes of services to the door; of every other kind: standard."""


@dataclass(frozen=True, eq=False)
class Promiser:
    """A world prepared for carts, with its names."""

    desk: Desk
    zone: tzinfo  # in which times are told
    sku: Mapping[str, int]
    node: Mapping[str, int]
    modes: tuple[PromiseMode, ...]  # of each service to the door
    names: Mapping[str, tuple[str, ...]]  # of nodes, services and products
    fees: tuple[int, ...]  # (V+1,) cents, the counter's last
    texts: dict[int, str] = field(default_factory=dict, repr=False)  # minutes, as they are told

    def promise(self, cart: Cart, now: datetime) -> Offer:
        """Return what can be promised for a cart at a time.

        Raises:
            UnusableInput: the cart names a product, a bundle or a node that is not there.
        """
        return self.offer(self.ask(cart, now))

    def offer(self, ask: Ask) -> Offer:
        """Return what can be promised for a cart in the world's rows."""
        return self.offer_of(ask, self.plans(ask))

    def offer_of(self, ask: Ask, plans: tuple[Telling, list[Telling]] | None) -> Offer:
        """Return the plans that were found for a cart, see `plans`, as an offer."""
        if plans is None:
            return Offer(self.told(ask.now), (), partial(too_large, ask))
        here, later = plans
        options = here.options()
        if later:
            options = together([*options, *(each for plan in later for each in plan.options())])
        return Offer(self.told(ask.now), options, partial(refusals, self, ask, options))

    def plans(self, ask: Ask) -> tuple[Telling, list[Telling]] | None:
        """Return the plans from what is there, and from goods that are awaited where need be.

        None: the cart can be cut in too many ways.
        """
        if cuts(ask.units) > MENU_LIMIT:
            return None
        groups, found = self.desk.answer(ask)
        return Telling(self, ask, groups, found), self._awaited(ask, groups, found)

    def _awaited(self, ask: Ask, groups: list[str], found: Quotes) -> list[Telling]:
        """Return the plans of groups without one that have one once goods arrive."""
        served, later = set(found.group.tolist()), list[Telling]()
        for g, group in enumerate(groups):
            answer = None
            if g not in served and group != "mixed":
                answer = self.desk.awaited(ask, group)
            if answer is not None:
                later.append(Telling(self, answer[0], [group], answer[1], ask.now))
        return later

    def ask(self, cart: Cart, now: datetime) -> Ask:
        """Return the cart in the world's rows, lines of one product joined."""
        units: dict[int, int] = {}
        for line in cart.lines:
            sku = _row(self.sku, line.sku, "product")
            units[sku] = units.get(sku, 0) + line.units
        lines = sorted(units.items())
        if cart.from_store is not None:
            _row(self.node, cart.from_store, "node")
        store = -1 if cart.counter is None else _row(self.node, cart.counter, "node")
        general = self.desk.world.policy.max_shipments
        return Ask(
            sku=tuple(sku for sku, _ in lines),
            units=tuple(asked for _, asked in lines),
            now=int(now.timestamp()) // 60,
            country=cart.country or "",
            postcode=cart.postcode,
            lat=np.nan if cart.lat is None else cart.lat,
            lon=np.nan if cart.lon is None else cart.lon,
            home=cart.home,
            store=store,
            channel=cart.channel,
            tier=cart.tier,
            most=cart.max_shipments or general or UNLIMITED,
            by=UNLIMITED if cart.by is None else int(cart.by.timestamp()) // 60,
            modes=cart.modes or PROMISE_MODES,
            **_bundled(self.desk.world, cart),
        )

    def told(self, minute: int) -> datetime:
        """Return a minute as the time that people are told."""
        return datetime.fromtimestamp(minute * 60, self.zone)

    def text(self, minute: int) -> str:
        """Return it as text, remembered: the same few minutes are told over and over."""
        if minute not in self.texts:
            if len(self.texts) >= KEPT:
                self.texts.clear()
            self.texts[minute] = self.told(minute).isoformat()
        return self.texts[minute]


def _bundled(world: World, cart: Cart) -> dict[str, tuple[int, ...]]:
    """Return which of a cart's products lie in one parcel."""
    if not any(line.bundle for line in cart.lines):
        return {}
    for line in cart.lines:
        if line.bundle and line.bundle not in world.bundles["bundle"]:
            raise UnusableInput(f"no bundle is called {line.bundle!r}")
    alone = placed(world, cart)
    found = kits(alone, joined_lines(alone))
    together = np.where(found.parcel, found.first, -1)
    return {"kit": tuple(together.tolist()), "kit_units": tuple(found.units.tolist())}


def promiser(
    world: World,
    prices: Plan | pl.DataFrame | None = None,
    *,
    lead_times: LeadTimes | None = None,
) -> Promiser:
    """Prepare a world, and the prices of its last night, for carts.

    Args:
        world: network, products and stock; its orders are not looked at.
        prices: last night's, as `allocate` takes them: a plan, or what `read_prices` returns.
        lead_times: learned, to date parcels by; by the clocks alone if absent.

    Raises:
        UnusableInput: the prices cannot be used, or there are more than 64 fences.
    """

    def price(bare: Problem) -> Prices:
        return Prices.zero(bare) if prices is None else start_of(world, bare, prices)

    services, nodes = world.services, world.nodes
    kinds = [SERVICE_KINDS[kind] for kind in services["kind"].tolist()]
    names = {
        "node": tuple(nodes["node"]), "service": tuple(services["service"]),
        "sku": tuple(world.products["sku"]),
    }  # fmt: skip
    return Promiser(
        desk=desk(world, price, lead_times=lead_times, days=days_left(world)),
        zone=world.scenario.now.tzinfo or UTC,
        sku={name: row for row, name in enumerate(names["sku"])},
        node={name: row for row, name in enumerate(names["node"])},
        modes=tuple(OF_KIND.get(kind, "standard") for kind in kinds),
        names=names,
        fees=(*services["fee_cents"].tolist(), 0),
    )


def promise(
    world: World,
    cart: Cart,
    *,
    now: datetime | None = None,
    prices: Plan | pl.DataFrame | None = None,
    lead_times: LeadTimes | None = None,
) -> Offer:
    """Say what can be promised for a cart: by when, how surely, for how much, and from where.

    Pure: nothing is written or held. What is prepared of a world is kept for the next cart, as long
    as the world is.

    Args:
        world: network, products and stock.
        cart: what is asked for, and where it shall go.
        now: when it is asked; the scenario's clock by default.
        prices: of last night, to choose by: a plan, or what `read_prices` returns.
        lead_times: as `learn` or `read_lead_times` returns them: dates are then kept with the
            probability that the policy asks for. By the clocks alone if absent.

    Raises:
        UnusableInput: the cart names what is not there, a `now` without its offset from UTC, or
            prices that cannot be used.
    """
    asked = now or world.scenario.now
    if asked.tzinfo is None:
        raise UnusableInput(f"now = {now}: the time has no offset from UTC; give an aware datetime")
    known, times, ready = _PREPARED.get(world, (None, None, None))
    if ready is None or known is not prices or times is not lead_times:
        ready = promiser(world, prices, lead_times=lead_times)
        _PREPARED[world] = prices, lead_times, ready
    return ready.promise(cart, asked)


_PREPARED: Final[WeakKeyDictionary[World, tuple[Any, Any, Promiser]]] = WeakKeyDictionary()
"""What was prepared of a world, and the prices and lead times it was prepared with."""


def _row(known: Mapping[str, int], name: str, what: str) -> int:
    """Return the row of a name."""
    if name not in known:
        near = nearest(name, islice(known, LOOKED_AT))
        hint = f": is it {near!r}?" if near else f"; the scenario has {count(len(known), what)}"
        raise UnusableInput(f"the cart: no {what} is called {name!r}{hint}")
    return known[name]
