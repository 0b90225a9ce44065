"""The corridor, tied together: from a plan to a published release. The only module that knows every room."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shoal import deny
from shoal._code import code_digest
from shoal.design import Design, Measure
from shoal.ends import MAX_MEASURED, select
from shoal.engines import Engine, LocalEngine, Opened, Progress
from shoal.errors import StateError
from shoal.estimate import Estimated, Merge, end_table, pair_table, tables
from shoal.intake import Barred, DenyList, OptOuts
from shoal.kept import Shelf, followed, kept_lock, refuse_unfollowed
from shoal.ledger import Request, State
from shoal.ledger.audits import passing
from shoal.ledger.entries import ReleaseEntry
from shoal.ledger.optouts import OptOutList
from shoal.ledger.registration import refuse_basis, register, today
from shoal.plan import PLACE, Plan, next_unit
from shoal.privacy.budget import Paid
from shoal.privacy.noise import measure
from shoal.privacy.sums import ExactSums
from shoal.release import sentences
from shoal.release.manifest import Facts
from shoal.release.plan_facts import AuditFacts, BasisFacts
from shoal.release.proof import PROOF, ReleaseProof, add_proof
from shoal.release.read import Release, open_release
from shoal.release.room import require_room, size_about
from shoal.release.statistic_facts import StatisticFacts
from shoal.release.write import place, release_id, write
from shoal.sources import Tally
from shoal.statistics import Statistic
from shoal.zones.regions import groupings_of, regions_of

Tell = Callable[[str], None]
"""Told one sentence for the operator."""

POST_PROCESSING = (
    "estimate: noisy sum over fixed point and divisor. Where a statistic was measured at several levels, each finer "
    "number is multiplied by the factor that the coarser levels' totals say bounding took from its region and time "
    "(empirical Bayes over regions and times); a coarser number is the weighted least-squares mean of its own "
    "measurement and of the sum of what lies below it.",
    "consistent: the weighted least-squares estimates, in which what places have in common over times is told from "
    "noise (optimal shrinkage of singular values; pairs of zones are drawn towards what their ends, their regions and "
    "the way back say, by empirical Bayes around a gravity model; numbers that noise does not explain stay as "
    "measured); then, from the coarsest level down, the Euclidean projection onto non-negative values that add up to "
    "the level above, rounded to whole numbers that still add up.",
)

TOP_DOWN = (
    "Pairs measured top-down: noise was drawn for the totals of all zones as first and as second end; an end is kept "
    "where its noisy total over all times is at least 2 standard errors of its noise (3, 4.5, ... where more than "
    f"{MAX_MEASURED:,} numbers would be left); then noise was drawn for the candidate pairs of kept ends alone. Their "
    "`estimate` is published as it was measured, and pairs and ends are not made to add up to each other."
)


def run(
    plan: Plan,
    *,
    state: State,
    out: Path,
    engine: Engine[Any] | None = None,
    progress: Progress,
    tell: Tell,
) -> Release:
    """Carry out `plan`: read, add up, charge, draw, estimate, publish into `out`; returns the release, verified.

    The same plan over the same records asked twice gives the first release again and charges nothing. Nothing is
    charged before every record has been read; nothing is drawn before the charge is committed; nothing appears in `out`
    before the release is whole. Raises `ShoalError`s, after which nothing is published.
    """
    design = Design.of(plan)
    engine = engine or LocalEngine()
    with state.refusals_of(plan):
        refuse_basis(plan, today())  # before a record is touched
        source = (
            engine.open_kept(design, Shelf(state.folder, plan.source.name)) if plan.source.kept else engine.open(design)
        )
        denied = deny.load(state)
        _warn(design, denied, tell)
        waiting = "Another run of this plan is under way; waiting for it."
        with state.lock(_plan_key(design, state), lambda: tell(waiting)):
            size = size_about(sum(measure.rows for measure in design.measures), design.zones, design.places)
            known = state.accounts.knows(plan.digest())
            if not known:
                require_room(size, (state.releases, out))
            basis = register(state.journal, plan)
            key = None
            if known:
                key = _request_key(design, source, state, progress, denied)
                if first := state.accounts.find(key):
                    tell("This plan was released over these records before: here is that release; nothing is charged.")
                    return publish(state, first, out)
            else:
                source.fingerprint_along(state.digest_key)  # there is nothing to compare it with before the reading
            request = request_of(design)
            state.accounts.check(request)  # refuse before hours of work; `charge` below decides
            require_room(size, (state.releases, out))
            sums, opt_outs = sum_up(design, engine, source, state, denied, progress, tell)
            require_room(size, (state.releases, out))
            request = replace(request, key=key or _request_key(design, source, state, progress, denied))
            account_unit = state.accounts.check(request).account.unit
            paid = state.accounts.charge(request)
            state.journal.publish()
            estimated = _drawn(design, sums, paid, progress)
            facts = Facts.of(
                plan,
                design.zones,
                id=_free_id(plan, state.releases, out),
                shoal=version("shoal"),
                code=code_digest(),
                charge=paid.charge,
                account_unit=account_unit,
                statistics=[_facts(design, m, estimated[m.name]) for m in design.measures],
                basis=BasisFacts.of(basis),
                log=str(state.journal.key.vkey),
                audit=AuditFacts.of(passing(state.folder, code_digest(), datetime.now(UTC))),
                post_processing=(*POST_PROCESSING, *([TOP_DOWN] if any(s.top_down for s in design.statistics) else [])),
                places=design.places,
                opt_outs=opt_outs,
                sensitive=design.sensitive,
            )
            rows = {name: table.rows for name, table in estimated.items()}
            folder = write(
                state.releases, manifest=facts, tables=rows, zones=design.zones, places=design.places, disk=state.disk
            )
            state.accounts.released(paid.charge, folder.name, _sha256(folder / "manifest.json"))
            return publish(state, folder.name, out)


def _warn(design: Design, denied: DenyList | None, tell: Tell) -> None:
    """What the operator should know of the lists that records are held against."""
    if denied and design.plan.source.columns.origin is not None:
        tell("The private deny-list does nothing here: these trips name zones, and of a zone it knows no place.")
    listed = design.sensitive
    if listed is not None and (late := listed.warning(today(), synthetic=design.plan.source.synthetic)):
        tell(late)


def sum_up(
    design: Design,
    engine: Engine[Any],
    source: Opened,
    state: State,
    denied: DenyList | None,
    progress: Progress,
    tell: Tell,
) -> tuple[Mapping[str, ExactSums], int | None]:
    """Sealed sums without the devices and places that are barred, and which version of the opt-out list that was.

    What was kept stays as it is meanwhile: nobody erases from it, and nothing that was to be erased is still there.
    """
    kept, tally = design.plan.source.kept, Tally()
    with kept_lock(state.folder, shared=True) if kept else nullcontext():
        listed = OptOutList(state.folder, state.accounts.database)
        opted_out = listed.read()
        if kept:
            refuse_unfollowed(state.folder, listed.changes(followed(state.folder) or 0))
        barred = Barred(OptOuts(opted_out.key, opted_out.hashes), denied)
        state.accounts.database.rest()  # reading takes hours
        sums = engine.sums(design, source, tally, progress, barred)
    for reason, count in tally.summary():
        tell(f"  {count} {reason}")
    return sums, opted_out.version


def _drawn(design: Design, sums: Mapping[str, ExactSums], paid: Paid, progress: Progress) -> dict[str, Estimated]:
    """Noise for every measure, once for the one payment, and what is estimated from it."""
    estimated: dict[str, Estimated] = {}
    for done, statistic in enumerate(design.statistics):
        progress("Drawing noise", done / len(design.statistics))
        measures = design.measures_of(statistic)
        if statistic.top_down:
            estimated |= _top_down(design, measures, sums, paid)
            continue
        noisy = [measure(sums[m.name], m.name, m.mechanism, paid) for m in measures]
        found = tables(
            noisy,
            statistic.grid,
            design.zones_of(statistic).ids,
            statistic.levels,
            divisor=statistic.divisor,
            most=float(statistic.most_in_cell()),
            lossless=statistic.lossless,
            merge=_merge(design, statistic),
            suppressed=design.suppressed(measures[0]),
        )
        estimated |= dict(zip((m.name for m in measures), found, strict=True))
    progress("Drawing noise", 1.0)
    return estimated


def _top_down(
    design: Design, measures: Sequence[Measure], sums: Mapping[str, ExactSums], paid: Paid
) -> dict[str, Estimated]:
    """The tables of a statistic of too many pairs. Drawn in this order: the ends, then pairs of ends that stand out."""
    pairs, *ends = measures
    statistic, zones = pairs.statistic, design.zones.ids
    found = {
        end.name: end_table(
            measure(sums[end.name], end.name, end.mechanism, paid),
            end.grid,
            zones,
            statistic.divisor,
            design.suppressed(end),
        )
        for end in ends
    }
    totals = [table.rows["estimate"].fill_null(0).to_numpy().reshape(len(zones), -1) for table in found.values()]
    chosen = select(statistic.grid, totals, [end.mechanism.stderr / statistic.divisor for end in ends])
    noisy = measure(sums[pairs.name], pairs.name, pairs.mechanism, paid, cells=chosen.cells)
    regions = regions_of(design.plan.zones.kind, zones, design.zones.parents)
    return {pairs.name: pair_table(noisy, chosen, zones, statistic.divisor, regions), **found}


def _merge(design: Design, statistic: Statistic) -> Merge | None:
    """How places are merged, if at all; a single place has nothing to be merged with."""
    if statistic.target is None or not statistic.levels:
        return None
    zones = design.zones_of(statistic)
    kind = PLACE if statistic.of_named_places else design.plan.zones.kind
    groupings = groupings_of(kind, zones.ids, zones.parents)
    return Merge(zones.ids, groupings, float(statistic.target))


def _facts(design: Design, measure: Measure, found: Estimated) -> StatisticFacts:
    statistic = measure.statistic
    wish = design.plan.statistics[statistic.name]
    pairs = len(statistic.grid.columns) == 2 and measure.level is None
    level = None if measure.level is None else measure.level.name
    return StatisticFacts.of(
        measure.name,
        measure.grid.keys,
        found.rows.height,
        measure.mechanism,
        share=statistic.share,
        value=sentences.at_level(statistic.meaning, level, by_place=statistic.of_named_places),
        divisor=statistic.divisor,
        pairs=None if not pairs else "selected" if found.ends else "all" if wish.max_km is None else "within",
        max_km=wish.max_km if pairs else None,
        classes=statistic.classes,
        corrected=found.corrected,
        width=found.width,
        areas=None if found.areas is None else found.areas.members(design.zones_of(statistic).ids),
        ends=found.ends,
        suppression=sentences.SUPPRESSION if found.rows["suppressed"].any() else None,
    )


def request_of(design: Design) -> Request:
    """What is asked of the accounts, still without the key that says over which records."""
    plan, mechanisms = design.plan, design.allocation.mechanisms
    unit = plan.period.unit
    return Request(
        source=plan.source.name,
        timezone=plan.source.timezone,
        synthetic=plan.source.synthetic,
        unit=unit,
        units=tuple((start, next_unit(start, unit)) for start in plan.period.unit_starts()),
        rho={name: mechanism.rho for name, mechanism in mechanisms.items()},
        laplace=frozenset(name for name, mechanism in mechanisms.items() if mechanism.kind == "laplace"),
        apart=frozenset(m.name for m in design.measures if m.statistic.is_apart(plan.source.kind)),
        cap_rho=design.cap_rho,
        cap_epsilon=plan.source.account_cap,
        cap_delta=plan.privacy.delta,
        year_rho=design.year_rho,
        year_epsilon=plan.source.year_cap,
        key="",
        plan_digest=plan.digest(),
    )


def _plan_key(design: Design, state: State) -> str:
    """By which two runs of one plan know each other."""
    digest = hashlib.blake2b(key=state.digest_key, digest_size=32, person=b"shoal plan")
    for part in (design.plan.full_digest(), *_public_digests(design)):
        digest.update(part.encode() + b"\n")
    return digest.hexdigest()


def _public_digests(design: Design) -> tuple[str, ...]:
    """Of the files of zones, places and sensitive places, which may change while the plan that names them does not."""
    return tuple(found.digest for found in (design.zones, design.places, design.sensitive) if found is not None)


def _request_key(
    design: Design, source: Opened, state: State, progress: Progress, denied: DenyList | None = None
) -> str:
    """Keyed digest by which the same plan over the same records is known again. Secret: it stays in the state."""
    records = source.fingerprint(state.digest_key, lambda done: progress("Recognising the records", done))
    digest = hashlib.blake2b(key=state.digest_key, digest_size=32)
    secret = denied.digest(state.digest_key) if denied else ""
    for part in (design.plan.full_digest(), *_public_digests(design), records, *([secret] if secret else [])):
        digest.update(part.encode() + b"\n")
    return digest.hexdigest()


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _free_id(plan: Plan, kept: Path, out: Path) -> str:
    """An id that stands neither in the state nor where the release is to appear."""
    ids = {release_id(plan, kept), release_id(plan, out)}
    return max(ids, key=lambda name: (len(name), name))


def publish(state: State, release: str, out: Path) -> Release:
    """Copy a finished release from the state into `out`, whole or not at all, and open it there.

    It stands in the log before it is copied, and the copy has the proof.
    """
    kept = state.releases / release
    if not kept.is_dir():
        raise StateError(f"{kept}: the kept copy of this release is gone; restore it from a backup or a published copy")
    if not (kept / PROOF).is_file():
        entry = state.journal.latest("release", release)
        if not isinstance(entry, ReleaseEntry):
            raise StateError(f"{kept}: the accounts know nothing of this release; restore them from a backup")
        proof, witnesses = state.journal.cosigned(entry)
        add_proof(kept, ReleaseProof.of(entry, proof, witnesses), state.disk)
    return open_release(place(kept, out, state.disk))
