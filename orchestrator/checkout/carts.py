"""A cart as it is typed: products with units, a place, a store."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from pydantic import ValidationError

from omnisource.models.base import UnusableInput
from omnisource.models.promise import Cart
from omnisource.models.world import World
from omnisource.orchestrator.checkout.place import place
from omnisource.orchestrator.checkout.reserve_form import line_of
from omnisource.solvers.routes.direct import distances_km


def cart_of(
    world: World,
    skus: Sequence[str],
    *,
    to: str | None = None,
    store: str | None = None,
    from_store: str | None = None,
    channel: str = "",
    tier: str = "",
    max_shipments: int | None = None,
    by: datetime | None = None,
    modes: Sequence[str] = (),
) -> Cart:
    """Return the cart that was typed.

    Args:
        world: where places are looked up.
        skus: each SKU or SKU:UNITS.
        to: COUNTRY-POSTCODE or LAT,LON; the country of a point is that of the nearest node.
        store: where it would be collected.
        from_store: where it is asked.
        channel: who sells.
        tier: the customer's standing.
        max_shipments: parcels at the most.
        by: nothing later.
        modes: only these.

    Raises:
        UnusableInput: something of it cannot be read, or nothing is known near that place.
    """
    where = {} if to is None else _place(world, to)
    given = {
        "lines": [line_of(text) for text in skus], **where, "store": store,
        "from_store": from_store, "channel": channel, "tier": tier,
        "max_shipments": max_shipments, "by": by, "modes": tuple(modes),
    }  # fmt: skip
    try:
        return Cart.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise UnusableInput(f"the cart: {name + ': ' if name else ''}{said}") from None


def _place(world: World, text: str) -> dict[str, object]:
    at = place(world, text)
    country = at.country or _country(world, at.lat, at.lon)
    return {"country": country, "postcode": at.postcode, "lat": at.lat, "lon": at.lon}


def _country(world: World, lat: float, lon: float) -> str | None:
    """Return the country of the nearest node that has one."""
    nodes = world.nodes
    rows = np.flatnonzero(nodes["country"] != "")
    to = np.full(len(rows), lat), np.full(len(rows), lon)
    km = distances_km(nodes["lat"][rows], nodes["lon"][rows], *to)
    return str(nodes["country"][rows[km.argmin()]]) if len(rows) else None
