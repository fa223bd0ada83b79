"""What is different so far: it lives in the forms of the pages, and is checked whenever it comes.

So nothing is kept of what nobody has started yet, and "back" in a browser goes back.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from omnisource.models.base import UnusableInput
from omnisource.models.changes import Change
from omnisource.models.planning import RunRequest
from omnisource.models.scenario import WhatIf
from omnisource.orchestrator.folder.head import faults, validated
from omnisource.orchestrator.serve.planner.fields import KINDS, change_of
from omnisource.orchestrator.serve.planner.forms import Form
from omnisource.orchestrator.serve.planner.upload import read_whatif

Changes = Sequence[Change]


class Unfinished(Exception):
    """The form of a change is to be filled in."""

    def __init__(self, kind: str, wrong: Mapping[str, str] | None = None) -> None:
        """Take the kind of change, and by field what is wrong so far."""
        super().__init__(kind)
        self.kind, self.wrong = kind, dict(wrong or {})

    @property
    def said(self) -> list[str]:
        """What is wrong, a line each."""
        return [f"{where.replace('_', ' ')}: {what}" for where, what in self.wrong.items()]


def drafted(form: Form) -> Changes:
    """Return what is different so far, as a form has kept it.

    Raises:
        UnusableInput: it is none of ours.
    """
    try:
        changes = json.loads(form.one("changes") or "[]")
    except (ValueError, RecursionError):
        raise UnusableInput("changes: this is no JSON: begin anew") from None
    return _checked({"name": "draft", "scenario": "draft", "changes": changes}).changes


def _checked(request: Mapping[str, object]) -> RunRequest:
    return validated(RunRequest, request, "run")


def next_draft(form: Form) -> Changes:
    """Return what is different after a form: a change more, one less, or the same.

    Raises:
        UnusableInput: what was kept is none of ours.
        Unfinished: a change is to be filled in, or was not right.
    """
    changes, drop = drafted(form), form.one("drop")
    if drop.isdecimal():
        return [each for place, each in enumerate(changes) if str(place) != drop]
    kind = form.one("kind")
    if not kind:
        return changes
    if kind not in KINDS:
        raise UnusableInput(f"kind: there is no kind {kind[:50]!r}")
    if not form.one("keep"):
        raise Unfinished(kind)
    return [*changes, _change(kind, form)]


def _change(kind: str, form: Form) -> Change:
    model = KINDS[kind]
    try:
        found: Change = model.model_validate(change_of(kind, form))  # type: ignore[assignment]
    except ValidationError as error:
        raise Unfinished(kind, dict(faults(model, error))) from None
    except UnusableInput as error:
        where, _, what = str(error).partition(": ")
        raise Unfinished(kind, {where: what}) from None
    return found


def begun(form: Form, starts: Mapping[str, WhatIf], scratch: Path) -> WhatIf:
    """Return the what-if that a form begins with: a file of the operator's, or one that it sends.

    Raises:
        UnusableInput: there is none, or it cannot be used.
    """
    if (file := form.files.get("file")) is not None:
        return read_whatif(file, scratch)
    if form.one("start") not in starts:
        raise UnusableInput("start: there is no such file any more")
    return starts[form.one("start")]


def asked(form: Form, scenario: str) -> RunRequest:
    """Return the run that a form asks for.

    Raises:
        UnusableInput: something in it is wrong.
    """
    given: dict[str, object] = {"scenario": scenario, "changes": drafted(form)}
    given |= {key: form.one(key) for key in ("name", "summary", "seconds") if form.one(key)}
    if gap := form.one("gap"):
        given["gap"] = _percent(gap)
    return _checked(given)


def _percent(text: str) -> object:
    """Return a share; what is no number is left to the reader, which says so.

    >>> _percent("0.5"), _percent("x")
    (0.005, 'x')
    """
    try:
        return float(text) / 100
    except ValueError:
        return text
