"""The service as a process of its own: its start, its end, and a database that goes away."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from omnisource.models.base import OmnisourceError
from omnisource.models.reservation import Claim
from omnisource.orchestrator.serve.client import Client, Refusal
from omnisource.orchestrator.store.check import breaches
from omnisource.orchestrator.store.database import loaded_database

PATIENCE = 120.0


@dataclass
class Running:
    """A service that listens."""

    process: subprocess.Popen[str]
    port: int
    said: Path

    def client(self, key: str) -> Client:
        return Client(f"http://127.0.0.1:{self.port}", key)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def running(url: str, folder: Path, **environment: str) -> Iterator[Running]:
    said = folder / "stderr"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = "from omnisource.cli import main; main()"
    words = ["serve", "--db", url, "--port", str(port), "--now", "2025-01-06T12:00:00Z"]
    with said.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", command, *words], stderr=stream, text=True,
            env={**os.environ, **environment},
        )  # fmt: skip
    try:
        wait_for(lambda: "Uvicorn running" in said.read_text() or process.poll() is not None)
        yield Running(process, port, said)
    finally:
        process.kill()
        process.wait()


def wait_for(there: Any) -> None:
    until = monotonic() + PATIENCE
    while not there():
        assert monotonic() < until
        sleep(0.02)


@pytest.fixture
def plenty(kept: Any, sqlite: Any) -> tuple[str, dict[str, str]]:
    """A database of the shop's, with keys."""
    url, tokens = kept
    return sqlite.copy(url), tokens


def test_a_signal_lets_what_was_begun_come_to_its_end(
    plenty: Any, tmp_path: Path, words: Any
) -> None:
    url, tokens = plenty
    with running(url, tmp_path) as service:
        told: list[str] = []

        def buy(buyer: int) -> None:
            shop = service.client(tokens["checkout"])
            body = Claim.model_validate(words.claim(A=1)["claim"])
            try:
                for number in range(1_000):
                    told.append(shop.reserve(body, key=f"{buyer}-{number}").reservation)
                    shop.release(told[-1])
            except (OSError, Refusal):
                return  # no new connection is let in; or all five units are taken

        buyers = [threading.Thread(target=buy, args=(number,)) for number in range(4)]
        for buyer in buyers:
            buyer.start()
        wait_for(lambda: len(told) > 20)
        assert service.end() == 0
        for buyer in buyers:
            buyer.join()
        logged = [json.loads(line) for line in service.said.read_text().splitlines()]
    database = loaded_database(url)
    assert breaches(database) == {}
    assert not [line for line in logged if line["level"] == "error"]
    assert logged[-1]["event"].startswith("Finished server process") or "ended" in {
        line["event"] for line in logged
    }


def test_a_request_that_is_being_sent_when_the_signal_comes_is_answered(
    plenty: Any, tmp_path: Path, words: Any
) -> None:
    url, tokens = plenty
    with running(url, tmp_path) as service:
        body = json.dumps(words.claim(A=1)).encode()
        wire = HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE)
        wire.putrequest("POST", "/v1/reservations")
        for name, value in {
            "Authorization": f"Bearer {tokens['checkout']}", "Idempotency-Key": "late",
            "Content-Type": "application/json", "Content-Length": str(len(body)),
        }.items():  # fmt: skip
            wire.putheader(name, value)
        wire.endheaders()
        wire.send(body[:10])
        sleep(0.2)
        service.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "Shutting down" in service.said.read_text())
        wire.send(body[10:])
        assert wire.getresponse().status == 201
        assert service.process.wait(PATIENCE) == 0


def test_a_lost_database_is_told_and_found_again(
    postgresql: Any, tmp_path: Path, words: Any, lose: Any
) -> None:
    url = postgresql.empty()
    tokens = words.load(url)
    with running(url, tmp_path, OMNISOURCE_WAIT_SECONDS="1") as service:
        shop = service.client(tokens["checkout"])
        body = Claim.model_validate(words.claim(A=1)["claim"])
        assert shop.reserve(body, key="before").state == "held"
        with lose(postgresql):
            with pytest.raises(Refusal) as no:
                shop.reserve(body, key="meanwhile")
            assert no.value.problem.status == 503
            assert shop.ready().status == "not ready"
            assert shop.promise(words.cart_value(A=1)).options  # nothing is held by it
        wait_for(lambda: shop.ready().status == "ok")
        assert shop.reserve(body, key="before").state == "held"
        assert shop.reserve(body, key="meanwhile").state == "held"
        assert service.end() == 0
    assert breaches(loaded_database(url)) == {}


def test_a_database_that_is_not_there_is_said_before_anything_is_served(
    tmp_path: Path, omnisource: Any
) -> None:
    said = omnisource("serve", "--db", tmp_path / "none.db")
    assert (said.code, said.out) == (2, "")
    assert "there is no such database" in said.err


def test_keys_are_made_listed_and_revoked(plenty: Any, omnisource: Any) -> None:
    url, _ = plenty
    made = omnisource("db", "key", "add", "till", "--db", url, "--scope", "checkout", "--json")
    token = made.document["token"]
    assert token.startswith(f"omk_{made.document['key']}_")
    omnisource("db", "key", "revoke", made.document["key"], "--db", url)
    listed = omnisource("db", "key", "list", "--db", url, "--json")
    [mine] = [key for key in listed.document if key["name"] == "till"]
    assert mine["revoked"] is not None
    assert token.split("_", 2)[2] not in listed.out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--scope", "king"], "no such scope"),
        (["--scope", "store"], "has a node"),
        (["--scope", "store", "--node", "X"], "no such node"),
        (["--scope", "planner", "--node", "S"], "only a key for a store"),
        (["--scope", "store", "--scope", "admin", "--node", "S"], "no more scopes"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(
    plenty: Any, omnisource: Any, words: list[str], why: str
) -> None:
    said = omnisource("db", "key", "add", "x", "--db", plenty[0], *words)
    assert said.code == 2
    assert why in said.err


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(OmnisourceError, match="is no address"):
        Client("localhost:8000", "key")
