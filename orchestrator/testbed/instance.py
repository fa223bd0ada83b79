"""An instance of the test bed of Jasin & Sinha (2015) and Ma (2023), drawn by a seed.

Five fulfilment centres (FCs) serve ten cities; of twenty items an order asks for none to five. One
order comes a period, T periods in all. With miles the great circle over a sphere of 6,371 km, by
1.61 km a mile, a shipment of n units from an FC costs

    8.759 + n (0.423 + 0.000541 miles)   dollars                                        (1)

and what no FC sends comes from an artificial one, at twice both, over the miles from the city's
farthest FC. Types of orders: one empty; for each size 1 … 5 five uniform subsets of the items; the
sizes 0 … 5 have weights U(0, 1), normalised, and so have the types within a size; cities are drawn
by population. An FC carries an item with probability 0.75. With d the share of periods that ask
for the item from a city whose nearest FC that carries it is this one,

    stock  =  round( T d + 0.5 √(T d (1 − d)) )                                         (2)

Sources: S. Jasin, A. Sinha, "An LP-Based Correlated Rounding Scheme for Multi-Item Ecommerce Order
Fulfillment", Operations Research 63(6), 2015; W. Ma, "Order-Optimal Correlated Rounding for
Fulfilling Multi-Item E-Commerce Orders", Manufacturing & Service Operations Management 25(4), 2023.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from omnisource.solvers.fluid.classes import MILLION, Classes
from omnisource.solvers.problem import UNLIMITED, Flags, Floats, Ints

FCS: Final = (  # name, latitude, longitude
    ("OAK4", 37.7448, -121.3985),
    ("IND1", 39.9797, -86.3833),
    ("AVP3", 41.2776, -75.4973),
    ("CAE1", 33.9114, -81.0501),
    ("DFW7", 32.9709, -97.3348),
)
CITIES: Final = (  # name, latitude, longitude, inhabitants
    ("New York", 40.6943, -73.9249, 18_680_025),
    ("Los Angeles", 34.1141, -118.4068, 12_531_334),
    ("Chicago", 41.8375, -87.6866, 8_586_888),
    ("Miami", 25.784, -80.2101, 6_076_316),
    ("Dallas", 32.7935, -96.7667, 5_910_669),
    ("Houston", 29.786, -95.3885, 5_724_418),
    ("Philadelphia", 40.0077, -75.1339, 5_540_199),
    ("Atlanta", 33.7628, -84.422, 5_151_496),
    ("Washington", 38.9047, -77.0163, 5_066_973),
    ("Boston", 42.3188, -71.0852, 4_465_966),
)
ITEMS: Final = 20
LARGEST: Final = 5
"""Items of the largest orders."""
EACH: Final = 5
"""Types of orders of each size."""
CARRIED: Final = 0.75
FIXED: Final = 8.759
"""Dollars a shipment."""
UNIT: Final = 0.423
"""Dollars a unit."""
MILE: Final = 0.000541
"""Dollars a unit and mile."""
DEARER: Final = 2
"""Times that the artificial FC costs of both."""
EARTH_KM: Final = 6_371.0
MILE_KM: Final = 1.61


@dataclass(frozen=True, eq=False)
class Instance:
    """One draw of the test bed."""

    periods: int
    carried: Flags  # (items, FCs)
    classes: Classes  # class q is type q // cities from city q % cities
    types: Ints  # (types, LARGEST) items, −1 behind the last

    @property
    def expected(self) -> Floats:
        """Orders of each class that are expected, (Q,)."""
        return self.periods * self.classes.rate


def miles(lat: Floats, lon: Floats, to_lat: Floats, to_lon: Floats) -> Floats:
    """Return great-circle distances, in miles of 1.61 km (haversine).

    >>> here, pole = np.zeros(1), np.array([90.0])  # a quarter of 2π 6,371 km
    >>> miles(here, here, pole, here).round(2).tolist()
    [6215.87]
    """
    a, b = np.radians(lat), np.radians(to_lat)
    half = np.sin((b - a) / 2) ** 2
    half = half + np.cos(a) * np.cos(b) * np.sin(np.radians(to_lon - lon) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(half)) / MILE_KM)


def distances() -> Floats:
    """Return the miles from each city to each FC, (cities, FCs)."""
    city, fc = (np.array([row[1:3] for row in table]) for table in (CITIES, FCS))
    return miles(city[:, :1], city[:, 1:], fc[:, 0], fc[:, 1])


def tariff() -> tuple[Ints, Ints]:
    """Return a shipment's cost, (FCs+1,), and a unit's, (cities, FCs+1), (1); the last unserved."""
    far = distances()
    unit = UNIT + MILE * np.hstack([far, far.max(axis=1, keepdims=True)])
    fixed = np.full(len(FCS) + 1, FIXED)
    unit[:, -1] *= DEARER
    fixed[-1] *= DEARER
    return np.rint(fixed * MILLION).astype(np.int64), np.rint(unit * MILLION).astype(np.int64)


def stock_of(share: Floats, periods: int) -> Ints:
    """Return the stock of cells that each get that share of the demand, (2).

    >>> stock_of(np.array([0.5, 0.1, 0.0]), 10_000).tolist()
    [5025, 1015, 0]
    """
    expected = periods * share
    return np.rint(expected + 0.5 * np.sqrt(expected * (1 - share))).astype(np.int64)


def nearest_carrying(carried: Flags) -> Ints:
    """Return each city's nearest FC that carries an item, (cities, items); FCs where none does."""
    far = np.where(carried.T[None], distances()[:, :, None], np.inf)
    return np.where(np.isfinite(far.min(axis=1)), far.argmin(axis=1), len(FCS))


def instance(seed: int, number: int, periods: int = 10_000) -> Instance:
    """Draw an instance; the same for the same seed and number."""
    rng = np.random.default_rng([seed, number])
    share = _shares(rng)
    types = np.full((LARGEST * EACH, LARGEST), -1)
    for t in range(len(types)):
        size = t // EACH + 1
        types[t, :size] = np.sort(rng.choice(ITEMS, size, replace=False))
    people = np.array([row[3] for row in CITIES], np.float64)
    carried = rng.random((ITEMS, len(FCS))) < CARRIED
    rate = np.outer(share, people / people.sum()).ravel()
    classes = _classes(types, rate, carried, periods)
    return Instance(periods, carried, classes, types)


def _shares(rng: np.random.Generator) -> Floats:
    """Return the probability of each type but the empty one, (types,)."""
    size = rng.random(LARGEST + 1)
    size /= size.sum()
    within = rng.random((LARGEST, EACH))
    within /= within.sum(axis=1, keepdims=True)
    return np.asarray((size[1:, None] * within).ravel())


def _classes(types: Ints, rate: Floats, carried: Flags, periods: int) -> Classes:
    cities, last = len(CITIES), len(FCS)
    fixed, unit = tariff()
    item = np.repeat(types, cities, axis=0)
    city = np.tile(np.arange(cities), len(types))
    nearest = np.where(item >= 0, nearest_carrying(carried)[city[:, None], item], last)
    share = np.zeros((ITEMS, last + 1))
    asked = item >= 0
    np.add.at(share, (item[asked], nearest[asked]), np.repeat(rate, asked.sum(axis=1)))
    stock = stock_of(share, periods)
    stock[:, -1] = UNLIMITED
    return Classes(item, nearest, fixed, unit[city], stock, rate)


def stream(of: Instance, seed: int, *, number: int, draw: int) -> Ints:
    """Return the class of each period's order, (T,); Q, the number of classes, where none comes.

    Args:
        of: the instance.
        seed: as of the instance.
        number: the instance's.
        draw: which stream.
    """
    rng = np.random.default_rng([seed, number, draw + 1])
    ends = np.cumsum(of.classes.rate)
    return np.searchsorted(ends, rng.random(of.periods), side="right").astype(np.int64)
