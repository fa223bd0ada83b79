"""HTML out of Python: elements that escape what they hold, and the page around them.

Pages need no script and load nothing. Their one style sheet stands in the page; the policy that
goes with it names its digest, so a browser takes no other. Colours reach the contrast that WCAG 2.2
asks for (AA: 4.5 : 1) by day and by night; a test works that out.
"""

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final

LIGHT: Final = {"ink": "#1b1f24", "paper": "#ffffff", "soft": "#57606a", "line": "#8c959f",
                "link": "#0a53be", "bad": "#b42318", "good": "#116329"}  # fmt: skip
DARK: Final = {"ink": "#e6edf3", "paper": "#0d1117", "soft": "#9aa4af", "line": "#6e7681",
               "link": "#6cb6ff", "bad": "#ff9a8f", "good": "#6fdd8b"}  # fmt: skip
"""Colours by day and by night."""
EMPTY: Final = frozenset(("br", "input", "meta"))
"""Elements that hold nothing."""


def _colours(some: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in some.items())


STYLE: Final = (
    f":root{{color-scheme:light dark;{_colours(LIGHT)}}}"
    f"@media(prefers-color-scheme:dark){{:root{{{_colours(DARK)}}}}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;padding:1rem;max-width:44rem;font:1.0625rem/1.5 system-ui,sans-serif;"
    "color:var(--ink);background:var(--paper)}"
    "h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.2rem;margin:1.75rem 0 .5rem}"
    "a{color:var(--link)}.soft{color:var(--soft)}.bad{color:var(--bad)}.good{color:var(--good)}"
    ".big{font-size:1.35rem;font-weight:600;margin:.25rem 0}"
    "section,form{border-top:1px solid var(--line);padding:.25rem 0}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .5rem .4rem 0;"
    "border-bottom:1px solid var(--line);vertical-align:top}td form{border:0;padding:0}"
    "td ul{margin:0}caption{text-align:left;color:var(--soft)}.wide{overflow-x:auto}"
    "label{display:block;margin:.5rem 0}"
    "input,select,button{font:inherit;color:inherit;background:var(--paper);padding:.6rem;"
    "min-height:2.75rem;border:1px solid var(--soft);border-radius:.375rem;max-width:100%}"
    "button{font-weight:600;border-color:var(--link);color:var(--link);cursor:pointer}"
    ":focus-visible{outline:3px solid var(--link);outline-offset:2px}"
    "ol,ul{padding-left:1.25rem}"
    ".skip{position:absolute;left:-99rem}.skip:focus{position:static}"
    "fieldset{border:1px solid var(--line);border-radius:.375rem;margin:.75rem 0}"
    "fieldset.many{max-height:16rem;overflow-y:auto}"
    "input[type=checkbox]{min-height:0;width:1.25rem;height:1.25rem;vertical-align:middle}"
    "textarea{font:inherit;color:inherit;background:var(--paper);width:100%;min-height:4.5rem;"
    "padding:.6rem;border:1px solid var(--soft);border-radius:.375rem}"
    ".hint{display:block;color:var(--soft);font-size:.9375rem;margin:0 0 .75rem}"
    "summary{padding:.6rem 0;cursor:pointer}progress{width:100%;height:1rem}"
    "nav form,nav{border:0;display:flex;gap:1rem;align-items:center;flex-wrap:wrap}"
    "@media print{nav,.skip,button,label,fieldset,.hint{display:none}}"
)
_DIGEST: Final = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""The Content-Security-Policy of a page."""


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def text(*parts: object) -> Html:
    """Return parts one after the other, those that are no markup escaped.

    >>> text("a < b", Html("<br>"))
    'a &lt; b<br>'
    """
    return Html("".join(p if isinstance(p, Html) else escape(str(p)) for p in parts))


def tag(element: str, /, *inside: object, **attributes: object) -> Html:
    """Return an element; an attribute that is True has no value, one that is None is left out.

    >>> tag("a", "x & y", href="?a=1&b=2", class_="soft")
    '<a href="?a=1&amp;b=2" class="soft">x &amp; y</a>'
    """
    given = {
        key.rstrip("_").replace("_", "-"): value
        for key, value in attributes.items()
        if value is not None and value is not False
    }
    said = "".join(
        f" {key}" if value is True else f' {key}="{escape(str(value))}"'
        for key, value in given.items()
    )
    closed = "" if element in EMPTY else f"{text(*inside)}</{element}>"
    return Html(f"<{element}{said}>{closed}")


def table(caption: str, head: tuple[str, ...], rows: list[tuple[object, ...]]) -> Html:
    """Return a table with a caption, whose first column names its rows."""
    heads = tag("tr", *(tag("th", name, scope="col") for name in head))
    body = [
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", each) for each in row[1:]))
        for row in rows
    ]
    made = tag("table", tag("caption", caption), tag("thead", heads), tag("tbody", *body))
    return tag("div", made, class_="wide", role="region", tabindex="0", aria_label=caption)


def page(
    title: str, *inside: object, refresh: int | None = None,
    head: Html | None = None, before: Html | None = None,
) -> str:  # fmt: skip
    """Return a whole page.

    Args:
        title: of the page.
        inside: what it says, below its heading.
        refresh: seconds after which it is loaded anew.
        head: what else stands in its head.
        before: what stands before its heading.
    """
    top = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="robots", content="noindex"),
        tag("meta", http_equiv="refresh", content=refresh) if refresh else Html(""),
        tag("title", title),
        tag("style", Html(STYLE)),
        head or "",
    )
    main = tag("main", tag("h1", title), *inside, id="main")
    skip = tag("a", "To the content", href="#main", class_="skip")
    return "<!doctype html>\n" + tag("html", top, tag("body", skip, before or "", main), lang="en")
