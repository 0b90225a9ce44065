"""Destruction of a kept unit: the key first, for without it the rest means nothing; then the rest.

    1  `destroying` is written, with the id of the entry that the log will hold
    2  the key is overwritten and removed
    3  the segments and the index are removed
    4  the caller puts the entry into the log
    5  `destroying` and the folder are removed

A crash anywhere is resumed at 2, with the same id: the log says once that the key is gone, and it does say it. Writing
over a file does not reach copies that a disk or a file system made by itself, nor backups: keep the keys out of those.
"""

from secrets import token_bytes, token_hex

from shoal.errors import StateError
from shoal.kept.key import KEY_BYTES
from shoal.kept.shelf import DESTROYING, Shelf, Span

_ID_BYTES = 8


def destroy(shelf: Shelf, span: Span) -> str:
    """Steps 1 to 3, under the lock; the id of the entry for the log. Raises `StateError`."""
    files, folder, key = shelf.files, shelf.folder / str(span), shelf.key_file(span)
    note = folder / DESTROYING
    if not note.exists():
        files.make_folder(folder)
        files.replace(note, token_hex(_ID_BYTES).encode())
    if key.exists():
        files.overwrite(key, token_bytes(KEY_BYTES))
        files.remove(key)
    for name in files.list(folder):
        if name != DESTROYING:
            files.remove(folder / name)
    entry = files.read(note, 2 * _ID_BYTES)
    if entry is None or len(entry) != 2 * _ID_BYTES:
        raise StateError(f"{note} is damaged; remove it and run `shoal retention` again")
    return entry.decode()


def forget(shelf: Shelf, span: Span) -> None:
    """Step 5."""
    shelf.files.remove(shelf.folder / str(span))
