"""The plan: one TOML file that says all, read into a frozen, checked object.

Whatever can be refused without opening a record or a zone file is refused here, in one sentence that names the
file, the line and the key. `../docs/plan.md` is the reference of every key.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from shoal import _toml
from shoal._complaints import at, place, sentence
from shoal._fields import AsText, Positive, Table, Text, as_tuple, exact, four, one_line, spdx
from shoal._sensitive import Sensitive
from shoal.errors import PlanError

Unit = Literal["day", "week", "month"]
ZonesKind = Literal["h3", "polygons", "points"]
Purpose = Literal[
    "transport planning",
    "public transport operation",
    "urban planning",
    "official statistics",
    "population statistics",
    "tourism statistics",
    "epidemic response",
    "disaster response",
    "emergency preparedness",
    "environmental assessment",
    "retail and service location planning",
    "urban research",
    "mobility research",
]
"""Purposes about places and populations. There is no other, and none about a person."""

Collected = Literal["unstated", "app", "mobile network", "cards", "vehicles", "survey", "auction", "simulation"]
"""How the records came about. Those of advertising auctions need evidence of consent for the plan's purpose."""

MAX_EPSILON, MAX_EPSILON_SYNTHETIC = 10, 1000
PLACE: Final = "place"
"""The key of named places in `by`, where a statistic is counted by them instead of by zones."""


class Columns(Table):
    """Ours = theirs. A source of points needs device, time, lat, lon; one of trips device, start, end and its ends."""

    device: Text
    time: Text | None = None
    lat: Text | None = None
    lon: Text | None = None
    accuracy: Text | None = None
    start: Text | None = None
    end: Text | None = None
    origin: Text | None = None
    destination: Text | None = None
    start_lat: Text | None = None
    start_lon: Text | None = None
    end_lat: Text | None = None
    end_lon: Text | None = None


_KEPT_COLUMNS = {
    "points": ("device", "time", "lat", "lon"),
    "trips": ("device", "start", "end", "origin", "destination"),
}


class Basis(Table):
    """By whose authority, under which law and for what the records are used. No basis, no release."""

    controller: Annotated[Text, AfterValidator(one_line)]
    legal_basis: Annotated[Text, AfterValidator(one_line)]
    purpose: Purpose
    assessment: Text | None = None
    """A file, relative to the plan (a data-protection impact assessment); its hash is published."""
    expires: date | None = None
    """Last day on which the basis holds."""
    collected: Collected = "unstated"
    consent: Text | None = None
    """A file, relative to the plan: the evidence that the people in the records agreed; its hash is published."""
    consent_purpose: Purpose | None = None
    """What they agreed to."""
    consent_expires: date | None = None
    """Last day on which the evidence counts."""
    retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    """Days after the end of a unit for which records of it may be kept."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        for key in ("expires", "consent_expires"):
            if type(getattr(self, key)) not in (date, type(None)):
                raise at(key, "is a date such as 2027-03-31, without a time")
        if self.consent is None and (self.consent_purpose is not None or self.consent_expires is not None):
            key = "consent_purpose" if self.consent_purpose is not None else "consent_expires"
            raise at(key, "says something of evidence that is not named; name its file in `consent`")
        if self.consent is not None and self.consent_purpose is None:
            raise at("consent", "needs `consent_purpose` beside it: what people agreed to, in the words of `purpose`")
        return self


class Source(Table):
    """Where the records are, what their columns are called, and the account that they draw from."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    kind: Literal["points", "trips"]
    files: Annotated[tuple[Text, ...], BeforeValidator(as_tuple)] = ()
    """Files and patterns, relative to the plan; with Spark any address that it reads. Either these or `table`."""
    table: Text | None = None
    """Name of a table in Spark's catalogue."""
    kept: bool = False
    """true: what `shoal keep` kept of this source, instead of files."""
    timezone: Text
    synthetic: bool = False
    time_unit: Literal["s", "ms", "us"] | None = None
    """Unit of times that are whole numbers."""
    encoding: Text = "utf-8"
    """Of CSV files."""
    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """Of CSV files."""
    max_bad_rows: Annotated[Fraction, exact(Fraction(1)), AsText] = Fraction(1, 5)
    """Share of rows that may be unusable before the release stops."""
    cap: Annotated[Fraction, exact(Fraction(MAX_EPSILON_SYNTHETIC)), AsText] | None = None
    """Epsilon that one device may lose in one unit over all plans; fixed when the source is first used."""
    year_cap: Annotated[Fraction, exact(Fraction(100 * MAX_EPSILON_SYNTHETIC)), AsText] | None = None
    """Epsilon that all units of a calendar year may spend together, over all plans; fixed like `cap`. Default: twelve
    times what `cap` is in rho. A limit on how much is published; the unit of privacy is not a year."""
    columns: Columns
    basis: Basis

    @property
    def max_epsilon(self) -> int:
        return MAX_EPSILON_SYNTHETIC if self.synthetic else MAX_EPSILON

    @property
    def account_cap(self) -> Fraction:
        return self.cap if self.cap is not None else Fraction(self.max_epsilon)

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @model_validator(mode="before")
    @classmethod
    def _without_columns(cls, tables: Any) -> Any:
        """Kept records have our names: a plan over them need not say any."""
        if isinstance(tables, dict) and tables.get("kept") is True and "columns" not in tables:
            return {**tables, "columns": {name: name for name in _KEPT_COLUMNS.get(str(tables.get("kind")), ())}}
        return tables

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kept and (self.files or self.table is not None):
            raise at("kept", "stands beside `files` or `table`; records come either from there or from what is kept")
        if not self.files and self.table is None and not self.kept:
            empty = "files" in self.model_fields_set
            raise at("files", "must not be empty" if empty else "is missing; say where the records are")
        if self.table is not None and "files" in self.model_fields_set:
            raise at("table", "stands beside `files`; records come either from files or from a table, not both")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise at("timezone", f"{self.timezone!r} is no IANA time zone such as 'Europe/Vienna'") from None
        have = {name for name, value in self.columns if value is not None}
        ends = ({"origin", "destination"}, {"start_lat", "start_lon", "end_lat", "end_lon"})
        if self.kind == "points":
            need, may = {"device", "time", "lat", "lon"}, {"accuracy"}
        else:
            coordinates = bool(have & ends[1])
            need, may = {"device", "start", "end"} | ends[coordinates], set[str]()
        if missing := sorted(need - have):
            raise at("columns", f"a source of {self.kind} needs {', '.join(missing)} too")
        if surplus := sorted(have - need - may):
            raise at(f"columns.{surplus[0]}", f"means nothing in a source of {self.kind} with these columns")
        if self.cap is not None and self.cap > self.max_epsilon:
            raise at("cap", f"must be at most {self.max_epsilon}, got {float(self.cap):g}")
        if self.year_cap is not None and self.year_cap < self.account_cap:
            raise at("year_cap", f"is below the cap of one unit, {float(self.account_cap):g}; raise it or lower `cap`")
        return self


class Zones(Table):
    """The public places that numbers are about."""

    kind: ZonesKind
    resolution: Annotated[int, Field(ge=0, le=15)] | None = None
    area: Text | None = None
    bbox: Annotated[tuple[float, float, float, float], BeforeValidator(four)] | None = None
    """west, south, east, north in degrees."""
    file: Text | None = None
    layer: Text | None = None
    """Of a GeoPackage with several."""
    id: Text = "id"
    name: Text | None = None
    parent: Text | None = None
    lat: Text = "lat"
    lon: Text = "lon"
    encoding: Text = "utf-8"
    """Of a CSV file of points."""
    within: Positive | None = None
    """points: metres beyond which a record belongs to no point; default: any distance."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind == "h3":
            if self.resolution is None:
                raise at("resolution", "is missing; H3 zones need a resolution from 0 to 15")
            if (self.area is None) == (self.bbox is None):
                raise at("area", "H3 zones need either `area` (a file) or `bbox` = [w, s, e, n], one of them")
            if self.file is not None:
                raise at("file", "means nothing for H3 zones; the area goes into `area`")
        else:
            if self.file is None:
                raise at("file", f"is missing; {self.kind} zones come from a file")
            for key in ("resolution", "area", "bbox"):
                if getattr(self, key) is not None:
                    raise at(key, f"means nothing for {self.kind} zones")
        if self.within is not None and self.kind != "points":
            raise at("within", f"means nothing for {self.kind} zones")
        if self.bbox is not None:
            west, south, east, north = self.bbox
            if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
                raise at("bbox", "must be [west, south, east, north] in degrees with west < east and south < north")
        return self


class Places(Table):
    """Named places beside the zones, such as markets, schools and stations; public as they are."""

    file: Text
    """Polygons, in any format that zones of the kind `polygons` are read from."""
    layer: Text | None = None
    """Of a GeoPackage with several."""
    id: Text = "id"
    name: Text | None = None
    category: Text | None = None


class Period(Table):
    """Local dates, `end` exclusive, in whole units of privacy."""

    start: date
    end: date
    unit: Unit

    @model_validator(mode="after")
    def _check(self) -> Self:
        if type(self.start) is not date or type(self.end) is not date:
            raise at("start", "start and end are dates such as 2026-03-02, without a time")
        if self.start >= self.end:
            raise at("end", f"must be after start, {self.start}; the end is exclusive")
        if not date(1990, 1, 1) <= self.start or self.end > date(2100, 1, 1):
            raise at("start", "must lie between 1990 and 2100")
        days = (self.end - self.start).days
        if days > 1100:
            raise at("end", f"the period is {days} days long; at most 1100 are possible in one release")
        if self.unit == "week" and days % 7:
            raise at("end", f"the period is {days} days, which is not whole weeks; move `end` or choose another unit")
        if self.unit == "month" and (self.start.day != 1 or self.end.day != 1):
            raise at("end", "a period in months starts and ends on the first of a month; move it or change `unit`")
        return self

    def unit_starts(self) -> tuple[date, ...]:
        """First local day of each unit of privacy, ascending."""
        starts = [self.start]
        while (following := next_unit(starts[-1], self.unit)) < self.end:
            starts.append(following)
        return tuple(starts)


def next_unit(start: date, unit: Unit) -> date:
    """First day of the unit after the one that begins on `start`."""
    if unit == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if unit == "week" else 1)


class Privacy(Table):
    """What one device may lose in one unit, over all statistics of the plan together."""

    epsilon: Annotated[Fraction, exact(Fraction(MAX_EPSILON_SYNTHETIC)), AsText]
    delta: Annotated[Fraction, exact(Fraction(1, 10**5)), AsText] = Fraction(1, 10**8)
    """Chance that the guarantee fails: keep it far below one over the number of devices."""


class Publication(Table):
    """On which terms the release is published, and whom to name."""

    licence: Annotated[str, AfterValidator(spdx)] = "CC-BY-4.0"
    """An identifier of the SPDX list, or LicenseRef-... for terms of the publisher's own."""
    attribution: Annotated[Text, AfterValidator(one_line)] | None = None
    """Whom to name; default: the controller."""


class Cleaning(Table):
    """Which records are not believed."""

    max_accuracy: Positive = Fraction(200)
    """Metres; a record that says it is less accurate is dropped."""
    max_speed: Positive = Fraction(80)
    """Metres a second from the last record that was kept."""


class Movement(Table):
    """When a device stays, when it moves, when nobody knows."""

    stay_radius: Positive = Fraction(200)
    """Metres."""
    stay_minutes: Positive = Fraction(20)
    max_gap_minutes: Positive = Fraction(120)
    """A longer silence is `unknown`, neither presence nor part of a stay."""


class Statistic(Table):
    """One statistic of the plan; what it means is said by its file in `shoal.statistics`."""

    share: Positive = Fraction(1)
    """Of the plan's budget, relative to the other statistics."""
    bound: Annotated[Fraction, exact(Fraction(10**6)), AsText] | None = None
    """Norm to which a device's whole vector over one unit is held; default: the statistic's, from public knowledge."""
    total_bound: Annotated[Fraction, exact(Fraction(10**6)), AsText] | None = None
    """The same for the totals by region and over all, which tell what `bound` took away; at least as large."""
    by: Annotated[tuple[Text, ...], BeforeValidator(as_tuple)] | None = None
    """Keys: the statistic's places, `class` where it has classes, at most one of hour, daypart, day, week, weekday."""
    resolution: Literal["auto"] | None = None
    """auto: each area at the finest level whose interval is within `target`; zones that are too small are merged."""
    target: Annotated[Fraction, exact(Fraction(1)), AsText] | None = None
    """Of `resolution = "auto"`: half an interval over its number, at most; default 1/10."""
    max_km: Positive | None = None
    """flows, catchment: pairs of zones further apart (centre to centre) are not measured."""


_LATER = ("total_bound", "resolution", "target")
"""Keys of a statistic that plans did not have at first."""
_LATER_BASIS = ("expires", "collected", "consent", "consent_purpose", "consent_expires", "retention_days")
"""Likewise of `[source.basis]`."""


class Plan(Table):
    """A whole plan. Make one with `Plan.load`."""

    source: Source
    zones: Zones
    places: Places | None = None
    sensitive: Sensitive | None = None
    period: Period
    privacy: Privacy
    publication: Publication = Publication()
    cleaning: Cleaning = Cleaning()
    movement: Movement = Movement()
    statistics: Mapping[str, Statistic] = Field(min_length=1)
    file: Path = Field(exclude=True, repr=False)
    lines: Mapping[str, int] = Field(default_factory=dict, exclude=True, repr=False)

    @classmethod
    def load(cls, file: str | Path) -> Self:
        """Read and check the plan in `file`. Raises `PlanError`: one sentence with file, line and key."""
        file = Path(file)
        tables, lines = _toml.read(file)
        tables.pop("file", None), tables.pop("lines", None)
        try:
            return cls.model_validate({**tables, "file": file, "lines": lines})
        except ValidationError as error:
            raise sentence(error, cls, file, lines) from None

    @model_validator(mode="after")
    def _check(self) -> Self:
        most = self.source.max_epsilon
        if self.privacy.epsilon > most:
            kind = "a synthetic source" if self.source.synthetic else "real records"
            raise at("privacy.epsilon", f"must be at most {most} for {kind}, got {float(self.privacy.epsilon):g}")
        if self.privacy.epsilon > self.source.account_cap:
            raise at("privacy.epsilon", f"is above the account's cap of {float(self.source.account_cap):g}")
        if self.places is not None and self.source.kind == "trips":
            raise at(
                "places", "need a source of points, for of a trip only the zones of its ends are kept; remove them"
            )
        return self

    @property
    def folder(self) -> Path:
        """Folder of the plan; its relative paths start here."""
        return self.file.parent

    def error(self, key: str, message: str) -> PlanError:
        """A `PlanError` about `key` (dotted), with the file and, where known, the line."""
        return place(self.file, self.lines, key, message)

    def public(self) -> dict[str, Any]:
        """The plan as plain JSON values, without what describes the input (files, columns, ...). May be published."""
        secret = {"files", "table", "kept", "columns", "encoding", "separator", "time_unit"}
        return self._known_again(self.model_dump(mode="json", exclude={"source": secret}))

    def digest(self) -> str:
        """SHA-256 of `public` in canonical JSON, as hexadecimal text. Public."""
        return _digest(self.public())

    def full_digest(self) -> str:
        """SHA-256 of everything the plan says, the input's description too. Secret: for the key of a request only."""
        tables = self._known_again(self.model_dump(mode="json"))
        for name in ("table", "kept"):
            if not getattr(self.source, name):
                del tables["source"][name]
        return _digest(tables)

    def _known_again(self, tables: dict[str, Any]) -> dict[str, Any]:
        """`tables` without what came to the plan later and is not used: a plan is the same, whenever first asked."""
        for name in ("places", "sensitive"):
            if getattr(self, name) is None:
                del tables[name]
        if self.source.year_cap is None:
            del tables["source"]["year_cap"]
        basis = self.source.basis
        for name in _LATER_BASIS:
            if getattr(basis, name) == Basis.model_fields[name].default:
                del tables["source"]["basis"][name]
        if self.publication == Publication():
            del tables["publication"]
        for wish in tables["statistics"].values():
            for name in _LATER:
                if wish[name] is None:
                    del wish[name]
        return tables


def _digest(tables: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(tables, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
