"""Tiny worlds by hand, random ones by seed, and every solver by name."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.order import Line, Order
from omnisource.models.plan import Plan
from omnisource.models.policy import Fairness, Fence, LoadStep, Policy
from omnisource.models.product import Product
from omnisource.models.scenario import Scenario
from omnisource.models.stock import Allotment, Receipt, StockCell
from omnisource.models.world import World
from omnisource.orchestrator.folder.load import world_of
from omnisource.solvers.compile.legend import Legend, shipped
from omnisource.solvers.compile.world import compile_world
from omnisource.solvers.judge.evaluate import evaluate
from omnisource.solvers.problem import Answer, Limits, Prices, Problem
from omnisource.solvers.registry import SOLVERS, solver

NOW = datetime(2025, 1, 6, 12, tzinfo=UTC)
Basket = Mapping[str, int]
Steps = int | list[tuple[int, int]]


def _world(
    stock: Mapping[str, Basket],
    orders: Mapping[str, Basket],
    *,
    freight: Mapping[tuple[str, str], Steps] | None = None,
    policy: Policy | None = None,
    nodes: Mapping[str, Mapping[str, Any]] | None = None,
    products: Mapping[str, Mapping[str, Any]] | None = None,
    order_fields: Mapping[str, Mapping[str, Any]] | None = None,
    cells: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
    service: Mapping[str, Any] | None = None,
    transit_days: Mapping[str, int] | None = None,
    receipts: list[Receipt] | None = None,
    allotments: list[Allotment] | None = None,
) -> World:
    """A world of one service "post" in which every (node, order) has a tariff of its own.

    `freight` gives cents a parcel, or steps (up to grams, cents); 500 cents up to 30 kg where it
    says nothing. Goods weigh 1 kg. Node i lies i degrees north of the customers, on the meridian.
    """
    freight, policy = freight or {}, policy or Policy()
    names = list(
        dict.fromkeys(sku for basket in [*stock.values(), *orders.values()] for sku in basket)
    )
    zones, steps = [], []
    for n in stock:
        for i, o in enumerate(orders):
            tariff = freight.get((n, o), 500)
            code, zone = f"{i:05d}", f"{n} to {o}"
            days = (transit_days or {}).get(n, 1)
            zones.append(
                ZoneRule(
                    service="post",
                    node=n,
                    postcode_from=code,
                    postcode_to=code,
                    zone=zone,
                    transit_days=days,
                )
            )
            for grams, cents in [(30_000, tariff)] if isinstance(tariff, int) else tariff:
                steps.append(TariffStep(service="post", zone=zone, up_to_grams=grams, cents=cents))
    return world_of(
        Scenario(name="tiny", now=NOW, policy=policy),
        nodes=[
            Node.model_validate(
                {"node": n, "kind": "warehouse", "lat": 50.0 + i, "lon": 10.0, "country": "DE"}
                | dict((nodes or {}).get(n, {}))
            )
            for i, n in enumerate(stock)
        ],
        services=[
            Service.model_validate({"service": "post", "kind": "parcel"} | dict(service or {}))
        ],
        zones=zones,
        tariffs=steps,
        products=[
            Product.model_validate(
                {"sku": sku, "grams": 1_000} | dict((products or {}).get(sku, {}))
            )
            for sku in names
        ],
        stock=[
            StockCell.model_validate(
                {"node": n, "sku": sku, "on_hand": units} | dict((cells or {}).get((n, sku), {}))
            )
            for n, basket in stock.items()
            for sku, units in basket.items()
        ],
        receipts=receipts or [],
        allotments=allotments or [],
        orders=[
            Order.model_validate(
                {
                    "order": o,
                    "placed_at": NOW - timedelta(days=1) + timedelta(minutes=i),
                    "country": "DE",
                    "postcode": f"{i:05d}",
                    "lat": 49.0,
                    "lon": 10.0,
                }
                | dict((order_fields or {}).get(o, {}))
            )
            for i, o in enumerate(orders)
        ],
        lines=[
            Line(order=o, line=str(i), sku=sku.split("/")[0], units=units)
            for o, basket in orders.items()
            for i, (sku, units) in enumerate(basket.items(), 1)
        ],
    )


def _random_world(seed: int, orders: int = 6) -> World:
    """A world with something of everything: scarce stock, steps, fences, limits, lateness."""
    rng = np.random.default_rng(seed)
    nodes, skus = [f"n{i}" for i in range(4)], [f"s{i}" for i in range(4)]

    def basket(low: int, high: int, of: int) -> dict[str, int]:
        chosen = rng.permutation(skus)[: rng.integers(1, of + 1)]
        return {str(sku): int(rng.integers(low, high)) for sku in chosen}

    names = [f"o{i}" for i in range(orders)]
    stock = {n: basket(0, 4, 4) for n in nodes}
    stock[nodes[0]] |= {sku: int(rng.integers(0, 3)) for sku in skus}
    return _world(
        stock,
        {o: basket(1, 3, 3) for o in names},
        freight={
            (n, o): [
                (int(g), int(c))
                for g, c in zip(
                    np.cumsum(rng.integers(800, 3_000, 3)),
                    np.cumsum(rng.integers(100, 400, 3)),
                    strict=True,
                )
            ]
            for n in nodes
            for o in names
        },
        policy=Policy(
            shortage_cents=3_000,
            late_cents=int(rng.integers(50, 200)) if seed % 3 else None,
            max_shipments=int(rng.integers(1, 4)) if seed % 2 else None,
            co2_cents_per_kg=20.0,
            fences=(Fence(name="not far", skus=("s1",), nodes=("n3",)),),
            priority=("n2", "n0"),
        ),
        nodes={
            n: {
                "orders_per_day": int(rng.integers(1, 6)) if rng.random() < 0.5 else None,
                "units_per_day": int(rng.integers(1, 8)) if rng.random() < 0.5 else None,
                "cents_per_shipment": int(rng.integers(0, 100)),
                "cents_per_unit": int(rng.integers(0, 30)),
            }
            for n in nodes
        },
        products={
            "s0": {"ships_alone": True, "grams": 400},
            "s2": {"grams": 700, "length_mm": 300, "width_mm": 200, "height_mm": 100},
        },
        order_fields={
            o: {
                "ship_complete": bool(rng.random() < 0.3),
                "promised_by": NOW + timedelta(days=int(rng.integers(1, 4))),
            }
            for o in names
        },
        service={"dim_divisor": 5_000, "grams_co2_per_kg_km": 0.3},
        transit_days={n: int(rng.integers(1, 4)) for n in nodes},
    )


def _soft_world(seed: int, orders: int = 6) -> World:
    """A random world under a policy with tiers, two fairness rules and two load steps."""
    world, rng = _random_world(seed, orders), np.random.default_rng([seed, 1])
    policy = {
        "tiers": {"gold": 3.0, "basic": 0.75},
        "promised_factor": 1.2,
        "fairness": (
            Fairness(by="channel", most_short=0.2, cents=700),
            Fairness(by="region", most_short=0.1, cents=900, digits=5),
        ),
        "load": (LoadStep(beyond=0.0, cents=60), LoadStep(beyond=0.5, cents=200, nodes=("n0",))),
    }
    columns = {
        name: np.array([str(rng.choice(choices)) for _ in range(orders)], object)
        for name, choices in (("tier", ["gold", "basic", ""]), ("channel", ["web", "app"]))
    }
    return world.replace(
        orders=world.orders.replace(**columns),
        scenario=world.scenario.model_copy(
            update={"policy": world.policy.model_copy(update=policy)}
        ),
    )


def _random_prices(problem: Problem, seed: int) -> Prices:
    """Prices in 1/1024 cent; about half of them nothing."""
    rng = np.random.default_rng(seed)

    def some(size: int) -> Any:
        return rng.integers(0, 60_000, size) * (rng.random(size) < 0.5) / 1024

    return Prices(*(some(len(column)) for column in Prices.zero(problem)))


def _solve(world: World, name: str, limits: Limits | None = None) -> tuple[Plan, Answer]:
    """Solve a world by the solver of that name and let `evaluate` judge the answer."""
    problem, legend = compile_world(world, threads=1)
    answer = solver(name)(problem, limits or Limits(threads=1, gap=0.0))
    return evaluate(world, shipped(world, problem, legend, answer.decisions)), answer


@pytest.fixture(scope="session")
def world() -> Callable[..., World]:
    return _world


@pytest.fixture(scope="session")
def random_world() -> Callable[..., World]:
    return _random_world


@pytest.fixture(scope="session")
def soft_world() -> Callable[..., World]:
    return _soft_world


@pytest.fixture(scope="session")
def random_problem() -> Callable[..., Problem]:
    """The function of random_problems.py, which cannot be imported: tests are no package."""
    path = Path(__file__).with_name("random_problems.py")
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(Callable[..., Problem], module.random_problem)


@pytest.fixture(scope="session")
def random_prices() -> Callable[[Problem, int], Prices]:
    return _random_prices


@pytest.fixture(scope="session")
def solve() -> Callable[..., tuple[Plan, Answer]]:
    return _solve


@pytest.fixture(scope="session")
def compiled() -> Callable[..., tuple[Problem, Legend]]:
    return compile_world


@pytest.fixture(params=list(SOLVERS))
def name(request: pytest.FixtureRequest) -> str:
    """Every solver's name."""
    return str(request.param)
