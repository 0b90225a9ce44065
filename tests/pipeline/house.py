"""A source and everything that `shoal` may write to for it, each in a folder of its own; and runs of `shoal` in it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shoal.ledger import State
from shoal.ledger.request import ChargeStatement
from tests.pipeline import source
from tests.prefork import Run


@dataclass(frozen=True)
class House:
    """Folders: `input` is the user's own; whatever else appears was written by Shoal or a library of its."""

    root: Path

    @classmethod
    def build(cls, root: Path, rows: Sequence[source.Record]) -> "House":
        house = cls(root)
        for folder in house.written:
            folder.mkdir(parents=True)
        source.write_all_formats(house.input / "records", rows)
        house.plan()
        return house

    @property
    def input(self) -> Path:
        return self.root / "input"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def written(self) -> tuple[Path, ...]:
        """Everywhere a process may write to, but the input."""
        return self.state, self.out, *(self.root / name for name in ("tmp", "home", "cwd"))

    def plan(self, controller: str = "City", **more: str) -> Path:
        """A plan beside the records; plans of different controllers are different ones, so each is charged."""
        file = self.input / f"{controller}.toml"
        file.write_text(source.plan_text(controller, **more))
        return file

    def arguments(self, plan: Path) -> tuple[str, ...]:
        return ("release", str(plan), "--state", str(self.state), "--out", str(self.out))

    def start(self, *words: str, first: str = "") -> Run:
        """`shoal WORDS` in a process that knows of no other folder than these; `first`: Python that runs before."""
        here = {"HOME": self.root / "home", "TMPDIR": self.root / "tmp"}
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH", "NUMBA_CACHE_DIR") if name in os.environ
        }
        return Run(words, kept | {name: str(path) for name, path in here.items()}, self.root / "cwd", first)

    def charges(self) -> list[ChargeStatement]:
        """All charges in the accounts, oldest first."""
        return [charge for account in State.open(self.state).accounts.statement() for charge in account.charges]
