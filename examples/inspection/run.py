"""An inspection from the first entry to the last: every promise of Shoal's books, tried on a city that is made up.

    python examples/inspection/run.py                    in a temporary folder; about a minute
    python examples/inspection/run.py --folder trial     the same, and the folder stays

Nothing but the command line is used, as an inspector would: README.md beside this file says what each step is about.
One line a step; the exit status is 1 where one of them does not end as it should, and the line says which and why.
"""

import argparse
import contextlib
import hashlib
import shutil
import sys
import tempfile
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import office
import recount
from office import Answer, Terms

DEVICES = 1200
MONDAY = (today := datetime.now(UTC).date()) - timedelta(days=today.weekday() + 14)
"""Of the week before last: over, and not long ago."""
ALL = 1_000_000
"""Entries of the log to show, at most."""


class WrongError(Exception):
    """A step did not end as it should."""


class Inspection:
    """Folders and findings that steps hand on to later ones.

    folder  the publisher's and the inspector's things; the state of the publisher is `folder/state`
    """

    def __init__(self, folder: Path, command: office.Command = office.shoal) -> None:
        self.folder = folder
        self.state, self.forked, self.forger = folder / "state", folder / "forked", folder / "forger"
        self.kept, self.policy = folder / "inspector.checkpoint", folder / "state" / "witnesses.policy"
        self.key, self.witness = "", ""
        self.releases: list[Path] = []
        self.receipt = folder / "opt-out.receipt"
        self.open = contextlib.ExitStack()
        self._command = command

    def shoal(self, *words: object, ends: int = 0, state: Path | None = None) -> Answer:
        """`shoal WORDS`, which must end with the status `ends`."""
        answer = self._command(*words, state=state or self.state)
        if answer.status != ends:
            name = " ".join(map(str, words[:2]))
            raise WrongError(f"`shoal {name}` ended with {answer.status} instead of {ends}: {answer.err or 'no word'}")
        return answer

    def plan(self, name: str, terms: Terms) -> Path:
        file = self.folder / f"{name}.toml"
        file.write_text(office.plan(terms, MONDAY, MONDAY + timedelta(days=7)), encoding="utf-8")
        return file

    def release(self, name: str, terms: Terms, state: Path | None = None) -> Path:
        """Release a plan; its folder."""
        out = self.folder / f"{(state or self.state).name}-releases"
        return Path(self.shoal("release", self.plan(name, terms), "--out", out, state=state).json["folder"])

    def entries(self, *words: object) -> list[dict[str, Any]]:
        """Every entry of the log, each checked against its root by the command.

        words  `--since FILE`: the command fails unless the log continues the checkpoint in it
        """
        found: list[dict[str, Any]] = self.shoal("log", "--last", ALL, *words).json["entries"]
        return found

    def failed(self, release: Path, *words: object, ends: int = 0) -> dict[str, str]:
        """Checks of `shoal verify` that failed, with their reasons."""
        answer = self.shoal("verify", release, *words, ends=ends).json
        return {check["check"]: check["reason"] for check in answer["checks"] if not check["passed"]}

    def trusting(self, log: Path | None = None) -> tuple[object, ...]:
        """What the inspector holds against a release: the key, the log as it is, the witness, the kept checkpoint."""
        log = log or self.state / "log"
        return ("--key", self.key, "--log", log, "--witnesses", self.policy, "--checkpoint", self.kept)


def must(holds: object, otherwise: str) -> None:
    if not holds:
        raise WrongError(otherwise)


def simulate(it: Inspection) -> str:
    """a city of phones that nobody carries"""
    it.shoal("simulate", it.folder / "city", "--devices", DEVICES, "--days", 7, "--seed", 1, "--records-per-day", 40,
             "--start", MONDAY)  # fmt: skip
    office.quarters(it.folder / "city", it.folder / "quarters.geojson")
    (it.folder / "assessment.txt").write_text("Assessment of the processing, approved.\n", encoding="utf-8")
    return f"{DEVICES:,} phones, the week of {MONDAY}"


def register(it: Inspection) -> str:
    """the source is registered, with its assessment, before a record is read"""
    it.shoal("source", "register", it.plan("first", Terms()))
    said = it.shoal("log", "--last", ALL).json
    it.key = said["key"]
    source, assessment = said["entries"]
    expected = hashlib.sha256((it.folder / "assessment.txt").read_bytes()).hexdigest()
    must((source["kind"], assessment["kind"]) == ("source", "assessment"), "the log does not say what was registered")
    must(source["synthetic"] and source["purpose"] == "transport planning", "the log says another basis than the plan")
    must(source["assessment_sha256"] == assessment["sha256"] == expected, "the log names another assessment")
    return "the log holds its basis, and the hash of the assessment is that of the file"


def watch(it: Inspection) -> str:
    """a witness that the publisher does not run"""
    found = office.witness(it.folder / "witness", it.key, "inspector.example/witness")
    it.witness, key = it.open.enter_context(found)
    must(it.witness.startswith("http://127.0.0.1:") and key, "the witness did not start")
    it.policy.write_text(f"log {it.key}\nwitness inspector {key} {it.witness}\nquorum inspector\n", encoding="utf-8")
    return f"listens on this machine only; {key.split('+')[0]}"


def first_release(it: Inspection) -> str:
    """a release, and all that can be held against it"""
    it.releases.append(it.release("first", Terms()))
    failed = it.failed(it.releases[0], *it.trusting())
    must(not failed, f"the release does not verify: {failed}")
    must(it.kept.is_file(), "the checkpoint of the log was not kept")
    shutil.copytree(it.state, it.forked, dirs_exist_ok=True)  # what a dishonest publisher could put back, later
    return f"{it.releases[0].name} verifies by key, log and witness; its checkpoint is kept"


def opt_out(it: Inspection) -> str:
    """half of the phones opt out, and get a receipt"""
    named = it.folder / "opt-out.txt"
    named.write_text("".join(f"{device}\n" for device in _devices(it.folder / "city")[::2]), encoding="utf-8")
    position = it.shoal("optout", "add", named, "--receipt", it.receipt).json["position"]
    head, _, note = it.receipt.read_text(encoding="utf-8").partition("\n\n")
    _, index, *hashes = head.split("\n")
    _, size, root = note.split("\n")[:3]
    checkpoint = it.folder / "receipt.checkpoint"
    checkpoint.write_text(note, encoding="utf-8")
    (entry,) = [entry for entry in it.entries("--since", checkpoint) if entry["index"] == position]
    must(entry["kind"] == "opt-out list", "the receipt is for another entry of the log")
    path = [b64decode(line) for line in hashes]
    proven = recount.proves(entry, int(index.removeprefix("index ")), int(size), path, b64decode(root))
    must(proven, "the receipt does not prove that the entry is in the log")
    return f"entry {position}, proven by hand from the receipt; the log continues it"


def second_release(it: Inspection) -> str:
    """who opted out is in no number computed afterwards"""
    it.releases.append(it.release("second", Terms(statistics=("visitors", "residents"))))
    failed = it.failed(it.releases[1], *it.trusting())
    must(not failed, f"the release does not verify: {failed}")
    before, after = (_visitors(release) for release in it.releases)
    must(0.25 * before < after < 0.75 * before, f"visitors went from {before:.0f} to {after:.0f}, not to about half")
    return f"visitors, with their noise: {before:.0f} before, {after:.0f} after"


def exhausted(it: Inspection) -> str:
    """a third plan: the account is spent, and says no"""
    plan = it.plan("third", Terms(epsilon="0.61"))
    must(not it.shoal("budget", "--plan", plan).json["enough"], "`shoal budget --plan` promises more than is left")
    out = it.folder / "state-releases"
    answer = it.shoal("release", plan, "--out", out, ends=3)
    must(len(list(out.iterdir())) == 2, "something was published all the same")
    return answer.err.split(": ", 1)[-1].split(";")[0]


def without_basis(it: Inspection) -> str:
    """plans without a basis: expired, and from auctions without consent"""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    it.shoal("source", "register", it.plan("expired", Terms(basis=f"expires = {yesterday}\n")), ends=3)
    auction = it.plan("auction", Terms(basis='collected = "auction"\n'))
    it.shoal("source", "register", auction, ends=3)
    reasons = [entry["reason"] for entry in it.entries() if entry["kind"] == "refusal"]
    must(reasons == ["budget", "basis", "basis"], f"the log tells of the refusals: {reasons}")
    return "both refused; the log tells of all three refusals, and why"


def tampered(it: Inspection) -> str:
    """one bit of one table is changed"""
    copy = _copy(it.releases[1], it.folder / "tampered")
    file = copy / "tables" / "visitors.parquet"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    failed = it.failed(copy, ends=3)
    must("visitors.parquet" in failed.get("files", ""), f"the changed file is not named: {failed}")
    return f"found: {failed['files']}"


def forged(it: Inspection) -> str:
    """somebody else releases the same plan under a key of their own"""
    release = it.release("first", Terms(), state=it.forger)
    failed = it.failed(release, "--key", it.key, ends=3)
    must(set(failed) == {"key"}, f"a forgery in good order must fail by its key, and by that alone: {failed}")
    return "in itself it is in good order; the publisher's key finds it"


def forked(it: Inspection) -> str:
    """the publisher puts an old log back, and tells another story from there on"""
    it.shoal("log", "--log", it.forked / "log", "--key", it.key, "--since", it.kept, ends=3)  # it was rolled back
    (it.folder / "other.txt").write_text("Another assessment.\n", encoding="utf-8")
    told = Terms(controller="City of Atlantis, other office", assessment="other.txt", statistics=("residents",))
    out = it.folder / "forked-releases"
    answer = it.shoal("release", it.plan("forked", told), "--out", out, state=it.forked, ends=3)
    must("another history" in answer.err, f"the witness did not object: {answer.err}")
    must(not out.exists() or not list(out.iterdir()), "it was published all the same")
    failed = it.failed(it.releases[0], *it.trusting(it.forked / "log"), ends=3)
    must(set(failed) == {"history"}, f"a log that was forked must fail by the kept checkpoint: {failed}")
    seen = it.folder / "witness.checkpoint"
    seen.write_bytes(office.seen(it.witness, it.key))
    it.entries("--since", seen)
    return "refused by the kept checkpoint, and by the witness, who saw the true one"


def withdrawn(it: Inspection) -> str:
    """a wrong release is withdrawn, not deleted"""
    first, second = it.releases
    before = _files(first)
    it.shoal("log", "correct", first, "--reason", "half of the phones had opted out", "--by", second.name)
    failed = it.failed(first, *it.trusting(), ends=3)
    must(set(failed) == {"log", "history"} and second.name in failed["log"], f"the withdrawal is not seen: {failed}")
    must(_files(first) == before, "the folder itself must stay as it was")
    return failed["log"]


def destroyed(it: Inspection) -> str:
    """kept records are sealed, and when their time is over their key goes"""
    source = "atlantis-kept"
    it.shoal("keep", it.plan("keep", Terms(source=source, basis="retention_days = 60\n")))
    (unit,) = (it.state / "kept" / source).iterdir()
    key, backup = it.state / "kept-keys" / source / f"{unit.name}.key", it.folder / "backup"
    must(key.is_file() and len(_files(unit)) > 1, "nothing was kept")
    sealed = b"".join(_files(unit).values())
    written = [how for device in _devices(it.folder / "city")[:40] for how in (device.encode(), _number(device))]
    must(not any(how in sealed for how in written), "what is kept can be read")
    shutil.copytree(unit, backup, dirs_exist_ok=True)
    it.shoal("source", "register", it.plan("due", Terms(source=source, basis="retention_days = 1\n")))
    gone = it.shoal("retention").json["destroyed"]
    must([(one["source"], one["start"]) for one in gone] == [(source, str(MONDAY))], f"what was due is kept: {gone}")
    must(not key.exists() and not unit.exists(), "the key or the records are still there")
    told = [entry for entry in it.entries() if entry["kind"] == "key destroyed"]
    must([(one["source"], one["start"]) for one in told] == [(source, str(MONDAY))], f"the log says of keys: {told}")
    shutil.copytree(backup, unit)  # and a copy of the sealed files, put back, opens no more
    over = it.plan("kept", Terms(source=source, basis="retention_days = 1\n", records="kept = true"))
    answer = it.shoal("release", over, "--out", it.folder / "kept-releases", ends=2)
    must("no records are kept" in answer.err, f"what was destroyed is refused for another reason: {answer.err}")
    shutil.rmtree(unit)
    return f"of the week of {MONDAY} nothing opens any more, a copy neither; the log says that its key is gone"


def recounted(it: Inspection) -> str:
    """every account is worked out again, from the log alone and by other code"""
    said = it.shoal("log", "--last", ALL).json
    must(recount.root(said["entries"]) == said["root"], "the root of the log is another than its entries come to")
    try:
        again = recount.accounts(said["entries"])
    except recount.WrongError as error:
        raise WrongError(str(error)) from None
    stated = {account["source"]: _stated(account) for account in it.shoal("budget").json["accounts"]}
    must(stated == again, "`shoal budget` says other than the log comes to")
    spent = sum(len(account["units"]) for account in again.values())
    return f"{said['size']} entries, {spent} unit spent, equal to the last digit"


STEPS: tuple[Callable[[Inspection], str], ...] = (
    simulate,
    register,
    watch,
    first_release,
    opt_out,
    second_release,
    exhausted,
    without_basis,
    tampered,
    forged,
    forked,
    withdrawn,
    destroyed,
    recounted,
)


def inspect(folder: Path, command: office.Command = office.shoal, say: Callable[[str], None] = print) -> int:
    """Every step in `folder`, one line each; the exit status."""
    it = Inspection(folder, command)
    with it.open:
        for number, step in enumerate(STEPS, 1):
            title = (step.__doc__ or "").strip()
            try:
                found = step(it)
            except Exception as error:  # a step may fail in ways that nobody thought of: it is wrong all the same
                why = str(error) if isinstance(error, WrongError) else f"{type(error).__name__}: {error}"
                say(f"{number:2} WRONG  {title}: {why}")
                say(f"\nThe inspection ended at step {number} of {len(STEPS)}, `{step.__name__}`.")
                return 1
            say(f"{number:2} right  {title}: {found}")
    say(f"\nAll {len(STEPS)} steps ended as they should.")
    return 0


def main() -> None:
    """From the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, help="an empty folder that stays; default: a temporary one")
    chosen = options.parse_args()
    if chosen.folder is None:
        with tempfile.TemporaryDirectory(prefix="shoal-inspection-") as name:
            sys.exit(inspect(Path(name), say=_say))
    chosen.folder.mkdir(parents=True, exist_ok=True)
    if any(chosen.folder.iterdir()):
        options.error(f"{chosen.folder} is not empty; choose another folder")
    sys.exit(inspect(chosen.folder.absolute(), say=_say))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a program for a person


def _devices(city: Path) -> list[str]:
    """The identifiers of the simulated phones."""
    import polars as pl

    found = pl.read_parquet(city / "records" / "*.parquet", columns=["device"])["device"]
    return sorted(str(device) for device in found.unique())


def _number(device: str) -> bytes:
    """The identifier as a machine writes it: they are whole numbers here."""
    return int(device).to_bytes(8, "little", signed=True)


def _visitors(release: Path) -> float:
    """All zones together, from the published table."""
    import polars as pl

    return float(pl.read_parquet(release / "tables" / "visitors.parquet")["estimate"].sum())


def _files(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _copy(release: Path, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    return Path(shutil.copytree(release, to / release.name))


def _stated(account: Mapping[str, Any]) -> dict[str, Any]:
    """What `shoal budget --json` says of an account, in the words of `recount.accounts`."""

    def pair(amounts: Mapping[str, Any]) -> tuple[Fraction, Fraction]:
        return Fraction(amounts["spent"]["rho"]), Fraction(amounts["left"]["rho"])

    return {
        "cap": Fraction(account["cap"]["rho"]),
        "year": Fraction(account["cap"]["year_rho"]),
        "units": {unit["start"]: pair(unit) for unit in account["units"]},
        "years": {year["year"]: pair(year) for year in account["years"]},
        "charges": sorted(charge["charge"] for charge in account["charges"]),
    }


if __name__ == "__main__":
    main()
