"""What the planner's pages are made of: forms, uploads, fields, sessions, kept runs."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.models.base import UnusableInput
from omnisource.models.planning import About, RunRequest
from omnisource.orchestrator.serve.planner.drafts import Unfinished, asked, drafted, next_draft
from omnisource.orchestrator.serve.planner.fields import KINDS, change_of, fields_of
from omnisource.orchestrator.serve.planner.forms import MOST_FIELDS, File, Form, form_of
from omnisource.orchestrator.serve.planner.html import filled
from omnisource.orchestrator.serve.planner.kept import END, ROUNDS, STOP, Kept, end, write_json
from omnisource.orchestrator.serve.planner.library import Library
from omnisource.orchestrator.serve.planner.report import policy_of
from omnisource.orchestrator.serve.planner.runner import Runner, read_about
from omnisource.orchestrator.serve.planner.study import Study
from omnisource.orchestrator.serve.planner.upload import read_whatif, unpack
from omnisource.orchestrator.serve.planner.work import plain
from omnisource.orchestrator.serve.problem import Turned

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
DEMO = Path(__file__).parents[3] / "scenarios" / "demo"
MULTI = "multipart/form-data; boundary=b"


def packed(files: Mapping[str, str]) -> bytes:
    """A zip file of files by name."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return out.getvalue()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(DEMO.parent, tmp_path / "uploads")


# forms


def test_a_form_with_a_file_is_read_as_it_was_sent() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nabc\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n'
        b"Content-Type: application/zip\r\n\r\n\x00\r\n--\xff\r\n--b--\r\n"
    )
    form = form_of(body, MULTI)
    assert form.one("token") == "abc"
    assert form.files["file"] == File("a.zip", b"\x00\r\n--\xff")


def part(name: str, value: str = "") -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return f"{head}{value}\r\n".encode()


def test_a_form_of_too_many_parts_or_a_part_without_a_name_holds_nothing() -> None:
    full = part("a", "ä") + part("b") * (MOST_FIELDS - 1)
    assert form_of(full + b"--b--", MULTI).one("a") == "ä"
    assert form_of(full + part("c") + b"--b--", MULTI) == Form()
    assert form_of(b"--b\r\nX: y\r\n\r\nz\r\n--b--", MULTI) == Form()


def test_a_file_that_was_not_chosen_is_none() -> None:
    assert form_of(part('file"; filename="') + b"--b--", MULTI) == Form()


@given(st.binary(max_size=300), st.sampled_from([MULTI, "multipart/form-data", "x", "a/b; é"]))
@settings(max_examples=50, deadline=None)
def test_no_body_is_a_fault_of_ours(body: bytes, kind: str) -> None:
    assert isinstance(form_of(b"--b\r\n" + body, kind), Form)


# uploads


def test_a_zipped_folder_becomes_a_scenario_whether_it_is_packed_with_its_folder_or_without(
    library: Library,
) -> None:
    one = unpack(
        File("My Shop.zip", packed({"scenario.toml": "", "nodes.csv": "node"})), "", library, 99
    )
    other = unpack(File("x.zip", packed({"s/scenario.toml": "a", "s/x.exe": ""})), "b", library, 9)
    assert sorted(file.name for file in one.iterdir()) == ["nodes.csv", "scenario.toml"]
    assert [file.name for file in other.iterdir()] == ["scenario.toml"]
    assert list(library.folders()) == ["b", "demo", "my-shop"]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "there is none in it"),
        ({"nodes.csv": ""}, "there is none in it"),
        ({"scenario.toml": "", "a/scenario.toml": ""}, "more than one"),
        ({"scenario.toml": "", "../nodes.csv": ""}, "leaves its folder"),
        ({"scenario.toml": "", "/etc/nodes.csv": ""}, "leaves its folder"),
        ({"scenario.toml": "", "C:nodes.csv": ""}, "leaves its folder"),
        ({"scenario.toml": "x" * 5_000_000}, "too large, unpacked"),
        ({"scenario.toml": "", **{f"f{i}": "" for i in range(200)}}, "more than 200 files"),
    ],
)
def test_an_archive_that_is_no_scenario_is_refused_and_leaves_nothing(
    library: Library, files: dict[str, str], why: str
) -> None:
    with pytest.raises(UnusableInput, match=why):
        unpack(File("bad.zip", packed(files)), "bad", library, 1_000_000)
    assert list(library.uploads.iterdir()) == []


def test_links_and_unusual_packings_are_refused(library: Library) -> None:
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        link = ZipInfo("scenario.toml")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UnusableInput, match="leaves its folder"):
        unpack(File("a.zip", out.getvalue()), "a", library, 99)
    out = BytesIO()
    with ZipFile(out, "w", ZIP_BZIP2) as archive:
        archive.writestr("scenario.toml", "")
    with pytest.raises(UnusableInput, match="unusual way"):
        unpack(File("a.zip", out.getvalue()), "a", library, 99)


def test_a_name_is_taken_once_and_is_no_path(library: Library) -> None:
    for name in ("demo", "../x", "A", ".x", "a" * 61, "-"):
        with pytest.raises(UnusableInput, match="name: "):
            unpack(File("a.zip", packed({"scenario.toml": ""})), name, library, 99)


def test_a_name_that_is_taken_while_an_upload_is_unpacked_is_said_to_be(library: Library) -> None:
    (library.uploads / "a").mkdir(parents=True)
    (library.uploads / "a" / "nodes.csv").touch()
    with pytest.raises(UnusableInput, match="there is a scenario 'a'"):
        unpack(File("a.zip", packed({"scenario.toml": ""})), "a", library, 99)
    assert [folder.name for folder in library.uploads.iterdir()] == ["a"]


def test_what_is_being_unpacked_is_no_scenario_yet(library: Library) -> None:
    (library.uploads / ".a1").mkdir(parents=True)
    (library.uploads / ".a1" / "scenario.toml").touch()
    assert list(library.folders()) == ["demo"]


def test_a_scenario_is_read_anew_when_a_file_of_it_changes_and_a_broken_link_is_none(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    answer = SimpleNamespace(stdout=About(name="x").model_dump_json())
    monkeypatch.setattr("subprocess.run", lambda *words, **_: read.append(words) or answer)
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "scenario.toml").touch()
    (tmp_path / "s" / ".#scenario.toml").symlink_to("ann@host.1")  # as an editor leaves it
    for text, many in (("", 1), ("", 1), ("a", 2)):
        (tmp_path / "s" / "scenario.toml").write_text(text) if text else None
        assert read_about(kept, tmp_path / "s").name == "x"
        assert len(read) == many


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
@settings(max_examples=50, deadline=None)
def test_a_broken_archive_is_said_to_be_one(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, place: int, byte: int
) -> None:
    sound = bytearray(packed({"scenario.toml": "name = 'x'", "nodes.csv": "node\n" * 20}))
    sound[place % len(sound)] = byte
    library = Library(DEMO, tmp_path_factory.getbasetemp() / "broken")
    for number, body in enumerate((tail, bytes(sound), bytes(sound) + tail, bytes(sound[:place]))):
        try:
            folder = unpack(File("a.zip", body), f"a{number}", library, 10_000)
        except UnusableInput:
            continue
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = [" * 5_000, "no TOML"),
        ("a = " + "9" * 5_000, "no TOML"),
        ("\xff", "no TOML"),
        ('name = "x"', "changes: it is missing"),
        ('name = "x"\n[[changes]]\nkind = "tarif"', "is it 'tariff'"),
        ('name = "x"\nfoo = 1\nchanges = []', "foo: there is no such key"),
        ("#" * 300_000, "200,000 bytes"),
    ],
)
def test_a_whatif_file_that_is_none_is_refused_in_words(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(UnusableInput, match=why) as no:
        read_whatif(File("a.toml", text.encode()), tmp_path)
    assert str(tmp_path) not in str(no.value)
    assert list(tmp_path.iterdir()) == []


def test_what_a_whatif_file_is_based_on_does_not_count(tmp_path: Path) -> None:
    text = b'name = "x"\nbase = "/etc/passwd"\n[[changes]]\nkind = "tariff"\nfactor = 2.0'
    assert read_whatif(File("a.toml", text), tmp_path).changes[0].kind == "tariff"


# fields


def test_every_kind_of_change_has_a_form_with_its_bounds() -> None:
    assert len(KINDS) == 18
    factor = next(field for field in fields_of("tariff") if field.path == "factor")
    assert (factor.entry, factor.least, factor.most, factor.default) == ("number", 0, 100, "1.0")
    said = filled(factor, ["2"], (), "it is wrong")
    assert 'type="number"' in said
    assert 'max="100"' in said
    assert 'aria-invalid="true"' in said
    assert "it is wrong. Times each price, rounded to the cent. From 0 to 100." in said


def test_a_form_describes_a_change_inner_values_and_toml_too() -> None:
    text = '[{by = "channel", most_short = 0.1, cents = 5}]'
    form = Form({"policy.late_cents": ["5"], "policy.fairness": [text], "policy.comment": [""]})
    made = KINDS["policy"].model_validate(change_of("policy", form))
    assert made.model_dump(exclude_unset=True) == {
        "kind": "policy",
        "policy": {
            "late_cents": 5, "fairness": ({"by": "channel", "most_short": 0.1, "cents": 5},),
        },
    }  # fmt: skip


def test_names_come_one_a_line_or_ticked() -> None:
    form = Form({"nodes": ["a\n b \n  \n", "c"], "node_kinds": ["store"]})
    assert change_of("close", form) == {
        "kind": "close", "nodes": ["a", "b", "c"], "node_kinds": ["store"],
    }  # fmt: skip


def test_a_change_goes_into_the_draft_and_out_of_it() -> None:
    keep = Form({"kind": ["tariff"], "keep": ["yes"], "factor": ["2"]})
    [change] = next_draft(keep)
    kept = f"[{change.model_dump_json(exclude_unset=True)}]"
    assert drafted(Form({"changes": [kept]})) == (change,)
    assert next_draft(Form({"changes": [kept], "drop": ["0"]})) == []
    run = asked(Form({"changes": [kept], "name": ["x"], "gap": ["2"]}), "demo")
    assert (run.changes, run.gap) == ((change,), 0.02)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "tariff", "factor": "1000"}, {"factor"}),
        ({"kind": "tariff", "factor": "x", "plus_cents": "1.5"}, {"factor", "plus_cents"}),
        ({"kind": "close"}, {"the whole"}),
        ({"kind": "open", "node.kind": "store", "node.node": "n", "node.lat": "100", "like": "x"},
         {"node.lat", "node.lon"}),
        ({"kind": "policy", "policy.tiers": "{{"}, {"policy.tiers"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_field(fields: dict[str, str], wrong: set[str]) -> None:
    form = Form({"keep": ["yes"], **{name: [value] for name, value in fields.items()}})
    with pytest.raises(Unfinished) as no:
        next_draft(form)
    assert set(no.value.wrong) == wrong


@given(st.text(max_size=60))
@settings(max_examples=40, deadline=None)
def test_no_draft_is_a_fault_of_ours(text: str) -> None:
    for form in (Form({"changes": [text]}), Form({"kind": [text], "drop": [text]})):
        try:
            next_draft(form)
        except (UnusableInput, Unfinished):
            continue


def test_a_report_runs_its_own_scripts_in_an_origin_of_its_own() -> None:
    policy = policy_of('<script>a()</script><script type="application/json">{}</script>')
    assert policy.count("sha256-") == 1
    assert "'unsafe-inline' 'unsafe-eval'" not in policy
    assert "sandbox allow-scripts" in policy


# kept runs


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "runs")


def ask(kept: Kept, run: str, minutes: int = 0, **more: Any) -> Any:
    request = RunRequest.model_validate({"name": run, "scenario": "demo", **more})
    return kept.ask(request, run=run * 16, by="k", now=NOW + timedelta(minutes=minutes))


def test_a_run_waits_runs_and_ends_and_what_is_there_says_which(kept: Kept) -> None:
    assert ask(kept, "a").state == "waiting"
    place = kept.place("a" * 16)
    write_json(place / ROUNDS, {"rounds": [{"step": "begin", "done": 0}]})
    assert kept.one("a" * 16).state == "running"
    with pytest.raises(Turned, match="has not ended"):
        kept.delete("a" * 16)
    assert kept.stop("a" * 16).state == "stopping"
    end(place, "stopped", ["why"], NOW)
    end(place, "done", [], NOW)
    assert kept.one("a" * 16).words == ("why",)
    kept.delete("a" * 16)
    assert kept.all() == []


def test_the_same_run_asked_for_twice_is_one_and_no_more_than_two_wait(kept: Kept) -> None:
    first = ask(kept, "a")
    assert ask(kept, "a", minutes=5) == first
    with pytest.raises(Turned, match="used for another"):
        ask(kept, "a", gap=0.5)
    ask(kept, "b", minutes=1)
    with pytest.raises(Turned, match="2 runs wait already"):
        ask(kept, "c")
    assert kept.next() == kept.place("a" * 16)


def test_of_those_who_ask_at_the_same_time_no_more_than_two_wait(
    kept: Kept, library: Library
) -> None:
    study = Study(kept, library, Runner(kept, library, lambda: NOW), lambda: NOW)
    ready = Barrier(8)

    def asking(run: str) -> Any:
        request = RunRequest(name=run, scenario="demo")
        ready.wait()
        try:
            return study.ask(request, run=run * 16, by="k").run
        except Turned as no:
            return no.status

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(asking, "aabbccdd"))
    waiting = {run.run for run in kept.all()}
    assert len(waiting) == 2
    assert sorted(map(str, told)) == sorted([*waiting, *waiting, *["429"] * 4])


def test_runs_that_have_ended_are_not_looked_at_each_turn(
    kept: Kept, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(kept, "a")
    end(kept.place("a" * 16), "done", [], NOW)
    runner = Runner(kept, library, lambda: NOW)
    monkeypatch.setattr(
        "omnisource.orchestrator.serve.planner.kept._view", lambda place: pytest.fail(str(place))
    )
    runner.turn()
    runner.close()


def test_a_run_whose_process_cannot_be_started_can_be_stopped(
    kept: Kept, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise BlockingIOError

    ask(kept, "a")
    runner = Runner(kept, library, lambda: NOW)
    monkeypatch.setattr("subprocess.Popen", full)
    with pytest.raises(BlockingIOError):
        runner.turn()
    kept.stop("a" * 16)
    runner.turn()
    assert kept.one("a" * 16).state == "stopped"
    runner.close()


def test_a_name_is_free_again_when_its_run_came_to_nothing(kept: Kept) -> None:
    ask(kept, "a", name="x")
    with pytest.raises(Turned, match="there is a run 'x'"):
        ask(kept, "b", name="x")
    end(kept.place("a" * 16), "failed", [], NOW)
    assert ask(kept, "b", name="x").state == "waiting"


def test_only_runs_that_are_done_are_compared(kept: Kept) -> None:
    ask(kept, "a")
    end(kept.place("a" * 16), "failed", [], NOW)
    with pytest.raises(Turned, match="cannot be compared"):
        ask(kept, "b", scenario=None, compare=["a" * 16, "b" * 16])


@pytest.mark.parametrize("run", ["..", "../runs", "a", "", "a" * 15 + "/"])
def test_no_name_of_a_run_is_a_path(kept: Kept, run: str) -> None:
    ask(kept, "b")
    with pytest.raises(Turned, match="there is no run"):
        kept.one(run)


def test_a_run_that_a_restart_cut_off_says_so_and_one_that_waits_goes_on(
    kept: Kept, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(kept, "a")
    ask(kept, "b", minutes=1)
    write_json(kept.place("a" * 16) / ROUNDS, {"rounds": []})
    child = SimpleNamespace(
        poll=lambda: None, kill=lambda: None, wait=lambda: 0, stdin=None, returncode=0
    )
    begun: list[Any] = []
    monkeypatch.setattr("subprocess.Popen", lambda words, **_: begun.append(words[-2:]) or child)
    runner, other = (Runner(kept, library, lambda: NOW) for _ in range(2))
    runner.turn()
    other.turn()
    assert other.lead is None
    assert kept.one("a" * 16).state == "cut off"
    assert begun == [[str(kept.place("b" * 16).resolve()), str(DEMO)]]
    (kept.place("b" * 16) / STOP).touch()
    runner.turn()
    assert kept.one("b" * 16).state == "stopped"
    ask(kept, "c")
    runner.turn()
    runner.close()
    assert kept.one("c" * 16).state == "cut off"
    other.turn()
    assert other.lead is not None
    other.close()


def test_a_run_whose_process_dies_is_a_failed_one(
    kept: Kept, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(kept, "a", scenario="gone")
    runner = Runner(kept, library, lambda: NOW)
    runner.turn()
    assert kept.one("a" * 16).words == ("there is no scenario 'gone' any more",)
    ask(kept, "b", minutes=1)
    monkeypatch.setattr("omnisource.orchestrator.serve.planner.runner.WORK", "no.such.module")
    runner.turn()
    assert runner.child is not None
    runner.child.wait()
    runner.turn()
    assert kept.one("b" * 16).state == "failed"
    assert not (kept.place("b" * 16) / END).read_text().count("Traceback")
    runner.close()


def test_what_is_said_names_no_folder_of_the_machine(tmp_path: Path) -> None:
    said = plain(f"{tmp_path}/runs/a: no; {DEMO}: no", tmp_path / "runs" / "a", DEMO)
    assert said == "run: no; scenario: no"
