"""The report as one HTML file that loads nothing: words first, then charts and tables.

Everything is inside: the rows, the charts' specifications, the libraries that draw them, and the
script that filters. The page forbids its own browser to ask the network for anything.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.lab.difference import headline
from omnisource.orchestrator.lab.outcome import Outcome, Rows
from omnisource.orchestrator.lab.run import Lab
from omnisource.orchestrator.report.page_data import frames, page_rows
from omnisource.orchestrator.report.plans import certificate, served
from omnisource.orchestrator.report.plans import headline as base_headline
from omnisource.orchestrator.report.words import count
from omnisource.orchestrator.runs import usable_folder
from omnisource.orchestrator.write import replacing, write_frame

RULES: Final = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)
"""What the page may do: run what is in it. Vega compiles its expressions, hence `unsafe-eval`."""
TABLES: Final = (
    ("scenarios", "all", "Scenarios", "Costs in €, with the certificate of each run."),
    ("bill", "both", "Bill by term", "Costs in €."),
    ("nodes", "both", "Nodes", "What each sends in its day, and its limit."),
    ("prices", "chosen", "Shadow prices", "€ that one more would save."),
)
BUNDLE: Final = "window.vegaEmbed = vegaEmbed;"
"""What the page takes from the libraries that are put into it."""
PNG_WIDTH: Final = 720
"""Pixels, doubled for sharpness."""


def need_libraries() -> None:
    """Refuse where the libraries of the extra `report` are missing.

    Raises:
        UnusableInput: they are.
    """
    try:
        import altair  # noqa: F401
        import vl_convert  # noqa: F401
    except ImportError as error:
        raise UnusableInput(
            f"a report needs {error.name}, which is not installed: pip install 'omnisource[report]'"
        ) from None


def write_page(lab: Lab, file: Path) -> Path:
    """Write the report of a lab as one HTML file; return the file.

    Raises:
        UnusableInput: nothing can be written there, or the extra `report` is not installed.
    """
    need_libraries()
    usable_folder(file.parent)
    with replacing(file) as temporary:
        temporary.write_text(page(lab), encoding="utf-8")
    return file


def page(lab: Lab) -> str:
    """Return the report as HTML."""
    from omnisource.orchestrator.report.page_charts import FIGURES, specification

    rows = page_rows(lab)
    specs = {figure.key: specification(figure) for figure in FIGURES if _fits(figure.key, lab)}
    title = f"{lab.base.name}: {count(len(lab.variants), 'scenario')}"
    cards = [figure_card(each) for each in FIGURES if each.key in specs]
    cards += [table_card(*each) for each in TABLES]
    return assembled(Content(title, [*_words(lab), *_filters(lab)], cards, rows, specs))


@dataclass(frozen=True)
class Content:
    """What a page says and draws."""

    title: str
    words: Sequence[str]  # HTML, above the cards
    cards: Sequence[str]  # HTML
    rows: Mapping[str, Rows]  # by table; the base's come first in the first
    specs: Mapping[str, Any]  # charts by key


def assembled(content: Content, named: str = "scenario") -> str:
    """Return a page as HTML; `named` is the column that tells alternatives apart."""
    here = files("omnisource.orchestrator.report")
    style, script = (here.joinpath(f"page.{kind}").read_text("utf-8") for kind in ("css", "js"))
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{RULES}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<title>{escape(content.title)}</title><link rel="icon" href="data:,">',
            f'<style>{style}</style></head><body data-named="{named}">',
            *content.words,
            '<main class="grid">',
            *content.cards,
            "</main>",
            _embedded("rows", content.rows),
            _embedded("charts", content.specs),
            f"<script>{_inside(_library())}</script>",
            f"<script>{script}</script></body></html>",
        ]
    )


@cache
def _library() -> str:
    """Return what draws the charts, all of it."""
    import vl_convert

    return vl_convert.javascript_bundle(BUNDLE)


def _fits(key: str, lab: Lab) -> bool:
    """Tell whether a chart has something to say: two maps, and who moved, take two scenarios."""
    return bool(lab.variants) or key not in ("before", "moved", "sure")


def _inside(script: str) -> str:
    """Keep a script from ending the element that it stands in."""
    return script.replace("</script", "<\\/script")


def _embedded(key: str, document: Any) -> str:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    safe = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{key}">{safe}</script>'


def _words(lab: Lab) -> Iterator[str]:
    """Say it: the headline of each scenario, then what drives the one chosen."""
    found = lab.base.measures
    first = (
        headline(lab.differences[0])
        if len(lab.variants) == 1
        else base_headline(lab.base.name, found)
    )
    yield f"<h1>{escape(first)}</h1>"
    yield f"<p>{escape(served(found))} {escape(certificate(found))}</p>"
    if len(lab.variants) > 1:
        items = (f"<li>{escape(headline(each))}</li>" for each in lab.differences)
        yield f'<ul class="headlines">{"".join(items)}</ul>'


def _filters(lab: Lab) -> Iterator[str]:
    outcomes = lab.variants or [lab.base]
    options = "".join(f"<option>{escape(each.name)}</option>" for each in outcomes)
    kinds = sorted({row["kind"] for each in (lab.base, *lab.variants) for row in each.nodes})
    known = "".join(f"<option>{kind}</option>" for kind in kinds)
    yield '<div class="bar">'
    yield f'<label>Scenario <select id="scenario">{options}</select></label>'
    yield '<label>Node <input id="node" type="search" placeholder="any"></label>'
    yield '<label>Kind <select id="kind"><option value="">any</option>'
    yield f"{known}</select></label></div>"
    for one in lab.differences:
        yield _about(one.variant, list(one.sentences()))


def _about(one: Outcome, sentences: list[str]) -> str:
    """Return what is supposed in a scenario, what it comes to, and what its author saw in it."""
    what = one.what
    text = [f"<h2>{escape(one.name)}</h2>"]
    if what is not None and what.summary:
        text.append(f'<p class="soft">{escape(what.summary)}</p>')
    text += [f"<p>{escape(sentence)}</p>" for sentence in sentences]
    if what is not None and what.insight:
        text.append(f"<p><b>Insight.</b> {escape(' '.join(what.insight.split()))}</p>")
    return f'<section data-of="{escape(one.name)}" hidden>{"".join(text)}</section>'


def figure_card(figure: Any) -> str:
    """Return a chart's card as HTML."""
    return (
        f'<figure class="card{" pair" if figure.pair else ""}"><header>'
        f"<h2>{escape(figure.title)}</h2>"
        f'<button type="button" data-png="{figure.key}">PNG</button></header>'
        f'<div class="chart" id="chart-{figure.key}"></div>'
        f"<figcaption>{escape(figure.about)}</figcaption></figure>"
    )


def table_card(table: str, show: str, title: str, about: str) -> str:
    """Return a table's card as HTML."""
    return (
        f'<section class="card"><header><h2>{title}</h2><span>'
        f'<button type="button" data-copy="{table}">Copy</button> '
        f'<button type="button" data-csv="{table}">CSV</button></span></header>'
        f'<p class="soft">{about}</p>'
        f'<div class="scroll" data-table="{table}" data-show="{show}"></div></section>'
    )


def write_tables(lab: Lab, folder: Path) -> list[Path]:
    """Write the rows behind the page as CSV, a file a table; return the files."""
    usable_folder(folder)
    written = []
    for name, frame in frames(page_rows(lab)).items():
        with replacing(folder / f"{name}.csv") as temporary:
            write_frame(frame, temporary, "csv")
        written.append(folder / f"{name}.csv")
    return written


def write_pictures(lab: Lab, folder: Path) -> list[Path]:
    """Write the charts as PNG, those of one scenario into a folder for it; return the files.

    Raises:
        UnusableInput: nothing can be written there, or the extra `report` is not installed.
    """
    need_libraries()
    import vl_convert

    from omnisource.orchestrator.report.page_charts import FIGURES, sized, specification

    rows, written = page_rows(lab), []
    for number, one in enumerate(lab.variants or [lab.base], 1):
        place = usable_folder(folder / f"{number:02}" if len(lab.variants) > 1 else folder)
        for figure in (each for each in FIGURES if _fits(each.key, lab)):
            spec = specification(figure, PNG_WIDTH) | {"background": "white"}
            spec = sized(spec, _datasets(spec, rows, lab.base.name, one.name))
            drawn = vl_convert.vegalite_to_png(spec, scale=2)
            (place / f"{figure.key}.png").write_bytes(drawn)
            written.append(place / f"{figure.key}.png")
    return written


def _datasets(spec: Any, rows: dict[str, Rows], base: str, chosen: str) -> dict[str, Rows]:
    """Return the rows that a chart names, by their name in it."""
    names = {"all": None, "chosen": [chosen], "base": [base], "both": [base, chosen]}
    found = {}
    for name in _named(spec):
        table, show = name.rsplit("_", 1)
        wanted = names[show]
        found[name] = [r for r in rows[table] if wanted is None or r["scenario"] in wanted]
    return found


def _named(spec: Any) -> Iterator[str]:
    if isinstance(spec, dict):
        data = spec.get("data")
        if isinstance(data, dict) and "name" in data:
            yield data["name"]
        for part in spec.values():
            yield from _named(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from _named(part)
