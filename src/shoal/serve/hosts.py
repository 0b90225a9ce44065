"""Which names this server answers to. Another name in the Host header is a page elsewhere that points its own name at
this machine, to read what only this machine may read (DNS rebinding)."""

import ipaddress
import re
from collections.abc import Iterable

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?")


def is_loopback(host: str) -> bool:
    """Is what is bound to this host reached from this machine only?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_is_ours(header: str | None, names: Iterable[str]) -> bool:
    """Does a Host header name this server: localhost, an address in numbers (which no name can pose as), or `names`?"""
    found = _HOST.fullmatch(header or "")
    if found is None:
        return False
    host = found[1].lower().rstrip(".")
    if host == "localhost" or host in {name.lower().rstrip(".") for name in names}:
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
