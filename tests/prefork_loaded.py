"""What `tests.prefork` loads once: every room of Shoal that its commands open, with the libraries of each."""

import gc
from importlib import import_module

import pyarrow as pa

from shoal.intake import Pseudonymizer

ROOMS = (
    "opendp.prelude",
    "typer",
    "rich.progress",
    "shoal.cli",
    "shoal.design",
    "shoal.pipeline",
    "shoal.ledger.outbox",
    "shoal.release.read",
    "shoal.release.show",
    "shoal.release.verify",
    "shoal.rights.keep",
    "shoal.rights.retention",
    "shoal.simulate",
    "shoal.translog",
)

for room in ROOMS:
    import_module(room)
Pseudonymizer(bytes(16))(pa.array(["a"]))  # Numba gets ready at the first kernel of a process, for half a second
gc.freeze()
