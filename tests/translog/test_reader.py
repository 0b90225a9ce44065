"""A reader believes nothing: a folder or a real web server, an honest log or bytes of any kind."""

import gzip
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoal.errors import DataError, UsageError, VerificationError
from shoal.translog import Log, LogReader, Policy, SigningKey
from shoal.translog.cosignature import cosign
from shoal.translog.note import COSIGNATURE
from tests.translog import servers
from tests.translog.test_log import Quick

KEY = SigningKey.from_seed("example.com/log", bytes(32))
WITNESS = SigningKey.from_seed("example.com/witness", b"w" * 32, COSIGNATURE)
ENTRIES = [b"entry %d" % number for number in range(600)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    log = Log.open(tmp_path_factory.mktemp("log"), KEY, files=Quick())
    for start, end in ((0, 100), (100, 600)):
        log.append(ENTRIES[start:end])
    return log.folder


def test_a_log_is_read_from_a_folder_and_from_the_web(folder: Path) -> None:
    with servers.folder(folder) as address:
        for source in (folder, str(folder), address, address + "/"):
            reader = LogReader(source, KEY.vkey, timeout=60)
            view = reader.view()
            assert list(reader.all()) == ENTRIES
            assert view.entry(599) == ENTRIES[599] and view.entries(250, 260) == ENTRIES[250:260]
            view.proof(599).verify(ENTRIES[599], KEY.vkey)
        with pytest.raises(DataError, match="no log"):
            LogReader(address + "/tile", KEY.vkey).view()
    with pytest.raises(DataError, match="can't be read"):
        LogReader(address, KEY.vkey, timeout=1).view()
    with pytest.raises(DataError, match="no log"):
        LogReader(folder / "tile", KEY.vkey).view()


def test_it_notices_another_history_and_a_roll_back(tmp_path: Path) -> None:
    honest = Log.open(tmp_path / "a", KEY, files=Quick())
    shown = [honest.view().checkpoint]
    for end in (3, 260, 300):
        honest.append(ENTRIES[honest.size : end])
        shown.append(honest.view().checkpoint)
    forked = Log.open(tmp_path / "b", KEY, files=Quick())
    forked.append([*ENTRIES[:2], b"another", *ENTRIES[3:300]])
    for older in shown:
        assert LogReader(tmp_path / "a", KEY.vkey).follow(older).size == 300
    assert LogReader(tmp_path / "b", KEY.vkey).follow(shown[0]).size == 300
    for older in shown[1:]:
        with pytest.raises(VerificationError, match="histories"):
            LogReader(tmp_path / "b", KEY.vkey).follow(older)
    shorter = Log.open(tmp_path / "c", KEY, files=Quick())
    shorter.append(ENTRIES[:260])
    with pytest.raises(VerificationError, match="rolled back"):
        LogReader(tmp_path / "c", KEY.vkey).follow(shown[-1])
    other = Log.open(tmp_path / "d", SigningKey.make("example.com/other")).view().checkpoint
    with pytest.raises(VerificationError, match="older checkpoint is of"):
        LogReader(tmp_path / "a", KEY.vkey).follow(other)


def test_a_policy_asks_for_witnesses(tmp_path: Path) -> None:
    log = Log.open(tmp_path, KEY)
    log.append(ENTRIES[:1])
    policy = Policy.parse(f"witness w {WITNESS.vkey}\nquorum w\n".encode())
    with pytest.raises(VerificationError, match="too few"):
        LogReader(tmp_path, KEY.vkey, policy).view()
    log.cosign([(WITNESS.vkey, cosign(WITNESS, log.view().note.text, 1_700_000_000))])
    _, (cosignature,) = LogReader(tmp_path, KEY.vkey, policy).read()
    assert cosignature.time == 1_700_000_000


NEEDED = ["checkpoint"] + [f"tile/{n}" for n in ("0/000", "0/002.p/88", "1/000.p/2", "entries/000", "entries/002.p/88")]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_passes_and_every_one_is_a_sentence(folder: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Any file of the log is replaced by other bytes, cut, lengthened or changed in one byte."""
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    needed = [
        "checkpoint",
        "tile/0/000",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/002.p/88",
    ]
    file = copy / data.draw(st.sampled_from(needed))
    whole = file.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    changes: list[bytes] = [
        data.draw(st.binary(max_size=200)),
        whole[:at],
        whole + b"\0",
        whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :],
    ]
    file.write_bytes(data.draw(st.sampled_from(changes)))
    with pytest.raises((VerificationError, DataError)) as caught:
        list(LogReader(copy, KEY.vkey).all())
    assert "\n" not in str(caught.value)
    file.unlink()
    with pytest.raises((VerificationError, DataError)):
        list(LogReader(copy, KEY.vkey).all())


def test_a_full_tile_stands_in_for_a_partial_one_that_was_removed(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    log = Log.open(copy, KEY, files=Quick())
    view = LogReader(copy, KEY.vkey).view()
    log.append(ENTRIES[:400])
    assert not (copy / "tile/0/002.p").exists()
    assert view.entries(500, 600) == ENTRIES[500:]
    view.proof(599).verify(ENTRIES[599], KEY.vkey)


Handler = BaseHTTPRequestHandler


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler: servers.send(handler, 500, b""),
        lambda handler: servers.send(handler, 200, b"x" * (1 << 21)),
        lambda handler: servers.send(handler, 200, b"\xff\xfe"),
        lambda handler: servers.send(handler, 200, b""),
        lambda handler: servers.send(handler, 200, b"x", Content_Length=100),
        lambda handler: servers.send(handler, 200, b"x", Content_Encoding="br"),
        lambda handler: servers.send(handler, 200, b"not gzip", Content_Encoding="gzip"),
        lambda handler: servers.send(handler, 200, gzip.compress(bytes(1 << 26)), Content_Encoding="gzip"),
        lambda handler: servers.send(handler, 302, b"", Location="file:///etc/passwd"),
        lambda handler: servers.send(handler, 302, b"", Location="ftp://127.0.0.1/checkpoint"),
        lambda handler: servers.send(handler, 302, b"", Location=handler.path),
        lambda handler: handler.wfile.write(b"nonsense\r\n\r\n"),
        lambda handler: None,
    ],
)
def test_a_server_that_misbehaves_is_a_sentence(answer: Callable[[Handler], None]) -> None:
    with servers.answering(answer) as address, pytest.raises((DataError, VerificationError)) as caught:
        LogReader(address, KEY.vkey, timeout=2).view()
    assert "\n" not in str(caught.value) and "\\n" not in str(caught.value)


def test_a_server_that_sends_drop_by_drop_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(handler: Handler) -> None:
        servers.send(handler, 200, b"x", Content_Length=9000)
        with suppress(OSError):  # the reader hangs up
            for _ in range(2000):  # a hundred seconds
                time.sleep(0.05)
                handler.wfile.write(b"x")

    start = time.monotonic()
    with servers.answering(drip) as address, pytest.raises(DataError):
        LogReader(address, KEY.vkey, timeout=0.1).view()
    assert time.monotonic() - start < 50  # it takes a tenth of a second, on a busy machine more


def test_gzip_is_read(folder: Path) -> None:
    note = (folder / "checkpoint").read_bytes()
    squeeze: Callable[[Handler], None] = lambda handler: servers.send(  # noqa: E731
        handler, 200, gzip.compress(note), Content_Encoding="gzip"
    )
    with servers.answering(squeeze) as address:
        assert LogReader(address, KEY.vkey).view().size == 600


@pytest.mark.parametrize(
    "wrong", ["ftp://example.com", "file:///tmp", "http://", "http://a:x/", "https://a/?b", "http://a b/"]
)
def test_another_address_is_wrong_use(wrong: str) -> None:
    with pytest.raises(UsageError):
        LogReader(wrong, KEY.vkey)
