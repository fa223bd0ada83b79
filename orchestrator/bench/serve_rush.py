"""A rush on one product over HTTP: many buyers want it, while others buy other things."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from statistics import median
from time import perf_counter, sleep
from typing import Final, Protocol

import numpy as np

from omnisource.models.reservation import Claim
from omnisource.orchestrator.bench.rush import HOT, Rush, calm_world, claim_of, made_claims
from omnisource.orchestrator.bench.wire import Answers, load_once, request
from omnisource.orchestrator.serve.api_keys import add_key
from omnisource.orchestrator.serve.client import Client
from omnisource.orchestrator.store.check import breaches
from omnisource.orchestrator.store.database import loaded_database
from omnisource.orchestrator.stored import load_into

CONNECTIONS: Final = 16
NOW: Final = datetime(2025, 1, 6, 12, tzinfo=UTC)
IDLE: Final = 40
"""Things that others buy before the rush."""
PAUSE: Final = 0.05
"""Seconds between two things that others buy."""


class Listens(Protocol):
    """A server."""

    @property
    def port(self) -> int:
        """Where it listens."""
        ...


Serve = Callable[[str, datetime], AbstractContextManager[Listens]]
"""Serves a database from a time on."""


def rush_over_http(url: str, *, units: int, buyers: int, serve: Serve) -> Rush:
    """Let buyers want one unit each, as fast as they are answered.

    Args:
        url: where a database is to be.
        units: that there are.
        buyers: how many want one.
        serve: starts the service.
    """
    load_into(calm_world(hot=units), url)
    _, token = add_key(url, "bench", ["checkout"], node=None, now=NOW)
    with serve(url, NOW) as server:
        shop = Client(f"http://127.0.0.1:{server.port}", token)
        idle = _others(shop, "idle", lambda number: number >= IDLE)
        hot = [_reserve(claim_of(HOT), f"buyer-{number}", token) for number in range(buyers)]
        with ThreadPoolExecutor(1) as pool:
            rushing = pool.submit(load_once, server.port, hot, connections=CONNECTIONS)
            others = _others(shop, "rush", lambda _: rushing.done())
            told = rushing.result()
    database = loaded_database(url)
    try:
        broken = sum(map(len, breaches(database).values()))
    finally:
        database.close()
    return _judged(told, units, idle, others, broken=broken)


def _judged(
    told: Answers, units: int, idle: Sequence[float], others: Sequence[float], *, broken: int
) -> Rush:
    by = {code: [ms for ms, status in zip(told.milliseconds, told.statuses, strict=True)
                 if status == code] for code in (201, 409)}  # fmt: skip
    return Rush(
        units, len(told.statuses), len(by[201]), len(by[409]), _p99(by[409]), _p99(by[201]),
        round(median(idle), 2), round(median(others), 2), broken,
    )  # fmt: skip


def _p99(taken: Sequence[float]) -> float:
    return round(float(np.percentile(taken, 99)), 2) if taken else 0.0


def _reserve(claim: Claim, key: str, token: str) -> bytes:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    body = f'{{"claim": {claim.model_dump_json(exclude_defaults=True)}}}'
    return request("/v1/reservations", body.encode(), headers)


def _others(shop: Client, tag: str, over: Callable[[int], bool]) -> list[float]:
    """Buy other things until it is over; return how long each took, milliseconds."""
    claims, taken = made_claims(1, 500), list[float]()
    while not taken or not over(len(taken)):
        asked = perf_counter()
        shop.reserve(claims[len(taken) % 500], key=f"{tag}-{len(taken)}")
        taken.append(1_000 * (perf_counter() - asked))
        sleep(PAUSE)
    return taken
