"""Signed links: whoever holds one may see one thing until it ends, without a key.

    token  =  what . subject . end . signature           signature = HMAC-SHA256(key, the rest)

what: `t` an order's tracking, `w` a node's work list, `d` an order on the service desk, `p` a
planner's session (planner/session.py), which is signed by another key. A token is made
of letters that a path takes, is checked in constant time, and names nothing but its subject.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal, NamedTuple, get_args

from omnisource.models.base import UnusableInput

What = Literal["t", "w", "d", "p"]
"""Tracking, a work list, the service desk, a planner's session."""
LETTER: Final[Mapping[str, What]] = {"tracking": "t", "work": "w", "desk": "d"}
"""What each page is called elsewhere."""
SHORTEST: Final = 16
"""Characters that a key has at the least."""


class Link(NamedTuple):
    """What a token stands for."""

    what: What
    subject: str  # an order, or a node
    until: int  # seconds since 1970-01-01 UTC


def sign(key: str, what: What, subject: str, until: datetime) -> str:
    """Return a token.

    >>> from datetime import UTC
    >>> token = sign("k" * 16, "t", "o-1", datetime(2025, 3, 1, tzinfo=UTC))
    >>> opened("k" * 16, token, datetime(2025, 2, 1, tzinfo=UTC)).subject
    'o-1'

    Raises:
        UnusableInput: the key is too short to keep anything.
    """
    if len(key) < SHORTEST:
        raise UnusableInput(
            f"OMNISOURCE_LINK_KEY: links are signed with it; give {SHORTEST} characters or more"
        )
    rest = f"{what}.{_coded(subject.encode())}.{int(until.timestamp())}"
    return f"{rest}.{_signature(key, rest)}"


def opened(key: str, token: str, now: datetime) -> Link | None:
    """Return what a token stands for; none, where it was not signed so, or has ended."""
    rest, _, signature = token.rpartition(".")
    if len(key) < SHORTEST or not hmac.compare_digest(
        signature.encode(), _signature(key, rest).encode()
    ):
        return None
    what, subject, until = rest.split(".")
    if what not in get_args(What) or int(until) < now.timestamp():
        return None
    try:
        named = urlsafe_b64decode(subject + "=" * (-len(subject) % 4)).decode()
    except (Error, UnicodeDecodeError):
        return None
    return Link(what, named, int(until))  # type: ignore[arg-type]


def _signature(key: str, rest: str) -> str:
    return _coded(hmac.digest(key.encode(), rest.encode(), sha256))


def _coded(some: bytes) -> str:
    return urlsafe_b64encode(some).decode().rstrip("=")
