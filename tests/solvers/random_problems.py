"""Small random nights: few orders, scarce stock, weight steps, limits, closed nodes."""

import numpy as np

from omnisource.solvers.compile.world import with_menus
from omnisource.solvers.problem import NEVER, UNLIMITED, Problem, Soft, Ways


def random_soft(seed: int, orders: int, nodes: int) -> Soft:
    """Return low thresholds, some nodes with two steps, some orders outside the second rule."""
    rng = np.random.default_rng([seed, 1])
    node = np.flatnonzero(rng.random(2 * nodes) < 0.7) % nodes
    group = np.stack([rng.integers(0, 2, orders), rng.integers(2, 5, orders)], axis=1)
    group[rng.random(orders) < 0.3, 1] = -1
    return Soft(
        load_node=node,
        load_from=rng.integers(0, 3, len(node)),
        load_cents=rng.integers(20, 400, len(node)),
        group=group.astype(np.int32),
        group_free=rng.integers(0, 3, 5),
        group_cents=rng.integers(100, 2_000, 5),
    )


def random_problem(
    seed: int, *, orders: int = 4, lines: int = 3, units: int = 3, soft: bool = False
) -> Problem:
    """Return a night of up to so many lines an order and units a line, with soft costs or not."""
    rng = np.random.default_rng(seed)
    nodes, skus, services = int(rng.integers(2, 5)), int(rng.integers(2, 6)), 2
    stocked = [(n, s) for n in range(nodes) for s in range(skus) if rng.random() < 0.75]
    cell_of = {pair: r for r, pair in enumerate(stocked)}
    stock = rng.integers(0, 4, len(stocked))
    step_grams, step_cents, zones = [UNLIMITED], [0], []
    for _ in range(3):
        zones.append(len(step_grams))
        grams = np.sort(rng.integers(300, 5_000, 3))
        step_grams += [*grams.tolist(), UNLIMITED]
        step_cents += [*np.sort(rng.integers(100, 900, 3)).tolist(), NEVER]
    row: dict[str, list[int]] = {name: [] for name in ("order_line", "order_candidate", "units")}
    row |= {name: [] for name in ("sku", "node", "pair_start", "cell", "cap", "rate", "way_start")}
    way: dict[str, list[float]] = {name: [] for name in ("service", "steps", "late", "bits", "co2")}
    row["order_line"].append(0)
    row["order_candidate"].append(0)
    for _ in range(orders):
        basket = rng.permutation(skus)[: rng.integers(1, min(lines, skus) + 1)]
        asked = rng.integers(1, units + 1, len(basket))
        row["units"] += asked.tolist()
        row["sku"] += basket.tolist()
        for n in range(nodes):
            cells = [cell_of.get((n, int(s)), -1) for s in basket]
            if rng.random() < 0.1 or all(r < 0 or stock[r] == 0 for r in cells):
                continue
            row["pair_start"].append(len(row["cell"]))
            row["way_start"].append(len(way["service"]))
            row["node"].append(n)
            for r, q in zip(cells, asked, strict=True):
                r = r if r >= 0 and stock[r] > 0 else -1
                row["cell"].append(r)
                row["cap"].append(min(int(q), int(stock[r])) if r >= 0 else 0)
                row["rate"].append(int(rng.integers(-20, 60)))
            for v in range(services):
                way["service"].append(v)
                way["steps"].append(zones[rng.integers(3)])
                way["late"].append(int(rng.integers(0, 3)))
                way["bits"].append(int(rng.integers(0, 4)))
                way["co2"].append(float(rng.random() * 0.02))
        row["order_line"].append(len(row["units"]))
        row["order_candidate"].append(len(row["node"]))
    row["pair_start"].append(len(row["cell"]))
    row["way_start"].append(len(way["service"]))
    total, sku = len(row["units"]), np.array(row["sku"])
    fence = rng.integers(0, 4, skus) & rng.integers(0, 4, skus)
    ints = {name: np.array(column, np.int64) for name, column in row.items()}
    return with_menus(
        Problem(
            order_line=ints["order_line"],
            order_candidate=ints["order_candidate"],
            max_shipments=np.where(rng.random(orders) < 0.6, UNLIMITED, rng.integers(1, 4, orders)),
            complete=rng.random(orders) < 0.2,
            placed_at=rng.permutation(orders).astype(np.int64),
            large=np.zeros(orders, bool),
            units=ints["units"],
            shortage=np.full(total, 1_500),
            late=np.full(total, 40),
            grams=rng.integers(100, 2_500, skus)[sku],
            mm3=rng.integers(0, 8, skus)[sku] * 1e6,
            alone=(rng.random(skus) < 0.15)[sku],
            line_fences=fence[sku].astype(np.uint64),
            kit=np.full(total, -1),
            kit_units=np.ones(total, np.int64),
            kit_parcel=np.zeros(total, bool),
            node=ints["node"].astype(np.int32),
            km=rng.integers(1, 900, len(row["node"])) * 1.0,
            pair_start=ints["pair_start"],
            ways=Ways(
                start=ints["way_start"],
                service=np.array(way["service"], np.int16),
                steps=np.array(way["steps"], np.int32),
                days_late=np.array(way["late"], np.int16),
                arrives=np.array(way["late"], np.int32) * 1440,
                fences=np.array(way["bits"], np.uint64),
                co2=np.array(way["co2"]),
                step_grams=np.array(step_grams, np.int64),
                step_cents=np.array(step_cents, np.int64),
                dim_divisor=np.array([5_000.0, 0.0, 0.0]),
            ),
            cell=ints["cell"].astype(np.int32),
            cap=ints["cap"].astype(np.int32),
            rate=ints["rate"].astype(np.int32),
            menu_start=np.zeros(len(row["node"]) + 1, np.int64),
            menu_cost=np.zeros(0, np.int64),
            menu_content=np.zeros(0, np.int32),
            menu_way=np.zeros(0, np.int32),
            stock=stock.astype(np.int64),
            cell_node=np.array([n for n, _ in stocked], np.int32),
            cell_sku=np.array([s for _, s in stocked], np.int32),
            node_orders=np.where(rng.random(nodes) < 0.5, UNLIMITED, rng.integers(0, 4, nodes)),
            node_units=np.where(rng.random(nodes) < 0.5, UNLIMITED, rng.integers(0, 6, nodes)),
            per_shipment=rng.integers(0, 200, nodes),
            soft=random_soft(seed, orders, nodes) if soft else Soft.none(orders),
            rank=rng.permutation(nodes).astype(np.int64),
            weights=np.array([0.4, 0.3, 0.2, 0.1]),
        ),
        threads=1,
    )
