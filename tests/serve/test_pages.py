"""The explorer's files, the page where there are none, the page of the calls: whole, kept rightly, of this machine."""

import re
from pathlib import Path

import httpx
import pytest

from shoal.errors import UsageError
from shoal.serve.basemap import basemap_of
from shoal.serve.pages import Files, missing
from shoal.serve.server import Settings
from tests.serve.live import live
from tests.serve.test_routes import detail_of


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What a build of the explorer looks like, with what must not be seen beside and among it."""
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html><title>explorer</title>")
    (static / "assets" / "app-1a2b.mjs").write_text("export default 1;")
    (static / "assets" / ".hidden.js").write_text("secret")
    (static / "assets" / "key.pem").write_text("secret")
    (tmp_path / "secret.js").write_text("secret")
    (static / "link.js").symlink_to(tmp_path / "secret.js")
    return static


def test_files_of_the_build_and_no_other(built: Path) -> None:
    files = Files(built)
    found = files.find("assets/app-1a2b.mjs")
    assert found is not None and found.media_type.startswith("text/javascript")
    assert files.find("index.html") is not None
    wrong = (
        "", "assets", "assets/", "assets/.hidden.js", "assets/key.pem", "link.js", "../secret.js", "/etc/hosts.txt",
        "assets/../index.html", "assets//app-1a2b.mjs", "./index.html", "index.html\0.js", "none.js",
        "x" * 5000 + ".js",
    )  # fmt: skip
    assert {path: files.find(path) for path in wrong} == dict.fromkeys(wrong)


def test_a_file_that_is_built_anew_is_seen(built: Path) -> None:
    files = Files(built)
    before = files.find("index.html")
    (built / "index.html").write_text("<!doctype html><title>the new explorer</title>")
    after = files.find("index.html")
    assert before is not None and after is not None and before.etag != after.etag


def test_the_build_is_served(shelf_folder: Path, built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoal.serve.application.pages.Files", lambda _: Files(built))
    with live(shelf_folder) as client:
        page = client.get("/")
        assert page.text.endswith("<title>explorer</title>") and page.headers["content-type"].startswith("text/html")
        assert page.headers["cache-control"] == "public, no-cache"
        script = client.get("/assets/app-1a2b.mjs")
        assert "immutable" in script.headers["cache-control"]
        again = client.get("/assets/app-1a2b.mjs", headers={"If-None-Match": script.headers["etag"]})
        assert again.status_code == 304
        assert "explorer is at /" in detail_of(client.get("/assets/key.pem"), 404)


def test_without_a_build_the_page_says_what_to_do() -> None:
    page = missing().body.decode()
    assert "make " in page and "pip install" in page
    assert "http:" not in page and "https:" not in page


def test_the_page_of_the_calls_needs_no_other_machine_and_no_script(client: httpx.Client) -> None:
    page = client.get("/api/docs")
    described = client.get("/api/openapi.json").json()
    for path in described["paths"]:
        assert path in page.text.replace("&#x27;", "'")
    assert "<script" not in page.text
    links = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert links and all(link.startswith("/api/") for link in links)
    for link in links:
        assert client.get(link).status_code == 200
    assert client.get("/api/docs.css").headers["content-type"].startswith("text/css")


def test_a_map_of_the_operators_own(shelf_folder: Path, client: httpx.Client, tmp_path: Path) -> None:
    assert client.get("/api/releases").json()["basemap"] is None
    assert "--basemap" in detail_of(client.get("/api/basemap"), 404)
    file = tmp_path / "map.geojson"
    file.write_text('{"type": "FeatureCollection", "features": []}')
    with live(shelf_folder, Settings(rate=0, ahead=False, basemap=file)) as other:
        where = other.get("/api/releases").json()["basemap"]
        assert other.get(where).json() == {"type": "FeatureCollection", "features": []}
        assert other.get(where).headers["content-type"] == "application/geo+json"
    for text in ("{", "[]", '{"type": "Topology"}'):
        file.write_text(text)
        with pytest.raises(UsageError, match="is no GeoJSON"):
            basemap_of(file)
    with pytest.raises(UsageError, match="can't be read"):
        basemap_of(tmp_path / "none.geojson")
