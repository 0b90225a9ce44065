"""A private PostgreSQL server from the system's binaries, for as long as a comparison lasts."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

QUIET = subprocess.DEVNULL


@contextlib.contextmanager
def postgresql(folder: Path, connections: int) -> Iterator[tuple[str, int]]:
    """Its address, as `Accounts.open` takes it, and its process. Commits reach the disk: `fsync` is on, as by default.

    connections  that it admits; its default is 100
    """
    import psycopg

    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    found = programs[-1] if programs else shutil.which("postgres")
    if found is None:
        sys.exit("no PostgreSQL server on this machine; apt-get install postgresql")
    program, user = Path(found), "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    home = Path(tempfile.mkdtemp(prefix="shoal-pg-", dir=folder))
    password, port = secrets.token_hex(12), _free_port()
    (home / "password").write_text(password)
    if user is not None:
        for path in (home, home / "password"):
            shutil.chown(path, user)
    make = [program.with_name("initdb"), "-D", home / "data", "-U", "shoal", "-A", "scram-sha-256", "-E", "UTF8"]
    serve = [
        program,
        "-D",
        home / "data",
        "-p",
        port,
        "-clisten_addresses=127.0.0.1",
        f"-cmax_connections={connections}",
    ]
    try:
        _run([*make, "--locale=C", f"--pwfile={home / 'password'}"], home, user).wait()
        server = _run([*serve, f"-cunix_socket_directories={home}"], home, user)
        try:
            address = f"postgresql://shoal:{password}@127.0.0.1:{port}/postgres"
            for _ in range(300):
                with contextlib.suppress(psycopg.OperationalError):
                    psycopg.connect(address).close()
                    break
                time.sleep(0.1)
            yield address, server.pid
        finally:
            server.send_signal(signal.SIGQUIT)  # "immediate": nothing of it is kept
            server.wait(20)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(words: list[object], folder: Path, user: str | None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([*map(str, words)], user=user, cwd=folder, stdout=QUIET, stderr=QUIET)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
