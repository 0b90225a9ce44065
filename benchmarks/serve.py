"""How long do 200 clients at once wait for one hour of a release of a million rows?

    python -m benchmarks.serve                      a release of about a million rows is made first; two minutes
    python -m benchmarks.serve --release FOLDER     one that is there already; its parent folder is served
    python -m benchmarks.serve --clients 500        more clients
    python -m benchmarks.serve --pause 1            each waits about a second between an answer and the next request

`shoal serve` runs in a process of its own, as its user starts it, with the limits that it has by itself. The clients
run in another, each from an address of its own (127.0.1.1 and so on), over one connection that stays open: ask for an
hour drawn by chance, take the whole answer, ask again. All share the machine's cores. What is counted: milliseconds
from a request's first byte to its answer's last; the first of each hour, for which rows are still put together, among
them. Errors are answers that are not 200, or not as long as they say. CPU is the server's, for each request; `waits` is
the share of the time for which it could have run, but other programs, the clients among them, had the processors.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from benchmarks._runs import ROOT, machine

PLAN = """
[source]
name = "bench"
kind = "points"
files = ["records/*.parquet"]
timezone = "America/Mexico_City"
synthetic = true
[source.columns]
device = "device"
time = "time"
lat = "lat"
lon = "lon"
[source.basis]
controller = "A benchmark"
legal_basis = "simulated records of no real person"
purpose = "transport planning"
[zones]
kind = "h3"
resolution = 8
bbox = [-103.72, 20.32, -103.02, 21.0]
[period]
start = 2026-03-02
end = 2026-03-09
unit = "week"
[privacy]
epsilon = 1.0
[statistics.presence]
"""
STATISTIC = "presence"
WAYS = {
    "arrow": "application/vnd.apache.arrow.stream",
    "arrow, one column": "application/vnd.apache.arrow.stream",
    "arrow, zstd": "application/vnd.apache.arrow.stream",
    "json, one zone": "application/json",
}


def main() -> None:
    """Serve, load, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--release", type=Path, help="a release with presence by zone and hour")
    options.add_argument("--clients", type=int, default=200)
    options.add_argument("--seconds", type=float, default=15.0, help="for each way of asking")
    options.add_argument("--pause", type=float, default=0.0, help="seconds between an answer and the next request")
    options.add_argument("--load", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.load is not None:
        print(json.dumps(asyncio.run(_load(**json.loads(chosen.load)))))
        return
    with tempfile.TemporaryDirectory(prefix="shoal-bench-", dir="/var/tmp") as name:
        release = chosen.release.resolve() if chosen.release else _make(Path(name))
        print(machine("fastapi", "uvicorn", "pyarrow"))
        with subprocess.Popen(
            [sys.executable, "-m", "shoal.cli", "serve", str(release.parent), "--port", "0", "--json"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        ) as server:
            try:
                assert server.stdout is not None
                address = json.loads(server.stdout.readline())["address"]
                _measure(address, server.pid, release.name, chosen)
            finally:
                server.terminate()


def _make(folder: Path) -> Path:
    shoal = [sys.executable, "-m", "shoal.cli"]
    city = folder / "city"
    for words in (
        ["simulate", str(city), "--devices", "2000", "--days", "7", "--seed", "1", "--records-per-day", "24"],
        ["release", str(city / "bench.toml"), "--out", str(folder / "releases"), "--quiet"],
    ):
        if words[0] == "release":
            (city / "bench.toml").write_text(PLAN)
        subprocess.run([*shoal, *words], cwd=ROOT, check=True, capture_output=True)
    return next((folder / "releases").iterdir())


def _measure(address: str, pid: int, release: str, chosen: argparse.Namespace) -> None:
    import urllib.request

    def get(path: str) -> bytes:
        with urllib.request.urlopen(f"{address}{path}", timeout=600) as answer:
            return bytes(answer.read())

    start = time.perf_counter()
    facts = json.loads(get(f"api/releases/{release}"))
    table = facts["tables"][STATISTIC]
    print(f"{table['rows']:,} rows, verified after {time.perf_counter() - start:.1f} s", flush=True)
    start = time.perf_counter()
    get(f"api/releases/{release}/tables/{STATISTIC}?format=arrow&limit=1")
    print(f"first row after another {time.perf_counter() - start:.1f} s; {chosen.clients} clients\n", flush=True)
    zones = json.loads(get(f"api/releases/{release}/zones?geometry=none"))["features"]
    heads = ("kB", "requests", "a second", "p50 ms", "p99 ms", "max ms", "errors", "CPU ms", "waits %")
    print(f"{'a filtered hour as':22}{''.join(f'{head:>10}' for head in heads)}")
    for way, kind in WAYS.items():
        where = f"/api/releases/{release}/tables/{STATISTIC}?"
        where += "columns=estimate&" if "column" in way else ""
        paths = [f"{where}time={quote(hour)}" for hour in table["times"]]
        if "zone" in way:
            paths = [f"{path}&zone={zones[n % len(zones)]['id']}" for n, path in enumerate(paths)]
        asked = {
            "port": int(address.rsplit(":", 1)[1].strip("/")),
            "paths": paths,
            "accept": kind,
            "encoding": "zstd" if "zstd" in way else "identity",
            "clients": chosen.clients,
            "seconds": chosen.seconds,
            "pause": chosen.pause,
        }
        before, waited = _processor(pid), _waited(pid)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.serve", "--load", json.dumps(asked)],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        said = json.loads(done.stdout)
        times = sorted(said["milliseconds"])
        p99 = times[min(len(times) - 1, int(0.99 * len(times)))]
        numbers = (
            f"{said['bytes'] / max(1, len(times)) / 1000:.0f}",
            f"{len(times):,}",
            f"{len(times) / said['seconds']:.0f}",
            f"{statistics.median(times):.0f}",
            f"{p99:.0f}",
            f"{times[-1]:.0f}",
            f"{said['errors']}",
            f"{1000 * (_processor(pid) - before) / max(1, len(times)):.2f}",
            f"{100 * (_waited(pid) - waited) / said['seconds']:.0f}",
        )
        print(f"{way:22}{''.join(f'{number:>10}' for number in numbers)}", flush=True)


def _waited(pid: int) -> float:
    """Seconds for which the first thread of a process could have run, but no processor was free."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return float("nan")  # a kernel that does not tell


def _processor(pid: int) -> float:
    """Seconds of processor time that a process has had."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


async def _load(
    port: int, paths: list[str], accept: str, encoding: str, clients: int, seconds: float, pause: float
) -> dict[str, object]:
    """Ask until the time is over: milliseconds of each answer, bytes, errors."""
    found: dict[str, list[float]] = {"milliseconds": [], "bytes": [], "errors": []}
    dice = random.Random(1)
    head = f"Host: 127.0.0.1:{port}\r\nAccept: {accept}\r\nAccept-Encoding: {encoding}\r\n\r\n"
    start = time.perf_counter()
    until = start + seconds

    async def client(number: int) -> None:
        source = f"127.0.{1 + number // 250}.{1 + number % 250}"
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0), limit=1 << 20)
        if pause:
            await asyncio.sleep(pause * dice.random())
        while time.perf_counter() < until:
            begun = time.perf_counter()
            writer.write(f"GET {dice.choice(paths)} HTTP/1.1\r\n{head}".encode())
            try:
                said = (await reader.readuntil(b"\r\n\r\n")).lower()
                size = left = int(said.partition(b"content-length:")[2].partition(b"\r\n")[0])
                while left:
                    part = await reader.read(min(left, 1 << 18))
                    if not part:
                        raise EOFError
                    left -= len(part)
            except (EOFError, ValueError, OSError):
                found["errors"].append(1)
                return
            if b" 200 " not in said.partition(b"\r\n")[0]:
                found["errors"].append(1)
            found["milliseconds"].append(1000 * (time.perf_counter() - begun))
            found["bytes"].append(size)
            if pause:
                await asyncio.sleep(pause * dice.uniform(0.5, 1.5))
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    await asyncio.gather(*(client(number) for number in range(clients)))
    return {
        "milliseconds": found["milliseconds"],
        "bytes": sum(found["bytes"]),
        "errors": len(found["errors"]),
        "seconds": time.perf_counter() - start,
    }


if __name__ == "__main__":
    main()
