"""The network: nodes, the services between them and the customer, zones, tariffs, lanes."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from omnisource.models.base import (
    Cents,
    Count,
    Country,
    Days,
    Grams,
    Kilometres,
    Latitude,
    Longitude,
    Millimetres,
    Minutes,
    Name,
    Postcode,
    Share,
    Text,
)
from omnisource.models.pauses import Pauses
from omnisource.models.policy import NodeKind
from omnisource.models.row import (
    Calendar,
    Clock,
    Departures,
    Differ,
    NodeRef,
    Row,
    Rule,
    ServiceRef,
    Timezone,
    Together,
)
from omnisource.models.week import Hours, Weekdays, Windows

ServiceKind = Literal["parcel", "express", "same_day", "freight", "transfer"]


class Node(Row):
    """A place that ships: warehouse, store, dropshipper; a hub only passes on."""

    KEY: ClassVar[tuple[str, ...]] = ("node",)

    node: Name = Field(description="The node's name; unique.")
    kind: NodeKind = Field(description="What the place is; a hub keeps no stock.")
    name: Text = Field("", description="What people call it.")
    country: Country | None = Field(None, description="Two letters, ISO 3166.")
    postcode: Postcode = Field("", description="Its postcode.")
    lat: Latitude = Field(description="Degrees north.")
    lon: Longitude = Field(description="Degrees east.")
    timezone: Timezone = Field("UTC", description="IANA name, of its cut-off and departures.")
    calendar: Calendar = Field(
        "",
        description="Whose public holidays it keeps: a country or country-state such as DE or "
        "DE-BY; absent: it works every day.",
    )
    ships: bool = Field(True, description="Sends parcels to customers; a hub never does.")
    pickup: bool = Field(False, description="Customers may collect here.")
    returns: bool = Field(False, description="Takes goods back.")
    orders_per_day: Count | None = Field(
        None, description="Shipments that it can send a day; absent: unlimited."
    )
    units_per_day: Count | None = Field(
        None, description="Units that it can pick a day; absent: unlimited."
    )
    cents_per_shipment: Cents = Field(0, description="Cents of handling a shipment.")
    cents_per_unit: Cents = Field(0, description="Cents of handling a unit.")
    processing_minutes: Minutes = Field(
        0,
        description="Minutes from the order's release until the parcel is ready to leave; they "
        "pass while the node is open.",
    )
    cutoff: Clock | None = Field(
        None, description="Local time HH:MM until which a parcel leaves that day; absent: none."
    )
    hours: Hours = Field(
        "",
        description="Local opening hours: `Mon-Sat 09:00-20:00`, several joined by `;` as in "
        "`Mon-Fri 09:00-20:00; Sat 10:00-18:00`; absent: always open, but for the public holidays "
        "of `calendar`.",
    )
    pickup_minutes: Minutes | None = Field(
        None,
        description="Minutes until goods in stock can be collected at the counter; absent: "
        "`processing_minutes`.",
    )
    slot_minutes: Annotated[int, Field(ge=0, le=24 * 60)] = Field(
        0, description="Minutes of a pick-up slot, counted from opening; 0: there are no slots."
    )
    orders_per_slot: Count | None = Field(
        None, description="Orders that can be collected in a slot; absent: unlimited."
    )
    decline_rate: Share = Field(0.0, description="Share of allocations that the node declines.")
    safety: Count = Field(
        0, description="Units kept back from sale in each stock cell without its own `safety`."
    )


class Service(Row):
    """What a carrier sells: one way to send a parcel."""

    KEY: ClassVar[tuple[str, ...]] = ("service",)

    service: Name = Field(description="The service's name; unique.")
    carrier: Text = Field("", description="Who carries.")
    kind: ServiceKind = Field(
        description="What it is; a transfer runs between nodes only, never to a customer."
    )
    dim_divisor: Annotated[int, Field(ge=0, le=10**6)] = Field(
        0,
        description="cm³ a kilogram of dimensional weight, e.g. 5000; 0: volume does not count.",
    )
    max_grams: Grams | None = Field(
        None, description="Grams, limit of one parcel; absent: no limit."
    )
    max_length_mm: Millimetres | None = Field(
        None, description="Longest side of one parcel, mm; absent: no limit."
    )
    max_girth_mm: Millimetres | None = Field(
        None, description="Longest side plus girth of one parcel, mm; absent: no limit."
    )
    grams_co2_per_kg_km: Annotated[float, Field(ge=0, le=10**4, allow_inf_nan=False)] = Field(
        0.0, description="Grams of CO2 a kilogram of goods and kilometre."
    )
    fee_cents: Cents = Field(
        0, description="Cents that the customer pays for it; no part of the bill."
    )
    weekdays: Weekdays = Field(
        "daily",
        description="Days on which the carrier collects, moves and delivers: `daily`, `Mon-Sat`, "
        "`Mon,Thu`.",
    )
    order_by: Clock | None = Field(
        None,
        description="Local time HH:MM at the node until which a parcel leaves that day by this "
        "service; absent: the node's `cutoff`.",
    )
    windows: Windows = Field(
        "",
        description="Delivery windows of a day, the destination's local time: "
        "`17:00-19:00,19:00-21:00`; absent: by the end of the day.",
    )
    pauses: Pauses = Field(
        "",
        description="Local dates on which the carrier neither collects nor moves nor delivers, "
        "and its lanes do not depart: `2026-12-24`, or first and last day as in "
        "`2026-12-02/2026-12-04`, several joined by `,`; absent: none.",
    )


class ZoneRule(Row):
    """Where a service delivers, how fast, and in which zone of its tariff.

    Of the rules that fit a node and a destination the first applies: rules of that node before
    general ones, then the smaller `up_to_km` (absent last), then the order of the table.
    """

    RULES: ClassVar[tuple[Rule, ...]] = (Together(("postcode_from", "postcode_to")),)

    service: ServiceRef = Field(description="The service.")
    node: NodeRef | None = Field(None, description="Only parcels of this node; absent: of any.")
    country: Country | None = Field(
        None, description="Only destinations in this country; absent: in any."
    )
    postcode_from: Postcode = Field(
        "",
        description="Only postcodes from this one on: the first characters, as many as the bound "
        "has, are compared as text; absent: any.",
    )
    postcode_to: Postcode = Field(
        "", description="Only postcodes up to this one, included; compared likewise."
    )
    up_to_km: Kilometres | None = Field(
        None, description="Only destinations within so many kilometres; absent: however far."
    )
    zone: Name = Field(description="The zone of the service's tariff.")
    transit_days: Days = Field(
        description="Days from leaving the node to delivery: those on which the carrier works."
    )
    calendar: Calendar = Field(
        "",
        description="Whose public holidays the carrier keeps there: a country or country-state "
        "such as DE or DE-BY; absent: none.",
    )
    timezone: Timezone = Field(
        "", description="IANA name, of the destination; absent: that of the node that ships."
    )


class TariffStep(Row):
    """What one parcel costs in a zone, up to a billable weight.

    The lowest step that carries the parcel applies; a parcel heavier than the last step cannot
    be sent so.
    """

    KEY: ClassVar[tuple[str, ...]] = ("service", "zone", "up_to_grams")

    service: ServiceRef = Field(description="The service.")
    zone: Name = Field(description="The zone, as in `zones`.")
    up_to_grams: Grams = Field(description="Grams of billable weight, included.")
    cents: Cents = Field(description="Cents a parcel.")


class Lane(Row):
    """A directed link between two nodes, with departures.

    It rests on public holidays of `from_node`, on days on which its service does not run, and in
    its own `pauses`. Goods change lanes at hubs and warehouses.
    """

    KEY: ClassVar[tuple[str, ...]] = ("from_node", "to_node", "service", "departs")
    RULES: ClassVar[tuple[Rule, ...]] = (Differ(("from_node", "to_node")),)

    from_node: NodeRef = Field(description="Where it starts.")
    to_node: NodeRef = Field(description="Where it ends.")
    service: ServiceRef = Field(description="The service that runs it.")
    departs: Departures = Field(
        "daily 00:00",
        description="Weekdays and local time at `from_node`: `daily 18:00`, `Mon-Fri 18:00`, "
        "`Mon,Thu 06:30`.",
    )
    cutoff: Clock | None = Field(
        None,
        description="Local time HH:MM of the departure's day until which goods are taken; "
        "absent: until it departs.",
    )
    transit_minutes: Minutes = Field(description="Minutes from departure to arrival.")
    cents_per_departure: Cents = Field(
        0,
        description="Cents a departure; a parcel bears its share by weight where "
        "`kg_per_departure` is known, else nothing.",
    )
    cents_per_kg: Cents = Field(0, description="Cents a kilogram.")
    kg_per_departure: Count | None = Field(
        None, description="Kilograms that a departure carries; absent: unlimited."
    )
    pauses: Pauses = Field(
        "",
        description="Local dates at `from_node` on which it does not depart: `2026-12-24`, or "
        "first and last day as in `2026-12-02/2026-12-04`, several joined by `,`; what has "
        "departed arrives. Absent: none.",
    )
