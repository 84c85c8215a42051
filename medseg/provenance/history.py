"""The story of a label map as data: what it came from, what was done to it, and who vouches for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from medseg.labelmap import Structure
from medseg.provenance.record import Interpolated, Model, SliceOrigins
from medseg.provenance.source_digest import described, source_sha256
from medseg.provenance.step import Step
from medseg.provenance.voxel_blocks import ContourPlane, VoxelBlock
from medseg.volume import Source


@dataclass(frozen=True)
class StructureHistory:
    """Where a structure came from.

    Attributes:
        structure: The structure.
        voxel_count: How many voxels are labelled with it, without its parts.
        origins: On which slices it came from where; empty where nobody recorded it.
        completed: How it was interpolated; None where it was not.
        model: The model that proposed it; None where none did.
        planes: The planes with contours.
        blocks: The blocks that its voxels fall into.
    """

    structure: Structure
    voxel_count: int
    origins: SliceOrigins = field(default_factory=SliceOrigins)
    completed: Interpolated | None = None
    model: Model | None = None
    planes: tuple[ContourPlane, ...] = ()
    blocks: tuple[VoxelBlock, ...] = ()


@dataclass(frozen=True)
class Signed:
    """A signature.

    Attributes:
        meaning: What it means, such as ``approved``.
        name: Printed name: from the roster where it is verified, else as the statement claims.
        role: Role, likewise.
        person_id: Id on the roster, likewise.
        at: When, as the signer's clock claims.
        reason: Why; empty where none was given.
        verified: Whether the signature was checked against a roster and is good.
        covers_this: Whether what was signed is what lies here now; False also where that was not checked.
        in_force: Whether an approval makes the label map an approved one: every structure has the approvals
            that it needs, and it was neither withdrawn, superseded nor opened for amending since.
        only: Names of the structures that it covers, where it does not cover all.
        checkpointed_at: By when it was there for sure; None where no checkpoint proves it.
    """

    meaning: str
    name: str
    role: str
    person_id: str
    at: datetime
    reason: str
    verified: bool
    covers_this: bool
    in_force: bool = True
    only: tuple[str, ...] = ()
    checkpointed_at: datetime | None = None

    @property
    def approves(self) -> bool:
        """Whether this is a good approval of what lies here now, and still holds."""
        return self.meaning == "approved" and self.verified and self.covers_this and self.in_force


@dataclass(frozen=True)
class History:
    """The story of a label map.

    Attributes:
        voxels_sha256: Digest of its voxels as they are now.
        source: The image; None where nobody recorded it.
        author: Printed name of who made it; empty where nobody recorded it.
        structures: Its structures, in the order of the table.
        steps: What happened to it, oldest first; none where nobody recorded it.
        signatures: Who vouches for it, in the order of signing.
        standing: Where it stands: ``approved`` and the like as verified, ``unsigned``, ``not verified``, or
            ``invalid``.
        notes: What whoever saved it wanted to be known.
        warnings: What does not fit, one sentence each.
        recorded: Whether there is a record of medseg.
        roster_sha256: Digest of the roster that names and roles come from; empty without one.
    """

    voxels_sha256: str
    source: Source | None
    author: str
    structures: tuple[StructureHistory, ...]
    steps: tuple[Step, ...]
    signatures: tuple[Signed, ...]
    standing: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    recorded: bool
    roster_sha256: str = ""

    @property
    def approvals(self) -> tuple[Signed, ...]:
        """The good approvals of what lies here now."""
        return tuple(signed for signed in self.signatures if signed.approves)

    def as_dict(self) -> dict[str, Any]:
        """The story as a JSON object, schema ``medseg-history/1``."""
        return {
            "schema": "medseg-history/1",
            "recorded": self.recorded,
            "voxels_sha256": self.voxels_sha256,
            "author": self.author,
            "source": self.source and _source_as_dict(self.source),
            "structures": [_structure_as_dict(one) for one in self.structures],
            "steps": [step.as_dict() for step in self.steps],
            "signatures": [_signed_as_dict(signed) for signed in self.signatures],
            "standing": self.standing,
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }


def remarks_on_steps(steps: tuple[Step, ...], voxels_sha256: str) -> Iterator[str]:
    """What does not fit in the steps themselves, one sentence each.

    Args:
        steps: Oldest first.
        voxels_sha256: Digest of the voxels as they are now.
    """
    for number, (before, after) in enumerate(pairwise(steps), start=2):
        if None not in (before.to_voxels_sha256, after.from_voxels_sha256) and (
            before.to_voxels_sha256 != after.from_voxels_sha256
        ):
            yield f"step {number} starts from other voxels than step {number - 1} left: one is missing"
        if after.at < before.at:
            yield f"step {number} claims an earlier time than step {number - 1}: a clock ran wrong"
    if steps and steps[-1].to_voxels_sha256 not in (None, voxels_sha256):
        yield "the voxels are not those that the last step left: they were changed by another program"


def _source_as_dict(source: Source) -> dict[str, Any]:
    return {
        **described(source),
        "files": len(source.files),
        "sha256": source_sha256(source),
    }


def _structure_as_dict(one: StructureHistory) -> dict[str, Any]:
    origins = one.origins
    return {
        "id": one.structure.id,
        "name": one.structure.name,
        "label": one.structure.label,
        "voxel_count": one.voxel_count,
        "drawn": list(origins.drawn),
        "imported": list(origins.imported),
        "assisted": list(origins.assisted),
        "interpolated": list(origins.interpolated),
        "completed": one.completed and one.completed.as_dict(),
        "model": one.model and one.model.as_dict(),
        "blocks": [
            {
                "kind": block.kind.value,
                "where": block.where,
                "voxel_count": block.voxel_count,
                "sha256": block.sha256,
                "derived_from": [plane.where for plane in block.derived_from],
                "influenced_by": [plane.where for plane in block.influenced_by],
            }
            for block in one.blocks
        ],
    }


def _signed_as_dict(signed: Signed) -> dict[str, Any]:
    return {
        "meaning": signed.meaning,
        "name": signed.name,
        "role": signed.role,
        "person_id": signed.person_id,
        "at": signed.at.isoformat(timespec="seconds"),
        "reason": signed.reason,
        "verified": signed.verified,
        "covers_this": signed.covers_this,
        "only": list(signed.only),
        "checkpointed_at": signed.checkpointed_at and signed.checkpointed_at.isoformat(timespec="seconds"),
    }
