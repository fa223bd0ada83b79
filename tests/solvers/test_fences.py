"""What a service takes in: worked examples of length, and of length and girth."""

import pytest

from omnisource.solvers.compile.fences import fences
from omnisource.solvers.routes.direct import network


def unfit(world, box, limits):
    """Whether a box of three sides bears the bit of a service with those limits."""
    sides = dict(zip(("length_mm", "width_mm", "height_mm"), box, strict=True))
    night = world(
        {"A": {"box": 1}}, {"o": {"box": 1}}, products={"box": sides}, service=dict(limits)
    )
    rules = fences(night, network(night).destinations.country)
    return bool(rules.product[0])


@pytest.mark.parametrize("box", [(1_000, 600, 400), (400, 1_000, 600), (600, 400, 1_000)])
@pytest.mark.parametrize(("most", "refused"), [(3_000, False), (2_999, True)])
def test_the_girth_limit_is_for_the_longest_side_and_twice_the_others(world, box, most, refused):
    """1,000 + 2 · (600 + 400) = 3,000, whichever side is called which."""
    assert unfit(world, box, {"max_girth_mm": most}) is refused


@pytest.mark.parametrize(("most", "refused"), [(1_000, False), (999, True)])
def test_the_length_limit_is_for_the_longest_side(world, most, refused):
    assert unfit(world, (400, 1_000, 600), {"max_length_mm": most}) is refused


def test_a_product_of_unknown_size_fits(world):
    assert not unfit(world, (0, 0, 0), {"max_girth_mm": 1, "max_length_mm": 1})


def test_what_does_not_fit_is_told_by_the_name_of_the_service(world, compiled):
    night = world(
        {"A": {"box": 1}},
        {"o": {"box": 1}},
        products={"box": {"length_mm": 1_000, "width_mm": 600, "height_mm": 400}},
        service={"max_girth_mm": 2_999},
    )
    problem, legend = compiled(night)
    assert legend.fences == ("does not fit post",)
    assert legend.verdicts()["fenced"] == 1
    assert problem.node.size == 0
