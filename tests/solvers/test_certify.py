"""A shortlisted night: fewer entries, a plan that is judged, and a bound for the whole night."""

import numpy as np
import pytest

from omnisource.orchestrator import allocate as verb
from omnisource.orchestrator.folder.load import load
from omnisource.orchestrator.synthetic.generate import generate
from omnisource.solvers.compile.world import compile_world, scene
from omnisource.solvers.joint import certify
from omnisource.solvers.joint.certify import overstated, shortlisted
from omnisource.solvers.joint.prices import price_all
from omnisource.solvers.oracle.plans import Left
from omnisource.solvers.problem import Limits, Prices


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("night")
    generate(folder, orders=1_500, nodes=40, skus=150, seed=4, scarcity=1.0, large=0.01)
    return load(folder).world


@pytest.fixture(scope="module")
def night(world):
    return shortlisted(scene(world), Limits())


def test_a_shortlist_is_shorter_and_holds_only_what_there_is(world, night):
    whole, _ = compile_world(world)
    short = night.problem
    assert len(short.menu_cost) < 0.7 * len(whole.menu_cost)
    for order in range(0, whole.size, 37):
        menus = []
        for problem in (short, whole):
            first, last = problem.order_candidate[order : order + 2]
            menu = {}
            for c in range(first, last):
                for m in range(problem.menu_start[c], problem.menu_start[c + 1]):
                    menu[int(problem.node[c]), int(problem.menu_content[m])] = int(
                        problem.menu_cost[m]
                    )
            menus.append(menu)
        assert menus[0].items() <= menus[1].items()


def test_what_the_bound_overstates_is_what_the_whole_night_has_better(world, night):
    whole, _ = compile_world(world)
    rng = np.random.default_rng(1)
    free = Prices.zero(whole)
    for prices in (free, night.start, free._replace(cell=rng.integers(0, 900, len(free.cell)) / 2)):
        bounds = [price_all(p, prices, Left.of(p), 1).bound for p in (night.problem, whole)]
        more = overstated(night, prices, 2)
        assert more >= 0
        assert bounds[0] - more == pytest.approx(bounds[1], abs=1e-6)


def test_large_orders_keep_everything(world, night):
    whole, _ = compile_world(world)
    large = np.flatnonzero(whole.large)
    assert len(large)
    for problem in (night.problem, whole):
        assert (problem.large == whole.large).all()
    many = [np.diff(problem.order_candidate)[large] for problem in (night.problem, whole)]
    assert (many[0] == many[1]).all()


def test_a_shortlisted_night_is_certified_for_all_of_it(tmp_path, monkeypatch):
    generate(tmp_path, orders=1_500, nodes=40, skus=150, seed=4, scarcity=2.0)
    world = load(tmp_path).world
    monkeypatch.setattr(verb, "SHORT_FROM", 1)
    assert certify.SHORT_FROM > 1
    limits = Limits(gap=0.002, seconds=20.0, threads=2)
    short = verb.allocate(world, limits=limits)
    monkeypatch.undo()
    whole = verb.allocate(world, limits=limits)
    assert short.bound_cents <= min(short.cost_cents, whole.cost_cents)
    assert short.cost_cents <= 1.03 * whole.cost_cents
    assert whole.bound_cents <= short.cost_cents
