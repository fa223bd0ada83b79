"""Where a place lies that somebody names: COUNTRY-POSTCODE, or LAT,LON.

There is no gazetteer: a postcode lies where the scenario's own nodes, orders and deliveries with
that postcode lie, at the median of their coordinates. Where there is none, the longest beginning
of the postcode that any of them shares is taken instead, down to its first character: 10115, then
1011…, 101…, 10…, 1…. `Place.known_by` says which it was. Case, blanks and hyphens do not count.
"""

import re
from typing import Final

import numpy as np
import polars as pl
from pydantic import ValidationError

from omnisource.models.base import UnusableInput
from omnisource.models.place import Place
from omnisource.models.world import Table, World
from omnisource.orchestrator.report.words import count

NUMBER: Final = r"([+-]?\d+(?:\.\d*)?)"
COORDINATES: Final = re.compile(rf"{NUMBER}\s*,\s*{NUMBER}")
POSTCODE: Final = re.compile(r"([A-Za-z]{2})-(.*\w.*)")


def place(world: World, text: str) -> Place:
    """Return where a text lies: COUNTRY-POSTCODE or LAT,LON.

    Raises:
        UnusableInput: it is neither, or nothing is known near that postcode.
    """
    if found := COORDINATES.fullmatch(text.strip()):
        return at(float(found[1]), float(found[2]))
    if found := POSTCODE.fullmatch(text.strip()):
        return placed(world, found[1].upper(), found[2].strip())
    raise UnusableInput(
        f"{text!r} is no place: give COUNTRY-POSTCODE such as DE-10115, or LAT,LON such as "
        "52.52,13.40"
    )


def at(lat: float, lon: float) -> Place:
    """Return the place of those coordinates.

    Raises:
        UnusableInput: they are not on the globe.
    """
    try:
        return Place(lat=lat, lon=lon)
    except ValidationError:
        raise UnusableInput(
            f"{lat:g},{lon:g} is not on the globe: latitude −90 … 90 first, then longitude "
            "−180 … 180, in degrees"
        ) from None


def placed(world: World, country: str, postcode: str) -> Place:
    """Return where a postcode lies, as the module says.

    Raises:
        UnusableInput: nothing in the country is known at any postcode that begins like it.
    """
    known = pl.concat([_known(table, country) for table in _tables(world)])
    wanted = re.sub(r"[\s-]", "", postcode).upper()
    exact = known.filter(pl.col("postcode") == wanted)
    if exact.height:
        said = f"{count(exact.height, 'place')} known at {country}-{postcode}"
        return _middle(exact, country, postcode, said)
    for length in range(len(wanted), 0, -1):
        near = known.filter(pl.col("postcode").str.starts_with(wanted[:length]))
        if near.height:
            said = f"{count(near.height, 'place')} known at {country}-{wanted[:length]}…"
            return _middle(near, country, postcode, said)
    raise UnusableInput(
        f"nobody knows where {country}-{postcode} is: no node, order or delivery of the scenario "
        f"lies in {country} at a postcode that begins so; give LAT,LON instead"
    )


def _tables(world: World) -> tuple[Table, ...]:
    return world.nodes, world.orders, world.deliveries


def _known(table: Table, country: str) -> pl.DataFrame:
    """Return postcode, lat and lon of the rows of a country that have all three."""
    here = table["country"] == country
    postcode = pl.Series("postcode", table["postcode"][here].tolist(), pl.String)
    frame = pl.DataFrame([postcode.str.replace_all(r"[\s-]", "").str.to_uppercase()]).with_columns(
        pl.Series(name, table[name][here], pl.Float64) for name in ("lat", "lon")
    )
    return frame.filter(pl.col("postcode") != "", pl.col("lat").is_not_nan())


def _middle(rows: pl.DataFrame, country: str, postcode: str, said: str) -> Place:
    lat, lon = (float(np.median(rows[name].to_numpy())) for name in ("lat", "lon"))
    return Place(lat=lat, lon=lon, country=country, postcode=postcode, known_by=said)
