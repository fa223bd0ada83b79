"""An offer as a table for people."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from omnisource.models.promise import Offer, Option
from omnisource.orchestrator.report.words import money, share


def offer_report(offer: Offer) -> RenderableType:
    """Return the options, what is not offered, and why."""
    parts: list[RenderableType] = [_options(offer)] if offer.options else [Text("no option")]
    for refused in offer.refused:
        parts.append(Text(f"not {refused.mode}: {'; '.join(refused.reasons)}"))
        parts += [Text(f"    {change.kind}: {change.text}") for change in refused.changes]
    return Group(*parts)


def _options(offer: Offer) -> Table:
    table = Table(title=f"What can be promised at {offer.now:%a %Y-%m-%d %H:%M}")
    for name, right in (("mode", 0), ("by", 0), ("surely", 1), ("cost", 1), ("from", 0)):
        table.add_column(name, justify="right" if right else "left")
    table.add_column("best in")
    for option in offer.options:
        table.add_row(*_row(option))
    return table


def _row(option: Option) -> tuple[str, ...]:
    by = f"\n{option.service}" if option.service else ""
    return (
        option.mode + by + _awaited(option),
        f"{option.promise_at:%a %m-%d\n%H:%M}",
        share(option.probability),
        f"{money(option.cost_cents)}\n{option.grams_co2:,} g CO2",
        "\n".join([*option.nodes, *_hubs(option)]),
        "\n".join(option.tags),
    )


def _hubs(option: Option) -> list[str]:
    return [f"over {name}" for name in dict.fromkeys(n for p in option.shipments for n in p.via)]


def _awaited(option: Option) -> str:
    return f"\ngoods due {option.awaits:%m-%d %H:%M}" if option.awaits else ""
