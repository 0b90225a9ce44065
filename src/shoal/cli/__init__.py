"""The command line: results on stdout, words and bars on stderr, the exit status from the error's type.

0 done, 1 failed, 2 wrong use, 3 refused. A command only translates: what it does is done by the room of its name. A
file for each group of commands.
"""

import gc
import sys
from importlib import import_module
from io import TextIOWrapper

from shoal.cli._app import app

__all__ = ["app", "main"]

GROUPS = ("making", "reading", "accounting", "source", "log", "rights", "sensitive", "unicity", "audit", "serving")
"""The files of commands, in the order of `shoal --help`."""

for _group in GROUPS:
    import_module(f"{__name__}.{_group}")


def main() -> None:
    """Entry point of the `shoal` command."""
    gc.set_threshold(200_000, 10, 10)  # imports make no garbage, and looking for it takes a fifth of a second
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no plus-minus sign gets a question mark
    app(prog_name="shoal")
