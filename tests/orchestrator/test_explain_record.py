"""A decision is explained from its record: what was true then, whatever has become of it."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text

from omnisource.models.base import UnusableInput
from omnisource.models.explanation import Explanation
from omnisource.models.policy import Policy
from omnisource.models.scenario import Scenario
from omnisource.models.told import Denied, Told
from omnisource.orchestrator.checkout.reserve import tidy
from omnisource.orchestrator.explain_record import explain_decision
from omnisource.orchestrator.life.decline import decline
from omnisource.orchestrator.life.doing import Doing, Life
from omnisource.orchestrator.life.record import keep_network
from omnisource.orchestrator.life.verbs import cancel, place
from omnisource.orchestrator.stored_night import Asked, run_stored_night
from omnisource.solvers.problem import Limits

NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)
PARCEL = {"W": 400, "S": 500, "T": 600, "D": 450}
"""Cents of a parcel from each node of the town, by post."""


def told(said: Told | Denied) -> Told:
    assert isinstance(said, Told), said
    return said


def doing(key: str, name: str = "o1", hours: int = 0) -> Doing:
    return Doing(name, key, NOON + timedelta(hours=hours))


def say(life: Life, statement: str) -> None:
    with life.desk.database.writing() as connection:
        connection.execute(text(statement))


def explained(life: Life, name: str = "o1", **more: Any) -> Explanation:
    return explain_decision(life.desk.database, name, **more)


def test_it_says_what_was_true_then_though_stock_has_changed_since(town: Any) -> None:
    life = town.life({"WA": 5, "SA": 5})
    told(place(life, doing("k"), town.order(A=1)))
    before = explained(life, why_not="S")
    say(life, "UPDATE stock SET on_hand = 90 WHERE node = 'S'")
    say(life, "UPDATE stock SET on_hand = 1 WHERE node = 'W'")
    assert explained(life, why_not="S") == before
    assert before.cost_cents == PARCEL["W"]
    assert before.decision is not None
    assert (before.decision.what, before.decision.event) == ("placed", 2)
    assert before.why_not is not None
    assert before.why_not.alternative is not None
    assert before.why_not.alternative.extra_cents == PARCEL["S"] - PARCEL["W"]
    assert before.why_not.rules == ()


def test_a_node_that_had_none_is_forbidden_by_that_though_it_has_some_now(town: Any) -> None:
    life = town.life({"WA": 5, "SB": 5})
    told(place(life, doing("k"), town.order(A=1)))
    say(life, "UPDATE stock SET sku = 'A' WHERE node = 'S'")
    said = explained(life, why_not="S").why_not
    assert said is not None
    assert said.alternative is None
    assert said.rules == ("no stock of A",)


def test_every_decision_on_an_order_is_kept_and_the_latest_is_told(town: Any) -> None:
    life = town.life({"WA": 5, "SA": 5, "TA": 5})
    told(place(life, doing("k"), town.order(A=1)))
    told(decline(life, doing("d"), "order o1/0"))
    now = explained(life, why_not="W")
    assert [each.what for each in now.decisions] == ["placed", "declined"]
    assert [shipment.node for shipment in now.shipments] == ["S"]
    assert now.why_not is not None
    assert now.why_not.rules == ("it had declined",)
    first = explained(life, event=now.decisions[0].event)
    assert [shipment.node for shipment in first.shipments] == ["W"]
    with pytest.raises(UnusableInput, match=r"no such decision; recorded are event 2 .*event 5"):
        explained(life, event=9)


def test_a_night_is_explained_after_its_shipments_have_gone_elsewhere(town: Any) -> None:
    placed = town.order(A=1)
    life = town.life({"WA": 1, "SA": 5}, orders=[placed.order], lines=placed.lines)
    run_stored_night(life.desk.database.name, Asked(Limits(threads=1)), run="monday")
    told(decline(life, doing("d", hours=9), "monday/0", missing=True))
    now, then = explained(life), explained(life, run="monday", why_not="S")
    assert [shipment.node for shipment in now.shipments] == ["S"]
    assert [shipment.node for shipment in then.shipments] == ["W"]
    assert then.decision is not None
    assert (then.decision.run, then.decision.cost_cents) == ("monday", PARCEL["W"])
    assert then.decision.gap == 0
    assert then.why_not is not None
    assert then.why_not.alternative is not None
    assert then.why_not.alternative.extra_cents == 100


def test_orders_that_share_a_parcel_are_explained_with_their_shares_of_it(town: Any) -> None:
    """Two orders of one customer, one parcel from W."""
    policy = Scenario(name="town", policy=Policy(consolidate=True))
    placed = [town.order(name, A=1) for name in ("o1", "o2")]
    orders = [each.order.model_copy(update={"customer": "x"}) for each in placed]
    lines = [line for each in placed for line in each.lines]
    life = town.life({"WA": 2}, orders=orders, lines=lines, more={"scenario": policy})
    run_stored_night(life.desk.database.name, Asked(Limits(threads=1)), run="monday")
    whys = [explained(life, name) for name in ("o1", "o2")]
    assert sum(why.cost_cents for why in whys) == PARCEL["W"]


def test_tidying_keeps_the_record_of_a_night_as_long_as_a_shipment_of_it_is_left(town: Any) -> None:
    placed = town.order(A=1)
    life = town.life({"WA": 1, "SA": 5}, orders=[placed.order], lines=placed.lines)
    run_stored_night(life.desk.database.name, Asked(Limits(threads=1)), run="monday")
    later = NOON + timedelta(days=99)
    tidy(life.desk, older_than=9, now=later)
    assert explained(life).decision is not None
    told(decline(life, doing("d", hours=9), "monday/0"))
    tidy(life.desk, older_than=9, now=later)
    assert [each.run for each in explained(life).decisions] == [""]


def recorded(life: Life) -> list[tuple[str, str]]:
    with life.desk.database.reading() as connection:
        rows = connection.execute(text("SELECT kind, name FROM records ORDER BY kind, name"))
        return [(kind, name if kind == "order" else "") for kind, name in rows]


def test_tidying_drops_decisions_of_which_nothing_is_left_and_then_their_network(town: Any) -> None:
    life = town.life({"WA": 5})
    for name in ("gone", "sent"):
        told(place(life, doing(name, name), town.order(name, A=1)))
    told(place(life, doing("short", "short"), town.order("short", A=1, B=1)))  # waits for B
    told(cancel(life, doing("no", "gone")))
    later = NOON + timedelta(days=99)
    tidy(life.desk, older_than=100, now=later)
    assert [name for _, name in recorded(life)] == ["", "gone", "sent", "short"]
    tidy(life.desk, older_than=9, now=later)
    assert recorded(life) == [("network", ""), ("order", "sent"), ("order", "short")]
    told(cancel(life, doing("so", "sent")))
    told(cancel(life, doing("ss", "short")))
    tidy(life.desk, older_than=9, now=later)
    assert recorded(life) == []


def test_a_network_that_is_in_use_stays_though_no_decision_names_it_yet(town: Any) -> None:
    life = town.life({"WA": 5})
    later = 24 * 99  # hours
    told(place(life, doing("k", "gone"), town.order("gone", A=1)))
    told(cancel(life, doing("no", "gone")))
    keep_network(life.source, life.desk.write, int(NOON.timestamp()) + 3_600 * later)
    tidy(life.desk, older_than=0, now=NOON + timedelta(hours=later + 47))
    assert recorded(life) == [("network", "")]
    tidy(life.desk, older_than=0, now=NOON + timedelta(hours=later + 49))
    assert recorded(life) == []
    told(place(life, doing("k1", "o1", later + 50), town.order(A=1)))  # it is recorded anew
    assert explained(life).cost_cents == PARCEL["W"]


def forced(stock: dict[str, int], node: str) -> int | None:
    """The least cost of a unit of A and one of B with something from that node; by brute force."""
    ways = [
        sum(PARCEL[n] for n in {a, b})
        for a, b in product("WSTD", repeat=2)
        if stock.get(f"{a}A") and stock.get(f"{b}B") and node in (a, b)
    ]
    return min(ways, default=None)


@pytest.mark.parametrize(
    "stock",
    [
        {"WA": 1, "WB": 1, "SA": 1, "TB": 1},
        {"WA": 1, "SB": 1, "DA": 1, "DB": 1},
        {"WA": 1, "SB": 1, "TA": 1, "DB": 1},
    ],
)
def test_why_not_costs_what_brute_force_finds(town: Any, stock: dict[str, int]) -> None:
    life = town.life(stock)
    told(place(life, doing("k"), town.order(A=1, B=1)))
    say(life, "UPDATE stock SET on_hand = reserved")
    for node in "WSTD":
        said, least = explained(life, why_not=node).why_not, forced(stock, node)
        assert said is not None
        assert (said.alternative is None) == (least is None)
        if said.alternative is not None:
            assert said.alternative.cost_cents == least
