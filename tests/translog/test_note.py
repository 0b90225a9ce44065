"""Signed notes: what others signed verifies, and there is one way to write a note."""

import pytest

from shoal.errors import UsageError, VerificationError
from shoal.translog.key import SigningKey
from shoal.translog.note import COSIGNATURE, Note, Signature, VerifierKey, verify_note
from tests.translog import outside

OUTSIDE = [(outside.SPECIFICATION_KEY, outside.SPECIFICATION_NOTE), (outside.GO_KEY, outside.GO_NOTE)]
KEY = SigningKey.from_seed("example.com/log", bytes(32))
TEXT = "one\n\ntwo\n"
NOTE = str(Note(TEXT, (KEY.sign(TEXT),)))


@pytest.mark.parametrize(("vkey", "text"), OUTSIDE)
def test_what_others_signed_verifies_and_is_written_the_same(vkey: str, text: str) -> None:
    key, note = VerifierKey.parse(vkey), Note.parse(text.encode())
    verify_note(note, key)
    assert str(note) == text and str(key) == vkey


@pytest.mark.parametrize(("vkey", "text"), OUTSIDE)
def test_no_byte_of_a_note_can_be_another(vkey: str, text: str) -> None:
    key, data = VerifierKey.parse(vkey), text.encode()
    for at in range(len(data)):
        for flip in (1, 4, 32, 128):
            with pytest.raises(VerificationError):
                verify_note(Note.parse(data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]), key)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "one\n",
        TEXT,
        TEXT + "\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("one", "one\t"),
        NOTE.replace("\u2014", "-"),
        NOTE.replace("\u2014 ", "\u2014  "),
        NOTE.replace("example.com/log", "example.com/a+b"),
        NOTE.replace("example.com/log", "example.com/a\u00a0b"),
        NOTE[:-2] + "\n",  # without its padding
        NOTE[:-3] + "B=\n",  # another text for the same bytes
        TEXT + "\n\u2014 example.com/log AAAA\n",
        TEXT + "\n" + NOTE.rsplit("\n\n", maxsplit=1)[-1] * 200,
        "x" * (1 << 20) + "\n" + NOTE,
    ],
)
def test_what_is_not_a_note_is_refused(wrong: str) -> None:
    with pytest.raises(VerificationError):
        Note.parse(wrong.encode())


def test_bytes_that_are_not_text_are_refused() -> None:
    with pytest.raises(VerificationError):
        Note.parse(b"\xff\n\n" + NOTE.encode())


def test_a_key_that_is_unknown_is_passed_over_and_one_that_fails_is_not() -> None:
    other = SigningKey.make("example.com/other")
    good, bad = KEY.sign(TEXT), KEY.sign("another\n")
    verify_note(Note(TEXT, (other.sign(TEXT), good)), KEY.vkey)
    for signatures in ((bad,), (good, bad), (other.sign(TEXT),)):
        with pytest.raises(VerificationError):
            verify_note(Note(TEXT, signatures), KEY.vkey)
    same_name = SigningKey.make(KEY.name)
    verify_note(Note(TEXT, (Signature(KEY.name, same_name.vkey.key_id, b"x" * 64), good)), KEY.vkey)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "example.com/foo",
        outside.SPECIFICATION_KEY.replace("530d903a", "530d903b"),
        outside.SPECIFICATION_KEY.replace("530d903a", "530D903A"),
        outside.SPECIFICATION_KEY[:-2],
        outside.SPECIFICATION_KEY + "=",
        outside.SPECIFICATION_KEY.replace("example.com", "example com"),
        "a+00000000+",
    ],
)
def test_a_damaged_verifier_key_is_wrong_use(wrong: str) -> None:
    with pytest.raises(UsageError):
        VerifierKey.parse(wrong)


def test_a_key_of_another_type_verifies_no_note() -> None:
    witness = SigningKey.make("example.com/log", COSIGNATURE)
    with pytest.raises(UsageError):
        verify_note(Note.parse(NOTE.encode()), witness.vkey)
    with pytest.raises(UsageError):
        witness.sign(TEXT)
