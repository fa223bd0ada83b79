"""What a simulation comes to: levels, paired differences, and in words what they say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from omnisource.orchestrator.report.words import count, money, more, share
from omnisource.orchestrator.simulate.asked import LEAST, Asked, Done
from omnisource.orchestrator.simulate.estimate import (
    Interval,
    WarmUp,
    interval,
    narrow_enough,
    paired,
    warm_up,
)
from omnisource.orchestrator.simulate.figures import COST, FIGURES, Figure
from omnisource.solvers.problem import Floats

Run = Mapping[str, Done]
"""One replication, by policy."""


@dataclass(frozen=True, eq=False)
class Simulated:
    """All replications of all policies."""

    scenario: str
    asked: Asked
    runs: Sequence[Run]

    @property
    def first(self) -> str:
        """The policy that the others are compared with."""
        return self.asked.policies[0]

    @property
    def others(self) -> tuple[str, ...]:
        """The policies that are compared with it."""
        return self.asked.policies[1:]

    @property
    def days(self) -> int:
        """How many days were simulated."""
        return len(next(iter(self.runs[0][self.first].by_day.values())))

    @property
    def warm(self) -> int:
        """How many days were left out."""
        return self.asked.setup.warm_up_days

    def values(self, policy: str, figure: Figure) -> Floats:
        """Return a figure of each replication, (R,)."""
        return values(self.asked, self.runs, policy, figure)

    def level(self, policy: str, figure: Figure) -> Interval | None:
        """Return a figure of a policy, with its interval."""
        return interval(self.values(policy, figure), self.asked.confidence)

    def difference(self, policy: str, figure: Figure) -> Interval | None:
        """Return by how much a policy's figure differs from the first's, with its interval."""
        return self.between(policy, self.first, figure)

    def between(self, policy: str, other: str, figure: Figure = COST) -> Interval | None:
        """Return by how much one policy's figure differs from another's, with its interval."""
        one, two = self.values(policy, figure), self.values(other, figure)
        return paired(one, two, self.asked.confidence)

    def foresight(self, policy: str) -> Interval | None:
        """Return how far above the clairvoyant bound a policy's cost is, as a share of the bound.

        None where that was not asked for, or cannot be said.
        """
        seen = [run[policy].foresight for run in self.runs]
        gaps = [one[0] / one[2] - 1 for one in seen if one is not None and one[2] > 0]
        return interval(np.array(gaps), self.asked.confidence)

    @cached_property
    def warm_ups(self) -> dict[str, WarmUp]:
        """What MSER-5 says about each policy's daily cost."""
        return {p: warm_up(self._daily(p), self.warm) for p in self.asked.policies}

    def _daily(self, policy: str) -> Floats:
        series = np.array([COST.daily(run[policy].by_day) for run in self.runs])
        known = ~np.isnan(series)
        means = np.where(known, series, 0).sum(0) / np.maximum(known.sum(0), 1)
        return np.where(known.any(0), means, np.nan)  # a day on which nobody came has no cost

    @property
    def narrow(self) -> bool | None:
        """Whether differences are as narrow as was asked; None: nothing was."""
        return None if self.asked.until is None else enough(self.asked, self.runs)

    @property
    def cut(self) -> int:
        """How many plans a clock may have cut short: with more time figures might be others."""
        return sum(done.cut for run in self.runs for done in run.values())

    def sentences(self) -> Iterator[str]:
        """Say what was simulated, and how each policy differs from the first."""
        level = self.level(self.first, COST)
        assert level is not None  # there is at least one replication with an order
        yield f"{self.first}: an order costs {_money(level)}."
        for policy in self.others:
            difference = self.difference(policy, COST)
            if difference is not None:
                yield _compared(policy, self.first, difference, level.mean)
        yield self._how_sure()
        yield self._warm_up()
        if self.cut:
            yield (
                f"Clock: {count(self.cut, 'plan')} may have been cut short by time; on a faster or "
                "idle machine figures can differ. Raise --time, or ask for a wider --gap."
            )

    def _how_sure(self) -> str:
        text = (
            f"{len(self.runs)} replications of {self.days} days, {self.warm} left out; "
            f"intervals of {share(self.asked.confidence, 0)}, of differences paired."
        )
        if self.narrow is not None:
            reached = "reached" if self.narrow else "not reached: raise --replications"
            text += f" ±{share(self.asked.until or 0)} of the cost was {reached}."
        return text

    def _warm_up(self) -> str:
        """Say what MSER-5 makes of the policy that takes longest to settle."""
        told = sorted(self.warm_ups.values(), key=lambda each: each.days or -1)
        unknown = [each for each in told if each.days is None]
        return (unknown[0] if unknown else told[-1]).sentence()

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        asked = self.asked
        return {
            "scenario": self.scenario,
            "days": self.days,
            "warm_up_days": self.warm,
            "replications": len(self.runs),
            "seed": asked.seed,
            "history": asked.history,
            "confidence": asked.confidence,
            "until": asked.until,
            "narrow": self.narrow,
            "cut_by_clock": self.cut,
            "policies": [self._policy(policy) for policy in asked.policies],
            "setup": asked.setup.model_dump(mode="json"),
        }

    def _policy(self, policy: str) -> dict[str, Any]:
        levels = {f.key: _shown(self.level(policy, f)) for f in FIGURES}
        against = {f.key: _shown(self.difference(policy, f)) for f in FIGURES}
        return {
            "policy": policy,
            "figures": levels,
            "differences": None if policy == self.first else against,
            "above_clairvoyant": _shown(self.foresight(policy)),
            "warm_up": {
                "mser5_days": self.warm_ups[policy].days,
                "enough": self.warm_ups[policy].enough,
            },
        }


def values(asked: Asked, runs: Sequence[Run], policy: str, figure: Figure) -> Floats:
    """Return a figure of each replication, warm-up left out, (R,)."""
    warm = asked.setup.warm_up_days
    return np.array([figure.value(run[policy].by_day, warm) for run in runs])


def enough(asked: Asked, runs: Sequence[Run]) -> bool:
    """Tell whether the paired differences of cost are as narrow as was asked."""
    if asked.until is None:
        return False
    first = values(asked, runs, asked.policies[0], COST)
    others = [values(asked, runs, policy, COST) for policy in asked.policies[1:]]
    seen = [paired(each, first, asked.confidence) for each in others] or [
        interval(first, asked.confidence)
    ]
    level = interval(first, asked.confidence)
    return level is not None and all(
        narrow_enough(each, level.mean, asked.until, LEAST) for each in seen
    )


def _shown(found: Interval | None) -> dict[str, float | None] | None:
    return None if found is None else found.document()


def _money(found: Interval) -> str:
    return money(found.mean) + ("" if found.half is None else f" ± {money(found.half)}")


def _compared(policy: str, first: str, found: Interval, level: float) -> str:
    """Say what sets a policy apart, or that the figures cannot tell."""
    part = share(abs(found.mean) / level) if level else ""
    size = f"{more(found.mean)} an order"
    if found.half is not None:
        size += f" ± {money(found.half)}"
    if not found.tells:
        return f"{policy} cannot be told from {first}: {size}."
    way = "cheaper" if found.mean < 0 else "dearer"
    return f"{policy} is {part} {way} than {first}: {size}."
