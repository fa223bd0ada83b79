"""Who could send what: every verdict once, in a world made for it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.policy import Fence, Policy
from omnisource.models.product import Product
from omnisource.models.scenario import Scenario
from omnisource.models.stock import StockCell
from omnisource.orchestrator.folder.load import world_of
from omnisource.solvers.compile.candidates import VERDICTS

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
FROM = ("Good", "Empty", "Remote", "Slow", "Barred", "Weak", "Shut")


def zone_rules(nodes: Iterable[str]) -> list[ZoneRule]:
    """Everybody is reached in a day, from Slow in three; nobody from Remote."""
    return [
        ZoneRule(
            service="post", node=n, zone="weak" if n == "Weak" else "all",
            transit_days=3 if n == "Slow" else 1,
        )
        for n in nodes if n != "Remote"
    ]  # fmt: skip


@pytest.fixture(scope="module")
def judged(compiled):
    """Problem, legend and world: o wants an apple delivered, p a pear at the counter of Good."""
    night = world_of(
        Scenario(
            name="verdicts",
            now=NOW,
            policy=Policy(fences=(Fence(name="not from Barred", nodes=("Barred",)),)),
        ),
        nodes=[
            Node(
                node=n, kind="warehouse", lat=50, lon=10, ships=n != "Shut", pickup=n == "Good",
                safety=1 if n == "Empty" else 0,
            )
            for n in FROM
        ],
        services=[Service(service="post", kind="parcel")],
        zones=zone_rules(FROM),
        tariffs=[
            TariffStep(service="post", zone="all", up_to_grams=1_000, cents=500),
            TariffStep(service="post", zone="weak", up_to_grams=999, cents=500),
        ],
        products=[Product(sku="apple", grams=1_000), Product(sku="pear", grams=1_000)],
        stock=[StockCell(node=n, sku="apple", on_hand=1) for n in FROM]
        + [StockCell(node=n, sku="pear", on_hand=1) for n in ("Good", "Slow")],
        orders=[
            Order(
                order="o", placed_at=NOW, country="DE", postcode="1", lat=49, lon=10,
                promised_by=NOW + timedelta(days=2),
            ),
            Order(order="p", placed_at=NOW, mode="collect", pickup_node="Good"),
        ],
        lines=[
            Line(order="o", line="1", sku="apple", units=1),
            Line(order="p", line="1", sku="pear", units=1),
        ],
    )  # fmt: skip
    return night, *compiled(night, threads=1)


@pytest.mark.parametrize(
    ("node", "line", "verdict"),
    [
        ("Empty", 0, "no stock"),
        ("Remote", 0, "no route"),
        ("Slow", 0, "too late"),
        ("Barred", 0, "fenced"),
        ("Weak", 0, "too heavy"),
        ("Shut", 0, "node closed"),
        ("Slow", 1, "not the pick-up node"),
    ],
)
def test_each_refusal_has_its_verdict(judged, node, line, verdict):
    night, _, legend = judged
    rows = zip(legend.refused_line, legend.refused_node, legend.refused_why, strict=True)
    found = {(str(night.nodes["node"][n]), int(at)): VERDICTS[why] for at, n, why in rows}
    assert found[node, line] == verdict


def test_every_pair_that_holds_a_cell_is_counted_once(judged):
    _, _, legend = judged
    assert legend.verdicts() == dict.fromkeys(VERDICTS, 1) | {"eligible": 2}


def test_who_passes_becomes_a_candidate(judged):
    night, problem, _ = judged
    assert [night.nodes["node"][n] for n in problem.node] == ["Good", "Good"]
    assert problem.ways.service.tolist() == [0, -1]
    assert problem.menu_cost.tolist() == [0, 500, 0, 0]


def test_what_may_be_late_is_late_at_a_price(world, compiled):
    """Due by noon on the 7th, there by the end of the 9th: three days begun."""
    stock, orders = {"A": {"apple": 1}}, {"o": {"apple": 1}}
    fields = {
        "transit_days": {"A": 3},
        "order_fields": {"o": {"promised_by": "2025-01-07T12:00:00Z"}},
    }
    strict, legend = compiled(world(stock, orders, **fields))
    assert strict.node.size == 0
    assert legend.verdicts()["too late"] == 1
    lenient, _ = compiled(world(stock, orders, policy=Policy(late_cents=10), **fields))
    assert lenient.ways.days_late.tolist() == [3]


def test_a_fence_beyond_a_distance_spares_the_near(world, compiled):
    """A lies 111.2 km from the customer, B 222.4 km."""
    fence = Fence(name="short way only", skus=("apple",), beyond_km=200)
    problem, legend = compiled(
        world(
            {"A": {"apple": 1}, "B": {"apple": 1}},
            {"o": {"apple": 1}},
            policy=Policy(fences=(fence,)),
        )
    )
    assert problem.km.tolist() == [111.2]
    assert legend.verdicts()["fenced"] == 1


def test_a_node_is_asked_for_the_lines_it_may_send_only(world, compiled):
    fence = Fence(name="no pears from A", skus=("pear",), nodes=("A",))
    problem, _ = compiled(
        world(
            {"A": {"apple": 1, "pear": 1}},
            {"o": {"apple": 1, "pear": 1}},
            policy=Policy(fences=(fence,)),
        )
    )
    assert problem.cell.tolist() == [0, -1]
    assert problem.cap.tolist() == [1, 0]
