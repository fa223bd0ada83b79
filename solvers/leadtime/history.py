"""Deliveries of the past in columns: when each was placed, and when it was known to be there.

Times are minutes since 1970-01-01 on the clock of the place that ships, so that a day is a day
there. A region is a country and the first digit of the postcode, a district the first two.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from omnisource.models.world import ABSENT, Column, World
from omnisource.solvers.leadtime.week import DAY, THURSDAY
from omnisource.solvers.problem import Floats, Ints
from omnisource.solvers.routes.direct import distances_km

NEVER: Final = int(np.iinfo(np.int64).max)
"""When what is not known to have arrived arrives."""
BANDS: Final = 10


@dataclass(frozen=True, eq=False)
class History:
    """Deliveries in the order of placing; local minutes."""

    placed: Ints  # (D,)
    arrived: Ints  # (D,) NEVER where not known
    promised: Ints  # (D,) ABSENT where none is known
    service: Ints  # (D,) row of its service
    node: Ints  # (D,) row of its node
    km: Floats  # (D,) NaN where not known
    weekday: Ints  # (D,) of placing, 0 Monday
    region: Ints  # (D,) place in `regions`
    district: Ints  # (D,) place in `districts`
    regions: tuple[str, ...]
    districts: tuple[str, ...]
    services: int
    origins: tuple[str, ...]  # regions of the nodes
    origin: Ints  # (N,) place in `origins`, by node

    @property
    def nodes(self) -> int:
        """The number of nodes."""
        return len(self.origin)

    @property
    def route(self) -> Ints:
        """From which region to which, (D,): origin × regions + region."""
        return self.origin[self.node] * len(self.regions) + self.region

    @property
    def day(self) -> Ints:
        """The local day of placing, days since 1970-01-01."""
        return self.placed // DAY

    def known_by(self, minute: int) -> "History":
        """Return what was known at a minute: later orders are gone, later arrivals open."""
        there = self.placed < minute
        arrived = np.where(self.arrived < minute, self.arrived, NEVER)
        columns = {name: getattr(self, name)[there] for name in COLUMNS}
        return History(
            **columns | {"arrived": arrived[there]},
            regions=self.regions,
            districts=self.districts,
            services=self.services,
            origins=self.origins,
            origin=self.origin,
        )


COLUMNS: Final = ("placed", "arrived", "promised", "service", "node", "km", "weekday", "region",
                  "district")  # fmt: skip


def history_of(world: World) -> History:
    """Return the world's deliveries, those placed first standing first."""
    turn = np.argsort(world.deliveries["placed_at"], kind="stable")
    table = world.deliveries.take(turn)
    node = table["node"].astype(np.int64)
    zones = world.nodes["timezone"][node]
    placed, arrived, promised = (
        local_minutes(table[name], zones) for name in ("placed_at", "delivered_at", "promised_at")
    )
    regions, region = _named(table["country"], table["postcode"], 1)
    districts, district = _named(table["country"], table["postcode"], 2)
    origins, origin = _named(world.nodes["country"], world.nodes["postcode"], 1)
    return History(
        placed=placed,
        arrived=np.where(arrived == ABSENT, NEVER, arrived),
        promised=promised,
        service=table["service"].astype(np.int64),
        node=node,
        km=distances_km(
            world.nodes["lat"][node], world.nodes["lon"][node], table["lat"], table["lon"]
        ),
        weekday=(placed // DAY + THURSDAY) % 7,
        region=region,
        district=district,
        regions=regions,
        districts=districts,
        services=world.services.rows,
        origins=origins,
        origin=origin,
    )


def region_name(country: str, postcode: str, digits: int) -> str:
    """Return the name of a region: the country and the first digits of the postcode.

    >>> region_name("BR", "22461-000", 1)
    'BR-2'
    """
    return f"{country}-{postcode[:digits]}"


def _named(country: Column, postcode: Column, digits: int) -> tuple[tuple[str, ...], Ints]:
    pairs = zip(country, postcode, strict=True)
    names = [region_name(str(land), str(code), digits) for land, code in pairs]
    known, place = np.unique(np.array(names, dtype=np.str_), return_inverse=True)
    return tuple(known.tolist()), place.astype(np.int64)


def local_minutes(minutes: Column, zones: Column) -> Ints:
    """Return minutes since 1970-01-01 UTC on the clocks of their zones; ABSENT stays."""
    local = np.array(minutes, dtype=np.int64)
    for zone in set(zones.tolist()):
        mine = (zones == zone) & (minutes != ABSENT)
        hours, place = np.unique(local[mine] // 60, return_inverse=True)
        shift = np.array([_shift(int(hour), zone) for hour in hours], dtype=np.int64)
        local[mine] += shift[place] if len(shift) else 0
    return local


def _shift(hour: int, zone: str) -> int:
    """Return how many minutes a zone's clock is ahead of UTC in an hour since 1970."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(hours=hour)
    ahead = moment.astimezone(ZoneInfo(zone)).utcoffset()
    return 0 if ahead is None else int(ahead.total_seconds()) // 60
