"""What is asked of a simulation, and one part of it."""

from dataclasses import dataclass
from typing import Final

from omnisource.models.simulation import Simulation

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


@dataclass(frozen=True)
class Task:
    """One policy in one replication."""

    policy: str
    replication: int
