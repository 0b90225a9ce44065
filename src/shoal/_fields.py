"""How the values of a plan are read: numbers exactly as they were typed, tables that hold nothing unknown."""

import math
from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer


def exact(most: Fraction, least: Fraction = Fraction(0)) -> BeforeValidator:
    """Read 0.1 as one tenth, as it was typed, not as the nearest binary float."""

    def check(value: object) -> Fraction:
        number = Fraction(0)
        if isinstance(value, (int, float, str, Fraction)) and not isinstance(value, bool):
            try:
                # a long exponent would be written out in full before it could be refused
                number = Fraction(str(value)) if len(str(value).lower().partition("e")[2]) <= 4 else Fraction(-1)
            except ValueError:
                number = Fraction(-1)
        if not least < number <= most:
            raise ValueError(f"must be a number above {float(least):g} and at most {float(most):g}, got {value!r}")
        return number

    return BeforeValidator(check)


def four(value: object) -> object:
    if isinstance(value, list) and len(value) == 4 and all(type(v) in (int, float) for v in value):
        numbers = tuple(float(v) for v in value)
        if all(math.isfinite(v) for v in numbers):
            return numbers
    raise ValueError("must be four numbers: [west, south, east, north] in degrees")


def as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


AsText = PlainSerializer(str, return_type=str)
Positive = Annotated[Fraction, exact(Fraction(10**9)), AsText]
Text = Annotated[str, Field(min_length=1)]


class Table(BaseModel):
    """A table of the plan: frozen, and nothing in it that Shoal does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
