"""Fit a tariff, weight steps × distance zones, to freight that was charged.

Data: y_i cents of shipment i, w_i its billable step, z_i its zone. Variables: t_zw, cents.

    (1)  min  Σ_i |y_i − t_{z_i w_i}|                 least absolute deviations: robust
    (2)  t_zw ≤ t_z,w+1                               heavier is not cheaper
    (3)  t_zw ≤ t_z+1,w                               farther is not cheaper

The billable weight is max(grams, cm³ / divisor); the divisor is the candidate with the least (1).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

STEPS = (
    100, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 7_000, 9_000, 12_000,
    15_000, 20_000, 30_000, 50_000,
)  # fmt: skip
"""Grams; one step more reaches the heaviest shipment."""
ZONES = (25.0, 75.0, 150.0, 300.0, 450.0, 600.0, 800.0, 1_000.0, 1_500.0, 2_000.0, 2_500.0, np.inf)
"""Kilometres."""
DIVISORS = (0, 4_000, 6_000, 8_000, 10_000)
"""cm³ a kg; 0: volume does not count."""
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Shipments:
    """What was sent and what it cost."""

    grams: Ints  # (I,)
    cm3: Floats  # (I,)
    km: Floats  # (I,)
    cents: Ints  # (I,)

    def take(self, rows: NDArray[np.bool_]) -> "Shipments":
        """Return some of the shipments."""
        return Shipments(self.grams[rows], self.cm3[rows], self.km[rows], self.cents[rows])

    def billable(self, divisor: int) -> Floats:
        """Return the billable weights, grams."""
        return np.maximum(self.grams, np.ceil(1000 * self.cm3 / divisor) if divisor else 0.0)


@dataclass(frozen=True, eq=False)
class Tariff:
    """Cents a shipment by zone and weight step."""

    divisor: int  # cm³ a kg, 0: none
    steps: Ints  # (W,) grams
    ends: Floats  # (Z,) km
    cents: Ints  # (Z, W)

    def price(self, shipments: Shipments) -> Ints:
        """Return what the tariff asks for each shipment."""
        zone = np.searchsorted(self.ends, shipments.km)
        return self.cents[zone, np.searchsorted(self.steps, shipments.billable(self.divisor))]


def fit(shipments: Shipments) -> Tariff:
    """Return the tariff with the divisor that explains the charges best."""
    fits = [fit_table(shipments, divisor) for divisor in DIVISORS]
    errors = [np.abs(t.price(shipments) - shipments.cents).sum() for t in fits]
    return fits[int(np.argmin(errors))]


def fit_table(shipments: Shipments, divisor: int) -> Tariff:
    """Solve (1)–(3) as a linear programme."""
    from ortools.linear_solver.python.model_builder import Model, Solver

    billable = shipments.billable(divisor)
    top = int(np.ceil(max(billable.max(), STEPS[-1]) / 10_000 + 1) * 10_000)
    steps = np.array([*STEPS, top])
    zone, step = np.searchsorted(ZONES, shipments.km), np.searchsorted(steps, billable)
    cell, cents, count = _condensed(zone * len(steps) + step, shipments.cents)
    model = Model()  # type: ignore[no-untyped-call]
    price = np.array([model.new_num_var(0, 1e7, "") for _ in range(len(ZONES) * len(steps))])
    over = [model.new_num_var(0, 1e7, "") for _ in cell]
    for c, y, e in zip(cell, cents.tolist(), over, strict=True):  # (1)
        model.add(e >= price[c] - y)
        model.add(e >= y - price[c])
    table = price.reshape(len(ZONES), len(steps))
    for low, high in ((table[:, :-1], table[:, 1:]), (table[:-1], table[1:])):  # (2), (3)
        for a, b in zip(low.ravel(), high.ravel(), strict=True):
            model.add(a <= b)
    spread = sum(1e-6 * p for p in price)  # cells that no shipment fills: as low as they may
    model.minimize(sum(n * e for n, e in zip(count.tolist(), over, strict=True)) + spread)
    solver = Solver("GLOP")
    solver.solve(model)
    found = np.array([solver.value(p) for p in price]).reshape(table.shape)
    return Tariff(divisor, steps, np.array(ZONES), np.round(found).astype(np.int64))


def _condensed(cell: Ints, cents: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the different (cell, cents) and how often each occurs."""
    pairs, count = np.unique(np.stack([cell, cents]), axis=1, return_counts=True)
    return pairs[0], pairs[1], count


def errors(cents: Ints, fitted: Ints) -> dict[str, float]:
    """Return the fit's errors; the percentage over the shipments that were charged for.

    >>> errors(np.array([100, 200, 0]), np.array([110, 180, 0]))
    {'mae_cents': 10.0, 'mape': 0.1, 'r2': 0.975, 'bias_cents': -3.33}
    """
    off, paid = fitted - cents, cents > 0
    r2 = 1 - (off**2).sum() / ((cents - cents.mean()) ** 2).sum()
    return {
        "mae_cents": round(float(np.abs(off).mean()), 2),
        "mape": round(float((np.abs(off[paid]) / cents[paid]).mean()), 4),
        "r2": round(float(r2), 4),
        "bias_cents": round(float(off.mean()), 2),
    }


def cross_validated(shipments: Shipments, divisor: int) -> dict[str, float]:
    """Return the errors on shipments that the fit did not see: every fifth, in turn."""
    fold = np.arange(len(shipments.cents)) % FOLDS
    fitted = np.zeros_like(shipments.cents)
    for part in range(FOLDS):
        seen = fold != part
        seen[np.argmax(shipments.billable(divisor))] = True  # the last step reaches all
        fitted[fold == part] = fit_table(shipments.take(seen), divisor).price(
            shipments.take(fold == part)
        )
    return errors(shipments.cents, fitted)
