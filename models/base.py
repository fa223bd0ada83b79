"""What every value shares: frozen documents, scalar types with their units, the errors.

Money is integer cents, weight grams, length millimetres, distance kilometres. A time is
aware at the edge (pydantic refuses naive ones) and integer minutes since 1970-01-01 UTC
inside.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """A frozen document: validated once, compared by value, changed by copying."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


Name = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=500)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Postcode = Annotated[str, Field(max_length=16)]
Cents = Annotated[int, Field(ge=0, le=10**9)]
SignedCents = Annotated[int, Field(ge=-(10**9), le=10**9)]
Grams = Annotated[int, Field(ge=0, le=10**8)]
Millimetres = Annotated[int, Field(ge=0, le=10**6)]
Minutes = Annotated[int, Field(ge=0, le=60 * 24 * 365)]
Days = Annotated[int, Field(ge=0, le=365)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Units = Annotated[int, Field(ge=1, le=10**6)]
Kilometres = Annotated[float, Field(ge=0, le=25_000, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class OmnisourceError(Exception):
    """The root of every error that Omnisource raises on purpose."""


class UnusableInput(OmnisourceError):
    """The input cannot be used: the message says what is wrong, where, and what to do."""


class Unavailable(UnusableInput):
    """The database cannot be reached or written just now; try again, with the same key."""


class BrokenPlan(OmnisourceError):
    """A plan breaks a rule or misstates its bill: a fault of a solver, never of the user."""
