"""A world small enough to draw from by hand: three orders, of two regions and channels."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import omnisource as om
from omnisource.models.scenario import Scenario
from omnisource.models.world import World
from omnisource.orchestrator.folder.load import world_of

MONDAY = datetime(2025, 1, 6, tzinfo=UTC)


def order(name: str, hour: int, postcode: str, channel: str, **more: Any) -> om.Order:
    """An order of the day before Monday."""
    placed = MONDAY - timedelta(days=1) + timedelta(hours=hour)
    to = {"country": "DE", "postcode": postcode, "lat": 50.0, "lon": 10.0}
    row = {"order": name, "channel": channel, "placed_at": placed} | to | more
    return om.Order.model_validate(row)


@pytest.fixture
def world() -> World:
    """A warehouse with plenty; orders at 9, 9 and 20 h of the day before `now`."""
    return world_of(
        Scenario(name="tiny", now=MONDAY, seed=3),
        nodes=[
            om.Node(node="w", kind="warehouse", country="DE", postcode="10115", lat=50.0, lon=10.0)
        ],
        services=[om.Service(service="post", kind="parcel")],
        zones=[om.ZoneRule(service="post", zone="all", transit_days=2)],
        tariffs=[om.TariffStep(service="post", zone="all", up_to_grams=30_000, cents=500)],
        products=[
            om.Product(sku="tea", category="food", grams=500),
            om.Product(sku="pot", category="home", grams=900),
        ],
        stock=[
            om.StockCell(node="w", sku="tea", on_hand=10_000),
            om.StockCell(node="w", sku="pot", on_hand=10_000),
        ],
        orders=[
            order("a", 9, "10115", "web"),
            order("b", 9, "20095", "app", promised_by=MONDAY + timedelta(days=3)),
            order("c", 20, "20095", "web"),
        ],
        lines=[
            om.Line(order="a", line="1", sku="tea", units=1),
            om.Line(order="b", line="1", sku="tea", units=2),
            om.Line(order="b", line="2", sku="pot", units=1),
            om.Line(order="c", line="1", sku="pot", units=3),
        ],
    )
