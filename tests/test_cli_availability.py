"""`omnisource availability`: what it prints where, and the code it leaves with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Omnisource = Callable[..., Any]
DEMO = Path(__file__).parents[1] / "scenarios" / "demo"


def test_the_demo_says_where_a_product_is_and_from_when(omnisource: Omnisource) -> None:
    said = omnisource("availability", "S000003", DEMO, "--near", "DE-10115", "--json")
    assert said.code == 0
    found = said.document
    assert (found["sku"], found["units"], found["available"]) == ("S000003", 1, True)
    assert found["near"]["postcode"] == "10115"
    assert [node["km"] for node in found["nodes"]] == sorted(n["km"] for n in found["nodes"])
    nearest = found["nodes"][0]
    assert (nearest["node"], nearest["collect_at"]) == ("warehouse-berlin", None)
    assert nearest["reasons"] == ["no pick-up there"]
    first = next(node for node in found["nodes"] if not node["reasons"])
    assert first["collect_at"].startswith("2025-03-10T")
    assert 0 < first["probability"] < 1


def test_the_report_answers_first(omnisource: Omnisource) -> None:
    said = omnisource("availability", "S000003", DEMO, "--near", "53.67,10.23")
    assert said.code == 0
    assert said.out.split()[:6] == ["Yes:", "1", "unit", "of", "S000003,", "Sport"]
    assert "store-hamburg" in said.out


def test_a_no_is_an_answer_with_reasons(omnisource: Omnisource) -> None:
    words = ("S000009", DEMO, "--near", "DE-33602", "--units", 30, "--within", 100)
    said = omnisource("availability", *words)
    assert said.code == 0
    assert said.out.split()[0] == "No:"
    text = " ".join(said.out.split())
    assert "No node within 100 km has 30 units in stock for collection." in text
    assert "20 units due" in text


def test_a_later_time_counts_what_has_come_by_then(omnisource: Omnisource) -> None:
    words = ("S000009", DEMO, "--near", "DE-33602", "--within", 100, "--json")
    today = omnisource("availability", *words).document
    later = omnisource("availability", *words, "--now", "2025-03-12T09:00+01:00").document
    units = [found["nodes"][0]["units"] for found in (today, later)]
    assert units == [2, 22]
    assert later["nodes"][0]["receipts"] == []


def test_a_database_answers_as_its_folder_does(omnisource: Omnisource, tmp_path: Path) -> None:
    db = tmp_path / "demo.db"
    assert omnisource("load", DEMO, "--db", db).code == 0
    words = ("--near", "DE-10115", "--json")
    stored = omnisource("availability", "S000003", "--db", db, *words)
    assert stored.document == omnisource("availability", "S000003", DEMO, *words).document


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["S000003", DEMO], "Missing option '--near'"),
        (["S000003", "--near", "DE-1"], "give a scenario folder DIR, or --db URL"),
        (["S000003", DEMO, "--near", "FR-75001"], "give LAT,LON instead"),
        (["S000003", DEMO, "--near", "DE-1", "--now", "noon"], "'noon' is no time"),
        (["S000003", DEMO, "--near", "DE-1", "--now", "2025-03-10T09:00"], "with its offset"),
        (["S3", DEMO, "--near", "DE-1"], "no sku is called 'S3'"),
        (["S000003", "--db", "no.db", "--near", "DE-1"], "no.db"),
    ],
)
def test_wrong_usage_leaves_with_2_and_says_why(
    omnisource: Omnisource, here: Path, words: list[str], said: str
) -> None:
    result = omnisource("availability", *words)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert list(here.iterdir()) == []
