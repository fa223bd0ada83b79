from pathlib import Path

import numpy as np
import pytest

from omnisource.orchestrator.folder.load import load
from omnisource.orchestrator.synthetic.generate import Generated
from omnisource.scenarios.german.build import build

ORDERS = 20_000


@pytest.fixture(scope="module")
def german(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Generated]:
    folder = tmp_path_factory.mktemp("german")
    return folder, build(data, folder, orders=ORDERS, seed=1)


def test_the_german_folder_loads_without_a_complaint(german: tuple[Path, Generated]) -> None:
    loaded = load(german[0])
    assert loaded.rejected == 0
    assert loaded.world.nodes.rows == 5 + 3_223 + 20
    assert loaded.world.lines.rows == round(2.25 * ORDERS)


def test_a_tenth_of_the_lines_find_their_cheapest_cell_too_small(
    german: tuple[Path, Generated],
) -> None:
    assert german[1].facts["overflow"] >= 0.10


def test_a_product_lies_at_sixty_nodes_on_average(german: tuple[Path, Generated]) -> None:
    stock = german[1].tables["stock"]
    assert stock.height / stock["sku"].n_unique() == pytest.approx(60, rel=0.01)


def test_the_parcel_prices_are_those_of_the_carriers(german: tuple[Path, Generated]) -> None:
    tariffs = german[1].tables["tariffs"]
    cents = {
        name: tariffs.filter(service=name)["cents"].to_list()
        for name in ("dhl-paket", "dpd-classic", "dhl-express")
    }
    assert cents == {
        "dhl-paket": [549, 699, 1049, 1899, 2399],
        "dpd-classic": [439, 499, 640, 990],
        "dhl-express": [1200, 1500, 1600],
    }


def test_customers_live_where_people_live(german: tuple[Path, Generated]) -> None:
    orders = german[1].tables["orders"]
    berlin = orders["postcode"].str.contains("^1[0-4]").to_numpy()  # 4.2 of 80 million in 2011
    assert float(np.mean(berlin)) == pytest.approx(0.065, abs=0.025)
