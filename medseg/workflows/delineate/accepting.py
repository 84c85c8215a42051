"""Take over what the engine proposes, and take that back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from medseg.contour import Contour, Origin, Slice
from medseg.errors import LockedError
from medseg.progress import Progress, silent
from medseg.workflows.delineate.delineation import Delineation
from medseg.workflows.delineate.live_proposal import Proposal


def accepted(
    proposal: Proposal,
    *,
    structure_ids: Iterable[str] | None = None,
    slices: Sequence[Slice] | None = None,
    progress: Progress = silent,
) -> Delineation:
    """The delineation of a proposal with slices of it taken over.

    They become contours of origin ``interpolated``, which nothing recomputes; what was drawn stays as it is.

    Args:
        proposal: What the engine proposes.
        structure_ids: Of which structures; by default of all that are not locked.
        slices: Which slices, along any axis; by default every proposed one.
        progress: Called before each structure.

    Raises:
        LockedError: A structure that was named is locked.
    """
    before = proposal.delineation
    named = None if structure_ids is None else set(structure_ids)
    if named is not None and named & before.locked:
        names = ", ".join(s.name for s in before.structures if s.id in named & before.locked)
        raise LockedError(f"{names} is locked", hint="unlock it in the list of structures")
    chosen = [
        s.id for s in before.structures if (named is None or s.id in named) and s.id not in before.locked
    ]
    taken: list[Contour] = []
    completed = dict(before.completed)
    for number, structure_id in enumerate(chosen):
        progress("Accepting", number, len(chosen))
        own = _accepted_of(proposal, structure_id, slices)
        taken += own
        how = proposal.how_completed.get(structure_id)
        # Of slices that were accepted earlier the record says how these were made.
        if how is not None and (own or (slices is None and not _has_accepted(before, structure_id))):
            completed[structure_id] = how
    if not taken and completed == before.completed:
        return before
    after = before.with_contours((*before.contours, *taken))
    return replace(after, completed=completed, notes=proposal.remarks)


def proposed_anew(delineation: Delineation, structure_id: str) -> Delineation:
    """The delineation without the accepted slices of a structure, so that the engine proposes them anew."""
    kept = (
        c for c in delineation.contours
        if c.structure_id != structure_id or c.origin is not Origin.INTERPOLATED
    )  # fmt: skip
    completed = {key: how for key, how in delineation.completed.items() if key != structure_id}
    return replace(delineation.with_contours(kept), completed=completed)


def _has_accepted(delineation: Delineation, structure_id: str) -> bool:
    return any(c.origin is Origin.INTERPOLATED for c in delineation.contours.of(structure_id))


def _accepted_of(proposal: Proposal, structure_id: str, slices: Sequence[Slice] | None) -> list[Contour]:
    chosen = proposal.proposed_slices(structure_id) if slices is None else slices
    return [contour for where in chosen for contour in proposal.contours_to_accept(structure_id, where)]
