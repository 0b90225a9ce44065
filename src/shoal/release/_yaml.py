"""Writing YAML: maps, lists of text, text, whole numbers and floats. Nothing else is needed, and nothing is read.

Text on one line is a quoted JSON string, which YAML 1.2 reads as the same text (section 1.3 of the specification);
text of several lines is a literal block.
"""

import json
from collections.abc import Mapping, Sequence

Value = str | int | float | Sequence[str] | Mapping[str, "Value"]


def dump(tree: Mapping[str, Value], indent: int = 0) -> str:
    """`tree` as YAML, each line `indent` spaces in. Raises `ValueError` for text that has no form here."""
    return "".join(f"{' ' * indent}{key}:{_value(value, indent)}" for key, value in tree.items())


def _value(value: Value, indent: int) -> str:
    if isinstance(value, Mapping):
        return "\n" + dump(value, indent + 2)
    if isinstance(value, str):
        return _text(value, indent + 2)
    if isinstance(value, (int, float)):
        return f" {_number(value)}\n"
    return "\n" + "".join(f"{' ' * (indent + 2)}- {_quoted(item)}\n" for item in value)


def _text(text: str, indent: int) -> str:
    if "\n" not in text:
        return f" {_quoted(text)}\n"
    lines = text.split("\n")
    if not all(line.isprintable() for line in lines) or not lines[0].strip() or lines[0][0] == " " or not lines[-1]:
        raise ValueError("a text block must be printable lines, the first not indented, the last not empty")
    return " |-\n" + "".join(f"{' ' * indent}{line}".rstrip() + "\n" for line in lines)


def _quoted(text: str) -> str:
    if not text.isprintable():
        raise ValueError("text must be printable")
    return json.dumps(text, ensure_ascii=False)


def _number(value: float) -> str:
    """As JSON, but with a point: YAML 1.1 takes 1e-08 for text."""
    text = json.dumps(value, allow_nan=False)
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text
