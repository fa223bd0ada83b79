"""Claims that come at the same time are held in one transaction: all of them, or none is.

A crowd that wants one stock cell queues for its row, and each of them waits for the disk. Together
they need the row for as long as one of them would:

    (1)  the keys of all go in, from low to high
    (2)  cells, then quotas, each from low row to high, by what all of them need together
    (3)  the reservations go in, and what they hold

That is (1) to (4) of reserve.py with sums in place of units, so (a) to (c) there hold as well. Of a
cell that was short when it was last asked for, a glance tells all of them no, (5a) there.

Where it is not that simple (a key is known, not all of them can be had, a glance does not tell),
nothing has changed, and each is to be held by itself: what comes of it is what would have come of
it in a queue.
"""

from collections.abc import Sequence

from omnisource.models.reservation import Answer, Refused
from omnisource.orchestrator.store.keys import OLD, new_write
from omnisource.orchestrator.store.reserve import NEW_HOLD, TAKE_QUOTA, Attempt, put_in, takes
from omnisource.orchestrator.store.session import Session, Statement, Undo, Values
from omnisource.orchestrator.store.short import short_at_a_glance


def reserve_together(session: Session, attempts: Sequence[Attempt]) -> list[Answer] | None:
    """Hold all of some claims, or tell all of them no; each of them is plain.

    Returns:
        The answers in the claims' order; None where each is to be held by itself.

    Raises:
        Undo: that is so, and this is to be taken back before.
    """
    by_key = sorted(attempts, key=_key)
    if any(attempt.needs.doubtful for attempt in attempts):
        return _all_refused(session, attempts, by_key)
    writes = [new_write(attempt.ask, attempt.held) for attempt in by_key]
    if not session.all_change([*writes, *_sums(attempts)]):  # (1), (2)
        raise Undo(_nothing)
    new = [work for attempt in attempts for work in put_in(attempt)]
    session.put(sorted(new, key=lambda work: work[0] is NEW_HOLD))  # (3)
    return [attempt.held for attempt in attempts]


def _all_refused(
    session: Session, attempts: Sequence[Attempt], by_key: Sequence[Attempt]
) -> list[Answer] | None:
    """Tell all of them no, where a glance is enough for each of them."""
    now = max(attempt.ask.now for attempt in attempts)
    wanted = {attempt.needs.cells for attempt in attempts}
    short = {cells: short_at_a_glance(session, cells, now) for cells in wanted}
    if not all(short.values()):
        return None
    no = {cells: Refused(why="short", reasons=reasons) for cells, reasons in short.items()}
    asked = [
        new_write(attempt.ask, no[attempt.needs.cells])
        if attempt.final
        else (OLD, {"key": attempt.ask.key})
        for attempt in by_key
    ]
    for attempt, (changed, found) in zip(by_key, session.answers(asked), strict=True):
        if found or (attempt.final and not changed):
            raise Undo(_nothing)
    return [no[attempt.needs.cells] for attempt in attempts]


def _sums(attempts: Sequence[Attempt]) -> list[tuple[Statement, Values]]:
    """Return what takes all that they need together, cells before quotas, each by its row."""
    sums: dict[tuple[bool, int], tuple[Statement, Values]] = {}
    for attempt in attempts:
        for take, values in takes(attempt.needs):
            at = take is TAKE_QUOTA, values["row"]
            before = sums[at][1]["units"] if at in sums else 0
            sums[at] = take, {**values, "units": before + values["units"]}
    return [sums[at] for at in sorted(sums)]


def _key(attempt: Attempt) -> str:
    return attempt.ask.key


def _nothing(_: Session) -> None:
    """Do nothing in place of what is undone."""
