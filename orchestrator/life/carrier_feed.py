"""What carriers say of parcels on their way: each changes the date that a customer is told.

    in transit   it has been seen: nothing else changes
    delayed      it arrives by another time: beyond the promise, the promise is changed
    delivered    it has arrived
    lost         it never will: what was invoiced is credited, and its goods are sourced again; the
                 node is not to blame

A parcel of which something is said that cannot be is left as it is, and that is said.
"""

from collections.abc import Iterable, Sequence

from omnisource.models.lifecycle import Piece
from omnisource.models.told import Denied, Told
from omnisource.models.tracking import CarrierEvent
from omnisource.orchestrator.life.decline import goods_of
from omnisource.orchestrator.life.doing import Doing, Life, act
from omnisource.orchestrator.life.resourcing import resource
from omnisource.orchestrator.life.story import Story, moves, tell_promise
from omnisource.orchestrator.life.verbs import step
from omnisource.solvers.proration import invoice


def hear_carrier(life: Life, doing: Doing, said: CarrierEvent) -> Told | Denied:
    """Take note of what a carrier says of a parcel.

    Args:
        life: where.
        doing: by whom, at what time of the parcel's.
        said: of which parcel, and what.
    """
    if said.kind == "delivered":
        return step(life, doing, "deliver", said.shipment)

    def decide(story: Story) -> Denied | None:
        state = story.state
        gone = [piece for piece in state.of_shipment(said.shipment) if piece.state == "shipped"]
        if not gone:
            return doing.no(state, said.kind, f"shipment {said.shipment} is not on its way")
        if said.kind == "lost":
            _lost(story, life, gone, said)
        else:
            _seen(story, said)
        return None

    return act(life, doing, f"carrier {said.kind}", decide, body=said.model_dump_json())


def hear_carriers(
    life: Life, doings: Iterable[Doing], events: Sequence[CarrierEvent]
) -> list[Told | Denied]:
    """Take note of what carriers say of some parcels, one after the other."""
    return [hear_carrier(life, doing, said) for doing, said in zip(doings, events, strict=True)]


def _seen(story: Story, said: CarrierEvent) -> None:
    """Tell that a parcel has been seen, or comes at another time."""
    sent = story.state.shipments[said.shipment]
    if said.kind == "in_transit" or said.due is None:
        story.add("in_transit", node=sent.node, cause=said.text)
        return
    later = sent.model_copy(update={"arrives": said.due})
    story.add("delayed", node=sent.node, shipments=(later,), cause=said.text)
    tell_promise(story, said.text or "delayed by the carrier")


def _lost(story: Story, life: Life, gone: Sequence[Piece], said: CarrierEvent) -> None:
    """Tell that a parcel is lost, and source its goods again."""
    state = story.state
    node = state.shipments[said.shipment].node
    story.add(
        "lost", moves=moves(gone, "declined"), node=node, lost=goods_of(state, gone, node),
        cents=invoice(state, gone, said.shipment).cents, cause=said.text,
    )  # fmt: skip
    resource(story, life.source, life.rules.declines, said.text or "lost by the carrier")
