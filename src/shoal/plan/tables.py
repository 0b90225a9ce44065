"""The other tables of a plan: zones, places, period, privacy, publication, cleaning, movement, statistics."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from shoal._complaints import at
from shoal._fields import AsText, Positive, Table, Text, as_tuple, exact, four, one_line, spdx
from shoal.plan.source import MAX_EPSILON_SYNTHETIC

Unit = Literal["day", "week", "month"]
ZonesKind = Literal["h3", "polygons", "points"]
PLACE: Final = "place"
"""The key of named places in `by`, where a statistic is counted by them instead of by zones."""


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
