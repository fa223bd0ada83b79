"""The oracle three times over: compiled, in plain words, and by trying everything."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from omnisource.solvers.oracle import plain as oracle
from omnisource.solvers.oracle.kernel import price_block
from omnisource.solvers.oracle.plans import Left, Plans
from omnisource.solvers.oracle.serve import (
    costs,
    priced_cost,
    put_back,
    serve_in_turn,
    take,
    true_cost,
    use,
)
from omnisource.solvers.problem import NEVER, Prices


def parcels(problem, plans, order):
    """Candidate, menu entry and units of each line, of each shipment of an order."""
    first = plans.first[order]
    for a in range(first, first + plans.count[order]):
        c, entry = int(plans.candidate[a]), int(plans.entry[a])
        yield c, entry, content(problem, order, c, entry)


def content(problem, order, candidate, entry):
    assert problem.menu_start[candidate] <= entry < problem.menu_start[candidate + 1]
    code, units = int(problem.menu_content[entry]), []
    for asked in problem.units[problem.order_line[order] : problem.order_line[order + 1]]:
        code, digit = divmod(code, int(asked) + 1)
        units.append(digit)
    return units


def taken(problem, sent):
    """Units of each cell, and shipments and units of each node, that parcels take."""
    cells, shipments, handled = Counter(), Counter(), Counter()
    for c, _, units in sent:
        node, pair = int(problem.node[c]), problem.pair_start[c]
        shipments[node] += 1
        handled[node] += sum(units)
        cells.update({int(problem.cell[pair + j]): u for j, u in enumerate(units) if u})
    return cells, shipments, handled


def fits(problem, sent, left):
    columns = (left.stock, left.node_orders, left.node_units)
    return all(
        used <= column[row]
        for column, counts in zip(columns, taken(problem, sent), strict=True)
        for row, used in counts.items()
    )


def cost(problem, order, sent, prices=None):
    """Menu costs, penalties and, if asked, the price of all that is taken: a fraction."""
    lines = range(problem.order_line[order], problem.order_line[order + 1])
    total = Fraction(0)
    for j, line in enumerate(lines):
        short = int(problem.units[line]) - sum(units[j] for _, _, units in sent)
        total += short * int(problem.shortage[line])
        if prices is not None:
            total += short * Fraction(prices.short[order])
    total += sum(int(problem.menu_cost[entry]) for _, entry, _ in sent)
    if prices is not None:
        for column, counts in zip(prices[:3], taken(problem, sent), strict=True):
            total += sum(Fraction(float(column[row])) * used for row, used in counts.items())
    return total


def cheapest_of_all(problem, order, prices, left):
    """Try every multiset of shipments."""
    asked = problem.units[problem.order_line[order] : problem.order_line[order + 1]]
    choices = []
    for c in range(problem.order_candidate[order], problem.order_candidate[order + 1]):
        for entry in range(problem.menu_start[c] + 1, problem.menu_start[c + 1]):
            if problem.menu_cost[entry] < NEVER:
                choices.append((c, entry, content(problem, order, c, entry)))
    best = cost(problem, order, [], prices)
    stack = [([], 0)]
    while stack:
        sent, begin = stack.pop()
        if len(sent) == problem.max_shipments[order]:
            continue
        for i in range(begin, len(choices)):
            more = [*sent, choices[i]]
            held = np.sum([units for _, _, units in more], axis=0)
            if (held > asked).any() or not fits(problem, more, left):
                continue
            stack.append((more, i))
            if not problem.complete[order] or (held == asked).all():
                best = min(best, cost(problem, order, more, prices))
    return best


@pytest.fixture
def night(random_problem, random_prices):
    """A random problem, prices, and what orders before it have left."""

    def build(seed, **sizes):
        problem = random_problem(seed, **sizes)
        rng, left = np.random.default_rng(seed), Left.of(problem)
        if seed % 2:
            for column in left:
                column -= np.minimum(column, rng.integers(0, 3, len(column)))
        return problem, random_prices(problem, seed), left

    return build


def priced(problem, prices, left):
    plans = Plans.room(problem)
    price_block(problem, prices, left, 0, problem.size, plans)
    return plans


@pytest.mark.parametrize("batch", range(10))
def test_the_compiled_oracle_finds_what_the_plain_one_finds(night, batch):
    for seed in range(30 * batch, 30 * batch + 30):
        problem, prices, left = night(seed, orders=3)
        plans = priced(problem, prices, left)
        plain = [oracle.best_plan(problem, o, prices, left).value for o in range(problem.size)]
        assert plans.value.tolist() == plain, seed


@pytest.mark.parametrize("batch", range(4))
def test_the_plain_oracle_finds_what_trying_everything_finds(night, batch):
    for seed in range(20 * batch, 20 * batch + 20):
        problem, prices, left = night(seed, orders=2, lines=2, units=2)
        for o in range(problem.size):
            best = cheapest_of_all(problem, o, prices, left)
            assert oracle.best_plan(problem, o, prices, left).value == best, seed


@pytest.mark.parametrize("seed", range(60))
def test_a_plan_keeps_within_what_is_left_and_within_its_order(night, seed):
    problem, prices, left = night(seed)
    plans = priced(problem, prices, left)
    for o in range(problem.size):
        sent = list(parcels(problem, plans, o))
        assert fits(problem, sent, left)
        assert len(sent) <= problem.max_shipments[o]
        asked = problem.units[problem.order_line[o] : problem.order_line[o + 1]]
        held = np.sum([units for _, _, units in sent], axis=0)
        assert (held <= asked).all()
        assert not sent or not problem.complete[o] or (held == asked).all()


@pytest.mark.parametrize("seed", range(60))
def test_sums_of_prices_in_1024ths_are_exact(night, seed):
    """Added up in fractions, a plan costs what the kernel says to the last bit."""
    problem, prices, left = night(seed)
    plans = priced(problem, prices, left)
    for o in range(problem.size):
        sent = list(parcels(problem, plans, o))
        assert Fraction(float(plans.value[o])) == cost(problem, o, sent, prices)
        assert Fraction(priced_cost(problem, o, prices, plans)) == cost(problem, o, sent, prices)


@pytest.mark.parametrize("seed", range(30))
def test_what_plans_cost_and_take_is_what_their_parcels_do(night, seed):
    problem, prices, left = night(seed)
    plans = priced(problem, prices, left)
    used = Left(*(np.zeros_like(column) for column in left))
    for o in range(problem.size):
        sent = list(parcels(problem, plans, o))
        assert true_cost(problem, o, plans) == costs(problem, plans)[o] == cost(problem, o, sent)
        for column, counts in zip(used, taken(problem, sent), strict=True):
            for row, units in counts.items():
                column[row] += units
    for mine, theirs in zip(used, use(problem, plans), strict=True):
        assert mine.tolist() == theirs.tolist()


@pytest.mark.parametrize("seed", range(30))
def test_orders_served_in_turn_share_what_there_is(night, seed):
    problem, prices, left = night(seed, orders=6)
    before, plans = Left(*(column.copy() for column in left)), Plans.room(problem)
    serve_in_turn(problem, prices, np.arange(problem.size)[::-1].copy(), left, plans)
    for was, rest, used in zip(before, left, use(problem, plans), strict=True):
        assert (rest >= 0).all()
        assert (was - used).tolist() == rest.tolist()


@pytest.mark.parametrize("seed", range(40))
def test_putting_orders_back_never_costs_more(night, random_prices, seed):
    """Not even for one order: prices included, each pays no more than it did."""
    problem, prices, left = night(seed, orders=6)
    plans, sequence = Plans.room(problem), np.arange(problem.size)
    serve_in_turn(problem, prices, sequence, left, plans)
    other, total = random_prices(problem, seed + 1_000), []
    spare = (np.zeros(99, np.int64), np.zeros(99, np.int64))
    changed = 1
    while changed:
        total.append(sum(priced_cost(problem, o, other, plans) for o in sequence))
        changed = put_back(problem, other, sequence, left, plans, spare)
        assert all((rest >= 0).all() for rest in left)
    assert total == sorted(total, reverse=True)
    assert len(set(total)) == len(total)


def test_taking_a_plan_out_and_putting_it_back_changes_nothing(night):
    problem, prices, left = night(4)
    plans = priced(problem, prices, left)
    before = [column.copy() for column in left]
    for sign in (1, -1):
        for o in range(problem.size):
            take(problem, o, plans, sign, left)
    assert all((a == b).all() for a, b in zip(before, left, strict=True))


def test_two_parcels_of_one_node_do_not_share_a_unit(world, compiled):
    """A has one apple: each parcel alone could take it, the two that 1 kg parcels need cannot."""
    problem, _ = compiled(
        world({"A": {"apple": 1}}, {"o": {"apple": 2}}, freight={("A", "o"): [(1_000, 300)]})
    )
    plans = priced(problem, Prices.zero(problem), Left.of(problem))
    assert (plans.count[0], plans.value[0]) == (1, 300 + 5_000)
