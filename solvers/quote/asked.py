"""A cart in the world's rows, and in which ways it can be received."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np

from omnisource.models.promise import PROMISE_MODES, PromiseMode
from omnisource.solvers.problem import UNLIMITED

HOME: Final = 0
COLLECT: Final = 1
RESERVE: Final = 2
TO_STORE: Final = 3
ROW_MODES: Final = ("delivery", "collect", "reserve", "ship_to_store")
"""What an order would be called that is received so."""
GROUPS: Final[Mapping[str, tuple[int, ...]]] = {
    "home": (HOME,),
    "collect": (COLLECT,),
    "reserve": (RESERVE,),
    "ship_to_store": (TO_STORE,),
    "mixed": (COLLECT, HOME),
}
"""Which rows are served together, and compared with each other."""
KINDS: Final[Mapping[PromiseMode, tuple[str, ...]]] = {
    "standard": ("parcel", "freight"),
    "express": ("express",),
    "same_day": ("same_day",),
}
"""Modes to the door, by the kinds of service that make them."""


@dataclass(frozen=True)
class Ask:
    """A cart in the world's rows: what the desk answers."""

    sku: tuple[int, ...]  # rows of world.products, ascending, each once
    units: tuple[int, ...]
    now: int  # minutes since 1970-01-01 UTC
    country: str = ""
    postcode: str = ""
    lat: float = np.nan
    lon: float = np.nan
    home: bool = True
    store: int = -1
    channel: str = ""
    tier: str = ""
    most: int = UNLIMITED  # parcels
    by: int = UNLIMITED  # minutes
    modes: tuple[PromiseMode, ...] = PROMISE_MODES
    kit: tuple[int, ...] = ()  # first of the lines that each lies in one parcel with, −1 for none
    kit_units: tuple[int, ...] = ()  # of each in one bundle; both empty where nothing is bundled


def cuts(units: Sequence[int]) -> int:
    """Return the ways to take a first parcel out of every rest of a cart, Π (q+1)(q+2)/2.

    >>> cuts([1, 1, 3])
    90
    """
    return prod((q + 1) * (q + 2) // 2 for q in units)
