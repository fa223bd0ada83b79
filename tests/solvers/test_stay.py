"""What is settled stays: by hand, and with every plan of tiny nights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.solvers.compile.legend import shipped
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.exact.reference import exact
from omnisource.solvers.joint.stay import Given, moves, settled, stay, with_threshold
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.problem import Limits

EXACT = Limits(gap=0.0, threads=1)


def column(*rows):
    return np.array(rows, np.int64)


def served_from(world, compiled, before, cents):
    """Nodes and cost of a night of one-unit orders; `before`: (line, node) of what was given."""
    problem, legend = compiled(world, threads=1)
    known = Given(
        *(column(*each) for each in zip(*before, strict=True)), column(*[1] * len(before))
    )
    answer = stay(problem, EXACT, settled(problem, legend, known), cents)
    plan = evaluate(world, shipped(world, problem, legend, answer.decisions))
    return plan.shipments["node"].tolist(), plan.cost_cents, answer


@pytest.mark.parametrize(("cents", "node"), [(0, 1), (99, 1), (101, 0)])
def test_an_order_moves_only_if_that_saves_more_than_the_threshold(world, compiled, cents, node):
    """From A it costs 600, from B 500: a saving of 100."""
    tiny = world({"A": {"x": 1}, "B": {"x": 1}}, {"o": {"x": 1}}, freight={("A", "o"): 600})
    nodes, cost, answer = served_from(tiny, compiled, [(0, 0)], cents)
    assert nodes == [node]
    assert cost == (600 if node == 0 else 500)
    assert answer.bound == pytest.approx(500, abs=0.01)  # of every plan, moved or not
    assert answer.notes["moved_parcels"] == node


def test_a_new_order_may_move_an_old_one_where_both_together_save_more(world, compiled):
    """The only unit at A is the old order's; it would cost the new one 900 from B, the old 550."""
    tiny = world(
        {"A": {"x": 1}, "B": {"x": 2}}, {"old": {"x": 1}, "new": {"x": 1}},
        freight={("A", "old"): 500, ("B", "old"): 550, ("A", "new"): 500, ("B", "new"): 900},
    )  # fmt: skip
    assert served_from(tiny, compiled, [(0, 0)], 300)[:2] == ([1, 0], 1_050)
    assert served_from(tiny, compiled, [(0, 0)], 400)[:2] == ([0, 1], 1_400)


def test_an_order_that_had_its_goods_keeps_them_from_one_that_is_hardly_dearer(world, compiled):
    """One unit for two orders, of which the new one's would be 100 cheaper to send."""
    tiny = world({"A": {"x": 1}}, {"old": {"x": 1}, "new": {"x": 1}}, freight={("A", "old"): 600})
    assert served_from(tiny, compiled, [(0, 0)], 50)[1] == 5_500
    assert served_from(tiny, compiled, [(0, 0)], 200)[1] == 5_600


def test_a_node_that_is_gone_makes_an_order_move(world, compiled):
    tiny = world({"A": {"x": 0}, "B": {"x": 1}}, {"o": {"x": 1}})
    assert served_from(tiny, compiled, [(0, 0)], 10_000)[:2] == ([1], 500)


def test_the_same_node_by_another_service_or_in_fewer_parcels_is_no_move(world, compiled):
    tiny = world(
        {"A": {"x": 2}}, {"o": {"x": 2}},
        freight={("A", "o"): [(1_000, 500), (2_000, 700)]},
    )  # fmt: skip
    problem, legend = compiled(tiny, threads=1)
    before = settled(problem, legend, Given(column(0), column(0), column(2)))
    answer = stay(problem, EXACT, before, 1_000)
    assert not moves(problem, answer.decisions, before).any()


@settings(deadline=None, max_examples=10)
@given(st.tuples(st.integers(0, 10**6), st.booleans()), st.sampled_from((0, 50, 400)))
def test_the_bound_holds_and_no_plan_with_its_moves_is_cheaper(
    random_world, soft_world, night, cents
):
    """Against the exact solver on the same night with moves that cost."""
    seed, soft = night
    tiny, rng = (soft_world if soft else random_world)(seed, orders=4), np.random.default_rng(seed)
    problem, legend = compile_world(tiny, threads=1)
    lines = tiny.lines.rows
    some = Given(*(rng.integers(0, high, 5).astype(np.int64) for high in (lines, 4, 3)))
    some = some._replace(units=some.units + 1)
    before = settled(problem, legend, some)
    answer = stay(problem, EXACT, before, cents)
    plan = evaluate(tiny, shipped(tiny, problem, legend, answer.decisions))
    best = exact(problem, EXACT)
    assert best.bound is not None
    assert answer.bound <= best.bound + 0.01 <= plan.cost_cents + 0.02
    with_moves = exact(with_threshold(problem, before, cents), EXACT)
    assert answer.notes["bound_with_moves"] <= with_moves.bound + 0.01
