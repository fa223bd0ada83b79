"""Recommendations of a run: found by its prices, confirmed by re-runs, the best first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.recommend.capacity import hours, pickers
from omnisource.orchestrator.recommend.idea import KINDS, Advice, Idea, Terms
from omnisource.orchestrator.recommend.rules import fences, safeties
from omnisource.orchestrator.recommend.seen import Seen
from omnisource.orchestrator.recommend.stores import begin_to_ship, cease_to_ship
from omnisource.orchestrator.recommend.transfers import transfers
from omnisource.orchestrator.recommend.trial import tried
from omnisource.orchestrator.runs import Run, read_run
from omnisource.solvers.problem import Limits, Round

Find = Callable[[Seen], Iterator[Idea]]
FOUND: Final[Mapping[str, tuple[Find, frozenset[str]]]] = {
    "transfers of stock": (transfers, frozenset({"transfers", "transfer", "misplaced"})),
    "one more picker": (pickers, frozenset({"picker"})),
    "one more hour": (hours, frozenset({"hour"})),
    "safety stock": (safeties, frozenset({"safety"})),
    "fences": (fences, frozenset({"fence"})),
    "stores that could ship": (begin_to_ship, frozenset({"store"})),
    "stores that need not ship": (cease_to_ship, frozenset({"store"})),
}
"""What is looked for: the function that finds it, and the kinds that it finds."""
GAP: Final = 1e-4
"""Share of the cost that a re-run is proven to, where no limits are given."""


@dataclass(frozen=True, eq=False)
class Recommendations:
    """What a run could do better."""

    run: Run
    terms: Terms
    advice: list[Advice]  # the largest confirmed saving first, those not run last
    seconds: dict[str, float]  # that each search took, and all re-runs

    @property
    def certain(self) -> list[Advice]:
        """What is certain to save."""
        return [each for each in self.advice if each.verdict == "saves"]

    def document(self) -> dict[str, Any]:
        """Return the recommendations for JSON."""
        plan = self.run.plan
        terms = vars(self.terms) | {"haul": vars(self.terms.haul)}
        return {
            "run": str(self.run.folder),
            "scenario": self.run.world.scenario.name,
            "cost_cents": plan.cost_cents,
            "bound_cents": plan.bound_cents,
            "terms": terms,
            "recommendations": [each.document() for each in self.advice],
            "seconds": self.seconds,
        }


def recommend(
    run: Run | str | Path,
    *,
    most: int = 10,
    seconds: float = 600.0,
    terms: Terms | None = None,
    limits: Limits | None = None,
    kinds: Sequence[str] = KINDS,
    whole: bool = False,
) -> Recommendations:
    """Say what to change, by the prices of a run, and confirm it by deciding anew.

    Args:
        run: a kept run, or its folder; by a solver with prices.
        most: so many ideas are confirmed, those that promise most, and one of each kind.
        seconds: of re-runs; after so many none is begun any more.
        terms: what hauls, pickers, hours and stores' days cost.
        limits: of each re-run; by default within 0.01 % of the best.
        kinds: of recommendations that are wanted.
        whole: decide all orders anew each time, not only those that are touched.

    Raises:
        UnusableInput: there is no such run or kind, or it has no prices.
    """
    run = run if isinstance(run, Run) else read_run(run)
    limits = limits or Limits(gap=GAP)
    seen = _seen(run, terms or Terms(), limits)
    ideas, took = _found(seen, _known(kinds))
    advice, began = [], perf_counter()
    for number, idea in enumerate(chosen(ideas, most), 1):
        seen.tell(Round(f"re-run {number}", 0))
        left = seconds - (perf_counter() - began)
        own = replace(limits, seconds=max(min(limits.seconds, left), 0.0))
        advice.append(Advice(idea, tried(seen, idea, own, whole=whole) if left > 0 else None))
    took["re-runs"] = round(sum(a.trial.seconds for a in advice if a.trial is not None), 3)
    return Recommendations(run, seen.terms, ranked(advice), took)


def chosen(ideas: Sequence[Idea], most: int) -> list[Idea]:
    """Return the ideas to confirm: the best of each kind, then those that promise most.

    An idea that promises nothing is none.
    """
    good = sorted((i for i in ideas if i.net_cents > 0), key=lambda idea: -idea.net_cents)
    first = [next((i for i in good if i.kind == kind), None) for kind in KINDS]
    best = sorted((i for i in first if i is not None), key=lambda idea: -idea.net_cents)
    return [*best, *(i for i in good if i not in best)][:most]


def ranked(advice: Sequence[Advice]) -> list[Advice]:
    """Return the largest confirmed saving first; what was not run comes last."""
    return sorted(advice, key=lambda a: (a.saving is None, -(a.saving or 0), -a.idea.net_cents))


def _seen(run: Run, terms: Terms, limits: Limits) -> Seen:
    if run.plan.prices is None or run.plan.bound_cents is None:
        raise UnusableInput(
            f"{run.folder}: this run has no prices; those of `omnisource allocate DIR --out RUN` "
            "by the joint solver have"
        )
    tell = limits.report or (lambda _: None)
    return Seen(run, run.plan.prices, terms, limits.threads, tell)


def _known(kinds: Sequence[str]) -> set[str]:
    for kind in kinds:
        if kind not in KINDS:
            raise UnusableInput(f"no recommendations are called {kind!r}: {', '.join(KINDS)}")
    return set(kinds)


def _found(seen: Seen, kinds: set[str]) -> tuple[list[Idea], dict[str, float]]:
    """Return all ideas of some kinds, and the seconds that each search took."""
    ideas: list[Idea] = []
    took: dict[str, float] = {}
    for name, (find, found) in FOUND.items():
        if kinds.isdisjoint(found) or not seen.world.orders.rows:
            continue
        seen.tell(Round(f"look for {name}", 0))
        began = perf_counter()
        ideas += [idea for idea in find(seen) if idea.kind in kinds]
        took[name] = round(perf_counter() - began, 3)
    return ideas, took
