"""What is asked of a simulation, and one part of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from omnisource.models.simulation import Simulation
from omnisource.solvers.problem import Ints

POLICIES: Final = ("click", "bid-prices", "bid-prices-resolved", "nightly", "rolling")
"""Who decides what is sent from where, and when."""
LEAST: Final = 5
"""Replications before a narrow interval ends a simulation."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which simulation: the same value comes to the same figures."""

    days: int | None  # None: all days of the history
    policies: tuple[str, ...]
    replications: int
    seed: int
    setup: Simulation
    history: bool = False
    since: int | None = None  # minutes since 1970
    until: float | None = None  # share of the first policy's cost
    confidence: float = 0.95
    clairvoyant: bool = False  # whether each run is held against perfect foresight


@dataclass(frozen=True)
class Task:
    """One policy in one replication."""

    policy: str
    replication: int


class Done(NamedTuple):
    """What one policy came to in one replication."""

    by_day: Mapping[str, Ints]  # (D,) each
    foresight: tuple[int, int, int] | None = None  # cents: its cost, a plan in hindsight, the bound
    cut: int = 0  # plans that a clock may have cut short
