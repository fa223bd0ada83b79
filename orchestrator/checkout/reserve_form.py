"""A claim out of a file, out of words on the command line, or out of a promise."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from omnisource.models.base import UnusableInput
from omnisource.models.reservation import Claim, ClaimLine, ClaimShipment, PickUp


class Parcel(Protocol):
    """What a promise says of one shipment."""

    @property
    def node(self) -> str:
        """Who sends it."""
        ...

    @property
    def service(self) -> str:
        """By which service; empty: over the counter."""
        ...

    @property
    def units(self) -> Sequence[tuple[str, int]] | Mapping[str, int]:
        """SKU and units."""
        ...

    @property
    def leaves(self) -> datetime:
        """When it leaves the node."""
        ...

    @property
    def cost_cents(self) -> int:
        """What it costs."""
        ...

    @property
    def to(self) -> str:
        """The store that it goes to; empty: the door."""
        ...

    @property
    def arrives(self) -> datetime | None:
        """When it is there."""
        ...

    @property
    def legs(self) -> Sequence["Leg"]:
        """Over lanes: its departures; none elsewhere."""
        ...


class Leg(Protocol):
    """What a promise says of a departure."""

    @property
    def service(self) -> str:
        """Who runs it."""
        ...


class Option(Protocol):
    """What a promise says of one way to serve a cart."""

    @property
    def promise_at(self) -> datetime:
        """When it has arrived."""
        ...

    @property
    def shipments(self) -> Sequence[Parcel]:
        """The plan behind it."""
        ...


def claim_of_file(file: Path) -> Claim:
    """Return the claim that a JSON file holds.

    Raises:
        UnusableInput: it cannot be read, or is no claim.
    """
    try:
        return Claim.model_validate_json(file.read_bytes())
    except OSError as error:
        raise UnusableInput(f"{file}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        raise UnusableInput(f"{file}: {_first(error)}") from None


def claim_of_words(
    node: str, words: Sequence[str], *, service: str | None, channel: str, day: str
) -> Claim:
    """Return the claim for one shipment of `SKU` or `SKU:UNITS`, see `line_of`.

    >>> claim_of_words("W", ["A", "B:c:2"], service="std", channel="", day="2025-01-06").draws()
    {('W', 'A'): 1, ('W', 'B:c'): 2}

    Raises:
        UnusableInput: there is no word, or one that is not understood.
    """
    lines = [{"line": str(number)} | line_of(word) for number, word in enumerate(words, start=1)]
    shipment = {"node": node, "service": service, "day": day, "lines": lines}
    try:
        return Claim.model_validate({"channel": channel, "shipments": [shipment]})
    except ValidationError as error:
        raise UnusableInput(f"--sku, --day: {_first(error)}") from None


def line_of(text: str) -> dict[str, object]:
    """Return SKU and units of a text; what follows the last colon is units if it is a number.

    >>> line_of("A-1:3"), line_of("A-1"), line_of("A:b")
    ({'sku': 'A-1', 'units': 3}, {'sku': 'A-1', 'units': 1}, {'sku': 'A:b', 'units': 1})
    """
    sku, colon, units = text.rpartition(":")
    if colon and units.isdecimal():
        return {"sku": sku, "units": int(units)}
    return {"sku": text, "units": 1}


def claim_of_option(option: Option, *, channel: str = "") -> Claim:
    """Return what a promised option needs: the units of each parcel, on the day that it leaves.

    What is handed over from the counter's own stock, or comes to it over lanes, is collected in the
    slot that begins when it was promised for; a desk leaves out the slot of a node that has none.
    What goes over lanes leaves its node by the first of them.

    Args:
        option: as it was promised; its lines are named by their SKU.
        channel: where it is sold; that of the question, if it says so.
    """
    shipments = tuple(_shipment(parcel) for parcel in option.shipments)
    return Claim(
        channel=channel or getattr(option, "channel", ""),
        promise_at=option.promise_at,
        shipments=shipments,
        pickup=_pickup(option),
    )


def _pickup(option: Option) -> PickUp | None:
    """Return the slot in which an option is collected: that of what is there last."""
    found = [(parcel.leaves, parcel.node) for parcel in option.shipments if not parcel.service]
    for parcel in option.shipments:
        straight = parcel.legs and parcel.service == parcel.legs[0].service  # not by a hub's parcel
        if straight and parcel.to and parcel.arrives is not None:
            found.append((parcel.arrives, parcel.to))
    return PickUp(node=max(found)[1], begins=max(found)[0]) if found else None


def _shipment(parcel: Parcel) -> ClaimShipment:
    lines = tuple(
        ClaimLine(line=sku, sku=sku, units=units) for sku, units in dict(parcel.units).items()
    )
    return ClaimShipment(
        node=parcel.node,
        service=(parcel.legs[0].service if parcel.legs else parcel.service) or None,
        day=parcel.leaves.date(),
        ready_at=parcel.leaves,
        cost_cents=max(0, parcel.cost_cents),
        lines=lines,
    )


def _first(error: ValidationError) -> str:
    """Say what is wrong first."""
    found: Any = error.errors()[0]
    return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
