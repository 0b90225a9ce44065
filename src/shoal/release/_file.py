"""A file for other tools, made beside a release: whole or not at all, and never inside the release."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from secrets import token_hex

from shoal.errors import StateError, UsageError
from shoal.release._published import PublishedRelease


def ending_of(file: Path, endings: Collection[str]) -> str | None:
    """The longest of `endings` that the name has, whatever its case; None where it has none."""
    name = file.name.lower()
    return max((e for e in endings if name.endswith(e) and len(name) > len(e)), key=len, default=None)


def write_file(
    release: PublishedRelease, to: Path, endings: Collection[str], write: Callable[[Path], Mapping[str, bytes] | None]
) -> Path:
    """Let `write` make the file `to`, whose ending must be one of `endings`; it appears when it is complete.

    What `write` returns are files that belong beside it, by name. Raises `UsageError` for another ending and a place
    where no file can be, `StateError` where writing fails.
    """
    ending = ending_of(to, endings)
    if ending is None:
        raise UsageError(f"{to}: the ending must be one of {', '.join(endings)}; it chooses the format")
    if not to.parent.is_dir():
        raise UsageError(f"{to}: the folder {to.parent} does not exist; make it first or choose another")
    if to.is_dir():
        raise UsageError(f"{to}: this is a folder; give the name of a file")
    if release.folder.resolve() in to.resolve().parents:
        raise UsageError(f"{to}: a release can't take another file, or it would not verify any more; write elsewhere")
    token = token_hex(4)
    parts = {to: to.with_name(f".{to.name[: -len(ending)]}.{token}{ending}")}
    try:
        for name, data in (write(parts[to]) or {}).items():
            beside = to.with_name(name)
            parts[beside] = to.with_name(f".{token}.{name}")
            parts[beside].write_bytes(data)
        for file, part in reversed(parts.items()):  # the file itself last: where it is, all is
            part.replace(file)
    except OSError as error:
        reason = (error.strerror or "the disk failed").lower()
        raise StateError(f"{to}: can't be written ({reason}); make room or choose another folder") from None
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return to
