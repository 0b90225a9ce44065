"""Both databases, real: a SQLite file, and a private PostgreSQL server from the system's binaries."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from shoal.ledger.accounts import Accounts
from tests.conftest import missing


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL server; `shoal` may log in with `password` and make databases."""

    port: int
    password: str
    log: Path
    """What it says of statements that fail."""

    def url(self, database: str = "postgres", *, user: str = "shoal", password: str = "", options: str = "") -> str:
        address = URL.create("postgresql", user, password or self.password, "127.0.0.1", self.port, database)
        if options:
            address = address.update_query_dict({"options": options})
        return address.render_as_string(hide_password=False)

    def run(self, sql: str) -> None:
        address = self.url().replace("postgresql://", "postgresql+psycopg://")
        engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(sql))

    def new_database(self) -> str:
        name = f"t{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def new_schema(self) -> str:
        """As good as a database of its own, and made twenty times as fast."""
        name = f"t{secrets.token_hex(6)}"
        self.run(f"CREATE SCHEMA {name}")
        return self.url(options=f"-csearch_path={name}")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("postgres")
    if not programs and on_path is None:
        missing("no PostgreSQL server on this machine; apt-get install postgresql")
    program = programs[-1] if programs else Path(str(on_path))
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="shoal-pg-"))
    password = secrets.token_hex(12)
    (folder / "password").write_text(password)
    if user is not None:
        for path in (folder, folder / "password"):
            shutil.chown(path, user)
    data = str(folder / "data")
    make = [str(program.with_name("initdb")), "-D", data, "-U", "shoal", "-A", "scram-sha-256"]
    make += [f"--pwfile={folder / 'password'}", "-E", "UTF8", "--locale=C", "--no-sync"]
    options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": "off"}
    serve = [str(program), "-D", data, *(f"-c{k}={v}" for k, v in options.items())]
    quiet = subprocess.DEVNULL
    try:
        subprocess.run(make, check=True, user=user, cwd=folder, stdout=quiet, stderr=quiet)
        log = folder / "log"
        for _ in range(5):
            server = Server(_free_port(), password, log)
            with log.open("wb") as stderr:
                words = [*serve, "-p", str(server.port)]
                process = subprocess.Popen(words, user=user, cwd=folder, stdout=quiet, stderr=stderr)
            if _answers(server, process):
                break
            _stop(process)  # another process may have taken the port in between
        else:
            pytest.fail("the private PostgreSQL server did not start", pytrace=False)
        try:
            yield server
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    """Which nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(server: Server, process: "subprocess.Popen[bytes]") -> bool:
    """Whether it does before it ends, or half a minute has passed."""
    for _ in range(300):
        try:
            server.run("SELECT 1")
        except OperationalError:
            if process.poll() is not None:
                return False
            time.sleep(0.1)
        else:
            return True
    return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGQUIT)  # the server's "immediate": nothing of it is kept
    process.wait(60)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where accounts could be opened: nothing is there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state/accounts.sqlite"
    server: Server = request.getfixturevalue("postgresql")
    return server.new_schema()


@pytest.fixture
def accounts(url: str) -> Accounts:
    return Accounts.open(url)
