"""Quotas that are set by hand, and those that a night takes: what is scarce besides stock."""

from typing import Final

from omnisource.orchestrator.store_session import Session, Statement

SET_SLOT: Final = Statement(
    "INSERT INTO quotas (kind, node, at, sku, channel, most, used) "
    "VALUES ('slot', :node, :at, '', '', :most, 0) "
    "ON CONFLICT (kind, node, at, sku, channel) DO UPDATE SET most = excluded.most"
)


def set_slot(session: Session, node: str, at: str, most: int) -> None:
    """Say how many orders can be collected at a node in a slot."""
    session.put([(SET_SLOT, {"node": node, "at": at, "most": most})])
