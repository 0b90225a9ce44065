"""A witness over real HTTP, and the client that asks it."""

import http.client
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from shoal.errors import StateError, VerificationError
from shoal.translog import Log, LogReader, Policy, SigningKey, client, service
from shoal.translog.note import COSIGNATURE, encode
from shoal.translog.service import WitnessServer
from shoal.translog.witness import Witness, request_body
from tests.translog import naive, servers
from tests.translog.test_witness import KEY, WITNESS, history, signed

WAIT = 60  # seconds: for a busy machine; nothing waits longer than it takes


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with servers.running(WitnessServer(Witness(tmp_path / "witness", WITNESS, [KEY.vkey]), port=0)) as address:
        yield address


def policy(address: str) -> Policy:
    return Policy.parse(f"log {KEY.vkey}\nwitness w {WITNESS.vkey} {address}\nquorum w\n".encode())


def post(address: str, body: bytes, path: str = "/add-checkpoint") -> tuple[int, str | None, bytes]:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=WAIT)
    connection.request("POST", path, body)
    answer = connection.getresponse()
    return answer.status, answer.getheader("Content-Type"), answer.read()


def test_a_log_is_cosigned_and_a_reader_asks_for_it(tmp_path: Path, address: str) -> None:
    log = Log.open(tmp_path / "log", KEY)
    for more in (1, 2, 300):
        log.append([b"entry"] * more)
        with pytest.raises(VerificationError, match="too few"):
            LogReader(tmp_path / "log", KEY.vkey, policy(address)).view()
        asked, failed = client.collect(log, policy(address))
        assert (asked, failed) == ([WITNESS.vkey], [])
        assert LogReader(tmp_path / "log", KEY.vkey, policy(address)).view().size == log.size
        log.proof(0).verify(b"entry", KEY.vkey, policy(address))
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=WAIT)
    for _ in range(2):  # on one connection
        connection.request("GET", f"/{sha256(KEY.name.encode()).hexdigest()}/checkpoint")
        answer = connection.getresponse()
        assert (answer.status, answer.read().decode()) == (200, log.checkpoint())


def test_a_fork_and_a_roll_back_are_refused(tmp_path: Path, address: str) -> None:
    honest, forked = Log.open(tmp_path / "a", KEY), Log.open(tmp_path / "b", KEY)
    honest.append([b"a", b"b", b"c"])
    forked.append([b"a", b"x", b"c", b"d"])
    client.collect(honest, policy(address))
    with pytest.raises(VerificationError, match="another history"):
        client.collect(forked, policy(address))
    assert WITNESS.name not in forked.checkpoint()
    honest.append([b"d", b"e"])
    client.collect(honest, policy(address))
    with pytest.raises(VerificationError, match="rolled back"):
        client.collect(forked, policy(address))


def test_one_witness_that_objects_does_not_keep_the_others_from_cosigning(tmp_path: Path, address: str) -> None:
    log = Log.open(tmp_path / "log", KEY)
    log.append([b"a"])
    second = SigningKey.make("example.com/second", COSIGNATURE)
    with servers.answering(lambda handler: servers.send(handler, 422, b"")) as objecting:
        both = f"witness b {second.vkey} {objecting}\nwitness a {WITNESS.vkey} {address}\nquorum a\n"
        with pytest.raises(VerificationError, match="another history"):
            client.collect(log, Policy.parse(both.encode()))
    assert WITNESS.name in log.checkpoint()


def test_statuses(address: str) -> None:
    note = bytes(signed(1, naive.mth(history("a", 1))))
    stranger = SigningKey.make("example.com/unknown")
    for body, status in (
        (b"", 400),
        (request_body(0, [], bytes(signed(1, bytes(32), stranger))), 404),
        (request_body(0, [], bytes(signed(1, bytes(32), SigningKey.make(KEY.name)))), 403),
        (request_body(0, [encode(bytes(32))], note), 422),
        (request_body(0, [], note), 200),
    ):
        assert post(address, body)[0] == status
    assert post(address, request_body(0, [], note)) == (409, "text/x.tlog.size", b"1\n")
    assert post(address, request_body(1, [], note), "/other")[0] == 404
    assert post(address, b"x" * (service.LARGEST_BODY + 1))[0] == 413
    for path in ("/", "/" + "0" * 64 + "/checkpoint", "/../witness"):
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=WAIT)
        connection.request("GET", path)
        assert connection.getresponse().status == 404


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nold", b""),
        (b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", b"501"),
        (b"\x00\xff\r\n\r\n", b"400"),
        (b"", b""),
    ],
)
def test_a_client_that_misbehaves_is_let_go(
    address: str, sent: bytes, status: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, port = address.removeprefix("http://").split(":")
    received = b""
    with monkeypatch.context() as patch:
        if not status:  # who says nothing more is waited for; a request that is whole may come as late as it likes
            patch.setattr(service, "TIMEOUT", 0.3)
        with (
            socket.create_connection((host, int(port)), timeout=WAIT) as connection,
            suppress(ConnectionError),  # closed before all was sent
        ):
            connection.sendall(sent)
            while part := connection.recv(4096):  # until the witness closes
                received += part
    assert status in received[:200] and (status or not received)
    assert post(address, b"")[0] == 400  # it goes on


def test_requests_that_race_are_one_after_the_other(address: str) -> None:
    """Sixteen clients offer eight lengths of two histories at once; one history is cosigned, from its start."""
    results: list[tuple[str, int, int]] = []
    barrier = threading.Barrier(16)

    def offer(name: str, size: int) -> None:
        body = request_body(0, [], bytes(signed(size, naive.mth(history(name, size)))))
        barrier.wait()
        results.append((name, size, post(address, body)[0]))

    threads = [threading.Thread(target=offer, args=(name, size)) for name in "ab" for size in range(3, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for _, _, status in results) == [200] + [409] * 15
    ((_, size, _),) = [result for result in results if result[2] == 200]
    assert post(address, request_body(0, [], bytes(signed(3, naive.mth(history("a", 3))))))[2] == b"%d\n" % size


def test_a_witness_that_is_down_or_another_is_named(tmp_path: Path, address: str) -> None:
    log = Log.open(tmp_path / "log", KEY)
    log.append([b"a"])
    with servers.answering(lambda handler: servers.send(handler, 200, b"")) as nonsense:
        assert client.collect(log, Policy()) == ([], [])
        asked, (sentence,) = client.collect(log, policy(nonsense))
        assert asked == [] and "did not sign" in sentence
    asked, (sentence,) = client.collect(log, policy(nonsense))
    assert asked == [] and "does not answer" in sentence
    other = SigningKey.make("example.com/other", COSIGNATURE)
    with pytest.raises(StateError, match="did not sign"):
        client.ask(address, other.vkey, log.view())
    vague = servers.answering(lambda handler: servers.send(handler, 409, b"many\n"))
    with vague as address, pytest.raises(StateError, match="how far"):
        client.ask(address, WITNESS.vkey, log.view())


def test_a_port_in_use_is_a_sentence(tmp_path: Path, address: str) -> None:
    port = int(address.rsplit(":", 1)[1])
    witness = Witness(tmp_path / "another", WITNESS, [KEY.vkey])
    for wrong in (port, 70_000):
        with pytest.raises(StateError, match="can't listen"):
            WitnessServer(witness, port=wrong)


SERVE = """
import sys
from pathlib import Path
from shoal.translog.key import SigningKey
from shoal.translog.note import COSIGNATURE, VerifierKey
from shoal.translog.service import serve
key = SigningKey.from_seed("example.com/witness", b"w" * 32, COSIGNATURE)
serve(Path(sys.argv[1]), key, [VerifierKey.parse(sys.argv[2])], port=0, ready=lambda a: print(a, flush=True))
"""


def test_a_witness_of_its_own_process_is_killed_and_comes_back(tmp_path: Path) -> None:
    log, fork = Log.open(tmp_path / "a", KEY), Log.open(tmp_path / "b", KEY)
    log.append([b"a", b"b"])
    fork.append([b"a", b"x", b"y"])
    for life in range(2):
        words = [sys.executable, "-c", SERVE, str(tmp_path / "witness"), str(KEY.vkey)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                address = process.stdout.readline().strip()
                assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", address)
                if life == 0:
                    client.collect(log, policy(address))
                else:
                    with pytest.raises(VerificationError):
                        client.collect(fork, policy(address))
                    log.append([b"c"])
                    assert client.collect(log, policy(address))[0] == [WITNESS.vkey]
            finally:
                process.send_signal(signal.SIGKILL if life == 0 else signal.SIGINT)
        assert process.returncode == (-signal.SIGKILL if life == 0 else 0)
