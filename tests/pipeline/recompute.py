"""The four statistics, recomputed from the files and the public definitions alone: slow, plain, and sharing no code.

Written from the interface and docs/definitions.md. Nothing of Shoal is imported.
"""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from zoneinfo import ZoneInfo

import h3
import polars as pl

Record = tuple[int, float, float]
GAP, STAY, RADIUS, SPEED = 7200, 1200, 200.0, 80.0


def metres(a: Record, b: Record) -> float:
    lat1, lon1, lat2, lon2 = (radians(v) for v in (a[1], a[2], b[1], b[2]))
    h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371000 * asin(sqrt(h))


class Recomputed:
    """presence (zone, local hour) -> seconds; visits (zone, day); flows (origin, destination); residents zone."""

    def __init__(self, records: str, zones: set[str], resolution: int, zone_info: ZoneInfo, days: list[date]) -> None:
        self.zones, self.resolution, self.tz = zones, resolution, zone_info
        self.presence: Counter[tuple[str, datetime]] = Counter()
        self.visits: Counter[tuple[str, date]] = Counter()
        self.flows: Counter[tuple[str, str]] = Counter()
        self.residents: Counter[str] = Counter()
        start = self._instant(days[0])
        frame = pl.read_parquet(records).filter(pl.col("accuracy") <= 200)
        frame = frame.with_columns(pl.col("time").dt.epoch("s").alias("second"))
        end = self._instant(days[-1] + timedelta(days=1))
        frame = frame.filter((pl.col("second") >= start) & (pl.col("second") < end))
        for (_,), own in frame.group_by(["device"]):
            by_day: defaultdict[date, set[Record]] = defaultdict(set)
            for second, lat, lon in own.select("second", "lat", "lon").iter_rows():
                by_day[datetime.fromtimestamp(second, self.tz).date()].add((second, lat, lon))
            for day, found in by_day.items():  # one device over one unit (here a day) is a row of its own
                self._row(sorted(found), self._instant(day), self._instant(day + timedelta(days=1)))

    def _instant(self, day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=self.tz).timestamp())

    def _zone(self, record: Record) -> str | None:
        cell = h3.latlng_to_cell(record[1], record[2], self.resolution)
        return cell if cell in self.zones else None

    def _row(self, found: list[Record], unit_start: int, unit_end: int) -> None:
        once = [r for i, r in enumerate(found) if i == 0 or r[0] != found[i - 1][0]]
        kept = once[:1]
        for r in once[1:]:
            if metres(kept[-1], r) <= SPEED * (r[0] - kept[-1][0]):
                kept.append(r)
        zones = [self._zone(r) for r in kept]
        spans = self._spans([r[0] for r in kept], unit_start, unit_end)
        for (begin, finish), zone in zip(spans, zones, strict=True):
            for second_begin, second_end in self._hours(begin, finish):
                if zone is not None:
                    hour = datetime.fromtimestamp(second_begin, self.tz).replace(minute=0, second=0)
                    self.presence[zone, hour] += second_end - second_begin
        stays = self._stays(kept, spans, zones)
        nights: Counter[str] = Counter()
        for _, _, begin, finish, zone in stays:
            if zone is None:
                continue
            self.visits[zone, datetime.fromtimestamp(begin, self.tz).date()] += 1
            for second_begin, second_end in self._hours(begin, min(finish, unit_end)):
                if not 7 <= datetime.fromtimestamp(second_begin, self.tz).hour < 22:
                    nights[zone] += second_end - second_begin
        if nights:
            home, time = min(nights.items(), key=lambda item: (-item[1], item[0]))
            if time >= 3 * 3600:
                self.residents[home] += 1
        for (_, last, _, leaves, origin), (head, _, _, _, destination) in pairwise(stays):
            silence = max(b[0] - a[0] for a, b in zip(kept[last:head], kept[last + 1 : head + 1], strict=True))
            if silence <= GAP and origin is not None and destination is not None:
                assert unit_start <= leaves < unit_end
                self.flows[origin, destination] += 1

    def _hours(self, begin: int, finish: int) -> list[tuple[int, int]]:
        """[begin, finish) cut at full hours (no clock changes in these tests)."""
        cuts = [begin, *range(begin - begin % 3600 + 3600, finish, 3600), finish]
        return list(pairwise(cuts)) if begin < finish else []

    def _spans(self, times: list[int], unit_start: int, unit_end: int) -> list[tuple[int, int]]:
        spans = []
        for i, t in enumerate(times):
            before = t - times[i - 1] if i else 10**9
            after = times[i + 1] - t if i + 1 < len(times) else 10**9
            begin = times[i - 1] + before // 2 if before <= GAP or before < 600 else t - 300
            finish = t + after // 2 if after <= GAP or after < 600 else t + 300
            spans.append((max(begin, unit_start), min(finish, unit_end)))
        return spans

    def _stays(
        self, kept: list[Record], spans: list[tuple[int, int]], zones: list[str | None]
    ) -> list[tuple[int, int, int, int, str | None]]:
        """(first record, last record inside, start, end, zone) of each stay."""
        stays = []
        anchor = 0
        for i in range(1, len(kept) + 1):
            silent = i == len(kept) or kept[i][0] - kept[i - 1][0] > GAP
            outside = not silent and metres(kept[anchor], kept[i]) >= RADIUS
            if not silent and not outside:
                continue
            finish = kept[i - 1][0] if silent else kept[i][0]
            if finish - kept[anchor][0] >= STAY:
                stays.append((anchor, i - 1, kept[anchor][0], finish))
            anchor = i
        result = []
        for head, last, begin, finish in stays:
            held: Counter[str | None] = Counter()
            for (a, b), zone in zip(spans, zones, strict=True):
                held[zone] += max(0, min(b, finish) - max(a, begin))
            # outside competes like a zone, but loses ties; ties between zones go to the smaller id
            ranked = min(held.items(), key=lambda item: (-item[1], item[0] is None, item[0] or ""))
            result.append((head, last, begin, finish, ranked[0] if ranked[1] > 0 else None))
        return result


def records_of(folder: Path) -> str:
    return str(folder / "records" / "*.parquet")
