"""Ways that are there no more: a lane is cancelled, a carrier does not serve an address.

What has not left by such a way is sourced again, without it: by another service of the same node,
whose units it still has, or from elsewhere. The order remembers the way that it cannot go, until it
is to go to another place. The promise is kept if any way keeps it, and told anew if none does.
"""

from dataclasses import replace
from typing import Final

from omnisource.models.base import UnusableInput
from omnisource.models.claims import claims_of
from omnisource.models.lifecycle import OrderState, Piece
from omnisource.models.policy import Fence
from omnisource.models.told import Denied, Told
from omnisource.orchestrator.life.doing import Doing, Life, act
from omnisource.orchestrator.life.resourcing import resource
from omnisource.orchestrator.life.story import Story, moves
from omnisource.orchestrator.store.session import Statement, session_of

UNSENT: Final = Statement(
    'SELECT DISTINCT a."order" FROM allocations a JOIN shipments s ON s.run = a.run AND '
    "s.shipment = a.shipment WHERE s.node = :node AND s.service = :service AND NOT EXISTS "
    "(SELECT 1 FROM sent g WHERE g.run = a.run AND g.shipment = a.shipment AND g.line = a.line) "
    'ORDER BY a."order"'
)


def lane_cancelled(life: Life, doing: Doing, node: str, service: str) -> list[Told | Denied]:
    """Source again what a node has not sent by a service that does not go from there any more.

    Args:
        life: where.
        doing: by whom, when, and why.
        node: from where.
        service: which.

    Raises:
        UnusableInput: there is no such node or service.
    """
    _known(life, "node", node)
    _known(life, "service", service)
    with life.desk.database.reading() as connection:
        found = session_of(connection).rows(UNSENT, node=node, service=service)
    cause = doing.cause or f"{service} from {node} is cancelled"
    fence = Fence(name=cause, nodes=(node,), services=(service,))
    return [_bar(life, doing.of(order, cause=cause), fence) for (order,) in found]


def address_unserved(life: Life, doing: Doing, service: str) -> Told | Denied:
    """Source again what an order was to be sent by a service that does not go to its address.

    Raises:
        UnusableInput: there is no such service.
    """
    _known(life, "service", service)
    cause = doing.cause or f"{service} does not serve the address"
    return _bar(life, replace(doing, cause=cause), Fence(name=cause, services=(service,)))


def _known(life: Life, what: str, name: str) -> None:
    world = life.source.world
    if name not in (world.nodes["node"] if what == "node" else world.services["service"]):
        raise UnusableInput(f"there is no {what} {name}")


def _bar(life: Life, doing: Doing, fence: Fence) -> Told | Denied:
    """Take what an order has not been sent by a way back, and source it again without it."""

    def decide(story: Story) -> Denied | None:
        before = story.state
        open_ = [piece for piece in before.pieces if _goes_by(before, piece, fence)]
        if not open_:
            return doing.no(before, "source", f"nothing of order {doing.order} is still to go so")
        for to, states in (("placed", ("allocated",)), ("declined", LATER)):
            some = [piece for piece in open_ if piece.state in states]
            if some:
                story.add("changed", moves=moves(some, to), fences=(fence,))  # type: ignore[arg-type]
        own = claims_of(before).reserved - claims_of(story.state).reserved
        resource(story, life.source, life.rules.declines, doing.cause, own=own)
        return None

    return act(life, doing, "bar", decide, body=fence.model_dump_json())


LATER: Final = ("released", "picking", "packed")
"""What a node has begun with: it begins anew, there or elsewhere."""


def _goes_by(state: OrderState, piece: Piece, fence: Fence) -> bool:
    """Say whether units have not left and are to go by a way."""
    if piece.shipment is None or not piece.is_held:
        return False
    shipment = state.shipments[piece.shipment]
    return shipment.service in fence.services and (not fence.nodes or shipment.node in fence.nodes)
