"""Whole structures that follow the reader's edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.contour import Placement, Slice
from medseg.interpolation.blocks import blocks_of
from medseg.interpolation.completion import CompletedStructure, Completion
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.engine import Settings, assemble, complete_structure
from medseg.interpolation.memo import GapMemo
from medseg.interpolation.nesting import nested_pairs
from medseg.interpolation.registry import AUTO
from medseg.labelmap import Claim, Structure, find_structure, resolve
from medseg.progress import Progress, silent
from medseg.space import Box, Grid, box_around
from medseg.volume import Volume


class LiveCompletion:
    """A completion that is kept up to date, one edit at a time.

    An edit recomputes only the gaps that depend on the edited slice, and settles only the voxels of the
    box that it changed. The labels are those of :func:`~medseg.interpolation.interpolate_masks` on the
    same planes, to the last voxel. An edit that is cancelled or fails leaves everything as it was.

    Args:
        grid: The grid of the image.
        structures: The structures that can be drawn.
        method: A name from :data:`~medseg.interpolation.METHODS`, or ``"auto"``.
        image: The image on the same grid, which takes part where it is proven to help; every edit then
            judges anew, which takes a multiple of the time.
    """

    def __init__(
        self,
        grid: Grid,
        structures: Sequence[Structure],
        *,
        method: str = AUTO,
        image: Volume | None = None,
    ) -> None:
        self.grid = grid
        self.structures = tuple(structures)
        self._settings = Settings(method, image, GapMemo())
        self._completed: dict[str, CompletedStructure] = {}
        self._drawn: dict[str, dict[Placement, npt.NDArray[np.bool_]]] = {}
        self._nested: tuple[tuple[str, str], ...] = ()
        whole = (slice(0, 0),) * 3
        self._layers = tuple(
            np.zeros(grid.shape_kji, layer.dtype) for layer in resolve((), whole, self.structures)
        )

    @property
    def layers(self) -> tuple[npt.NDArray[Any], ...]:
        """The labels as they are now, one array ``[k, j, i]`` a layer: views that can't be written to."""
        views = tuple(layer.view() for layer in self._layers)
        for view in views:
            view.setflags(write=False)
        return views

    def draw(
        self,
        structure_id: str,
        where: Placement,
        mask: npt.NDArray[np.bool_],
        progress: Progress = silent,
    ) -> Box:
        """Draw a structure on a plane, in place of what was drawn there.

        Args:
            structure_id: The structure.
            where: The plane. Where it crosses others, it is now the latest.
            mask: The structure on it; without voxels it is known to be absent there.
            progress: Called between the steps.

        Returns:
            The box of the grid outside of which no label changed.

        Raises:
            LabelMapError: There is no such structure.
            ContourError: The method can't take the plane.
        """
        masks = {at: old for at, old in self._drawn.get(structure_id, {}).items() if at != where}
        return self.redraw(structure_id, {**masks, where: mask}, progress)

    def erase(self, structure_id: str, where: Placement, progress: Progress = silent) -> Box:
        """Take back what was drawn on a plane: nothing is known of it any more.

        Returns:
            The box of the grid outside of which no label changed.
        """
        masks = {at: old for at, old in self._drawn.get(structure_id, {}).items() if at != where}
        return self.redraw(structure_id, masks, progress)

    def redraw(
        self,
        structure_id: str,
        masks: Mapping[Placement, npt.NDArray[np.bool_]],
        progress: Progress = silent,
    ) -> Box:
        """Draw a structure anew, on all its planes; what stayed as it was costs nothing.

        Args:
            structure_id: The structure.
            masks: The structure on each of its planes, in the order in which they were drawn.
            progress: Called between the steps.

        Returns:
            The box of the grid outside of which no label changed.

        Raises:
            LabelMapError: There is no such structure.
            ContourError: The method can't take a plane.
        """
        before = self._drawn.get(structure_id, {})
        after = {where: _kept(mask, before.get(where)) for where, mask in masks.items()}
        changed = [where for where in {**before, **after} if before.get(where) is not after.get(where)]
        return self._redraw(structure_id, after, changed, progress)

    def completion(self) -> Completion:
        """The completion as it is now, with what could not be joined and what is contradictory."""
        in_order = [s.id for s in self.structures if s.id in self._completed]
        completed = {structure_id: self._completed[structure_id] for structure_id in in_order}
        return assemble(completed, self.grid, self.structures)

    def _redraw(
        self,
        structure_id: str,
        masks: dict[Placement, npt.NDArray[np.bool_]],
        changed: Sequence[Placement],
        progress: Progress,
    ) -> Box:
        find_structure(self.structures, structure_id)
        before = self._completed.get(structure_id)
        after = None
        if any(mask.any() for mask in masks.values()):
            drawn = DrawnStructure(structure_id, self.grid, masks)
            after = complete_structure(drawn, self._settings, progress)
        completed = {key: one for key, one in self._completed.items() if key != structure_id}
        if after is not None:
            completed[structure_id] = after
        nested = nested_pairs(completed, self.structures)
        box = box_around([_changed_box(before, after, changed), *self._of_changed_nesting(nested, completed)])
        claims = [Claim(key, one.field.corner_kji, one.field.depth_mm) for key, one in completed.items()]
        for layer, labels in zip(self._layers, resolve(claims, box, self.structures, nested), strict=True):
            layer[box] = labels
        self._drawn[structure_id] = masks
        self._completed = completed
        self._nested = nested
        return box

    def _of_changed_nesting(
        self, nested: tuple[tuple[str, str], ...], completed: dict[str, CompletedStructure]
    ) -> list[Box]:
        changed = {inner for inner, _ in set(nested) ^ set(self._nested)}
        return [completed[inner].field.box for inner in changed if inner in completed]


def _kept(mask: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.bool_]:
    """The mask as it is held: the one from before where that is the same, else a copy nobody writes to."""
    if before is not None and (mask is before or np.array_equal(mask, before)):
        return before
    copy = mask.copy()
    copy.setflags(write=False)
    return copy


def _changed_box(
    before: CompletedStructure | None, after: CompletedStructure | None, drawn_anew: Sequence[Placement]
) -> Box:
    boxes = [one.field.box for one in (before, after) if one is not None]
    box = box_around(boxes)
    if before is None or after is None or before.image is not None or after.image is not None:
        return box
    axis = after.drawn.parallel_axis
    if axis is None or before.drawn.parallel_axis != axis or before.method != after.method:
        return box
    changed = [where.index for where in drawn_anew if isinstance(where, Slice)]
    for missing in _gaps_of(before) ^ _gaps_of(after):
        changed += [missing[0], missing[1] - 1]
    if not changed:
        return box_around(())
    sides = list(box)
    sides[axis] = slice(max(min(changed), box[axis].start), min(max(changed) + 1, box[axis].stop))
    return sides[0], sides[1], sides[2]


def _gaps_of(completed: CompletedStructure) -> set[tuple[int, int, bytes]]:
    """First and end of each gap, and a digest of what its filling depends on."""
    from medseg.interpolation.parallel import ParallelSlices

    blocks = blocks_of(completed.drawn)
    own, key = (completed.drawn, b"") if blocks is None else (blocks.coarse(completed.drawn), blocks.key)
    slices = ParallelSlices(own)
    return {(span.missing.start, span.missing.stop, slices.key(span) + key) for span in slices.spans}
