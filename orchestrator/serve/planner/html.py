"""What the planner's pages are made of: the frame, forms with their token, fields with their hints.

Nothing needs a script. The one that is there looks after a run's progress without loading the page
anew; the policy names its digest, so a browser runs no other.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from omnisource.orchestrator.serve.markup import POLICY, Html, page, tag, text
from omnisource.orchestrator.serve.planner.fields import Field
from omnisource.orchestrator.serve.planner.session import PATH, Session

SCRIPT: Final = """
const shown = ["now", "progress"].map((id) => document.getElementById(id));
async function look() {
  try {
    const answer = await fetch(location.href, {cache: "no-store"});
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    const news = shown.map((box) => found.getElementById(box.id));
    if (!answer.ok || !news[1] || news[1].dataset.ended) { location.reload(); return; }
    shown.forEach((box, i) => {
      if (box.textContent !== news[i].textContent) box.replaceChildren(...news[i].childNodes);
    });
  } catch (error) { /* the service is away: look again */ }
  setTimeout(look, 1000);
}
setTimeout(look, 1000);
"""


def _digest(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


PLAN_POLICY: Final = f"{POLICY}; script-src {_digest(SCRIPT)}; connect-src 'self'"
"""The Content-Security-Policy of the planner's pages."""
EVERY: Final = 2
"""Seconds after which a page about a run is loaded anew, where scripts do not run."""


@dataclass(frozen=True)
class Frame:
    """Whose page it is, and what is to be said first."""

    session: Session
    said: Sequence[str] = ()
    is_bad: bool = True

    def page(self, title: str, *inside: object, live: bool = False) -> str:
        """Return a whole page; one that is live looks after itself."""
        refresh = tag("noscript", tag("meta", http_equiv="refresh", content=EVERY))
        head, script = (refresh, tag("script", Html(SCRIPT))) if live else (Html(""), Html(""))
        return page(title, self.notice(), *inside, script, head=head, before=self._way())

    def notice(self) -> Html:
        """Return what is to be said first."""
        if not self.said:
            return Html("")
        lines = tag("ul", *(tag("li", shortened(line)) for line in self.said))
        kind = {"role": "alert", "class_": "bad"} if self.is_bad else {"role": "status"}
        return tag("div", lines, **kind)

    def _way(self) -> Html:
        if self.session.key is None:
            return Html("")
        out = self.form(f"{PATH}/sign-out", submit("Sign out"))
        return tag("nav", link(PATH, "Planner"), out, aria_label="Planner")

    def form(self, action: str, *inside: object, files: bool = False) -> Html:
        """Return a form with this session's token."""
        token = hidden("token", self.session.form)
        kind = "multipart/form-data" if files else None
        return tag("form", token, *inside, method="post", action=action, enctype=kind)


def at(*parts: str) -> str:
    """Return a path of the planner's pages.

    >>> at("scenarios", "a b/c")
    '/plan/scenarios/a%20b%2Fc'
    """
    return "/".join((PATH, *(quote(part, safe="") for part in parts)))


def link(path: str, label: object) -> Html:
    """Return a link."""
    return tag("a", label, href=path)


def hidden(name: str, value: str) -> Html:
    """Return a field that nobody sees."""
    return tag("input", type="hidden", name=name, value=value)


def submit(label: str, *, about: str | None = None, **attributes: object) -> Html:
    """Return a button that sends its form; `about` is what a screen reader says instead."""
    return tag("button", label, type="submit", aria_label=about, **attributes)


def choice(name: str, label: str, options: Mapping[str, str], chosen: str = "") -> Html:
    """Return a choice of one by what it is called."""
    made = [tag("option", say, value=key, selected=key == chosen) for key, say in options.items()]
    return tag("label", label, " ", tag("select", *made, name=name))


def entry(name: str, label: str, hint: str = "", **attributes: object) -> Html:
    """Return a field in its label, with a hint below."""
    told = {"aria_describedby": f"{name}-hint"} if hint else {}
    box = tag("label", label, " ", tag("input", name=name, **told, **attributes))
    return text(box, _hint(name, hint))


def _hint(name: str, hint: str) -> Html:
    return tag("span", hint, class_="hint", id=f"{name}-hint") if hint else Html("")


def shortened(line: str, most: int = 400) -> str:
    """Return a line, its end left out where it is too long to read."""
    return line if len(line) <= most else line[:most] + " …"


def filled(field: Field, given: Sequence[str], names: Sequence[str], wrong: str) -> Html:
    """Return a field of a change.

    Args:
        field: which one.
        given: what is written in it.
        names: what may be named in it, where that is known.
        wrong: what is wrong with what was given.
    """
    options = field.options if field.entry == "many" else names
    ticked = bool(options) and field.entry in ("many", "names")
    said = (wrong and f"{wrong}.", field.about, "" if ticked else _bounds(field))
    hint, label = " ".join(filter(None, said)), field.label + " (needed)" * field.needed
    if ticked:
        every = [*options, *(each for each in given if each not in options)]
        boxes = [_tick(field.path, each, on=each in given) for each in every]
        return _many(field.path, label, hint, boxes)
    told: dict[str, object] = {
        "name": field.path, "aria_describedby": f"{field.path}-hint" if hint else None,
        "aria_invalid": "true" if wrong else None,
    }  # fmt: skip
    value = "\n".join(given)
    box = tag("label", label, " ", _box(field, value, told, names), class_="bad" if wrong else None)
    return text(box, _hint(field.path, hint))


def _box(field: Field, value: str, told: Mapping[str, object], names: Sequence[str]) -> Html:
    match field.entry:
        case "one" | "flag":
            options = ("true", "false") if field.entry == "flag" else field.options
            empty = f"as it is: {field.default}" if field.default else ""
            say = {"": empty} | {o: {"true": "yes", "false": "no"}.get(o, o) for o in options}
            made = [tag("option", s, value=o, selected=o == value) for o, s in say.items()]
            return tag("select", *made, **told)
        case "names" | "toml":
            return tag("textarea", value, rows=3, **told)
        case "number":
            ends = {"min": field.least, "max": field.most, "step": 1 if field.whole else "any"}
            return tag("input", type="number", value=value, **ends, **told)
        case "clock" | "date":
            kind = "time" if field.entry == "clock" else "date"
            return tag("input", type=kind, value=value, **told)
    known = tag("datalist", *(tag("option", value=n) for n in names), id=f"{field.path}-names")
    box = tag("input", value=value, list=f"{field.path}-names" if names else None, **told)
    return text(box, known if names else "")


def _tick(path: str, option: str, *, on: bool) -> Html:
    box = tag("input", type="checkbox", name=path, value=option, checked=on)
    return tag("label", box, " ", option)


def _many(path: str, label: str, hint: str, boxes: Sequence[Html]) -> Html:
    told = f"{path}-hint" if hint else None
    inside = tag("legend", label), _hint(path, hint), *boxes
    return tag("fieldset", *inside, class_="many", aria_describedby=told)


def _bounds(field: Field) -> str:
    """Say what may be written in a field."""
    said = {"names": "One a line.", "toml": "As TOML."}.get(field.entry, "")
    if field.least is not None and field.most is not None:
        said = f"From {field.least:,} to {field.most:,}."
    unset = f"Left empty: {field.default}." if field.default and field.entry != "one" else ""
    return " ".join(filter(None, (said, unset)))
