"""What is written as YAML is read back as the same values, by a reader that is not ours."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.release._yaml import Value, dump

yaml: Any = pytest.importorskip("yaml", reason="PyYAML, which comes with pre-commit")

_PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=30)
_BLOCK = st.lists(_PRINTABLE.map(str.strip).filter(bool), min_size=2, max_size=4).map("\n".join)


@given(
    text=_PRINTABLE,
    block=_BLOCK,
    whole=st.integers(-(10**9), 10**9),
    number=st.floats(allow_nan=False, allow_infinity=False),
    items=st.lists(_PRINTABLE, min_size=1, max_size=3),
)
def test_a_reader_finds_the_same_values(text: str, block: str, whole: int, number: float, items: list[str]) -> None:
    inner: dict[str, Value] = {"text": text, "block": block, "whole": whole, "number": number, "items": items}
    tree: dict[str, Value] = {**inner, "inner": {**inner, "innermost": inner}, "last": text}
    assert yaml.safe_load(dump(tree)) == tree


def test_a_small_number_stays_a_number() -> None:
    assert dump({"delta": 1e-8, "epsilon": 1.0, "tier": 3}) == "delta: 1.0e-08\nepsilon: 1.0\ntier: 3\n"


@pytest.mark.parametrize(
    "value",
    ["bell\x07", " indented\nmore", "\nafter nothing", "before nothing\n", "a\n\x1b[31m", float("nan"), ["two\nlines"]],
    ids=repr,
)
def test_what_has_no_form_is_refused(value: Value) -> None:
    with pytest.raises(ValueError, match=r"printable|JSON"):
        dump({"key": value})
