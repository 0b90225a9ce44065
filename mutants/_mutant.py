"""What a mutant is: one bug that a careless change could make, and the tests that have to notice it."""

from dataclasses import dataclass


class StaleError(ValueError):
    """The code that a mutant changes is no longer there as it was: write the mutant anew, as the code stands now."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one file.

    file  below `src/shoal`
    old   text that stands in the file exactly once
    new   text in its place
    """

    file: str
    old: str
    new: str

    def __call__(self, text: str) -> str:
        """The file with the bug. Raises `StaleError` where the old text is not there exactly once."""
        if (found := text.count(self.old)) != 1:
            raise StaleError(f"the old text stands {found} times in src/shoal/{self.file}, not once:\n{self.old}")
        if self.old == self.new:
            raise StaleError(f"the change of src/shoal/{self.file} changes nothing")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One seeded bug.

    name      short, for the table and the command line
    careless  what somebody may have thought when making the change, or what went wrong
    edits     what they changed: mostly one place
    tests     pytest's names of tests, below `tests`, of which at least one must fail
    jit       False: the tests run without the compiler, as a changed kernel would be compiled for minutes
    cheap     it takes a few seconds: no kernel, no server, no Java, no thread. CI takes its sample from these
    """

    name: str
    careless: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
    jit: bool = True
    cheap: bool = False
