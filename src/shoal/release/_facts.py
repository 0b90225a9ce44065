"""What every part of a manifest is made of: a frozen model that knows no more keys than its own, and exact values."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable text on one line")
    return text


def as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Text = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_printable)]
Ids = Annotated[tuple[Text, ...], BeforeValidator(as_tuple)]
Sentences = Annotated[tuple[Text, ...], BeforeValidator(as_tuple)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FractionText = Annotated[str, Field(pattern=r"^[0-9]{1,1500}(/[1-9][0-9]{0,1499})?$")]
"""An exact number, as `str(Fraction)` writes it. No exponents: "1e999999999" would fill the memory of who reads it."""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
TableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}(\.(region|all|origin|destination|home|zone))?$")]
Finite = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=2**62)]


class FactsBase(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    later: ClassVar[Mapping[str, object]] = {}
    """Facts that came later, and their value where there is nothing to say."""

    @model_serializer(mode="wrap")
    def _without_what_is_not(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Facts that came later are not written where there is nothing to say: older manifests stay canonical."""
        facts: dict[str, Any] = write(self)
        for name, empty in self.later.items():
            if getattr(self, name) == empty:
                facts.pop(name, None)  # a caller may have left it out
        return facts
