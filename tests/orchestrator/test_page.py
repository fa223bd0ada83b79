"""The page: in a real browser it draws, filters, and asks nothing of the network."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import omnisource as om
from omnisource.models.base import UnusableInput
from omnisource.orchestrator.lab.run import Lab, lab_of_runs, run_scenarios
from omnisource.orchestrator.report import page as pages
from omnisource.orchestrator.report.page import page, write_page, write_pictures, write_tables
from omnisource.orchestrator.report.page_data import page_rows
from omnisource.orchestrator.report.page_simulate import write_simulated_page
from omnisource.solvers.problem import Limits

pytest.importorskip("altair")
Omnisource = Callable[..., Any]
SHOTS = Path(__file__).parents[2] / "out" / "page"
"""Where pictures of the page go, for whoever wants to look at them."""
CLOSED = 'name = "Shut & <b>"\nbase = "{}"\n[[changes]]\nkind = "close"\nnode_kinds = ["store"]\n'
DEARER = 'name = "Dear"\nbase = "{}"\n[[changes]]\nkind = "tariff"\nfactor = 1.5\n'


@pytest.fixture(scope="module")
def lab(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The shop with its stores closed, and with dearer tariffs; runs kept."""
    folder = tmp_path_factory.mktemp("page")
    for name, text in (("shut", CLOSED), ("dear", DEARER)):
        (folder / f"{name}.toml").write_text(text.format(shop), encoding="utf-8")
    files = [folder / "shut.toml", folder / "dear.toml"]
    return run_scenarios(files, Limits(gap=0.05), out=folder / "runs")


# in the browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def redrawn(view: Any, act: Callable[[], object]) -> None:
    """Do something, and wait until all charts are drawn again."""
    before = int(view.locator("body").get_attribute("data-drawn"))
    act()
    view.wait_for_selector(f'body[data-drawn="{before + 1}"]', timeout=30_000)


def test_the_page_draws_and_filters_and_asks_nothing_of_the_network(
    lab: Lab, browser: Any, tmp_path: Path
) -> None:
    file = write_page(lab, tmp_path / "report.html")
    view = browser.new_page(viewport={"width": 1200, "height": 900})
    said, asked = [], []
    view.on("console", lambda message: said.append(message.text))
    view.on("pageerror", lambda error: said.append(str(error)))
    view.on("request", lambda request: asked.append(request.url))
    view.goto(file.as_uri())
    view.wait_for_selector('body[data-drawn="1"]', timeout=30_000)
    SHOTS.mkdir(parents=True, exist_ok=True)
    view.screenshot(path=SHOTS / "wide.png", full_page=True)

    figures = view.locator("figure.card")
    assert figures.count() == 12
    for figure in figures.all():
        assert figure.locator("svg path, svg line").count() > 3, figure.inner_text()
    assert view.locator("h1").inner_text().startswith(lab.base.name)
    assert "Shut & <b>: costs" in view.locator(".headlines").inner_text()
    section = view.locator("section[data-of]:visible")
    assert section.count() == 1
    assert section.locator("h2").inner_text() == "Shut & <b>"

    redrawn(view, lambda: view.select_option("#scenario", "Dear"))
    assert section.locator("h2").inner_text() == "Dear"
    rows = view.locator('[data-table="nodes"] tbody tr')
    assert rows.count() == 2 * len(lab.base.nodes)
    redrawn(view, lambda: view.select_option("#kind", "warehouse"))
    warehouses = sum(row["kind"] == "warehouse" for row in lab.base.nodes)
    assert rows.count() == 2 * warehouses
    redrawn(view, lambda: view.select_option("#kind", ""))
    name = lab.base.nodes[0]["node"]
    redrawn(view, lambda: view.fill("#node", name.upper()))
    assert set(rows.locator("td:nth-child(2)").all_inner_texts()) == {name}
    redrawn(view, lambda: view.fill("#node", ""))

    with view.expect_download() as csv:
        view.click('[data-csv="scenarios"]')
    with view.expect_download() as png:
        view.click('[data-png="cost"]')
    assert pl.read_csv(csv.value.path())["scenario"].to_list() == [
        lab.base.name,
        "Shut & <b>",
        "Dear",
    ]
    assert Path(png.value.path()).read_bytes().startswith(b"\x89PNG")

    view.emulate_media(media="print")
    view.screenshot(path=SHOTS / "print.png", full_page=True)
    assert not view.locator(".bar").is_visible()
    view.emulate_media(media="screen", color_scheme="dark")
    view.set_viewport_size({"width": 390, "height": 844})
    redrawn(view, lambda: view.select_option("#scenario", "Shut & <b>"))
    view.screenshot(path=SHOTS / "phone-dark.png", full_page=True)
    dark = view.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == "rgb(20, 23, 26)"
    assert view.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    view.close()
    assert set(said) == set()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_the_page_of_a_simulation_draws_too(browser: Any, shop: Path, tmp_path: Path) -> None:
    found = om.simulate(
        om.load(shop), days=2, policies=("click", "bid-prices"), replications=2, clairvoyant=True
    )
    file = write_simulated_page(found, tmp_path / "simulation.html")
    view = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    said: list[str] = []
    view.on("console", lambda message: said.append(message.text))
    view.on("pageerror", lambda error: said.append(str(error)))
    view.goto(file.as_uri())
    view.wait_for_selector('body[data-drawn="1"]', timeout=30_000)
    SHOTS.mkdir(parents=True, exist_ok=True)
    view.screenshot(path=SHOTS / "simulation-phone-dark.png", full_page=True)
    assert view.locator("figure.card").count() == 9
    assert view.locator("figure.card svg").count() == 9
    assert view.locator('[data-table="measures"] thead th').all_inner_texts()[2:] == [
        "click",
        "bid-prices",
    ]
    assert view.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    view.set_viewport_size({"width": 1200, "height": 900})
    view.emulate_media(media="print")
    view.screenshot(path=SHOTS / "simulation-print.png", full_page=True)
    with view.expect_download() as csv:
        view.evaluate("document.querySelector('[data-csv=\"levels\"]').click()")
    levels = pl.read_csv(csv.value.path())
    cost = levels.filter((pl.col("policy") == "click") & (pl.col("key") == "cost"))["mean"].item()
    assert cost == found.document()["policies"][0]["figures"]["cost"]["mean"] / 100
    view.close()
    assert set(said) == set()


# without one


def test_the_same_lab_makes_the_same_page_and_it_names_no_address(lab: Lab) -> None:
    once = page(lab)
    assert once == page(lab)
    own = once[: once.index("<script>")]  # the library behind names its homepage
    assert re.findall(r'(?:src|href)="(?!data:)|https?:', own) == []


def test_one_run_alone_makes_a_page_of_its_bill(lab: Lab) -> None:
    assert lab.out is not None
    alone = lab_of_runs([lab.out / "base"])
    text = page(alone)
    assert 'id="chart-waterfall"' in text
    assert 'id="chart-before"' not in text
    steps = [row for row in page_rows(alone)["steps"] if row["way"] != "all"]
    assert round(sum(row["amount"] for row in steps), 2) == alone.base.measures.cost_cents / 100


def test_a_waterfall_leads_from_the_base_to_the_scenario(lab: Lab) -> None:
    rows = page_rows(lab)["steps"]
    for one in lab.variants:
        first, *terms, last = (row for row in rows if row["scenario"] == one.name)
        assert (first["step"], last["step"]) == (lab.base.name, one.name)
        ends = [first["end"], *(row["end"] for row in terms)]
        assert [row["start"] for row in terms] == ends[:-1]
        assert ends[-1] == last["end"] == one.measures.cost_cents / 100


def test_tables_and_pictures_are_written(lab: Lab, tmp_path: Path) -> None:
    names = {file.stem for file in write_tables(lab, tmp_path)}
    assert {"scenarios", "bill", "steps", "nodes", "flows"} <= names
    nodes = pl.read_csv(tmp_path / "nodes.csv")
    assert nodes.height == 3 * len(lab.base.nodes)
    assert lab.out is not None
    pictures = write_pictures(lab_of_runs([lab.out / "base"]), tmp_path / "png")
    assert {file.stem for file in pictures} >= {"cost", "waterfall", "after", "load"}
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in pictures)


def test_kept_runs_are_reported_by_the_command(
    omnisource: Omnisource, lab: Lab, tmp_path: Path
) -> None:
    assert lab.out is not None
    html = tmp_path / "deep" / "report.html"
    said = omnisource("report", lab.out / "base", lab.out / "dear", "--html", html, "--json")
    assert said.code == 0
    assert said.document["files"] == [str(html)]
    assert "Dear: costs " in html.read_text(encoding="utf-8")
    nothing = omnisource("report", lab.out / "base")
    assert nothing.code == 2
    assert "say what to write: --html FILE" in nothing.err


def test_without_its_libraries_a_report_says_what_to_install(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(UnusableInput, match=r"pip install 'omnisource\[report\]'"):
        pages.write_page(lab, tmp_path / "x.html")
