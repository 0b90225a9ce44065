"""Policies: the specification's example, what a quorum is, and lines that can't be meant."""

from itertools import combinations

import pytest

from shoal.errors import DataError
from shoal.translog.key import SigningKey
from shoal.translog.note import COSIGNATURE
from shoal.translog.policy import Policy

LOG = SigningKey.from_seed("example.com/log", bytes(32))
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
KEYS = {name: SigningKey.from_seed(f"{name}.example", bytes([n] * 32), COSIGNATURE) for n, name in enumerate(NAMES, 1)}
EXAMPLE = f"""log {LOG.vkey}

# Those of the first house.
witness X1 {KEYS["X1"].vkey}
witness X2 {KEYS["X2"].vkey} https://x2.example/
witness X3 {KEYS["X3"].vkey}
group X-witnesses 2 X1 X2 X3
\t
  witness\tY1 {KEYS["Y1"].vkey}
witness Y2 {KEYS["Y2"].vkey}
witness Y3 {KEYS["Y3"].vkey}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def test_the_example_of_the_specification() -> None:
    policy = Policy.parse(EXAMPLE.encode())
    assert [known.key for known in policy.logs] == [LOG.vkey]
    assert policy.witnesses["X2"].url == "https://x2.example/"
    for count in range(7):
        for names in combinations(NAMES, count):
            wanted = sum(name[0] == "X" for name in names) >= 2 and any(name[0] == "Y" for name in names)
            assert policy.enough(KEYS[name].vkey for name in names) == wanted


def test_quorum_none_and_one_witness() -> None:
    assert Policy.parse(b"quorum none\n").enough([])
    one = Policy.parse(f"witness A {KEYS['X1'].vkey}\nquorum A\n".encode())
    assert one.enough([KEYS["X1"].vkey]) and not one.enough([KEYS["X2"].vkey])


def test_names_are_octets() -> None:
    text = f"witness \u212a {KEYS['X1'].vkey}\nquorum K\n"
    with pytest.raises(DataError, match="neither"):
        Policy.parse(text.encode())
    policy = Policy.parse(b"# \xff\xfe\n" + text.replace("quorum K", "quorum \u212a").encode())
    assert policy.enough([KEYS["X1"].vkey])


A, B = f"witness A {KEYS['X1'].vkey}\n", f"witness B {KEYS['X2'].vkey}\n"
TAIL = "quorum none\n"


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("", "quorum|newline"),
        (A, "quorum"),
        (TAIL[:-1], "newline"),
        (TAIL + TAIL, "line 2"),
        ("quorum A\n" + A, "line 1"),
        (A + A + TAIL, "line 2"),
        (A + A.replace(" A ", " B ") + TAIL, "line 2"),
        (A + "witness none " + B.split(" ")[2] + TAIL, "line 2"),
        (A + "group A any A\n" + TAIL, "line 2"),
        (A + "group g 2 A\n" + TAIL, "line 2"),
        (A + "group g 0 A\n" + TAIL, "line 2"),
        (A + "group g 01 A\n" + TAIL, "line 2"),
        (A + "group g some A\n" + TAIL, "line 2"),
        (A + "group g any A A\n" + TAIL, "line 2"),
        (A + B + "group g any A\ngroup h any A B\n" + TAIL, "line 4"),
        (A + "group g any g\n" + TAIL, "line 2"),
        (A + "group g any none\n" + TAIL, "line 2"),
        (A + "group g any\n" + TAIL, "line 2"),
        (f"log {LOG.vkey}\nlog {LOG.vkey}\n" + TAIL, "line 2"),
        (f"log {KEYS['X1'].vkey}\n" + TAIL, "line 1"),
        (f"witness A {LOG.vkey}\n" + TAIL, "line 1"),
        ("log nonsense\n" + TAIL, "line 1"),
        ("wittness A b\n" + TAIL, "line 1"),
        (TAIL.replace("\n", "\r\n"), "control"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_its_line(wrong: str, line: str) -> None:
    with pytest.raises(DataError, match=line):
        Policy.parse(wrong.encode())


def test_a_witness_of_a_type_that_is_not_checked_here_never_counts() -> None:
    vkey = "w.example+00000000+" + "Bg" + "A" * 1748 + "=="
    policy = Policy.parse(f"{A}witness B {vkey}\ngroup g any A B\nquorum g\n".encode())
    assert policy.enough([KEYS["X1"].vkey]) and not policy.enough([])
