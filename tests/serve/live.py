"""A real server on loopback, in a thread of the test's process."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from shoal.serve.server import Settings, address_of, listen, server_of


@contextmanager
def live(folder: Path, settings: Settings | None = None) -> Iterator[httpx.Client]:
    """Serve `folder`; gives a client that knows the address."""
    with listen("127.0.0.1", 0) as listener:
        server = server_of(folder, settings or Settings(rate=0, ahead=False))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
        thread.start()
        until = time.monotonic() + 120  # for a busy machine
        while not server.started and time.monotonic() < until:
            time.sleep(0.005)
        assert server.started
        with httpx.Client(base_url=address_of(listener), timeout=120, trust_env=False) as client:
            yield client
        server.should_exit = True
        thread.join(120)
        assert not thread.is_alive()


@contextmanager
def issuer(files: dict[str, bytes]) -> Iterator[str]:
    """A web server that gives `files` by their path, which may change while it runs; gives its address."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path)
            files.setdefault("asked", b"")
            files["asked"] += b"."
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
