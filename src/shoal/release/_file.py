"""A file for other tools, made beside a release: whole or not at all, and never inside the release."""

from collections.abc import Callable, Collection
from pathlib import Path
from secrets import token_hex

from shoal.errors import StateError, UsageError
from shoal.release._published import PublishedRelease


def write_file(release: PublishedRelease, to: Path, endings: Collection[str], write: Callable[[Path], None]) -> Path:
    """Let `write` make the file `to`, whose ending must be one of `endings`; it appears when it is complete.

    Raises `UsageError` for another ending and a place where no file can be, `StateError` where writing fails.
    """
    if to.suffix.lower() not in endings:
        raise UsageError(f"{to}: the ending must be one of {', '.join(endings)}; it chooses the format")
    if not to.parent.is_dir():
        raise UsageError(f"{to}: the folder {to.parent} does not exist; make it first or choose another")
    if to.is_dir():
        raise UsageError(f"{to}: this is a folder; give the name of a file")
    if release.folder.resolve() in to.resolve().parents:
        raise UsageError(f"{to}: a release can't take another file, or it would not verify any more; write elsewhere")
    partial = to.with_name(f".{to.stem}.{token_hex(4)}{to.suffix.lower()}")
    try:
        write(partial)
        partial.replace(to)
    except OSError as error:
        reason = (error.strerror or "the disk failed").lower()
        raise StateError(f"{to}: can't be written ({reason}); make room or choose another folder") from None
    finally:
        partial.unlink(missing_ok=True)
    return to
