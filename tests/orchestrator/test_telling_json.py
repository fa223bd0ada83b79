"""An offer as JSON: letter by letter what the values say, whatever is asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.policy import Policy
from omnisource.models.product import Product
from omnisource.models.promise import Cart, CartLine
from omnisource.models.scenario import Scenario
from omnisource.models.stock import Receipt, StockCell
from omnisource.orchestrator.checkout.promise import Promiser, promiser
from omnisource.orchestrator.checkout.telling_json import offer_json
from omnisource.orchestrator.folder.load import world_of

NOW = datetime(2025, 3, 29, 14, 55, tzinfo=UTC)  # clocks change in the night to come
SKUS = ('a"quoted"', "b/ä\n", "c")
HOME: dict[str, Any] = {"country": "DE", "postcode": "10115", "lat": 52.5, "lon": 13.4}


@pytest.fixture(scope="module")
def ready() -> Promiser:
    """Two stores, one on another clock, and a warehouse that awaits a product that nobody has."""
    zones = {"W": "Europe/Berlin", "S\\1": "Europe/Berlin", "S 2": "Europe/London"}
    services = {"post": ("parcel", 2), "ex\tpress": ("express", 1), "bike": ("same_day", 0)}
    return promiser(
        world_of(
            Scenario(name="tiny", now=NOW, policy=Policy()),
            nodes=[
                Node(node=name, kind="store" if name[0] == "S" else "warehouse", lat=52 + i / 4,
                     lon=13.4, country="DE", postcode="10115", timezone=zone, cutoff="16:00",
                     pickup=name[0] == "S", cents_per_shipment=100 * i, decline_rate=i / 7)
                for i, (name, zone) in enumerate(zones.items())
            ],
            services=[
                Service(service=name, kind=kind, fee_cents=days, grams_co2_per_kg_km=0.1)
                for name, (kind, days) in services.items()
            ],
            zones=[
                ZoneRule(service=name, zone="all", transit_days=days)
                for name, (_, days) in services.items()
            ],
            tariffs=[
                TariffStep(service=name, zone="all", up_to_grams=3_000, cents=900 - 300 * days)
                for name, (_, days) in services.items()
            ],
            products=[Product(sku=sku, grams=900) for sku in (*SKUS, "later")],
            stock=[
                StockCell(node=node, sku=sku, on_hand=1 + i + j)
                for i, node in enumerate(zones) for j, sku in enumerate(SKUS) if i != j
            ],
            receipts=[Receipt(node="W", sku="later", units=9, due=NOW + timedelta(days=3))],
        )
    )  # fmt: skip


baskets = st.dictionaries(st.sampled_from((*SKUS, "later")), st.integers(1, 4), min_size=1)
asked = st.fixed_dictionaries(
    {},
    optional={
        "store": st.sampled_from(["S\\1", "S 2", "W"]), "max_shipments": st.integers(1, 2),
        "modes": st.sampled_from([("standard",), ("collect", "mixed"), ("express", "reserve")]),
        "by": st.just(NOW + timedelta(days=1)),
    },
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(baskets, asked, st.tuples(st.integers(0, 3_000), st.booleans()))
def test_it_is_what_the_values_say(
    ready: Promiser, basket: dict[str, int], more: dict[str, Any], when: tuple[int, bool]
) -> None:
    later, refused = when
    lines = tuple(CartLine(sku=sku, units=units) for sku, units in basket.items())
    cart, now = Cart(lines=lines, **HOME, **more), NOW + timedelta(minutes=later)
    document = ready.promise(cart, now).document()
    if document["options"] and not refused:
        del document["refused"]
    assert offer_json(ready, cart, now, refused=refused) == to_json(document)
