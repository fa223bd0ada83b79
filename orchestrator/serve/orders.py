"""Routes about orders: what became of them, and why."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from omnisource.models.access import AccessKey
from omnisource.models.explanation import Explanation
from omnisource.models.http_orders import OrderEvents, OrderList, OrderView, State
from omnisource.orchestrator.explain_record import decisions_of, explain_decision
from omnisource.orchestrator.explain_stored import explain_stored
from omnisource.orchestrator.serve.problem import Turned
from omnisource.orchestrator.serve.rules import Caller, Here, rules
from omnisource.orchestrator.serve.state import Service
from omnisource.orchestrator.store.orders import find_events, find_order, list_orders
from omnisource.orchestrator.store.plan import last_prices

ORDERS = APIRouter(tags=["orders"])
Named = Annotated[str, Path(max_length=200, description="The order's name.")]
STATES: tuple[State, ...] = ("open", "allocated", "cancelled", "person")


@ORDERS.get("/v1/orders", **rules("checkout", "planner"))
async def get_orders(
    here: Here,
    state: Annotated[list[State] | None, Query(description="Only these.")] = None,
    after: Annotated[int, Query(ge=-1, le=2**31 - 1, description="`after` of the last.")] = -1,
    most: Annotated[int, Query(ge=1, le=1_000, description="How many at the most.")] = 100,
) -> OrderList:
    """Return orders in the order in which they came, page by page."""
    states = list(state or STATES)
    found = await here.wait(list_orders, here.desk.database, states, after=after, most=most)
    return OrderList(orders=found)


@ORDERS.get(
    "/v1/orders/{order}", **rules("checkout", "planner", "store", "dropshipper", more=(404,))
)
async def get_order(here: Here, caller: Caller, order: Named) -> OrderView:
    """Return an order, and what is sent for it; a node sees what it is to send itself."""
    found = await here.wait(find_order, here.desk.database, order)
    if found is None or not (mine := _of(caller, found)):
        raise _missing(order)
    return mine


@ORDERS.get("/v1/orders/{order}/events", **rules("checkout", "planner", more=(404,)))
async def get_events(here: Here, order: Named) -> OrderEvents:
    """Return what has happened to an order, as far as it is known."""
    found = await here.wait(find_events, here.desk.database, order)
    if found is None:
        raise _missing(order)
    return found


@ORDERS.get("/v1/orders/{order}/explanation", **rules("planner", more=(404,)))
async def get_explanation(
    here: Here,
    order: Named,
    why_not: Annotated[
        str | None, Query(max_length=200, description="A node: what it would take to use it.")
    ] = None,
    event: Annotated[
        int | None, Query(ge=1, description="The order's event that tells the decision.")
    ] = None,
) -> Explanation:
    """Say why an order is served as it is, and what else could have been: as it was decided."""
    found = await here.wait(_explained, here, order, (why_not, event))
    if found is None:
        raise _missing(order)
    return found


def _explained(
    here: Service, order: str, asked: tuple[str | None, int | None]
) -> Explanation | None:
    database, world = here.desk.database, here.shelf.snapshot.world
    found = find_order(database, order)
    if found is None:
        return None
    why_not, event = asked
    if event is not None or decisions_of(database, order):
        return explain_decision(database, order, event=event, why_not=why_not)
    return explain_stored(world, found, last_prices(database), why_not=why_not)


def _missing(order: str) -> Turned:
    return Turned(404, "not-found", f"there is no order {order}")


def _of(caller: AccessKey, order: OrderView) -> OrderView | None:
    """Return what of an order is a caller's business; None where nothing is."""
    if caller.node is None:
        return order
    mine = [each for each in order.shipments if caller.sees(each.node)]
    lines = {line.line for each in mine for line in each.lines}
    if not mine:
        return None
    return order.model_copy(
        update={
            "shipments": tuple(each.model_copy(update={"cost_cents": None}) for each in mine),
            "lines": tuple(line for line in order.lines if line.line in lines),
        }
    )
