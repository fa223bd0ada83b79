"""The planner's pages in a real browser: from signing in to comparing two runs."""

import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import pytest
import uvicorn

from omnisource.orchestrator.serve.app import create_app
from omnisource.orchestrator.settings import Settings

pytest.importorskip("altair")
DEMO = Path(__file__).parents[3] / "scenarios" / "demo"
SHOTS = Path(__file__).parents[3] / "out" / "page"
"""Where pictures of the pages go, for whoever wants to look at them."""
PATIENCE = 120_000
"""Milliseconds that a run may take."""


@dataclass
class Seen:
    """A page of a phone's browser, and what it said and asked for."""

    page: Any
    said: list[str]
    asked: list[str]


@pytest.fixture
def here(kept: Any, sqlite: Any, tmp_path: Path) -> Iterator[str]:
    """The service, in a thread, and where it listens."""
    settings = Settings(db=sqlite.copy(kept[0]), refresh_seconds=0, scenarios=DEMO, runs=tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(create_app(settings), port=port, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def phone(here: str) -> Iterator[Seen]:
    """Debian's Chromium as wide as a phone, driven by Playwright."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        size = {"width": 390, "height": 844}
        page = chromium.new_page(viewport=size, color_scheme="dark", base_url=here)
        page.set_default_timeout(PATIENCE)
        seen = Seen(page, [], [])
        page.on("console", lambda message: seen.said.append(message.text))
        page.on("pageerror", lambda error: seen.said.append(str(error)))
        page.on("request", lambda request: seen.asked.append(request.url))
        yield seen
        chromium.close()


def start(view: Any, name: str) -> None:
    """Start what a scenario's page shows, and wait until it is done."""
    view.get_by_label("Name", exact=True).fill(name)
    view.get_by_label("Stop at this gap, in %").fill("5")
    with view.expect_navigation():
        view.get_by_role("button", name="Start the run").click()
    assert view.locator("h1").inner_text() == name
    view.get_by_text("Done", exact=True).wait_for()


def add(view: Any, kind: str, **fields: str) -> None:
    """Add a change to what a scenario's page shows."""
    view.get_by_label("Kind of change").select_option(kind)
    with view.expect_navigation():
        view.get_by_role("button", name="Add a change").click()
    shot(view, f"planner-{kind}")
    for name, value in fields.items():
        view.locator(f"input[name={name}]").fill(value)
    with view.expect_navigation():
        view.get_by_role("button", name="Keep this change").click()


def shot(view: Any, name: str) -> None:
    """Keep a picture of a page, on which nothing stands out at the side."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    view.screenshot(path=SHOTS / f"{name}.png", full_page=True)
    assert view.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_planner_signs_in_changes_a_scenario_reads_the_report_and_compares_two_runs(
    kept: Any, phone: Seen, here: str
) -> None:
    view = phone.page
    view.goto("/plan")
    view.get_by_label("Key").fill(kept[1]["planner"])
    view.keyboard.press("Enter")
    view.get_by_role("link", name="demo").click()
    add(view, "fuel", change="0.3", share="0.2")
    shot(view, "planner-scenario")
    start(view, "Dear fuel")
    shot(view, "planner-run")
    assert "Dear fuel: costs" in view.inner_text("#progress")
    run = view.url

    view.get_by_role("link", name="Read the report").click()
    view.wait_for_selector('body[data-drawn="1"]')
    assert view.locator("h1").inner_text().startswith("Dear fuel: costs")
    assert view.evaluate("origin") == "null"
    view.go_back()

    view.get_by_role("link", name="Change it and run it again").click()
    view.get_by_role("button", name="Take out: Fuel: change 0.3, share 0.2").click()
    add(view, "tariff", factor="1.2")
    start(view, "Dear parcels")
    view.get_by_role("link", name="Planner").click()
    for name in ("Dear fuel", "Dear parcels"):
        view.get_by_label(f"Compare {name}").check()
    shot(view, "planner-home")
    view.get_by_role("button", name="Compare what is ticked").click()
    view.get_by_text("Done", exact=True).wait_for()
    text = view.inner_text("#progress")
    assert "Dear fuel: costs" in text
    assert "Dear parcels: costs" in text

    view.goto(run)
    view.emulate_media(media="print")
    assert not view.get_by_role("button", name="Delete this run").is_visible()
    view.emulate_media(media="screen")
    view.get_by_role("button", name="Delete this run").click()
    assert "Dear fuel" not in view.inner_text("main")
    assert phone.said == []
    assert [url for url in phone.asked if not url.startswith((here, "data:", "blob:"))] == []
