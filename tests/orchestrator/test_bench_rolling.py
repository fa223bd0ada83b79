"""A stream of orders, decided by every rule: what none may do, and what hindsight does best."""

from typing import Any

import pytest

from omnisource.orchestrator.bench.rolling import RULES, bench_rolling, rolling_sheet
from omnisource.orchestrator.bench.stream import Asked


@pytest.fixture(scope="module")
def found() -> Any:
    return bench_rolling(None, Asked(orders=60, nodes=10, every=360, gap=0.01, threads=1))


def test_no_rule_is_cheaper_than_what_hindsight_bounds(found: Any) -> None:
    assert [each.rule for each in found] == list(RULES)
    bound = found[-1].bound_cents
    assert all(each.cost_cents >= bound for each in found)
    assert all(each.orders == 60 for each in found)


def test_only_rolling_moves_orders_and_lets_them_wait_long(found: Any) -> None:
    assert [each.moved_orders for each in found if each.rule != "rolling"] == [0, 0, 0]
    wait = {each.rule: each.mean_wait_hours for each in found}
    assert wait["in hindsight"] == 0
    assert wait["rolling"] > wait["at the click"]


def test_the_table_has_a_row_for_each_rule(found: Any) -> None:
    sheet = rolling_sheet(found, Asked(every=360))
    assert [row[0] for row in sheet.rows] == list(RULES)
    assert all(len(row) == len(sheet.columns) for row in sheet.rows)
