"""The releases of one folder: which there are, and each of them opened once it has been verified."""

import hashlib
import os
import re
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from shoal.errors import UsageError, VerificationError
from shoal.release.manifest import Manifest
from shoal.serve.apart import Verdict, verify_apart
from shoal.serve.lru import Lru
from shoal.serve.opened import Opened
from shoal.serve.problems import Problem

MOST_OPEN = 32
"""Releases that stay open at a time; their tables are counted apart."""
LARGEST_MANIFEST = 1 << 24
_ID = re.compile(r"\d{4}-\d\d-\d\d-[A-Za-z0-9][A-Za-z0-9_-]{0,79}")

Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder that says it is a release.

    id        its name, which must be the release's
    manifest  as it stands there, not verified; None where it can't be read
    verified  None: not looked at yet
    problem   why it can't be opened, in one sentence; empty where it can, or nobody tried yet
    """

    id: str
    manifest: Manifest | None
    version: str
    verified: bool | None
    problem: str = ""


@dataclass(slots=True)
class _Known:
    """What was found out about one folder, as long as its files stay as they were."""

    stamp: Stamp
    manifest: Manifest | None
    version: str
    problem: str
    verified: bool | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def rows(self) -> int:
        """As many as the manifest claims."""
        return 0 if self.manifest is None else sum(facts.cells for facts in self.manifest.statistics)

    def fail(self, path: Path, problem: str) -> None:
        """It does not verify; it is not looked at again before one of its files is another."""
        self.verified, self.problem, self.stamp = False, problem, _stamp(path, whole=True)


class Shelf:
    """Released folders that lie directly in `folder`, or `folder` itself where it is one. Only looks, never writes."""

    def __init__(self, folder: Path, most_open: int = MOST_OPEN) -> None:
        """Raises `UsageError` where there is no such folder."""
        if not folder.is_dir():
            raise UsageError(f"{folder}: there is no such folder; give the folder that holds releases, as in releases/")
        self.folder = folder.resolve()
        self._alone = (self.folder / "manifest.json").is_file()
        self._open: Lru[str, Opened] = Lru(most_open)
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def listed(self) -> list[Listed]:
        """Every release, the newest period first."""
        found = []
        for path in self._folders():
            known = self._look(path)
            found.append(Listed(path.name, known.manifest, known.version, known.verified, known.problem))
        return sorted(found, key=lambda one: one.id, reverse=True)

    def ready(self, release: str) -> Opened | None:
        """The release where it is open already and still the same; never waits. Raises `Problem` (404, 409)."""
        path = self._path(release)
        if path is None:
            raise unknown(release)
        known = self._look(path)
        if known.problem:
            raise Problem(409, known.problem, more={"release": release})
        opened = self._open.get(release)
        return opened if opened is not None and opened.version == known.version else None

    def open(self, release: str) -> Opened:
        """A release that verifies. Raises `Problem`: 404 where there is none, 409 where it does not verify."""
        path = self._path(release)
        if path is None:
            raise unknown(release)
        known = self._look(path)
        with known.lock:  # whoever else asks for it meanwhile waits for this one verification
            if known.problem:
                raise Problem(409, known.problem, more={"release": release})
            opened = self._open.get(release)
            if opened is not None and opened.version == known.version:
                return opened
            try:
                opened = self._verified(path, known, verify_apart(path, known.rows))
            except VerificationError as error:
                known.fail(path, str(error))
                raise Problem(409, known.problem, more={"release": release}) from None
            self._open.put(release, opened)
            return opened

    def verify(self, release: str) -> Verdict:
        """Run the verifier now, whatever it said before. Raises `Problem` and `VerificationError`."""
        path = self._path(release)
        if path is None:
            raise unknown(release)
        known = self._look(path)
        with known.lock:
            verdict = verify_apart(path, known.rows)
            if verdict.good:
                known.verified, known.problem, known.stamp = True, "", _stamp(path, whole=False)
            else:
                self._open.drop(release)
                known.fail(path, _failure(release, verdict))
        return verdict

    def spoilt(self, release: str, reason: str) -> Problem:
        """A file changed after it was verified: the release is closed, and the problem is what to answer."""
        self._open.drop(release)
        problem = f"{release} has changed since it was verified: {reason}; get an unchanged copy from its publisher"
        path = self._path(release)
        if path is not None:
            self._look(path).fail(path, problem)
        return Problem(409, problem, more={"release": release})

    def _verified(self, path: Path, known: _Known, verdict: Verdict) -> Opened:
        if not verdict.good:
            raise VerificationError(_failure(path.name, verdict))
        if known.manifest is None or verdict.manifest != known.version:
            raise VerificationError(f"{path.name} changed while it was verified; try again")
        known.verified = True
        return Opened(path, known.manifest, known.version)

    def _folders(self) -> Iterator[Path]:
        if self._alone:
            yield self.folder
            return
        try:
            entries = sorted(os.scandir(self.folder), key=lambda entry: entry.name)
        except OSError:
            raise Problem(503, "the folder of releases can't be read by the server just now; try again later") from None
        for entry in entries:
            # no links: what they lead to does not lie in this folder
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                path = self.folder / entry.name
                if (path / "manifest.json").is_file():
                    yield path

    def _path(self, release: str) -> Path | None:
        if not _ID.fullmatch(release):
            return None
        path = self.folder if self._alone else self.folder / release
        if path.name != release or path.is_symlink() or not (path / "manifest.json").is_file():
            return None
        return path

    def _look(self, path: Path) -> _Known:
        """What is known of a folder; read anew where its manifest, or a file of one that failed, is another."""
        with self._lock:
            known = self._known.get(path.name)
            if known is not None and known.stamp == _stamp(path, whole=bool(known.problem)):
                return known
            manifest, version, problem = _read(path)
            known = _Known(_stamp(path, whole=bool(problem)), manifest, version, problem)
            self._known[path.name] = known
            return known


def unknown(release: str) -> Problem:
    """What to answer where there is no such release, or none that the asker may see."""
    return Problem(404, f"there is no release {release[:100]!r} here; /api/releases lists those that there are")


def _failure(release: str, verdict: Verdict) -> str:
    failure = verdict.failure
    check, reason = ("manifest", "there is none") if failure is None else (failure.name, failure.reason)
    return f"{release} does not verify, check `{check}`: {reason}; get an unchanged copy from its publisher"


def _read(path: Path) -> tuple[Manifest | None, str, str]:
    """Manifest, version and problem of a folder."""
    file = path / "manifest.json"
    try:
        if not stat.S_ISREG(file.lstat().st_mode) or file.stat().st_size > LARGEST_MANIFEST:
            return None, "", f"{path.name} has no manifest of a usual size; get an unchanged copy from its publisher"
        data = file.read_bytes()
        manifest = Manifest.parse(data)
    except OSError:
        return None, "", f"{path.name} can't be read by the server; grant it the right to read the folder"
    except ValueError:
        return None, "", f"the manifest of {path.name} can't be read; get an unchanged copy from its publisher"
    if manifest.id != path.name:
        return None, "", f"the folder {path.name} holds the release {manifest.id}; give the folder that name"
    return manifest, hashlib.sha256(data).hexdigest(), ""


def _stamp(path: Path, *, whole: bool) -> Stamp:
    """Changes when the manifest does; with `whole` also when any other file does."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if whole else [path / "manifest.json"]
    stamp = []
    for file in files[:10_000]:
        try:
            found = file.lstat()
        except OSError:
            continue
        stamp.append((file.name, found.st_mtime_ns, found.st_size, found.st_ino))
    return tuple(stamp)
