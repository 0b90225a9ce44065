"""How the values of a plan are read: numbers exactly as they were typed, tables that hold nothing unknown."""

import math
import re
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


def one_line(text: str) -> str:
    """Text that is published: printable, on one line, not longer than a manifest holds."""
    if not text.isprintable() or len(text) > 4000:
        raise ValueError("must be printable text on one line, at most 4,000 characters")
    return text


def spdx(text: str) -> str:
    """One licence identifier of SPDX (Annex "SPDX license expressions": letters, digits, `-` and `.`)."""
    if not re.fullmatch(r"(?=[A-Za-z0-9.-]{1,64}\Z)[A-Za-z0-9]+([.-][A-Za-z0-9]+)*", text):
        raise ValueError(
            "must be one SPDX identifier such as 'CC-BY-4.0', 'CC0-1.0' or 'ODbL-1.0', or 'LicenseRef-' and a name "
            f"for a licence of your own, got {text!r:.80}"
        )
    return text


def as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


AsText = PlainSerializer(str, return_type=str)
Positive = Annotated[Fraction, exact(Fraction(10**9)), AsText]
Text = Annotated[str, Field(min_length=1)]


class Table(BaseModel):
    """A table of the plan: frozen, and nothing in it that Shoal does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
