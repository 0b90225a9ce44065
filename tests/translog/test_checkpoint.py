"""Checkpoints: the specification's example, and texts that are none."""

import pytest

from shoal.errors import VerificationError
from shoal.translog.checkpoint import Checkpoint, open_checkpoint
from shoal.translog.key import SigningKey
from shoal.translog.merkle import EMPTY
from shoal.translog.note import Note

EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_example_of_the_specification_is_read_and_written() -> None:
    for text in (EXAMPLE, EXAMPLE + "more\nand more\n"):
        checkpoint = Checkpoint.parse(text)
        assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
        assert checkpoint.text == text
    assert Checkpoint("a", 0, EMPTY).text == "a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        EXAMPLE[:-1],
        EXAMPLE + "\n",
        EXAMPLE.replace("20852163", "020852163"),
        EXAMPLE.replace("20852163", "+1"),
        EXAMPLE.replace("20852163", "-1"),
        EXAMPLE.replace("20852163", "1_0"),
        EXAMPLE.replace("20852163", "0"),
        EXAMPLE.replace("20852163", "9223372036854775808"),
        EXAMPLE.replace("20852163", "\u0661"),
        EXAMPLE.replace("q2I=", "q2J="),
        EXAMPLE.replace("q2I=", "q2I"),
        EXAMPLE.replace("CsUY", ""),
        "\n".join(EXAMPLE.split("\n")[:2]) + "\n",
    ],
)
def test_another_text_is_refused(wrong: str) -> None:
    with pytest.raises(VerificationError):
        Checkpoint.parse(wrong)


def test_the_key_names_the_log() -> None:
    key = SigningKey.make("example.com/behind-the-sofa")
    note = Note(EXAMPLE, (key.sign(EXAMPLE),))
    assert open_checkpoint(note, key.vkey).size == 20_852_163
    other = SigningKey.from_seed("example.com/other", key.seed)
    with pytest.raises(VerificationError, match="not of"):
        open_checkpoint(Note(EXAMPLE, (other.sign(EXAMPLE),)), other.vkey)
