"""What can be promised: allotments, receipts, promises for later days, records that err."""

from datetime import UTC, datetime, timedelta
from math import exp, inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.models.stock import Allotment, Receipt
from omnisource.solvers.compile.available import NO_CHANNEL, cells, channel_codes
from omnisource.solvers.problem import UNLIMITED
from omnisource.solvers.quote.atp import (
    Committed,
    atp,
    first_time,
    promisable,
    there,
)
from omnisource.solvers.quote.atp_plain import PlainCell

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
MINUTE = int(NOW.timestamp()) // 60
DAY = 1440


def allotted(**units):
    return [Allotment(node="A", sku="apple", channel=k, units=u) for k, u in units.items()]


def receipt(units, days, sku="apple"):
    return Receipt(node="A", sku=sku, units=units, due=NOW + timedelta(days=days))


def promised(days, units):
    return Committed(np.array([0]), np.array([MINUTE + days * DAY]), np.array([units]))


@pytest.fixture
def one_cell(world):
    """A shop of apples at A: questions to its only cell."""

    def of(on_hand, *, safety=0, allotments=(), receipts=(), cell=None, **given):
        shop = world(
            {"A": {"apple": on_hand}},
            {"o": {"apple": 1}},
            cells={("A", "apple"): {"safety": safety} | (cell or {})},
            allotments=list(allotments),
            receipts=list(receipts),
        )
        stock, codes = atp(shop, **given), channel_codes(shop)

        def units(channel="", days=0):
            return promisable(stock, 0, codes.get(channel, NO_CHANNEL), MINUTE + days * DAY)

        def first(units, channel=""):
            at = first_time(stock, 0, codes.get(channel, NO_CHANNEL), units)
            return inf if at == UNLIMITED else (at - MINUTE) / DAY

        def surely(units, days=0):
            return there(stock, 0, units, MINUTE + days * DAY)

        return units, first, surely

    return of


def test_what_is_reserved_or_kept_back_is_not_promised(one_cell):
    units, *_ = one_cell(10, safety=2, reserved=np.array([3]))
    assert units() == 5


def test_an_allotment_is_the_channels_most_and_closed_to_all_others(one_cell):
    units, *_ = one_cell(10, allotments=allotted(web=4, app=3))
    assert [units("web"), units("app"), units("store"), units("")] == [4, 3, 3, 3]


def test_what_is_beyond_all_allotments_is_closed_to_channels_that_have_one(one_cell):
    units, *_ = one_cell(100, allotments=allotted(web=4))
    assert [units("web"), units("store")] == [4, 96]


def test_allotments_beyond_the_stock_leave_each_channel_what_the_others_leave(one_cell):
    units, *_ = one_cell(5, allotments=allotted(web=4, app=4))
    assert [units("web"), units("app"), units("store")] == [1, 1, 0]


def test_an_allotment_of_nothing_closes_the_cell_to_the_channel(one_cell):
    units, first, _ = one_cell(5, allotments=allotted(web=0))
    assert [units("web"), units("store"), first(1, "web")] == [0, 5, inf]


def test_what_a_channel_has_taken_of_its_allotment_no_longer_counts(one_cell):
    units, *_ = one_cell(
        8, allotments=allotted(web=4, app=3), reserved=np.array([3]), taken=np.array([3, 0])
    )
    assert [units("web"), units("app"), units("store")] == [1, 3, 1]


def test_receipts_count_from_the_day_they_are_due_behind_the_same_fences(one_cell):
    units, *_ = one_cell(
        2, allotments=allotted(web=5), receipts=[receipt(6, days=2), receipt(4, days=5)]
    )
    assert [units("web", days) for days in (0, 1, 2, 4, 5)] == [2, 2, 5, 5, 5]
    assert [units("store", days) for days in (0, 1, 2, 4, 5)] == [0, 0, 3, 3, 7]


def test_a_promise_for_a_later_day_is_not_robbed_today(one_cell):
    units, *_ = one_cell(10, committed=promised(days=3, units=8))
    assert [units(days=days) for days in (0, 2, 3)] == [2, 2, 2]


def test_a_receipt_before_a_promise_frees_what_is_here_today(one_cell):
    """10 here; 6 come on day 2; 8 leave on day 3: 16 − 8 are free from day 2 on, and today."""
    units, *_ = one_cell(10, receipts=[receipt(6, days=2)], committed=promised(days=3, units=8))
    assert [units(days=days) for days in (0, 2, 3)] == [8, 8, 8]


def test_the_table_of_a_textbook(one_cell):
    """Supply 30, +20 on day 2, +20 on day 4; promised 25 on day 1 and 15 on day 3."""
    committed = Committed(
        np.array([0, 0]), np.array([MINUTE + DAY, MINUTE + 3 * DAY]), np.array([25, 15])
    )
    units, first, _ = one_cell(
        30, receipts=[receipt(20, days=2), receipt(20, days=4)], committed=committed
    )
    assert [units(days=days) for days in range(6)] == [5, 5, 10, 10, 30, 30]
    assert [first(q) for q in (1, 5, 6, 10, 11, 30, 31)] == [0, 0, 2, 2, 4, 4, inf]


def test_a_promise_that_is_overdue_counts_now(one_cell):
    units, *_ = one_cell(10, committed=promised(days=-1, units=4))
    assert units() == 6


def test_more_promised_than_there_ever_is_leaves_nothing(one_cell):
    units, first, _ = one_cell(1, committed=promised(days=1, units=4), receipts=[receipt(2, 9)])
    assert (units(days=10), first(1)) == (0, inf)


def test_what_is_still_to_come_makes_a_cell_after_those_of_the_night(world):
    shop = world(
        {"A": {"apple": 1}},
        {"o": {"pear": 1}},
        nodes={"A": {"safety": 1}},
        receipts=[receipt(5, 3, "pear")],
    )
    stock = atp(shop)
    assert stock.sku.tolist() == [0, 1]
    assert stock.sku_cells[stock.sku_start[1] : stock.sku_start[2]].tolist() == [1]
    assert [promisable(stock, 1, NO_CHANNEL, MINUTE + d * DAY) for d in (0, 3)] == [0, 4]


def test_a_fresh_count_is_believed(one_cell):
    *_, surely = one_cell(3, cell={"accuracy": 0.5, "counted_at": NOW})
    assert surely(3) == 1.0


def test_a_record_is_right_with_the_cells_accuracy_after_a_usual_interval(one_cell):
    *_, surely = one_cell(
        3, cell={"accuracy": 0.8, "counted_at": NOW - timedelta(days=30)}, count_days=30.0
    )
    assert surely(3) == pytest.approx(0.8)


def test_one_never_counted_is_believed_as_after_a_usual_interval(one_cell):
    *_, surely = one_cell(3, cell={"accuracy": 0.8})
    assert surely(3) == pytest.approx(0.8)


def test_units_counted_twice_as_long_ago_are_worth_the_square(one_cell):
    *_, surely = one_cell(
        3, cell={"accuracy": 0.8, "counted_at": NOW - timedelta(days=60)}, count_days=30.0
    )
    assert surely(3) == pytest.approx(0.64)


def test_units_that_are_left_over_make_the_others_surer(one_cell):
    """One unit is expected to be lost: none is with 1/e, at most one with 2/e."""
    *_, surely = one_cell(3, cell={"accuracy": exp(-1)})
    assert surely(3) == pytest.approx(exp(-1))
    assert surely(2) == pytest.approx(2 * exp(-1))
    assert surely(1) == pytest.approx(2.5 * exp(-1))
    assert surely(4) == 0.0


def test_safety_stock_is_what_losses_are_made_good_from(one_cell):
    *_, surely = one_cell(3, safety=1, cell={"accuracy": exp(-1)})
    assert surely(2) == pytest.approx(2 * exp(-1))


def test_what_is_still_to_be_received_is_not_lost_from_the_shelf(one_cell):
    *_, surely = one_cell(2, cell={"accuracy": 0.1}, receipts=[receipt(5, days=1)])
    assert surely(5, days=1) == 1.0
    assert surely(7, days=1) == pytest.approx(0.1)


def test_a_node_that_declines_accepts_the_rest(world):
    shop = world({"A": {"apple": 1}}, {"o": {"apple": 1}}, nodes={"A": {"decline_rate": 0.2}})
    assert atp(shop).accepts.tolist() == [0.8]


def test_no_count_was_ever_right_means_that_nothing_is_sure(one_cell):
    *_, surely = one_cell(3, cell={"accuracy": 0.0})
    assert 0.0 <= surely(3) < 1e-5


@pytest.mark.parametrize("seed", range(10))
def test_without_allotments_and_promises_it_is_what_the_night_sells(random_world, seed):
    shop = random_world(seed)
    stock, night = atp(shop), cells(shop)
    assert stock.node[: len(night.node)].tolist() == night.node.tolist()
    now = [promisable(stock, r, NO_CHANNEL, shop.now) for r in range(len(night.node))]
    assert now == night.units.tolist()


DATED = st.lists(
    st.tuples(st.integers(-2, 8).map(lambda days: MINUTE + days * DAY), st.integers(1, 9)),
    max_size=5,
).map(tuple)
CHANNELS = st.dictionaries(st.sampled_from(["web", "app", "store"]), st.integers(0, 9))
PLAIN = st.builds(
    PlainCell,
    now=st.just(MINUTE),
    on_hand=st.integers(0, 20),
    reserved=st.integers(0, 9),
    safety=st.integers(0, 5),
    receipts=DATED,
    committed=DATED,
    allotments=CHANNELS,
    taken=CHANNELS,
    accuracy=st.floats(0.01, 1.0),
    counted_days_ago=st.none() | st.integers(0, 400),
)


def compiled(world, cell):
    """Return the world of that one cell, compiled, and the codes of its channels."""
    fields = {"safety": cell.safety, "accuracy": cell.accuracy}
    if cell.counted_days_ago is not None:
        fields["counted_at"] = NOW - timedelta(days=cell.counted_days_ago)
    due = [(units, (at - MINUTE) // DAY) for at, units in cell.receipts]
    shop = world(
        {"A": {"apple": cell.on_hand}},
        {"o": {"apple": 1}},
        cells={("A", "apple"): fields},
        receipts=[receipt(units, days) for units, days in due],
        allotments=allotted(**cell.allotments),
    )
    at, units = np.array(cell.committed, np.int64).reshape(-1, 2).T
    stock = atp(
        shop,
        reserved=np.array([cell.reserved]),
        committed=Committed(np.zeros(len(at), np.int64), at, units),
        taken=np.array([cell.taken.get(k, 0) for k in cell.allotments], np.int64),
        count_days=60.0,
    )
    return stock, channel_codes(shop)


@settings(deadline=None, max_examples=200)
@given(
    cell=PLAIN,
    ask=st.tuples(
        st.sampled_from(["web", "app", "store", ""]), st.integers(1, 25), st.integers(0, 9)
    ),
)
def test_the_compiled_form_says_what_the_definitions_say(world, cell, ask):
    channel, units, days = ask
    stock, codes = compiled(world, cell)
    code, at = codes.get(channel, NO_CHANNEL), MINUTE + days * DAY
    assert promisable(stock, 0, code, at) == cell.promisable(channel, at)
    assert first_time(stock, 0, code, units) == cell.first_time(channel, units)
    assert there(stock, 0, units, at) == pytest.approx(cell.there(units, at, 60.0), abs=1e-12)


@settings(deadline=None, max_examples=100)
@given(cell=PLAIN)
def test_what_is_free_rises_with_time_and_channels_together_never_sell_more_than_is_free(
    world, cell
):
    stock, codes = compiled(world, cell)
    for days in range(9):
        at = MINUTE + days * DAY
        free = cell.free(at)
        assert free <= cell.free(at + DAY)
        each = [promisable(stock, 0, code, at) for code in [*codes.values(), NO_CHANNEL]]
        assert sum(each) <= max(free, 0)


PLACES = [("A", "apple"), ("B", "pear"), ("C", "apple"), ("A", "pear"), ("B", "apple")]
SIMPLE = st.builds(
    PlainCell,
    now=st.just(MINUTE),
    on_hand=st.integers(0, 20),
    receipts=DATED,
    committed=DATED,
    allotments=CHANNELS,
)


@settings(deadline=None, max_examples=50)
@given(plain=st.lists(SIMPLE, min_size=5, max_size=5), order=st.permutations(range(5)))
def test_every_cell_of_a_product_is_found_with_what_is_its_own(world, plain, order):
    places = [PLACES[i] for i in order]
    of = dict(zip(places, plain, strict=True))
    every = [(n, s, each) for (n, s), each in of.items()]
    shop = world(
        {n: {s: each.on_hand for m, s, each in every if m == n} for n in "ABC"},
        {"o": {"apple": 1}},
        receipts=[
            Receipt(node=n, sku=s, units=units, due=NOW + timedelta(minutes=at - MINUTE))
            for n, s, each in every
            for at, units in each.receipts
        ],
        allotments=[
            Allotment(node=n, sku=s, channel=k, units=units)
            for n, s, each in every
            for k, units in each.allotments.items()
        ],
    )
    names, skus = shop.nodes["node"], shop.products["sku"].tolist()
    rows = list(zip(names[shop.stock["node"]], shop.stock["sku"].tolist(), strict=True))
    gone = [
        (rows.index((n, skus.index(s))), at, units)
        for n, s, each in every
        for at, units in each.committed
    ]
    stock = atp(shop, committed=Committed(*np.array(gone, np.int64).reshape(-1, 3).T))
    codes = channel_codes(shop)
    for sku, name in enumerate(skus):
        found = stock.sku_cells[stock.sku_start[sku] : stock.sku_start[sku + 1]]
        assert sorted(names[stock.node[found]]) == sorted(n for n, s in of if s == name)
        for cell in found.tolist():
            mine = of[names[stock.node[cell]], name]
            for channel in ("web", "app", "store", ""):
                for at in (MINUTE, MINUTE + 3 * DAY):
                    code = codes.get(channel, NO_CHANNEL)
                    assert promisable(stock, cell, code, at) == mine.promisable(channel, at)
