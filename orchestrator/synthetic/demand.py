"""Synthetic orders and lines.

Orders come from places by weight, placed over `days` before the clock (by the hour: two normal
bumps, at 12:30 and 20:00). A share `large` of the baskets has 9 … 40 lines (uniform); the others
are geometric, cut at 8 lines; then single lines are added to or taken off small baskets at random
until the number of lines is lines_per_order × orders. No SKU stands twice in an order. Units are
1 (85 %), 2 (10 %), 3 … 5 (5 %).

Channels: web 45 %, app 30 %, marketplace 17 %, till 8 %. Tiers: standard 75 %, plus 20 %,
business 5 %. Modes: `mode_shares`; marketplace orders are deliveries. Who collects or reserves
chooses from what the nearest store has; who ordered at a till stood in the nearest store.

Dates, in days after the clock's: none 8 %, 1 day 4 %, 2 days 10 %, 3 days 28 %, 4 … 6 days 50 %,
at 23:59. An order of more than three lines, with an oversized or hazardous product, or to be
collected has 4 … 6 days instead of fewer. A fifth of the orders of 2 … 8 lines limits its
shipments, to 2 and one more every three lines; 3 % of them take only a complete delivery.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from omnisource.orchestrator.folder.write import picked
from omnisource.orchestrator.synthetic.geography import Floats, Ints, Places

MODES: Final = ("delivery", "collect", "ship_to_store", "reserve")
CHANNELS: Final = (("web", 0.45), ("app", 0.30), ("marketplace", 0.17), ("till", 0.08))
TIERS: Final = (("standard", 0.75), ("plus", 0.20), ("business", 0.05))
DATES: Final = ((0, 0.08), (1, 0.04), (2, 0.10), (3, 0.28), (4, 0.25), (5, 0.15), (6, 0.10))
SMALL: Final = 8  # lines of a basket that is not large, at most
LARGE: Final = (9, 40)  # lines of one that is


@dataclass(frozen=True, eq=False)
class Assortment:
    """Which node has which SKU, sorted by node; and how popular the SKUs are."""

    node_start: Ints  # (N+1,) first row of each node
    sku: Ints  # (R,)
    popularity: Floats  # (S,)


@dataclass(frozen=True, eq=False)
class Baskets:
    """Orders in columns, before they are named."""

    place: Ints  # (K,)
    store: Ints  # (K,) the nearest store, a node
    mode: Ints  # (K,) index into `MODES`
    channel: Ints  # (K,) index into `CHANNELS`
    order: Ints  # (L,) order of each line, ascending
    sku: Ints  # (L,)
    units: Ints  # (L,)


def baskets(
    rng: np.random.Generator,
    places: Places,
    nearest_store: Ints,
    *,
    assortment: Assortment,
    orders: int,
    lines_per_order: float,
    large: float,
    mode_shares: tuple[float, float, float, float],
) -> Baskets:
    """Draw who orders what."""
    place = rng.choice(len(places.weight), size=orders, p=places.weight)
    store = nearest_store[place]
    channel = rng.choice(len(CHANNELS), size=orders, p=[share for _, share in CHANNELS])
    mode = rng.choice(len(MODES), size=orders, p=mode_shares)
    mode[(channel == 2) | (store < 0)] = 0
    size = _sizes(rng, orders, lines_per_order, large)
    there = np.isin(mode, (1, 3))
    has = (np.diff(assortment.node_start)[store] + 1) // 2  # leaves a choice
    mode[there & (has == 0)] = 0
    most = int(np.clip(len(assortment.popularity) // 2, 1, LARGE[1]))
    size = np.minimum(size, np.where(mode > 0, has.clip(1), most))
    _balance(rng, size, mode == 0, lines=round(lines_per_order * orders), most=min(most, SMALL))
    order = np.repeat(np.arange(orders), size)
    sku = _skus(rng, order, np.where(np.isin(mode, (1, 3)), store, -1)[order], assortment)
    units = rng.choice(5, size=len(order), p=[0.85, 0.10, 0.02, 0.02, 0.01]) + 1
    return Baskets(place, store, mode, channel, order, sku, units)


def _sizes(rng: np.random.Generator, orders: int, lines_per_order: float, large: float) -> Ints:
    """Draw the lines of each order."""
    many = rng.random(orders) < large
    mean = max((lines_per_order - large * sum(LARGE) / 2) / (1 - large), 1.0)
    few = rng.geometric(1 / mean, orders).clip(1, SMALL)
    return np.where(many, rng.integers(LARGE[0], LARGE[1] + 1, orders), few)


def _balance(
    rng: np.random.Generator,
    size: Ints,
    free: np.ndarray[tuple[int], np.dtype[np.bool_]],
    *,
    lines: int,
    most: int,
) -> None:
    """Add or take off single lines of small free orders until there are `lines` in all."""
    free &= size <= most
    while missing := lines - int(size.sum()):
        pick = np.flatnonzero(free & (size < most if missing > 0 else size > 1))
        if not len(pick):
            return
        size[rng.permutation(pick)[: abs(missing)]] += np.sign(missing)


def _skus(rng: np.random.Generator, order: Ints, store: Ints, assortment: Assortment) -> Ints:
    """Draw a SKU for each line, anew while it stands in its order twice."""
    sku = np.empty(len(order), dtype=np.int64)
    again = np.arange(len(order))
    cumulative = np.cumsum(assortment.popularity)
    cumulative[-1] = 1.0
    for _ in range(200):
        at = store[again]
        sku[again] = np.searchsorted(cumulative, rng.random(len(again)), side="right")
        shop = at >= 0
        first, last = assortment.node_start[at[shop]], assortment.node_start[at[shop] + 1]
        sku[again[shop]] = assortment.sku[rng.integers(first, last)]
        again = _twice(order, sku, len(assortment.popularity))
        if not len(again):
            return sku
    raise ValueError("a basket asks for more different products than there are: raise skus")


def _twice(order: Ints, sku: Ints, skus: int) -> Ints:
    """Return the lines whose SKU an earlier line of their order has."""
    key = order * skus + sku
    rank = np.argsort(key, kind="stable")
    same = key[rank][1:] == key[rank][:-1]
    return np.sort(rank[1:][same])


def order_table(
    rng: np.random.Generator,
    drawn: Baskets,
    places: Places,
    nodes: list[str],
    *,
    awkward: np.ndarray[tuple[int], np.dtype[np.bool_]],
    now: datetime,
    days: int,
) -> pl.DataFrame:
    """Return the `orders` table."""
    count = len(drawn.place)
    size = np.bincount(drawn.order, minlength=count)
    odd = np.bincount(drawn.order, awkward[drawn.sku], count) > 0
    slow = odd | (size > 3) | (drawn.mode > 0)
    small = (size > 1) & (size <= SMALL)
    few = small & (rng.random(count) < 0.2)
    tier = rng.choice(len(TIERS), size=count, p=[share for _, share in TIERS])
    pickup = np.where(drawn.mode > 0, drawn.store, -1)
    till = np.where(drawn.channel == 3, drawn.store, -1)
    return pl.DataFrame(
        {
            "order": order_names(np.arange(count), count),
            "channel": picked([name for name, _ in CHANNELS], drawn.channel),
            "customer": "c" + _serial(rng.integers(0, max(count * 4 // 5, 1), count), count),
            "tier": picked([name for name, _ in TIERS], tier),
            "placed_at": _placed(rng, count, now, days),
            "mode": picked(MODES, drawn.mode),
            "country": [places.country] * count,
            "postcode": picked(places.postcode, drawn.place),
            "lat": places.lat[drawn.place],
            "lon": places.lon[drawn.place],
            "pickup_node": picked(nodes, pickup),
            "from_store": picked(nodes, till),
            "promised_by": _promised(rng, slow, now),
            "max_shipments": pl.Series(np.where(few, 2 + size // 3, 0)).replace(0, None),
            "ship_complete": small & (rng.random(count) < 0.03),
        }
    )


def line_table(rng: np.random.Generator, drawn: Baskets, products: pl.DataFrame) -> pl.DataFrame:
    """Return the `lines` table; 15 % are sold at 10, 20 or 30 % off."""
    count = len(drawn.order)
    first = np.searchsorted(drawn.order, drawn.order)
    price = products["price_cents"].to_numpy()[drawn.sku]
    off = np.where(rng.random(count) < 0.15, rng.integers(1, 4, count), 0)
    return pl.DataFrame(
        {
            "order": order_names(drawn.order, len(drawn.place)),
            "line": pl.Series(np.arange(count) - first + 1).cast(pl.String),
            "sku": products["sku"].gather(drawn.sku),
            "units": drawn.units,
            "price_cents": price,
            "discount_cents": price * off // 10,
            "bundle": pl.repeat(None, count, dtype=pl.String, eager=True),
        }
    )


def order_names(index: Ints, count: int) -> pl.Series:
    """Return the names of orders by index: o1 … with leading zeros."""
    return "o" + _serial(index + 1, count)


def _serial(index: Ints, count: int) -> pl.Series:
    return pl.Series(index).cast(pl.String).str.zfill(len(str(count)))


def _placed(rng: np.random.Generator, count: int, now: datetime, days: int) -> pl.Series:
    """Draw times of placing, second by second, in the `days` × 24 hours before `now`."""
    hour = np.where(rng.random(count) < 0.5, rng.normal(12.5, 3, count), rng.normal(20, 2, count))
    seconds = np.floor((hour % 24) * 3600).astype(np.int64)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    ago = (seconds - int((now - midnight).total_seconds())) % 86_400 - 86_400
    ago -= 86_400 * rng.integers(0, days, count)
    local = pl.Series(ago).cast(pl.Duration("us")) * 1_000_000 + now.replace(tzinfo=None)
    return local.dt.strftime("%Y-%m-%dT%H:%M:%S") + _offset(now)


def _promised(
    rng: np.random.Generator, slow: np.ndarray[tuple[int], np.dtype[np.bool_]], now: datetime
) -> pl.Series:
    """Draw the dates promised: ends of local days, as text; None where none was given."""
    days = rng.choice([d for d, _ in DATES], size=len(slow), p=[share for _, share in DATES])
    days = np.where(slow & (days > 0), np.clip(days + 2, 4, 6), days)
    last = now.replace(hour=23, minute=59, second=0, microsecond=0, tzinfo=None)
    texts = [None, *((last + timedelta(days=d)).isoformat() + _offset(now) for d in range(1, 7))]
    return picked(texts, days)


def _offset(now: datetime) -> str:
    """Return the clock's offset from UTC as text, such as +01:00."""
    return now.strftime("%z")[:3] + ":" + now.strftime("%z")[3:]
