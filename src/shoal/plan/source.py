"""`[source]`: the records, their columns, and by whose authority they are used."""

from datetime import date
from fractions import Fraction
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from shoal._complaints import at
from shoal._fields import AsText, Table, Text, as_tuple, exact, one_line

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
