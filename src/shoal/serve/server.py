"""`shoal serve`: the application behind Uvicorn, on loopback unless askers must bring credentials."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shoal.errors import StateError, UsageError
from shoal.serve.access import Access, Credentials
from shoal.serve.faults import Tell, untold
from shoal.serve.hosts import is_loopback
from shoal.serve.limits import BURST, RATE, Limiter

if TYPE_CHECKING:
    import uvicorn

HOST = "127.0.0.1"
PORT = 7390
LARGEST_HEAD = 1 << 15
"""Bytes of a request's head, its address among them."""
KEEP_ALIVE = 15
"""Seconds between two requests of one connection."""
BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve.

    ways   in which askers may say who they are; none: everybody may ask, which only loopback allows
    names  host names that the server answers to, beside localhost and addresses in numbers
    rate   requests a second of one client; 0: no limit
    burst  requests that it may make at once
    ahead  verify the newest release at once
    basemap  GeoJSON or PMTiles to draw below the numbers
    tell   takes a sentence for whoever runs the server
    """

    host: str = HOST
    port: int = PORT
    ways: tuple[Access, ...] = ()
    names: tuple[str, ...] = ()
    rate: float = RATE
    burst: float = BURST
    ahead: bool = True
    basemap: Path | None = None
    tell: Tell = untold

    def __post_init__(self) -> None:
        self.require_ways(self.host)

    def require_ways(self, host: str) -> None:
        """Raise `UsageError` where the world would see what nobody said it may."""
        if not self.ways and not is_loopback(host):
            raise UsageError(
                f"--host {self.host} lets other machines in, and nothing says who may see what; add --tokens FILE or "
                "--oidc-issuer URL, or leave --host out to serve this machine alone"
            )


def serve(folder: Path, settings: Settings, ready: Callable[[str], None] | None = None) -> None:
    """Serve the releases in `folder` until the process is told to stop; `ready` is told the address.

    Raises `UsageError` where there is no such folder, `StateError` where the address can't be listened at.
    """
    with listen(settings.host, settings.port) as listener:
        settings.require_ways(str(listener.getsockname()[0]))  # what a name stands for is known only now
        server = server_of(folder, settings)
        if ready is not None:
            ready(address_of(listener))
        with suppress(KeyboardInterrupt):
            asyncio.run(server.serve(sockets=[listener]))


def server_of(folder: Path, settings: Settings) -> "uvicorn.Server":
    """The server, not started yet. Raises `UsageError`."""
    import uvicorn

    from shoal.serve.application import application
    from shoal.serve.patience import PatientProtocol

    app = application(
        folder,
        access=Credentials(settings.ways) if settings.ways else None,
        limiter=Limiter(settings.rate, max(settings.burst, settings.rate)),
        names=_names(settings.host, settings.names),
        ahead=settings.ahead,
        basemap=settings.basemap,
        tell=settings.tell,
    )
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=PatientProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",  # what there is to tell, we tell
            access_log=False,  # who looks at what is nobody's business
            server_header=False,
            proxy_headers=False,  # a header must not say who asks
            h11_max_incomplete_event_size=LARGEST_HEAD,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=5,
        )
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; with port 0 the system chooses one. Raises `StateError`."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, OverflowError) as error:
        raise StateError(_unheard(host, port, error)) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise StateError(_unheard(host, port, error)) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """Where to point a browser."""
    host, port = listener.getsockname()[:2]
    shown = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"http://{shown}:{port}/"


def open_in_browser(address: str) -> None:
    """Open the explorer where there is a browser; says nothing where there is none."""
    import webbrowser

    threading.Timer(0.3, webbrowser.open, [address]).start()


def _names(host: str, names: Iterable[str]) -> tuple[str, ...]:
    return (host, socket.gethostname(), *names)


def _unheard(host: str, port: int, error: Exception) -> str:
    reason = (getattr(error, "strerror", None) or "no such port").lower()
    return f"can't listen at {host} port {port} ({reason}); choose another with --port, 0 for any that is free"
