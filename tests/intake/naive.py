"""SipHash-2-4 as the paper words it, on Python's own integers: the slow twin of shoal.intake.siphash."""

MASK = 2**64 - 1


def siphash24(key: bytes, text: bytes) -> int:
    k0, k1 = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    v = [
        k0 ^ int.from_bytes(b"somepseu", "big"),
        k1 ^ int.from_bytes(b"dorandom", "big"),
        k0 ^ int.from_bytes(b"lygenera", "big"),
        k1 ^ int.from_bytes(b"tedbytes", "big"),
    ]
    padded = text + bytes(7 - len(text) % 8) + bytes([len(text) % 256])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v[3] ^= word
        sip_round(v)
        sip_round(v)
        v[0] ^= word
    v[2] ^= 0xFF
    for _ in range(4):
        sip_round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def sip_round(v: list[int]) -> None:
    half_round(v, 0, 1, 2, 3, 13, 16)
    half_round(v, 2, 1, 0, 3, 17, 21)


def half_round(v: list[int], a: int, b: int, c: int, d: int, s: int, t: int) -> None:
    v[a] = (v[a] + v[b]) & MASK
    v[c] = (v[c] + v[d]) & MASK
    v[b] = rotate(v[b], s) ^ v[a]
    v[d] = rotate(v[d], t) ^ v[c]
    v[a] = rotate(v[a], 32)


def rotate(x: int, by: int) -> int:
    return (x << by | x >> (64 - by)) & MASK
