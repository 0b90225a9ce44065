"""Policies (C2SP tlog-policy): which logs are accepted, which witnesses are known, and how many of them are enough."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from shoal.errors import DataError, UsageError
from shoal.translog.note import COSIGNATURE, ED25519, VerifierKey

_MOST_LINES = 10_000
NONE = "none"


@dataclass(frozen=True, slots=True)
class Known:
    """A log or a witness of a policy: its key, and where it is reached, if that is said."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """At least `least` of `members`, which are names of witnesses or of other groups."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a policy file says. Witnesses of a type that can't be checked here are kept, and never count."""

    logs: tuple[Known, ...] = ()
    witnesses: dict[str, Known] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str = NONE

    @classmethod
    def parse(cls, data: bytes) -> "Policy":
        """Read a policy file. Raises `DataError`, one sentence with the number of the line."""
        if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", data):
            raise DataError("the policy holds a control character other than tab and newline; save it as plain text")
        lines = data.decode("utf-8", "surrogateescape").split("\n")
        if lines.pop() or len(lines) > _MOST_LINES:
            raise DataError(f"the policy does not end with a newline, or has more than {_MOST_LINES} lines")
        reading = _Reading()
        for number, line in enumerate(lines, 1):
            words = [word for word in re.split("[ \t]+", line) if word]
            if words and not words[0].startswith("#"):
                try:
                    reading.take(words)
                except UsageError as error:
                    raise DataError(f"line {number} of the policy: {error}") from None
        if reading.quorum is None:
            raise DataError("the policy has no quorum line; 'quorum none' asks for no witness")
        return cls(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum)

    def enough(self, cosigned: Iterable[VerifierKey]) -> bool:
        """Whether the witnesses with these keys make the quorum."""
        keys = set(cosigned)
        return self.quorum == NONE or self._holds(self.quorum, keys)

    def _holds(self, name: str, keys: set[VerifierKey]) -> bool:
        if name in self.witnesses:
            return self.witnesses[name].key in keys
        group = self.groups[name]
        return sum(self._holds(member, keys) for member in group.members) >= group.least


class _Reading:
    """A policy of which some lines were read. Complaints are `UsageError`; the caller adds the line's number."""

    def __init__(self) -> None:
        self.logs: list[Known] = []
        self.witnesses: dict[str, Known] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()

    def take(self, words: list[str]) -> None:
        kind, *rest = words
        if kind == "log" and 1 <= len(rest) <= 2:
            self._log(*rest)
        elif kind == "witness" and 2 <= len(rest) <= 3:
            self._witness(*rest)
        elif kind == "group" and len(rest) >= 3:
            self._group(rest[0], rest[1], rest[2:])
        elif kind == "quorum" and len(rest) == 1:
            self._quorum(rest[0])
        else:
            raise UsageError(
                "a line is 'log VKEY [URL]', 'witness NAME VKEY [URL]', 'group NAME all|any|K NAME...' or 'quorum NAME'"
            )

    def _log(self, vkey: str, url: str | None = None) -> None:
        key = VerifierKey.parse(vkey)
        if key.kind == COSIGNATURE:
            raise UsageError(f"the key {key.name} belongs to a witness, not to a log")
        if key.kind == ED25519 and any(key.public == other.key.public for other in self.logs):
            raise UsageError(f"the key of the log {key.name} is in the policy twice")
        self.logs.append(Known(key, url))

    def _witness(self, name: str, vkey: str, url: str | None = None) -> None:
        self._new(name)
        key = VerifierKey.parse(vkey)
        if key.kind == ED25519:
            raise UsageError(f"the key {key.name} belongs to a log, not to a witness")
        if any(key.public == other.key.public for other in self.witnesses.values()):
            raise UsageError(f"the key of the witness {name} is in the policy twice")
        self.witnesses[name] = Known(key, url)

    def _group(self, name: str, least: str, members: list[str]) -> None:
        self._new(name)
        for member in members:
            self._defined(member)
            if member in self._members:
                raise UsageError(f"{member} is a member twice; each name can be in one group, once")
            self._members.add(member)
        words = {"all": len(members), "any": 1}
        if least not in words and not re.fullmatch("[1-9][0-9]{0,5}", least):
            raise UsageError(f"{least!r} is not 'all', 'any' or a number from 1")
        count = words.get(least) or int(least)
        if count > len(members):
            raise UsageError(f"the group {name} wants {count} of {len(members)} members")
        self.groups[name] = Group(count, tuple(members))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise UsageError("there is a second quorum line")
        if name != NONE:
            self._defined(name)
        self.quorum = name

    def _new(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise UsageError(f"{name} can't be defined, as it is already")

    def _defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise UsageError(f"{name} is neither a witness nor a group of the lines before")
