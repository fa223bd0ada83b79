"""Lead times that nobody learned, of the size and shape of those that are."""

from typing import Final

import numpy as np

from omnisource.models.world import World
from omnisource.solvers.leadtime.history import region_name
from omnisource.solvers.leadtime.table import LEVELS, LeadTimes
from omnisource.solvers.leadtime.week import DAY
from omnisource.solvers.problem import Floats

BANDS: Final = 10
"""Distance bands, 100 km each."""


def made_up_times(world: World, seed: int) -> LeadTimes:
    """Return lead times of one to three days in the middle, in which every region differs."""
    rng = np.random.default_rng([seed, 13])
    level, services, nodes = np.array(LEVELS), world.services.rows, world.nodes.rows
    tail = 1 / (1 - level) ** 0.3  # a Pareto's, median 1.2
    middle: Floats = rng.uniform(0.8, 2.5, (services, 1, 1, 1)) * DAY
    slower = 1 + 0.05 * np.arange(BANDS).reshape(1, BANDS, 1, 1)
    minutes: Floats = middle * slower * rng.uniform(0.9, 1.1, (1, 1, 7, 1)) * tail
    lands = sorted(set(world.orders["country"].tolist()))
    regions = [region_name(land, f"{code:02d}", 2) for land in lands for code in range(100)]
    origins = [region_name(land, str(code), 1) for land in lands for code in range(10)]
    places = zip(world.nodes["country"], world.nodes["postcode"], strict=True)
    known = {name: i for i, name in enumerate(origins)}
    return LeadTimes(
        level, np.linspace(100.0, 100.0 * (BANDS - 1), BANDS - 1), minutes,
        rng.uniform(0.8, 1.2, nodes), tuple(regions),
        rng.uniform(0.8, 1.3, (len(regions), 1)) * np.ones(len(level)), tuple(origins),
        np.array([known.get(region_name(land, code, 1), -1) for land, code in places], np.int64),
        rng.uniform(0.9, 1.1, (len(origins), len(regions))),
        np.array([1.2, 1.2, 1.2, 1.2, 1.2, 0.8, 0.2]),
    )  # fmt: skip
