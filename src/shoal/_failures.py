"""How a command ends: done with 0, or with one sentence on stderr and the status that its error's type asks for."""

import errno
import json
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from shoal.errors import ShoalError, UsageError

INTERRUPTED = 130
_Misuse: type[Exception] = typer.BadParameter.__mro__[1]  # what typer raises for arguments that can't be read

_DISK = {
    errno.ENOSPC: "the disk is full; make room and run again",
    errno.EDQUOT: "this user's share of the disk is full; make room and run again",
    errno.EFBIG: "the file would be larger than this user may write; raise the limit (ulimit -f) and run again",
    errno.EACCES: "this user may not read or write it; grant the right or choose another place",
    errno.EPERM: "this user may not read or write it; grant the right or choose another place",
    errno.EROFS: "its disk is read-only; choose another place",
    errno.EIO: "the disk failed; check it and run again",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n) and run again",
    errno.ENFILE: "too many files are open on this machine; close some programs and run again",
    errno.ENAMETOOLONG: "the path is too long; choose a shorter one",
    errno.ELOOP: "the path leads in a circle of links; choose another one",
}
"""What the machine, not Shoal, is to blame for, wherever it happens."""


class Sentences(TyperGroup):
    """Commands whose every failure is one sentence; with --json it is an object on stdout too."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        words = sys.argv[1:] if args is None else list(args)
        status, message = INTERRUPTED, "stopped"
        try:
            done = super().main(words, prog_name, complete_var, False, windows_expand_args, **extra)
            sys.stdout.flush()  # a full disk under stdout shows here, not in a traceback at the very end
            if done != INTERRUPTED:  # what typer makes of Ctrl-C
                sys.exit(done or 0)
        except ShoalError as error:
            status, message = error.exit_status, str(error)
        except _Misuse as error:
            status, message = UsageError.exit_status, misuse(error)
        except (KeyboardInterrupt, typer.Abort):
            pass
        except BrokenPipeError:  # whoever read our output has read enough
            _mute_stdout()
            sys.exit(1)
        except Exception as error:
            status, message = ShoalError.exit_status, machine(error) or bug(error)
        fail(message, status, as_json="--json" in words)
        sys.exit(status)


def fail(message: str, status: int, *, as_json: bool) -> None:
    """The sentence on stderr, and as JSON on stdout."""
    from shoal._progress import say

    if not message:  # typer has shown the help instead
        return
    say(message, style="red")
    if as_json:
        try:
            typer.echo(json.dumps({"error": message, "status": status}))
        except OSError:
            _mute_stdout()


def _mute_stdout() -> None:
    """Nobody takes what is said there any more; without this Python would complain about it at the very end."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def misuse(error: Any) -> str:
    """What is wrong with the arguments, in one sentence."""
    words = str(error.format_message()).strip().rstrip(".").replace(". Did you mean ", "; did you mean ")
    if not words:
        return ""
    command = error.ctx.command_path if getattr(error, "ctx", None) else "shoal"
    return f"{command}: {words[0].lower()}{words[1:]}; see `{command} --help`"


def machine(error: Exception) -> str | None:
    """What is wrong with the disk or the memory, in one sentence; None for anything else."""
    if isinstance(error, MemoryError):
        return (
            "this machine has too little memory left for this run; ask for fewer --workers, close other programs, or "
            "split the plan's period"
        )
    if isinstance(error, OSError) and error.errno in _DISK:
        where = error.filename if isinstance(error.filename, str) else "the output"
        return f"{where}: {_DISK[error.errno]}"
    return None


def bug(error: BaseException) -> str:
    """Show where it happened, and no text of the error: that may quote a record, and tracebacks are passed on."""
    where = ""
    frames = traceback.extract_tb(error.__traceback__)
    if frames:
        where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}"
    print("".join(traceback.format_list(frames)).rstrip(), file=sys.stderr)  # noqa: T201
    kind = type(error).__name__
    return f"this is a fault of Shoal's, not of yours ({kind}{where}); please report it with the lines above"
