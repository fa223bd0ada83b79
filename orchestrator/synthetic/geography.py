"""Where customers and nodes are: postcode places, real or scattered around cities.

A synthetic country has Germany's extent. `CITIES` are real (rounded centre, inhabitants in
thousands, first two digits of the postcode); the places around them are made up: a postcode
belongs to a city with probability ∝ inhabitants. 65 % of them lie within the city (normal,
σ = 4 … 12 km, growing with √inhabitants), 35 % in the country around it (normal, σ = 45 km).
A place's weight, its share of all customers, is log-normal (σ = 0.6).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omnisource.solvers.routes.direct import distances_km

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KM_A_DEGREE: Final = 111.195  # of latitude
BLOCK: Final = 500  # places measured at a time

CITIES: Final = (  # name, latitude, longitude, thousands of inhabitants, postcode area
    ("Berlin", 52.520, 13.405, 3645, "10"),
    ("Hamburg", 53.551, 9.994, 1841, "20"),
    ("München", 48.137, 11.575, 1472, "80"),
    ("Köln", 50.938, 6.960, 1086, "50"),
    ("Frankfurt am Main", 50.110, 8.682, 753, "60"),
    ("Stuttgart", 48.776, 9.183, 635, "70"),
    ("Düsseldorf", 51.228, 6.773, 619, "40"),
    ("Leipzig", 51.340, 12.375, 598, "04"),
    ("Dortmund", 51.514, 7.468, 588, "44"),
    ("Essen", 51.456, 7.012, 583, "45"),
    ("Bremen", 53.079, 8.802, 569, "28"),
    ("Dresden", 51.051, 13.738, 556, "01"),
    ("Hannover", 52.376, 9.732, 536, "30"),
    ("Nürnberg", 49.452, 11.077, 518, "90"),
    ("Duisburg", 51.435, 6.763, 499, "47"),
    ("Wuppertal", 51.256, 7.151, 355, "42"),
    ("Bielefeld", 52.030, 8.533, 334, "33"),
    ("Bonn", 50.737, 7.098, 330, "53"),
    ("Münster", 51.961, 7.626, 315, "48"),
    ("Mannheim", 49.487, 8.466, 309, "68"),
    ("Karlsruhe", 49.007, 8.404, 308, "76"),
    ("Augsburg", 48.371, 10.898, 296, "86"),
    ("Wiesbaden", 50.083, 8.240, 278, "65"),
    ("Mönchengladbach", 51.195, 6.442, 261, "41"),
    ("Braunschweig", 52.269, 10.521, 249, "38"),
    ("Aachen", 50.775, 6.084, 248, "52"),
    ("Kiel", 54.323, 10.123, 247, "24"),
    ("Chemnitz", 50.828, 12.921, 244, "09"),
    ("Halle", 51.483, 11.970, 238, "06"),
    ("Magdeburg", 52.131, 11.640, 236, "39"),
    ("Freiburg", 47.999, 7.842, 231, "79"),
    ("Mainz", 50.000, 8.271, 217, "55"),
    ("Lübeck", 53.869, 10.687, 216, "23"),
    ("Erfurt", 50.978, 11.029, 213, "99"),
    ("Rostock", 54.092, 12.100, 209, "18"),
    ("Kassel", 51.313, 9.497, 202, "34"),
    ("Potsdam", 52.391, 13.064, 182, "14"),
    ("Saarbrücken", 49.240, 6.997, 180, "66"),
    ("Oldenburg", 53.144, 8.214, 169, "26"),
    ("Osnabrück", 52.280, 8.047, 165, "49"),
    ("Regensburg", 49.013, 12.102, 153, "93"),
    ("Ingolstadt", 48.766, 11.426, 138, "85"),
    ("Würzburg", 49.791, 9.953, 127, "97"),
    ("Ulm", 48.401, 9.988, 126, "89"),
    ("Göttingen", 51.541, 9.916, 116, "37"),
    ("Cottbus", 51.756, 14.333, 99, "03"),
    ("Schwerin", 53.636, 11.401, 96, "19"),
)


@dataclass(frozen=True, eq=False)
class Places:
    """Postcodes with a centre: where demand comes from."""

    country: str
    postcode: list[str]  # (P,)
    name: list[str]  # (P,) the city
    lat: Floats  # (P,) degrees
    lon: Floats  # (P,) degrees
    weight: Floats  # (P,) share of the customers, sums to 1


def kilometres(lat: Floats, lon: Floats, to_lat: Floats, to_lon: Floats) -> Floats:
    """Return the great-circle distances, (P, Q) km, from P points to Q points.

    >>> berlin, munich = np.array([[52.52], [13.405]]), np.array([[48.137], [11.575]])
    >>> float(kilometres(*berlin, *munich)[0, 0])
    504.3
    """
    shape = len(lat), len(to_lat)
    pairs = [np.repeat(x, shape[1]) for x in (lat, lon)] + [
        np.tile(x, shape[0]) for x in (to_lat, to_lon)
    ]
    return np.asarray(distances_km(*pairs), dtype=np.float64).reshape(shape)


def synthetic_places(rng: np.random.Generator, count: int) -> Places:
    """Scatter `count` postcodes around the cities, as the module's docstring says."""
    people = np.array([city[3] for city in CITIES], dtype=np.float64)
    city = np.sort(rng.choice(len(CITIES), size=count, p=people / people.sum()))
    spread = np.where(rng.random(count) < 0.65, 4 + 8 * np.sqrt(people[city] / people.max()), 45.0)
    north, east = rng.normal(0, spread), rng.normal(0, spread)  # km
    lat = np.array([c[1] for c in CITIES])[city] + north / KM_A_DEGREE
    lon = np.array([c[2] for c in CITIES])[city] + east / KM_A_DEGREE / np.cos(np.radians(lat))
    weight = rng.lognormal(0, 0.6, count)
    return Places(
        country="DE",
        postcode=_postcodes(city),
        name=[CITIES[c][0] for c in city],
        lat=lat.round(5),
        lon=lon.round(5),
        weight=weight / weight.sum(),
    )


def _postcodes(city: Ints) -> list[str]:
    """Number the places of each city, which stand together, from 000 on in its postcode area."""
    serial = np.arange(len(city)) - np.searchsorted(city, city)
    return [f"{CITIES[c][4]}{n:03d}" for c, n in zip(city, serial, strict=True)]


def distances(places: Places, lat: Floats, lon: Floats) -> NDArray[np.float32]:
    """Return the distances, (P, Q) km, from each place to each of Q points."""
    out = np.empty((len(places.lat), len(lat)), dtype=np.float32)
    for first in range(0, len(out), BLOCK):
        rows = slice(first, first + BLOCK)
        out[rows] = kilometres(places.lat[rows], places.lon[rows], lat, lon)
    return out
