"""A rush on one SKU, while others buy other things."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from random import Random
from statistics import median
from time import perf_counter, sleep
from typing import Final

import numpy as np

from omnisource.models.network import Node
from omnisource.models.product import Product
from omnisource.models.reservation import Claim, ClaimLine, ClaimShipment, Refused
from omnisource.models.stock import StockCell
from omnisource.models.world import World
from omnisource.orchestrator.checkout.reserve import reserve
from omnisource.orchestrator.folder.load import world_of
from omnisource.orchestrator.store.check import breaches
from omnisource.orchestrator.store.desk import Desk, open_desk

SKUS: Final = 5_000
LINES: Final = 3
CLIENTS: Final = 8
"""Threads that ask at a time."""
HOT: Final = "HOT"


@dataclass(frozen=True)
class Rush:
    """What a rush on one SKU did."""

    units: int
    buyers: int
    sold: int
    refused: int
    refused_p99_ms: float
    sold_p99_ms: float
    idle_ms: float  # others' median before
    others_ms: float  # others' median meanwhile
    broken: int  # rules of store/check.py


def calm_world(hot: int = 0) -> World:
    """Return a warehouse that has plenty of everything, and so many units of one SKU."""
    units = {f"S{number:05}": 10**6 for number in range(SKUS)} | ({HOT: hot} if hot else {})
    return world_of(
        nodes=[Node(node="W", kind="warehouse", lat=50, lon=8)],
        products=[Product(sku=sku, grams=100) for sku in units],
        stock=[StockCell(node="W", sku=sku, on_hand=many) for sku, many in units.items()],
    )


def claim_of(*skus: str) -> Claim:
    """Return the claim for a unit of each SKU."""
    lines = tuple(ClaimLine(line=sku, sku=sku, units=1) for sku in skus)
    return Claim(shipments=(ClaimShipment(node="W", day=date(2025, 1, 6), lines=lines),))


def made_claims(seed: int, many: int) -> list[Claim]:
    """Return claims of so many different SKUs, made up by a seed."""
    dice = Random(seed)
    return [
        claim_of(*(f"S{number:05}" for number in sorted(dice.sample(range(SKUS), LINES))))
        for _ in range(many)
    ]


def measure_rush(url: str, *, units: int, buyers: int, seconds: float, now: datetime) -> Rush:
    """Let many buyers want one unit each of one SKU, while others buy other things.

    Args:
        url: a database with `calm_world(hot=units)`.
        units: that there are of it.
        buyers: spread evenly over the time.
        seconds: that it takes.
        now: the clock.
    """
    with open_desk(url) as desk:
        idle = _others(desk, now, "idle", seconds / 10)
        began = perf_counter()
        told: list[tuple[bool, float]] = []

        def buyer(number: int) -> None:
            sleep(max(0.0, began + seconds * number / buyers - perf_counter()))
            asked = perf_counter()
            said = reserve(desk, claim_of(HOT), key=f"buyer-{number}", now=now)
            told.append((isinstance(said, Refused), 1_000 * (perf_counter() - asked)))

        with ThreadPoolExecutor(CLIENTS * 2 + 1) as pool:
            others = pool.submit(_others, desk, now, "rush", seconds)
            for _ in pool.map(buyer, range(buyers)):
                pass
        meanwhile = others.result()
        broken = sum(map(len, breaches(desk.database).values()))
    refused = [taken for no, taken in told if no]
    sold = [taken for no, taken in told if not no]
    return Rush(units, buyers, len(sold), len(refused), _p99(refused), _p99(sold),
                round(median(idle), 2), round(median(meanwhile), 2), broken)  # fmt: skip


def _others(desk: Desk, now: datetime, tag: str, seconds: float) -> list[float]:
    """Buy other things, twenty a second; return how long each took, milliseconds."""
    claims, began = made_claims(1, 500), perf_counter()
    taken: list[float] = []
    for number in count():
        if perf_counter() - began >= seconds and taken:
            return taken
        asked = perf_counter()
        reserve(desk, claims[number % 500], key=f"other-{tag}-{number}", now=now)
        taken.append(1_000 * (perf_counter() - asked))
        sleep(0.05)
    raise AssertionError("numbers do not end")


def _p99(taken: Sequence[float]) -> float:
    return round(float(np.percentile(taken, 99)), 2) if taken else 0.0
