"""Who is signed in: a key's public half in a signed cookie, and the token that its forms carry.

The cookie is a signed link (signed.py) of its own letter, so that neither is the other. It goes to
no other site and to no script. A form's token is made of the cookie: whoever cannot read the cookie
cannot make a form that counts. Nobody has a cookie too, or the form to sign in could be forged.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Final

from omnisource.models.access import AccessKey, Scope
from omnisource.orchestrator.serve.problem import Turned
from omnisource.orchestrator.serve.signed import opened, sign
from omnisource.orchestrator.serve.state import Service

COOKIE: Final = "omnisource"
PATH: Final = "/plan"
"""Where the planner's pages begin."""
LASTS: Final = timedelta(hours=10)
"""A day at work."""
PLANNERS: Final[tuple[Scope, ...]] = ("planner",)


@dataclass(frozen=True)
class Session:
    """A browser, and whose it is."""

    cookie: str
    form: str  # the token of its forms
    key: AccessKey | None = None  # None: nobody's yet


def is_page(path: str) -> bool:
    """Tell whether a path is one of the planner's pages."""
    return path == PATH or path.startswith(PATH + "/")


async def session_of(here: Service, headers: Mapping[bytes, bytes]) -> Session:
    """Return the session that a request belongs to; a new one of nobody where it has none."""
    cookie = _cookie(headers.get(b"cookie", b"").decode("latin-1"))
    link = opened(here.settings.session_key, cookie, here.now()) if cookie.isascii() else None
    if link is None or link.what != "p":
        return new_session(here, None)
    public = link.subject.partition(" ")[0]
    key = await here.ring.holds(public) if public else None
    return Session(cookie, _form(here, cookie), key if key and key.may(*PLANNERS) else None)


def new_session(here: Service, key: AccessKey | None) -> Session:
    """Return a session that begins now."""
    subject = f"{key.key if key else ''} {token_hex(8)}"
    cookie = sign(here.settings.session_key, "p", subject, here.now() + LASTS)
    return Session(cookie, _form(here, cookie), key)


def most_of(here: Service, session: Session, path: str) -> int:
    """Return how many bytes a request may send: much only to upload, and of who is signed in.

    Raises:
        Turned: it is one request too many.
    """
    who = session.key.key if session.key else "nobody is signed in"
    if not here.buckets.take(f"plan {who}"):
        raise Turned(429, "too-many", "try again in a minute")
    uploads = session.key is not None and path == f"{PATH}/scenarios"
    return here.settings.upload_bytes if uploads else here.settings.body_bytes


def set_cookie(session: Session, *, secure: bool) -> str:
    """Return the header that gives a browser its cookie."""
    kept = f"{COOKIE}={session.cookie}; Path={PATH}; Max-Age={int(LASTS.total_seconds())}"
    return f"{kept}; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"


def is_from(session: Session, token: str) -> bool:
    """Tell whether a form is one that this session was given."""
    return hmac.compare_digest(token.encode(), session.form.encode())


def _form(here: Service, cookie: str) -> str:
    return hmac.digest(here.settings.session_key.encode(), f"form {cookie}".encode(), sha256).hex()


def _cookie(header: str) -> str:
    """Return our cookie out of all that were sent.

    >>> _cookie("a=b; omnisource=x.y.z"), _cookie("")
    ('x.y.z', '')
    """
    parts = (part.strip().partition("=") for part in header.split(";"))
    return next((value for name, _, value in parts if name == COOKIE), "")
