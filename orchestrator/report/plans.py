"""Plans, comparisons and checks as reports for a terminal: figures in, something to print out."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from omnisource.models.world import World
from omnisource.orchestrator.allocate import PARTS_OF_SOLVE, STEPS
from omnisource.orchestrator.batch import Opened
from omnisource.orchestrator.bench.common import Sheet
from omnisource.orchestrator.demo import Demo
from omnisource.orchestrator.folder.load import describe
from omnisource.orchestrator.measures import Measures
from omnisource.orchestrator.report.words import CURRENCY, count, money, more, share

SHOWN = 50
"""Bad rows that a report lists."""
GROUPS = 20
"""Groups that a report lists, of those that go short."""


def grid(title: str, *columns: str, left: int = 1) -> Grid:
    """Return an empty table; columns after the first `left` hold figures."""
    table = Grid(title=title and f" {title}", title_justify="left", title_style="bold",
                 box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fmt: skip
    for i, name in enumerate(columns):
        if i < left:
            table.add_column(name, overflow="fold")
        else:
            table.add_column(name, justify="right", no_wrap=True)
    return table


def sentences(*texts: str) -> RenderableType:
    """Return paragraphs with room around them; the first stands out."""
    lines = [Text(text, style="bold" if i == 0 else "") for i, text in enumerate(texts) if text]
    return Padding(Group(*lines), (1, 1, 0, 1))


class Allocated(Protocol):
    """A night that was allocated, whatever out of and into."""

    @property
    def scenario(self) -> str:
        """The name of the scenario."""
        ...

    @property
    def measures(self) -> Measures:
        """What the plan comes to."""
        ...

    @property
    def complete(self) -> bool:
        """Whether nothing was rejected, is short or fell out."""
        ...

    def remarks(self) -> Iterable[str]:
        """Say what is strange about what it was made from."""
        ...

    def document(self) -> dict[str, Any]:
        """Return the night for JSON."""
        ...

    def next_step(self) -> str:
        """Say where the plan lies, and what to ask next."""
        ...


def night_report(night: Allocated) -> RenderableType:
    """Return the report of one night: headline, certificate, bill, service, what to do next."""
    return Group(plan_report(night.scenario, night.measures), sentences("", night.next_step()))


def plan_report(scenario: str, found: Measures) -> RenderableType:
    """Return what a plan comes to: headline, certificate, bill, service, time."""
    return Group(
        sentences(headline(scenario, found), served(found), certificate(found)),
        _bill(found),
        _service(found),
        *([_who_goes_short(found)] if found.shortfalls else []),
        sentences("", times(found)),
    )


def demo_report(done: Demo, *, timed: bool = True) -> RenderableType:
    """Return the demonstration's report: the comparison, and what to do next."""
    out = done.out
    ask = f"omnisource explain {done.example()} --run {out}"
    return Group(
        comparison_report(done.compared.world, done.compared.measures, timed=timed),
        sentences("", f"The joint plan lies in {out}: shipments.csv, prices.csv, run.json …"),
        sentences("", f"Why is an order served so? {ask}"),
    )


def generated_report(folder: Path, rows: Mapping[str, int]) -> RenderableType:
    """Say what was generated, and what to do next."""
    said = ", ".join(f"{many:,} {name}" for name, many in rows.items())
    then = f"Next: omnisource allocate {folder} --out out/{folder.name}"
    return sentences(f"{folder} is written.", f"{said}.", then)


def headline(scenario: str, found: Measures) -> str:
    """Say what was decided and what it costs."""
    return (
        f"{scenario}: {count(found.orders, 'order')}, "
        f"{count(found.shipments, 'shipment')} from {count(found.nodes_used, 'node')}, "
        f"{money(found.cost_cents)}."
    )


def served(found: Measures) -> str:
    """Say whether everything is served."""
    if not found.shortage_units:
        return "Every unit is served."
    cents = found.bill["shortage"] + found.bill.get("unfair", 0)
    return (
        f"{count(found.shortage_units, 'unit')} of {count(found.short_orders, 'order')} "
        f"cannot be served: {money(cents)} of the cost stand for them."
    )


def certificate(found: Measures) -> str:
    """Say how far from the best possible plan this one can be."""
    above = found.above_bound_cents
    if above is None or found.gap is None:
        return f"By {found.solver}, which does not know how good its plan is."
    if above == 0:
        return "No plan is cheaper: this is proven to be the best possible one."
    return (
        f"No plan costs less than {money(found.bound_cents or 0)}: this one is at most "
        f"{money(above)} ({share(found.gap, 3)}) above the best possible."
    )


def times(found: Measures) -> str:
    """Say who decided, how long it took and how much memory."""
    seconds = found.seconds
    steps = (step for step in STEPS if step not in PARTS_OF_SOLVE)
    parts = ", ".join(
        f"{step} {seconds[step]:.1f}" for step in steps if seconds.get(step, 0) >= 0.1
    )
    memory = f", {found.peak_mb:,.0f} MB" if found.peak_mb else ""
    detail = f" ({parts})" if parts else ""
    return f"{found.solver}, run {found.run}: {seconds.get('total', 0):.1f} s{detail}{memory}."


def _bill(found: Measures) -> Grid:
    table = grid("Bill", "term", "cost", "an order", "share")
    for term, cents in found.bill.items():
        if cents:
            table.add_row(term, money(cents), money(cents / max(found.orders, 1)),
                          share(cents / max(abs(found.cost_cents), 1)))  # fmt: skip
    table.add_section()
    table.add_row("all", money(found.cost_cents), money(found.cost_cents_per_order), "")
    return table


def _service(found: Measures) -> Grid:
    table = grid("Service", "measure", "figure")
    table.add_row("orders served, at least in part", f"{found.served_orders:,} of {found.orders:,}")
    table.add_row("of these in more than one shipment", share(found.split_rate))
    table.add_row("of these with a late shipment", share(found.late_rate))
    table.add_row("units short", f"{found.shortage_units:,}")
    if found.km_per_shipment is not None:
        table.add_row("distance a shipment", f"{found.km_per_shipment:,.0f} km")
    if found.busy_nodes:
        table.add_row("nodes busier than costs nothing more", f"{found.busy_nodes:,}")
    return table


def _who_goes_short(found: Measures) -> RenderableType:
    """Return the groups of the policy's fairness rules that miss units, hardest hit first."""
    hit = [group for group in found.shortfalls if group["short"]]
    if not hit:
        return Group()
    hit.sort(key=lambda group: -group["short"] / group["ordered"])
    table = grid("Who goes short", "by", "group", "units short", "share", "beyond", left=2)
    for group in hit[:GROUPS]:
        table.add_row(
            group["by"],
            group["group"] or "(none)",
            f"{group['short']:,}",
            share(group["short"] / group["ordered"]),
            f"{max(0, group['short'] - group['free']):,}",
        )
    if (rest := len(hit) - GROUPS) > 0:
        table.add_row(f"and {rest:,} more", "", "", "", "")
    return table


def comparison_report(
    world: World, found: Sequence[Measures], *, timed: bool = True
) -> RenderableType:
    """Return several solvers' plans of one night side by side, cheapest first.

    Args:
        world: whose night it is.
        found: their measures, all with the same bound.
        timed: show seconds, which differ from run to run.
    """
    ranked = sorted(found, key=lambda one: one.cost_cents)
    best = ranked[0]
    columns = ["solver", f"cost {CURRENCY}", "more", "shipments", "split", "short", "late"]
    table = grid("", *columns, *(["s"] if timed else []))
    for one in ranked:
        table.add_row(
            one.solver,
            f"{one.cost_cents / 100:,.2f}",
            "" if one is best else f"+{share(one.cost_cents / max(best.cost_cents, 1) - 1)}",
            f"{one.shipments:,}",
            share(one.split_rate),
            f"{one.shortage_units:,}",
            share(one.late_rate),
            *([f"{_own_seconds(one):.1f}"] if timed else []),
            style="bold" if one is best else "",
        )
    return Group(sentences(*_verdict(world, ranked)), table)


def _own_seconds(found: Measures) -> float:
    return found.seconds.get("solve", 0.0)


def _verdict(world: World, ranked: Sequence[Measures]) -> Iterable[str]:
    """Say who is best, by how much, and how good that is."""
    best = ranked[0]
    night = f"{world.scenario.name}: {count(best.orders, 'order')}, {count(best.lines, 'line')}"
    yield f"{night}, {count(world.nodes.rows, 'node')}. Cheapest: {best.solver}."
    if len(ranked) > 1 and (extra := ranked[1].cost_cents - best.cost_cents):
        yield (
            f"It saves {money(extra)} ({share(extra / ranked[1].cost_cents)}) against the next, "
            f"{ranked[1].solver}, on the same orders and stock."
        )
    if best.bound_cents is not None:
        yield certificate(best)


def validation_report(opened: Opened) -> RenderableType:
    """Return what was found in a scenario folder: rows by table, warnings, bad rows."""
    loaded = opened.loaded
    table = grid("", "table", "rows", "used", "rejected")
    for name, rows in loaded.counts.items():
        style = "bold red" if rows.rejected else ""
        table.add_row(name, f"{rows.read:,}", f"{rows.used:,}", f"{rows.rejected:,}", style=style)
    said = [f"warning: {text}" for text in loaded.warnings]
    said += [describe(bad) for bad in loaded.rejects.head(SHOWN).to_dicts()]
    if (rest := loaded.rejects.height - SHOWN) > 0:
        said.append(f"… and {rest:,} more; --rejects FILE writes them all")
    texts = [Text(text) for text in said]
    return Group(sentences(fitness(opened)), table, *texts)


def loaded_report(opened: Opened, database: str) -> RenderableType:
    """Return what was loaded into a database, and what to do next."""
    then = f"Loaded into {database}. Next: omnisource allocate --db {database} --run ID"
    return Group(validation_report(opened), sentences("", then))


def fitness(opened: Opened) -> str:
    """Say whether a folder can be used."""
    folder, loaded = opened.folder, opened.loaded
    orders = count(loaded.world.orders.rows, "order")
    if not loaded.rejected:
        return f"{folder} is sound: {orders} can be allocated."
    rows = count(loaded.rejected, "row")
    return f"{folder} can be used without {rows}: {orders} can be allocated."


def sheet_report(sheet: Sheet) -> RenderableType:
    """Return a bench's table with what stands below it."""
    table = grid(sheet.title, *sheet.columns, left=0)
    table.columns[0].justify = "left"
    for row in sheet.rows:
        table.add_row(*row)
    return Group(table, sentences("", *sheet.notes))


def difference(cents: float, *, same: str = "the same") -> str:
    """Say a difference in money, and that there is none where there is none."""
    return more(cents) if round(cents) else same
