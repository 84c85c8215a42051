"""Contours of a case → the label map that it shows, and where to draw next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.contour import ContourSet
from medseg.errors import ContourError
from medseg.labelmap import LabelMap, Structure, rasterise
from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg.volume import Volume
from medseg.workflows.interpolate import (
    Completion,
    Interpolated,
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
    """Complete all structures between their contours, each layer by itself.

    Raises:
        ContourError: There are no contours.
    """
    if not snapshot.contours:
        raise _no_contour()
    layers = []
    completed: dict[str, Interpolated] = {}
    remarks: list[str] = []
    for part in _by_layer(snapshot):
        if part.contours:
            completion = _completed(part, progress)
            layers.append(completion.label_map.voxels)
            completed |= how_completed(completion)
            remarks += remarks_on(completion)
        else:
            layers.append(_nothing(snapshot.grid))
    return Result(_with_kept_voxels(layers, snapshot), snapshot.contours, completed, tuple(remarks))


def suggested(snapshot: Snapshot, structure_id: str, progress: Progress = silent) -> list[Suggestion]:
    """Slices of the image, of all three directions, on which to draw a structure next; the best first.

    Raises:
        ContourError: The structure has no contours.
    """
    layer = next(s.layer for s in snapshot.structures if s.id == structure_id)
    own = replace(_by_layer(snapshot)[layer], contours=snapshot.contours.of(structure_id))
    if not own.contours:
        raise _no_contour()
    completion = _completed(own, progress)
    return draw_next(completion, structure_id, progress=progress)


def drawn_only(snapshot: Snapshot) -> Result:
    """Fill the contours on their own planes, nothing between."""
    layers = [
        rasterise(part.contours, part.grid, part.structures).voxels if part.contours else _nothing(part.grid)
        for part in _by_layer(snapshot)
    ]
    return Result(_with_kept_voxels(layers, snapshot), snapshot.contours)


def _by_layer(snapshot: Snapshot) -> list[Snapshot]:
    """What each layer holds, as a case of its own: structures overlap between layers, never in one."""
    number_of_layers = 1 + max((s.layer for s in snapshot.structures), default=0)
    return [_layer_of(snapshot, number) for number in range(number_of_layers)]


def _layer_of(snapshot: Snapshot, number: int) -> Snapshot:
    inside = [s for s in snapshot.structures if s.layer == number]
    ids = {s.id for s in inside}
    structures = tuple(replace(s, layer=0, part_of=s.part_of if s.part_of in ids else None) for s in inside)
    contours = ContourSet(tuple(c for c in snapshot.contours if c.structure_id in ids))
    return replace(snapshot, structures=structures, contours=contours)


def _completed(snapshot: Snapshot, progress: Progress) -> Completion:
    return interpolate(
        snapshot.contours, snapshot.grid, snapshot.structures, image=snapshot.image, progress=progress
    )


def _no_contour() -> ContourError:
    return ContourError("there is no contour to interpolate", hint="draw a polygon on at least one slice")


def _nothing(grid: Grid) -> npt.NDArray[np.uint8]:
    return np.zeros(grid.shape_kji, dtype=np.uint8)


def _with_kept_voxels(layers: list[npt.NDArray[Any]], snapshot: Snapshot) -> LabelMap:
    """Put structures that came as voxels under what was drawn in their layer."""
    if snapshot.voxels is not None:
        layers = [_over(layer, number, snapshot) for number, layer in enumerate(layers)]
    return LabelMap.painted(snapshot.grid, layers, snapshot.structures)


def _over(layer: npt.NDArray[Any], number: int, snapshot: Snapshot) -> npt.NDArray[Any]:
    before = snapshot.voxels
    if before is None or number >= len(before.layers):
        return layer
    drawn = set(snapshot.contours.structure_ids)
    kept = [s.label for s in before.structures if s.layer == number and s.id not in drawn]
    from_elsewhere = (layer == 0) & np.isin(before.layers[number], kept)
    return np.where(from_elsewhere, before.layers[number], layer)
