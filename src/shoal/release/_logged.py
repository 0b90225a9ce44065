"""The checks of `verify` that ask the public log: is this release in it, paid for, and still right?"""

import hashlib
import stat
from collections.abc import Iterator
from fractions import Fraction

from shoal.disk import Disk
from shoal.errors import DataError, ShoalError, StateError, VerificationError
from shoal.ledger.entries import ChargeEntry, CorrectionEntry, Entries, Entry
from shoal.release._checks import MANIFEST, Failed, Folder
from shoal.release.proof import LARGEST, PROOF, ReleaseProof
from shoal.translog.note import VerifierKey
from shoal.translog.reader import LogReader
from shoal.translog.tiles import SPAN
from shoal.translog.view import View


def logged(folder: Folder) -> None:
    """Does the proof lead from this manifest to a checkpoint that the log's key signed?"""
    manifest, proof = folder.manifest, _proof(folder)
    if manifest.log is None:
        raise Failed(f"{MANIFEST} names no log")
    try:
        entry = proof.said()
        proof.verify(VerifierKey.parse(manifest.log))
    except ShoalError as error:
        raise Failed(f"{PROOF}: {error}") from None
    found = hashlib.sha256((folder.path / MANIFEST).read_bytes()).hexdigest()
    said = {
        "manifest_sha256": (entry.manifest_sha256, found),
        "release": (entry.release, manifest.id),
        "source": (entry.source, manifest.source.name),
        "charge": (entry.charge, manifest.account.charge),
        "plan_sha256": (entry.plan_sha256, manifest.plan_sha256),
    }
    if differ := [name for name, (one, other) in said.items() if one != other]:
        raise Failed(f"the entry of the log has another {differ[0]} than this release")


def key(folder: Folder) -> None:
    """Is it the key that the verifier was given?"""
    if str(folder.trust.key) != folder.manifest.log:
        raise Failed(f"the release is signed with the key {folder.manifest.log}, which is another than the given one")


def witnesses(folder: Folder) -> None:
    """Have enough of the verifier's witnesses cosigned the checkpoint?"""
    manifest, proof = folder.manifest, _proof(folder)
    try:
        log = VerifierKey.parse(manifest.log or "")
        proof.inclusion().verify(proof.entry.encode(), log, folder.trust.policy, strict=False)
    except ShoalError as error:
        raise Failed(f"{PROOF}: {error}") from None


def in_log(folder: Folder) -> None:
    """Does the log as it is now continue that of the proof, hold release and charge, and hold no correction?"""
    proof = _proof(folder)
    log = VerifierKey.parse(folder.manifest.log or "")
    reader = LogReader(folder.trust.log or "", log)
    try:
        inclusion = proof.inclusion()
        view = reader.follow(proof.verify(log).checkpoint)
        if view.entry(inclusion.index) != proof.entry.encode():
            raise Failed("the log holds another entry in the place of this release")
        _paid(folder, view, inclusion.index)
        _not_corrected(folder, view, inclusion.index)
    except ShoalError as error:
        raise Failed(str(error)) from None


def history(folder: Folder) -> None:
    """Does the log continue the checkpoint that the verifier kept? If so the new one is kept in its place."""
    trust = folder.trust
    reader = LogReader(trust.log or "", VerifierKey.parse(folder.manifest.log or ""))
    try:
        older = trust.older()
        view = reader.view() if older is None else reader.follow(older)
        if trust.kept is not None:
            Disk().replace(trust.kept, bytes(view.note))
    except (VerificationError, DataError, StateError) as error:
        raise Failed(str(error)) from None


def _paid(folder: Folder, view: View, index: int) -> None:
    """The charge stands before the release in the log, and what it paid is what the manifest says."""
    manifest = folder.manifest
    charge = next((e for e in _backwards(view, index) if _is_charge(e, manifest.account.charge)), None)
    if not isinstance(charge, ChargeEntry):
        raise Failed("the log holds no charge for this release")
    if charge.plan_sha256 != manifest.plan_sha256 or charge.source != manifest.source.name:
        raise Failed("the charge in the log is for another plan or source")
    paid = {name: (Fraction(drawn.rho), drawn.noise) for name, drawn in charge.measures.items()}
    said = {s.statistic: (Fraction(s.rho), s.mechanism) for s in manifest.statistics}
    if paid != said:
        raise Failed("the charge in the log is not for what the manifest says was drawn")


def _is_charge(entry: Entry, charge: str) -> bool:
    return isinstance(entry, ChargeEntry) and entry.charge == charge


def _backwards(view: View, index: int) -> Iterator[Entry]:
    """Entries before `index`, the newest first: a charge stands close to its release."""
    for bundle in range(index // SPAN, -1, -1):
        for data in reversed(view.entries(bundle * SPAN, min((bundle + 1) * SPAN, index))):
            yield Entries.parse(data)


def _not_corrected(folder: Folder, view: View, index: int) -> None:
    for start in range(index + 1, view.size, SPAN):
        for data in view.entries(start, min(start + SPAN, view.size)):
            entry = Entries.parse(data)
            if isinstance(entry, CorrectionEntry) and entry.release == folder.manifest.id:
                instead = f"; use {entry.superseded_by} instead" if entry.superseded_by else ""
                raise Failed(f"it was withdrawn on {entry.time[:10]}: {entry.reason}{instead}")


def _proof(folder: Folder) -> ReleaseProof:
    file = folder.path / PROOF
    try:
        mode, size = file.lstat().st_mode, file.lstat().st_size
    except OSError:
        raise Failed(f"there is no {PROOF}: this folder was never published") from None
    if not stat.S_ISREG(mode) or size > LARGEST:
        raise Failed(f"{PROOF} is not an ordinary file, or larger than {LARGEST >> 20} MiB")
    try:
        return ReleaseProof.parse(file.read_bytes())
    except ValueError:
        raise Failed(f"{PROOF} is not written as Shoal writes it") from None
