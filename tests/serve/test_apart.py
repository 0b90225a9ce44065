"""The verifier in a process of its own: it finds what the verifier finds, and a bomb harms that process alone."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoal.errors import VerificationError
from shoal.release.verify import verify
from shoal.serve.apart import verify_apart


def test_it_finds_what_the_verifier_finds(shelf_folder: Path, first: str) -> None:
    found = verify_apart(shelf_folder / first, 1000)
    assert found.outcomes == tuple(verify(shelf_folder / first))
    assert found.good and found.failure is None
    assert found.manifest == hashlib.sha256((shelf_folder / first / "manifest.json").read_bytes()).hexdigest()


def test_a_file_that_unpacks_to_more_than_memory_ends_there(
    shelf_folder: Path, first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few kilobytes of Parquet that stand for 16 GB of text, with a manifest that names their hash."""
    folder = Path(shutil.copytree(shelf_folder / first, tmp_path / first))
    names = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), pa.array(["x" * (1 << 24)]))
    wkb = pa.array([b"\x01\x01\x00\x00\x00" + bytes(16)] * 1000)
    columns = {
        "zone": pa.array([f"z{n:04d}" for n in range(1000)]),
        "name": names,
        "parent": pa.nulls(1000, pa.string()),
    }
    bomb = folder / "zones.parquet"
    was = hashlib.sha256(bomb.read_bytes()).hexdigest()
    pq.write_table(pa.table({**columns, "geometry": wkb}), bomb, compression="zstd", store_schema=False)
    assert bomb.stat().st_size < 100_000
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(was, hashlib.sha256(bomb.read_bytes()).hexdigest()))
    monkeypatch.setattr("shoal.serve.apart.LEAST_MEMORY", 3 << 30)
    said = "more memory or time"
    try:
        failure = verify_apart(folder, 1000).failure
        said = "" if failure is None else failure.name
    except VerificationError as error:
        said = str(error)
    assert said == "zones" or "more memory or time" in said


def test_one_that_does_not_come_back_is_no_release(
    shelf_folder: Path, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(VerificationError, match=f"^{first} could not be verified"):
        verify_apart(shelf_folder / first, 1000)


def test_a_server_loads_nothing_of_the_secret_side_nor_of_the_accounts() -> None:
    """What import-linter reads in the sources, seen in a process: also what a package loads by itself."""
    code = (
        "import sys, tempfile, pathlib, shoal.serve.application, shoal.serve.oidc, shoal.serve.tokens\n"
        "shoal.serve.application.application(pathlib.Path(tempfile.gettempdir()))\n"
        "print(*sorted(name for name in sys.modules if name.startswith('shoal.')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    loaded = set(done.stdout.split())
    assert "shoal.serve.routes" in loaded
    rooms = ("sources", "intake", "buckets", "kept", "trajectories", "statistics", "engines", "pipeline", "rights")
    secret = {f"shoal.{room}" for room in rooms} | {
        "shoal.privacy.noise", "shoal.privacy.sums", "shoal.privacy._open", "shoal.privacy._mint",
        "shoal.ledger.accounts", "shoal.ledger.state", "shoal.ledger.journal", "shoal.ledger.database",
    }  # fmt: skip
    assert loaded & secret == set()
