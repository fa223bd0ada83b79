"""A place to deliver to or to look around, on the map."""

from omnisource.models.base import Country, Latitude, Longitude, Postcode, Text, Value


class Place(Value):
    """Where somebody is, and how that is known."""

    lat: Latitude
    lon: Longitude
    country: Country | None = None  # None: only the coordinates are known
    postcode: Postcode = ""
    known_by: Text = "its coordinates"
