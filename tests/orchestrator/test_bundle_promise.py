"""A bundle in a cart is promised from one node, or in parts where the policy lets it come apart."""

from datetime import UTC, datetime

import pytest

from omnisource.models.base import UnusableInput
from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.policy import Policy
from omnisource.models.product import BundlePart, Product
from omnisource.models.promise import Cart, CartLine, Offer
from omnisource.models.scenario import Scenario
from omnisource.models.stock import StockCell
from omnisource.orchestrator.checkout.promise import promise
from omnisource.orchestrator.folder.load import world_of

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)


def offered(stock: dict[str, int], *, bundle: str | None = "set", apart: bool = False) -> Offer:
    """What is offered for one A and one B; stock as {"WA": 3}: three units of A at W.

    A parcel from S costs 100 cents, from W 900.
    """
    policy = Policy(bundles="apart" if apart else "together")
    world = world_of(
        Scenario(name="town", now=NOON, policy=policy),
        nodes=[
            Node.model_validate({"node": n, "kind": "warehouse", "lat": 50, "lon": 8,
                                 "country": "DE", "cents_per_shipment": cents})
            for n, cents in (("W", 800), ("S", 0))
        ],
        services=[Service(service="post", kind="parcel")],
        zones=[ZoneRule(service="post", country="DE", zone="z", transit_days=2)],
        tariffs=[TariffStep(service="post", zone="z", up_to_grams=9_000, cents=100)],
        products=[Product(sku=sku, grams=5) for sku in "AB"],
        bundles=[BundlePart(bundle="set", sku=sku) for sku in "AB"],
        stock=[StockCell(node=name[0], sku=name[1], on_hand=n) for name, n in stock.items()],
    )  # fmt: skip
    lines = tuple(CartLine(sku=sku, bundle=bundle) for sku in "AB")
    cart = Cart(lines=lines, country="DE", postcode="1", lat=50, lon=8)
    return promise(world, cart, now=NOON)


def nodes(offer: Offer) -> set[frozenset[str]]:
    return {frozenset(option.nodes) for option in offer.options}


def test_a_set_is_promised_from_the_node_that_has_all_of_it() -> None:
    stock = {"WA": 1, "WB": 1, "SA": 1}
    assert nodes(offered(stock)) == {frozenset("W")}


def test_a_set_that_no_node_has_is_not_promised() -> None:
    stock = {"WA": 1, "SB": 1}
    assert nodes(offered(stock)) == set()
    assert nodes(offered(stock, bundle=None)) == {frozenset("SW")}
    assert nodes(offered(stock, apart=True)) == {frozenset("SW")}


def test_a_bundle_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnusableInput, match="no bundle is called 'kit'"):
        offered({"WA": 1}, bundle="kit")
