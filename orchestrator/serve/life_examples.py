"""What OpenAPI shows of requests about an order's life."""

from typing import Any, Final

from omnisource.orchestrator.serve.examples import PLACED, examples

_SHIPMENT: Final = "order order-1001/0"
_ADDRESS: Final[dict[str, Any]] = {
    "country": "DE", "postcode": "80331", "lat": 48.14, "lon": 11.57,
}  # fmt: skip
_TERMS: Final[dict[str, Any]] = {
    "charges": [{"kind": "coupon", "cents": -500}, {"kind": "fee", "cents": 495}], "tax": 1900,
}  # fmt: skip

PLACE: Final = examples(
    at_once={"placed": PLACED, "terms": _TERMS},
    on_a_reservation={"placed": PLACED, "reservation": "5f1d"},
    held={"placed": PLACED, "hold": True},
)
CANCEL: Final = examples(line={"line": "S000001", "units": 1}, order={})
QUOTE: Final = examples(address=_ADDRESS, faster={"fastest": True})
CHANGE: Final = examples(address={"change": _ADDRESS, "quote": "0123456789abcdef"})
RETURN: Final = examples(
    store={"line": "S000001", "units": 1, "node": "STORE-7", "grade": "opened"}
)
STEP: Final = examples(pick={"step": "pick", "shipment": _SHIPMENT})
DECLINE: Final = examples(
    gone={"shipment": _SHIPMENT, "missing": True, "cause": "not on the shelf"},
    some={"shipment": _SHIPMENT, "lines": {"S000001": 1}},
)
SHORT: Final = examples(short={"shipment": _SHIPMENT, "short": {"S000001": 1}})
CARRIER: Final = examples(
    delayed={"events": [{"order": "order-1001", "shipment": _SHIPMENT, "kind": "delayed",
                         "due": "2025-03-14T18:00:00+01:00", "text": "missed the connection"}]},
    delivered={"events": [{"order": "order-1001", "shipment": _SHIPMENT, "kind": "delivered",
                           "at": "2025-03-12T11:40:00+01:00"}]},
)  # fmt: skip
