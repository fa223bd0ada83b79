"""`omnisource promise`: a document for programs, a table for people, a "no" with reasons."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Omnisource = Callable[..., Any]
FIELDS = {
    "mode", "service", "promise_at", "probability", "cost_cents", "fee_cents", "parcels",
    "grams_co2", "nodes", "quote", "expires_at", "tags",
}  # fmt: skip


def test_the_document_has_what_programs_rely_on(omnisource: Omnisource, shop: Path) -> None:
    said = omnisource("promise", shop, "--sku", "S000001:2", "--to", "DE-1", "--json", "--quiet")
    assert said.code == 0, said.err
    document = json.loads(said.out)
    assert document["options"]
    for option in document["options"]:
        assert set(option) >= FIELDS
    for refused in document["refused"]:
        assert refused["mode"]
        assert refused["reasons"]
    tags = [tag for option in document["options"] for tag in option["tags"]]
    assert sorted(tags) == ["cheapest", "fastest", "fewest-parcels", "greenest"]


def test_people_get_a_table_and_the_reasons(omnisource: Omnisource, shop: Path) -> None:
    said = omnisource("promise", shop, "--sku", "S000001", "--to", "52.5,13.4")
    assert said.code == 0, said.err
    assert "What can be promised at" in said.out
    assert "not collect: the cart names no store" in said.out


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("--sku", "nothing", "--to", "DE-1"), "no product is called"),
        (("--sku", "S000001", "--to", "DE-1", "--store", "nowhere"), "no node is called"),
        (("--sku", "S000001"), "a cart goes somewhere"),
        (("--sku", "S000001", "--to", "DE-1", "--now", "noon"), "no time with its offset"),
        (("--sku", "S000001", "--to", "DE-1", "--mode", "drone"), "modes"),
    ],
)
def test_what_cannot_be_read_is_said(
    omnisource: Omnisource, shop: Path, words: tuple[str, ...], wrong: str
) -> None:
    said = omnisource("promise", shop, *words)
    assert said.code == 2
    assert wrong in said.err
