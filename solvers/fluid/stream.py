"""A stream of orders by class, each served by the oracle's cheapest plan from what is left."""

from typing import Any

import numpy as np

from omnisource.solvers.compiled import compiled
from omnisource.solvers.oracle.kernel import best_plan
from omnisource.solvers.oracle.lend import lent
from omnisource.solvers.oracle.plans import lent_menus, scratch
from omnisource.solvers.oracle.serve import take, true_cost
from omnisource.solvers.problem import Ints


@compiled
def serve_stream(problem: Any, prices: Any, stream: Ints, left: Any, plans: Any) -> int:
    """Serve a stream at those prices; return what it costs without them.

    Args:
        problem: a night of one order a class.
        prices: `Prices`.
        stream: (T,) classes; the number of classes where no order comes.
        left: `Left`; taken from.
        plans: `Plans`, written over.
    """
    work = scratch(problem, np.arange(problem.large.size))
    menus, at, room, to = lent_menus(problem), lent(prices), lent(left), lent(plans)
    cost = 0
    for o in stream:
        if o == problem.large.size:
            continue
        out = (to.candidate, to.entry, to.first[o])
        to.value[o], to.count[o] = best_plan(menus, o, at, room, work, out)
        take(menus, o, to, 1, room)
        cost += true_cost(menus, o, to)
    return cost
