"""Blended: parallel slices by the method for them, and all planes by radial basis functions, put together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from medseg.contour import Placement, Sheet, Slice
from medseg.interpolation import radial_basis
from medseg.interpolation.closeness import drawn_planes, mm_off_plane
from medseg.interpolation.combined import combined
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.interpolation.off_planes import columns_of, index_on, off_planes
from medseg.interpolation.parallel import Memo, complete_parallel
from medseg.interpolation.pins import grown, holding_drawn
from medseg.progress import Progress, silent
from medseg.space import Box

Floats = npt.NDArray[np.float64]

POWER = 3
"""A field counts by the reciprocal of this power of its error. The square would do for errors that are known
and independent of each other; a higher power leaves more to the better one."""

SMOOTH_PER_PARALLEL = 0.7
"""By how much less radial basis functions are off than the method for parallel slices, as far from planes, on
a structure that their points resolve."""

UNSEEN_PER_SEEN = 1.5
"""By how much radial basis functions are further off between the planes than on those they were fitted to."""

LEAST_SEEN_VOXELS = 0.05
"""Less than this their misfit on the planes does not tell, in the smallest edge of a voxel."""

USUAL = 0.1
USUAL_LENGTH_VOXELS = 10.0
"""How far the method for parallel slices is taken to be off, by the reciprocal closeness to its slices (a
quarter of their distance half-way between them), until the other planes tell: as much as outlines of this
length would. It is 0.1 to 0.3 on smooth tumours, 0.5 and more on fine structures."""

REACH_VOXELS = 2.0
"""Depths beyond so many of the smallest edge of a voxel count as that, so that each field has one vote on
where its surface runs, however deep it believes a voxel to be."""


def complete(drawn: DrawnStructure, *, memo: Memo | None = None, progress: Progress = silent) -> Field:
    """Complete a structure from planes of any direction.

    Where there are two slices at least along one axis, the method for parallel slices completes the structure
    from these alone: it knows nothing of the other planes, so that these tell how far it is off. Radial basis
    functions take all planes, but their surface is as fine as the points it is laid through: how far they
    miss what was drawn tells whether that does. Voxel by voxel the two are averaged, by what is to be
    expected of each at this distance from its planes.

    So a plane that is drawn across parallel slices changes the completion near itself, where it tells
    something new, and less elsewhere. Beyond the first and the last slice lies nothing, unless another plane
    shows that the structure goes on.

    Args:
        drawn: The structure on planes of any direction.
        memo: Remembers gaps between parallel slices.
        progress: Called before each step.
    """
    slices = _parallel_slices(drawn)
    if slices is None:
        return radial_basis.complete(drawn, progress=progress)
    between = complete_parallel(slices, combined, memo=memo, progress=progress)
    if len(slices.masks) == len(drawn.masks):
        return between
    smooth = radial_basis.complete(drawn, progress=progress)
    progress("Blending", 0, 1)
    smooth = grown(holding_drawn(smooth, drawn), between.corner_kji, between.depth_mm.shape)
    _Blend.of(drawn, slices, smooth, between).apply(smooth, between)
    progress("Blending", 1, 1)
    return smooth


def _parallel_slices(drawn: DrawnStructure) -> DrawnStructure | None:
    """The slices along the axis that has most of them; None if no two show the structure."""
    counts = Counter(
        where.axis for where, mask in drawn.masks.items() if isinstance(where, Slice) and mask.any()
    )
    axis, count = max(sorted(counts.items()), key=lambda of_axis: of_axis[1], default=(0, 0))
    if count < 2:
        return None
    return replace(
        drawn,
        masks={
            where: mask
            for where, mask in drawn.masks.items()
            if isinstance(where, Slice) and where.axis == axis
        },
    )


@dataclass(frozen=True, eq=False)
class _Blend:
    """How two fields are put together.

    Attributes:
        axis: The axis of the parallel slices.
        near: For each index along each array axis the closeness of the drawn slices, in 1/mm.
        sheets: The other planes, with how far off each a step along its axis leads.
        beyond_mm: For each index along ``axis`` how far beyond the first and the last parallel slice it lies
            and nothing of the structure is; 0 between them, and negative where another plane shows that it
            goes on beyond.
        parallel: How far that is off, by the reciprocal closeness of the parallel slices.
        misfit_mm: How far the smooth one is off, on all planes.
        reach_mm: Depths beyond count as that.
    """

    axis: int
    near: tuple[Floats, Floats, Floats]
    sheets: list[tuple[Sheet, float]]
    beyond_mm: Floats
    parallel: float
    misfit_mm: float
    reach_mm: float

    @classmethod
    def of(cls, drawn: DrawnStructure, slices: DrawnStructure, smooth: Field, between: Field) -> _Blend:
        """Measure both fields on the drawn planes."""
        voxel_mm = min(drawn.grid.spacing_kji_mm)
        (axis, *_) = {where.axis for where in slices.masks}
        near = tuple(table.sum(axis=0) for table in drawn_planes(drawn).tables)
        others = [where for where in drawn.masks if where not in slices.masks]
        beyond_mm = _beyond_mm(drawn, slices, others, smooth.box)
        between_slices = drawn_planes(slices).tables[axis].all(axis=0) & np.isfinite(near[axis])
        weights = np.where(between_slices, near[axis], 0.0)

        def weigh(where: Placement) -> Floats:
            at = index_on(where, axis, smooth.box, drawn.grid.shape_kji)
            return np.where((at >= 0) & (at < len(weights)), weights.take(at, mode="clip"), 0.0)

        off = off_planes(between, drawn, others, smooth.box, weigh)
        usual_mm = USUAL_LENGTH_VOXELS * voxel_mm
        seen = off_planes(smooth, drawn, drawn.masks, smooth.box)
        seen_mm = seen.area / max(seen.length_mm, voxel_mm)
        return cls(
            axis,
            (near[0], near[1], near[2]),
            [(where, mm_off_plane(where, drawn.grid)) for where in others if isinstance(where, Sheet)],
            beyond_mm,
            (off.area + USUAL * usual_mm) / (off.length_mm + usual_mm),
            UNSEEN_PER_SEEN * (seen_mm + LEAST_SEEN_VOXELS * voxel_mm),
            REACH_VOXELS * voxel_mm,
        )

    def apply(self, smooth: Field, between: Field) -> None:
        """Blend one field into the other, whose box holds both."""
        from medseg.interpolation.blending import blend

        near_k, near_j, near_i = (near[part] for near, part in zip(self.near, smooth.box, strict=True))
        along = smooth.box[self.axis]
        near_slices = self.near[self.axis][along]
        with np.errstate(divide="ignore"):
            parallel_off = np.asarray(self.parallel / near_slices, dtype=np.float64) ** POWER
        k, j, i = np.subtract(between.corner_kji, smooth.corner_kji).tolist()
        blend(
            smooth.depth_mm,
            np.ascontiguousarray(between.depth_mm),
            (k, j, i),
            (near_k, near_j, near_i),
            self._sheets_in(smooth.corner_kji),
            self.axis,
            self.beyond_mm[along],
            parallel_off,
            self.misfit_mm**POWER,
            SMOOTH_PER_PARALLEL * self.parallel,
            POWER,
            np.float32(self.reach_mm),
        )

    def _sheets_in(self, corner_kji: tuple[int, int, int]) -> Floats:
        """The sheets by indices of a box, as rows for the compiled loop."""
        rows = []
        for sheet, mm in self.sheets:
            a, b = (corner_kji[axis] for axis in range(3) if axis != sheet.axis)
            offset = sheet.offset + sheet.slopes[0] * a + sheet.slopes[1] * b - corner_kji[sheet.axis]
            rows.append((sheet.axis, offset, *sheet.slopes, mm))
        return np.array(rows, dtype=np.float64).reshape(-1, 5)


def _beyond_mm(drawn: DrawnStructure, slices: DrawnStructure, others: list[Placement], box: Box) -> Floats:
    """How far beyond the parallel slices each index along their axis lies; negative where it goes on."""
    axis = next(iter(slices.masks)).axis
    indices = [where.index for where in slices.masks if isinstance(where, Slice)]
    first, last = min(indices), max(indices)
    index = np.arange(drawn.grid.shape_kji[axis])
    beyond_mm = drawn.grid.spacing_kji_mm[axis] * np.maximum(np.maximum(first - index, index - last), 0.0)
    for where in others:
        mask = drawn.masks[where][columns_of(where, box)]
        shown = np.broadcast_to(index_on(where, axis, box, drawn.grid.shape_kji), mask.shape)[mask]
        if (shown < first).any():
            beyond_mm[:first] = -1.0
        if (shown > last).any():
            beyond_mm[last + 1 :] = -1.0
    return beyond_mm
