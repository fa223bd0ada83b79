"""Lead times and replays as reports for a terminal."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Group, RenderableType

from omnisource.models.world import World
from omnisource.orchestrator.learn import Kept, Replayed
from omnisource.orchestrator.report.plans import grid, sentences
from omnisource.orchestrator.report.words import share
from omnisource.solvers.leadtime.dates import Aim
from omnisource.solvers.leadtime.table import LeadTimes
from omnisource.solvers.leadtime.week import DAY

SHOWN = (0.5, 0.8, 0.9, 0.95)
"""Levels that a report shows."""


def lead_times_report(world: World, found: LeadTimes, file: Path) -> RenderableType:
    """Return the table of lead times by service and distance, on a Monday, in days."""
    table = grid(
        "Days to arrival, ordered on a Monday", "service", "km", *map(share, SHOWN), left=2
    )
    uppers = [*(f"to {edge:,.0f}" for edge in found.edges_km), "beyond"]
    for v, service in enumerate(world.services["service"]):
        for b, upper in enumerate(uppers):
            table.add_row(service, upper, *_days(found, v, b))
    regions = grid("Times as long as the whole", "region", *map(share, SHOWN))
    levels = [int(abs(found.probability - p).argmin()) for p in SHOWN]
    for name, factor in zip(found.region, found.region_factor, strict=True):
        if len(name) <= 4:  # the narrower ones stand in the file
            regions.add_row(name, *(f"{factor[q]:.2f}" for q in levels))
    told = sentences(f"Learned {len(found.region):,} regions and {len(found.node_factor):,} nodes.",
                     f"Written to {file}.")  # fmt: skip
    return Group(told, table, regions)


def _days(found: LeadTimes, service: int, band: int) -> Iterable[str]:
    for p in SHOWN:
        q = int(abs(found.probability - p).argmin())
        yield f"{found.minutes[service, band, 0, q] / DAY:.1f}"


def replay_report(done: Replayed) -> RenderableType:
    """Return how promises were kept, the marketplace's own beside them."""
    table = grid("How promises were kept", "region", "deliveries", "on time", "days", "late by",
                 "promised_at", "days", "late by")  # fmt: skip
    theirs = {one.group: one for one in done.marketplace_groups}
    if done.marketplace:
        theirs["all"] = done.marketplace
    for own in (done.whole, *done.groups):
        other = theirs.get(own.group)
        table.add_row(own.group, f"{own.deliveries:,}", *_figures(own), *_figures(other))
    told = (
        "days: promised on average; late by: days on average, where late; promised_at and what "
        "follows: the promises in the table."
    )
    head = f"{done.since} to {done.until}, {done.method}, {_aimed(done.aim)}"
    return Group(sentences(head, told), table)


def _aimed(aim: Aim) -> str:
    if aim.fine is not None:
        return f"a late order weighed like {aim.fine:g} days"
    return f"target {share(aim.target)}, by {aim.rule}"


def _figures(one: Kept | None) -> tuple[str, ...]:
    if one is None:
        return ("", "", "")
    on_time = "" if one.on_time is None else share(one.on_time)
    return (on_time, _number(one.mean_promised_days), _number(one.mean_days_late))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
