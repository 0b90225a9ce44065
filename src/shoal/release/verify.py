"""Verifying a release: was it changed, is it whole, does its arithmetic hold, does it stand in the public log?

All that needs the folder alone, and no network. Who holds more in hand (the log's key, its present state, a checkpoint
of an earlier day, a list of witnesses) holds it against the folder too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shoal.errors import UsageError, VerificationError
from shoal.release import _check_plan, _checks, _cost, _logged, _publication
from shoal.release._checks import Failed, Folder
from shoal.release.manifest import Manifest
from shoal.release.trust import Trust


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold.

    name   short, for a list
    holds  what is true when it passes
    run    raises `Failed` with a reason
    needs  checks without which this one means nothing
    """

    name: str
    holds: str
    run: Callable[[Folder], None]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found; `reason` is empty where it passed."""

    name: str
    passed: bool
    reason: str = ""


CHECKS: tuple[Check, ...] = (
    Check("manifest", "the manifest is complete, canonical and of a known format", _checks.manifest),
    Check("files", "every file is listed and unchanged, and there is no other", _checks.files, ("manifest",)),
    Check(
        "plan",
        "the plan is valid, has the stated hash and says what the manifest says",
        _check_plan.plan,
        ("manifest",),
    ),
    Check("period", "the period is whole units of privacy", _checks.period, ("manifest",)),
    Check(
        "budget", "noise and bounds cost no more than the stated rho, epsilon and delta", _cost.budget, ("manifest",)
    ),
    Check("zones", "the zones are those that the manifest names", _checks.zones, ("files",)),
    Check("tables", "every table has the columns and types of its statistic", _checks.tables, ("files", "period")),
    Check("complete", "every place and time has its row, once and in order", _checks.complete, ("zones", "tables")),
    Check("numbers", "numbers, intervals and marks fit the stated noise", _checks.numbers, ("tables",)),
    Check(
        "adding up",
        "consistent numbers of zones add up to those of regions and of all",
        _checks.adding_up,
        ("complete", "numbers"),
    ),
    Check(
        "sensitive",
        "rows of zones that a sensitive place isolates are suppressed, and no other",
        _checks.silent,
        ("complete", "plan"),
    ),
    Check(
        "publication",
        "licence, terms and registry.yaml follow from the manifest and its plan",
        _publication.publication,
        ("files", "plan"),
    ),
    Check("logged", "the release stands in the public log, under its key", _logged.logged, ("manifest",)),
)


TRUSTED: tuple[tuple[str, Check], ...] = (
    ("key", Check("key", "it is signed with the key that you hold", _logged.key, ("logged",))),
    (
        "log",
        Check(
            "log",
            "the log continues that of the proof, holds the charge, and has no correction",
            _logged.in_log,
            ("logged",),
        ),
    ),
    ("kept", Check("history", "the log continues the checkpoint that you kept", _logged.history, ("log",))),
    ("policy", Check("witnesses", "enough of your witnesses cosigned the checkpoint", _logged.witnesses, ("logged",))),
)
"""Checks for those who bring something of their own, by the field of `Trust` that holds it."""


def verify(folder: str | Path, trust: Trust | None = None) -> list[Outcome]:
    """Run every check on the release in `folder`. Raises `UsageError` where there is no such folder, nothing else."""
    opened = _open(folder, trust or Trust())
    return [_run(check, opened, done) for done in [dict[str, bool]()] for check in _checks_of(opened)]


def require(folder: str | Path) -> Manifest:
    """The manifest of the release in `folder`, after every check has passed.

    Raises `VerificationError` for the first that does not.
    """
    opened = _open(folder, Trust())
    done: dict[str, bool] = {}
    for check in CHECKS:
        outcome = _run(check, opened, done)
        if not outcome.passed:
            raise VerificationError(
                f"{opened.path}: the release does not verify, check `{outcome.name}`: {outcome.reason}; "
                "get an unchanged copy from its publisher"
            )
    return opened.manifest


def _checks_of(folder: Folder) -> Iterator[Check]:
    yield from CHECKS
    for held, check in TRUSTED:
        if getattr(folder.trust, held) is not None:
            yield check


def _open(folder: str | Path, trust: Trust) -> Folder:
    path = Path(folder)
    if not path.is_dir():
        raise UsageError(f"{path}: there is no such folder; give the folder of a release, the one with manifest.json")
    return Folder(path, trust)


def _run(check: Check, folder: Folder, done: dict[str, bool]) -> Outcome:
    missing = next((name for name in check.needs if not done[name]), None)
    reason = "" if missing is None else f"not checked, because `{missing}` failed"
    if missing is None:
        try:
            check.run(folder)
        except Failed as failed:
            reason = str(failed)
        except Exception as error:  # foreign bytes can fail in every library below in ways of their own
            reason = f"it can't be read as it stands ({type(error).__name__})"
    done[check.name] = not reason
    return Outcome(check.name, not reason, reason)
