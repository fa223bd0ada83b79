"""One replication of one policy: the engine is written elsewhere, this holds its place."""

from omnisource.models.base import UnusableInput
from omnisource.models.simulation import Simulation
from omnisource.orchestrator.simulate.demand import Stream
from omnisource.orchestrator.simulate.tally import Tally
from omnisource.solvers.problem import Limits


def simulate_once(stream: Stream, setup: Simulation, policy: str, limits: Limits) -> Tally:
    """Refuse.

    Raises:
        UnusableInput: always.
    """
    raise UnusableInput(f"no engine for {policy}, {stream.days} days, {setup}, {limits}")
