"""Why an order is served as it is: the bill, the verdicts, the alternatives, the prices.

The plan that is explained comes from `evaluate`; the alternatives from the oracle, at the prices
that the solver left behind (0 where it has none), over all the stock there is. An alternative
that costs less than the plan and more with prices is one that takes what others need more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

import numpy as np

from omnisource.models.explanation import (
    Alternative,
    BindingPrice,
    Content,
    ExplainedShipment,
    Explanation,
    LineVerdict,
    Verdict,
    WhyNot,
)
from omnisource.models.plan import SHIPMENT_TERMS, Plan
from omnisource.models.world import World
from omnisource.solvers.compile.candidates import VERDICTS
from omnisource.solvers.compile.legend import Legend
from omnisource.solvers.explain.alternatives import Another, Case
from omnisource.solvers.explain.forbidding import forbidding, smallest
from omnisource.solvers.problem import Ints, Prices, Problem

SINGLE_NODES: Final = 3
"""Plans from one node only that are named, the best."""


def explain(
    world: World,
    problem: Problem,
    legend: Legend,
    plan: Plan,
    *,
    order: int,
    prices: Prices | None = None,
    why_not: int | None = None,
) -> Explanation:
    """Explain how one order is served.

    Args:
        world: the scenario.
        problem: what it was compiled to.
        legend: what its numbers stand for.
        plan: the night's plan, as `evaluate` wrote it.
        order: row of world.orders.
        prices: what the solver found each scarce thing to be worth.
        why_not: row of world.nodes; adds what it would take to use that node.
    """
    case = Case(problem, order, prices or Prices.zero(problem))
    told = _Told(world, legend, plan, case)
    exact = not bool(problem.large[order])
    others = told.others() if exact else []
    return Explanation(
        order=str(world.orders["order"][order]),
        cost_cents=told.cents,
        priced_cents=told.priced,
        bill=told.bill(),
        shipments=tuple(told.shipments()),
        short=tuple(told.short()),
        verdicts=tuple(told.verdicts()),
        alternatives=tuple(told.alternative(other) for other in others),
        prices=tuple(told.binding(others)),
        why_not=None if why_not is None else told.why_not(why_not),
        exact=exact,
    )


@dataclass(frozen=True, eq=False)
class _Told:
    """One order of a plan, told in names."""

    world: World
    legend: Legend
    plan: Plan
    case: Case

    @cached_property
    def rows(self) -> Ints:
        """The order's rows in plan.shipments."""
        return np.flatnonzero(self.plan.shipments["order"] == self.case.order)

    @cached_property
    def lines(self) -> range:
        """The order's lines in the problem."""
        first, last = self.case.problem.order_line[self.case.order : self.case.order + 2]
        return range(int(first), int(last))

    @cached_property
    def cents(self) -> int:
        """What the order costs."""
        return sum(self.bill().values())

    @cached_property
    def priced(self) -> float:
        """What it costs with the prices of all that it takes."""
        rents = (self.case.rent(c, units) for c, units in zip(*self._sent, strict=True))
        return self.cents + sum(rents)

    @cached_property
    def _sent(self) -> tuple[list[int], list[Ints]]:
        """Candidates and units of each line of the plan's shipments."""
        problem, allocations = self.case.problem, self.plan.allocations
        by_node = {int(problem.node[c]): c for c in self.case.candidates}
        place = {int(self.legend.line_sku[line]): i for i, line in enumerate(self.lines)}
        sent = [by_node[int(node)] for node in self.plan.shipments["node"][self.rows]]
        contents = []
        for row in self.rows:
            inside = np.flatnonzero(allocations["shipment"] == row)
            units = np.zeros(len(self.lines), np.int64)
            skus = [place[int(sku)] for sku in allocations["sku"][inside]]
            np.add.at(units, skus, allocations["units"][inside])
            contents.append(units)
        return sent, contents

    def bill(self) -> dict[str, int]:
        """Return the order's bill by term, cents."""
        shipments, shortages = self.plan.shipments, self.plan.shortages
        cents = {term: int(shipments[term][self.rows].sum()) for term in SHIPMENT_TERMS}
        mine = shortages["order"] == self.case.order
        return cents | {"shortage": int(shortages["cents"][mine].sum())}

    def shipments(self) -> Iterator[ExplainedShipment]:
        """Yield the plan's shipments of the order."""
        table, allocations = self.plan.shipments, self.plan.allocations
        for row in self.rows:
            service = int(table["service"][row])
            inside = np.flatnonzero(allocations["shipment"] == row)
            yield ExplainedShipment(
                node=self._node(table["node"][row]),
                service=str(self.world.services["service"][service]) if service >= 0 else "",
                contents=tuple(self._contents(allocations, inside)),
                arrives=datetime.fromtimestamp(int(table["arrives"][row]) * 60, UTC),
                days_late=int(table["days_late"][row]),
                bill={term: int(table[term][row]) for term in SHIPMENT_TERMS},
            )

    def short(self) -> Iterator[Content]:
        """Yield what the plan leaves short."""
        mine = np.flatnonzero(self.plan.shortages["order"] == self.case.order)
        yield from self._contents(self.plan.shortages, mine)

    def others(self) -> list[Another]:
        """Return the plans worth telling: cheapest with prices first, each once."""
        case = self.case
        used = sorted({int(node) for node in self.plan.shipments["node"][self.rows]})
        nodes = sorted({int(case.problem.node[c]) for c in case.candidates})
        singles = [case.only(node, self._node(node)) for node in nodes]
        singles = sorted(singles, key=lambda plan: plan.priced)[:SINGLE_NODES]
        without = [case.without(node, self._node(node)) for node in used]
        found = [case.prices_aside(), *without, *singles]
        seen = {_shape(*self._sent)}
        told = []
        for other in found:
            shape = _shape(other.candidates.tolist(), other.units)
            if shape not in seen:
                seen.add(shape)
                told.append(other)
        return sorted(told, key=lambda plan: plan.priced)

    def alternative(self, other: Another) -> Alternative:
        """Compare another plan with the one that was chosen."""
        nodes = dict.fromkeys(self._node(self.case.problem.node[c]) for c in other.candidates)
        return Alternative(
            what=other.what,
            nodes=tuple(nodes),
            shipments=len(other.candidates),
            short_units=int(other.short.sum()),
            cost_cents=other.cents,
            extra_cents=other.cents - self.cents,
            extra_priced_cents=other.priced - self.priced,
        )

    def verdicts(self, node: int | None = None) -> Iterator[LineVerdict]:
        """Yield what was found of every line at every node that keeps it, or at one node."""
        problem, legend = self.case.problem, self.legend
        found: dict[tuple[int, int], Verdict] = {}
        for c in self.case.candidates:
            first = problem.pair_start[c]
            for i, line in enumerate(self.lines):
                if problem.cell[first + i] >= 0:
                    found[int(problem.node[c]), line] = Verdict.ELIGIBLE
        mine = (legend.refused_line >= self.lines.start) & (legend.refused_line < self.lines.stop)
        for row in np.flatnonzero(mine):
            pair = int(legend.refused_node[row]), int(legend.refused_line[row])
            found[pair] = Verdict(VERDICTS[legend.refused_why[row]])
        if node is not None:
            found = {(node, line): found.get((node, line), Verdict.NO_STOCK) for line in self.lines}
        fenced = [pair for pair, verdict in found.items() if verdict == Verdict.FENCED]
        rules = self._rules(fenced)
        for (n, line), verdict in sorted(found.items(), key=lambda entry: entry[0][::-1]):
            yield LineVerdict(
                line=self._line(line),
                sku=self._sku(legend.line_sku[line]),
                node=self._node(n),
                verdict=verdict,
                rules=rules.get((n, line), ()),
            )

    def binding(self, others: Iterable[Another]) -> Iterator[BindingPrice]:
        """Yield the prices above 0 of what the plan or an alternative takes, dearest first."""
        problem, prices = self.case.problem, self.case.prices
        sent, contents = self._sent
        pairs = list(zip(sent, contents, strict=True))
        for other in others:
            pairs += zip(other.candidates.tolist(), other.units, strict=True)
        found: dict[tuple[str, int, int], float] = {}
        for c, units in pairs:
            node = int(problem.node[c])
            found["shipments", node, -1] = float(prices.node_order[node])
            found["units", node, -1] = float(prices.node_unit[node])
            for i in np.flatnonzero(units):
                cell = problem.cell[problem.pair_start[c] + i]
                found["stock", node, int(problem.cell_sku[cell])] = float(prices.cell[cell])
        dearest = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
        for (resource, node, sku), cents in dearest:
            if cents > 0:
                name = "" if sku < 0 else self._sku(sku)
                yield BindingPrice.model_validate(
                    {"resource": resource, "node": self._node(node), "sku": name, "cents": cents}
                )

    def why_not(self, node: int) -> WhyNot:
        """Say what the best plan with a node costs, or what forbids it."""
        verdicts = tuple(self.verdicts(node))
        possible = any(found.verdict == Verdict.ELIGIBLE for found in verdicts)
        other = None
        if possible and not self.case.problem.large[self.case.order]:
            other = self.case.using(node, self._node(node))
        return WhyNot(
            node=self._node(node),
            alternative=self.alternative(other) if other else None,
            verdicts=verdicts,
            reason=self._reason(node, verdicts, other),
            rules=() if other is not None else self._in_the_way(node, possible),
        )

    def _in_the_way(self, node: int, possible: bool) -> tuple[str, ...]:
        """Return the smallest set of rules that forbids a node."""
        if not possible:
            firsts = self.legend.line_start[self.lines.start : self.lines.stop]
            lines = self.legend.line_rows[firsts].tolist()
            return smallest(self.world, self.case.order, node, lines)
        return () if self.case.problem.large[self.case.order] else self.case.barring(node)

    def _reason(self, node: int, verdicts: tuple[LineVerdict, ...], other: Another | None) -> str:
        name = self._node(node)
        if other is not None:
            extra = other.priced - self.priced
            if node in self.plan.shipments["node"][self.rows]:
                return f"{name} is used"
            return f"{name} would cost {extra / 100:.2f} more, prices included"
        if all(found.verdict != Verdict.ELIGIBLE for found in verdicts):
            found = {v.verdict.value: v.rules for v in verdicts}
            return f"{name} cannot: " + ", ".join(
                f"{why} ({', '.join(rules)})" if rules else why for why, rules in found.items()
            )
        if self.case.problem.large[self.case.order]:
            return f"{name} could; the order is too large to say what the best plan with it costs"
        return f"{name} has no capacity, or cannot serve the order within its limits"

    def _rules(self, pairs: list[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, ...]]:
        """Name the fences that forbid (node, line) pairs."""
        if not pairs:
            return {}
        rows = [int(self.legend.line_rows[self.legend.line_start[line]]) for _, line in pairs]
        names = forbidding(self.world, self.case.order, [node for node, _ in pairs], rows)
        return dict(zip(pairs, names, strict=True))

    def _contents(self, table: Any, rows: Ints) -> Iterator[Content]:
        for row in rows:
            yield Content(
                line=str(self.world.lines["line"][table["line"][row]]),
                sku=self._sku(table["sku"][row]),
                units=int(table["units"][row]),
            )

    def _line(self, line: int) -> str:
        """Name a line of the problem by the first of the world's lines that it stands for."""
        row = self.legend.line_rows[self.legend.line_start[line]]
        return str(self.world.lines["line"][row])

    def _node(self, node: Any) -> str:
        return str(self.world.nodes["node"][node])

    def _sku(self, sku: Any) -> str:
        return str(self.world.products["sku"][sku])


def _shape(candidates: Iterable[int], contents: Iterable[Ints]) -> tuple[Any, ...]:
    """Return what makes two plans the same: who sends what, in any order."""
    pairs = zip(candidates, contents, strict=True)
    return tuple(sorted((int(c), *units.tolist()) for c, units in pairs))
