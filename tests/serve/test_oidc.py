"""OpenID Connect against a real issuer on loopback: its discovery, its keys, its tokens, and everybody else's."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from shoal.errors import UsageError
from shoal.serve.access import Grant
from shoal.serve.oidc import Oidc
from shoal.serve.problems import Problem
from shoal.serve.server import Settings
from tests.serve.live import issuer, live

KEY = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}, private=True)
OTHER = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}, private=True)
NEXT = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"}, private=True)


def signed(claims: dict[str, Any], key: Any = KEY, **header: Any) -> str:
    return jwt.encode({"alg": "ES256", "kid": "one", **header}, claims, key, algorithms=["ES256", "RS256", "HS256"])


def claims_of(address: str, **more: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": address, "aud": "shoal", "sub": "ana", "exp": now + 300, "iat": now, **more}


def published(address: str, *keys: Any) -> dict[str, bytes]:
    found = {"issuer": address, "jwks_uri": f"{address}/keys"}
    return {
        "/.well-known/openid-configuration": json.dumps(found).encode(),
        "/keys": json.dumps(KeySet(list(keys)).as_dict(private=False)).encode(),
    }


def ask(way: Oidc, token: str) -> Grant | None:
    return asyncio.run(way.grant(f"Bearer {token}"))


def test_a_token_of_the_issuer_lets_in_and_no_other() -> None:
    files: dict[str, bytes] = {}
    with issuer(files) as address:
        files |= published(address, KEY)
        way = Oidc(address, "shoal")
        found = ask(way, signed(claims_of(address)))
        assert found == Grant(("*",), f"oidc {address} ana")
        assert ask(way, signed(claims_of(address, aud=["other", "shoal"]))) is not None
        now = int(time.time())
        shared = OctKey.import_key(KEY.as_bytes(private=False).hex(), {"kid": "one"})
        none = f"{signed(claims_of(address)).rpartition('.')[0]}."
        wrong = {
            "of another key of that name": signed(claims_of(address), OTHER),
            "of another issuer": signed(claims_of("https://evil.example")),
            "for another audience": signed(claims_of(address, aud="other")),
            "for nobody": signed({k: v for k, v in claims_of(address).items() if k != "aud"}),
            "expired": signed(claims_of(address, exp=now - 60)),
            "without end": signed({k: v for k, v in claims_of(address).items() if k != "exp"}),
            "not valid yet": signed(claims_of(address, nbf=now + 600)),
            "not signed": none,
            "signed with the public key as a secret": signed(claims_of(address), shared, alg="HS256"),
            "cut off": signed(claims_of(address))[:-3],
            "no token at all": "a.b.c",
        }
        assert {why: ask(way, token) for why, token in wrong.items()} == dict.fromkeys(wrong)


def test_new_keys_are_fetched_when_a_token_names_one_but_not_for_every_token() -> None:
    files: dict[str, bytes] = {}
    now = [0.0]
    with issuer(files) as address:
        files |= published(address, KEY)
        way = Oidc(address, "shoal", clock=lambda: now[0])

        async def all_of_it() -> None:
            assert await way.grant(f"Bearer {signed(claims_of(address))}") is not None
            files.update(published(address, NEXT))
            token = f"Bearer {signed(claims_of(address), NEXT, alg='RS256', kid='two')}"
            asked = len(files["asked"])
            for _ in range(20):
                assert await way.grant(token) is None
            assert len(files["asked"]) == asked, "no faster than every half minute"
            now[0] = 31.0
            assert await way.grant(token) is not None
            assert await way.grant(f"Bearer {signed(claims_of(address))}") is None, "the old key is gone"

        asyncio.run(all_of_it())


def test_a_claim_can_name_the_releases() -> None:
    files: dict[str, bytes] = {}
    with issuer(files) as address:
        files |= published(address, KEY)
        for claim, allowed in (
            ("2026-03-* 2025-01-01-a", True),
            (["2026-03-*"], True),
            (["2026-04-*", 7], False),
            (None, False),
            ({"*": True}, False),
        ):
            found = ask(Oidc(address, "shoal", claim="releases"), signed(claims_of(address, releases=claim)))
            assert found is not None and found.allows("2026-03-02-demo") is allowed


def test_keys_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(published("https://id.example", KEY)["/keys"])
    way = Oidc("https://id.example", "shoal", str(file))
    assert ask(way, signed(claims_of("https://id.example"))) is not None
    assert ask(way, signed(claims_of("https://id.example"), OTHER)) is None
    file.write_text("{}")
    with pytest.raises(UsageError, match="JWKS"):
        Oidc("https://id.example", "shoal", str(file))


def test_an_issuer_that_is_down_lets_in_nobody() -> None:
    with issuer({}) as address:
        pass
    with pytest.raises(Problem) as refused:
        ask(Oidc(address, "shoal"), signed(claims_of(address)))
    assert refused.value.status == 503


def test_a_discovery_of_another_issuer_is_not_believed() -> None:
    files: dict[str, bytes] = {}
    with issuer(files) as address:
        files |= published(address, KEY)
        files["/.well-known/openid-configuration"] = json.dumps(
            {"issuer": "https://evil.example", "jwks_uri": f"{address}/keys"}
        ).encode()
        with pytest.raises(Problem):
            ask(Oidc(address, "shoal"), signed(claims_of(address)))


@pytest.mark.parametrize(
    ("address", "audience", "keys"),
    [
        ("http://id.example", "shoal", None),
        ("id.example", "shoal", None),
        ("https://id.example", "", None),
        ("https://id.example", "shoal", "http://id.example/keys"),
        ("https://id.example", "shoal", "/no/such/file"),
    ],
)
def test_what_can_not_be_trusted_is_refused_at_the_start(address: str, audience: str, keys: str | None) -> None:
    with pytest.raises(UsageError):
        Oidc(address, audience, keys)


def test_over_the_wire(shelf_folder: Path, first: str) -> None:
    files: dict[str, bytes] = {}
    with issuer(files) as address:
        files |= published(address, KEY)
        way = Oidc(address, "shoal", claim="releases")
        with live(shelf_folder, Settings(ways=(way,), rate=0, ahead=False)) as client:
            assert client.get("/api/releases").status_code == 401
            token = signed(claims_of(address, releases=[first]))
            client.headers["Authorization"] = f"Bearer {token}"
            assert [each["id"] for each in client.get("/api/releases").json()["releases"]] == [first]
            client.headers["Authorization"] = f"Bearer {signed(claims_of(address, releases=[first]), OTHER)}"
            assert client.get("/api/releases").status_code == 401
