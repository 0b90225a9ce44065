"""A second accountant and a second reader of the log: from public entries alone, with nothing of Shoal's.

Written from docs/proofs/account.md and docs/transparency-log.md, so that a mistake in Shoal is not repeated here. It
needs no more than Python: budgets are fractions, dates are sets of days, hashes are SHA-256.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

Entry = Mapping[str, Any]


class WrongError(Exception):
    """The log says something that can't be."""


def accounts(entries: Iterable[Entry]) -> dict[str, dict[str, Any]]:
    """What every source's account holds, as `shoal budget --json` should say it: `units` and `years` with spent, left.

    Raises `WrongError` where a charge has no account, says other costs than its units and measures come to, or was more
    than was left.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry["kind"] == "account":
            if entry["source"] in found:
                raise WrongError(f"the account of {entry['source']} is opened twice")
            found[entry["source"]] = {"terms": entry, "units": {}, "years": {}, "charges": []}
        elif entry["kind"] == "charge":
            if entry["source"] not in found:
                raise WrongError(f"charge {entry['charge']} is on an account that was never opened")
            _charge(found[entry["source"]], entry)
    return {source: _statement(account) for source, account in found.items()}


def costs(account_unit: str, entry: Entry) -> dict[str, Fraction]:
    """What a charge takes from each unit of its account, from the plan's units and the price of each measure."""
    rows: defaultdict[str, list[bool]] = defaultdict(list)
    for start, end in entry["units"]:
        days = _days(date.fromisoformat(start), date.fromisoformat(end))
        for first in sorted({_first(account_unit, day) for day in days}):
            rows[first.isoformat()].append(all(_first(account_unit, day) == first for day in days))
    return {
        first: sum((_price(measure, inside) for measure in entry["measures"].values()), Fraction(0))
        for first, inside in sorted(rows.items())
    }


def entry_bytes(entry: Entry) -> bytes:
    """An entry as it stands in the log: JSON with sorted keys and no spaces, without its number."""
    said = {name: value for name, value in entry.items() if name != "index"}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def root(entries: Sequence[Entry]) -> str:
    """The root of the log, hexadecimal (RFC 6962, section 2.1): a hash of hashes over all entries in their order."""
    return _root([_leaf(entry) for entry in entries]).hex()


def proves(entry: Entry, index: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Do the hashes in `path` lead from `entry`, number `index` of `size`, to the root? (RFC 9162, section 2.1.3.2)"""
    found, last = _leaf(entry), size - 1
    if not 0 <= index < size:
        return False
    for other in path:
        if last == 0:
            return False
        if index % 2 or index == last:
            found = _node(other, found)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            found = _node(found, other)
        index, last = index // 2, last // 2
    return last == 0 and found == expected


def _charge(account: dict[str, Any], entry: Entry) -> None:
    terms = account["terms"]
    cost = costs(terms["unit"], entry)
    if {said["start"]: Fraction(said["rho"]) for said in entry["costs"]} != cost:
        raise WrongError(f"charge {entry['charge']} says other costs than its units and measures come to")
    for start, rho in cost.items():
        account["units"][start] = account["units"].get(start, Fraction(0)) + rho
        account["years"][int(start[:4])] = account["years"].get(int(start[:4]), Fraction(0)) + rho
        if account["units"][start] > Fraction(terms["cap_rho"]):
            raise WrongError(f"charge {entry['charge']} takes more than the unit {start} had left")
        if account["years"][int(start[:4])] > Fraction(terms["year_rho"]):
            raise WrongError(f"charge {entry['charge']} takes more than the year {start[:4]} had left")
    account["charges"].append(entry["charge"])


def _statement(account: Mapping[str, Any]) -> dict[str, Any]:
    terms = account["terms"]
    cap, year = Fraction(terms["cap_rho"]), Fraction(terms["year_rho"])
    return {
        "cap": cap,
        "year": year,
        "units": {start: (spent, cap - spent) for start, spent in sorted(account["units"].items())},
        "years": {number: (spent, year - spent) for number, spent in sorted(account["years"].items())},
        "charges": sorted(account["charges"]),
    }


def _price(measure: Mapping[str, Any], inside: Sequence[bool]) -> Fraction:
    """What one unit of the account pays for a measure; `inside`: does each row that touches it lie wholly in it?

    A row that lies inside comes or goes: it moves by its norm. One that lies partly inside changes: its old value goes,
    its new one comes. Prices go with the square of how far the sums move.
    """
    goes, comes = len(inside), inside.count(False)
    if measure["noise"] == "laplace":  # distances in L1: both ways add
        squares = sum(1 if whole else 4 for whole in inside) if measure["apart"] else (goes + comes) ** 2
    else:  # in L2, old and new at right angles at worst
        squares = sum(1 if whole else 2 for whole in inside) if measure["apart"] else goes**2 + comes**2
    return Fraction(measure["rho"]) * squares


def _first(unit: str, day: date) -> date:
    """The first day of the account unit that `day` lies in."""
    if unit == "week":
        return date.fromisocalendar(*day.isocalendar()[:2], 1)
    return date(day.year, day.month, 1) if unit == "month" else day


def _days(start: date, end: date) -> list[date]:
    return [start + timedelta(days=number) for number in range((end - start).days)]


def _leaf(entry: Entry) -> bytes:
    return hashlib.sha256(b"\0" + entry_bytes(entry)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _root(hashes: Sequence[bytes]) -> bytes:
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256(b"").digest()
    half = 1 << (len(hashes) - 1).bit_length() - 1  # the largest power of two below their number
    return _node(_root(hashes[:half]), _root(hashes[half:]))
