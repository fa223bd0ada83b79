"""The shortlisted night: two looks before, and one after that makes the bound hold for all.

A large night is compiled with a shortlist (compile/look.py): once by cost alone, then, at the
prices of a short dual ascent, once more with what is cheapest at those. Prices y that are then
found for the shortlisted problem bound the whole night as soon as every order is asked again with
everything that could serve it:

    bound of the night  =  bound of the shortlist  −  Σ_o ( v_o(y) of the shortlist − v_o(y) )   (1)

with v_o the oracle. Large orders are never shortlisted, so their part of the bound stays.
"""

import time
from dataclasses import dataclass
from typing import Final

import numpy as np

from omnisource.solvers.compile.legend import Legend
from omnisource.solvers.compile.world import (
    Scene,
    assembled,
    blocks,
    compile_scene,
    everything,
    in_threads,
    look_at,
    shortlist,
)
from omnisource.solvers.joint.prices import ascend, price_at, typical_cents
from omnisource.solvers.joint.resources import Resources
from omnisource.solvers.oracle.kernel import price_some
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.problem import Limits, Prices, Problem, Round

SHORT_FROM: Final = 30_000
"""Orders from which a night is shortlisted."""
PASSES: Final = 30
"""Passes over the first shortlist, for rough prices."""
BLOCK: Final = 1_000
"""Orders that are looked at again at a time."""


@dataclass(frozen=True, eq=False)
class Shortlisted:
    """A shortlisted night."""

    scene: Scene
    problem: Problem
    legend: Legend
    start: Prices  # rough prices, to go on from
    passes: int = 0  # that they took
    seconds: float = 0.0


def shortlisted(seen: Scene, limits: Limits) -> Shortlisted:
    """Return a night with what is worth keeping of it, by cost and by rough prices.

    Last night's prices (`limits.start`) do in place of rough ones.
    """
    start, passes, seconds, threads = limits.start, 0, 0.0, limits.threads
    if start is None:
        rough, _ = compile_scene(seen, shortlist(seen), threads)
        began = time.monotonic()
        start, passes = _rough_prices(rough, limits)
        seconds = time.monotonic() - began
        del rough
    problem, legend = compile_scene(seen, shortlist(seen, start), threads)
    return Shortlisted(seen, problem, legend, start, passes, seconds)


def _rough_prices(problem: Problem, limits: Limits) -> tuple[Prices, int]:
    """Return the best prices of a short ascent, and how many passes it took."""
    resources, passes = Resources.of(problem), 1
    first = price_at(resources, np.zeros(len(resources.capacity)), limits.threads)
    bound, prices = first.bound, first.prices
    for now, _ in ascend(
        resources, first, passes=PASSES, scale=typical_cents(first), threads=limits.threads,
        going=lambda: not limits.stopped(),
    ):  # fmt: skip
        passes += 1
        if now.bound > bound:
            bound, prices = now.bound, now.prices
        if limits.report is not None:
            limits.report(Round("prices", passes, None, bound))
    return prices, passes


def overstated(night: Shortlisted, prices: Prices, threads: int) -> float:
    """Return by how much the shortlist's bound is above the night's at those prices, (1), cents."""
    seen, pieces = night.scene, blocks(night.scene.size, BLOCK)
    lost = np.zeros(len(pieces))
    room, whole, short = Left.of(night.problem), everything(seen.world), Plans.room(night.problem)

    def work(i: int) -> None:
        begin, end = pieces[i]
        orders = np.arange(begin, end)
        price_some(night.problem, prices, room, orders, short)
        block = assembled(seen, look_at(seen, whole, [pieces[i]], 1), begin, end)
        full, at = Plans.room(block), prices._replace(short=prices.short[begin:end])
        price_some(block, at, room, np.arange(end - begin), full)
        small = ~block.large
        lost[i] = (short.value[begin:end] - full.value)[small].sum()

    in_threads(work, len(pieces), threads)
    return float(lost.sum())
