"""The Python face: load a plan, check it, release it, open a release. Imports what it needs only when it is called."""

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoal.engines import Engine, Progress
    from shoal.ledger import State
    from shoal.ledger.request import Standing
    from shoal.plan import Plan
    from shoal.preview import Preview
    from shoal.release import Release


def check(plan: "Plan") -> "Preview":
    """What `plan` would publish and how precise it would be. Reads its zone files, no record; charges nothing."""
    from shoal.preview import Preview

    return Preview.of(plan)


def release(
    plan: "Plan",
    *,
    out: str | Path | None = None,
    state: str | Path | None = None,
    accounts: str | None = None,
    engine: "Engine[Any] | None" = None,
    progress: "Progress | None" = None,
    tell: Callable[[str], None] | None = None,
) -> "Release":
    """Carry out `plan` and publish its release; returns it, verified.

    out       folder of releases; default `releases` beside the plan
    state     folder of accounts and keys; default $SHOAL_STATE, else `.shoal` beside the plan
    accounts  URL of the accounts' database; default $SHOAL_ACCOUNTS, else SQLite in the state folder
    engine    default: `shoal.LocalEngine()`
    progress  called with (phase, done from 0 to 1, records so far or None); default: bars on stderr
    tell      called with sentences for the operator; default: stderr

    Raises `PlanError`, `DataError`, `StateError` or `BudgetError`; nothing is published then.
    """
    from shoal import pipeline
    from shoal._progress import Bars

    bars = Bars(quiet=False)
    with bars if progress is None else nullcontext():  # two live displays on one terminal overwrite each other
        return pipeline.run(
            plan,
            state=open_state(plan.folder, state, accounts),
            out=Path(out) if out is not None else plan.folder / "releases",
            engine=engine,
            progress=progress or bars,
            tell=tell or bars.tell,
        )


def open_state(folder: Path, state: str | Path | None, accounts: str | None = None) -> "State":
    """The state folder, made where it is missing: `state`, else $SHOAL_STATE, else `.shoal` in `folder`.

    $SHOAL_ACCOUNTS_WAIT says how many seconds to wait for accounts that another process has locked; default 30.
    """
    from shoal.ledger import State

    url = accounts or os.environ.get("SHOAL_ACCOUNTS") or None
    return State.open(_state_path(folder, state), url, wait=_wait(os.environ.get("SHOAL_ACCOUNTS_WAIT") or "30"))


def existing_state(folder: Path, state: str | Path | None, accounts: str | None = None) -> "State":
    """As `open_state`, but raises `UsageError` where there is no state yet: looking must not make one."""
    from shoal.errors import UsageError

    path = _state_path(folder, state)
    if not (path / "digest.key").is_file():
        raise UsageError(f"{path}: there are no accounts yet; name their folder with --state, or make a release first")
    return open_state(folder, state, accounts)


def standing(plan: str | Path, *, state: str | Path | None = None, accounts: str | None = None) -> "Standing":
    """What the plan would cost its account, and leave. Reads no record, charges nothing. Raises `RefusedError`."""
    from shoal.design import Design
    from shoal.pipeline import request_of
    from shoal.plan import Plan

    loaded = Plan.load(plan)
    return open_state(loaded.folder, state, accounts).accounts.standing(request_of(Design.of(loaded)))


def _wait(text: str) -> float:
    from shoal.errors import UsageError

    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise UsageError(f"$SHOAL_ACCOUNTS_WAIT is {text!r}; it must be a number of seconds from 0 to 86400")
    return seconds


def _state_path(folder: Path, state: str | Path | None) -> Path:
    return Path(state or os.environ.get("SHOAL_STATE") or folder / ".shoal")


def open_(folder: str | Path) -> "Release":
    """Read the release in `folder`, which is verified first. Raises `VerificationError` where it does not verify."""
    from shoal.release import open_release

    return open_release(Path(folder))
