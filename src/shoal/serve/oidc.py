"""Who may look, by the word of an identity provider: OpenID Connect bearer tokens (JWT), checked by joserfc."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shoal.errors import UsageError
from shoal.serve.access import EVERYTHING, Grant, bearer, patterns
from shoal.serve.faults import Tell, untold
from shoal.serve.hosts import is_loopback
from shoal.serve.problems import Problem

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Signatures with a public key only: never `none`, never a shared secret."""
LEEWAY = 30
"""Seconds that clocks may differ."""
FRESH = 3600.0
"""Seconds for which fetched keys are used without a look."""
RETRY = 30.0
"""Seconds between two fetches, however many tokens name unknown keys."""
_TIMEOUT = 10.0
_LARGEST = 1 << 20
_LARGEST_TOKEN = 1 << 14


@dataclass(slots=True)
class Oidc:
    """Lets in who brings a token of one issuer for one audience.

    issuer    as the tokens name it
    audience  one of those that the token must be for
    keys      address or file of the issuer's keys (JWKS); None: where its discovery document says
    claim     name of the claim that holds patterns of release ids (a list, or words); None: all releases
    """

    issuer: str
    audience: str
    keys: str | None = None
    claim: str | None = None
    tell: Tell = untold
    clock: Callable[[], float] = time.monotonic
    _set: Any = None
    _fetched: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        """Raises `UsageError`."""
        _require_library()
        _check_address(self.issuer, "--oidc-issuer")
        if not self.audience:
            raise UsageError("--oidc-audience is missing: without it a token meant for another service would do here")
        if self.keys is not None and "://" in self.keys:
            _check_address(self.keys, "--oidc-keys")
        elif self.keys is not None:
            self._set = _key_set(_file(Path(self.keys)), self.keys)

    async def grant(self, authorization: str | None) -> Grant | None:
        text = bearer(authorization)
        if text is None or text.count(".") != 2 or len(text) > _LARGEST_TOKEN:
            return None
        claims = _checked(text, await self._keys(_kid(text)), self.issuer, self.audience)
        if claims is None:
            return None
        allowed = EVERYTHING if self.claim is None else _patterns(claims.get(self.claim))
        return Grant(allowed, f"oidc {self.issuer} {claims.get('sub', '')}")

    async def _keys(self, kid: str | None) -> Any:
        """The issuer's keys; fetched again where they are old, or lack a key that a token names."""
        if self.keys is not None and "://" not in self.keys:
            return self._set
        async with self._lock:
            age = self.clock() - self._fetched
            lacking = self._set is None or (kid is not None and all(key.kid != kid for key in self._set))
            if age > FRESH or (lacking and age > RETRY):
                self._fetched = self.clock()
                try:
                    self._set = await self._fetch()
                except Exception as error:  # its network, its certificate, its JSON: we can but go on with what we have
                    self.tell(f"the keys of {self.issuer} can't be fetched ({type(error).__name__})")
        if self._set is None:
            raise Problem(
                503, "the identity provider of this server can't be reached, so nobody can be let in; try again later"
            )
        return self._set

    async def _fetch(self) -> Any:
        import httpx

        async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False) as client:
            address = self.keys
            if address is None:
                found = await _get(client, f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self.issuer:
                    raise ValueError("the discovery document is of another issuer")
                address = str(found["jwks_uri"])
                _check_address(address, "jwks_uri")
            return _key_set(await _get(client, address), address)


def _checked(text: str, keys: Any, issuer: str, audience: str) -> dict[str, Any] | None:
    """The claims of a token that holds in every respect; None of any other."""
    from joserfc import jwt

    registry = jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
    )
    try:
        token = jwt.decode(text, keys, algorithms=list(ALGORITHMS))
        registry.validate(token.claims)
    except Exception:  # foreign bytes can fail in many ways; each of them means no
        return None
    return token.claims


def _kid(text: str) -> str | None:
    """Name of the key that a token says it is signed with; not believed, only looked for."""
    from joserfc.util import urlsafe_b64decode

    try:
        head = json.loads(urlsafe_b64decode(text.partition(".")[0].encode()))
    except Exception:
        return None
    kid = head.get("kid") if isinstance(head, dict) else None
    return kid if isinstance(kid, str) else None


def _patterns(claim: Any) -> tuple[str, ...]:
    if isinstance(claim, str):
        return patterns(claim.split())
    return patterns(each for each in claim if isinstance(each, str)) if isinstance(claim, list) else ()


def _key_set(found: Any, where: str) -> Any:
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        return KeySet.import_key_set(found)
    except (JoseError, ValueError, TypeError, KeyError):
        raise UsageError(f"{where} holds no key set (JWKS); give the address or file of the issuer's keys") from None


def _file(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise UsageError(f"{path} can't be read as a key set (JWKS); give the address or file of the keys") from None


async def _get(client: Any, address: str) -> Any:
    async with client.stream("GET", address, headers={"Accept": "application/json"}) as answer:
        if answer.status_code != 200:
            raise ValueError(f"status {answer.status_code}")
        body = b""
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > _LARGEST:
                raise ValueError("too long")
    return json.loads(body)


def _check_address(address: str, option: str) -> None:
    """https, or http on this machine. Raises `UsageError`."""
    parts = urlsplit(address)
    plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not ((parts.scheme == "https" and parts.hostname) or plain):
        raise UsageError(f"{option} {address[:100]}: give an address that begins with https://")


def _require_library() -> None:
    from importlib.util import find_spec

    if find_spec("joserfc") is None or find_spec("httpx") is None:
        raise UsageError("OpenID Connect needs two more libraries; run: pip install 'shoal[oidc]'")
