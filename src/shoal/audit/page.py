"""The report as one page that needs no other file: what was tried, what came of it, and a curve for each attack."""

from html import escape

from shoal.audit.report import MEANING, WORDS, Report, mark, percent
from shoal.audit.verdict import Judged

SIDE = 240
"""Of a curve, pixels."""

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c2733}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{text-align:right;padding:.25rem .5rem;"
    "border-bottom:1px solid #dde3e9;vertical-align:top}th:first-child,td:first-child{text-align:left}"
    ".verdict{padding:.8rem 1rem;border-left:.4rem solid;background:#f3f6f8;font-weight:600}"
    ".passed{border-color:#1f8a4c}.failed{border-color:#c0272d}.void{border-color:#c98a00}"
    "figure{display:inline-block;margin:.5rem;width:250px;vertical-align:top;font-size:12px}"
)


def page(report: Report) -> str:
    """The whole page, as HTML."""
    title = f"Audit of {report.source}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p class='verdict {report.verdict}'>{escape(WORDS[report.verdict])}</p>",
        f"<p>{escape(_what(report))}</p><p>{escape(MEANING)}</p>",
        "<h2>Canaries</h2>",
        "<p>Invented devices that put as much as the bound allows into cells where nobody else is, each in or out by a "
        "coin. Guessing right more often than allowed would prove that the noise is too small, or that a bound is "
        "missing.</p>",
        _table(
            ("statistic", "canaries", "guessed right", "allowed", "loss mu at least", "claimed", ""),
            [
                (
                    c.statistic,
                    f"{c.canaries:,}",
                    percent(c.right / c.canaries),
                    percent(c.allowed),
                    f"{c.least_mu:.2f}",
                    c.claim.words,
                    mark(c.kept),
                )
                for c in report.canaries
            ],
        ),
        "<h2>Is a device in the records?</h2>",
        _table(
            ("attack", "statistic", "AUC (95 %)", "ceiling", "found at 1 %", "ceiling", "without noise, AUC", ""),
            [
                (
                    f.attack,
                    f.statistic,
                    f"{f.auc.value:.3f} ({f.auc.low:.3f} to {f.auc.high:.3f})",
                    f"{f.ceiling.auc:.3f}",
                    "-" if f.at_1 is None else percent(f.at_1.value),
                    percent(float(f.ceiling.true_positives(0.01))),
                    ", ".join(f"{name} {rate.value:.2f}" for name, rate in f.controls.items()),
                    mark(f.kept, f.able),
                )
                for f in report.findings
            ],
        ),
        "".join(_figure(f) for f in report.findings),
    ]
    if report.shares:
        parts += [
            "<h2>Guesses</h2>",
            _table(
                ("attack", "statistic", "right (95 %)", "limit", "where the limit comes from", "without noise", ""),
                [
                    (
                        f"{s.attack}: {s.what}",
                        s.statistic,
                        f"{percent(s.share.value)} ({percent(s.share.low)} to {percent(s.share.high)})",
                        percent(s.limit),
                        s.limit_means,
                        ", ".join(f"{name} {percent(rate.value)}" for name, rate in s.controls.items()),
                        mark(s.kept, s.able),
                    )
                    for s in report.shares
                ],
            ),
        ]
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _what(report: Report) -> str:
    made = f"{report.made:%Y-%m-%d %H:%M} UTC, {report.mode}, {report.seconds:.0f} seconds"
    return (
        f"Plan {report.plan[:16]}..., epsilon {report.epsilon:g} for one device over one {report.unit}. "
        f"{report.about.words} Shoal {report.shoal}, code {report.code[:16]}..., {made}."
    )


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _figure(found: Judged) -> str:
    """Found against false alarms: the attack (dark), its ceiling (red), guessing (grey)."""
    alarms, hits = found.curve
    curves = (
        ("#b8c2cc", alarms, alarms),
        ("#c0272d", alarms, found.ceiling.true_positives(alarms)),
        ("#15507a", alarms, hits),
    )
    lines = "".join(
        f"<polyline fill='none' stroke='{colour}' stroke-width='1.5' points='"
        + " ".join(f"{x * SIDE:.1f},{(1 - y) * SIDE:.1f}" for x, y in zip(across.tolist(), up.tolist(), strict=True))
        + "'/>"
        for colour, across, up in curves
    )
    frame = f"<rect width='{SIDE}' height='{SIDE}' fill='none' stroke='#8795a1'/>"
    label = f"{found.attack}; {found.statistic}"
    return (
        f"<figure><svg viewBox='0 0 {SIDE} {SIDE}' width='{SIDE}' height='{SIDE}' role='img' "
        f"aria-label='{escape(label)}'>{frame}{lines}</svg><figcaption>{escape(label)}: found (up) against false "
        "alarms (across); red: the ceiling, grey: guessing</figcaption></figure>"
    )
