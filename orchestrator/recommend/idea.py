"""What is recommended: a change, what prices say of it, and what a re-run confirms."""

from dataclasses import dataclass, field
from typing import Any, Final

from omnisource.models.changes import Change
from omnisource.solvers.problem import Ints
from omnisource.solvers.rebalance import Haul

KINDS: Final = (
    "transfers", "transfer", "misplaced", "picker", "hour", "safety", "fence", "store",
)  # fmt: skip
"""Kinds of recommendations; a file of its own says how each is found."""
CHANGES: Final = 100
"""Changes that one scenario may hold."""


@dataclass(frozen=True)
class Terms:
    """What a night's bill does not say, stated by who asks."""

    haul: Haul = field(default_factory=Haul)  # of stock, where no lane says otherwise
    picker: int = 20  # shipments, or units, that one more picker does a day
    minutes: int = 60  # later that parcels leave
    store_cents: int = 1_500  # a day on which a store sends parcels, beside the bill


@dataclass(frozen=True, eq=False)
class Idea:
    """A change that might pay."""

    kind: str  # of KINDS
    name: str  # what to do, in a few words
    changes: tuple[Change, ...]
    price_cents: float  # what it saves of the bill at the night's prices
    extra_cents: int  # what it costs beside the bill; below 0: what it saves
    orders: Ints  # rows of the orders that it touches; all where there are none
    facts: dict[str, Any] = field(default_factory=dict)  # units, kg, departures …

    @property
    def net_cents(self) -> float:
        """What it saves in all, by prices."""
        return self.price_cents - self.extra_cents


@dataclass(frozen=True)
class Trial:
    """The night, or the part of it that a change touches, without and with the change."""

    orders: int  # decided anew; all others stay as planned
    whole: bool  # whether these are all orders
    base_cents: int
    base_bound_cents: int
    cents: int
    bound_cents: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Advice:
    """An idea, and its trial where there was time for one."""

    idea: Idea
    trial: Trial | None

    @property
    def saving(self) -> int | None:
        """Cents that the plan with the change costs less, all told."""
        t = self.trial
        return None if t is None else t.base_cents - t.cents - self.idea.extra_cents

    @property
    def certified(self) -> tuple[int, int] | None:
        """Least and most cents that may lie between the best plans without and with it.

        Of a part of the night: between its best plans, all other orders staying as planned.
        """
        t, extra = self.trial, self.idea.extra_cents
        if t is None:
            return None
        return t.base_bound_cents - t.cents - extra, t.base_cents - t.bound_cents - extra

    @property
    def verdict(self) -> str:
        """Say what is certain: it saves, it costs, or neither; or that it was not run."""
        if self.certified is None:
            return "not run"
        low, high = self.certified
        return "saves" if low > 0 else "costs" if high < 0 else "not certain"

    def document(self) -> dict[str, Any]:
        """Return the recommendation for JSON."""
        idea = self.idea
        return {
            "kind": idea.kind,
            "name": idea.name,
            "price_cents": round(idea.price_cents),
            "extra_cents": idea.extra_cents,
            "net_price_cents": round(idea.net_cents),
            "saving_cents": self.saving,
            "certified": self.certified,
            "verdict": self.verdict,
            "trial": None if self.trial is None else vars(self.trial),
            "facts": idea.facts,
            "changes": [c.model_dump(mode="json", exclude_unset=True) for c in idea.changes],
        }
