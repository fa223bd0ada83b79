"""Who walks away: a multinomial logit over the options offered and buying nothing.

Indices: i options. Data: t_i days until delivery, f_i fee in euros; walking away is worth 0.

    (1) v_i = c − β (t_i − t₀) − γ (f_i − f₀)
    (2) P(i) = e^{v_i} / (1 + Σ_j e^{v_j})

(McFadden, Conditional logit analysis of qualitative choice behavior, 1974; Train, Discrete Choice
Methods with Simulation, 2nd ed., section 3.1.) It is calibrated on one option of the usual t₀ days
and the usual fee f₀, of which a share p buys, and on the share s of sales that a day more loses:

    (3) c = logit p,   β = logit p − logit(p (1 − s_day)),   γ = logit p − logit(p (1 − s_euro))

With p = 0.5 and s_day = 0.0051, c = 0 and β = −ln(0.49745 / 0.50255) = 0.0102: a day more, and
49.745 % buy instead of 50 %, which is 0.51 % less. A day less then wins 0.51 %.

Sources: s_day = 0.0051 is what a promise one day slower loses in sales in the field experiment of
Cui, Lu, Sun and Golden, Sooner or later? Promising delivery speed in online retail, M&SOM 26(1),
2024 (one day faster: + 0.73 %); Fisher, Gallino and Xu, The value of rapid delivery in
omnichannel retailing, JMR 56(5), 2019, find + 1.5 % a business day saved: `day_slower = 0.015`.
For fees no figure was found that carries over: Lewis, Singh and Fay, An empirical study of the
impact of nonlinear shipping and handling fees, Marketing Science 25(1), 2006, find that they
decide strongly whether anything is ordered. p and s_euro = 0.05 are assumptions, to be replaced by
one's own figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, log
from typing import Final

from omnisource.models.simulation import Choice

CENTS: Final = 100  # a euro


@dataclass(frozen=True)
class Logit:
    """The calibrated model: utilities relative to walking away."""

    constant: float  # c, at the usual days and fee
    per_day: float  # β
    per_cent: float  # γ / 100
    days: float  # t₀
    fee: int  # f₀, cents
    walks: bool  # false: the same options divide all customers


def calibrated(choice: Choice) -> Logit:
    """Return the model that a setting stands for.

    >>> model = calibrated(Choice(walks=True, conversion=0.5))
    >>> round(model.per_day, 4), model.constant
    (0.0102, 0.0)
    """
    p = choice.conversion
    lost = (choice.day_slower, choice.euro_dearer)
    slower, dearer = (_logit(p) - _logit(p * (1 - share)) for share in lost)  # (3)
    usual = choice.usual_days, choice.usual_fee_cents
    return Logit(_logit(p), slower, dearer / CENTS, *usual, choice.walks)


def _logit(share: float) -> float:
    return log(share / (1 - share))


def chooses(model: Logit, days: Sequence[float], fees: Sequence[int], level: float) -> int:
    """Return the option that a customer takes, −1 if none.

    Args:
        model: who walks away.
        days: (I,) days until each option is delivered.
        fees: (I,) cents.
        level: a draw from [0, 1): the options take their shares of it one after the other, and
            walking away the rest.
    """
    for option, end in enumerate(accumulate(shares(model, days, fees))):
        if level < end:
            return option
    return -1 if model.walks else len(days) - 1  # rounding may leave a hair below 1


def shares(model: Logit, days: Sequence[float], fees: Sequence[int]) -> list[float]:
    """Return the probability with which each option is taken, (I,).

    >>> model = calibrated(Choice(walks=True, conversion=0.8))
    >>> [round(share, 6) for share in shares(model, [3.0], [0])]
    [0.8]
    """
    if not days:
        return []
    worth = [
        model.constant - model.per_day * (t - model.days) - model.per_cent * (f - model.fee)
        for t, f in zip(days, fees, strict=True)
    ]  # (1)
    top = max(*worth, 0.0)
    weight = [exp(v - top) for v in worth]
    all_of_them = sum(weight) + (exp(-top) if model.walks else 0.0)
    return [w / all_of_them for w in weight]  # (2)
