"""The data structure definition of a table for SDMX: which columns there are, and which codes they hold.

Dimensions are the keys, and TIME_PERIOD; the measure is the estimate; its interval, its status and whether it may be
published are attributes. Status and confidentiality are codes of SDMX's own lists; only those in use are given.

Source  SDMX 3.0, sdmx.org; code lists CL_OBS_STATUS 2.2 and CL_CONF_STATUS 1.2 of the SDMX Statistical Working Group
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from shoal.keys import CLASS, DAYPARTS, WEEKDAYS
from shoal.release import words
from shoal.release._grid import split_keys
from shoal.release.exports._notes import lines, notes
from shoal.release.read import Release, Table

if TYPE_CHECKING:
    from pysdmx.model import Codelist
    from pysdmx.model.dataflow import DataStructureDefinition

AGENCY: Final = "SHOAL"
TIME: Final = "TIME_PERIOD"
NORMAL, UNCERTAIN, SUPPRESSED = "A", "U", "Q"
FREE, WITHHELD = "F", "N"
OBS_STATUS: Final[Mapping[str, str]] = {
    NORMAL: "Normal value",
    UNCERTAIN: "Low reliability",
    SUPPRESSED: "Missing value; suppressed",
}
CONF_STATUS: Final[Mapping[str, str]] = {
    FREE: "Free (free for publication)",
    WITHHELD: "Not for publication, restricted for internal use only",
}
NUMBERS: Final[Mapping[str, tuple[str, str]]] = {
    "LOWER_95": ("lower", "Lower end of the 95 % interval of the observation"),
    "UPPER_95": ("upper", "Upper end of the 95 % interval of the observation"),
    "STDERR": ("stderr", "Standard deviation of what may be wrong with the observation"),
    "CONSISTENT": ("consistent", "Best single number to show: never negative, adds up"),
}
"""Attributes that are columns of the table."""
_CODE = re.compile(r"[A-Za-z0-9_@$-]+")
TIMES: Final = "TIME_PERIOD as SDMX writes it: hours as a start with its offset and a length, weeks by ISO 8601"


def dimension(key: str) -> str:
    """The dimension that a key column is."""
    return key.upper()


def code(value: str) -> str:
    """A class as a code: SDMX knows neither blanks nor plus signs there."""
    return re.sub(r"[^A-Za-z0-9_@$-]+", "_", value.replace("+", "_OR_MORE"))


def dimensions(table: Table) -> tuple[str, ...]:
    """Key columns that become dimensions of their own; hours, days and weeks become TIME_PERIOD."""
    _, time = split_keys(table.keys)
    return tuple(key for key in table.keys if key != time or time in ("daypart", "weekday"))


def structure(release: Release, table: Table) -> "DataStructureDefinition":
    """The definition. Its ids follow from the release and the statistic."""
    from pysdmx.model import Component, Components, DataType, Role
    from pysdmx.model.dataflow import DataStructureDefinition

    codes = _codes(release, table)
    unit = {words.unit(table.facts, release.manifest.source.kind): ""}
    attributes: dict[str, tuple[str, str, Any, Any]] = {
        "OBS_STATUS": ("Observation status", "O", None, _standard("CL_OBS_STATUS", "2.2", OBS_STATUS)),
        "CONF_STATUS": ("Confidentiality status", "O", None, _standard("CL_CONF_STATUS", "1.2", CONF_STATUS)),
        **{name: (text, "O", DataType.DOUBLE, None) for name, (_, text) in NUMBERS.items()},
        "UNIT_MEASURE": ("Unit of measure", "D", None, _list("CL_UNIT", {code(u).upper(): u for u in unit})),
        "PRIVACY": ("What is protected: differential privacy", "D", DataType.STRING, None),
    }
    components: list[Component] = [
        _component(dimension(key), key.capitalize(), Role.DIMENSION, None, codes[key]) for key in dimensions(table)
    ]
    components += [
        _component(TIME, "Time period", Role.DIMENSION, DataType.PERIOD, None),
        _component("OBS_VALUE", "Estimate, unbiased; may be negative", Role.MEASURE, DataType.DOUBLE, None),
    ]
    components += [
        _component(name, text, Role.ATTRIBUTE, kind, listed, level)
        for name, (text, level, kind, listed) in attributes.items()
    ]
    return DataStructureDefinition(
        id=f"{code(table.name)}_{release.id}",
        agency=AGENCY,
        version="1.0",
        name=f"{table.name} of {release.id}",
        description=lines(notes(release, table, TIMES)),
        components=Components(components),
    )


def artefacts(definition: "DataStructureDefinition") -> list[Any]:
    """The definition with all that it refers to, as they stand in one message."""
    from pysdmx.model.concept import Concept, ConceptScheme

    lists = {c.local_codes.id: c.local_codes for c in definition.components if c.local_codes is not None}
    scheme = ConceptScheme(
        id="CS_SHOAL",
        agency=AGENCY,
        version="1.0",
        name="Concepts of Shoal's tables",
        items=[c.concept for c in definition.components if isinstance(c.concept, Concept)],
    )
    return [*lists.values(), scheme, definition]


def _component(name: str, text: str, role: Any, kind: Any, codes: "Codelist | None", level: str | None = None) -> Any:
    from pysdmx.model import Component
    from pysdmx.model.concept import Concept

    urn = f"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept={AGENCY}:CS_SHOAL(1.0).{name}"
    concept = Concept(id=name, name=text, dtype=kind, urn=urn)
    required = name not in ("OBS_VALUE", *NUMBERS)  # a row that is suppressed has no number
    return Component(
        id=name,
        required=required,
        role=role,
        concept=concept,
        local_dtype=kind,
        local_codes=codes,
        attachment_level=level,
    )


def _codes(release: Release, table: Table) -> "dict[str, Codelist | None]":
    """The codes of each key; None where an id of a zone can't be a code."""
    zones = table.zones
    names = {zone: name or zone for zone, name in zip(zones.ids, zones.names, strict=True)}
    coded = all(_CODE.fullmatch(zone) for zone in names)
    listed: dict[str, Codelist | None] = {}
    for key in dimensions(table):
        match key:
            case "daypart":
                hours = {name: f"{name}, {span.start} to {span.stop} o'clock" for name, span in DAYPARTS.items()}
                listed[key] = _list("CL_DAYPART", hours)
            case "weekday":
                listed[key] = _list("CL_WEEKDAY", {day: day for day in WEEKDAYS})
            case _ if key == CLASS:
                labels: Sequence[str] = [c.label for c in table.facts.classes]
                listed[key] = _list(f"CL_CLASS_{code(table.facts.base)}", {code(label): label for label in labels})
            case _:
                kind = "PLACE" if table.facts.of_named_places else "ZONE"
                listed[key] = _list(f"CL_{kind}_{release.id}", names) if coded else None
    return listed


def _list(name: str, codes: Mapping[str, str]) -> "Codelist":
    from pysdmx.model import Code, Codelist

    items = [Code(id=each, name=text) for each, text in codes.items()]
    return Codelist(id=name, agency=AGENCY, version="1.0", name=name, items=items)


def _standard(name: str, version: str, codes: Mapping[str, str]) -> "Codelist":
    """Codes of one of SDMX's own lists; of each list only those that are used."""
    from pysdmx.model import Code, Codelist

    items = [Code(id=each, name=text) for each, text in codes.items()]
    return Codelist(id=name, agency="SDMX", version=version, name=name, items=items, is_partial=True)
