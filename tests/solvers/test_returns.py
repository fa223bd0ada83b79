"""Where goods that come back should go, worked out by hand."""

import pytest

from omnisource.models.returns import Grade, ReturnRules
from omnisource.solvers.returns import Place, best_way

RULES = ReturnRules(worth=0.5, salvage=0.1, refurbished=0.7, refurbish_cents=400,
                    refurbishers=("W",))  # fmt: skip


def places(shadow: int = 0, transport: int = 500) -> list[Place]:
    """A store S, where handling is 50 cents, and a warehouse W, where it is 25."""
    return [
        Place("S", handling=50, shadow=0, transport=0, sells=True),
        Place("W", handling=25, shadow=shadow, transport=transport, sells=True),
    ]


@pytest.mark.parametrize(
    ("grade", "shadow", "best"),
    [
        ("new", 0, ("restock", "S", 950)),  # 1,000 − 50; to W: 1,000 − 25 − 500
        ("new", 600, ("send", "W", 1_075)),  # 1,000 + 600 − 25 − 500
        ("opened", 0, ("clear", "S", 150)),  # 200 − 50; refurbished 700 − 400 − 525 = −225
        ("opened", 1_000, ("refurbish", "W", 475)),  # 0.7 · 2,000 − 400 − 525
        ("broken", 9_000, ("clear", "S", 150)),
    ],
)
def test_goods_go_where_they_are_worth_most(
    grade: Grade, shadow: int, best: tuple[str, str, int]
) -> None:
    way = best_way(places(shadow), "S", 2_000, grade=grade, rules=RULES)
    assert (way.what, way.node, way.value) == best


def test_goods_at_a_hub_are_not_restocked_there() -> None:
    hub = Place("H", handling=10, shadow=0, transport=0, sells=False)
    way = best_way([hub, *places()], "H", 2_000, grade="new", rules=RULES)
    assert (way.what, way.node, way.value) == ("send", "S", 950)
