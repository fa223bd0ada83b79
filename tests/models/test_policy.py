"""What a policy may say, and what it is told where it makes no sense."""

import pytest
from pydantic import ValidationError

from omnisource.models.policy import Fairness, Policy


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tiers": {"gold": -1}}, "greater than or equal to 0"),
        ({"promised_factor": 0.5}, "greater than or equal to 1"),
        ({"fairness": [{"by": "city", "most_short": 0, "cents": 1}]}, "'channel', 'country' or"),
        ({"fairness": [{"by": "channel", "cents": 1}]}, "most_short\n  Field required"),
        ({"load": [{"beyond": 1.1, "cents": 1}]}, "less than or equal to 1"),
        ({"shortage_cents": 10**7, "tiers": {"a": 200}}, "shortage_cents times the largest factor"),
        ({"late_cents": 10**8, "tiers": {"a": 11}}, "late_cents times .* lower it, or the factors"),
    ],
)  # fmt: skip
def test_a_policy_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(ValidationError, match=message):
        Policy.model_validate(wrong)


def test_fairness_has_at_most_two_rules():
    with pytest.raises(ValidationError, match="at most 2 items"):
        Policy(fairness=(Fairness(by="channel", most_short=0, cents=1),) * 3)


def test_the_promise_quantile_is_a_number_or_the_newsvendors_ratio() -> None:
    assert Policy().promised_probability == 0.9
    assert Policy(promise_quantile=0.8, late_cents=5).promised_probability == 0.8
    assert Policy(slower_cents_per_day=50, late_cents=200).promised_probability == 0.75


def test_a_fine_for_each_late_order_is_weighed_in_days() -> None:
    fined = Policy(slower_cents_per_day=20, late_fine_cents=1500, late_cents=10)
    assert fined.late_fine_days == 75
    assert fined.promised_probability == 0.9
    assert Policy(slower_cents_per_day=20, late_cents=200).late_fine_days is None


@pytest.mark.parametrize(
    "keys",
    [
        {"promise_quantile": 0.0},
        {"promise_quantile": 1.0},
        {"slower_cents_per_day": 10},
        {"slower_cents_per_day": 10, "late_cents": 10},
        {"slower_cents_per_day": 0, "late_cents": 10},
        {"slower_cents_per_day": 5, "late_cents": 10, "promise_quantile": 0.9},
        {"late_fine_cents": 100},
        {"slower_cents_per_day": 10, "late_fine_cents": 10},
        {"slower_cents_per_day": 10, "late_fine_cents": 5, "late_cents": 20},
        {"slower_cents_per_day": 10, "late_fine_cents": 100, "promise_quantile": 0.9},
    ],
)
def test_a_promise_quantile_that_is_none_is_refused(keys: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=r"promise_quantile|slower_cents_per_day"):
        Policy.model_validate(keys)
