"""Every write has a key: the same key again is told the same, and changes nothing."""

import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, TypeVar

from omnisource.models.base import Value
from omnisource.models.reservation import Answer, Claim, Refused, Reservation
from omnisource.orchestrator.store.session import Session, Statement, Values

Given = TypeVar("Given", bound=Value)
NEW: Final = Statement(
    "INSERT INTO writes (key, digest, at, answer) VALUES (:key, :digest, :at, :answer) "
    "ON CONFLICT DO NOTHING"
)
OLD: Final = Statement("SELECT digest, answer FROM writes WHERE key = :key")
SAY: Final = Statement("UPDATE writes SET answer = :answer WHERE key = :key")
CLAIM: Final = Statement("SELECT document FROM reservations WHERE reservation = :reservation")


@dataclass(frozen=True)
class Ask:
    """Who asks for what, and when."""

    key: str
    digest: str  # of what is asked
    now: int  # seconds since 1970-01-01 UTC


def ask(key: str, now: int, *body: str) -> Ask:
    """Return a question under a key; what `body` says tells it from others."""
    return Ask(key, blake2b("\n".join(body).encode(), digest_size=12).hexdigest(), now)


def new_write(ask: Ask, answer: Value | None = None) -> tuple[Statement, Values]:
    """Return what puts in a key with its answer, and changes no row where it is there."""
    text = "" if answer is None else _text(answer)
    return NEW, {"key": ask.key, "digest": ask.digest, "at": ask.now, "answer": text}


def say(session: Session, ask: Ask, answer: Given) -> Given:
    """Make that the answer of a key; return it."""
    session.put([(SAY, {"key": ask.key, "answer": _text(answer)})])
    return answer


def told(session: Session, ask: Ask) -> Answer | None:
    """Return what a key was told; none: it has not been used yet."""
    return None if is_new(session, ask) else replay(session, ask)


def is_new(session: Session, ask: Ask) -> bool:
    """Tell whether a key has not been used yet."""
    return not session.rows(OLD, key=ask.key)


def replay(session: Session, ask: Ask) -> Answer:
    """Return what a key was told when it was first asked, or that it asked for something else."""
    [(digest, text)] = session.rows(OLD, key=ask.key)
    if digest != ask.digest:
        reason = f"key {ask.key} was used for another request; give each request its own"
        return Refused(why="key", reasons=(reason,))
    said = json.loads(text)
    if "why" in said:
        return Refused.model_validate(said)
    name = said["reservation"]
    if not session.rows(CLAIM, reservation=name):
        reason = f"reservation {name} was over long ago, and has been dropped"
        return Refused(why="unknown", reasons=(reason,))
    return Reservation(**said, claim=claim_of(session, name))


def claim_of(session: Session, reservation: str) -> Claim:
    """Return what a reservation that is there holds."""
    [(document,)] = session.rows(CLAIM, reservation=reservation)
    return Claim.model_validate_json(document)


def _text(answer: Value) -> str:
    """Return an answer as JSON, without the claim, which does not change."""
    return answer.model_dump_json(exclude={"claim"})
