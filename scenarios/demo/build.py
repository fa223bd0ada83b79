"""Write the bundled demonstration anew: `python -m omnisource.scenarios.demo.build`.

Small enough to read, and hard where rules fail: a sixth of the lines find the place that is
cheapest for them too small, a few stores and one warehouse can send fewer orders than they are
best for, baskets are larger than what one node holds, and a dropshipper has part of it all.
"""

from pathlib import Path

from omnisource.orchestrator.synthetic.generate import Generated, generate

FOLDER = Path(__file__).parent


def build(folder: Path = FOLDER) -> Generated:
    """Write the scenario folder; the same bytes each time."""
    return generate(
        folder,
        orders=300,
        nodes=14,
        skus=80,
        seed=7,
        name="demo",
        summary="A night of a small retailer: two warehouses, eleven stores, one dropshipper.",
        lines_per_order=2.4,
        large=0.0,
        reach=8,
        contested=0.16,
        scarcity=1.3,
    )


if __name__ == "__main__":
    build()
