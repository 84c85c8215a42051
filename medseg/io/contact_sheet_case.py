"""A case as it lies on a contact sheet: which slices, which way round, which part of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice
from medseg.labelmap import LabelMap, Structure
from medseg.space import AnatomicalOrder
from medseg.volume import Volume

MARGIN_MM = 25.0
"""Anatomy shown around the structures."""

OBLIQUE_COSINE = 0.26
"""A direction that leans by more than 15° gets a second letter, as in DICOM's patient orientation."""

_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))
"""The ends of the patient axes x, y, z: negative, positive."""

_PATIENT_AXIS = (2, 1, 0)
"""The patient axis (x, y, z) along which the anatomical axes 0, 1, 2 run."""


@dataclass(frozen=True)
class View:
    """How slices along one anatomical axis lie on the screen.

    Attributes:
        down: Anatomical axis that runs down the screen.
        upward: Whether it runs up instead: superior is at the top.
        across: Anatomical axis that runs to the right of the screen.
    """

    down: int
    upward: bool
    across: int


VIEWS = (
    View(down=1, upward=False, across=2),
    View(down=0, upward=True, across=2),
    View(down=0, upward=True, across=1),
)
"""Axial, coronal, sagittal: the views along superior, posterior and left."""


@dataclass(frozen=True)
class SheetCase:
    """The image and its structures, ready to be looked at.

    Attributes:
        volume: The image.
        label_map: Its structures, on the same grid.
        window: The values shown as black and white.
        drawn: For each structure id the slices k that a person drew; None leaves the question open.
    """

    volume: Volume
    label_map: LabelMap
    window: tuple[float, float]
    drawn: Mapping[str, Sequence[int]] | None

    @cached_property
    def order(self) -> AnatomicalOrder:
        """The anatomical axes of the grid: superior, posterior, left."""
        return AnatomicalOrder.of(self.volume.grid)

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel spacing along the anatomical axes."""
        return self.order.spacing_mm(self.volume.grid)

    @cached_property
    def occupied(self) -> npt.NDArray[np.bool_]:
        """Voxels of any structure, with anatomical axes."""
        labelled = np.logical_or.reduce([layer != 0 for layer in self.label_map.layers])
        return self.order.apply(labelled)

    @cached_property
    def box(self) -> tuple[tuple[int, int], ...]:
        """First and last index + 1 to show along each anatomical axis."""
        return tuple(self._extent(axis) for axis in range(3))

    def _extent(self, axis: int) -> tuple[int, int]:
        count = self.occupied.shape[axis]
        where = self.positions(axis)
        if not len(where):
            return 0, count
        margin = round(MARGIN_MM / self.spacing_mm[axis])
        return max(int(where[0]) - margin, 0), min(int(where[-1]) + margin + 1, count)

    def positions(self, axis: int) -> npt.NDArray[np.intp]:
        """Indices along an anatomical axis where there is any structure."""
        others = tuple(other for other in range(3) if other != axis)
        return np.flatnonzero(self.occupied.any(axis=others))

    def focus(self, axis: int) -> int:
        """Where to cut across: through the middle of the innermost structure."""
        present = [s for s in self.label_map.structures if self.label_map.mask(s.id).any()]
        if not present:
            return int(self.occupied.shape[axis] // 2)
        innermost = max(present, key=lambda s: len(self._ancestors(s)))
        mask = self.order.apply(self.label_map.mask(innermost.id))
        return int(np.median(np.nonzero(mask)[axis]))

    def _ancestors(self, structure: Structure) -> list[str]:
        parents = {s.id: s.part_of for s in self.label_map.structures}
        chain, parent = [], structure.part_of
        while parent is not None:
            chain.append(parent)
            parent = parents[parent]
        return chain

    def array_slice(self, axis: int, index: int) -> Slice:
        """The slice of the array that lies at an index along an anatomical axis."""
        flipped = self.order.flipped[axis]
        last = self.occupied.shape[axis] - 1
        return Slice(self.order.axes[axis], last - index if flipped else index)

    def mask_with_parts(self, structure: Structure, where: Slice) -> npt.NDArray[np.bool_]:
        """A structure on a slice of the array, together with what is part of it."""
        members = [
            s for s in self.label_map.structures if s.id == structure.id or structure.id in self._ancestors(s)
        ]
        masks = [self.label_map.layers[s.layer].take(where.index, where.axis) == s.label for s in members]
        return np.asarray(np.logical_or.reduce(masks))

    def letters(self, axis: int, toward: int) -> str:
        """The patient's side at the end of an anatomical axis, such as ``L``, or ``AS`` if it leans."""
        sign = -toward if self.order.flipped[axis] else toward
        direction = sign * self.volume.grid.directions[:, self.order.axes[axis]]
        strongest = np.argsort(-np.abs(direction), kind="stable")
        leaning = [a for n, a in enumerate(strongest) if n == 0 or abs(direction[a]) > OBLIQUE_COSINE]
        return "".join(_LETTERS[a][int(direction[a] > 0)] for a in leaning)

    def position(self, axis: int, where: Slice) -> str:
        """Where a slice's middle lies along an anatomical axis, such as ``S 12.5 mm``."""
        middle = (np.array(self.volume.grid.shape_kji) - 1) / 2
        middle[where.axis] = where.index
        patient_axis = _PATIENT_AXIS[axis]
        position_mm = float(self.volume.grid.to_lps_mm(middle)[patient_axis])
        return f"{_LETTERS[patient_axis][int(position_mm >= 0)]} {abs(position_mm):.1f} mm"
