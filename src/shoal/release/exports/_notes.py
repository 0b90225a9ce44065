"""What every export says of itself: what the numbers are, their interval, what is protected, on which terms."""

from shoal.release import sentences, words
from shoal.release.read import Release, Table


def notes(release: Release, table: Table, times: str) -> dict[str, str]:
    """Notes by name, in the order in which they are read; `times` says how this format writes them."""
    s = table.facts
    about = {
        "release": release.id,
        "statistic": f"{s.statistic}: {s.value}",
        "unit": words.unit(s, release.manifest.source.kind),
        "noise": f"{words.interval(s)} with 95 % confidence: lower and upper",
        **({"classes": f"{words.classes(s)}; in this order"} if s.classes else {}),
        "estimate": "unbiased, for sums and averages; may be negative",
        "consistent": "never negative, for showing single numbers",
        "suppressed": "a row without numbers, of which nothing may be said; it is not zero",
        **guarantee(release),
        "times": times,
    }
    return {"warning": sentences.synthetic(), **about} if release.manifest.synthetic else about


def guarantee(release: Release) -> dict[str, str]:
    """What is protected, and the terms of use, by name."""
    m = release.manifest
    p = m.privacy
    said = {
        "privacy": f"epsilon {words.number(p.epsilon)}, delta {words.number(p.delta)} for one device over one {p.unit}"
    }
    if m.publication is not None:
        said["licence"] = f"{m.publication.licence}; name as the source: {m.publication.attribution}"
        said["terms"] = " ".join(m.publication.terms)
    return said


def lines(about: dict[str, str]) -> str:
    """Notes as one text."""
    return "\n".join(f"{name}: {text}" for name, text in about.items())
