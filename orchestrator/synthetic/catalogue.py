"""A synthetic catalogue: products with weights, sizes, prices and how much they are wanted.

Per category: grams log-normal around the category's median (σ = 0.7), 20 g … 90 kg; density
log-normal around 0.25 g/cm³ (σ = 0.4), which with sides as 3 : 2 : 1 (each ± 20 %) gives the
dimensions; price log-normal around the median (σ = 0.6). 1 % of the products are oversized
(longest side 1.3 … 2 m: freight only), 1.5 % ship alone, 2 % of electronics and toys hold
lithium, 10 % of beauty are aerosols.

Popularity is Zipf-like: weight ∝ (rank + q)^−0.9 with q = 10 + S/1000 for S products, ranks in
random order. So the most wanted of 10,000 products has 0.6 % of all lines, of 200,000 0.05 %.
"""

from typing import Final

import numpy as np
import polars as pl

from omnisource.orchestrator.folder.write import picked
from omnisource.orchestrator.synthetic.geography import Floats

CATEGORIES: Final = (  # name, share, median grams, median price in cents
    ("fashion", 0.24, 450, 3_900),
    ("beauty", 0.12, 220, 1_500),
    ("books", 0.12, 350, 1_600),
    ("electronics", 0.14, 900, 8_900),
    ("toys", 0.12, 650, 2_500),
    ("home", 0.14, 1_500, 3_500),
    ("sport", 0.08, 1_200, 4_500),
    ("garden", 0.03, 4_000, 5_500),
    ("furniture", 0.01, 16_000, 14_900),
)
DENSITY: Final = 0.25  # grams a cm³, median, packed


def catalogue(rng: np.random.Generator, count: int) -> pl.DataFrame:
    """Return the `products` table."""
    share = np.array([c[1] for c in CATEGORIES])
    category = rng.choice(len(CATEGORIES), size=count, p=share / share.sum())
    median = np.array([c[2] for c in CATEGORIES])[category]
    grams = np.clip(rng.lognormal(np.log(median), 0.7), 20, 90_000).round()
    sides = _sides(rng, grams)
    price = rng.lognormal(np.log(np.array([c[3] for c in CATEGORIES])[category]), 0.6)
    names = picked([c[0] for c in CATEGORIES], category)
    serial = pl.int_range(1, count + 1, eager=True).cast(pl.String).str.zfill(6)
    return pl.DataFrame(
        {
            "sku": "S" + serial,
            "name": names.str.to_titlecase() + " " + serial,
            "category": names,
            "grams": grams.astype(np.int64),
            "length_mm": sides[:, 0],
            "width_mm": sides[:, 1],
            "height_mm": sides[:, 2],
            "price_cents": np.maximum(np.round(price / 100) * 100 - 1, 99).astype(np.int64),
            "ships_alone": rng.random(count) < 0.015,
            "hazard": _hazards(rng, names.to_numpy()),
        }
    )


def _sides(rng: np.random.Generator, grams: Floats) -> np.ndarray[tuple[int, int], np.dtype]:
    """Return three sides in mm, (S, 3), longest first; 1 % are oversized."""
    volume = 1000 * grams / rng.lognormal(np.log(DENSITY), 0.4, len(grams))  # mm³
    ratio = np.array([3.0, 2.0, 1.0]) * rng.uniform(0.8, 1.2, (len(grams), 3))
    sides = ratio * np.cbrt(volume / ratio.prod(axis=1))[:, None]
    sides = -np.sort(-np.clip(sides, 5, 1_150), axis=1)
    oversized = rng.random(len(grams)) < 0.01
    sides[oversized, 0] = rng.uniform(1_300, 2_000, int(oversized.sum()))
    return sides.round().astype(np.int64)


def _hazards(rng: np.random.Generator, category: np.ndarray[tuple[int], np.dtype]) -> pl.Series:
    """Return each product's hazard class, None for most."""
    chance = rng.random(len(category))
    lithium = np.isin(category, ("electronics", "toys")) & (chance < 0.02)
    aerosol = (category == "beauty") & (chance < 0.10)
    return picked(["lithium", "aerosol"], np.where(lithium, 0, np.where(aerosol, 1, -1)))


def popularity(rng: np.random.Generator, count: int) -> Floats:
    """Return each product's share of the lines; sums to 1."""
    rank = rng.permutation(count)
    weight = (rank + 10 + count / 1000) ** -0.9
    return np.asarray(weight / weight.sum(), dtype=np.float64)
