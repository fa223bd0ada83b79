"""Folders as they come: what is refused as a whole, what is rejected row by row."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnisource.models.base import UnusableInput
from omnisource.orchestrator.folder.load import Loaded, load, load_world, write_rejects

TABLES = {
    "nodes": "node,kind,lat,lon\nW,warehouse,50,8\nH,hub,51,9\n",
    "services": "service,kind\nstd,parcel\n",
    "zones": "service,zone,transit_days\nstd,A,2\n",
    "tariffs": "service,zone,up_to_grams,cents\nstd,A,1000,400\n",
    "products": "sku,grams\nA,100\nB,200\n",
    "stock": "node,sku,on_hand\nW,A,5\nW,B,5\n",
    "orders": "order,placed_at,country,postcode\n"
    "o1,2025-01-06T12:00:00Z,DE,10115\no2,2025-01-06 13:00+01:00,DE,01067\n",
    "lines": "order,line,sku,units\no1,1,A,1\no1,2,B,1\no2,1,A,2\n",
}
HEAD = 'name = "test"\n'
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Write a sound folder with other tables (text, bytes or frames; None: left out)."""

    def make(head: str = HEAD, **changes: Any) -> Path:
        (tmp_path / "scenario.toml").write_text(head)
        for table, content in {**TABLES, **changes}.items():
            if isinstance(content, pl.DataFrame):
                content.write_parquet(tmp_path / f"{table}.parquet")
            elif content is not None:
                data = content.encode() if isinstance(content, str) else content
                (tmp_path / f"{table}.csv").write_bytes(data)
        return tmp_path

    return make


def told(loaded: Loaded) -> list[tuple[str, int, str, str]]:
    """Return file, row, column and value of each reject; every row read is accounted for."""
    for table, count in loaded.counts.items():
        assert count.read == count.used + count.rejected, table
        rows = loaded.rejects.filter(pl.col("file").str.starts_with(f"{table}."))
        assert count.rejected == rows["row"].n_unique(), table
        assert count.used == getattr(loaded.world, table).rows, table
    return [tuple(row[:4]) for row in loaded.rejects.rows()]  # type: ignore[misc]


def reasons(loaded: Loaded) -> str:
    return "\n".join(loaded.rejects["reason"])


def test_the_folder_of_these_tests_is_sound(folder: Folder) -> None:
    assert told(load(folder(), strict=True)) == []


# refused as a whole


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nodes": None}, "nodes.csv is missing"),
        ({"zones": None}, "zones.csv is missing, and orders to be delivered need it"),
        ({"stock": ""}, "stock.csv: no header"),
        ({"stock": "\n\n"}, "stock.csv: no header"),
        ({"stock": "node,sku,on_hnd\n"}, "stock.csv: no column 'on_hnd'.*is it 'on_hand'"),
        ({"stock": "NODE,sku,on_hand\n"}, "no column 'NODE'.*is it 'node'"),
        ({"stock": "node,sku\n"}, "column 'on_hand' is missing"),
        ({"stock": "node,sku,sku,on_hand\n"}, "two columns are named 'sku'"),
        ({"stock": "node,sku,on_hand,,\n"}, "columns without a name"),
        ({"stock": "node;sku,on_hand\n"}, "both stand in the header"),
        ({"stock": "node,sku,on_hand\rW,A,5\r"}, "CR alone"),
        ({"stock": TABLES["stock"].encode("utf-16")}, "stock.csv: this is UTF-16"),
        ({"stock": TABLES["stock"].encode("utf-16-le")}, "stock.csv: this is UTF-16"),
        ({"products": b"sku,grams,name\nA,100,\nB,200,M\xfcsli\n"}, "line 3: byte 0xfc .*UTF-8"),
        ({"products": b'sku,grams,name\nA,100,"x"\nB,200,M\xfcsli\n'}, "line 3: byte 0xfc"),
        ({"nodes": "node;kind;lat;lon\nW;warehouse;50,1;8\nV;store;50.1;8\n"}, "mixed"),
    ],
)
def test_a_folder_is_refused_for(folder: Folder, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UnusableInput, match=said):
        load(folder(**changes))


def test_a_table_in_both_forms_is_refused(folder: Folder) -> None:
    path = folder()
    pl.DataFrame({"sku": ["A"], "grams": [1]}).write_parquet(path / "products.parquet")
    with pytest.raises(UnusableInput, match=r"both products.csv and products.parquet"):
        load(path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match=r"no scenario.toml; a scenario folder has one"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("", "name: it is missing"),
        ("name = ", "this is no TOML"),
        ('name = "x"\nsed = 1', "sed: there is no such key: is it 'seed'"),
        ('name = "x"\n[policy]\nlate_cent = 1', "policy.late_cent: there.*is it 'late_cents'"),
        ('name = "x"\n[[policy.fences]]\nname = "f"\nbeyond = 1', "policy.fences.0.beyond: there"),
        ('name = "x"\n[policy]\nshortage_cents = -1', "policy.shortage_cents: .*not -1"),
        ('name = "x"\nnow = 2025-01-06T18:00:00', "now: the time has no offset.*write 2025"),
    ],
)
def test_a_head_is_refused_for(folder: Folder, head: str, said: str) -> None:
    with pytest.raises(UnusableInput, match=r"scenario.toml: .*" + said):
        load(folder(head=head))


# rejected row by row


@pytest.mark.parametrize(
    ("table", "row", "reject"),
    [
        ("stock", "W,A,-1", ("on_hand", "-1", "below 0")),
        ("stock", "W,A,many", ("on_hand", "many", "not a whole number")),
        ("stock", "W,A,1.5", ("on_hand", "1.5", "not a whole number")),
        ("stock", 'W,A,"1,000"', ("on_hand", "1,000", "thousands separators")),
        ("stock", "W,A,1.000", ("on_hand", "1.000", "thousands separators")),
        ("stock", "W,A,99999999999999999999", ("on_hand", "9" * 20, "not a whole number")),
        ("stock", "W,A,", ("on_hand", "", "missing")),
        ("stock", "H,A,1", ("node", "H", "a hub keeps no stock")),
        ("stock", "w,A,1", ("node", "w", "no node of that name in nodes")),
        ("stock", "W,C,1", ("sku", "C", "no sku of that name in products")),
        ("stock", "W,B,1", ("sku", "B", "the same node and sku as in an earlier row")),
        ("stock", "W,A", ("", "W,A", "2 fields where the header has 3")),
        ("stock", "W,A,1,", ("", "W,A,1,", "4 fields where the header has 3")),
        ("stock", "W,A\0,1", ("", "W,A\0,1", "NUL")),
        ("nodes", "V,shop,1,1", ("kind", "shop", "none of warehouse, store, dropshipper, hub")),
        ("nodes", "V,store,91,1", ("lat", "91", "above 90")),
        ("nodes", "V,store,nan,1", ("lat", "nan", "not a number")),
        ("nodes", 'V,store,"50,5",1', ("lat", "50,5", "not a number")),
        ("zones", "std,B,2", ("zone", "B", "no tariff step in that zone")),
        ("tariffs", "std,A,1000,4", ("up_to_grams", "1000", "the same service and zone and up")),
        ("orders", "o3,2025-01-06T12:00:00,DE,1", ("placed_at", "2025-01-06T12:00:00", "offset")),
        ("orders", "o3,2025-02-30T12:00Z,DE,1", ("placed_at", "2025-02-30T12:00Z", "not a time")),
        ("orders", "o3,2025-01-06T12:00Z,de,1", ("country", "de", "two capital letters")),
        ("orders", "o3,2025-01-06T12:00Z,,1", ("country", "", "country is needed")),
        ("orders", "o3,2025-01-06T12:00Z,DE,1", ("order", "o3", "it has no line")),
        ("lines", "o2,2,A,0", ("units", "0", "below 1")),
        ("lines", "o2,1,B,1", ("line", "1", "the same order and line")),
        ("lines", "o9,1,B,1", ("order", "o9", "no order of that name in orders")),
    ],
)
def test_a_row_is_rejected_for(
    folder: Folder, table: str, row: str, reject: tuple[str, str, str]
) -> None:
    loaded = load(folder(**{table: TABLES[table] + row + "\n"}))
    place = TABLES[table].count("\n") + 1
    column, value, reason = reject
    assert told(loaded) == [(f"{table}.csv", place, column, value)]
    assert reason in reasons(loaded)


def test_a_row_of_several_problems_lists_them_all(folder: Folder) -> None:
    loaded = load(folder(nodes=TABLES["nodes"] + "V,shop,99,x\n"))
    assert [column for _, _, column, _ in told(loaded)] == ["kind", "lat", "lon"]
    assert loaded.counts["nodes"].rejected == 1


def test_a_time_zone_and_a_calendar_must_be_known(folder: Folder) -> None:
    nodes = "node,kind,lat,lon,timezone,calendar\nW,warehouse,50,8,Europe/Berlin,DE-BY\n"
    loaded = load(folder(nodes=nodes + "V,store,1,1,Berlin,\nU,store,1,1,,XX\n"))
    assert told(loaded) == [
        ("nodes.csv", 3, "timezone", "Berlin"),
        ("nodes.csv", 4, "calendar", "XX"),
    ]


def test_lines_of_a_rejected_order_are_rejected_with_it(folder: Folder) -> None:
    orders = TABLES["orders"].replace("o2,2025-01-06 13:00+01:00", "o2,yesterday")
    loaded = load(folder(orders=orders))
    assert told(loaded) == [
        ("orders.csv", 3, "placed_at", "yesterday"),
        ("lines.csv", 4, "order", "o2"),
    ]
    assert "its order was rejected" in reasons(loaded)
    assert loaded.world.lines["order"].tolist() == [0, 0]


def test_an_order_whose_lines_were_all_rejected_is_rejected(folder: Folder) -> None:
    lines = TABLES["lines"].replace("o1,1,A,1", "o1,1,A,0").replace("o1,2,B", "o1,2,C")
    loaded = load(folder(lines=lines))
    assert ("orders.csv", 2, "order", "o1") in told(loaded)
    assert "no line of it can be used" in reasons(loaded)
    assert loaded.world.orders["order"].tolist() == ["o2"]
    assert loaded.world.lines["order"].tolist() == [0]


def test_the_first_sound_row_of_a_key_counts(folder: Folder) -> None:
    stock = "node,sku,on_hand\nW,A,-1\nW,A,7\nW,A,8\nW,B,1\n"
    loaded = load(folder(stock=stock))
    assert [row for _, row, _, _ in told(loaded)] == [2, 4]
    assert loaded.world.stock["on_hand"].tolist() == [7, 1]


def test_quoted_line_breaks_do_not_break_row_numbers(folder: Folder) -> None:
    products = 'sku,grams,name\nA,100,"two\nlines, ""quoted"""\n\nB,200,\nC,-1,\n'
    loaded = load(folder(products=products))
    assert told(loaded) == [("products.csv", 6, "grams", "-1")]
    assert loaded.world.products["name"].tolist() == ['two\nlines, "quoted"', ""]


def test_a_stray_quotation_mark_costs_its_own_row_only(folder: Folder) -> None:
    products = 'sku,grams,name\nA,100,5" pipe\nB,200,"x"\nC,1,"never closed\nD,1,\nA,3,\n'
    loaded = load(folder(products=products))
    assert told(loaded) == [
        ("products.csv", 2, "", 'A,100,5" pipe'),
        ("products.csv", 4, "", 'C,1,"never closed'),
    ]
    assert loaded.world.products["sku"].tolist() == ["B", "D", "A"]


# accepted


def test_a_byte_order_mark_and_windows_lines_are_accepted(folder: Folder) -> None:
    stock = TABLES["stock"].replace("\n", "\r\n")
    assert load(folder(stock="\ufeff" + stock)).world.stock["on_hand"].tolist() == [5, 5]
    quoted = stock.replace("W,B", 'W,"B"')
    assert load(folder(stock="\ufeff" + quoted)).world.stock["on_hand"].tolist() == [5, 5]


@pytest.mark.parametrize("ending", ["", "\n", "\n\n\n", "\n,,\n,,\n", "\r\n\r\n"])
def test_empty_lines_are_passed_over(folder: Folder, ending: str) -> None:
    loaded = load(folder(stock=TABLES["stock"].rstrip("\n") + ending), strict=True)
    assert loaded.counts["stock"].read == 2


def test_spaces_around_a_value_do_not_count(folder: Folder) -> None:
    loaded = load(folder(stock="node , sku,on_hand\n W,A , 5\nW,  B,5\n"))
    assert told(loaded) == []
    assert loaded.world.stock["sku"].tolist() == [0, 1]


def test_a_whole_number_may_look_like_a_spreadsheets(folder: Folder) -> None:
    loaded = load(folder(stock="node,sku,on_hand\nW,A,3.0\nW,B,+4\n"))
    assert loaded.world.stock["on_hand"].tolist() == [3, 4]


def test_semicolons_and_decimal_commas_are_read_and_said(folder: Folder) -> None:
    loaded = load(folder(nodes="node;kind;lat;lon;safety\nW;warehouse;50,25;8;1\nH;hub;51;-9,5;\n"))
    assert told(loaded) == []
    assert loaded.world.nodes["lat"].tolist() == [50.25, 51.0]
    assert loaded.warnings == ("nodes.csv: decimal commas were read in lat, lon",)


def test_thousands_in_a_file_of_semicolons_are_rejected(folder: Folder) -> None:
    products = "sku;grams\nA;100\nB;200\nC;1.000\nD;1.000,0\nE;1,000\n"
    loaded = load(folder(products=products))
    assert [row for _, row, _, _ in told(loaded)] == [4, 5, 6]


def test_tabs_separate_too(folder: Folder) -> None:
    loaded = load(folder(stock=TABLES["stock"].replace(",", "\t")), strict=True)
    assert loaded.world.stock["on_hand"].tolist() == [5, 5]


@pytest.mark.parametrize("text", ["TRUE", "yes", "1", "t", "On"])
def test_flags_are_read_in_any_case(folder: Folder, text: str) -> None:
    products = f"sku,grams,ships_alone\nA,100,{text}\nB,200,\n"
    assert load(folder(products=products)).world.products["ships_alone"].tolist() == [True, False]


@pytest.mark.parametrize(
    "text",
    ["2025-01-06T12:00:00Z", "2025-01-06 13:00+0100", "2025-01-06t12:00:59.999z",
     "2025-01-06T07:00:30-05:00"],
)  # fmt: skip
def test_times_are_read_with_their_offset(folder: Folder, text: str) -> None:
    loaded = load(folder(orders=TABLES["orders"].replace("2025-01-06T12:00:00Z", text)))
    assert loaded.world.orders["placed_at"].tolist() == [28_936_080, 28_936_080]


def test_a_header_alone_will_do(folder: Folder) -> None:
    bare = {table: TABLES[table].split("\n")[0] for table in ("stock", "orders", "lines")}
    loaded = load(folder(**bare, services=None, zones=None, tariffs=None))
    assert loaded.world.orders.rows == 0
    assert loaded.counts["stock"].read == 0
    assert "zones" not in loaded.counts


# Parquet

WHEN = datetime.fromisoformat("2025-01-06T12:00:00+00:00")
ORDERS = {"order": ["o1", "o2"], "country": ["DE", "DE"], "postcode": ["1", "2"]}


def test_parquet_brings_its_types(folder: Folder) -> None:
    times = pl.Series("placed_at", [WHEN, WHEN]).dt.convert_time_zone("Asia/Tokyo")
    stock = pl.DataFrame({"node": ["W", "W"], "sku": ["A", "B"], "on_hand": [3.0, float("nan")]})
    lines = {"order": ["o1", "o2"], "line": ["1", "1"], "sku": ["A", "A"], "units": [1.5, 2.0]}
    loaded = load(
        folder(
            orders=pl.DataFrame({**ORDERS, "placed_at": times}),
            stock=stock.with_columns(pl.col("node").cast(pl.Categorical)),
            lines=pl.DataFrame(lines),
        )
    )
    assert told(loaded) == [
        ("stock.parquet", 2, "on_hand", ""),
        ("lines.parquet", 1, "units", "1.5"),
        ("orders.parquet", 1, "order", "o1"),
    ]
    assert loaded.world.orders["placed_at"].tolist() == [28_936_080]


def test_parquet_times_without_zone_and_numbers_as_names_are_refused(folder: Folder) -> None:
    naive = pl.Series("placed_at", [WHEN.replace(tzinfo=None)] * 2)
    path = folder(orders=pl.DataFrame({**ORDERS, "placed_at": naive}))
    with pytest.raises(UnusableInput, match=r"orders.parquet, column placed_at.*time zone"):
        load(path)
    pl.DataFrame({**ORDERS, "placed_at": [WHEN, WHEN], "tier": [1, 2]}).write_parquet(
        path / "orders.parquet"
    )
    with pytest.raises(UnusableInput, match=r"orders.parquet, column tier.*leading zeros"):
        load(path)
    (path / "orders.parquet").write_text("order")
    with pytest.raises(UnusableInput, match=r"orders.parquet: this is no Parquet file"):
        load(path)


# what is said about it


def test_strict_refuses_what_would_be_rejected(folder: Folder) -> None:
    path = folder(stock=TABLES["stock"] + "W,C,1\n")
    with pytest.raises(UnusableInput, match=r"1 row[^\n]*\n(.*\n)*stock.csv, row 4, sku: 'C'"):
        load(path, strict=True)
    with pytest.warns(UserWarning, match="1 row"):
        assert load_world(path).stock.rows == 2


def test_services_without_zones_and_strange_files_are_said(folder: Folder) -> None:
    path = folder(services="service,kind\nstd,parcel\nfast,express\ntruck,transfer\n")
    (path / "order.csv").write_text("x")
    said = load(path).warnings
    assert said == (
        "order.csv is not read: it is no table: is it 'orders'?",
        "service 'fast' delivers nowhere: no rule in zones names it",
    )


def test_rejects_are_written_for_spreadsheets(folder: Folder) -> None:
    loaded = load(folder(stock=TABLES["stock"] + "W,C,1\n"))
    write_rejects(loaded, folder() / "rejects.csv.out")
    text = (folder() / "rejects.csv.out").read_text()
    assert text.splitlines()[0] == "file,row,column,value,reason"
    assert text.splitlines()[1].startswith("stock.csv,4,sku,C,no sku of that name in products")
    assert not list(folder().glob(".*"))
    assert "stock: 3 rows read, 2 used, 1 rejected" in loaded.summary()
