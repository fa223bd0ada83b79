"""Who may ask the service for what: keys, their scopes, and whose affairs they see."""

from typing import Annotated, Final, Literal, get_args

from pydantic import AwareDatetime, Field, model_validator

from omnisource.models.base import Name, Value

Scope = Literal["checkout", "store", "dropshipper", "carrier", "planner", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
"""Checkout asks, promises and reserves; store and dropshipper speak for one node and see what
concerns it; carrier says how parcels fare; planner sees all and changes nothing; admin may all."""
OWN: Final[tuple[Scope, ...]] = ("store", "dropshipper")
"""Scopes of a key that is bound to a node."""


class AccessKey(Value):
    """A key as it is kept: whoever holds the secret half may do what its scopes say."""

    key: Name  # the public half: what it is called in lists and logs
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    name: Name
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    node: Name | None = None  # the only node whose affairs it sees
    added: AwareDatetime
    revoked: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_bound(self) -> "AccessKey":
        bound = set(self.scopes) & set(OWN)
        if bound and (self.node is None or set(self.scopes) != bound):
            raise ValueError(
                f"a key for {' and '.join(sorted(bound))} has a node and no more scopes"
            )
        if self.node is not None and not bound:
            raise ValueError("only a key for a store or a dropshipper has a node")
        return self

    def may(self, *scopes: Scope) -> bool:
        """Tell whether it has one of those scopes."""
        return "admin" in self.scopes or any(scope in self.scopes for scope in scopes)

    def sees(self, node: str) -> bool:
        """Tell whether what happens at a node is its business."""
        return self.node is None or self.node == node
