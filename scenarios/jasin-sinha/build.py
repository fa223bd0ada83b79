"""Write an instance of the test bed, and one stream of its orders, as a scenario folder.

    python -m omnisource.scenarios.jasin-sinha.build --out /tmp/jasin-sinha

README.md beside this file says what the test bed is, and names the sources. A unit weighs 1 kg, so
that a shipment's cost is a weight step; costs are rounded to the cent, a shipment each. The
artificial FC is a dropshipper that has everything. An order is placed a minute.
"""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from omnisource.orchestrator.folder.write import Format, write_folder
from omnisource.orchestrator.testbed.instance import (
    CITIES,
    FCS,
    ITEMS,
    LARGEST,
    Instance,
    instance,
    stream,
    tariff,
)
from omnisource.solvers.fluid.classes import MILLION
from omnisource.solvers.problem import Ints

BEGIN: Final = datetime(2025, 1, 6, tzinfo=UTC)
POSTCODES: Final = (
    "10001", "90001", "60601", "33101", "75201", "77001", "19101", "30301", "20001", "02101",
)  # fmt: skip
"""One of each city, in the order of `CITIES`."""
UNSERVED: Final = "unserved"
"""The artificial FC."""
MIDDLE: Final = (39.83, -98.58)
"""Where it lies: in the middle of the country."""
GRAMS: Final = 1_000
"""Of a unit."""
SHORTAGE_CENTS: Final = 10_000
"""More than the artificial FC ever takes for a unit."""


def build(
    out: Path,
    *,
    number: int = 0,
    draw: int = 0,
    periods: int = 10_000,
    seed: int = 0,
    format: Format = "csv",
) -> Instance:
    """Write the folder of an instance and one of its streams.

    Args:
        out: the folder.
        number: which instance.
        draw: which of its streams.
        periods: orders at the most; some are empty.
        seed: as of the experiment.
        format: of the tables.
    """
    drawn = instance(seed, number, periods)
    classes = stream(drawn, seed, number=number, draw=draw)
    head = {
        "name": "jasin-sinha",
        "summary": f"Instance {number}, stream {draw} of the test bed of Jasin & Sinha (2015).",
        "seed": seed,
        "now": BEGIN + timedelta(minutes=periods),
    }
    tables = _network() | _goods(drawn) | _orders(drawn, classes)
    write_folder(out, tables, head=head, policy={"shortage_cents": SHORTAGE_CENTS}, format=format)
    return drawn


def _network() -> dict[str, pl.DataFrame]:
    """Return nodes, the one service, and a zone of its tariff for each node and city."""
    sites = [(name, "warehouse", lat, lon) for name, lat, lon in FCS]
    sites.append((UNSERVED, "dropshipper", *MIDDLE))
    nodes = pl.DataFrame(sites, schema=["node", "kind", "lat", "lon"], orient="row")
    services = pl.DataFrame({"service": ["parcel"], "kind": ["parcel"]})
    (fixed, unit), zones, steps = tariff(), [], []
    for k, (node, *_) in enumerate(sites):
        for c, postcode in enumerate(POSTCODES):
            zone = f"{node} to {CITIES[c][0]}"
            zones.append(("parcel", node, "US", postcode, postcode, zone, 1))
            for n in range(1, LARGEST + 1):
                cents = round((int(fixed[k]) + n * int(unit[c, k])) * 100 / MILLION)
                steps.append(("parcel", zone, n * GRAMS, cents))
    zone_columns = [
        "service", "node", "country", "postcode_from", "postcode_to", "zone", "transit_days",
    ]  # fmt: skip
    step_columns = ["service", "zone", "up_to_grams", "cents"]
    return {
        "nodes": nodes.with_columns(country=pl.lit("US")),
        "services": services,
        "zones": pl.DataFrame(zones, schema=zone_columns, orient="row"),
        "tariffs": pl.DataFrame(steps, schema=step_columns, orient="row"),
    }


def _goods(drawn: Instance) -> dict[str, pl.DataFrame]:
    """Return products and stock; the artificial FC has a unit of each item for every period."""
    names = [*(name for name, *_ in FCS), UNSERVED]
    units = np.column_stack([drawn.classes.stock[:, :-1], np.full(ITEMS, drawn.periods)])
    item, node = np.nonzero(units)
    stock = {
        "node": [names[k] for k in node],
        "sku": [_sku(i) for i in item.tolist()],
        "on_hand": units[item, node],
    }
    products = {"sku": [_sku(i) for i in range(ITEMS)], "grams": [GRAMS] * ITEMS}
    return {"products": pl.DataFrame(products), "stock": pl.DataFrame(stock)}


def _orders(drawn: Instance, classes: Ints) -> dict[str, pl.DataFrame]:
    """Return the orders of a stream, empty ones left out, and their lines."""
    periods = np.flatnonzero(classes < drawn.classes.size)
    asked = classes[periods]
    city, items = asked % len(CITIES), drawn.classes.item[asked]
    row, slot = np.nonzero(items >= 0)
    names = [f"o{t:05d}" for t in periods.tolist()]
    orders = {
        "order": names,
        "placed_at": [BEGIN + timedelta(minutes=t) for t in periods.tolist()],
        "country": ["US"] * len(names),
        "postcode": [POSTCODES[c] for c in city.tolist()],
        "lat": [CITIES[c][1] for c in city.tolist()],
        "lon": [CITIES[c][2] for c in city.tolist()],
    }
    lines = {
        "order": [names[o] for o in row.tolist()],
        "line": (slot + 1).astype(str),
        "sku": [_sku(i) for i in items[row, slot].tolist()],
        "units": np.ones(len(row), np.int64),
    }
    return {"orders": pl.DataFrame(orders), "lines": pl.DataFrame(lines)}


def _sku(item: int) -> str:
    return f"item-{item + 1:02d}"


def main(argv: Sequence[str] | None = None) -> None:
    """Run the builder from the command line."""
    parser = argparse.ArgumentParser(
        prog="omnisource.scenarios.jasin-sinha.build", description=__doc__
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--instance", type=int, default=0, help="which instance, from 0")
    parser.add_argument("--stream", type=int, default=0, help="which of its streams, from 0")
    parser.add_argument("--periods", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    asked = parser.parse_args(argv)
    build(
        asked.out, number=asked.instance, draw=asked.stream, periods=asked.periods,
        seed=asked.seed, format=asked.format,
    )  # fmt: skip


if __name__ == "__main__":
    main()
