"""Who gets what is due: backordered units against receipts, by a stated rule.

Claims stand in one order, the *turn*:

    (1)  those of the dearer tier first, then those promised sooner (nothing promised: last), then
         those that were placed first, then by name

Receipts are given out in the order in which they are due, each to the claims in turn:

    (2)  first to each customer at most ⌊ fair · units ⌋ of the receipt, one unit at the least; fair
         is the decimal number that stands in the policy, so that 0.29 of 100 are 29
    (3)  then what is left of it, in turn, to whoever still waits

So nobody waits for a receipt while someone later in turn has units of an earlier one that would
have done, but for the fair share. What reaches nobody who waits is left over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import floor


@dataclass(frozen=True)
class Claim:
    """Units of a line that wait."""

    order: str
    line: str
    customer: str  # no name: each order is a customer of its own
    sku: str
    units: int
    factor: float  # of the tier
    promised: datetime | None
    placed: datetime

    @property
    def turn(self) -> tuple[float, bool, float, float, str, str]:
        """Its place among others, (1)."""
        by = 0.0 if self.promised is None else self.promised.timestamp()
        at = self.placed.timestamp()
        return -self.factor, self.promised is None, by, at, self.order, self.line

    @property
    def who(self) -> str:
        """Whose share it counts in."""
        return f"customer {self.customer}" if self.customer else f"order {self.order}"


@dataclass(frozen=True)
class Supply:
    """Units that are due."""

    node: str
    sku: str
    units: int
    due: datetime


@dataclass(frozen=True)
class Given:
    """Units of a supply for a claim."""

    claim: Claim
    supply: Supply
    units: int
    place: int  # among those who waited for that supply, from 1


Reaches = Callable[[Claim, Supply], bool]
"""Whether units of a supply can be sent to who claims them."""


def ration(
    claims: Sequence[Claim], supplies: Sequence[Supply], *, fair: float, reaches: Reaches
) -> list[Given]:
    """Give out what is due.

    Args:
        claims: what waits.
        supplies: what is due, or there.
        fair: share of a supply that one customer gets while others wait, (2).
        reaches: asked of a claim and a supply of its product.
    """
    left = {(claim.order, claim.line): claim.units for claim in claims}
    turn = sorted(claims, key=lambda claim: claim.turn)
    found: list[Given] = []
    for supply in sorted(supplies, key=lambda each: (each.due, each.node)):
        waiting = [c for c in turn if c.sku == supply.sku and left[c.order, c.line] > 0]
        waiting = [claim for claim in waiting if reaches(claim, supply)]
        for (claim, place), units in _shares(supply, waiting, left, fair).items():
            left[claim.order, claim.line] -= units
            found.append(Given(claim, supply, units, place))
    return found


def _shares(
    supply: Supply, waiting: Sequence[Claim], left: dict[tuple[str, str], int], fair: float
) -> dict[tuple[Claim, int], int]:
    """Return what each gets of one supply, with its place, (2) and (3)."""
    cap = max(1, floor(Fraction(repr(fair)) * supply.units))  # (2)
    rest, had = supply.units, dict[str, int]()
    found: dict[tuple[Claim, int], int] = {}
    for most in (cap, supply.units):
        for place, claim in enumerate(waiting, start=1):
            key = claim, place
            wants = left[claim.order, claim.line] - found.get(key, 0)
            take = max(0, min(rest, wants, most - had.get(claim.who, 0)))
            if take:
                found[key] = found.get(key, 0) + take
                had[claim.who] = had.get(claim.who, 0) + take
                rest -= take
    return found
