"""Turn the Olist lines that lie outside the repository into a scenario folder.

    python -m omnisource.scenarios.olist.convert --data ../shared/data --out /tmp/olist

README.md beside this file has the facts, the licence, the fit's error and what is filled in.
"""

import argparse
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from omnisource.orchestrator.folder.write import write_folder
from omnisource.scenarios.olist import tables
from omnisource.scenarios.olist.fit import Shipments, Tariff, cross_validated, errors, fit

NOW: Final = datetime.fromisoformat("2018-05-01T06:00:00-03:00")  # after the last order
POLICY: Final = {"shortage_cents": 1_000_000, "co2_cents_per_kg": 0.0}


def convert(data: Path, out: Path) -> dict[str, object]:
    """Write the Olist scenario folder, `history/history.csv` and `history/fit.json`.

    Returns:
        The facts of the fit.

    Raises:
        FileNotFoundError: the data folder lacks the file.
    """
    sold = tables.read_sold(data / "olist_lines_to_2018_04.csv.gz")
    lines = tables.line_table(sold)
    sent = tables.sent_shipments(sold)
    shipments = Shipments(
        sent["grams"].to_numpy(),
        sent["cm3"].to_numpy().astype(np.float64),
        sent["km"].to_numpy(),
        sent["cents"].to_numpy(),
    )
    tariff = fit(shipments)
    made = {
        "nodes": tables.node_table(sold),
        **_carrier(tariff, sent),
        "products": tables.product_table(sold),
        "stock": tables.stock_table(sold),
        "orders": tables.order_table(sold),
        "lines": lines,
        "deliveries": tables.delivery_table(sent),
    }
    head = {
        "name": "olist",
        "summary": "Real orders of a Brazilian marketplace, allocated in one night.",
        "seed": 0,
        "now": NOW,
    }
    write_folder(out, made, head=head, policy=POLICY)
    facts = _facts(tariff, shipments, sent["units"].to_numpy())
    (out / "history").mkdir(exist_ok=True)
    _history(sold, lines).write_csv(out / "history" / "history.csv")
    (out / "history" / "fit.json").write_text(json.dumps(facts, indent=2) + "\n")
    return facts


def _carrier(tariff: Tariff, sent: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return `services`, `zones` and `tariffs`: one service, priced as fitted."""
    names = [f"zone {z}" for z in range(1, len(tariff.ends) + 1)]
    text = pl.lit(None, dtype=pl.String)
    services = pl.select(
        service=pl.lit(tables.SERVICE),
        carrier=pl.lit("as charged by Olist"),
        kind=pl.lit("parcel"),
        dim_divisor=pl.lit(tariff.divisor),
        max_grams=pl.lit(int(tariff.steps[-1])),
        max_length_mm=pl.lit(None, dtype=pl.Int64),
        max_girth_mm=pl.lit(None, dtype=pl.Int64),
        grams_co2_per_kg_km=pl.lit(0.0),
        fee_cents=pl.lit(0),
    )
    ends = [None if np.isinf(km) else float(km) for km in tariff.ends]
    zones = pl.DataFrame(
        {"zone": names, "up_to_km": ends, "transit_days": _transit_days(tariff, sent)}
    ).select(
        service=pl.lit(tables.SERVICE),
        node=text,
        country=pl.lit("BR"),
        postcode_from=text,
        postcode_to=text,
        up_to_km="up_to_km",
        zone="zone",
        transit_days="transit_days",
    )
    steps = len(tariff.steps)
    tariffs = pl.DataFrame(
        {
            "service": [tables.SERVICE] * tariff.cents.size,
            "zone": np.repeat(names, steps).tolist(),
            "up_to_grams": np.tile(tariff.steps, len(names)),
            "cents": tariff.cents.ravel(),
        }
    )
    return {"services": services, "zones": zones, "tariffs": tariffs}


def _transit_days(tariff: Tariff, sent: pl.DataFrame) -> list[int]:
    """Return the median days from the carrier's taking over to delivery, by zone."""
    dates = ("order_delivered_carrier_date", "order_delivered_customer_date")
    taken, there = (tables.local_time(c) for c in dates)
    zone = pl.Series("zone", np.searchsorted(tariff.ends, sent["km"].to_numpy()))
    days = sent.with_columns(zone, days=(there - taken).dt.total_hours() / 24)
    median = days.group_by("zone").agg(pl.col("days").median()).sort("zone")
    return [int(np.ceil(d)) for d in median["days"]]


def _history(sold: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return who really shipped: order, line, node, units."""
    by_seller = sold.group_by("order_id", "product_id", "seller", maintain_order=True).len()
    named = by_seller.join(
        lines.select("order", "line", "sku"),
        left_on=["order_id", "product_id"],
        right_on=["order", "sku"],
        how="left",
        maintain_order="left",
    )
    return named.select(order="order_id", line="line", node="seller", units="len")


def _facts(
    tariff: Tariff, shipments: Shipments, units: np.ndarray[tuple[int], np.dtype[np.uint32]]
) -> dict[str, object]:
    """Return what the fit found and how far it is off."""
    fitted, single = tariff.price(shipments), units == 1
    return {
        "shipments": len(units),
        "steps": len(tariff.steps),
        "zones": len(tariff.ends),
        "divisor": tariff.divisor,
        "charged_cents": int(shipments.cents.sum()),
        "fitted_cents": int(fitted.sum()),
        "fit": errors(shipments.cents, fitted),
        "one_unit": errors(shipments.cents[single], fitted[single]),
        "more_units": errors(shipments.cents[~single], fitted[~single]),
        "cross_validated": cross_validated(shipments, tariff.divisor),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Run the converter from the command line."""
    parser = argparse.ArgumentParser(prog="omnisource.scenarios.olist.convert")
    parser.add_argument("--data", type=Path, required=True, help="folder of the real data")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    asked = parser.parse_args(argv)
    print(json.dumps(convert(asked.data, asked.out), indent=2))


if __name__ == "__main__":
    main()
