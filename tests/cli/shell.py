"""Running `shoal` as its user does: in this process where that is enough, else in one of its own."""

import io
import json
import os
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from unittest.mock import patch

import typer

from shoal.cli import app, main
from tests.cli.town import SECRETS

OURS = ("SHOAL_STATE", "SHOAL_ACCOUNTS", "SHOAL_ACCOUNTS_WAIT", "FORCE_COLOR", "COLUMNS", "TERMINAL_WIDTH")
"""Settings of the developer's that would change what is tested."""

COMMAND = typer.main.get_command(app)
"""What a process makes once, of every command there is, and here would for each of a thousand calls."""


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        assert self.out.count("\n") == 1, "one object on one line, nothing else"
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


def shoal(*words: object, stdout: IO[str] | None = None) -> Answer:
    """`shoal WORDS` in this process; with `stdout` given, nothing of it is in the answer."""
    out, err = io.StringIO(), io.StringIO()
    status: object = "did not end by sys.exit"
    with (
        patch.object(sys, "argv", ["shoal", *map(str, words)]),
        patch.object(typer.main, "get_command", lambda _: COMMAND),
        redirect_stdout(stdout or out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            status = end.code
    assert isinstance(status, int), status
    return Answer(status, out.getvalue(), err.getvalue())


def shoal_process(*words: object) -> Answer:
    """The installed `shoal WORDS`, in a process of its own."""
    program = Path(sys.executable).with_name("shoal")
    done = subprocess.run(
        [program, *map(str, words)], env=clean_environment(), capture_output=True, text=True, timeout=120, check=False
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OURS}


def refused(answer: Answer, status: int, *words: str) -> str:
    """The answer is a refusal: this status, and one sentence on stderr that holds these words and no secret."""
    assert (answer.status, answer.out) == (status, ""), answer.err
    sentence = answer.err.removesuffix("\n")
    assert_sentence(sentence)
    for word in words:
        assert word in sentence, sentence
    return sentence


def assert_sentence(text: str) -> None:
    """One sentence on one line, without a piece of a record."""
    assert 20 < len(text) < 500, text
    assert text.isprintable(), text
    assert "Traceback" not in text
    assert not re.search(r"[.!?] +[A-Z]", text), f"more than one sentence: {text}"
    assert not [secret for secret in SECRETS if secret in text], text
