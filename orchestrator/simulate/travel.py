"""What happens to parcels once they have left: when they arrive, what is lost, what comes back.

All draws are keyed by what they are for (chance.py), so that policies are compared on one luck.

    (1)  learned lead times: asked + the quantile of a draw, and a day more for each that the
         parcel has waited in its node's queue
    (2)  else: as planned, and of a share `late` 1, 2, … days more, geometric with mean m:
         1 + ⌊ ln(1 − u) / ln(1 − 1/m) ⌋
    (3)  over the counter: when it can be collected
    (4)  of a share `lost` nothing arrives: it is sent once more when it should have been there
    (5)  each unit delivered comes back with probability `returned`, and can be sold again
         `return_days` later, where returns.py says
"""

from math import log

import numpy as np

from omnisource.orchestrator.simulate.chance import draw
from omnisource.orchestrator.simulate.demand import DAY
from omnisource.orchestrator.simulate.scene import Scene
from omnisource.solvers.problem import Flags, Ints
from omnisource.solvers.routes.clocks import MONDAY
from omnisource.solvers.routes.direct import distances_km


def arrived(scene: Scene, sent: dict[str, Ints]) -> Ints:
    """Return, (S,), the minute at which each shipment arrives, (1) to (3).

    Args:
        scene: whose chances they are.
        sent: order, node, service, asked, arrives (as planned from the day on which it left), due
            (as it was planned at first).
    """
    chances, seed = scene.setup.chances, scene.stream.seed
    keys = (sent["order"], sent["node"], sent["service"])
    by_parcel = sent["service"] >= 0
    if scene.lead_times is not None:
        waited = np.maximum(0, sent["arrives"] - sent["due"]) // DAY * DAY
        return np.where(by_parcel, _learned(scene, sent) + waited, sent["arrives"])
    late = by_parcel & (draw(seed, "late", *keys) < chances.late)
    more = days_late(draw(seed, "late days", *keys), chances.late_days)  # (2)
    return np.asarray(sent["arrives"] + late * more * DAY)


def days_late(level: "np.ndarray[tuple[int], np.dtype[np.float64]]", mean: float) -> Ints:
    """Return days from 1 on, geometric with a mean, (2).

    >>> days_late(np.array([0.0, 0.5, 0.75]), 2.0).tolist()
    [1, 2, 3]
    """
    if mean <= 1:
        return np.ones(len(level), np.int64)
    return 1 + np.floor(np.log1p(-level) / log(1 - 1 / mean)).astype(np.int64)


def _learned(scene: Scene, sent: dict[str, Ints]) -> Ints:
    """Return, (S,), when parcels arrive by what was learned, (1)."""
    times, world = scene.lead_times, scene.carts.world
    assert times is not None
    orders, nodes = world.orders, world.nodes
    order, node = sent["order"], sent["node"]
    places = ((nodes, node), (orders, order))
    ends = [table[name][rows] for table, rows in places for name in ("lat", "lon")]
    km = distances_km(*ends).tolist()
    level = draw(scene.stream.seed, "transit", order, node, sent["service"]).tolist()
    offset = scene.date(0) * DAY
    out = sent["asked"].astype(np.int64)
    country, postcode = (orders[name][order].tolist() for name in ("country", "postcode"))
    for i, at in enumerate(sent["asked"].tolist()):
        wall = at + offset
        out[i] += round(
            times.quantile(
                service=max(int(sent["service"][i]), 0), node=int(node[i]), km=km[i],
                weekday=(wall // DAY + MONDAY) % 7,
                region=times.region_of(country[i], postcode[i]), p=level[i], at=wall % DAY,
            )
        )  # fmt: skip
    return out


def lost(scene: Scene, sent: dict[str, Ints], inside: dict[str, Ints]) -> Flags:
    """Say, (S,), which parcels never arrive, (4); what was lost once does."""
    share = scene.setup.chances.lost
    again = np.zeros(len(sent["order"]), bool)
    again[inside["parcel"][scene.lost[inside["line"]]]] = True
    keys = (sent["order"], sent["node"], sent["service"])
    level = draw(scene.stream.seed, "lost", *keys)
    return np.asarray((sent["service"] >= 0) & (level < share) & ~again)


def come_back(scene: Scene, line: Ints, units: Ints) -> Ints:
    """Return, (X,), how many units of each row come back, (5)."""
    share = scene.setup.chances.returned
    if not share or not len(line):
        return np.zeros(len(line), np.int64)
    row = np.repeat(np.arange(len(line)), units)
    number = np.arange(len(row)) - np.repeat(np.cumsum(units) - units, units)
    back = draw(scene.stream.seed, "return", line[row], number) < share
    return np.bincount(row, back, len(line)).astype(np.int64)
