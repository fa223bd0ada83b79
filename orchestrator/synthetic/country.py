"""The synthetic country's nodes and carriers, and the clock.

Of N nodes 2.2 % are warehouses (2 … 12), 8.9 % dropshippers (1 … 20), the others stores. Warehouses
stand 5 … 25 km outside the largest cities that keep 60 km apart; stores in places drawn by
weight; dropshippers anywhere. Handling, in cents: a warehouse 90 ± 10 a shipment and 25 a unit,
a store 140 ± 30 and 50, a dropshipper 80 ± 20 and 20.

The prices of the services have the structure of German list prices (weight steps, express at
three times the price); the distance zones and the courier are made up. Emissions, grams CO2e a
kg and km: a parcel network of lorries and vans 0.15, express with its empty kilometres 0.30, a
courier's van 0.60, freight 0.10: assumed, between what is usually stated for an average lorry
(about 0.1) and an average van (about 0.6).
"""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from omnisource.orchestrator.folder.write import picked
from omnisource.orchestrator.synthetic.carriers import Band, Service
from omnisource.orchestrator.synthetic.geography import CITIES, KM_A_DEGREE, Ints, Places, distances

NOW: Final = datetime.fromisoformat("2025-03-10T18:00:00+01:00")  # a Monday
TIMEZONE: Final = "Europe/Berlin"
KINDS: Final = ("warehouse", "store", "dropshipper")
PROCESSING: Final = {"warehouse": 120, "store": 60, "dropshipper": 720}  # minutes
CUTOFF: Final = {"warehouse": "22:00", "store": "16:00", "dropshipper": "14:00"}  # local time
FEES: Final = {"warehouse": (90, 10, 25), "store": (140, 30, 50), "dropshipper": (80, 20, 20)}
"""Cents a shipment, ± of them, cents a unit."""


def _steps(*cents: int) -> tuple[tuple[int, int], ...]:
    """Pair prices with the weight steps of a parcel, grams."""
    return tuple(zip((1_000, 2_000, 5_000, 10_000, 20_000, 31_500), cents, strict=True))


FREIGHT: Final = (20_000, 40_000, 100_000, 300_000)
COURIER: Final = (2_000, 5_000, 15_000)

SERVICES: Final = (
    Service(
        "standard", "Parcel Line", "parcel",
        (
            Band("near", 2, _steps(399, 479, 599, 889, 1_590, 2_090), 100),
            Band("middle", 2, _steps(439, 519, 649, 949, 1_690, 2_190), 300),
            Band("far", 2, _steps(479, 569, 719, 1_059, 1_890, 2_490)),
        ),
        max_girth_mm=3_600, fee_cents=395,
    ),
    Service(
        "express", "Parcel Line", "express",
        (
            Band("near", 1, _steps(1_090, 1_190, 1_390, 1_790, 2_490, 3_290), 200),
            Band("middle", 1, _steps(1_290, 1_450, 1_690, 2_190, 2_990, 3_990), 450),
            Band("far", 1, _steps(1_490, 1_690, 1_990, 2_590, 3_590, 4_790)),
        ),
        max_girth_mm=3_600, grams_co2_per_kg_km=0.30, fee_cents=995,
    ),
    Service(
        "courier", "City Wheels", "same_day",
        (
            Band("5 km", 0, tuple(zip(COURIER, (330, 400, 590), strict=True)), 5),
            Band("15 km", 0, tuple(zip(COURIER, (400, 480, 690), strict=True)), 15),
            Band("30 km", 0, tuple(zip(COURIER, (590, 680, 890), strict=True)), 30),
        ),
        kinds=("store",), max_length_mm=900, grams_co2_per_kg_km=0.60, fee_cents=590,
    ),
    Service(
        "freight", "Bulk Line", "freight",
        (
            Band("near", 2, tuple(zip(FREIGHT, (2_900, 3_900, 5_900, 8_900), strict=True)), 150),
            Band("far", 3, tuple(zip(FREIGHT, (3_400, 4_600, 6_900, 11_900), strict=True))),
        ),
        dim_divisor=4_000, max_length_mm=2_400, grams_co2_per_kg_km=0.10, fee_cents=2_900,
    ),
)  # fmt: skip


def node_table(rng: np.random.Generator, places: Places, count: int) -> pl.DataFrame:
    """Return the `nodes` table; nobody's capacity is limited yet."""
    warehouses = int(np.clip(round(0.022 * count), min(2, count - 2), 12))
    sellers = int(np.clip(0.089 * count, 1, 20))
    spots = [
        _beside(rng, places, _large_cities(warehouses)),
        rng.choice(len(places.lat), count - warehouses - sellers, p=places.weight),
        rng.choice(len(places.lat), sellers),
    ]
    kind = np.repeat(np.array(KINDS, dtype=object), [len(spot) for spot in spots])
    return nodes_at(rng, places, np.concatenate(spots), kind)


def _large_cities(count: int) -> Ints:
    """Return the largest cities that lie 60 km and more apart."""
    lat, lon = (np.array([city[i] for city in CITIES]) for i in (1, 2))
    chosen: list[int] = []
    for i in range(len(CITIES)):
        near = [np.hypot((lat[i] - lat[j]) * 111, (lon[i] - lon[j]) * 70) < 60 for j in chosen]
        if len(chosen) < count and not any(near):
            chosen.append(i)
    return np.array(chosen, dtype=np.int64)


def _beside(rng: np.random.Generator, places: Places, city: Ints) -> Ints:
    """Return for each city the place nearest to a point 5 … 25 km outside."""
    angle, far = rng.uniform(0, 2 * np.pi, len(city)), rng.uniform(5, 25, len(city))
    lat = np.array([c[1] for c in CITIES])[city] + far * np.sin(angle) / KM_A_DEGREE
    lon = np.array([c[2] for c in CITIES])[city] + far * np.cos(angle) / KM_A_DEGREE / 0.63
    return np.asarray(distances(places, lat, lon).argmin(axis=0), dtype=np.int64)


def nodes_at(
    rng: np.random.Generator, places: Places, spot: Ints, kind: np.ndarray[tuple[int], np.dtype]
) -> pl.DataFrame:
    """Return the `nodes` table of nodes of those kinds at those places."""
    count = len(spot)
    fee = np.array([FEES[k] for k in kind])
    cents = fee[:, 0] + rng.integers(-fee[:, 1], fee[:, 1] + 1)
    cities = [places.name[i] for i in spot]
    unlimited = pl.repeat(None, count, dtype=pl.Int64, eager=True)
    store = kind == "store"
    return pl.DataFrame(
        {
            "node": _numbered([f"{k}-{slug(c)}" for k, c in zip(kind, cities, strict=True)]),
            "kind": pl.Series(list(kind)),
            "name": _numbered([f"{k.title()} {c}" for k, c in zip(kind, cities, strict=True)], " "),
            "country": [places.country] * count,
            "postcode": picked(places.postcode, spot),
            "lat": places.lat[spot],
            "lon": places.lon[spot],
            "timezone": [TIMEZONE] * count,
            "calendar": pl.repeat(None, count, dtype=pl.String, eager=True),
            "ships": [True] * count,
            "pickup": store,
            "returns": kind != "dropshipper",
            "orders_per_day": unlimited,
            "units_per_day": unlimited,
            "cents_per_shipment": cents,
            "cents_per_unit": fee[:, 2],
            "processing_minutes": [PROCESSING[k] for k in kind],
            "cutoff": [CUTOFF[k] for k in kind],
            "decline_rate": np.where(store, rng.uniform(0.01, 0.08, count).round(3), 0.0),
            "safety": np.where(store, 1, 0),
        }
    )


def slug(name: str) -> str:
    """Return a name in lower-case ASCII.

    >>> slug("Köln am Rhein")
    'koeln-am-rhein'
    """
    plain = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", " ": "-"})
    return name.lower().translate(plain)


def _numbered(names: list[str], between: str = "-") -> list[str]:
    """Number the second and further uses of a name.

    >>> _numbered(["a", "b", "a"])
    ['a', 'b', 'a-2']
    """
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}{between}{seen[name]}")
    return out
