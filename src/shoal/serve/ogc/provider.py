"""The provider through which pygeoapi reads a table."""

from typing import Any

from pygeoapi.provider.base import BaseProvider, ProviderItemNotFoundError  # type: ignore[import-untyped]
from pygeoapi.util import crs_transform  # type: ignore[import-untyped]

from shoal.serve.ogc.features import Features
from shoal.serve.problems import Problem


class TableProvider(BaseProvider):  # type: ignore[misc]
    """`provider_def["data"]` is the table. pygeoapi makes one for each question."""

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        self.features: Features = provider_def["data"]
        self.properties = list(self.features.queryables)
        self._fields: dict[str, dict[str, str]] = {}
        self.get_fields()

    def get_fields(self) -> dict[str, dict[str, str]]:
        if not self._fields:
            self._fields = self.features.properties
        return dict(self._fields)

    @crs_transform  # type: ignore[untyped-decorator]
    def query(
        self,
        offset: int = 0,
        limit: int = 10,
        resulttype: str = "results",
        bbox: Any = (),
        datetime_: str | None = None,
        properties: Any = (),
        select_properties: Any = (),
        skip_geometry: bool = False,
        **_: Any,
    ) -> dict[str, Any]:
        """A page of features. Raises `Problem`."""
        chosen = self.features.choose(_box(bbox), datetime_, dict(properties))
        found = []
        if resulttype != "hits":
            found = [self.features.feature(*at, geometry=not skip_geometry) for at in chosen.page(offset, limit)]
        if select_properties:
            for one in found:
                one["properties"] = {n: value for n, value in one["properties"].items() if n in select_properties}
        return {
            "type": "FeatureCollection",
            "features": found,
            "numberMatched": len(chosen),
            "numberReturned": len(found),
        }

    @crs_transform  # type: ignore[untyped-decorator]
    def get(self, identifier: str, **_: Any) -> dict[str, Any]:
        """One feature."""
        found = self.features.find(identifier)
        if found is None:
            raise ProviderItemNotFoundError(user_msg="this collection has no such feature")
        return found


def _box(numbers: Any) -> tuple[float, float, float, float] | None:
    """west, south, east, north of a box that may have heights."""
    if not numbers:
        return None
    half = len(numbers) // 2
    west, south, east, north = (float(n) for n in (*numbers[:2], *numbers[half : half + 2]))
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise Problem(400, "bbox is no box; write west,south,east,north in degrees, as in -103.4,20.6,-103.3,20.7")
    return west, south, east, north
