"""`shoal serve` and `shoal token` as their users run them."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.cli.shell import refused, shoal


def test_a_token_is_shown_once(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    made = shoal("token", "create", "Ana", "--release", "2026-*", "--tokens", file, "--days", 7, "--json")
    assert made.status == 0
    token, id_ = made.json["token"], made.json["id"]
    listed = shoal("token", "list", "--tokens", file)
    assert id_ in listed.out and "Ana" in listed.out and "valid" in listed.out and token not in listed.out
    assert shoal("token", "revoke", id_, "--tokens", file).status == 0
    said = shoal("token", "list", "--tokens", file, "--json").json
    assert said["tokens"][0]["state"] == "revoked"
    assert token not in json.dumps(said) and "sha256" not in json.dumps(said)
    words = shoal("token", "create", "Bo", "--release", "*", "--tokens", file).out
    assert words.startswith("shoal_") and "not shown again" in words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("serve", "none"), "no such folder"),
        (("serve", ".", "--host", "0.0.0.0"), "add --tokens FILE or --oidc-issuer URL"),
        (("serve", ".", "--host", "192.0.2.1"), "lets other machines in"),
        (("serve", ".", "--tokens", "none.json"), "no such file of tokens"),
        (("serve", ".", "--oidc-audience", "shoal"), "--oidc-issuer is missing"),
        (("serve", ".", "--oidc-issuer", "https://id.example"), "--oidc-audience is missing"),
        (("serve", ".", "--oidc-issuer", "http://id.example", "--oidc-audience", "a"), "https://"),
        (("serve", ".", "--basemap", "none.geojson"), "can't be read"),
        (("serve", ".", "--basemap", "bad.pmtiles"), "no PMTiles archive of version 3"),
        (("token", "list", "--tokens", "none.json"), "no such file of tokens"),
        (("token", "revoke", "0", "--tokens", "none.json"), "no such file of tokens"),
        (("token", "create", "Ana", "--release", "*", "--tokens", "x.json", "--days", "0"), "1 to 3660 days"),
    ],
)
def test_what_can_not_be_meant_is_refused(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.pmtiles").write_bytes(b"PMTiles\x02")
    refused(shoal(*words), 2, said)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    from shoal.serve.server import listen

    with listen("127.0.0.1", 0) as taken:
        refused(shoal("serve", tmp_path, "--port", taken.getsockname()[1]), 1, "choose another with --port")


def test_it_serves_with_tokens_until_it_is_told_to_stop(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    token = shoal("token", "create", "Ana", "--release", "*", "--tokens", file, "--json").json["token"]
    (tmp_path / "releases").mkdir()
    # 0.0.0.0: where others could come in, so that this is what is tried; they would need the token
    words = ["serve", str(tmp_path / "releases"), "--host", "0.0.0.0", "--port", "0", "--tokens", str(file), "--json"]
    run = subprocess.Popen(
        [sys.executable, "-c", "from shoal.cli import main; main()", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"NO_PROXY": "*"},
    )  # fmt: skip
    try:
        assert run.stdout is not None
        address = json.loads(run.stdout.readline())["address"]
        asked = urllib.request.Request(f"{address}api/releases", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(asked, timeout=120) as answer:
            assert json.load(answer) == {"releases": [], "basemap": None}
        with pytest.raises(urllib.error.HTTPError) as wrong:
            urllib.request.urlopen(f"{address}api/releases", timeout=120)
        assert wrong.value.code == 401
        run.send_signal(signal.SIGINT)
        assert run.wait(120) == 0
        assert run.stderr is not None
        assert run.stderr.read() == ""
    finally:
        run.kill()
        run.communicate()
