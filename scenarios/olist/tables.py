"""The tables of the Olist scenario that follow from the lines sold.

A *sold* row is one unit of a product, as in the data; a *sent* row is what one seller sent for
one order.
"""

from pathlib import Path
from typing import Final

import polars as pl

from omnisource.solvers.routes.direct import distances_km

TIMEZONE: Final = "America/Sao_Paulo"
SERVICE: Final = "carrier"
SIDES: Final = ("product_length_cm", "product_width_cm", "product_height_cm")


def read_sold(path: Path) -> pl.DataFrame:
    """Read the lines, sorted by order and item; fill in what products lack by the median."""
    sold = pl.read_csv(path, infer_schema_length=None).sort("order_id", "order_item_id")
    measures = ("product_weight_g", *SIDES)
    medians = [pl.col(c).fill_null(sold.unique("product_id")[c].median()) for c in measures]
    return sold.with_columns(*medians).with_columns(
        grams=pl.col("product_weight_g").round().cast(pl.Int64),
        cm3=pl.col(SIDES[0]) * pl.col(SIDES[1]) * pl.col(SIDES[2]),
        price_cents=_cents("price"),
        freight_cents=_cents("freight_value"),
        seller=pl.col("seller_id"),
    )


def _cents(column: str) -> pl.Expr:
    return (pl.col(column) * 100).round().cast(pl.Int64)


def line_table(sold: pl.DataFrame) -> pl.DataFrame:
    """Return the `lines` table: an order's items of one product are units of one line."""
    merged = sold.group_by("order_id", "product_id", maintain_order=True).agg(
        units=pl.len(), price_cents=pl.col("price_cents").first()
    )
    return merged.select(
        order="order_id",
        line=pl.int_range(1, pl.len() + 1).over("order_id").cast(pl.String),
        sku="product_id",
        units=pl.col("units").cast(pl.Int64),
        price_cents="price_cents",
        discount_cents=pl.lit(0),
        bundle=pl.lit(None, dtype=pl.String),
    )


def sent_shipments(sold: pl.DataFrame) -> pl.DataFrame:
    """Return what each seller sent for each order, in one shipment."""
    first = [
        *("order_purchase_timestamp", "order_delivered_carrier_date"),
        *("order_delivered_customer_date", "order_estimated_delivery_date"),
        *("customer_zip_code_prefix", "customer_lat", "customer_lng", "seller_lat", "seller_lng"),
    ]
    sent = sold.group_by("order_id", "seller", maintain_order=True).agg(
        pl.col("grams").sum(),
        pl.col("cm3").sum(),
        pl.col("freight_cents").sum().alias("cents"),
        pl.len().alias("units"),
        *[pl.col(name).first() for name in first],
    )
    ends = ("seller_lat", "seller_lng", "customer_lat", "customer_lng")
    return sent.with_columns(km=pl.Series(distances_km(*(sent[c].to_numpy() for c in ends))))


def node_table(sold: pl.DataFrame) -> pl.DataFrame:
    """Return the `nodes` table: every seller ships from its own place, for nothing."""
    none, zero = pl.lit(None, dtype=pl.Int64), pl.lit(0)
    return sold.unique("seller", maintain_order=True).sort("seller").select(
        node="seller",
        kind=pl.lit("dropshipper"),
        name=pl.format("Seller in {} {}", "seller_state", _zip("seller_zip_code_prefix")),
        country=pl.lit("BR"),
        postcode=_zip("seller_zip_code_prefix"),
        lat="seller_lat",
        lon="seller_lng",
        timezone=pl.lit(TIMEZONE),
        calendar=none.cast(pl.String),
        ships=pl.lit(True),
        pickup=pl.lit(False),
        returns=pl.lit(False),
        orders_per_day=none,
        units_per_day=none,
        cents_per_shipment=zero,
        cents_per_unit=zero,
        processing_minutes=zero,
        cutoff=none.cast(pl.String),
        decline_rate=pl.lit(0.0),
        safety=zero,
    )  # fmt: skip


def _zip(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.zfill(5)


def product_table(sold: pl.DataFrame) -> pl.DataFrame:
    """Return the `products` table."""
    sides = pl.concat_list(*SIDES).list.sort(descending=True)
    return sold.unique("product_id", keep="first", maintain_order=True).sort("product_id").select(
        sku="product_id",
        name=pl.lit(None, dtype=pl.String),
        category=pl.col("category_en"),
        grams="grams",
        length_mm=(sides.list.get(0) * 10).cast(pl.Int64),
        width_mm=(sides.list.get(1) * 10).cast(pl.Int64),
        height_mm=(sides.list.get(2) * 10).cast(pl.Int64),
        price_cents="price_cents",
        ships_alone=pl.lit(False),
        hazard=pl.lit(None, dtype=pl.String),
    )  # fmt: skip


def stock_table(sold: pl.DataFrame) -> pl.DataFrame:
    """Return the `stock` table: what a seller sold of a product is what it has."""
    return sold.group_by("seller", "product_id").len().sort("seller", "product_id").select(
        node="seller",
        sku="product_id",
        on_hand="len",
        safety=pl.lit(0),
        unit_cost_cents=pl.lit(0),
        counted_at=pl.lit(None, dtype=pl.String),
        accuracy=pl.lit(None, dtype=pl.Float64),
    )  # fmt: skip


def order_table(sold: pl.DataFrame) -> pl.DataFrame:
    """Return the `orders` table; nothing is promised: those dates have long passed."""
    text = pl.lit(None, dtype=pl.String)
    return sold.unique("order_id", keep="first", maintain_order=True).select(
        order="order_id",
        channel=pl.lit("marketplace"),
        customer="customer_id",
        tier=text,
        placed_at=_stamp("order_purchase_timestamp"),
        mode=pl.lit("delivery"),
        country=pl.lit("BR"),
        postcode=_zip("customer_zip_code_prefix"),
        lat="customer_lat",
        lon="customer_lng",
        pickup_node=text,
        from_store=text,
        promised_by=text,
        max_shipments=pl.lit(None, dtype=pl.Int64),
        ship_complete=pl.lit(False),
    )


def delivery_table(sent: pl.DataFrame) -> pl.DataFrame:
    """Return the `deliveries` table; a hand-over out of order in time counts as not known."""
    placed, taken, there = (
        local_time(f"order_{name}")
        for name in ("purchase_timestamp", "delivered_carrier_date", "delivered_customer_date")
    )
    orderly = (taken >= placed) & ((taken <= there) | there.is_null())
    return sent.select(
        shipment=pl.format("{}/{}", "order_id", pl.int_range(1, pl.len() + 1).over("order_id")),
        node="seller",
        service=pl.lit(SERVICE),
        country=pl.lit("BR"),
        postcode=_zip("customer_zip_code_prefix"),
        lat="customer_lat",
        lon="customer_lng",
        grams="grams",
        placed_at=_stamp("order_purchase_timestamp"),
        shipped_at=pl.when(orderly).then(_stamp("order_delivered_carrier_date")),
        delivered_at=_stamp("order_delivered_customer_date"),
        promised_at=_stamp("order_estimated_delivery_date"),
    )


def local_time(column: str) -> pl.Expr:
    """Read a time of day and date, which Olist states in local time."""
    local = pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ms")
    return local.dt.replace_time_zone(TIMEZONE, ambiguous="earliest", non_existent="null")


def _stamp(column: str) -> pl.Expr:
    return local_time(column).dt.strftime("%Y-%m-%dT%H:%M:%S%:z")
