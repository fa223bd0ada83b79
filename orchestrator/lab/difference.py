"""What sets a scenario apart from its base, in figures and in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from omnisource.orchestrator.lab.outcome import Outcome
from omnisource.orchestrator.report.words import SPACE, count, money, more, share

NAMED: Final = 3
"""Terms and nodes that a sentence names, the largest."""
FIGURES: Final = (
    "cost_cents", "cost_cents_per_order", "orders", "shipments", "split_rate", "late_rate",
    "shortage_units",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """A variant and its base."""

    base: Outcome
    variant: Outcome

    @property
    def cents(self) -> int:
        """How much more the variant costs."""
        return self.variant.measures.cost_cents - self.base.measures.cost_cents

    @property
    def relative(self) -> float:
        """The same, as a share of the base's cost."""
        return self.cents / max(abs(self.base.measures.cost_cents), 1)

    @property
    def same_orders(self) -> bool:
        """Whether both have as many orders and lines."""
        a, b = self.base.measures, self.variant.measures
        return (a.orders, a.lines) == (b.orders, b.lines)

    @property
    def terms(self) -> dict[str, int]:
        """How much more each term of the bill costs; their sum is `cents`."""
        before, after = self.base.measures.bill, self.variant.measures.bill
        names = [*before, *(name for name in after if name not in before)]
        steps = {name: after.get(name, 0) - before.get(name, 0) for name in names}
        return {name: cents for name, cents in steps.items() if cents}

    @property
    def moved(self) -> dict[str, int]:
        """Shipments that each node sends more, or fewer; the largest change first."""
        before, after = self.base.node_rows, self.variant.node_rows
        names = [*before, *(name for name in after if name not in before)]
        steps = {n: _sent(after, n) - _sent(before, n) for n in names}
        moved = sorted(steps.items(), key=lambda item: (-abs(item[1]), item[0]))
        return {name: shipments for name, shipments in moved if shipments}

    @property
    def newly_full(self) -> list[str]:
        """Nodes that can do no more, and could before."""
        before = set(self.base.full)
        return [node for node in self.variant.full if node not in before]

    @property
    def certified(self) -> tuple[int, int] | None:
        """Least and most cents that may lie between the best plans of both; None: nobody knows."""
        a, b = self.base.measures, self.variant.measures
        if a.bound_cents is None or b.bound_cents is None:
            return None
        return b.bound_cents - a.cost_cents, b.cost_cents - a.bound_cents

    @property
    def days(self) -> float:
        """Days that the last parcel of an order takes longer, mean."""
        return round((self.variant.days or 0.0) - (self.base.days or 0.0), 3)

    def document(self) -> dict[str, Any]:
        """Return the difference for JSON."""
        before, after = self.base.measures, self.variant.measures
        steps = {key: round(getattr(after, key) - getattr(before, key), 6) for key in FIGURES}
        return steps | {
            "relative": round(self.relative, 6),
            "days": self.days,
            "days_late": self.variant.days_late - self.base.days_late,
            "km": round(self.variant.km - self.base.km, 1),
            "kg_co2": round(self.variant.kg_co2 - self.base.kg_co2, 3),
            "terms": self.terms,
            "nodes": self.moved,
            "newly_full": self.newly_full,
            "certified": self.certified,
            "words": list(self.sentences()),
        }

    def sentences(self) -> Iterator[str]:
        """Say the difference in words, the headline first."""
        yield headline(self)
        if self.terms:
            yield f"Driven by {_listed(self.terms, more)}."
        if self.moved:
            yield f"Who sends more or fewer: {_listed(self.moved, _signed)}."
        yield from _limits(self)
        yield from _footprint(self)
        if self.certified is not None:
            low, high = self.certified
            yield f"Between the best plans of both lie {more(low)} at least, {more(high)} at most."


def headline(found: Difference) -> str:
    """Say in one sentence what the variant costs and how it serves."""
    parts = [_dearer(found), _slower(found.days)]
    missing = found.variant.measures.shortage_units - found.base.measures.shortage_units
    if missing:
        parts.append(f"{count(abs(missing), 'unit')} {'more' if missing > 0 else 'fewer'} unserved")
    if found.newly_full:
        parts.append(f"{count(len(found.newly_full), 'more node')} at the limit")
    return f"{found.variant.name}: {', '.join(parts)}."


def _dearer(found: Difference) -> str:
    if not found.same_orders:
        return _dearer_an_order(found)
    if not found.cents:
        return "costs the same"
    word = "more" if found.cents > 0 else "less"
    sure = "" if _is_sure(found) else ", which is within the proof's margin"
    return f"costs {share(abs(found.relative))} {word} ({more(found.cents)}{sure})"


def _is_sure(found: Difference) -> bool:
    """Tell whether the best plans differ in that direction too, or nobody knows."""
    if found.certified is None:
        return True
    low, high = found.certified
    return low > 0 if found.cents > 0 else high < 0


def _dearer_an_order(found: Difference) -> str:
    """Other orders cannot be compared by the sum alone."""
    a, b = found.base.measures, found.variant.measures
    return (
        f"{count(b.orders, 'order')} instead of {a.orders:,}, {money(b.cost_cents_per_order)} each "
        f"instead of {money(a.cost_cents_per_order)} ({more(found.cents)} in all)"
    )


def _slower(days: float) -> str:
    if abs(days) < 0.005:
        return "as fast"
    return f"{abs(days):.2f}{SPACE}days {'slower' if days > 0 else 'faster'}"


def _limits(found: Difference) -> Iterator[str]:
    full, before = found.variant.full, set(found.base.full)
    gone = [node for node in found.base.full if node not in set(full)]
    if found.newly_full:
        yield f"At the limit now, not before: {_names(found.newly_full)}."
    if gone:
        yield f"No longer at the limit: {_names(gone)}."
    if not found.newly_full and not gone and before:
        yield f"At the limit as before: {_names(sorted(before))}."


def _footprint(found: Difference) -> Iterator[str]:
    a, b = found.base, found.variant
    yield (
        f"Parcels travel {b.km:,.0f}{SPACE}km instead of {a.km:,.0f}{SPACE}km and emit "
        f"{b.kg_co2:,.0f}{SPACE}kg CO2 instead of {a.kg_co2:,.0f}{SPACE}kg; "
        f"{share(b.measures.split_rate)} of the orders are split instead of "
        f"{share(a.measures.split_rate)}."
    )


def _listed(steps: Mapping[str, int], say: Any) -> str:
    """Name the largest steps, and count the rest."""
    largest = sorted(steps.items(), key=lambda item: (-abs(item[1]), item[0]))
    named = ", ".join(f"{name} {say(step)}" for name, step in largest[:NAMED])
    rest = sum(step for _, step in largest[NAMED:])
    return f"{named}, the rest {say(rest)}" if len(largest) > NAMED else named


def _signed(number: int) -> str:
    return f"+{number:,}" if number > 0 else f"−{abs(number):,}" if number else "0"


def _names(nodes: list[str]) -> str:
    rest = len(nodes) - 2 * NAMED
    named = ", ".join(nodes[: 2 * NAMED])
    return f"{named} and {rest:,} more" if rest > 0 else named


def _sent(rows: Mapping[str, Mapping[str, Any]], node: str) -> int:
    return int(rows[node]["shipments"]) if node in rows else 0
