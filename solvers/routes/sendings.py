"""On which day each of many shipments leaves, and when it arrives: from the clocks of a week.

Of a shipment from node n by service v and zone rule z that is asked for at t, and that cannot leave
before the day s:

    (1)  r  =  ready(n, t)                                         clocks.py (3)
    (2)  d  =  the first day ≥ max( leaves(n, v, r) , s ) on which n sends by v       clocks.py (4)
    (3)  a  =  arrives(n, v, z, d, r)                              clocks.py (5)
"""

from typing import Any

import numpy as np
from numba import njit

from omnisource.solvers.problem import Ints
from omnisource.solvers.routes.clocks import BEYOND, arrives, leaves, ready, sends


@njit(cache=True, nogil=True)
def sendings(c: Any, ways: Ints, asked: Ints, since: int) -> Ints:
    """Return, (2, S), the day of each shipment, days since 1970-01-01, and its arrival, minutes.

    `BEYOND` both where the clocks do not reach.

    Args:
        c: the clocks; they know the minutes asked for.
        ways: (3, S) node, service and zone rule, of services alone.
        asked: (S,) minutes.
        since: the first day that can be, days since 1970-01-01; 0: whichever.
    """
    out = np.full((2, len(asked)), BEYOND, np.int64)
    for s in range(len(asked)):
        node, service, rule = ways[0, s], ways[1, s], ways[2, s]
        is_ready = ready(c, node, asked[s])  # (1)
        day = leaves(c, node, service, is_ready)
        day = max(day, since - c.first_day) if day < BEYOND else day
        while day < c.days and not sends(c, node, service, day):  # (2)
            day += 1
        if day < c.days:
            out[0, s] = c.first_day + day
            out[1, s] = arrives(c, node, service, rule, day, is_ready)  # (3)
    return out
