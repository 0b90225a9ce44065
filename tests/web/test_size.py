"""What the explorer's code weighs on the wire: all of it, the map's worker and what is read later included."""

import gzip

import httpx

from shoal.serve import pages

MOST = 800_000
"""Bytes, gzipped: the goal."""


def test_code(address: str) -> None:
    """As well as gzip can, and as the server sends it; a byte that page and worker both load counts once."""
    scripts = [file for file in pages.STATIC.rglob("*") if file.suffix in (".js", ".mjs")]
    assert any(file.name.startswith("map-worker-") for file in scripts)
    assert 0 < sum(len(gzip.compress(file.read_bytes(), 9)) for file in scripts) < MOST

    sent = 0
    with httpx.Client(base_url=address, headers={"Accept-Encoding": "gzip"}, timeout=120, trust_env=False) as client:
        for file in scripts:
            with client.stream("GET", file.relative_to(pages.STATIC).as_posix()) as answer:
                assert answer.status_code == 200 and answer.headers["content-encoding"] == "gzip"
                sent += sum(map(len, answer.iter_raw()))
    assert 0 < sent < MOST
