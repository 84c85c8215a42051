"""Make the next statement of a chain, where the table allows it."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from medseg._version import __version__
from medseg.errors import GridMismatchError, LabelMapError, ReviewError, SidecarError, TransitionError
from medseg.provenance.content import Content
from medseg.provenance.differences import differences
from medseg.provenance.nifti_fields import NiftiFields, corner_distance_mm
from medseg.review.chain import Chain
from medseg.review.circumstances import Circumstances
from medseg.review.person import Person
from medseg.review.roster import Roster
from medseg.review.statement import Statement, structure_ids
from medseg.review.states import Meaning
from medseg.space import FLOAT32_TOLERANCE_MM

NONCE_BYTES = 16
"""As many as a random UUID: no two statements are alike."""


def next_statement(
    chain: Chain,
    content: Content,
    files: Mapping[str, str],
    person: Person,
    *,
    meaning: Meaning,
    reason: str,
    signed_at: datetime,
    roster: Roster,
    circumstances: Circumstances,
    structures: Iterable[str] | None = None,
) -> Statement:
    """Say what a person wants to sign.

    Args:
        chain: The statements so far.
        content: What the label map holds.
        files: SHA-256 of the label map and its structure table, by file name.
        person: Who signs, as :meth:`medseg.review.roster.Roster.signer` gives it for now.
        meaning: What the signature is to mean.
        reason: Why; needed where the table says so.
        signed_at: The time, with its zone.
        roster: Who may sign, and the policy, as they are now.
        circumstances: Case, parent, image, ledger and workstation.
        structures: Ids of the structures that an approval covers; by default all.

    Raises:
        ReviewError: The statements so far are unsound, or there is no such structure.
        TransitionError: The table of states does not allow the step.
        SidecarError: There is no structure table, or the reason has several lines.
        LabelMapError: There are labels that no structure explains, or the voxels are scaled.
    """
    if chain.problems:
        raise ReviewError(
            f"the sign-off so far is not sound: {chain.problems[0]}",
            hint="medseg verify tells more; nothing is signed on top of it",
            problems=list(chain.problems),
        )
    require_signable(content)
    covered = _covered(content, structures)
    try:
        chain.after(meaning, person, content, reason=reason, structures=covered, policy=roster.policy)
    except TransitionError as error:
        if error.details.get("rule") == "content" and chain.latest is not None:
            error.details["differs"] = [d.as_dict() for d in differences(chain.latest.content, content)]
        raise
    return Statement(
        files=files,
        content=content,
        meaning=meaning,
        reason=reason.strip(),
        person_id=person.id,
        name=person.name,
        role=person.role,
        structures=covered,
        circumstances=circumstances,
        policy=roster.policy.sha256,
        policy_version=roster.policy.version,
        trust=roster.digest,
        signed_at=signed_at,
        software=f"medseg {__version__}",
        previous=chain.last_line,
        nonce=secrets.token_hex(NONCE_BYTES),
    )


def _covered(content: Content, structures: Iterable[str] | None) -> tuple[str, ...]:
    there = structure_ids(content)
    if structures is None:
        return there
    asked = tuple(sorted(set(structures)))
    unknown = sorted(set(asked) - set(there))
    if unknown or not asked:
        raise ReviewError(
            f"there is no structure {unknown[0][:80]!a} to sign"
            if unknown
            else "no structure was named to sign",
            hint=f"there are: {', '.join(there)}" if there else "the label map has no structures",
            reason="unknown-structure",
        )
    return asked


def require_signable(content: Content) -> None:
    """Refuse what nobody can judge: voxels whose meaning is not written down.

    Raises:
        SidecarError: There is no structure table.
        LabelMapError: There are labels that no structure explains, or the voxels are scaled.
        GridMismatchError: The layers do not lie on one grid.
    """
    if content.structures is None:
        raise SidecarError(
            "there is no structure table beside the label map", hint="save the label map with medseg first"
        )
    first = NiftiFields.from_hex(content.header)
    _require_labels(first, content.unexplained_labels, 0)
    for number, layer in enumerate(content.further_layers, start=1):
        fields = NiftiFields.from_hex(layer.header)
        _require_labels(fields, layer.unexplained_labels, number)
        _require_same_place(fields, first, number)


def _require_same_place(layer: NiftiFields, first: NiftiFields, number: int) -> None:
    if layer.numbers["dim"][1:4] != first.numbers["dim"][1:4]:
        raise GridMismatchError(f"layer {number} has other dimensions than the first one")
    pair = layer.matrices()["governing"], first.matrices()["governing"]
    distance_mm = corner_distance_mm(layer, first, [pair])
    if distance_mm is None or distance_mm > FLOAT32_TOLERANCE_MM:
        moved = "" if distance_mm is None else f": up to {distance_mm:.4g} mm apart at their corners"
        raise GridMismatchError(f"layer {number} does not lie where the first one does{moved}")


def _require_labels(fields: NiftiFields, unexplained: Sequence[int], number: int) -> None:
    where = f"layer {number}: " if number else ""
    if unexplained:
        labels = list(unexplained)
        raise LabelMapError(
            f"{where}the structure table does not explain the labels {labels[:8]}", labels=labels
        )
    slope, intercept = fields.number("scl_slope"), fields.number("scl_inter")
    # In the standard a slope of 0 means "not scaled"; nibabel writes NaN for the same.
    unscaled = slope == 0 or math.isnan(slope) or (slope == 1 and (intercept == 0 or math.isnan(intercept)))
    if not unscaled:
        raise LabelMapError(
            f"{where}expected labels, but the file scales its numbers by {slope:g}, {intercept:g}"
        )
