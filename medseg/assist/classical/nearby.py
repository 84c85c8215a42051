"""Look at what is near to a hint alone: a click in a large image is answered in the time of a small one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from medseg.assist.hint_region import region_around
from medseg.assist.segmenter import Hints, Mask, Parameter, Proposal, Sphere, Task
from medseg.errors import AssistError
from medseg.space import Box, Grid, box_grown, box_of

Key = TypeVar("Key")

REACH = Parameter("reach_mm", "Reach without a ball", 40.0, unit="mm", least=1, most=500)
"""Growth without a ball ends there: it would look at all of the image, and leak through all of it."""


def answered_near(task: Task, box: Box, answer: Callable[[Task], Proposal]) -> Proposal:
    """Answer a question in a part of its region, and tell the answer in all of it.

    Args:
        task: The question.
        box: The part, in voxels of the region.
        answer: Is asked about the part alone.
    """
    part = replace(
        task,
        region=_moved(box, [side.start for side in task.region]),
        hints=Hints(
            task.hints.points,
            task.hints.sphere,
            _parts(task.hints.marks, box),
            _parts(task.hints.rough, box),
        ),
        taken=None if task.taken is None else task.taken[box],
    )
    found = answer(part)
    masks = {}
    for structure_id, mask in found.masks.items():
        masks[structure_id] = np.zeros(task.shape_kji, dtype=bool)
        masks[structure_id][box] = mask
    return replace(found, masks=masks, region=task.region)


def box_near_ball(task: Task, sphere: Sphere) -> Box:
    """The ball and some of what surrounds it, in voxels of the region.

    Raises:
        AssistError: The ball lies outside of the region; reason ``outside-region``.
    """
    start = [side.start for side in task.region]
    around = _moved(region_around(task.volume.grid, sphere), [-first for first in start])
    return _within(around, task.shape_kji)


def box_near_voxels(task: Task, index: npt.NDArray[np.intp], reach_mm: float) -> Box:
    """The box around voxels ``(n, 3)`` of the region, and so far beyond them."""
    voxels = np.ceil(reach_mm * per_mm(task.volume.grid)).astype(int)
    low, high = index.min(axis=0) - voxels, index.max(axis=0) + voxels + 1
    k, j, i = (slice(int(first), int(end)) for first, end in zip(low, high, strict=True))
    return _within((k, j, i), task.shape_kji)


def box_near_mask(task: Task, mask: Mask, reach_mm: float) -> Box:
    """The box around a mask of the region that holds something, and so far beyond it."""
    filled = box_of(mask)
    assert filled is not None  # noqa: S101 - whoever asks has looked
    voxels = np.ceil(reach_mm * per_mm(task.volume.grid)).astype(int)
    return box_grown(filled, voxels.tolist(), task.shape_kji)


def per_mm(grid: Grid) -> npt.NDArray[np.float64]:
    """How many voxels along k, j and i a mm can reach; the rows of the inverse are normal to the planes."""
    return np.asarray(np.linalg.norm(grid.lps_mm_to_index[:3, :3], axis=1))


def _parts(masks: Mapping[Key, Mask], box: Box) -> dict[Key, Mask]:
    return {structure_id: mask[box] for structure_id, mask in masks.items()}


def _moved(box: Box, by: Iterable[int]) -> Box:
    k, j, i = (slice(side.start + step, side.stop + step) for side, step in zip(box, by, strict=True))
    return k, j, i


def _within(box: Box, shape_kji: tuple[int, int, int]) -> Box:
    k, j, i = (
        slice(min(max(side.start, 0), n), min(max(side.stop, 0), n))
        for side, n in zip(box, shape_kji, strict=True)
    )
    if any(side.stop <= side.start for side in (k, j, i)):
        raise AssistError(
            "the ball lies outside of the part of the image that is looked at",
            hint="set the ball around what is meant",
            reason="outside-region",
        )
    return k, j, i
