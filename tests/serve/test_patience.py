"""Slow askers: who takes too long is cut off, who is only unhurried is not, and others don't notice."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from shoal.serve.patience import PatientProtocol
from tests.serve.live import live

SOON, LATER = 1.0, 60.0


@pytest.fixture
def hasty(shelf_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """A server that waits a second: longer than a busy machine keeps an honest asker from speaking."""
    monkeypatch.setattr(PatientProtocol, "head_seconds", SOON)
    monkeypatch.setattr(PatientProtocol, "answer_seconds", SOON)
    with live(shelf_folder) as client:
        yield client


def connect(client: httpx.Client) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(LATER)
    connection.connect((client.base_url.host, client.base_url.port))
    return connection


def is_cut(connection: socket.socket) -> bool:
    """Does the server close it, within `LATER`?"""
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: local"])
def test_who_never_finishes_a_request_is_cut_off(hasty: httpx.Client, sent: bytes) -> None:
    begun = time.monotonic()  # before the server counts
    with connect(hasty) as slow:
        slow.sendall(sent)
        assert is_cut(slow)
        assert SOON * 0.9 < time.monotonic() - begun < LATER
    assert hasty.get("/api/releases").status_code == 200


def test_drop_by_drop_is_no_way_out(hasty: httpx.Client) -> None:
    with connect(hasty) as slow:
        begun = time.monotonic()
        cut = False
        for letter in b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200:
            try:
                slow.sendall(bytes([letter]))
            except OSError:
                cut = True
                break
            time.sleep(0.05)
        assert cut and time.monotonic() - begun < LATER


def test_who_does_not_take_the_answer_is_cut_off(hasty: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoal.serve.pages.STYLE", "x" * (16 << 20))
    lost, cut = PatientProtocol.connection_lost, threading.Event()

    def note(self: PatientProtocol, exc: Exception | None) -> None:
        lost(self, exc)
        cut.set()

    monkeypatch.setattr(PatientProtocol, "connection_lost", note)
    with connect(hasty) as slow:
        slow.sendall(b"GET /api/docs.css HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert cut.wait(LATER)
        taken = 0
        with suppress(ConnectionError):
            while part := slow.recv(1 << 20):
                taken += len(part)
        assert taken < 16 << 20
    monkeypatch.setattr(PatientProtocol, "answer_seconds", LATER)
    assert len(hasty.get("/api/docs.css").content) == 16 << 20, "who takes it gets it"


def test_slow_askers_hold_no_copy_of_the_answer_each(shelf_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoal.serve.pages.STYLE", "x" * (16 << 20))
    buffered: list[int] = []
    waits = PatientProtocol.pause_writing

    def pause(self: PatientProtocol) -> None:
        buffered.append(self.transport.get_write_buffer_size())
        waits(self)

    monkeypatch.setattr(PatientProtocol, "pause_writing", pause)
    with live(shelf_folder) as client:
        with connect(client) as slow:
            slow.sendall(b"GET /api/docs.css HTTP/1.1\r\nHost: localhost\r\n\r\n")
            until = time.monotonic() + LATER
            while not buffered and time.monotonic() < until:
                time.sleep(0.01)
        assert buffered and max(buffered) < 1 << 20
        assert client.get("/api/docs.css").text == "x" * (16 << 20)


def test_the_pause_between_two_requests_is_longer_than_a_request_may_take(hasty: httpx.Client) -> None:
    with connect(hasty) as unhurried:
        for _ in range(2):
            unhurried.sendall(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert unhurried.recv(1 << 16).startswith(b"HTTP/1.1 200")
            time.sleep(SOON * 1.5)


def test_too_many_connections_are_closed_at_once(shelf_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientProtocol, "most", 3)
    with live(shelf_folder) as client:
        assert client.get("/api/releases").status_code == 200
        others = [connect(client) for _ in range(2)]
        with connect(client) as one_more:
            assert is_cut(one_more)
        for other in others:
            other.close()
        assert client.get("/api/releases").status_code == 200
