"""Two processes with the same plan and records wait for each other."""

import os
import signal
import stat
import threading
import time
from pathlib import Path

import pytest

from shoal.errors import StateError
from shoal.ledger.locks import request_lock


def test_same_key_waits_and_says_so(tmp_path: Path) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with request_lock(tmp_path, "ab", waiting.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with request_lock(tmp_path, "ab", lambda: order.append("first waited")):
        thread.start()
        assert waiting.wait(20)
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]


def test_another_key_does_not_wait(tmp_path: Path) -> None:
    with request_lock(tmp_path, "ab"), request_lock(tmp_path, "ac", lambda: pytest.fail("waited")):
        pass


def test_an_error_lets_go(tmp_path: Path) -> None:
    with pytest.raises(KeyError), request_lock(tmp_path, "ab"):
        raise KeyError
    with request_lock(tmp_path, "ab", lambda: pytest.fail("waited")):
        pass


def test_kill_lets_go(tmp_path: Path) -> None:
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        with request_lock(tmp_path, "ab"):
            os.write(tell, b"x")
            time.sleep(60)
        os._exit(0)
    waited: list[bool] = []

    def kill() -> None:
        waited.append(True)
        os.kill(child, signal.SIGKILL)

    assert os.read(ready, 1) == b"x"
    with request_lock(tmp_path, "ab", kill):
        assert waited == [True]
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_lock_files_are_the_owners_alone(tmp_path: Path) -> None:
    with request_lock(tmp_path / "state", "ab"):
        pass
    assert stat.S_IMODE((tmp_path / "state" / "locks").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "state" / "locks" / "ab.lock").stat().st_mode) == 0o600


@pytest.mark.parametrize("key", ["", "../ab", "AB", "ab.lock", "a" * 129])
def test_a_key_is_a_digest(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal digest"), request_lock(tmp_path, key):
        pass


def test_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("")
    with pytest.raises(StateError, match="as a file is in its place"), request_lock(tmp_path, "ab"):
        pass
