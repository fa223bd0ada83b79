"""What customers want, and what they got: orders, their lines, past deliveries."""

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from omnisource.models.base import (
    Cents,
    Country,
    Grams,
    Latitude,
    Longitude,
    Name,
    Postcode,
    Text,
    Units,
)
from omnisource.models.policy import Mode
from omnisource.models.row import (
    BundleRef,
    InOrder,
    Needs,
    NodeRef,
    OrderRef,
    Row,
    Rule,
    ServiceRef,
    SkuRef,
    Together,
)


class Order(Row):
    """What one customer ordered in one go, and where it shall go."""

    KEY: ClassVar[tuple[str, ...]] = ("order",)
    RULES: ClassVar[tuple[Rule, ...]] = (
        Together(("lat", "lon")),
        Needs(("country",), "mode", ("delivery",)),
        Needs(("postcode", "lat"), "mode", ("delivery",)),
        Needs(("pickup_node",), "mode", ("collect", "ship_to_store", "reserve")),
    )

    order: Name = Field(description="The order's name; unique.")
    channel: Text = Field("", description="Where it was sold: web, app, marketplace.")
    customer: Text = Field("", description="Who ordered.")
    tier: Text = Field("", description="The customer's standing, which fences may name.")
    placed_at: AwareDatetime = Field(description="When it was placed.")
    mode: Mode = Field(
        "delivery",
        description="delivery to the customer; collect from store stock; ship_to_store and "
        "collect there; reserve in the store and pay there.",
    )
    country: Country | None = Field(None, description="Destination, two letters, ISO 3166.")
    postcode: Postcode = Field("", description="Destination.")
    lat: Latitude | None = Field(None, description="Destination, degrees north.")
    lon: Longitude | None = Field(None, description="Destination, degrees east.")
    pickup_node: NodeRef | None = Field(None, description="Where the customer collects.")
    from_store: NodeRef | None = Field(
        None, description="The store in which it was ordered (endless aisle)."
    )
    promised_by: AwareDatetime | None = Field(
        None, description="When it must have arrived; absent: nothing was promised."
    )
    max_shipments: Annotated[int, Field(ge=1, le=200)] | None = Field(
        None, description="Shipments at most; absent: the policy's limit."
    )
    ship_complete: bool = Field(False, description="All units or none.")


class Line(Row):
    """Units of one product in an order."""

    KEY: ClassVar[tuple[str, ...]] = ("order", "line")

    order: OrderRef = Field(description="The order.")
    line: Name = Field(description="The line's name; unique within its order.")
    sku: SkuRef = Field(description="The product.")
    units: Units = Field(description="Units asked for.")
    price_cents: Cents = Field(0, description="Cents a unit.")
    discount_cents: Cents = Field(0, description="Cents off the price of a unit.")
    bundle: BundleRef | None = Field(
        None, description="The bundle that it is a part of, as in `bundles`."
    )


class Delivery(Row):
    """A shipment of the past, to learn lead times from."""

    KEY: ClassVar[tuple[str, ...]] = ("shipment",)
    RULES: ClassVar[tuple[Rule, ...]] = (
        Together(("lat", "lon")),
        InOrder(("placed_at", "shipped_at")),
        InOrder(("shipped_at", "delivered_at")),
    )

    shipment: Name = Field(description="The shipment's name; unique.")
    node: NodeRef = Field(description="Who sent it.")
    service: ServiceRef = Field(description="By which service.")
    country: Country | None = Field(None, description="Destination, two letters, ISO 3166.")
    postcode: Postcode = Field("", description="Destination.")
    lat: Latitude | None = Field(None, description="Destination, degrees north.")
    lon: Longitude | None = Field(None, description="Destination, degrees east.")
    grams: Grams = Field(0, description="Grams.")
    placed_at: AwareDatetime = Field(description="When the order was placed.")
    shipped_at: AwareDatetime | None = Field(
        None, description="When it left the node; absent: not yet known."
    )
    delivered_at: AwareDatetime | None = Field(
        None, description="When it arrived; absent: not yet known."
    )
    promised_at: AwareDatetime | None = Field(
        None, description="When it was promised to arrive; absent: not known."
    )
