"""What every request passes first: each gate lets the right one through and stops the wrong one."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shoal.serve.guard import HEADERS, POLICY
from shoal.serve.server import Settings
from tests.serve.live import live
from tests.serve.test_routes import detail_of


def raw(client: httpx.Client, request: bytes) -> bytes:
    """What the server says to bytes that no client library would send."""
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=20) as connection:
        connection.sendall(request)
        said = b""
        while part := connection.recv(1 << 16):
            said += part
    return said


def test_every_answer_has_the_strict_headers(client: httpx.Client, first: str) -> None:
    wrong = client.post("/api/releases")
    for answer in (client.get("/"), client.get("/api/releases"), client.get("/api/nothing"), wrong):
        for name, value in HEADERS:
            assert answer.headers[name.decode()] == value.decode()
        assert "server" not in answer.headers and "access-control-allow-origin" not in answer.headers
    assert "unsafe" not in POLICY and "http" not in POLICY and "*" not in POLICY
    assert "frame-ancestors 'none'" in POLICY and "worker-src 'self' blob:" in POLICY
    assert client.get("/api/releases", headers={"Origin": "http://evil.example"}).headers.get("vary") is not None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "[::1]:7390", "LOCALHOST:1"])
def test_our_own_names_are_answered(client: httpx.Client, host: str) -> None:
    assert client.get("/api/releases", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "a b", ""])
def test_a_name_that_was_bent_to_this_machine_is_not(client: httpx.Client, host: str) -> None:
    detail_of(client.get("/api/releases", headers={"Host": host}), 421)
    detail_of(client.get("/", headers={"Host": host}), 421)


def test_a_name_that_the_operator_gives_is_ours(shelf_folder: Path) -> None:
    with live(shelf_folder, Settings(rate=0, ahead=False, names=("maps.example",))) as client:
        assert client.get("/api/releases", headers={"Host": "maps.example"}).status_code == 200
        detail_of(client.get("/api/releases", headers={"Host": "maps.example.evil"}), 421)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"])
def test_nothing_can_be_written(client: httpx.Client, first: str, method: str) -> None:
    for path in ("/api/releases", f"/api/releases/{first}", "/", f"/api/releases/{first}/tables/visits"):
        answer = client.request(method, path)
        detail_of(answer, 405)
        assert answer.headers["allow"] == "GET, HEAD"
    if method != "POST":
        detail_of(client.request(method, f"/api/releases/{first}/verify"), 405)


def test_a_body_is_refused_before_it_is_read(client: httpx.Client, first: str) -> None:
    for size in (1, 60_000):  # in two parts, head and body; the answer is not lost though the connection ends
        for _ in range(10):
            detail_of(client.post(f"/api/releases/{first}/verify", content=b"x" * size), 413)
    said = raw(client, b"GET /api/releases HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 413 ")
    said = raw(client, b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    assert said.startswith(b"HTTP/1.1 413 ")
    assert raw(
        client, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    ).startswith(b"HTTP/1.1 200 ")


TRAVERSALS = (
    "/../outside.txt",
    "/..%2foutside.txt",
    "/%2e%2e/outside.txt",
    "/assets/../../outside.txt",
    "/notes/secret.txt",
    "/api/releases/..%2f..%2foutside.txt",
    "/api/releases/../notes",
    "/api/releases/notes/zones",
    "/api/releases/{first}%2f..%2fnotes",
    "/api/releases/{first}/tables/..%2f..%2fmanifest",
    "/api/releases/{first}/tables/../../../notes/secret.txt",
    "/api/releases/{first}/zones?of=../../notes/secret",
    "/api/releases/.%00/zones",
    "//etc/passwd",
    "/%5c..%5coutside.txt",
)


def test_the_folder_beside_is_really_there(shelf_folder: Path) -> None:
    assert (shelf_folder / "notes" / "secret.txt").read_text() == "not for anybody"
    assert (shelf_folder.parent / "outside.txt").read_text() == "not for anybody"


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out_of_the_releases(client: httpx.Client, first: str, path: str) -> None:
    target = path.replace("{first}", first).encode()
    said = raw(client, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert b"not for anybody" not in said and b"root:" not in said
    assert said.split(b" ")[1] in (b"404", b"400", b"422")
    assert (
        raw(client, b"GET /api/releases HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").split(b" ")[1]
        == b"200"
    )


@pytest.fixture
def slowed(shelf_folder: Path) -> Iterator[httpx.Client]:
    """A server that grants one client 20 requests, and then hardly any."""
    with live(shelf_folder, Settings(rate=0.01, burst=20, ahead=False)) as client:
        yield client


def test_who_asks_too_often_waits_and_others_do_not(slowed: httpx.Client) -> None:
    assert [slowed.get("/nothing").status_code for _ in range(20)] == [404] * 20
    answer = slowed.get("/nothing")
    assert "try again in" in detail_of(answer, 429)
    assert 0 < int(answer.headers["retry-after"]) <= 100
    forged = {"X-Forwarded-For": "10.1.2.3", "Forwarded": "for=10.1.2.3"}
    assert slowed.get("/nothing", headers=forged).status_code == 429, "a header does not say who asks"
    other = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(base_url=slowed.base_url, transport=other, trust_env=False) as client:
        assert client.get("/api/releases").status_code == 200


def test_a_fault_of_ours_says_nothing_of_itself(shelf_folder: Path) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(" ".join(("secret", "words")))  # what is told shows this line, not what it says

    told: list[str] = []
    with live(shelf_folder, Settings(rate=0, ahead=False, tell=told.append)) as client:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("shoal.serve.routes.entry", broken)
            answer = client.get("/api/releases")
        assert "fault of Shoal's" in detail_of(answer, 500)
        assert "secret words" not in answer.text
        (text,) = told
        assert "secret words" not in text and "RuntimeError" in text and "routes.py" in text
        assert client.get("/api/releases").status_code == 200
