"""What a shipment costs: one function a term, cents, rounded once a shipment.

    freight   step_cents of the first step with billable ≤ step_grams             (1)
    billable  max(grams, ⌈mm³ / divisor⌉): dimensional weight, divisor in mm³ a gram,
              which is the carriers' cm³ a kilogram                               (2)
    co2       ⌊grams · rate + ½⌋, rate = g CO2 a kg·km · km · cents a kg · 10⁻⁶   (3)
    late      Σ units · cents a unit and day · days late                          (4)
    handling  cents a shipment + Σ units · cents a unit                           (5)
    stock     Σ units · extra unit cost of the cell                               (6)
    risk      expected cents a shipment of the node + Σ units · of the cell, (1) and (2) of
              solvers/compile/risk.py                                                       (10)
    moved     Σ units reserved at another node · cents a unit moved                 (11)

and what a night costs besides:

    shortage  Σ units short · penalty, penalty = ⌊cents · factor + ½⌋             (7)
    load      Σ steps  cents · max(0, shipments − ⌊beyond · orders a day⌋)        (8)
    unfair    Σ groups cents · max(0, units short − ⌊most_short · units ordered⌋) (9)

The compiler that fills menus and the judge that checks plans both call these functions, each
on its own data: the formulas stand once, the figures are found twice.
"""

from typing import Any, Final

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.problem import NEVER, Floats, Ints

EARTH_KM: Final = 6371.0088
"""Mean radius of the earth, km (IUGG)."""


@compiled
def great_circle_km(lat: float, lon: float, to_lat: float, to_lon: float) -> float:
    """Return the distance in km, rounded to 100 m (haversine; degrees in).

    Paris to Berlin:

    >>> great_circle_km(48.8566, 2.3522, 52.52, 13.405)
    877.5
    """
    a, b = np.radians(lat), np.radians(to_lat)
    half = (
        np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(to_lon - lon) / 2) ** 2
    )
    return float(np.floor(20 * EARTH_KM * np.arcsin(np.sqrt(half)) + 0.5) / 10)


@compiled
def billable_grams(grams: int, mm3: float, divisor: float) -> int:
    """Return the weight that a parcel is charged for, (2).

    A parcel of 2 kg and 40 × 30 × 20 cm at 5,000 cm³ a kg:

    >>> billable_grams(2_000, 24_000_000.0, 5_000.0)
    4800
    """
    if divisor <= 0.0:
        return grams
    return max(grams, int(np.ceil(mm3 / divisor)))


@compiled
def freight_cents(step_grams: Ints, step_cents: Ints, first: int, billable: int) -> int:
    """Return the tariff's price of a billable weight, (1); `NEVER` beyond the last step."""
    while step_grams[first] < billable:
        first += 1
    return int(step_cents[first])


@compiled
def co2_cents(grams: int, rate: float) -> int:
    """Return the price of a parcel's emissions, (3).

    >>> co2_cents(1_500, 0.001)
    2
    """
    return int(np.floor(grams * rate + 0.5))


@compiled
def co2_rate(grams_per_kg_km: float, km: float, cents_per_kg: float) -> float:
    """Return cents a gram of goods, (3); 0 where the distance is not known (NaN).

    >>> co2_rate(0.1, 500.0, 20.0)
    0.001
    """
    if np.isnan(km):
        return 0.0
    return grams_per_kg_km * km * cents_per_kg * 1e-6


@compiled
def price_parcels(
    grams: Ints, mm3: Floats, divisor: Floats, first: Ints, rate: Floats,
    step_grams: Ints, step_cents: Ints,
) -> tuple[Ints, Ints, Ints]:  # fmt: skip
    """Return billable grams, freight and CO2 in cents of many parcels, (S,) each.

    `first` is the first tariff step of each parcel's zone, `rate` its `co2_rate`.
    """
    billable = np.empty(len(grams), np.int64)
    freight = np.empty(len(grams), np.int64)
    co2 = np.empty(len(grams), np.int64)
    for i in range(len(grams)):
        billable[i] = billable_grams(grams[i], mm3[i], divisor[i])
        freight[i] = freight_cents(step_grams, step_cents, first[i], billable[i])
        co2[i] = co2_cents(grams[i], rate[i])
    return billable, freight, co2


@compiled
def way_cents(
    ways: Any, way: int, grams: int, mm3: float, fences: int | np.uint64, late: int
) -> int:
    """Return freight, CO2 and lateness of a parcel by a way, or `NEVER`.

    Args:
        ways: `Ways`.
        way: its row.
        grams: weight of the content.
        mm3: volume of the content.
        fences: the line-side bits of all lines in the content, joined by "or".
        late: Σ units · cents a unit and day late.
    """
    if fences & ways.fences[way]:
        return NEVER
    billable = billable_grams(grams, mm3, ways.dim_divisor[ways.service[way]])
    freight = freight_cents(ways.step_grams, ways.step_cents, ways.steps[way], billable)
    if freight >= NEVER:
        return NEVER
    return int(freight + co2_cents(grams, ways.co2[way]) + late * ways.days_late[way])


def penalty_cents(cents: int, factor: Floats) -> Ints:
    """Return the penalty for a unit, (7), for each factor.

    >>> penalty_cents(1_001, np.array([1.0, 1.5, 0.0])).tolist()
    [1001, 1502, 0]
    """
    return np.asarray(np.floor(cents * factor + 0.5), np.int64)


def allowance(share: float, whole: Ints) -> Ints:
    """Return that share of each whole, rounded down, (8) and (9).

    A share is a decimal: 29 % of 100 is 29, though the nearest binary number is a little less.

    >>> allowance(0.29, np.array([100, 99])).tolist()
    [29, 28]
    """
    return np.asarray(np.floor(share * whole + 1e-6), np.int64)


def beyond_cents(many: Ints, free: Ints, cents: Ints | int) -> Ints:
    """Return what costs `cents` each beyond the first `free`, (8) and (9).

    >>> beyond_cents(np.array([3, 9]), np.array([5, 5]), 200).tolist()
    [0, 800]
    """
    return np.asarray(cents * np.maximum(0, many - free))
