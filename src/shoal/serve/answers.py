"""Answers as they go over the wire: bytes, their tag, packed as the asker can unpack them; each is made once."""

import hashlib
import zlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from shoal.serve.lru import Lru
from shoal.serve.shared import Shared

MOST_BYTES = 512 << 20
"""Of answers that are kept, packed and not."""
WORTH_PACKING = 1024
COOKS = 4
"""Answers that are made at a time: many threads would only take turns."""
ZSTD, GZIP = 2, 4
"""Levels: an hour of 6,000 places takes 1.5 and 9 milliseconds; the next levels take twice that for some percent."""
ZSTD_WELL, GZIP_WELL = 9, 6
"""Of files that are the same for everybody, packed once: the explorer's code becomes a sixth smaller in 0.1 seconds."""
_GZIP = 31  # zlib: 15 bits of window, and the head of gzip
FOREVER = "max-age=31536000, immutable"
AGAIN = "no-cache"  # may be kept, must be asked about


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer.

    etag   of `body` as it is here; strong
    vary   more than the usual depends on headers
    """

    body: bytes
    media_type: str
    etag: str
    headers: tuple[tuple[str, str], ...] = ()
    encoding: str | None = None

    @classmethod
    def of(cls, body: bytes, media_type: str, headers: tuple[tuple[str, str], ...] = ()) -> "Answer":
        """An answer that is not packed, tagged by what it holds."""
        return cls(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"', headers)

    def packed(self, encoding: str | None, *, well: bool = False) -> "Answer":
        """The same packed; as it is where that makes it no smaller. `well`: smaller, in ten times the time."""
        if encoding is None or len(self.body) < WORTH_PACKING:
            return self
        body = _pack(self.body, encoding, well=well)
        if len(body) >= len(self.body):
            return self
        return Answer(body, self.media_type, f'{self.etag[:-1]}-{encoding}"', self.headers, encoding)

    def matches(self, if_none_match: str | None) -> bool:
        """Does the asker have it already? RFC 9110, 13.1.2."""
        return has_tag(if_none_match, self.etag)


def has_tag(if_none_match: str | None, etag: str) -> bool:
    """Does an If-None-Match header name this tag?"""
    if not if_none_match:
        return False
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in ("*", etag) for tag in tags)


def encoding_of(accept_encoding: str | None) -> str | None:
    """zstd, gzip or None, as the Accept-Encoding header prefers; where it prefers none, zstd, which is quicker."""
    if not accept_encoding:
        return None
    quality: dict[str, float] = {}
    for part in accept_encoding.lower().split(",")[:32]:
        name, _, parameter = part.strip().partition(";")
        try:
            quality[name.strip()] = float(parameter.strip()[2:]) if parameter.strip().startswith("q=") else 1.0
        except ValueError:
            quality[name.strip()] = 0.0
    rest = quality.get("*", 0.0)
    best = max(("zstd", "gzip"), key=lambda name: quality.get(name, rest))
    wanted = quality.get(best, rest)
    return best if wanted > 0 and wanted >= quality.get("identity", 0.0) else None


def _pack(body: bytes, encoding: str, *, well: bool) -> bytes:
    if encoding == "zstd":
        import pyarrow as pa

        return bytes(pa.Codec("zstd", compression_level=ZSTD_WELL if well else ZSTD).compress(body, asbytes=True))
    packer = zlib.compressobj(GZIP_WELL if well else GZIP, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()


class Kitchen:
    """Makes each answer once, in a thread, and keeps it: who asks while it is made waits for the same one."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.kept: Lru[Hashable, Answer] = Lru(most)
        self._cooking: Shared[Answer] = Shared(COOKS)

    async def answer(
        self, key: Hashable, make: Callable[[], Answer], encoding: str | None, *, quick: bool = False
    ) -> Answer:
        """The answer for `key`, packed. Raises whatever `make` raises; that is not kept.

        quick  it is made within a few milliseconds: at once, as handing it to a thread and back takes longer
        """
        found = self.kept.get((key, encoding))
        if found is not None:
            return found
        if quick:
            answer = self.kept.get((key, None)) or self._put((key, None), make())
            if encoding is None:
                return answer
            if encoding == "zstd":
                return self._put((key, encoding), answer.packed(encoding))
        plain = await self._once((key, None), make)
        return plain if encoding is None else await self._once((key, encoding), lambda: plain.packed(encoding))

    async def whole(self, answer: Answer, encoding: str | None) -> Answer:
        """An answer that is there already, packed well."""
        if encoding is None:
            return answer
        return await self._once((answer.etag, encoding), lambda: answer.packed(encoding, well=True))

    async def _once(self, key: Hashable, make: Callable[[], Answer]) -> Answer:
        found = self.kept.get(key)
        if found is not None:
            return found

        return await self._cooking.run(key, lambda: self._put(key, make()))

    def _put(self, key: Hashable, answer: Answer) -> Answer:
        self.kept.put(key, answer, len(answer.body) + 512)
        return answer
