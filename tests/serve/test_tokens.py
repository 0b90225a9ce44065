"""Tokens: what one opens, until when; and that the file holds none."""

import asyncio
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from shoal.errors import StateError, UsageError
from shoal.serve.access import Credentials, Grant
from shoal.serve.problems import Problem
from shoal.serve.server import Settings
from shoal.serve.tokens import TokenFile, create, listed, revoke
from tests.serve.live import live
from tests.serve.test_routes import detail_of


def grant(file: Path, text: str | None, scheme: str = "Bearer") -> Grant | None:
    return asyncio.run(TokenFile(file).grant(None if text is None else f"{scheme} {text}"))


def test_a_token_opens_what_it_says_and_no_more(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    text, token = create(file, "Ana", ("2026-03-*", "2025-01-01-a"), 30)
    found = grant(file, text)
    assert found is not None and found.who == f"token {token.id}"
    assert found.allows("2026-03-02-demo") and found.allows("2025-01-01-a")
    assert not found.allows("2026-04-02-demo") and not found.allows("2025-01-01-ab")
    assert grant(file, text, "bearer") == found


def test_the_file_holds_no_token_and_is_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    texts = [create(file, f"user {n}", ("*",), 30)[0] for n in range(3)]
    data = file.read_text()
    assert len(set(texts)) == len(listed(file)) == 3
    for text in texts:
        secret = text.split("_", 2)[2]  # which may hold a "_" itself
        assert len(secret) == 43  # 256 bits
        assert text not in data and secret not in data
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.json"]


def test_another_token_opens_nothing(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    text, _ = create(file, "Ana", ("*",), 30)
    other, _ = create(tmp_path / "others.json", "Eve", ("*",), 30)
    mixed = text[:-43] + other[-43:]
    wrong = (None, "", "x", other, mixed, text[:-1], text + "A", text.upper(), text.replace("shoal", "shoel"))
    assert [grant(file, each) for each in wrong] == [None] * len(wrong)
    assert grant(file, text, "Basic") is None
    assert grant(file, text) is not None


def test_an_expired_and_a_revoked_one_open_nothing(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    long_ago = datetime.now(UTC) - timedelta(days=31)
    old, _ = create(file, "old", ("*",), 30, now=long_ago)
    young, _ = create(file, "young", ("*",), 32, now=long_ago)
    assert (grant(file, old), grant(file, young) is not None) == (None, True)
    way = TokenFile(file)
    text, token = create(file, "Ana", ("*",), 30)
    assert asyncio.run(way.grant(f"Bearer {text}")) is not None, "a running server sees a new one"
    revoke(file, token.id)
    assert asyncio.run(way.grant(f"Bearer {text}")) is None, "and at once that it is revoked"
    assert asyncio.run(way.grant(f"Bearer {young}")) is not None
    assert [each.state(datetime.now(UTC)) for each in listed(file)] == ["expired", "valid", "revoked"]


def test_a_file_that_can_not_be_trusted_lets_in_nobody(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    text, _ = create(file, "Ana", ("*",), 30)
    way = TokenFile(file)
    file.chmod(0o644)
    with pytest.raises(StateError, match="chmod 600"):
        TokenFile(file)
    good = file.read_bytes()
    file.write_bytes(good[:-20])
    file.chmod(0o600)
    assert asyncio.run(way.grant(f"Bearer {text}")) is None
    file.unlink()
    assert asyncio.run(way.grant(f"Bearer {text}")) is None
    file.write_bytes(good)
    file.chmod(0o600)
    os.utime(file)
    assert asyncio.run(way.grant(f"Bearer {text}")) is not None
    with pytest.raises(UsageError, match="no such file of tokens"):
        TokenFile(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "releases", "days"),
    [
        ("Ana", ("*",), 0),
        ("Ana", ("*",), 4000),
        ("", ("*",), 1),
        ("a\nb", ("*",), 1),
        ("Ana", (), 1),
        ("Ana", ("../x",), 1),
    ],
)
def test_a_token_that_can_not_be_meant_is_refused(
    tmp_path: Path, name: str, releases: tuple[str, ...], days: int
) -> None:
    with pytest.raises(UsageError):
        create(tmp_path / "tokens.json", name, releases, days)
    assert not (tmp_path / "tokens.json").exists()


def test_no_credentials_no_answer() -> None:
    with pytest.raises(Problem) as refused:
        asyncio.run(Credentials(()).grant(None))
    assert refused.value.status == 401 and refused.value.headers["WWW-Authenticate"].startswith("Bearer")


def test_over_the_wire(shelf_folder: Path, first: str, second: str, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    one, _ = create(file, "one", (first,), 30)
    every, token = create(file, "every", ("*",), 30)
    with live(shelf_folder, Settings(ways=(TokenFile(file),), rate=0, ahead=False)) as client:
        for path in (
            "/api/releases",
            f"/api/releases/{first}",
            "/api/basemap",
            "/api/basemap.pmtiles",
            "/api/nothing",
            "/ogc",
            "/ogc/openapi",
        ):
            answer = client.get(path)
            detail_of(answer, 401)
            assert answer.headers["www-authenticate"] == 'Bearer realm="shoal"'
        for path in ("/", "/api/docs", "/api/docs.css", "/api/openapi.json"):
            answer = client.get(path)
            assert answer.status_code == 200, "what is of no release is no secret; the explorer asks for a token"
            assert first not in answer.text
        client.headers["Authorization"] = f"Bearer {every}"
        for release in (first, second):
            where = f"/api/releases/{release}/totals/{'visits' if release == first else 'dwell'}"
            assert client.get(where).status_code == 200
        assert len(client.get("/api/releases").json()["releases"]) == 3
        client.headers["Authorization"] = f"Bearer {one}"
        assert [each["id"] for each in client.get("/api/releases").json()["releases"]] == [first]
        assert client.get(f"/api/releases/{first}/totals/visits").status_code == 200
        for path in ("", "/zones", "/tables/dwell", "/totals/dwell", "/verify"):
            # the same words as for one that is not there: who may not see it does not hear of it; also when it is kept
            said = detail_of(client.get(f"/api/releases/{second}{path}"), 404)
            assert said == detail_of(client.get(f"/api/releases/2020-01-01-none{path}"), 404).replace(
                "2020-01-01-none", second
            )
        client.headers["Authorization"] = f"Bearer {every}"
        revoke(file, token.id)
        assert "invalid_token" in client.get(f"/api/releases/{first}/totals/visits").headers["www-authenticate"]


def test_who_guesses_is_soon_not_heard_any_more(shelf_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    good, _ = create(file, "Ana", ("*",), 30)
    settings = Settings(ways=(TokenFile(file),), rate=0.01, burst=50, ahead=False)
    with live(shelf_folder, settings) as client:
        right = {"Authorization": f"Bearer {good}"}
        assert client.get("/api/releases", headers=right).status_code == 200
        wrong = {"Authorization": "Bearer shoal_000000000000_" + "A" * 43}
        assert [client.get("/api/releases", headers=wrong).status_code for _ in range(6)] == [401] * 5 + [429]
        assert client.get("/api/releases", headers=right).status_code == 429, "from there not even the right one"
        other = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(base_url=client.base_url, transport=other, trust_env=False) as elsewhere:
            assert elsewhere.get("/api/releases", headers=right).status_code == 200
