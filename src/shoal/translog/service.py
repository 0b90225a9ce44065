"""A witness over HTTP, by the standard library's server: on loopback unless told otherwise; put TLS before it."""

import io
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.errors import ShoalError, StateError
from shoal.translog.key import SigningKey
from shoal.translog.note import VerifierKey
from shoal.translog.witness import Answer, Witness

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HOST = "127.0.0.1"
PORT = 7380
LARGEST_BODY = 1 << 17
"""Bytes of a request: 63 lines of a proof and a checkpoint with many signatures fit well."""
TIMEOUT = 10.0
"""Seconds for a whole request, from its first byte or the answer before; then the connection is closed."""
AT_ONCE = 64
"""Connections at a time; more are closed at once."""


def serve(
    folder: Path,
    key: SigningKey,
    logs: Iterable[VerifierKey],
    host: str = HOST,
    port: int = PORT,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Run a witness until the process is told to stop; `ready` is told the address. Raises `StateError`."""
    with WitnessServer(Witness(folder, key, logs), host, port) as server:
        if ready is not None:
            ready(server.address)
        with suppress(KeyboardInterrupt):
            server.serve_forever(poll_interval=0.2)


class WitnessServer(ThreadingHTTPServer):
    """Serves `add-checkpoint` and the monitors' call for one witness. With port 0 the system chooses one."""

    daemon_threads = True
    request_queue_size = AT_ONCE

    def __init__(self, witness: Witness, host: str = HOST, port: int = PORT) -> None:
        self.witness = witness
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "no such port"
            raise StateError(f"the witness can't listen at {host} port {port} ({reason}); choose another") from None

    @property
    def address(self) -> str:
        """Both prefixes of the witness, for submissions and for monitors."""
        host, port = self.server_address[0], self.server_address[1]
        name = str(host)
        return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news, and nothing of it is printed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "shoal-witness"
    sys_version = ""
    server: WitnessServer

    def setup(self) -> None:
        super().setup()
        self._patience = _Patience(self.connection)
        self.rfile = io.BufferedReader(self._patience)

    def handle_one_request(self) -> None:
        self._patience.begin()
        super().handle_one_request()

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") or not re.fullmatch("[0-9]{1,9}", length):
            self._answer(Answer(411, b"say the length of the body\n"), close=True)
        elif int(length) > LARGEST_BODY:
            self._answer(Answer(413, b"the body is too long\n"), close=True)
        else:
            body = self.rfile.read(int(length))
            if len(body) < int(length):
                self.close_connection = True
            elif self.path != "/add-checkpoint":
                self._answer(Answer(404, b"there is no such call\n"))
            else:
                self._answer(self._try(lambda: self.server.witness.add_checkpoint(body)))

    def do_GET(self) -> None:
        found = re.fullmatch("/([0-9a-f]{64})/checkpoint", self.path)
        self._answer(self._try(lambda: self._monitored(found[1] if found else "")))

    def _monitored(self, origin_hash: str) -> Answer:
        note = self.server.witness.monitored(origin_hash)
        return Answer(404, b"there is no such checkpoint\n") if note is None else Answer(200, note)

    def _try(self, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except ShoalError:  # the disk; what exactly is for the operator, who finds it at the next start
            return Answer(500, b"the witness can't answer\n")

    def _answer(self, answer: Answer, *, close: bool = False) -> None:
        self.close_connection = self.close_connection or close
        self.connection.settimeout(TIMEOUT)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged of who asks."""


class _Patience(io.RawIOBase):
    """What a client sends, as long as it takes no longer than `TIMEOUT` over one request: no drop by drop."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._until = 0.0

    def begin(self) -> None:
        """A new request."""
        self._until = time.monotonic() + TIMEOUT

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)
