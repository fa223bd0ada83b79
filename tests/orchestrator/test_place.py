"""Where a place lies that somebody names."""

from datetime import UTC, datetime

import pytest

import omnisource as om
from omnisource.orchestrator.checkout.place import place

NOW = datetime(2025, 3, 10, 9, tzinfo=UTC)


def order(name: str, postcode: str, *where: float, country: str = "DE") -> om.Order:
    lat, lon = where or (None, None)
    return om.Order(order=name, placed_at=NOW, country=country, postcode=postcode, lat=lat, lon=lon)


@pytest.fixture
def world() -> om.World:
    """A store in 10115 and orders around it; one order has no coordinates."""
    return om.world_of(
        om.Scenario(name="tiny", now=NOW),
        nodes=[
            om.Node(node="A", kind="store", country="DE", postcode="10115", lat=52.0, lon=13.0),
            om.Node(node="B", kind="store", country="DE", postcode="80331", lat=48.0, lon=11.0),
        ],
        orders=[
            order("o1", "10115", 52.2, 13.2),
            order("o2", "10119", 53.0, 14.0),
            order("o3", "10999", 54.0, 15.0),
            order("o4", "10435"),
            order("o5", "SW1A 1AA", 51.5, -0.1, country="GB"),
        ],
        products=[om.Product(sku="apple", grams=100)],
        lines=[om.Line(order=f"o{i}", line="1", sku="apple", units=1) for i in range(1, 6)],
        services=[om.Service(service="post", kind="parcel")],
        deliveries=[
            om.Delivery(
                shipment="s1",
                node="A",
                service="post",
                placed_at=NOW,
                country="FR",
                postcode="75001",
                lat=48.9,
                lon=2.3,
            )
        ],
    )


@pytest.mark.parametrize(
    ("text", "lat", "lon"),
    [("52.5,13.4", 52.5, 13.4), (" -33.9 , 151.2 ", -33.9, 151.2), ("+1,-2.", 1.0, -2.0)],
)
def test_coordinates_are_taken_as_they_are(
    world: om.World, text: str, lat: float, lon: float
) -> None:
    assert place(world, text) == om.Place(lat=lat, lon=lon)


@pytest.mark.parametrize(
    ("text", "where", "known_by"),
    [
        ("DE-10115", (52.1, 13.1), "2 places known at DE-10115"),
        ("de-80331", (48.0, 11.0), "1 place known at DE-80331"),
        ("DE-10111", (52.2, 13.2), "3 places known at DE-1011…"),
        ("DE-10435", (52.6, 13.6), "4 places known at DE-10…"),
        ("DE-1", (52.6, 13.6), "4 places known at DE-1…"),
        ("GB-sw1a1aa", (51.5, -0.1), "1 place known at GB-sw1a1aa"),
        ("FR-75002", (48.9, 2.3), "1 place known at FR-7500…"),
        ("GB-SW1 2AB", (51.5, -0.1), "1 place known at GB-SW1…"),
    ],
)  # fmt: skip
def test_a_postcode_lies_amid_what_is_known_at_its_longest_known_beginning(
    world: om.World, text: str, where: tuple[float, float], known_by: str
) -> None:
    found = place(world, text)
    assert (found.lat, found.lon) == pytest.approx(where)
    assert found.known_by == known_by
    assert found.country == text[:2].upper()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DE-20095", "nobody knows where DE-20095 is"),
        ("FR-10115", "give LAT,LON instead"),
        ("Berlin", "'Berlin' is no place: give COUNTRY-POSTCODE such as DE-10115, or LAT,LON"),
        ("10115", "is no place"),
        ("DE-", "is no place"),
        ("91,13", "91,13 is not on the globe"),
        ("52.5,181", "not on the globe"),
    ],
)
def test_what_cannot_be_placed_is_refused_with_what_to_give(
    world: om.World, text: str, said: str
) -> None:
    with pytest.raises(om.UnusableInput, match=said):
        place(world, text)
