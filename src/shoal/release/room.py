"""Is there room for a release? Asked before its noise is paid for: what can't be kept would be paid for in vain."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from shoal.errors import StateError

if TYPE_CHECKING:
    from shoal.zones._base import Zones

_ROW, _ZONE, _POINT, _REST = 64, 256, 16, 1 << 20


def size_about(cells: int, zones: "Zones", places: "Zones | None" = None) -> int:
    """Bytes that a release of `cells` numbers about `zones` and named `places` takes at most, roughly."""
    import shapely

    size = _REST + _ROW * cells
    for each in (zones, places):
        if each is not None:
            size += _ZONE * len(each) + _POINT * int(shapely.get_num_coordinates(each.shapes).sum())
    return size


def require_room(size: int, folders: Iterable[Path]) -> None:
    """Raise `StateError` unless `size` bytes can be written below each of `folders` (on one disk: together).

    The folders are made where they are missing. Nothing else stays behind.
    """
    needed: dict[int, int] = {}
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(bytes(1 << 14))
                probe.flush()
                os.fsync(probe.fileno())
            disk, room = folder.stat().st_dev, shutil.disk_usage(folder)
        except FileExistsError:
            raise StateError(
                f"{folder}: a file stands where the folder of releases should be; choose another folder"
            ) from None
        except OSError as error:
            reason = (error.strerror or "the disk failed").lower()
            raise StateError(
                f"{folder}: a release could not be written there ({reason}) and nothing was charged; make room, grant "
                "the right or choose another folder"
            ) from None
        needed[disk] = needed.get(disk, 0) + size
        if room.total and room.free < needed[disk]:  # some network disks don't say
            raise StateError(
                f"{folder}: its disk has no room for about {-(-needed[disk] // 10**6):,} MB and nothing was charged; "
                "make room or choose another folder"
            )
