""".arrow: an Arrow IPC file, uncompressed, as every Arrow library and browser reads it."""

import os
from pathlib import Path

from shoal.release.exports._format import of_table
from shoal.release.exports._notes import notes
from shoal.release.read import Release, Table


def _write(release: Release, table: Table, to: Path) -> None:
    import pyarrow as pa

    about = notes(release, table, f"in the time zone {release.manifest.period.timezone}")
    data = table.to_arrow()
    data = data.replace_schema_metadata({**(data.schema.metadata or {}), **about})
    with pa.OSFile(os.fspath(to), "wb") as sink, pa.ipc.new_file(sink, data.schema) as writer:
        writer.write_table(data)


ARROW = of_table(".arrow", _write)
