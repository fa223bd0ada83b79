"""The pages of a scenario: what it is, what is different in it so far, the form of a change."""

import json
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Final

from omnisource.models.base import Value
from omnisource.models.planning import About, ScenarioView
from omnisource.orchestrator.serve.markup import Html, tag, text
from omnisource.orchestrator.serve.planner.fields import KINDS, Field, fields_of
from omnisource.orchestrator.serve.planner.forms import Form
from omnisource.orchestrator.serve.planner.html import (
    Frame,
    at,
    choice,
    entry,
    filled,
    hidden,
    submit,
)
from omnisource.orchestrator.serve.planner.words import named, words_of

SOURCES: Final = {
    "from_nodes": "nodes", "to_nodes": "nodes", "like": "nodes", "to": "nodes",
    "to_channel": "channels", "channel": "channels",
}  # fmt: skip
"""Fields in which what another condition names may be named."""


def scenario_page(
    frame: Frame, scenario: ScenarioView, about: About, changes: Sequence[Value], *,
    starts: Mapping[str, str], name: str = "", summary: str = "",
) -> str:  # fmt: skip
    """Return a scenario, what is different in it so far, and what may be done.

    Args:
        frame: of the page.
        scenario: which one.
        about: what the reader finds in it.
        changes: what is different so far.
        starts: what-if files to begin with, by what they are called.
        name: of the run.
        summary: of the run.
    """
    here = at("scenarios", scenario.scenario)
    gone = ""
    if scenario.uploaded:
        gone = frame.form(f"{here}/delete", submit("Delete this scenario"))
    if about.error:
        why = tag("ul", *(tag("li", line) for line in about.error.splitlines()))
        head = tag("p", "It cannot be used:", class_="bad")
        return frame.page(f"Scenario {scenario.scenario}", head, why, gone)
    draft = hidden("changes", draft_of(changes))
    return frame.page(
        f"Scenario {scenario.scenario}",
        _facts(about),
        _different(frame, here, changes, draft),
        _more(frame, here, draft, starts),
        _start(frame, here, draft, name=name or suggested(changes), summary=summary),
        gone,
    )


def draft_of(changes: Sequence[Value]) -> str:
    """Return changes as a form keeps them."""
    return json.dumps([each.model_dump(mode="json", exclude_unset=True) for each in changes])


def _facts(about: About) -> Html:
    rows = "; ".join(f"{count:,} {name}" for name, count in about.rows.items())
    parts: list[Html] = [tag("p", about.summary), tag("p", rows, ".", class_="soft")]
    if about.problems:
        head = f"{about.rejected:,} rows cannot be used" if about.rejected else "Warnings"
        lines = tag("ul", *(tag("li", line) for line in about.problems))
        parts.append(tag("details", tag("summary", head), lines, open=True))
    return text(*parts)


def _different(frame: Frame, here: str, changes: Sequence[Value], draft: Html) -> Html:
    items = [
        tag("li", words_of(change),
            frame.form(f"{here}/draft", draft, hidden("drop", str(place)),
                       submit("Take out", about=f"Take out: {words_of(change)}")))
        for place, change in enumerate(changes)
    ]  # fmt: skip
    said = tag("ol", *items) if items else tag("p", "Nothing yet: it would run as it is.")
    return tag("section", tag("h2", "What is different"), said)


def _more(frame: Frame, here: str, draft: Html, starts: Mapping[str, str]) -> Html:
    kinds = {kind: f"{named(kind)}: {_first(model)}" for kind, model in KINDS.items()}
    add = frame.form(f"{here}/draft", draft, choice("kind", "Kind of change", kinds),
                     submit("Add a change"))  # fmt: skip
    begin: object = ""
    if starts:
        begin = frame.form(f"{here}/draft", choice("start", "Begin with", starts), submit("Begin"))
    file = entry("file", "What-if file, TOML", "Replaces what is different so far.",
                 type="file", required=True, accept=".toml")  # fmt: skip
    read = frame.form(f"{here}/draft", file, submit("Read the file"), files=True)
    return tag("section", tag("h2", "Add to it"), add, begin, read)


def _first(model: type[Value]) -> str:
    """Return the first sentence about a kind of change."""
    return (
        (model.__doc__ or "").split("\n")[0].partition(":")[0].rstrip(".").replace("`", "").lower()
    )


def _start(frame: Frame, here: str, draft: Html, *, name: str, summary: str) -> Html:
    form = frame.form(
        f"{here}/run", draft, hidden("key", token_hex(8)),
        entry("name", "Name", "What reports call it.", value=name, required=True, maxlength=200),
        entry("summary", "What is supposed, in a sentence", value=summary, maxlength=500),
        entry("gap", "Stop at this gap, in %", "How far from the best plan it may be.",
              type="number", min=0, max=100, step="any", value="0.5"),
        entry("seconds", "Stop after so many seconds", "Each of the two nights; 3,600 at the most.",
              type="number", min=1, max=3600, value="600"),
        submit("Start the run"),
    )  # fmt: skip
    return tag("section", tag("h2", "Run it"), form)


def suggested(changes: Sequence[Value]) -> str:
    """Return a name for what is different."""
    return "; ".join(words_of(change) for change in changes)[:200] or "As it is"


def change_page(
    frame: Frame, scenario: str, kind: str, draft: str, *, form: Form, about: About,
    wrong: Mapping[str, str],
) -> str:  # fmt: skip
    """Return the form of a kind of change.

    Args:
        frame: of the page.
        scenario: that it is for.
        kind: of the change.
        draft: what is different so far, as a form keeps it.
        form: what was filled in.
        about: what the reader finds in the scenario.
        wrong: what is wrong, by field.
    """
    fields = fields_of(kind)
    kept = hidden("changes", draft), hidden("kind", kind), hidden("keep", "yes")
    groups = dict.fromkeys(field.group for field in fields)
    inside: list[Html] = []
    for group in groups:
        mine = [_filled(f, form, about, wrong) for f in fields if f.group == group]
        heading = tag("legend", named(group.replace(".", ", ")))
        inside += [tag("fieldset", heading, *mine)] if group else mine
    here = at("scenarios", scenario)
    back = frame.form(f"{here}/draft", hidden("changes", draft), submit("Leave it out"))
    said = tag("p", (KINDS[kind].__doc__ or "").replace("`", ""))
    made = frame.form(f"{here}/draft", *kept, *inside, submit("Keep this change"))
    return frame.page(f"{named(kind)}: a change of {scenario}", said, made, back)


def _filled(field: Field, form: Form, about: About, wrong: Mapping[str, str]) -> Html:
    last = field.path.rpartition(".")[2]
    names = about.names.get(SOURCES.get(last, last), ()) if field.entry in ("names", "text") else ()
    given = [line for text in form.all(field.path) for line in text.splitlines()]
    return filled(field, given, names, wrong.get(field.path, ""))
