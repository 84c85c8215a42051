"""Contours of a case → the label map that it shows, and where to draw next."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from medseg.contour import ContourSet
from medseg.errors import ContourError
from medseg.labelmap import LabelMap, Structure, rasterise
from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg.volume import Volume
from medseg.workflows.interpolate import (
    Completion,
    Suggestion,
    draw_next,
    how_completed,
    interpolate,
    remarks_on,
)
from napari_medseg.case import Case, Result


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a case holds at one moment, so that a thread can work on it while the reader draws on.

    Attributes:
        grid: The grid of the image.
        structures: All of them.
        contours: All of them.
        voxels: A label map whose structures without contours are kept, or None.
        image: The image, where it may take part in interpolating, or None.
    """

    grid: Grid
    structures: tuple[Structure, ...]
    contours: ContourSet
    voxels: LabelMap | None
    image: Volume | None = None

    @classmethod
    def of(cls, case: Case) -> Snapshot:
        """Take the snapshot."""
        keeps = any(case.is_voxels_only(s.id) for s in case.structures)
        voxels = case.result.label_map if keeps and case.result else None
        image = case.volume if case.image_may_help else None
        return cls(case.volume.grid, case.structures, case.contours, voxels, image)


def interpolated(snapshot: Snapshot, progress: Progress = silent) -> Result:
    """Complete all structures between their contours.

    Raises:
        ContourError: There are no contours.
    """
    completion = _completed(snapshot, progress)
    label_map = _with_kept_voxels(completion.label_map, snapshot)
    return Result(label_map, snapshot.contours, how_completed(completion), remarks_on(completion))


def suggested(snapshot: Snapshot, structure_id: str, progress: Progress = silent) -> list[Suggestion]:
    """Slices of the image, of all three directions, on which to draw a structure next; the best first.

    Raises:
        ContourError: The structure has no contours.
    """
    own = replace(snapshot, contours=snapshot.contours.of(structure_id))
    completion = _completed(own, progress)
    return draw_next(completion, structure_id, progress=progress)


def drawn_only(snapshot: Snapshot) -> Result:
    """Fill the contours on their own planes, nothing between."""
    label_map = rasterise(snapshot.contours, snapshot.grid, snapshot.structures)
    return Result(_with_kept_voxels(label_map, snapshot), snapshot.contours)


def _completed(snapshot: Snapshot, progress: Progress) -> Completion:
    if not snapshot.contours:
        raise ContourError("there is no contour to interpolate", hint="draw a polygon on at least one slice")
    return interpolate(
        snapshot.contours, snapshot.grid, snapshot.structures, image=snapshot.image, progress=progress
    )


def _with_kept_voxels(label_map: LabelMap, snapshot: Snapshot) -> LabelMap:
    """Put structures that came as voxels under what was drawn."""
    if snapshot.voxels is None:
        return label_map
    drawn = set(snapshot.contours.structure_ids)
    kept = [s.label for s in snapshot.voxels.structures if s.id not in drawn]
    voxels = label_map.voxels.copy()
    from_elsewhere = (voxels == 0) & np.isin(snapshot.voxels.voxels, kept)
    voxels[from_elsewhere] = snapshot.voxels.voxels[from_elsewhere]
    return LabelMap(label_map.grid, (voxels,), label_map.structures)
