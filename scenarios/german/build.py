"""Build the German scenario from the real data that lie outside the repository.

    python -m omnisource.scenarios.german.build --data ../shared/data --out /tmp/german

README.md beside this file says what is real and what is made up, and names the sources.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from omnisource.orchestrator.folder.write import Format, write_folder
from omnisource.orchestrator.synthetic import country
from omnisource.orchestrator.synthetic.carriers import Band, Service
from omnisource.orchestrator.synthetic.generate import Generated, Knobs, Setting, furnish
from omnisource.orchestrator.synthetic.geography import Places, distances

WAREHOUSES = (  # postcode of a real logistics town, its name, cents a shipment
    ("21423", "Winsen", 92),
    ("59368", "Werne", 90),
    ("36251", "Bad Hersfeld", 90),
    ("04356", "Leipzig", 88),
    ("86836", "Graben", 93),
)
DROPSHIPPERS = 20
DHL_DIVISOR = 13_500  # cm³ a kg: makes the 60 × 30 × 15 cm of the 2 kg parcel weigh 2 kg
DPD_GRAMS = 20_000  # weight limit of every size
KNOBS = {
    "lines_per_order": 2.25,
    "large": 0.0,
    "reach": 60,
    "contested": 0.099,
    "scarcity": 6.0,
    "shortage_cents": 3_000,
}


def build(
    data: Path,
    out: Path,
    *,
    orders: int = 20_000,
    skus: int | None = None,
    seed: int = 1,
    format: Format = "csv",
) -> Generated:
    """Write the German scenario folder: 2.25 lines an order.

    Without `skus` there is one product for ten orders, at least 100.

    Raises:
        FileNotFoundError: the data folder lacks a file.
    """
    rng = np.random.default_rng([seed, 1])
    places = _places(data)
    setting = Setting(places, _nodes(rng, places, data), _services(data))
    skus = skus or max(orders // 10, 100)
    knobs = Knobs(orders=orders, skus=skus, seed=seed, **KNOBS)  # type: ignore[arg-type]
    generated = furnish(setting, knobs)
    head = {
        "name": "german",
        "summary": f"Real German sites, postcodes and parcel prices; {orders} made-up orders.",
        "seed": seed,
        "now": knobs.now,
    }
    write_folder(out, generated.tables, head=head, policy=generated.policy, format=format)
    return generated


def _places(data: Path) -> Places:
    """Read the postcodes that have coordinates; a place's weight is its population."""
    table = pl.read_csv(data / "plz_de.csv.gz", schema_overrides={"plz": pl.String})
    table = table.drop_nulls(["lat", "lng"])
    people = table["population_2011"].fill_null(0).to_numpy().astype(np.float64)
    return Places(
        country="DE",
        postcode=table["plz"].to_list(),
        name=table["place"].to_list(),
        lat=table["lat"].to_numpy(),
        lon=table["lng"].to_numpy(),
        weight=people / people.sum(),
    )


def _nodes(rng: np.random.Generator, places: Places, data: Path) -> pl.DataFrame:
    """Return the `nodes` table: five warehouses, every real store, made-up dropshippers."""
    sites = pl.read_csv(data / "stores_de_osm.csv", infer_schema=False)
    lat, lon = (sites[c].cast(pl.Float64).to_numpy() for c in ("lat", "lng"))
    spots = [
        np.array([places.postcode.index(postcode) for postcode, _, _ in WAREHOUSES]),
        distances(places, lat, lon).argmin(axis=0),  # a store's nearest place
        rng.choice(len(places.lat), DROPSHIPPERS),
    ]
    kind = np.repeat(np.array(country.KINDS, dtype=object), [len(spot) for spot in spots])
    nodes = country.nodes_at(rng, places, np.concatenate(spots), kind)
    first, last = len(WAREHOUSES), len(WAREHOUSES) + sites.height
    return pl.concat([_warehouses(nodes[:first]), _stores(nodes[first:last], sites), nodes[last:]])


def _warehouses(nodes: pl.DataFrame) -> pl.DataFrame:
    """Name the warehouses; they differ in wages."""
    return nodes.with_columns(
        node=pl.Series([f"warehouse-{country.slug(name)}" for _, name, _ in WAREHOUSES]),
        name=pl.Series([f"Warehouse {name}" for _, name, _ in WAREHOUSES]),
        cents_per_shipment=pl.Series([cents for _, _, cents in WAREHOUSES]),
    )


def _stores(nodes: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """Put in the real coordinates and postcodes; the name is OpenStreetMap's identity."""
    return nodes.with_columns(
        node="store-" + sites["site_id"].str.replace("/", "-"),
        postcode=sites["postal_code"].fill_null(nodes["postcode"]),
        lat=sites["lat"].cast(pl.Float64).round(5),
        lon=sites["lng"].cast(pl.Float64).round(5),
    )


def _services(data: Path) -> tuple[Service, ...]:
    """Return the real parcel products within Germany, and the made-up courier and freight."""
    rates = pl.read_csv(data / "eu_parcel_rates_de_fr.csv").filter(
        (pl.col("origin") == "DE") & (pl.col("dest_countries") == "DE")
    )
    made_up = [s for s in country.SERVICES if s.kind in ("same_day", "freight")]
    return (_dhl(rates), _dpd(rates), _dhl_express(rates), *made_up)


def _dhl(rates: pl.DataFrame) -> Service:
    """DHL Paket: five weight steps up to 31.5 kg, 120 × 60 × 60 cm."""
    found = _products(rates, "DHL", "Standard", "- Paket$")
    return Service(
        "dhl-paket", "DHL", "parcel", (_band(found),),
        dim_divisor=DHL_DIVISOR, max_length_mm=1_200, max_girth_mm=3_600, fee_cents=395,
    )  # fmt: skip


def _dpd(rates: pl.DataFrame) -> Service:
    """DPD Classic: sizes by shortest + longest side, as litres that weigh.

    The largest parcel whose shortest and longest side add up to s is about s/3 × 2s/3 × 2s/3,
    so 4 s³/27; the divisor makes the largest size weigh its 20 kg.
    """
    found = _products(rates, "DPD", "Standard", "- Classic$")
    side = [json.loads(text)["shortest_longest_side_max"] for text in found["max_dimensions_cm"]]
    litres = [4 * s**3 / 27_000 for s in side]
    divisor = round(1000 * max(litres) / (DPD_GRAMS / 1000))
    grams = [min(round(1e6 * volume / divisor), DPD_GRAMS) for volume in litres]
    found = found.with_columns(max_weight_g=pl.Series(grams))
    return Service(
        "dpd-classic", "DPD", "parcel", (_band(found),),
        dim_divisor=divisor, max_length_mm=round(10 * max(side)), max_girth_mm=3_000,
        fee_cents=395,
    )  # fmt: skip


def _dhl_express(rates: pl.DataFrame) -> Service:
    """DHL Express: three weight steps up to 5 kg, 60 × 30 × 15 cm."""
    found = _products(rates, "DHL", "Express", "")
    return Service(
        "dhl-express", "DHL", "express", (_band(found),),
        max_length_mm=600, max_girth_mm=1_500, grams_co2_per_kg_km=0.30, fee_cents=1_495,
    )  # fmt: skip


def _products(rates: pl.DataFrame, carrier: str, service: str, product: str) -> pl.DataFrame:
    same = (pl.col("carrier") == carrier) & (pl.col("service") == service)
    return rates.filter(same & pl.col("product").str.contains(product)).sort("price_eur")


def _band(found: pl.DataFrame) -> Band:
    """Return the one zone, Germany, with the slowest transit time stated."""
    cents = (found["price_eur"] * 100).round().cast(pl.Int64)
    steps = tuple(zip(found["max_weight_g"], cents, strict=True))
    return Band("Germany", int(found["transit_max_days"].to_numpy().max()), steps)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the builder from the command line."""
    parser = argparse.ArgumentParser(prog="omnisource.scenarios.german.build", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the real data")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--skus", type=int, help="products; one for ten orders if absent")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    asked = parser.parse_args(argv)
    generated = build(
        asked.data, asked.out, orders=asked.orders, skus=asked.skus, seed=asked.seed,
        format=asked.format,
    )  # fmt: skip
    for name, value in generated.facts.items():
        print(f"{name}: {value:.4g}")


if __name__ == "__main__":
    main()
