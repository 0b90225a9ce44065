"""Erasure: records of some devices leave everything that is kept; and whether the shelf has followed the list.

A segment in which such a device's records would lie is written anew, whether they are there or not: which files change
depends on the identifiers alone. The old file goes as the new one takes its name.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from shoal._arrays import UInt64
from shoal.errors import StateError
from shoal.intake.hashset import HashSet
from shoal.kept.shelf import Shelf, Unit, private_disk
from shoal.kept.source import read_segment
from shoal.kept.writer import part_of

_FOLLOWED = "opt-outs"
Changes = Sequence[tuple[int, str | None]]


def erase(shelf: Shelf, devices: pa.Array) -> None:
    """Take the records of devices (see `Pseudonymizer`) out of all units of a source; under the lock.

    A crash leaves every segment as it was or without them: doing it again does the rest. Raises `StateError`.
    """
    for unit in shelf.units():
        _erase(shelf, unit, unit.key.pseudonymizer()(devices))


def _erase(shelf: Shelf, unit: Unit, pseudonyms: UInt64) -> None:
    if unit.index is None:
        return
    gone, sealer, kind = HashSet(pseudonyms), unit.key.sealer(), unit.index.terms.kind
    for batch in unit.index.batches:
        parts = set(np.unique(part_of(pseudonyms, batch.bits)).tolist())
        for name in batch.files:
            if int(name.rpartition("-")[2], 16) in parts:
                records = read_segment(shelf, unit, name, kind)
                stay = ~gone.contains(np.ascontiguousarray(records["pseudonym"]))
                shelf.files.replace(unit.folder / name, sealer.seal(records[stay], unit.place(name)))


def follow(state: Path, changes: Changes, done: str | None = None) -> None:
    """Note that what is kept here has followed the list; under the lock.

    changes  of the list since `followed`: each version with the digest of the devices that were added, None where some
             were removed
    done     digest of devices that were erased here just now

    A change that was made elsewhere, or was killed half-way, is followed once the same devices are named here.
    """
    version, also = _read(state)
    also = [*also, *([] if done is None else [done])]
    for number, named in changes:
        if named is not None and named not in also:
            break
        version = number
    else:
        also = []
    _write(state, version, also)


def start_following(state: Path, version: int | None) -> None:
    """Nothing is kept here yet, so nothing has to be erased from it; under the lock."""
    _write(state, version or 0, [])


def followed(state: Path) -> int | None:
    """The version of the list up to which all devices are erased here; None: nothing was ever kept here."""
    return _read(state)[0] if (state / "kept" / _FOLLOWED).exists() else None


def refuse_unfollowed(state: Path, changes: Changes) -> None:
    """Raise `StateError` where devices were added to the list that were not erased from what is kept here.

    The list knows hashes, from which no kept record can be told. changes: as in `follow`
    """
    also = _read(state)[1]
    if any(named is not None and named not in also for _, named in changes):
        raise StateError(
            f"devices opted out without being erased from {state / 'kept'}, so its records can't be used; name the "
            "devices of the last changes again, with `shoal optout add` and this state folder"
        )


def _read(state: Path) -> tuple[int, list[str]]:
    file = state / "kept" / _FOLLOWED
    try:
        number, *also = file.read_text(encoding="ascii").split()
        return int(number), also
    except FileNotFoundError:
        return 0, []
    except (OSError, ValueError):
        raise StateError(f"{file} is damaged, so nobody knows who was erased; restore it from a backup") from None


def _write(state: Path, version: int, also: Sequence[str]) -> None:
    files = private_disk()
    files.make_folder(state / "kept")
    files.replace(state / "kept" / _FOLLOWED, "\n".join((str(version), *also)).encode())
