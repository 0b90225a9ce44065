"""A release in the public log: lies are found by the folder alone, or by who brings the key, the log or witnesses."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from shoal.errors import DataError, UsageError
from shoal.ledger.entries import ChargeEntry, CorrectionEntry, Cost, Drawn, Entry, ReleaseEntry
from shoal.release.manifest import Manifest
from shoal.release.proof import ReleaseProof, add_proof
from shoal.release.trust import Trust
from shoal.release.verify import CHECKS, TRUSTED, verify
from shoal.translog.cosignature import cosign
from shoal.translog.key import SigningKey
from shoal.translog.log import Log
from shoal.translog.note import COSIGNATURE
from tests.release import make

OTHER = SigningKey.from_seed("example.org/tests", bytes(32))
WITNESS = SigningKey.from_seed("witness.example.org", bytes([5] * 32), COSIGNATURE)


def outcomes(folder: Path, **trust: Any) -> dict[str, str]:
    """Reason by check, of those that fail."""
    return {o.name: o.reason for o in verify(folder, Trust.of(**trust)) if not o.passed}


class Published:
    """A release in a log with other entries around it."""

    def __init__(self, tmp_path: Path, *, before: Sequence[Entry] = (), charge: dict[str, Any] | None = None) -> None:
        self.folder = make.release_in(tmp_path / "r", make.plan_in(tmp_path))
        self.manifest = Manifest.parse((self.folder / "manifest.json").read_bytes())
        self.entry = ReleaseProof.parse((self.folder / "proof.json").read_bytes()).said()
        self.log = Log.open(tmp_path / "log", make.LOG_KEY)
        paid = ChargeEntry(**({
            "charge": "0" * 16,
            "source": self.manifest.source.name,
            "plan_sha256": self.manifest.plan_sha256,
            "unit": "week",
            "units": ((self.manifest.period.start, self.manifest.period.end),),
            "measures": {
                s.statistic: Drawn(rho=s.rho, noise=s.mechanism, apart=False) for s in self.manifest.statistics
            },
            "costs": (Cost(start=self.manifest.period.start, rho=self.manifest.privacy.rho),),
        } | (charge or {})))  # fmt: skip
        first = self.log.append([e.to_bytes() for e in (*before, paid, self.entry)])
        self.place = first + len(before) + 1
        self.prove()

    def prove(self, witnesses: Sequence[SigningKey] = ()) -> None:
        self.log.cosign([(w.vkey, cosign(w, self.log.view().note.text, 1_800_000_000)) for w in witnesses])
        add_proof(self.folder, ReleaseProof.of(self.entry, self.log.proof(self.place), [w.vkey for w in witnesses]))


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Published:
    monkeypatch.setattr(make, "CHARGE", "0" * 16)
    return Published(tmp_path)


def test_all_that_a_verifier_can_bring(published: Published, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_text(f"log {make.LOG_KEY.vkey}\nwitness w {WITNESS.vkey}\nquorum w\n")
    published.prove([WITNESS])
    found = verify(
        published.folder,
        Trust.of(
            key=str(make.LOG_KEY.vkey), log=tmp_path / "log", witnesses=policy, checkpoint=tmp_path / "kept.checkpoint"
        ),
    )
    assert [o.name for o in found] == [c.name for c in CHECKS] + [c.name for _, c in TRUSTED]
    assert all(o.passed for o in found), found
    assert (tmp_path / "kept.checkpoint").read_text() == published.log.checkpoint()


def reproof(change: Callable[[dict[str, Any]], object]) -> Callable[[Published], None]:
    def spoil(published: Published) -> None:
        file = published.folder / "proof.json"
        said = json.loads(file.read_text())
        change(said)
        file.write_text(json.dumps(said, sort_keys=True, indent=2, ensure_ascii=False) + "\n")

    return spoil


def other_entry(**change: str) -> Callable[[Published], None]:
    """The log says something else of a release, and proves it."""

    def spoil(published: Published) -> None:
        entry = ReleaseEntry(**(published.entry.model_dump() | change))
        published.place = published.log.append([entry.to_bytes()])
        published.entry = entry
        published.prove()

    return spoil


LIES: dict[str, tuple[Callable[[Published], object], str]] = {
    "no proof": (lambda p: (p.folder / "proof.json").unlink(), "there is no proof.json"),
    "not JSON": (lambda p: (p.folder / "proof.json").write_text("{"), "not written as Shoal writes it"),
    "spaces": (
        lambda p: (p.folder / "proof.json").write_text(" " + (p.folder / "proof.json").read_text()), "not written"
    ),
    "a list": (lambda p: (p.folder / "proof.json").write_text("[]\n"), "not written as Shoal writes it"),
    "unknown key": (reproof(lambda s: s.update(more=1)), "not written as Shoal writes it"),
    "no entry": (reproof(lambda s: s.update(entry="")), "is none that Shoal writes"),
    "entry of another kind": (
        reproof(lambda s: s.update(entry=CorrectionEntry(
            release="2026-03-02-ride-app", manifest_sha256="ab" * 32, reason="x").to_bytes().decode())),
        "speaks of something else",
    ),
    "cut proof": (reproof(lambda s: s.update(proof=s["proof"][:200])), "proof.json: "),
    "another manifest": (other_entry(manifest_sha256="ab" * 32), "another manifest_sha256"),
    "another release": (other_entry(release="2026-03-02-other"), "another release"),
    "another charge": (other_entry(charge="f" * 16), "another charge"),
    "another plan": (other_entry(plan_sha256="ab" * 32), "another plan_sha256"),
    "another source": (other_entry(source="other"), "another source"),
    "a witness that did not sign": (reproof(lambda s: s.update(witnesses=[str(WITNESS.vkey)])), "did not cosign"),
    "a witness without a key": (reproof(lambda s: s.update(witnesses=["me"])), "proof.json: "),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "reason"), LIES.values(), ids=LIES)
def test_lies_that_the_folder_itself_gives_away(
    published: Published, spoil: Callable[[Published], object], reason: str
) -> None:
    assert outcomes(published.folder) == {}
    spoil(published)
    found = outcomes(published.folder)
    assert found.keys() == {"logged"} and reason in found["logged"], found


def test_a_cosignature_whose_witness_is_not_named(published: Published) -> None:
    published.prove([WITNESS])
    reproof(lambda s: s.update(witnesses=[]))(published)
    assert "whose key is not known" in outcomes(published.folder)["logged"]


def test_a_forger_with_a_log_of_his_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole new folder under another key of the same name verifies alone, and not for who has the key or the log."""
    monkeypatch.setattr(make, "CHARGE", "0" * 16)
    true = Published(tmp_path / "true")
    monkeypatch.setattr(make, "LOG_KEY", OTHER)
    forged = Published(tmp_path / "forged")
    assert outcomes(forged.folder) == {}
    assert "another than the given one" in outcomes(forged.folder, key=str(true.log.vkey))["key"]
    assert outcomes(forged.folder, log=tmp_path / "true" / "log").keys() == {"log"}


def test_a_correction_is_seen_in_the_log_alone(published: Published, tmp_path: Path) -> None:
    correction = CorrectionEntry(
        release=published.manifest.id,
        manifest_sha256=published.entry.manifest_sha256,
        reason="zones were swapped",
        superseded_by="2026-03-02-b",
    )
    published.log.append([correction.to_bytes()])
    assert outcomes(published.folder) == {}
    found = outcomes(published.folder, log=tmp_path / "log")
    assert found.keys() == {"log"}
    assert "withdrawn on 20" in found["log"] and "zones were swapped; use 2026-03-02-b instead" in found["log"]


@pytest.mark.parametrize(
    ("charge", "reason"),
    [
        ({"charge": "1" * 16}, "holds no charge for this release"),
        ({"plan_sha256": "ab" * 32}, "for another plan"),
        (
            {"measures": {"presence": Drawn(rho="1/100", noise="gaussian", apart=False)}},
            "not for what the manifest says",
        ),
    ],
    ids=["none", "another plan", "cheaper"],
)
def test_a_release_that_was_not_paid_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, charge: dict[str, Any], reason: str
) -> None:
    monkeypatch.setattr(make, "CHARGE", "0" * 16)
    published = Published(tmp_path, charge=charge)
    assert reason in outcomes(published.folder, log=tmp_path / "log")["log"]


def test_a_log_that_forgot_and_one_that_was_never_there(published: Published, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert outcomes(published.folder, log=tmp_path / "log", checkpoint=kept) == {}
    other = Log.open(tmp_path / "fork", make.LOG_KEY)
    other.append([published.log.entry(0), published.entry.to_bytes(), *(b"%d" % n for n in range(5))])
    found = outcomes(published.folder, log=tmp_path / "fork", checkpoint=kept)
    assert "log" in found and found["history"] == "not checked, because `log` failed"
    assert kept.read_text() == published.log.checkpoint()  # what was kept stays
    assert "there is no log at" in outcomes(published.folder, log=tmp_path / "nothing")["log"]


def test_a_log_that_continues_the_release_and_not_what_was_kept(published: Published, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    other = Log.open(tmp_path / "other", make.LOG_KEY)
    other.append([published.log.entry(0), published.log.entry(1), b"something that was taken back"])
    kept.write_text(other.checkpoint())
    rest = [CorrectionEntry(release="2026-03-02-b", manifest_sha256="ab" * 32, reason="x") for _ in range(2)]
    published.log.append([entry.to_bytes() for entry in rest])
    assert outcomes(published.folder, log=tmp_path / "log", checkpoint=kept).keys() == {"history"}


def test_too_few_witnesses(published: Published, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_text(f"log {make.LOG_KEY.vkey}\nwitness w {WITNESS.vkey}\nquorum w\n")
    found = outcomes(published.folder, witnesses=policy)
    assert found == {"witnesses": "proof.json: too few witnesses of the policy have cosigned the checkpoint"}


def test_what_a_verifier_may_give_wrong(published: Published, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--key: must be a key such as"):
        Trust.of(key="me")
    with pytest.raises(UsageError, match=r"--checkpoint: .* name it with --log"):
        Trust.of(checkpoint=tmp_path / "kept")
    with pytest.raises(UsageError, match=r"--witnesses .*nothing: can't be read"):
        Trust.of(witnesses=tmp_path / "nothing")
    (tmp_path / "policy").write_text("quorum of friends\n")
    with pytest.raises(DataError, match="line 1 of the policy"):
        Trust.of(witnesses=tmp_path / "policy")
    file = tmp_path / "key"
    file.write_text(f"{make.LOG_KEY.vkey}\n")
    assert Trust.of(key=str(file)).key == make.LOG_KEY.vkey
