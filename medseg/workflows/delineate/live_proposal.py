"""What the engine proposes of a delineation, kept up to date while it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, Origin, Placement, Slice, trace_field, trace_slice
from medseg.errors import ContourError
from medseg.interpolation import CompletedStructure, Completion, LiveCompletion, Suggestion, draw_next
from medseg.labelmap import MIN_DEPTH_MM, LabelMap, Structure, fill
from medseg.progress import Progress, silent
from medseg.provenance.record import Interpolated
from medseg.space import Box, Grid, box_around, box_at
from medseg.volume import Volume
from medseg.workflows.delineate.delineation import Delineation
from medseg.workflows.delineate.on_planes import planes_of
from medseg.workflows.delineate.voxels import LayerPart, by_layer, label_map_of
from medseg.workflows.interpolate import how_completed
from medseg.workflows.remarks import remarks_on

Group = tuple[Contour, ...]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Changed:
    """What an update changed.

    Attributes:
        box: The box of the grid outside of which no label changed.
        layers: The labels inside the box, one array ``[k, j, i]`` a layer: copies.
        is_whole: Whether the number of layers or the structures changed: all is given anew.
    """

    box: Box
    layers: tuple[npt.NDArray[Any], ...]
    is_whole: bool = False


@dataclass(frozen=True, eq=False)
class Proposal:
    """Whole structures as the engine has them at one moment.

    Attributes:
        delineation: From what they were made.
        grid: The grid of the image.
        completions: One a layer.
        planes: For each structure the planes that have contours.
    """

    delineation: Delineation
    grid: Grid
    completions: tuple[Completion, ...]
    planes: Mapping[str, frozenset[Placement]]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What could not be joined and what is contradictory, in sentences."""
        return tuple(remark for one in self.completions for remark in remarks_on(one))

    @property
    def how_completed(self) -> dict[str, Interpolated]:
        """For the record: for each structure how it was completed."""
        return {key: how for one in self.completions for key, how in how_completed(one).items()}

    def completed(self, structure_id: str) -> CompletedStructure | None:
        """A structure as it was completed; None where it has no contours."""
        return next(
            (c.structures[structure_id] for c in self.completions if structure_id in c.structures), None
        )

    def outline(self, structure_id: str, where: Slice) -> Group:
        """The outline of a structure on a slice of the grid, as smooth as the engine has it.

        Empty where it was drawn there, or reaches nowhere.
        """
        completed = self.completed(structure_id)
        if completed is None or where in self.planes[structure_id]:
            return ()
        if self.delineation.came_as_voxels(structure_id):
            return ()
        cut = _cut(completed, where)
        if cut is None:
            return ()
        depth_mm, corner = cut
        return trace_field(depth_mm, self.grid, where, structure_id, corner=corner)

    def outline_on(self, structure_id: str, grid: Grid, where: Slice) -> Group:
        """The outline of a structure on a slice of another grid, such as a true anatomical plane.

        The depth between voxels is interpolated linearly.
        """
        completed = self.completed(structure_id)
        if completed is None:
            return ()
        from scipy.ndimage import map_coordinates

        box = completed.field.box
        corners = np.array([[k, j, i] for k in _ends(box[0]) for j in _ends(box[1]) for i in _ends(box[2])])
        there = grid.to_index(self.grid.to_lps_mm(corners))
        low = np.maximum(np.floor(there.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(there.max(axis=0)).astype(int), np.array(grid.shape_kji) - 1)
        if not low[where.axis] <= where.index <= high[where.axis] or (high < low).any():
            return ()
        low[where.axis] = high[where.axis] = where.index
        steps = [np.arange(a, b + 1) for a, b in zip(low, high, strict=True)]
        index = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).take(0, axis=where.axis)
        at = self.grid.to_index(grid.to_lps_mm(index)) - completed.field.corner_kji
        far_mm = np.float32(max(self.grid.spacing_kji_mm))
        depth_mm = np.clip(completed.field.depth_mm, -far_mm, far_mm)
        cut = map_coordinates(depth_mm, np.moveaxis(at, -1, 0), order=1, cval=-float(far_mm))
        row, column = (int(n) for axis, n in enumerate(low) if axis != where.axis)
        return trace_field(cut, grid, where, structure_id, corner=(row, column))

    def contours_to_accept(self, structure_id: str, where: Slice) -> Group:
        """The same as contours that fill exactly the voxels which the structure has there.

        What another structure has, that is no part of it, is left to that one.
        """
        outline = self.outline(structure_id, where)
        if not outline:
            return ()
        mask = self._voxels_on(structure_id, where)
        if np.array_equal(fill(outline, self.grid, where), mask):
            return outline
        return trace_slice(mask, self.grid, where, structure_id)

    def proposed_slices(self, structure_id: str, axis: int | None = None) -> tuple[Slice, ...]:
        """The slices without contours that the structure reaches.

        Args:
            structure_id: The structure.
            axis: Along which array axis; by default the one of the structure's drawn slices, the first
                where there are several.
        """
        completed = self.completed(structure_id)
        if completed is None:
            return ()
        if axis is None:
            axis = completed.drawn.parallel_axis or 0
        others = tuple(a for a in range(3) if a != axis)
        reached = np.flatnonzero((completed.field.depth_mm > MIN_DEPTH_MM).any(axis=others))
        found = (Slice(axis, int(index) + completed.field.corner_kji[axis]) for index in reached)
        return tuple(where for where in found if where not in self.planes[structure_id])

    @cached_property
    def open_slices(self) -> Mapping[str, tuple[Slice, ...]]:
        """For each structure that was completed the slices that are proposed of it; see above."""
        ids = (structure_id for one in self.completions for structure_id in one.structures)
        return {structure_id: self.proposed_slices(structure_id) for structure_id in ids}

    def mask(self, structure_id: str) -> Mask:
        """The voxels ``[k, j, i]`` of a structure with all that is proposed of it, its parts included."""
        k, j, i = (slice(0, n) for n in self.grid.shape_kji)
        return self._won(structure_id, (k, j, i))

    def volume_mm3(self, structure_id: str) -> float:
        """The volume of a structure with all that is proposed of it."""
        completed = self.completed(structure_id)
        if completed is None:
            return 0.0
        inside = np.count_nonzero(self._won(structure_id, completed.field.box))
        return float(inside) * abs(float(np.linalg.det(self.grid.index_to_lps_mm[:3, :3])))

    def suggestions(self, structure_id: str, progress: Progress = silent) -> list[Suggestion]:
        """The slices on which a contour would tell most, the best first.

        Raises:
            ContourError: The structure has no contours.
        """
        completion = next((c for c in self.completions if structure_id in c.structures), None)
        if completion is None:
            raise ContourError("there is no contour to go on from", hint="draw it on one slice first")
        return draw_next(completion, structure_id, progress=progress)

    def _voxels_on(self, structure_id: str, where: Slice) -> Mask:
        box: list[slice] = [slice(0, n) for n in self.grid.shape_kji]
        box[where.axis] = slice(where.index, where.index + 1)
        return np.asarray(self._won(structure_id, (box[0], box[1], box[2])).take(0, axis=where.axis))

    def _won(self, structure_id: str, box: Box) -> Mask:
        """Where a structure lies, its parts included; of voxels that others claim, those that it won."""
        structure = self.delineation.structure(structure_id)
        labels = self.completions[structure.layer].label_map.voxels[box]
        inside = labels == structure.label
        if self.delineation.came_as_voxels(structure_id):
            # Voxels that both claim are the part's own: a whole that was not outlined claims none of them.
            parts = [s.label for s in self._parts_of(structure) if s.layer == structure.layer]
            return np.asarray(inside | np.isin(labels, parts))
        inner = (*self._parts_of(structure), *self._nested_in(structure))
        parts = [s.label for s in inner if s.layer == structure.layer]
        completed = self.completed(structure_id)
        if parts and completed is not None:
            # Where a part lies, the whole has only what it claims itself: a part may reach out of it.
            inside |= np.isin(labels, parts) & _claimed(completed, box)
        return np.asarray(inside)

    def _parts_of(self, whole: Structure) -> list[Structure]:
        direct = [s for s in self.delineation.structures if s.part_of == whole.id]
        return [*direct, *(deeper for part in direct for deeper in self._parts_of(part))]

    def _nested_in(self, outer: Structure) -> list[Structure]:
        pairs = self.completions[outer.layer].nested
        return [self.delineation.structure(inner) for inner, around in pairs if around == outer.id]


class LiveProposal:
    """Completes a delineation anew after each edit, as far as the edit reaches.

    One thread at a time may update it; the proposals that it gives never change.

    Args:
        grid: The grid of the image.
        image: The image, where it may take part; see :func:`~medseg.interpolation.interpolate`.
    """

    def __init__(self, grid: Grid, image: Volume | None = None) -> None:
        self.grid = grid
        self._image = image
        self._structures: tuple[Structure, ...] | None = None
        self._voxels: LabelMap | None = None
        self._layers: tuple[LiveCompletion, ...] = ()
        self._masks: dict[str, dict[Placement, tuple[Group, Mask]]] = {}

    def update(self, delineation: Delineation, progress: Progress = silent) -> tuple[Proposal, Changed]:
        """Follow the reader.

        Args:
            delineation: What there is now.
            progress: Called between the steps; what it raises ends the update, and the next one goes on.

        Returns:
            The proposal, and what changed since the one before.

        Raises:
            ContourError: A contour lies on a slice beyond the image.
        """
        is_whole = delineation.structures != self._structures
        parts = by_layer(delineation)
        if is_whole:
            self._layers = tuple(self._begun(part) for part in parts)
        # An update that does not end is made up for by beginning anew.
        self._structures = None
        pairs = zip(self._layers, parts, strict=True)
        boxes = [self._follow(live, part, delineation, progress) for live, part in pairs]
        self._structures, self._voxels = delineation.structures, delineation.voxels
        box = box_at((0, 0, 0), self.grid.shape_kji) if is_whole else box_around(boxes)
        layers = tuple(live.layers[0][box].copy() for live in self._layers)
        planes = {key: frozenset(held) for key, held in self._masks.items()}
        completions = tuple(live.completion() for live in self._layers)
        return Proposal(delineation, self.grid, completions, planes), Changed(box, layers, is_whole)

    def _begun(self, part: LayerPart) -> LiveCompletion:
        return LiveCompletion(self.grid, part.structures, image=self._image)

    def _follow(
        self, live: LiveCompletion, part: LayerPart, delineation: Delineation, progress: Progress
    ) -> Box:
        boxes = []
        for structure in part.structures:
            if delineation.came_as_voxels(structure.id):
                masks = self._kept(structure, delineation)
            else:
                masks = self._filled(structure.id, delineation)
                masks = {where: held for where, held in masks.items() if held[1].any()}
            boxes.append(live.redraw(structure.id, _that_count(masks), progress))
        return box_around(boxes)

    def _filled(self, structure_id: str, delineation: Delineation) -> dict[Placement, tuple[Group, Mask]]:
        """The planes of a structure with their voxels; only what is new is filled."""
        held = self._masks.get(structure_id, {})
        now: dict[Placement, tuple[Group, Mask]] = {}
        for where, group in planes_of(delineation, structure_id, self.grid).items():
            before = held.get(where)
            same = before is not None and _are_same(before[0], group)
            now[where] = before if before is not None and same else (group, fill(group, self.grid, where))
        self._masks[structure_id] = now
        return now

    def _kept(self, structure: Structure, delineation: Delineation) -> dict[Placement, tuple[Group, Mask]]:
        """The slices of a structure that came as voxels, all that it reaches: there is nothing to propose."""
        held = self._masks.get(structure.id, {})
        group = delineation.contours.of(structure.id).contours
        first = next(iter(held.values()), None)
        if first is not None and _are_same(first[0], group) and self._voxels is delineation.voxels:
            return held
        mask = label_map_of(_alone(structure, delineation), self.grid).voxels > 0
        reached = np.flatnonzero(mask.any(axis=(1, 2)))
        now: dict[Placement, tuple[Group, Mask]] = {}
        if len(reached):
            now = {Slice(0, k): (group, mask[k]) for k in range(int(reached[0]), int(reached[-1]) + 1)}
        self._masks[structure.id] = now
        return now


def _alone(structure: Structure, delineation: Delineation) -> Delineation:
    own = replace(structure, label=1, layer=0, part_of=None)
    return Delineation((own,), delineation.contours.of(structure.id), delineation.voxels)


def _that_count(planes: Mapping[Placement, tuple[Group, Mask]]) -> dict[Placement, Mask]:
    """The planes that constrain the engine.

    Where slices were accepted along an axis, so that none is open
    between the first and the last, the structure is complete: only these slices count, and nothing has to
    be worked out between planes that cross.
    """
    masks = {where: mask for where, (_, mask) in planes.items()}
    accepted = {
        where.axis
        for where, (group, _) in planes.items()
        if isinstance(where, Slice) and any(c.origin is Origin.INTERPOLATED for c in group)
    }
    for axis in sorted(accepted):
        along = {where: mask for where, mask in masks.items() if _runs_along(where, axis)}
        indices = sorted(where.index for where in along if isinstance(where, Slice))
        if indices and len(indices) == indices[-1] - indices[0] + 1:
            return along
    return masks


def _runs_along(where: Placement, axis: int) -> bool:
    return isinstance(where, Slice) and where.axis == axis


def _are_same(first: Iterable[Contour], second: Group) -> bool:
    first = tuple(first)
    return len(first) == len(second) and all(a is b for a, b in zip(first, second, strict=True))


def _cut(
    completed: CompletedStructure, where: Slice
) -> tuple[npt.NDArray[np.float32], tuple[int, int]] | None:
    """A slice of what a structure claims, and its first column; None where it reaches nowhere."""
    corner, depth_mm = completed.field.corner_kji, completed.field.depth_mm
    index = where.index - corner[where.axis]
    if not 0 <= index < depth_mm.shape[where.axis]:
        return None
    row, column = (corner[axis] for axis in range(3) if axis != where.axis)
    # The least depth counts as outside, as it does for the voxels.
    return np.asarray(depth_mm.take(index, axis=where.axis) - np.float32(MIN_DEPTH_MM)), (row, column)


def _ends(side: slice) -> tuple[int, int]:
    return int(side.start) - 1, int(side.stop)


def _claimed(completed: CompletedStructure, box: Box) -> Mask:
    claimed = np.zeros([side.stop - side.start for side in box], dtype=bool)
    here, there = [], []
    for side, own in zip(box, completed.field.box, strict=True):
        start, stop = max(side.start, own.start), min(side.stop, own.stop)
        if stop <= start:
            return claimed
        here.append(slice(start - side.start, stop - side.start))
        there.append(slice(start - own.start, stop - own.start))
    claimed[tuple(here)] = completed.field.depth_mm[tuple(there)] > MIN_DEPTH_MM
    return claimed
