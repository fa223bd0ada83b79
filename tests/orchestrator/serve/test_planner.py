"""The planner's pages: signing in, picking and uploading, changes, runs; and the same as JSON."""

import html
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.serve.api_keys import list_keys, revoke_key
from omnisource.orchestrator.serve.app import serve
from omnisource.orchestrator.serve.planner.html import PLAN_POLICY
from omnisource.orchestrator.serve.planner.kept import REPORT, Kept, end
from omnisource.orchestrator.serve.planner.runner import Runner
from omnisource.orchestrator.serve.planner.work import about, run
from omnisource.orchestrator.settings import settings_of

DEMO = Path(__file__).parents[3] / "scenarios" / "demo"
NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
WHAT_IF = b'name = "Dear"\nbase = "/etc"\n[[changes]]\nkind = "tariff"\nfactor = 2.0\n'


@dataclass
class Browser:
    """A browser without scripts."""

    http: TestClient
    page: str = ""

    def get(self, path: str) -> Response:
        return self._seen(self.http.get(path))

    def post(self, path: str, files: Any = None, **fields: Any) -> Response:
        """Send a form of the page that was seen last."""
        token = self.hidden("token")
        return self._seen(self.http.post(path, data={"token": token, **fields}, files=files))

    def _seen(self, answer: Response) -> Response:
        assert answer.status_code < 500, answer.text
        self.page = answer.text
        return answer

    def hidden(self, name: str) -> str:
        found = re.search(rf'type="hidden" name="{name}" value="([^"]*)"', self.page)
        return html.unescape(found[1]) if found else ""

    def sign_in(self, key: str) -> Response:
        self.get("/plan")
        return self.post("/plan/sign-in", key=key)

    def start(self, name: str, **fields: str) -> Response:
        """Start what the page of a scenario shows."""
        kept = {"changes": self.hidden("changes"), "key": self.hidden("key")}
        return self.post("/plan/scenarios/demo/run", **kept, name=name, **fields)


@pytest.fixture(scope="module")
def service(
    open_long: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """The service with the demonstration to pick; runs wait until a test runs them."""

    def read(words: Sequence[str], **_: Any) -> Any:
        return SimpleNamespace(stdout=about(Path(words[-1])).model_dump_json())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("subprocess.run", read)
        patch.setattr(Runner, "_look", lambda _: None)
        yield open_long(scenarios=DEMO, runs=tmp_path_factory.mktemp("planner"))


@pytest.fixture
def plan(service: Any) -> Any:
    """The service, with nobody signed in, and neither runs nor uploads."""
    service.http.cookies.clear()
    for kept in (service.http.app.state.study.library.uploads, _kept(service).folder):
        for folder in kept.glob("[a-z0-9]*"):
            shutil.rmtree(folder)
    return service


def _kept(service: Any) -> Kept:
    found: Kept = service.http.app.state.study.kept
    return found


@pytest.fixture
def browser(plan: Any) -> Browser:
    """Signed in."""
    found = Browser(plan.http)
    assert found.sign_in(plan.tokens["planner"]).url.path == "/plan"
    return found


def zipped(**change: str) -> dict[str, Any]:
    """The demonstration as an upload, some of its files changed."""
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        for file in sorted(DEMO.glob("*.[ct][so][vm]*")):
            text = file.read_text("utf-8")
            archive.writestr(f"mine/{file.name}", change.get(file.stem, text))
    return {"file": ("mine.zip", out.getvalue())}


# who may


@pytest.mark.parametrize(
    "scope", ["checkout", "store", "dropshipper", "carrier", "planner", "admin"]
)
def test_planners_sign_in_and_nobody_else(plan: Any, scope: str) -> None:
    browser = Browser(plan.http)
    answer = browser.sign_in(plan.tokens[scope])
    assert answer.status_code == (200 if scope in ("planner", "admin") else 403)
    assert ("Sign out" in answer.text) == (scope in ("planner", "admin"))


def test_the_cookie_is_for_this_site_alone_and_for_no_script(plan: Any) -> None:
    browser = Browser(plan.http)
    browser.get("/plan")
    token = browser.hidden("token")
    given = {"token": token, "key": plan.tokens["planner"]}
    said = plan.http.post("/plan/sign-in", data=given, follow_redirects=False)
    assert said.status_code == 303
    cookie = said.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/plan"))
    assert plan.tokens["planner"].split("_", 2)[2] not in cookie
    https = TestClient(plan.http.app, base_url="https://testserver")
    assert "Secure" in https.get("/plan/sign-in").headers["set-cookie"]


def test_pages_send_whoever_is_not_signed_in_to_sign_in(plan: Any) -> None:
    paths = ["", "/scenarios/demo", f"/runs/{'a' * 16}", f"/runs/{'a' * 16}/report"]
    for path in paths:
        assert plan.http.get(f"/plan{path}").url.path == "/plan/sign-in"
    browser = Browser(plan.http)
    browser.get("/plan/sign-in")
    for path in ("/scenarios", "/scenarios/demo/run", "/compare", f"/runs/{'a' * 16}/delete"):
        answer = plan.http.post(f"/plan{path}", data={"token": browser.hidden("token")})
        assert answer.url.path == "/plan/sign-in"


def test_a_forged_form_changes_nothing(browser: Browser) -> None:
    for token in ("", "x", "0" * 64, "é"):
        answer = browser.http.post("/plan/scenarios/demo/run", data={"token": token, "name": "x"})
        assert answer.status_code == 403
    assert "None yet" in browser.get("/plan").text


@pytest.mark.parametrize("cookie", ["", "x", "p..1.x", "t.YQ.99999999999.x", "=;;", "p.a.b.c.d"])
def test_a_cookie_that_is_none_is_nobodys(plan: Any, cookie: str) -> None:
    answer = plan.http.get("/plan", headers={"Cookie": f"omnisource={cookie}"})
    assert answer.url.path == "/plan/sign-in"


def test_a_link_is_no_session_and_a_session_no_link(browser: Browser, plan: Any) -> None:
    cookie = browser.http.cookies["omnisource"]
    assert plan.http.get(f"/see/{cookie}").status_code == 404
    link = plan.ask("GET", "/v1/links?what=desk&subject=o1", by="planner").json()["path"]
    other = TestClient(plan.http.app, cookies={"omnisource": link.removeprefix("/see/")})
    assert other.get("/plan").url.path == "/plan/sign-in"


def test_signing_out_ends_a_session(browser: Browser) -> None:
    browser.post("/plan/sign-out")
    assert browser.get("/plan").url.path == "/plan/sign-in"


def test_a_revoked_key_ends_its_sessions(open_shop: Any, tmp_path: Path) -> None:
    plan = open_shop(scenarios=DEMO, runs=tmp_path)
    browser = Browser(plan.http)
    browser.sign_in(plan.tokens["planner"])
    assert browser.get("/plan").url.path == "/plan"
    key = next(key for key in list_keys(plan.url) if key.name == "planner")
    revoke_key(plan.url, key.key, now=key.added)
    plan.http.portal.call(plan.worker.ring._try)
    assert browser.get("/plan").url.path == "/plan/sign-in"


def test_without_scenarios_there_is_no_page(shop: Any) -> None:
    assert shop.http.get("/plan/sign-in").status_code == 404
    assert shop.ask("GET", "/v1/plan/runs", by="planner").status_code == 404


def test_pages_load_nothing_and_take_one_script(browser: Browser) -> None:
    answer = browser.get("/plan")
    assert answer.headers.get_list("content-security-policy") == [PLAN_POLICY]
    assert re.findall(r'(?:src|href)="(?!/plan|#)', answer.text) == []
    for path in ("/plan/x", "/plan/runs/x", "/plan/scenarios/x", "/plan/scenarios/demo/../../x"):
        missing = browser.get(path)
        assert missing.status_code == 404
        assert "To the planner" in missing.text


# scenarios


def test_a_scenario_is_told_and_begun_with(browser: Browser) -> None:
    page = browser.get("/plan/scenarios/demo").text
    assert "300 orders" in page
    browser.post("/plan/scenarios/demo/draft", kind="tariff")
    assert '<input type="checkbox" name="carriers" value="Parcel Line">' in browser.page
    given = {"changes": "[]", "kind": "tariff", "keep": "yes", "carriers": "Parcel Line"}
    wrong = browser.post("/plan/scenarios/demo/draft", **given, factor="101")
    assert wrong.status_code == 422
    assert "factor: Input should be less than or equal to 100" in wrong.text
    assert 'value="Parcel Line" checked' in wrong.text
    browser.post("/plan/scenarios/demo/draft", **given, factor="1.2")
    assert "Tariff: carriers Parcel Line, factor 1.2" in browser.page
    browser.post("/plan/scenarios/demo/draft", changes=browser.hidden("changes"), drop="0")
    assert "Nothing yet" in browser.page


def test_a_whatif_file_is_read_in_place_of_the_form(browser: Browser) -> None:
    browser.get("/plan/scenarios/demo")
    path = "/plan/scenarios/demo/draft"
    browser.post(path, files={"file": ("a.toml", WHAT_IF)})
    assert "Tariff: factor 2" in browser.page
    assert 'value="Dear"' in browser.page
    bad = browser.post(path, files={"file": ("a.toml", WHAT_IF.replace(b"factor", b"facto"))})
    assert "there is no such key: is it &#x27;factor&#x27;?" in bad.text


def test_an_uploaded_folder_is_checked_by_the_reader_row_by_row(browser: Browser) -> None:
    stock = (DEMO / "stock.csv").read_text("utf-8").replace("S000001", "S999999", 1)
    answer = browser.post("/plan/scenarios", files=zipped(stock=stock))
    assert answer.url.path == "/plan/scenarios/mine"
    assert "1 rows cannot be used" in answer.text
    assert re.search(r"stock\.csv, row \d+, sku: &#x27;S999999&#x27;", answer.text)
    again = browser.post("/plan/scenarios", files=zipped())
    assert again.status_code == 422
    assert "there is a scenario &#x27;mine&#x27;" in again.text
    browser.post("/plan/scenarios/mine/delete")
    assert "mine" not in browser.page
    assert browser.get("/plan/scenarios/mine").status_code == 404


def test_a_folder_that_cannot_be_used_says_why_and_not_where(
    browser: Browser, tmp_path: Path
) -> None:
    browser.post("/plan/scenarios", files=zipped(scenario='name = "x"\nnwo = 1'))
    assert "It cannot be used" in browser.page
    assert "there is no such key: is it &#x27;now&#x27;?" in browser.page
    browser.post("/plan/scenarios", name="other", files=zipped(nodes="what"))
    assert "nodes.csv" in browser.page
    assert str(tmp_path) not in browser.page


def test_the_operators_scenario_cannot_be_deleted(browser: Browser) -> None:
    browser.get("/plan")
    assert browser.post("/plan/scenarios/demo/delete").status_code == 409
    assert (DEMO / "scenario.toml").exists()


def test_who_is_not_signed_in_sends_no_large_body(open_shop: Any, tmp_path: Path) -> None:
    shop = open_shop(scenarios=DEMO, runs=tmp_path, body_bytes=2_000, upload_bytes=3_000)
    browser = Browser(shop.http)
    browser.get("/plan")
    large = {"file": ("a.zip", b"x" * 2_500)}
    assert browser.post("/plan/scenarios", files=large).status_code == 413
    browser.sign_in(shop.tokens["planner"])
    assert browser.post("/plan/scenarios", files=large).status_code == 422
    huge = {"file": ("a.zip", b"x" * 3_500)}
    assert browser.http.post("/plan/scenarios", files=huge).status_code == 413


# runs


def test_a_run_waits_stops_and_is_deleted(browser: Browser, plan: Any) -> None:
    browser.get("/plan/scenarios/demo")
    page, first = browser.page, browser.start("One")
    assert "Waits for its turn" in first.text
    assert '<noscript><meta http-equiv="refresh"' in first.text
    assert 'role="status"' in first.text
    browser.page = page
    assert browser.start("One").url == first.url
    browser.get("/plan/scenarios/demo")
    refused = browser.start("One")
    assert (refused.status_code, "there is a run" in refused.text) == (422, True)
    browser.post(f"{first.url.path}/stop")
    assert "Is being stopped" in browser.page
    assert browser.post(f"{first.url.path}/delete").status_code == 409
    end(_kept(plan).place(first.url.path[-16:]), "stopped", ["It was stopped."], NOW)
    assert "It was stopped." in browser.get(first.url.path).text
    browser.post(f"{first.url.path}/delete")
    assert "None yet" in browser.page


def test_what_a_run_form_says_wrong_is_said(browser: Browser) -> None:
    browser.get("/plan/scenarios/demo")
    answer = browser.start("x", gap="200", seconds="none")
    assert answer.status_code == 422
    assert "gap: Input should be less than or equal to 1" in answer.text
    assert "seconds: Input should be a valid integer" in answer.text


def test_runs_are_compared_when_two_are_ticked(browser: Browser, plan: Any) -> None:
    ids = []
    for name in ("One", "Two"):
        browser.get("/plan/scenarios/demo")
        ids.append(browser.start(name).url.path[-16:])
        end(_kept(plan).place(ids[-1]), "done", [], NOW)
    browser.get("/plan")
    assert browser.post("/plan/compare", run=ids[:1], key="a").status_code == 422
    assert "tick two runs or more" in browser.page
    browser.post("/plan/compare", run=ids, key="b", name="Both")
    assert "<h1>Both</h1>" in browser.page


def test_a_report_is_served_as_it_is_and_may_run_its_own_scripts_alone(
    browser: Browser, plan: Any
) -> None:
    browser.get("/plan/scenarios/demo")
    path = browser.start("One").url.path
    assert browser.get(f"{path}/report").status_code == 404
    place = _kept(plan).place(path[-16:])
    (place / REPORT).write_text("<script>1</script>", encoding="utf-8")
    answer = browser.http.get(f"{path}/report")
    assert answer.text == "<script>1</script>"
    [policy] = answer.headers.get_list("content-security-policy")
    assert "sandbox allow-scripts" in policy
    assert "script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='" in policy


def test_a_run_that_cannot_be_ended_well_says_why(browser: Browser, plan: Any) -> None:
    kept = _kept(plan)
    body = {
        "name": "x", "scenario": "demo", "changes": [{"kind": "close", "nodes": ["store-koln"]}],
        "gap": 1.0,
    }  # fmt: skip
    asked = plan.ask("POST", "/v1/plan/runs", body, by="planner").json()
    run(kept.place(asked["run"]), DEMO)
    said = browser.get(f"/plan/runs/{asked['run']}").text
    assert "there is no node &#x27;store-koln&#x27;: is it &#x27;store-koeln&#x27;?" in said
    assert str(kept.folder) not in said


def test_a_folder_of_scenarios_that_is_none_is_said_before_anything_is_served(
    plan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: pytest.fail("it was served"))
    settings = settings_of({"OMNISOURCE_DB": plan.url, "OMNISOURCE_SCENARIOS": f"{tmp_path}/no"})
    with pytest.raises(UnusableInput, match=r"OMNISOURCE_SCENARIOS: .*/no is no folder"):
        serve(settings, host="127.0.0.1", port=0)


# as JSON


def test_the_same_verbs_take_json(plan: Any) -> None:
    ask = plan.ask
    assert ask("GET", "/v1/plan/scenarios", by="planner").json() == {
        "scenarios": [{"scenario": "demo", "uploaded": False}]
    }
    body = {"name": "x", "scenario": "demo"}
    one = ask("POST", "/v1/plan/runs", body, by="planner", key="k")
    assert (one.status_code, one.json()["state"]) == (202, "waiting")
    assert ask("POST", "/v1/plan/runs", body, by="planner", key="k").json() == one.json()
    path = f"/v1/plan/runs/{one.json()['run']}"
    assert ask("GET", path, by="planner").json() == one.json()
    assert ask("GET", f"{path}/report", by="planner").status_code == 404
    assert ask("POST", f"{path}/stop", by="planner").json()["state"] == "stopping"
    assert ask("POST", f"{path}/delete", by="planner").status_code == 409
    gone = ask("POST", "/v1/plan/runs", body | {"name": "y", "scenario": "no"}, by="planner")
    assert gone.status_code == 404
    assert len(ask("GET", "/v1/plan/runs", by="admin").json()["runs"]) == 1


def test_settings_reach_the_workers_by_the_environment() -> None:
    given = settings_of({"OMNISOURCE_DB": "x", "OMNISOURCE_SCENARIOS": "a/b"})
    assert settings_of(given.environment()) == given
    assert given.session_key not in repr(given)
