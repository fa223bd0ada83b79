"""The planner's pages: signing in, what there is, a run."""

from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex
from typing import Final

from omnisource.models.planning import RunView, ScenarioView
from omnisource.orchestrator.report.words import CURRENCY
from omnisource.orchestrator.serve.markup import Html, table, tag, text
from omnisource.orchestrator.serve.planner.html import (
    Frame,
    at,
    entry,
    hidden,
    link,
    submit,
)
from omnisource.orchestrator.serve.planner.words import words_of

STATES: Final = {
    "waiting": "Waits for its turn", "running": "Is running", "stopping": "Is being stopped",
    "done": "Done", "failed": "Failed", "stopped": "Stopped", "cut off": "Cut off",
}  # fmt: skip


def sign_in_page(frame: Frame) -> str:
    """Return the page that asks for a key."""
    # password managers file what they keep under a name
    who = tag("input", name="who", value="planner", autocomplete="username", hidden=True)
    ask = entry(
        "key", "Key", "A key with the scope planner, as omnisource db key add shows it.",
        type="password", required=True, autocomplete="current-password", maxlength=200,
    )  # fmt: skip
    return frame.page("Sign in", frame.form(at("sign-in"), who, ask, submit("Sign in")))


def home_page(frame: Frame, runs: Sequence[RunView], scenarios: Sequence[ScenarioView]) -> str:
    """Return what there is: runs and scenarios."""
    return frame.page("Planner", _runs(frame, runs), _scenarios(frame, scenarios))


def _runs(frame: Frame, runs: Sequence[RunView]) -> Html:
    if not runs:
        return tag("section", tag("h2", "Runs"), tag("p", "None yet: pick a scenario below."))
    rows: list[tuple[object, ...]] = [_row(run) for run in runs]
    inside = table("Kept runs, the newest first", ("Name", "State", "Asked", "Compare"), rows)
    fields = entry("name", "Name of the comparison", maxlength=200, value="Comparison")
    key = hidden("key", token_hex(8))
    form = frame.form(at("compare"), key, inside, fields, submit("Compare what is ticked"))
    return tag("section", tag("h2", "Runs"), form)


def _row(run: RunView) -> tuple[object, ...]:
    name = run.request.name
    tick: object = ""
    if run.state == "done" and not run.request.compare:
        tick = tag("input", type="checkbox", name="run", value=run.run,
                   aria_label=f"Compare {name}")  # fmt: skip
    return link(at("runs", run.run), name), STATES[run.state], clock(run.asked_at), tick


def _scenarios(frame: Frame, scenarios: Sequence[ScenarioView]) -> Html:
    items = [
        tag("li", link(at("scenarios", each.scenario), each.scenario),
            " (uploaded)" if each.uploaded else "")
        for each in scenarios
    ]  # fmt: skip
    listed = tag("ul", *items) if items else tag("p", "There is none yet.")
    upload = frame.form(
        at("scenarios"),
        entry("file", "Scenario folder, as a zip file", type="file", required=True,
              accept=".zip,application/zip"),
        entry("name", "Name", "Small letters, figures, hyphens; left empty: the file's.",
              maxlength=60),
        submit("Upload"), files=True,
    )  # fmt: skip
    return tag("section", tag("h2", "Scenarios"), listed, tag("h2", "Upload a scenario"), upload)


def run_page(frame: Frame, run: RunView) -> str:
    """Return how a run stands, and what it came to."""
    here, name = at("runs", run.run), run.request.name
    words = tag("ul", *(tag("li", line) for line in run.words))
    step = f": {run.rounds[-1].step}" if run.rounds and not run.ended else ""
    parts: list[object] = [
        tag("p", STATES[run.state], step, class_="big", id="now", role="status"),
        tag("section", words if run.ended else _rounds(run), id="progress",
            data_ended="yes" if run.ended else None),
    ]  # fmt: skip
    if run.report:
        read = tag("p", link(f"{here}/report", "Read the report"), class_="big")
        parts.append(read)
    if run.request.scenario is not None:
        again = f"{at('scenarios', run.request.scenario)}?like={run.run}"
        parts += [_asked(run), tag("p", link(again, "Change it and run it again"))]
    press = ("delete", "Delete this run") if run.ended else ("stop", "Stop this run")
    parts.append(frame.form(f"{here}/{press[0]}", submit(press[1])))
    return frame.page(name, *parts, live=not run.ended)


def _asked(run: RunView) -> Html:
    changes = [tag("li", words_of(change)) for change in run.request.changes]
    what = tag("ol", *changes) if changes else tag("p", "Nothing: it was run as it is.")
    head = tag("h2", f"What is different from {run.request.scenario}")
    return tag("section", head, tag("p", run.request.summary), what)


def _rounds(run: RunView) -> Html:
    if not run.rounds:
        return tag("p", "It begins when those before it are done.")
    rows: list[tuple[object, ...]] = [
        (one.step, one.done or "", _money(one.cost_cents), _money(one.bound_cents))
        for one in reversed(run.rounds)
    ]
    columns = ("Step", "Round", f"Cost {CURRENCY}", f"At least {CURRENCY}")
    return text(tag("progress", aria_label="Running"), table("Last rounds", columns, rows))


def _money(cents: float | None) -> str:
    return "" if cents is None else f"{cents / 100:,.2f}"


def clock(at_: datetime) -> Html:
    """Return a time."""
    return tag("time", f"{at_:%Y-%m-%d %H:%M}", datetime=at_.isoformat())
