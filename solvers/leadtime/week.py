"""The carriers' week: time that counts as much as parcels arrive in it.

Few parcels arrive on a Sunday, so a promise for Sunday is hardly surer than one for Friday, and two
days over a weekend are not two days.

    (1)  open[w] = 7 (arrivals on weekday w + k) / (all arrivals + 7 k)            mean 1
    (2)  C(t) = ∫ open[weekday of s] ds from minute 0 to t

k weighs an even week like so many arrivals a day, as a Dirichlet prior does (Gelman et al.,
Bayesian Data Analysis, 2013, section 3.4). Times are local minutes since 1970-01-01, a Thursday; a
week has as many minutes on either clock.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from omnisource.solvers.problem import Floats, Ints

DAY: Final = 1440
WEEK: Final = 7 * DAY
THURSDAY: Final = 3
EVEN: Final = 20.0
"""k."""


def week_of(arrived: Ints) -> Floats:
    """Return how open each weekday is, Monday first, (7,) with mean 1, from minutes of arrival.

    >>> week_of(np.array([], dtype=np.int64)).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    weekday = (arrived // DAY + THURSDAY) % 7
    count = np.bincount(weekday, minlength=7) + EVEN
    return np.asarray(7 * count / count.sum())  # (1)


def carried(week: Floats, minute: ArrayLike) -> Floats:
    """Return C of (2) at minutes.

    >>> carried(np.array([1, 1, 1, 1, 1, 2, 0]), [DAY, 2 * DAY, 3 * DAY, 4 * DAY]) / DAY
    array([1., 2., 4., 4.])
    """
    minute = np.asarray(minute, dtype=np.float64)
    within = np.interp(minute % WEEK, np.arange(8) * DAY, corners(week))
    return np.asarray(minute // WEEK * WEEK + within)  # (2)


def minute_at(week: Floats, amount: ArrayLike) -> Floats:
    """Return the minute at which C has reached an amount; every day must be open a little.

    >>> minute_at(np.array([1, 1, 1, 1, 1, 1.5, 0.5]), [2.75 * DAY, 9 * DAY]) / DAY
    array([2.5, 9. ])
    """
    amount = np.asarray(amount, dtype=np.float64)
    within = np.interp(amount % WEEK, corners(week), np.arange(8) * DAY)
    return np.asarray(amount // WEEK * WEEK + within)


def corners(week: Floats) -> Floats:
    """Return C at each midnight of the week that begins on a Thursday, (8,) minutes."""
    return np.concatenate([[0.0], np.cumsum(np.roll(week, -THURSDAY)) * DAY])
