"""Who may see which releases. The asker's credentials become a grant; nothing further in knows them."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from shoal.serve.problems import Problem

EVERYTHING = ("*",)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an asker may see.

    releases  patterns of release ids, as in `2026-*` or `*`
    who       the same for all requests of one credential, for the rate limit; None: the address counts
    """

    releases: tuple[str, ...]
    who: str | None = None

    def allows(self, release: str) -> bool:
        """May this release be seen?"""
        return any(fnmatchcase(release, pattern) for pattern in self.releases)


class Access(Protocol):
    """A way to tell who asks."""

    async def grant(self, authorization: str | None) -> Grant | None:
        """The grant for an Authorization header; None where this way knows nothing of it. Raises `Problem`."""


@dataclass(frozen=True, slots=True)
class Public:
    """Everybody sees everything: for loopback, where who asks is who runs the server."""

    async def grant(self, authorization: str | None) -> Grant | None:
        return Grant(EVERYTHING)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Askers must bring a bearer token that one of `ways` knows."""

    ways: tuple[Access, ...]

    async def grant(self, authorization: str | None) -> Grant | None:
        for way in self.ways:
            found = await way.grant(authorization)
            if found is not None:
                return found
        raise Problem(
            401,
            "this server answers to those who bring a valid token; send it as Authorization: Bearer TOKEN",
            {"WWW-Authenticate": 'Bearer realm="shoal"' + (', error="invalid_token"' if authorization else "")},
        )


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header; None where there is none of this kind."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token and token.isascii() and " " not in token else None


def patterns(texts: Iterable[str]) -> tuple[str, ...]:
    """Patterns of release ids as they were given; those that no id can fit are left out."""
    return tuple(text for text in texts if text and len(text) <= 200)
