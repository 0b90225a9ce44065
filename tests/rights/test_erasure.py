"""Who opts out leaves what is kept, in every unit; and a list that was changed elsewhere stops what is kept here."""

from pathlib import Path

import pytest

import shoal
from shoal.errors import StateError
from shoal.kept import Shelf
from shoal.ledger import State
from shoal.ledger.optouts import OptOutList
from shoal.plan import Plan
from shoal.rights import optout
from shoal.rights.named import Named
from shoal.rights.optout import opt_in, opt_out
from tests.engines.test_local import ROWS
from tests.rights.test_optout import OUT, STAY, silent
from tests.rights.weeks import keep, on_day, over_kept, plan, sums


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    on_day(monkeypatch, "2019-03-20")


@pytest.fixture
def own(tmp_path: Path) -> Plan:
    return plan(tmp_path / "in", {"all.csv": ROWS})


def release(of: Plan, state: Path, accounts: str | None = None) -> shoal.Release:
    out = state.with_name(f"{state.name} out")
    return shoal.release(of, state=state, accounts=accounts, out=out, progress=silent, tell=silent)


def test_as_if_they_had_never_been_kept(own: Plan, tmp_path: Path) -> None:
    """Also where records come later; who comes back is counted from what is kept then, not from before."""
    state = State.open(tmp_path / "state")
    keep(own, state)
    before = sums(over_kept(own), state)
    opt_out(state, Named([OUT[0].upper(), *OUT[1:], "nobody"]))
    without = sums(plan(tmp_path / "without", {"all.csv": STAY}))
    assert sums(over_kept(own), state) == without != before == sums(own)
    opt_in(state, Named(OUT))
    assert sums(over_kept(own), state) == without
    opt_out(state, Named(OUT))
    later = plan(tmp_path / "later", {"all.csv": ROWS[:200]})
    keep(later, state)
    assert sums(over_kept(own), state) == sums(
        plan(tmp_path / "more", {"a.csv": STAY, "b.csv": [r for r in ROWS[:200] if r in STAY]})
    )
    assert release(over_kept(own), state.folder).manifest.opt_outs == 3


def test_an_erasure_of_one_unit_only_would_show(own: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = State.open(tmp_path / "state")
    keep(own, state)
    units = Shelf.units
    monkeypatch.setattr(Shelf, "units", lambda self: list(units(self))[:1])
    opt_out(state, Named(OUT))
    monkeypatch.undo()
    on_day(monkeypatch, "2019-03-20")
    assert sums(over_kept(own), state) != sums(plan(tmp_path / "without", {"all.csv": STAY}))


def test_a_kill_between_erasing_and_listing(own: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Erased and not listed, or listed and not noted: never listed and not erased. Naming them again ends it."""
    state = State.open(tmp_path / "state")
    keep(own, state)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    without = sums(plan(tmp_path / "without", {"all.csv": STAY}))
    for where in ("change", "follow"):
        with monkeypatch.context() as patch:
            patch.setattr(*((OptOutList, "change", killed) if where == "change" else (optout, "follow", killed)))
            with pytest.raises(KeyboardInterrupt):
                opt_out(state, Named(OUT))
        assert sums(over_kept(own), state) == without
        assert (state.journal.latest("opt-out list") is None) == (where == "change")
    with pytest.raises(StateError, match="name the devices of the last changes again"):
        release(over_kept(own), state.folder)
    with pytest.raises(StateError, match="name the devices of the last changes again"):
        keep(own, state)
    opt_out(state, Named(["somebody else"]))
    with pytest.raises(StateError, match="name the devices of the last changes again"):
        release(over_kept(own), state.folder)
    opt_out(state, Named(OUT))
    assert release(over_kept(own), state.folder).manifest.opt_outs == 3


def test_a_list_that_another_state_changed(own: Plan, tmp_path: Path) -> None:
    """Two state folders share the accounts, and with them the list; only one keeps records."""
    accounts = f"sqlite:///{tmp_path / 'shared.sqlite'}"
    first, other = tmp_path / "first", tmp_path / "other"
    keep(own, State.open(first, accounts))
    opt_out(State.open(first, accounts), Named(["somebody"]))
    other.mkdir(mode=0o700)
    for name in ("optout.key", "log.key", "log.name", "digest.key"):
        (other / name).write_bytes((first / name).read_bytes())
        (other / name).chmod(0o600)
    opt_in(State.open(other, accounts), Named(["somebody"]))
    kept = over_kept(own)
    assert release(kept, first, accounts).manifest.opt_outs == 2  # nobody has to be erased
    opt_out(State.open(other, accounts), Named(OUT))
    more = over_kept(own, ("epsilon = 0.25", "epsilon = 0.125"))
    with pytest.raises(StateError, match="name the devices of the last changes again"):
        release(more, first, accounts)
    opt_out(State.open(first, accounts), Named(OUT))
    assert release(more, first, accounts).manifest.opt_outs == 4
    assert sums(more, State.open(first, accounts)) == sums(plan(tmp_path / "without", {"all.csv": STAY}))
