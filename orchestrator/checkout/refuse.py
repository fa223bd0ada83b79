"""A "no" as a value: why a mode is not offered, and the least change that would make it a yes.

A mode is refused because nothing can serve a line so, because each line can be served but not all
of them in as few parcels or as soon as was asked, or because another option is no worse in every
respect. The changes are not guessed: each is put to the desk as a question of its own, and named
only if the answer is a plan.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

import numpy as np

from omnisource.models.promise import Change, NotOffered, Option, PromiseMode
from omnisource.models.world import World
from omnisource.orchestrator.report.words import count
from omnisource.solvers.compile.candidates import FENCED, NO_STOCK, TOO_LATE, VERDICTS
from omnisource.solvers.problem import UNLIMITED, Flags, Ints
from omnisource.solvers.quote.asked import COLLECT, GROUPS, KINDS, Ask
from omnisource.solvers.quote.desk import Desk
from omnisource.solvers.quote.plans import Quotes
from omnisource.solvers.quote.refuse import fenced_by, first_over_lanes, verdicts
from omnisource.solvers.routes.direct import distances_km

TRIED: Final = 50
"""Other stores that are asked, the nearest first."""
NAMED: Final = 3
"""Nodes that a reason names."""
DAY: Final = 1440


class Knows(Protocol):
    """What a refusal asks of a promiser."""

    @property
    def desk(self) -> Desk:
        """The world, prepared."""

    def told(self, minute: int) -> datetime:
        """Return a minute as the time that people are told."""


@dataclass(frozen=True)
class Refusal:
    """One mode of one cart that is not offered."""

    by: Knows
    ask: Ask
    mode: PromiseMode

    @property
    def group(self) -> str:
        """How it would be received."""
        return "home" if self.mode in KINDS else self.mode

    @property
    def row(self) -> int:
        """The row whose rules decide."""
        return GROUPS[self.group][0]

    @property
    def kinds(self) -> Flags:
        """The services that may be used."""
        modes = (self.mode,) if self.group == "home" else tuple(KINDS)
        return self.by.desk.kinds(modes, self.group)

    @property
    def world(self) -> World:
        """Names and places."""
        return self.by.desk.world

    def plans(self, ask: Ask) -> Quotes | None:
        """Return the plans of the mode for another question, None where there is none."""
        _, found = self.by.desk.answer(replace(ask, modes=(self.mode,)), [self.group])
        return found if len(found.group) else None

    def refused(self) -> NotOffered:
        """Return the mode with its reasons and what would change them."""
        if self.group != "home" and self.ask.store < 0:
            return NotOffered(
                self.mode, ("the cart names no store",), (Change("store", "name one"),)
            )
        if self.group in ("home", "mixed") and not self.ask.home:
            return NotOffered(self.mode, ("the cart names no destination",))
        if self.mode == "mixed":
            return NotOffered(self.mode, (self._of_mixed(),))
        if self.plans(self.ask) is not None:
            return NotOffered(self.mode, ("another option is no worse in every respect",))
        return NotOffered(self.mode, tuple(self.reasons()), tuple(self.changes()))

    def _of_mixed(self) -> str:
        line, node, _ = verdicts(self.by.desk, self.ask, COLLECT, self.kinds)
        there = [j for j in range(len(self.ask.sku)) if self._at_store(j, node[line == j])]
        if not there:
            return f"{self.world.nodes['node'][self.ask.store]} can hand over nothing of the cart"
        return "no part of it is better collected than delivered"

    def _at_store(self, j: int, refused: Ints) -> int:
        """Return the units of a line that the store can hand over from its own stock."""
        cells, nodes = self._cells(j)
        mine = (nodes == self.ask.store) & ~np.isin(nodes, refused)
        return int(self.by.desk.units(self.ask.channel)[cells[mine]].sum())

    def reasons(self) -> Iterator[str]:
        """Say, line by line, why not; or what the cart as a whole asks too much of."""
        line, node, why = verdicts(self.by.desk, self.ask, self.row, self.kinds)
        said = False
        for j, asked in enumerate(self.ask.units):
            held = self._served(j, node[line == j])
            if held < asked:
                said = True
                yield self._of_line(j, held, node[line == j], why[line == j])
        if not said:
            yield "each product can be had so, not all of them as the cart asks"

    def _served(self, j: int, refused: Ints) -> int:
        """Return the units of a line at nodes that can serve it so."""
        if self.group in ("collect", "reserve"):
            return self._at_store(j, refused)
        cells, nodes = self._cells(j)
        return int(self.by.desk.units(self.ask.channel)[cells[~np.isin(nodes, refused)]].sum())

    def _cells(self, j: int) -> tuple[Ints, Ints]:
        """Return the cells of a line, and their nodes."""
        data, sku = self.by.desk.data, self.ask.sku[j]
        cells = data.sku_cells[data.sku_start[sku] : data.sku_start[sku + 1]]
        return cells, data.cell_node[cells].astype(np.int64)

    def _of_line(self, j: int, held: int, node: Ints, why: Ints) -> str:
        """Say why one line cannot be served so: how many there are, and what stands in the way."""
        names, sku = self.world.nodes["node"], self.ask.sku[j]
        text = f"{self.world.products['sku'][sku]}: {held} of {count(self.ask.units[j], 'unit')}"
        there = node >= 0
        if self.group in ("collect", "reserve"):
            there = node == self.ask.store
        parts = []
        for verdict in np.unique(why[there]).tolist():
            where = node[there & (why == verdict)]
            told = ", ".join(names[n] for n in where[:NAMED])
            more = f" and {len(where) - NAMED} more" if len(where) > NAMED else ""
            rule = ""
            if verdict == FENCED:
                desk, first = self.by.desk, int(where[0])
                rule = f" by {fenced_by(desk, self.ask, self.row, sku, node=first)!r}"
            parts.append(f"{VERDICTS[verdict]}{rule} at {told}{more}")
            if verdict == TOO_LATE:
                parts += [text for n in where[:NAMED] for text in self._next(int(n))]
        nowhere = "not in the store's stock" if self.group in ("collect", "reserve") else "no stock"
        return f"{text} ({'; '.join(parts) or nowhere})"

    def _next(self, node: int) -> Iterator[str]:
        """Say by which departures a node's goods would come, where they go over lanes."""
        legs, taken = first_over_lanes(self.by.desk, self.ask, self.row, node)
        if legs:
            by = [f"{leg.service} from {leg.start} {self._when(leg.departs)}" for leg in legs]
            by[0] += f" (goods taken until {self._when(taken)})"
            yield f"by {', '.join(by)}, there {self._when(legs[-1].arrives)}"

    def _when(self, minute: int) -> str:
        return f"{self.by.told(minute):%Y-%m-%d %H:%M}"

    def changes(self) -> Iterator[Change]:
        """Return each single change that makes it a yes."""
        yield from self._split()
        yield from self._later()
        yield from self._fewer()
        yield from self._elsewhere()

    def _split(self) -> Iterator[Change]:
        if self.ask.most >= UNLIMITED:
            return
        found = self.plans(replace(self.ask, most=UNLIMITED))
        if found is not None:
            yield Change("split", f"allow {count(int(found.parcels.min()), 'parcel')}")

    def _later(self) -> Iterator[Change]:
        if self.ask.by >= UNLIMITED:
            return
        found = self.plans(replace(self.ask, by=UNLIMITED))
        if found is not None:
            at = int(found.arrives.min())
            days = -((self.ask.by - at) // DAY)
            yield Change(
                "time", f"{count(days, 'day')} later: by {self.by.told(at):%Y-%m-%d %H:%M}"
            )

    def _fewer(self) -> Iterator[Change]:
        """Find the least units that are wanting, line by line, where nothing else is."""
        short = []
        line, node, why = verdicts(self.by.desk, self.ask, self.row, self.kinds)
        for j in range(len(self.ask.sku)):
            hopeless = node[(line == j) & (why != NO_STOCK)]
            held = self._served(j, hopeless)
            if held < self.ask.units[j] and not self._helpless(j, hopeless):
                short.append((j, self.ask.units[j] - held))
        if not short:
            return
        rest = {j: self.ask.units[j] - units for j, units in short}
        kept = [(j, rest.get(j, self.ask.units[j])) for j in range(len(self.ask.sku))]
        kept = [(j, units) for j, units in kept if units]
        less = replace(
            self.ask,
            sku=tuple(self.ask.sku[j] for j, _ in kept),
            units=tuple(units for _, units in kept),
        )
        if kept and self.plans(less) is None:
            return
        names = self.world.products["sku"]
        what = ", ".join(
            f"{count(units, 'unit')} of {names[self.ask.sku[j]]}" for j, units in short
        )
        yield Change("units", f"{what} more{self._where()}, or as many fewer in the cart")

    def _helpless(self, j: int, hopeless: Ints) -> bool:
        """Say whether more units would not help: no node that could serve a line has a cell."""
        nodes = self._cells(j)[1]
        if self.group in ("collect", "reserve"):
            return bool((hopeless == self.ask.store).any())
        return bool(np.isin(nodes, hopeless).all())

    def _where(self) -> str:
        if self.group in ("collect", "reserve"):
            return f" at {self.world.nodes['node'][self.ask.store]}"
        return " where it can be sent from"

    def _elsewhere(self) -> Iterator[Change]:
        """Find the nearest other store that could."""
        if self.group == "home":
            return
        for store, km in self._stores():
            if self.plans(replace(self.ask, store=store)) is not None:
                away = "" if np.isnan(km) else f", {km:.1f} km away"
                yield Change("store", f"{self.world.nodes['node'][store]}{away}")
                return

    def _stores(self) -> list[tuple[int, float]]:
        """Return other stores with a counter, those that hold what is asked, the nearest first."""
        data, store = self.by.desk.data, self.ask.store
        lat, lon = self.ask.lat, self.ask.lon
        if np.isnan(lat):
            lat, lon = data.node_lat[store], data.node_lon[store]
        able = data.node_pickup.copy()
        if self.group != "ship_to_store":
            for j, asked in enumerate(self.ask.units):
                cells, nodes = self._cells(j)
                able &= (
                    np.bincount(nodes, self.by.desk.units(self.ask.channel)[cells], len(able))
                    >= asked
                )
        able[store] = False
        others = np.flatnonzero(able)
        km = distances_km(
            data.node_lat[others], data.node_lon[others], np.full(len(others), lat),
            np.full(len(others), lon),
        )  # fmt: skip
        return [(int(others[i]), float(km[i])) for i in np.argsort(km, kind="stable")[:TRIED]]


def refusals(by: Knows, ask: Ask, options: tuple[Option, ...]) -> tuple[NotOffered, ...]:
    """Return the modes that were asked for and are not offered, each with its reasons."""
    offered = {option.mode for option in options}
    return tuple(Refusal(by, ask, mode).refused() for mode in ask.modes if mode not in offered)


def too_large(ask: Ask) -> tuple[NotOffered, ...]:
    """Refuse every mode of a cart with too many ways to be cut into parcels."""
    asked = f"{count(len(ask.sku), 'product')} and {count(sum(ask.units), 'unit')}"
    why = f"{asked} can be cut into parcels in too many ways to be quoted at once"
    change = Change("split", "ask for a part of the cart at a time")
    return tuple(NotOffered(mode, (why,), (change,)) for mode in ask.modes)
