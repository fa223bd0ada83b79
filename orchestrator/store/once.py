"""A write of any kind under a key: done once, told again as often as it is asked."""

from collections.abc import Callable
from typing import TypeVar

from omnisource.models.base import Value
from omnisource.models.reservation import Refused
from omnisource.orchestrator.store.keys import OLD, Ask, new_write, say
from omnisource.orchestrator.store.session import Session

Answer = TypeVar("Answer", bound=Value)


def is_known(session: Session, key: str) -> bool:
    """Tell whether a write has come with that key."""
    return bool(session.rows(OLD, key=key))


def once(
    session: Session, ask: Ask, kind: type[Answer], work: Callable[[Session], Answer]
) -> Answer | Refused:
    """Do a write unless its key has done it; return its answer, of then or of now.

    Args:
        session: of a transaction.
        ask: the key, and what is asked.
        kind: of answer.
        work: what is to be done in this transaction.

    Returns:
        The answer; or a no, where the key was used for something else.
    """
    if session.changes([new_write(ask)])[0]:
        return say(session, ask, work(session))
    [(digest, text)] = session.rows(OLD, key=ask.key)
    if digest != ask.digest:
        reason = f"key {ask.key} was used for another request; give each request its own"
        return Refused(why="key", reasons=(reason,))
    return kind.model_validate_json(text)
