"""Ask a segmenter about a case that is being drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from medseg.assist.hint_region import region_around
from medseg.assist.proposing import how_proposed, propose
from medseg.assist.segmenter import BACKGROUND, Hint, Hints, Point, Proposal, Segmenter, Sphere, Value
from medseg.contour import Origin, voxels_of
from medseg.errors import LockedError
from medseg.labelmap import fill
from medseg.progress import Progress, silent
from medseg.space import Box
from medseg.volume import Volume
from medseg.workflows.delineate.assisted import taken_by_others
from medseg.workflows.delineate.delineation import Delineation
from medseg.workflows.delineate.live_proposal import Proposal as Completed
from medseg.workflows.delineate.on_planes import planes_of
from medseg.workflows.delineate.voxels import label_map_of

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Question:
    """What a reader asks a segmenter.

    Attributes:
        volume: The image.
        delineation: What there is.
        segmenter: Whom.
        structure_ids: What is to be proposed.
        points: Clicks in structures and on the background.
        sphere: A ball around what is meant.
        completed: What the engine makes of the delineation, which is the rough delineation where one is asked
            for; None for what is drawn alone.
        settings: Settings that are not the default, by name.
    """

    volume: Volume
    delineation: Delineation
    segmenter: Segmenter
    structure_ids: tuple[str, ...]
    points: tuple[Point, ...] = ()
    sphere: Sphere | None = None
    completed: Completed | None = None
    settings: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Asked:
    """An answer.

    Attributes:
        proposal: What is proposed.
        notes: How it came about, one sentence a structure, for the record.
    """

    proposal: Proposal
    notes: tuple[str, ...]


def ask_segmenter(question: Question, progress: Progress = silent) -> Asked:
    """Let a segmenter propose.

    What a person drew is seeds for a segmenter that goes by points and background. For one that goes by a
    rough delineation it is the structure as it stands, completed by the engine.

    Raises:
        AssistError: A hint is missing, or a setting is wrong.
        LockedError: A structure is locked.
        Cancelled: ``progress`` raised it.
    """
    now = question.delineation
    names = {one: now.structure(one).name for one in question.structure_ids}
    if held := [name for one, name in names.items() if one in now.locked]:
        raise LockedError(f"{', '.join(held)} is locked", hint="unlock it in the list of structures")
    progress(question.segmenter.title, 0, 0)
    grid = question.volume.grid
    region = region_around(grid, question.sphere)
    hints = _hints(question, region)
    proposal = propose(
        question.segmenter,
        question.volume,
        question.structure_ids,
        hints,
        region=region,
        parameters=question.settings,
        taken=taken_by_others(now, question.structure_ids, grid)[region],
        progress=progress,
    )
    told = tuple(how_proposed(name, proposal.method, hints) for name in names.values())
    return Asked(proposal, (*told, *proposal.remarks))


def _hints(question: Question, region: Box) -> Hints:
    wanted = question.segmenter.needs | getattr(question.segmenter, "uses", frozenset())
    return Hints(
        question.points,
        question.sphere,
        marks=_marks(question, region) if Hint.BACKGROUND in wanted else {},
        rough=_rough(question, region) if Hint.ROUGH in wanted else {},
    )


def _marks(question: Question, region: Box) -> dict[str | None, Mask]:
    """Voxels that a person drew: of the structures that are asked for, and of others as background."""
    grid, now = question.volume.grid, question.delineation
    found: dict[str | None, Mask] = {}
    for structure in now.structures:
        whose = structure.id if structure.id in question.structure_ids else BACKGROUND
        for where, contours in planes_of(now, structure.id, grid).items():
            drawn = [contour for contour in contours if contour.origin is Origin.DRAWN]
            if not drawn:
                continue
            mask = found.setdefault(whose, np.zeros(grid.shape_kji, dtype=bool))
            mask[tuple(voxels_of(where, fill(drawn, grid, where), grid.shape_kji).T)] = True
    return {whose: mask[region] for whose, mask in found.items()}


def _rough(question: Question, region: Box) -> dict[str, Mask]:
    now, completed = question.delineation, question.completed
    found: dict[str, Mask] = {}
    drawn = None
    for structure_id in question.structure_ids:
        if completed is not None and completed.completed(structure_id) is not None:
            mask = completed.mask(structure_id)
        else:
            drawn = drawn or label_map_of(now, question.volume.grid)
            mask = drawn.mask_with_parts(structure_id)
        if mask[region].any():
            found[structure_id] = mask[region]
    return found
