"""One structure of a case on one plane, for the tools to draw on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from medseg.contour import Contour, Placement, Slice, sheet_of
from medseg.space import Grid, Plane
from medseg.volume.resampled import ResampledSlices
from napari_medseg.case import Case
from napari_medseg.tools.tool import Samples
from napari_medseg.views.plane_view import PlaneView


@dataclass(frozen=True, eq=False)
class CaseSlate:
    """A plane as it was when a stroke began on it; the view may go on to another one meanwhile.

    Attributes:
        case: The case.
        structure_id: The structure that is drawn.
        grid: The grid that is shown.
        shown: The slice of it.
        plane: The plane in patient space.
        mm_per_px: How much of it a pixel shows.
    """

    case: Case
    structure_id: str
    grid: Grid
    shown: Slice
    plane: Plane
    mm_per_px: float

    @classmethod
    def of(cls, case: Case, structure_id: str, view: PlaneView) -> CaseSlate:
        """The plane that a view shows."""
        return cls(case, structure_id, view.grid, view.where, view.plane, view.mm_per_px)

    @property
    def where(self) -> Placement:
        """The plane on the grid of the image: a slice of it, or the sheet nearest to an upright plane."""
        if self.grid is self.case.volume.grid:
            return self.shown
        return sheet_of(self.plane, self.case.volume.grid)

    @property
    def contours(self) -> tuple[Contour, ...]:
        """What the structure has on the plane now."""
        return self.case.contours_on(self.structure_id, self.where)

    @property
    def neighbours(self) -> tuple[tuple[Contour, ...], tuple[Contour, ...]]:
        """The nearest contours of the structure on slices before and behind this one."""
        where, placements = self.where, self.case.placements
        if not isinstance(where, Slice):
            return (), ()
        own = self.case.contours.of(self.structure_id)
        placed = [placements.of(c) for c in own]
        along = {p.index for p in placed if isinstance(p, Slice) and p.axis == where.axis}
        before = max((n for n in along if n < where.index), default=None)
        behind = min((n for n in along if n > where.index), default=None)
        first, second = (
            () if n is None else placements.on(own, Slice(where.axis, n)) for n in (before, behind)
        )
        return first, second

    def samples(self, at: Slice | None = None) -> Samples:
        """The image that the reader looks at, on the plane or on another slice of the grid that is shown."""
        where = self.shown if at is None else at
        index: list[slice | int] = [slice(None)] * 3
        index[where.axis] = where.index
        return Samples(np.asarray(self._image()[tuple(index)]), self.grid, where)

    def _image(self) -> Any:
        """An array ``[k, j, i]`` on the grid that is shown."""
        image, front = self.case.volume, self.case.in_front
        if self.grid is image.grid:
            return image.voxels if front is None else front
        return ResampledSlices(image if front is None else front.volume, self.grid)

    def replace(self, contours: Sequence[Contour], label: str) -> None:
        """Replace what the structure has on the plane; see :meth:`~napari_medseg.case.Case.edit`."""
        self.case.replace_on(self.structure_id, self.where, contours, label)
