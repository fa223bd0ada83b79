"""What is sold: products, and the bundles that they are sold in."""

from typing import ClassVar

from pydantic import Field

from omnisource.models.base import Cents, Grams, Millimetres, Name, Text, Units
from omnisource.models.row import Row, SkuRef


class Product(Row):
    """A stock keeping unit."""

    KEY: ClassVar[tuple[str, ...]] = ("sku",)

    sku: Name = Field(description="The stock keeping unit; unique.")
    name: Text = Field("", description="What people call it.")
    category: Text = Field("", description="What fences may name.")
    grams: Grams = Field(description="Grams a unit, packed.")
    length_mm: Millimetres = Field(0, description="Longest side, mm; 0: not known.")
    width_mm: Millimetres = Field(0, description="Second side, mm; 0: not known.")
    height_mm: Millimetres = Field(0, description="Third side, mm; 0: not known.")
    price_cents: Cents = Field(0, description="List price, cents a unit.")
    ships_alone: bool = Field(
        False, description="Each unit travels in a parcel of its own, without other goods."
    )
    hazard: Text = Field("", description="Hazard class, which fences may name.")


class BundlePart(Row):
    """One product of a bundle."""

    KEY: ClassVar[tuple[str, ...]] = ("bundle", "sku")

    bundle: Name = Field(description="The bundle's name.")
    sku: SkuRef = Field(description="A product in it.")
    units: Units = Field(1, description="Units of the product in one bundle.")
