"""The plan's table [sensitive]: which list of sensitive places is applied, and how; or why there is none."""

from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from shoal._complaints import at
from shoal._fields import AsText, Table, Text, as_tuple, exact

SensitiveClass = Literal[
    "reproductive-health",
    "mental-health",
    "lgbtq",
    "migration",
    "shelter",
    "medical",
    "children",
    "religion",
    "justice",
    "politics",
    "military",
    "adult",
]
"""Classes of sensitive places; `shoal.sensitive.classes` says what belongs to each."""

MIN_BUFFER, BUFFER, MAX_BUFFER = 100, Fraction(533), Fraction(50_000)
"""Metres around a sensitive place. Fixes of phones are off by tens of metres, and a point stands somewhere on its
grounds: with less than 100 m records from the place itself would stay in."""


class Sensitive(Table):
    """Sensitive places, near which no record is used; or why there is no list of them."""

    file: Text | None = None
    """The list, relative to the plan, as `shoal sensitive convert` makes it."""
    none: Text | None = None
    """Why there is no list. Published."""
    buffer: Annotated[Fraction, exact(MAX_BUFFER), AsText] = BUFFER
    """Metres around places that are points."""
    classes: Annotated[tuple[SensitiveClass, ...], BeforeValidator(as_tuple), Field(min_length=1)] | None = None
    """Those of the list that count; default: all."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.file is None) == (self.none is None):
            what = "is missing; name the list, or" if self.file is None else "stands beside `none`; name a list or"
            raise at("file", f"{what} say with `none` why there is none")
        said = (("buffer", self.buffer != BUFFER), ("classes", self.classes is not None))
        if surplus := [key for key, there in said if there and self.none]:
            raise at(surplus[0], "means nothing where there is no list")
        if self.buffer < MIN_BUFFER:
            raise at("buffer", f"must be at least {MIN_BUFFER} metres: fixes of phones are off by that; "
                     f"got {float(self.buffer):g}")  # fmt: skip
        return self
