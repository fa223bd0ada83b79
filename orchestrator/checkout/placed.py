"""A cart as the one order of a night: what it would be if it were placed on an option now."""

from datetime import datetime
from typing import Any, Final

import numpy as np

from omnisource.models.base import UnusableInput
from omnisource.models.promise import Cart, Option, PromiseMode
from omnisource.models.world import ABSENT, ORDER_MODES, Table, World
from omnisource.orchestrator.explain import row_of

DOOR: Final[tuple[PromiseMode, ...]] = ("standard", "express", "same_day")
NAME: Final = "cart"
"""What the order is called."""


def placed(
    world: World, cart: Cart, option: Option | None = None, now: datetime | None = None
) -> World:
    """Return the world with a cart as its only order.

    Args:
        world: what the cart was quoted in.
        cart: what is ordered.
        option: what it is placed on, which gives the mode, the date and the most parcels; a
            delivery without a date if absent.
        now: when; the option's time, or else the scenario's clock.

    Raises:
        UnusableInput: a name is not known, or the option is mixed: no one order is.
    """
    mode = "delivery" if option is None or option.mode in DOOR else option.mode
    if mode not in ORDER_MODES:
        raise UnusableInput(f"an option that is {mode} becomes several orders, not one")
    at = now or (option.now if option else world.scenario.now)
    values: dict[str, Any] = {
        "order": NAME, "channel": cart.channel, "customer": cart.customer, "tier": cart.tier,
        "placed_at": _minute(at), "mode": ORDER_MODES.index(mode), "country": cart.country or "",
        "postcode": cart.postcode, "lat": _real(cart.lat), "lon": _real(cart.lon),
        "pickup_node": _node(world, None if mode == "delivery" else cart.counter),
        "from_store": _node(world, cart.from_store),
        "promised_by": ABSENT if option is None else _minute(option.promise_at),
        "max_shipments": option.parcels if option else cart.max_shipments or ABSENT,
        "ship_complete": True,
    }  # fmt: skip
    sku = [row_of(world.products["sku"], line.sku, "product") for line in cart.lines]
    size = len(sku)
    lines: dict[str, list[Any]] = {
        "order": [0] * size, "line": [str(i) for i in range(size)], "sku": sku,
        "units": [line.units for line in cart.lines], "price_cents": [0] * size,
        "discount_cents": [0] * size, "bundle": [line.bundle or "" for line in cart.lines],
    }  # fmt: skip
    return world.replace(
        scenario=world.scenario.model_copy(update={"now": at}),
        orders=_like(world.orders, {name: [value] for name, value in values.items()}),
        lines=_like(world.lines, lines),
    )


def of_its_products(world: World) -> World:
    """Return the world with no other stock than its orders' products': quick to compile."""
    wanted = np.zeros(world.products.rows, bool)
    wanted[world.lines["sku"]] = True
    kept = {
        name: getattr(world, name).take(wanted[getattr(world, name)["sku"]])
        for name in ("stock", "receipts", "allotments")
    }
    return world.replace(**kept)


def _like(table: Table, values: dict[str, list[Any]]) -> Table:
    """Return rows in the columns of a table, those it does not have left out."""
    return Table({name: np.array(values[name], column.dtype) for name, column in table.items()})


def _minute(time: datetime) -> int:
    return int(time.timestamp()) // 60


def _real(value: float | None) -> float:
    return np.nan if value is None else value


def _node(world: World, name: str | None) -> int:
    return -1 if name is None else row_of(world.nodes["node"], name, "node")
