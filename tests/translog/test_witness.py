"""A witness: what others ask theirs, the statuses of the specification, forks, crashes."""

import os
import signal
from pathlib import Path

import pytest

from shoal.disk import Files
from shoal.errors import StateError, UsageError
from shoal.translog import Log, SigningKey, VerifierKey
from shoal.translog.cosignature import verify_cosignature
from shoal.translog.merkle import EMPTY, leaf_hash
from shoal.translog.note import COSIGNATURE, Note, Signature, encode
from shoal.translog.witness import Answer, Witness, request_body
from tests.translog import naive, outside
from tests.translog.faulty import Crash, FaultyDisk, count

KEY = SigningKey.from_seed("example.com/log", bytes(32))
WITNESS = SigningKey.from_seed("example.com/witness", b"w" * 32, COSIGNATURE)


def signed(size: int, root: bytes, key: SigningKey = KEY) -> Note:
    text = f"{key.name}\n{size}\n{encode(root)}\n"
    return Note(text, (key.sign(text),))


def history(name: str, size: int) -> list[bytes]:
    """Two histories share their first two entries."""
    return [b"%d" % n if n < 2 else f"{name}{n}".encode() for n in range(size)]


def ask(witness: Witness, old: int, name: str, size: int) -> Answer:
    entries = history(name, size)
    proof = naive.consistency(old, entries) if 0 < old < size else []
    return witness.add_checkpoint(
        request_body(old, [encode(part) for part in proof], bytes(signed(size, naive.mth(entries))))
    )


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(tmp_path / "witness", WITNESS, [KEY.vkey])


def test_the_conversation_of_another_witness(tmp_path: Path) -> None:
    log = VerifierKey(outside.SIGSUM_ORIGIN, 1, bytes.fromhex(outside.SIGSUM_KEY))
    witness = Witness(tmp_path, WITNESS, [log])
    for request, status, body in outside.WITNESS_CONVERSATION:
        answer = witness.add_checkpoint(request)
        assert answer.status == status
        if status == 200:
            text = Note.parse(request.partition(b"\n\n")[2]).text
            verify_cosignature(WITNESS.vkey, text, Signature.parse(answer.body.decode()[:-1]))
        if status == 409:
            assert (answer.body, answer.kind) == (body, "text/x.tlog.size")


def test_it_cosigns_what_continues_and_nothing_else(witness: Witness) -> None:
    assert ask(witness, 0, "a", 3).status == 200
    assert ask(witness, 3, "a", 7).status == 200
    assert ask(witness, 7, "a", 7).status == 200  # once more, with the time of now
    assert (ask(witness, 0, "a", 9).status, ask(witness, 0, "a", 9).body) == (409, b"7\n")
    assert ask(witness, 3, "a", 5).status == 409  # rolled back
    assert ask(witness, 7, "a", 5).status == 400
    assert ask(witness, 7, "b", 7).status == 422  # forks: of the same size, and beyond
    assert ask(witness, 7, "b", 9).status == 422
    fork = [*history("a", 6), b"other", b"8", b"9"]
    wrong = request_body(7, [encode(p) for p in naive.consistency(7, fork)], bytes(signed(9, naive.mth(fork))))
    assert witness.add_checkpoint(wrong).status == 422
    assert ask(witness, 7, "a", 9).status == 200


def test_the_empty_log(witness: Witness) -> None:
    assert witness.add_checkpoint(request_body(0, [], bytes(signed(0, leaf_hash(b""))))).status == 422
    assert witness.add_checkpoint(request_body(0, [], bytes(signed(0, EMPTY)))).status == 200
    assert witness.add_checkpoint(request_body(0, [encode(EMPTY)], bytes(signed(1, EMPTY)))).status == 422
    assert ask(witness, 0, "a", 3).status == 200


def test_signatures(witness: Witness) -> None:
    root = naive.mth(history("a", 1))
    good = signed(1, root)
    stranger = SigningKey.make(KEY.name)
    false = Signature(KEY.name, KEY.vkey.key_id, bytes(64))
    for signatures, status in (
        ((stranger.sign(good.text),), 403),
        ((false,), 403),
        ((*good.signatures, false), 403),
        ((stranger.sign(good.text), *good.signatures), 200),
    ):
        assert witness.add_checkpoint(request_body(0, [], bytes(Note(good.text, signatures)))).status == status
    other = SigningKey.make("example.com/unknown")
    assert witness.add_checkpoint(request_body(0, [], bytes(signed(1, root, other)))).status == 404
    kept = witness.latest(KEY.name)
    assert kept is not None and [s.name for s in Note.parse(kept).signatures] == [KEY.name, WITNESS.name]


NOTE = bytes(signed(1, naive.mth([b"0"])))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        NOTE,
        b"old 00\n\n" + NOTE,
        b"old -1\n\n" + NOTE,
        b"old 2\n\n" + NOTE,
        b"old  0\n\n" + NOTE,
        b"old 0\r\n\r\n" + NOTE,
        b"old 0\n" + NOTE,
        b"old 0\n\n" + NOTE[:-1],
        b"old 0\nnot base64\n\n" + NOTE,
        b"old 0\n" + (encode(EMPTY) + "\n").encode() * 64 + b"\n" + NOTE,
        b"old 0\n\xff\n\n" + NOTE,
        b"old 0\n\n" + NOTE.replace(b"\n1\n", b"\n01\n"),
    ],
)
def test_a_malformed_request_is_400(witness: Witness, body: bytes) -> None:
    assert witness.add_checkpoint(body).status == 400
    assert witness.latest(KEY.name) is None


def test_it_remembers_and_stops_at_a_file_that_it_did_not_write(tmp_path: Path, witness: Witness) -> None:
    ask(witness, 0, "a", 3)
    again = Witness(tmp_path / "witness", WITNESS, [KEY.vkey])
    assert ask(again, 0, "b", 3).body == b"3\n"
    (file,) = (tmp_path / "witness").glob("*.checkpoint")
    whole = file.read_bytes()
    for damaged in (b"", whole[:-9] + b"\n", bytes(signed(1, naive.mth([b"0"]))), whole.replace(b"\n3\n", b"\n1\n")):
        file.write_bytes(damaged)
        with pytest.raises(StateError, match="copy"):
            again.add_checkpoint(request_body(3, [], bytes(signed(3, naive.mth(history("a", 3))))))
        with pytest.raises(StateError, match="copy"):
            Witness(tmp_path / "witness", WITNESS, [KEY.vkey])


def test_a_key_of_the_wrong_type_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Witness(tmp_path, KEY, [KEY.vkey])
    with pytest.raises(UsageError):
        Witness(tmp_path, WITNESS, [WITNESS.vkey])


def two_steps(folder: Path, files: Files, answered: list[tuple[int, bytes]]) -> None:
    witness = Witness(folder, WITNESS, [KEY.vkey], files)
    for old, size in ((0, 3), (3, 5)):
        answer = ask(witness, old, "a", size)
        if answer.status == 200:
            answered.append((size, answer.body))


def test_a_crash_at_every_step_never_takes_a_cosignature_back(tmp_path: Path) -> None:
    kinds = count(lambda disk: two_steps(tmp_path / "all", disk, []))
    for at in range(len(kinds)):
        for torn, lose in ((False, False), (True, False), (False, True)):
            folder = tmp_path / f"{at} {torn} {lose}"
            answered: list[tuple[int, bytes]] = []
            with pytest.raises(Crash):
                two_steps(folder, FaultyDisk(at, torn=torn, lose=lose), answered)
            witness = Witness(folder, WITNESS, [KEY.vkey])
            last = max((size for size, _ in answered), default=0)
            fork = [ask(witness, old, "b", 6).status for old in (0, 3, 5)]
            assert 200 not in fork or last == 0


def test_an_answer_comes_after_the_disk(tmp_path: Path) -> None:
    """Whole, under its own name, and forced: else a power cut after the answer would take back what was cosigned."""
    disk = FaultyDisk()
    witness = Witness(tmp_path / "witness", WITNESS, [KEY.vkey], disk)
    begun = len(disk.steps)
    assert ask(witness, 0, "a", 3).status == 200
    assert disk.steps[begun:] == ["create", "write", "sync", "rename", "sync"]
    disk.power_fails()
    assert ask(Witness(tmp_path / "witness", WITNESS, [KEY.vkey]), 0, "b", 6).body == b"3\n"


@pytest.mark.parametrize("after", [1, 7])
def test_a_killed_witness_never_cosigns_two_histories(tmp_path: Path, after: int) -> None:
    """A real process that cosigns one history is killed (-9); whoever comes next can't cosign another."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        witness = Witness(tmp_path, WITNESS, [KEY.vkey])
        size = 2
        while True:
            answer = ask(witness, size if size > 2 else 0, "a", size + 1)
            os.write(writing, b"%d\n" % (size + 1) if answer.status == 200 else b"x\n")
            size += 1
    os.close(writing)
    told = b""
    while told.count(b"\n") < after:
        told += os.read(reading, 4096)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reading, 4096):
        told += more
    sizes = [int(line) for line in told.split()]
    witness = Witness(tmp_path, WITNESS, [KEY.vkey])
    known = int(ask(witness, 0, "b", 100).body)
    assert known in (sizes[-1], sizes[-1] + 1)
    forks = {ask(witness, old, "b", size).status for old in (known, known - 1) for size in (known, known + 1)}
    assert forks <= {409, 422}
    assert ask(witness, known, "a", known + 1).status == 200


def test_a_log_and_its_witness(tmp_path: Path, witness: Witness) -> None:
    log = Log.open(tmp_path / "log", KEY)
    old = 0
    for more in (1, 5, 300):
        log.append([b"entry"] * more)
        proof = [encode(part) for part in log.prove_consistency(old)]
        answer = witness.add_checkpoint(request_body(old, proof, log.checkpoint().encode()))
        assert log.cosign([(WITNESS.vkey, Signature.parse(answer.body.decode()[:-1]))]) == 1
        old = log.size
