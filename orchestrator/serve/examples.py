"""What OpenAPI shows of requests: examples that go together, from the promise to the order."""

from typing import Any, Final

from fastapi import Body
from fastapi.openapi.models import Example

_CART: Final[dict[str, Any]] = {
    "lines": [{"sku": "S000001", "units": 2}, {"sku": "S000002", "units": 1}],
    "country": "DE", "postcode": "10115", "lat": 52.53, "lon": 13.38, "channel": "web",
}  # fmt: skip
_PARCEL: Final[dict[str, Any]] = {
    "node": "FC-BERLIN", "service": "standard", "units": {"S000001": 2, "S000002": 1},
    "leaves": "2025-03-10T17:00:00+01:00", "cost_cents": 590,
}  # fmt: skip
_OPTION: Final[dict[str, Any]] = {
    "mode": "standard", "promise_at": "2025-03-12T18:00:00+01:00",
    "expires_at": "2025-03-10T12:15:00+01:00", "shipments": [_PARCEL],
}  # fmt: skip
_CLAIM: Final[dict[str, Any]] = {
    "channel": "web",
    "shipments": [{"node": "FC-BERLIN", "service": "standard", "day": "2025-03-10",
                   "lines": [{"line": "1", "sku": "S000001", "units": 2}]}],
}  # fmt: skip
PLACED: Final[dict[str, Any]] = {
    "order": {"order": "order-1001", "channel": "web", "placed_at": "2025-03-10T12:05:00+01:00",
              "country": "DE", "postcode": "10115", "lat": 52.53, "lon": 13.38},
    "lines": [{"order": "order-1001", "line": "S000001", "sku": "S000001", "units": 2},
              {"order": "order-1001", "line": "S000002", "sku": "S000002", "units": 1}],
}  # fmt: skip
_STOCK: Final[dict[str, Any]] = {
    "messages": [
        {"node": "FC-BERLIN", "sku": "S000001", "sequence": 41, "kind": "snapshot", "units": 120},
        {"node": "FC-BERLIN", "sku": "S000001", "sequence": 42, "kind": "delta", "units": -3},
    ]
}
_RECEIPTS: Final[dict[str, Any]] = {
    "messages": [
        {"node": "FC-BERLIN", "sku": "S000001", "sequence": 7, "kind": "snapshot",
         "expected": [{"units": 500, "due": "2025-03-14T06:00:00+01:00"}]},
    ]
}  # fmt: skip
_ACKNOWLEDGE: Final[dict[str, Any]] = {
    "acknowledgements": [
        {"run": "reservation 5f1d", "shipment": 0, "accepted": False, "reason": "damaged"},
    ]
}


def examples(**named: Any) -> Any:
    """Return a body with examples by name."""
    return Body(openapi_examples={name: Example(value=value) for name, value in named.items()})


CART: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Cart"}, "example": _CART}
    },
}
RESERVE: Final = examples(
    option={"option": _OPTION, "cart": _CART, "channel": "web"}, claim={"claim": _CLAIM}
)
EXTEND: Final = examples(extend={"minutes": 15})
CONFIRM: Final = examples(placed={"placed": PLACED}, known={"order": "order-1001"})
STOCK: Final = examples(stock=_STOCK)
RECEIPTS: Final = examples(receipts=_RECEIPTS)
ACKNOWLEDGE: Final = examples(declined=_ACKNOWLEDGE)
